from __future__ import annotations

import asyncio
import struct
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmend.model.errors import GridmendError
from gridmend.ui.web import wire
from gridmend.ui.web.frames import Channels
from gridmend.ui.web.lanes import Lane
from gridmend.ui.web.wire import Picture


@dataclass
class States:
    """States that were drawn."""

    by_mode: dict[int, tuple[Any, Any]]

    def frame(self, mode: int) -> tuple[Any, Any]:
        return self.by_mode[mode]


def view_of(number: int, states: States) -> Any:
    time_utc = datetime.fromtimestamp(1_780_000_000.25 + number, UTC)
    return SimpleNamespace(number=number, states=states, time_utc=time_utc)


@st.composite
def days(draw: st.DrawFn) -> tuple[int, list[Any], list[tuple[str, int]]]:
    """A number of elements, views of them that differ here and there, and what pages do."""
    n = draw(st.integers(0, 300))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    states, views = {m: rng.integers(0, 256, (2, n)).astype(np.uint8) for m in range(3)}, []
    for number in range(1, draw(st.integers(2, 8)) + 1):
        for m in list(states):
            changed = states[m].copy()
            if n:
                changed[rng.integers(0, 2), rng.integers(0, n)] = rng.integers(0, 256)
            states[m] = changed
        frames = {m: (states[m][0], states[m][1]) for m in states}
        views.append(view_of(number, States(frames)))
    acts = draw(st.lists(st.tuples(
        st.sampled_from(["next", "next", "skip", "mode", "resync", "lose"]), st.integers(0, 2)
    ), min_size=1, max_size=30))  # fmt: skip
    return n, views, acts


@given(days())
def test_full_frames_deltas_and_resyncs_give_exactly_what_the_states_are(
    day: tuple[int, list[Any], list[tuple[str, int]]],
) -> None:
    n, views, acts = day
    channels = Channels(SimpleNamespace(geometry=SimpleNamespace(revision=7)), Lane("x", 2, 9))

    async def looked() -> None:
        pictures = [Picture(), Picture()]
        known, modes, at = [0, 0], [0, 0], 0
        for act, mode in acts:
            who = mode % 2
            if act == "skip":
                at = min(at + 1, len(views) - 1)
                continue
            if act == "mode" and modes[who] != mode:
                modes[who], known[who] = mode, 0
            if act == "resync":
                known[who] = 0
            at = min(at + (act == "next"), len(views) - 1)
            coded = await channels.coded(views[at], modes[who])
            message = await channels.message(coded, known[who])
            known[who] = coded.number
            if act == "lose":
                continue
            picture = pictures[who]
            if not picture.apply(message):
                # What was lost shows: a full frame mends it.
                again = await channels.message(coded, 0)
                assert picture.apply(again)
            values, flags = views[at].states.frame(modes[who])
            assert np.array_equal(picture.values, values)
            assert np.array_equal(picture.flags, flags)
            head = picture.head
            assert head is not None and (head.n, head.revision) == (n, 7)
            assert (head.mode, head.sequence) == (modes[who], views[at].number)
            assert head.time_s == views[at].time_utc.timestamp()

    asyncio.run(looked())


def test_the_head_is_laid_out_as_it_is_written_down() -> None:
    values, flags = np.array([1, 2, 3], np.uint8), np.array([0, 32, 255], np.uint8)
    sent = wire.full(values, flags, mode=2, revision=65535, sequence=9, time_s=1.5)
    assert sent[:4] == b"GMS1" and len(sent) > 32
    assert struct.unpack_from("<BBHIIIId", sent, 4) == (1, 2, 65535, 9, 0, 3, len(sent) - 32, 1.5)
    assert zlib.decompress(sent[32:]) == bytes([1, 2, 3, 0, 32, 255])
    beat = wire.heartbeat(mode=1, revision=7, sequence=9, time_s=2.0)
    assert len(beat) == 32
    assert struct.unpack_from("<BBHIIIId", beat, 4) == (3, 1, 7, 9, 0, 0, 0, 2.0)


def test_a_frame_is_made_once_whoever_many_look() -> None:
    asked: list[int] = []

    class Counted:
        def frame(self, mode: int) -> tuple[Any, Any]:
            asked.append(mode)
            return np.zeros(5, np.uint8), np.zeros(5, np.uint8)

    channels = Channels(SimpleNamespace(geometry=SimpleNamespace(revision=1)), Lane("x", 4, 99))
    view = view_of(1, Counted())  # type: ignore[arg-type]

    async def fifty() -> None:
        async def one() -> bytes:
            return await channels.message(await channels.coded(view, 0), 0)

        sent = await asyncio.gather(*(one() for _ in range(50)))
        assert len({id(message) for message in sent}) == 1

    asyncio.run(fifty())
    assert asked == [0]


@given(st.binary(max_size=200), st.binary(max_size=8), st.integers(0, 220))
def test_what_is_no_frame_is_refused_and_nothing_else_happens(
    noise: bytes, put: bytes, at: int
) -> None:
    values = np.arange(40, dtype=np.uint8)
    whole = wire.full(values, values, mode=0, revision=1, sequence=1, time_s=0.0)
    picture = Picture()
    assert picture.apply(whole)
    for message in (noise, whole[:at] + put + whole[at + len(put) :], whole[:at]):
        try:
            picture.apply(message)
        except GridmendError:
            assert np.array_equal(picture.values, values)


def test_a_payload_that_unpacks_to_more_than_its_head_says_is_refused() -> None:
    bomb = zlib.compress(bytes(10_000_000), 9)
    head = wire.Head(wire.FULL, 0, 1, 1, 0, 10, len(bomb), 0.0)
    with pytest.raises(GridmendError, match="10 elements"):
        wire.read(head.packed() + bomb)
