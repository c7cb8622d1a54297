"""The compiled loops: messages cross the links of their paths, and what arrives is booked."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gridmend.powerflow.compiled import compiled
from gridmend.twin.communications.draws import (
    COPIED,
    DELAY,
    LANES,
    LOST,
    WHOLE,
    Ahead,
    Floats,
    Ints,
)

SENT, DELIVERED, IN_FLIGHT, STORED, CHANCE, OUTAGE, OVERFLOW, DROPPED = range(8)
COLUMNS = 8
"""Of the counts. The rows: for each link, then each endpoint: up, copies up, down, copies down."""

_GONE = -1
"""In place of a time: it is lost, or was not made."""


class Wiring(NamedTuple):
    """Links and paths as arrays; endpoint e has the hops `first[e]` up to `first[e + 1]`.

    All are of 64-bit integers.
    """

    first: Any
    link: Any
    """[hops] link numbers, in the order of a message that goes up."""
    most: Any
    """[links] messages that may be on a link at once."""


class Pending(NamedTuple):
    """What is on its way, in no order: until when, and the row of the counts where it counts."""

    time_us: Ints
    row: Ints
    length: Ints
    """[1] how much of both is in use."""

    @staticmethod
    def empty(room: int) -> Pending:
        """Room, and nothing on its way."""
        return Pending(
            np.zeros(room, np.int64), np.zeros(room, np.int64),
            np.zeros(1, np.int64),
        )  # fmt: skip


@compiled
def settle(now_us: int, pending: Pending, counts: Any) -> None:
    """What has arrived by now is in flight no longer."""
    time_us, rows, length = pending
    left = 0
    for k in range(length[0]):
        if time_us[k] <= now_us:
            counts[rows[k], IN_FLIGHT] -= 1
            counts[rows[k], DELIVERED] += 1
        else:
            time_us[left], rows[left] = time_us[k], rows[k]
            left += 1
    length[0] = left


@compiled
def carry(
    which: Any, way: int, batch: int, now_us: int, begin: int, apart: bool,
    wiring: Wiring, ahead: Ahead, down: Any, pending: Pending, counts: Any, out_s: Floats,
) -> int:  # fmt: skip
    """Send the messages from number `begin` on; how many of all are sent.

    It stops before a message for which a lane has no draws left, or, unless it is sent `apart`,
    of which a link makes a copy. `out_s` [2, messages] is when each and its copy arrive, nan
    where nothing does. An endpoint that there is not is told as -1 - its place, and then nothing
    is sent.
    """
    first, hops, most = wiring
    pool, copies, start, size, cursor = ahead
    time_us, rows, length = pending
    if begin == 0:
        for i in range(len(which)):
            if which[i] < 0 or which[i] >= len(first) - 1:
                return -1 - i
    n = length[0]
    for i in range(begin, len(which)):
        e = which[i]
        for hop in range(first[e], first[e + 1]):
            lane = LANES * hops[hop] + 2 * way + batch
            if cursor[lane] == size[lane]:
                length[0] = n
                return i
            if not apart and pool[start[lane] + cursor[lane]] & COPIED:
                length[0] = n
                return i
        end = LANES * (len(most) + e) + 2 * way
        t_us, copy_us, n = _send(
            first[e], first[e + 1], end, way, batch, now_us, hops, most,
            pool, copies, start, cursor, down, time_us, rows, n, counts,
        )  # fmt: skip
        out_s[0, i] = t_us / WHOLE if t_us != _GONE else np.nan
        out_s[1, i] = copy_us / WHOLE if copy_us != _GONE else np.nan
    length[0] = n
    return len(which)


@compiled
def _send(
    a: int, b: int, end: int, way: int, batch: int, now_us: int, hops: Any, most: Any,
    pool: Any, copies: Any, start: Any, cursor: Any, down: Any,
    time_us: Any, rows: Any, n: int, counts: Any,
) -> tuple[int, int, int]:  # fmt: skip
    """One message over all its links: when it and its copy arrive."""
    counts[end, SENT] += 1
    t_us, copy_us, copied = now_us, _GONE, False
    for k in range(b - a):
        link = hops[a + k if way == 0 else b - 1 - k]
        lane, row = LANES * link + 2 * way + batch, LANES * link + 2 * way
        # Each message takes a draw of each purpose on each link, also one that is lost before.
        at = start[lane] + cursor[lane]
        cursor[lane] += 1
        draw, entered_us, passed = pool[at], t_us, False
        if t_us != _GONE:
            here = counts[LANES * link, IN_FLIGHT] + counts[LANES * link + 2, IN_FLIGHT]
            why = _fate(down[link], here >= most[link], draw)
            counts[row, SENT] += 1
            if why:
                counts[row, why] += 1
                counts[end, why] += 1
                t_us = _GONE
            else:
                t_us += draw & DELAY
                n = _push(time_us, rows, n, counts, t_us, row)
                passed = True
        if copied and copy_us != _GONE:
            why = _fate(down[link], False, copies[at])
            counts[row + 1, SENT] += 1
            if why:
                counts[row + 1, why] += 1
                counts[end + 1, why] += 1
                copy_us = _GONE
            else:
                copy_us += copies[at] & DELAY
                n = _push(time_us, rows, n, counts, copy_us, row + 1)
        elif passed and not copied and draw & COPIED:
            copied = True
            counts[end + 1, SENT] += 1
            counts[row + 1, SENT] += 1
            copy_us = entered_us + (copies[at] & DELAY)
            n = _push(time_us, rows, n, counts, copy_us, row + 1)
    if t_us != _GONE:
        n = _push(time_us, rows, n, counts, t_us, end)
    if copy_us != _GONE:
        n = _push(time_us, rows, n, counts, copy_us, end + 1)
    return t_us, copy_us, n


@compiled
def _fate(is_down: bool, is_full: bool, draw: int) -> int:
    """Why a message is lost on a link, as a column of the counts; 0 where it passes."""
    if is_down:
        return OUTAGE
    if is_full:
        return OVERFLOW
    return CHANCE if draw & LOST else 0


@compiled
def _push(time_us: Ints, rows: Ints, n: int, counts: Any, t_us: int, row: int) -> int:
    """Something more is on its way until a time; how much there is now."""
    counts[row, IN_FLIGHT] += 1
    time_us[n], rows[n] = t_us, row
    return n + 1
