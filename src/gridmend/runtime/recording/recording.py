"""A recording: shots are added at its end, found again by time, and the oldest go."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import numpy as np

from gridmend.runtime.live import Busy
from gridmend.runtime.recording.bounds import Bounds
from gridmend.runtime.recording.curve import Curve, curve_of
from gridmend.runtime.recording.found import Found, parts_at
from gridmend.runtime.recording.identity import Identity
from gridmend.runtime.recording.place import Place
from gridmend.runtime.recording.segment import Header, Segment, begun, opened
from gridmend.runtime.recording.shot import (
    LAYERS,
    Bytes,
    Damaged,
    Mark,
    Shot,
    head_of,
    packed,
    states_of,
)

HOLDS_S = 120.0
"""A shot tells for so long what was shown, as one comes every minute; in a room that goes faster,
so many times longer."""
SEGMENT_SHOTS = 1000
WAIT_S = 5.0
KEYS_MOST = 4
"""States of first records that are held unpacked."""
TOLD_MOST = 20


class Recording:
    """Shots of one network in segments; any thread may ask."""

    def __init__(self, place: Place, identity: Identity, bounds: Bounds | None = None) -> None:
        self.place, self.identity, self.bounds = place, identity, bounds or Bounds()
        self._lock = threading.RLock()
        self._segments: list[Segment] = []
        self._told: list[str] = []
        self._current: Segment | None = None
        self._key: Bytes = np.zeros((LAYERS, 0), np.uint8)
        self._parts: Mapping[str, str] = {}
        self._is_going_on, self._holds_s = False, HOLDS_S
        self._keys: OrderedDict[int, Bytes] = OrderedDict()
        self._sizes: dict[int, int] = {}
        self._list()

    def _list(self) -> None:
        strangers: dict[str, int] = {}
        self._last = 0
        for number in self.place.numbers():
            bin = self.place.bin(number)
            if not bin.size():
                continue  # begun, and never written: its number is free
            self._last = number
            self._sizes[number] = bin.size()
            try:
                segment = opened(number, bin)
            except (Damaged, ValueError, KeyError, TypeError) as problem:
                self._tell(f"segment {number} cannot be read: {problem}")
                continue
            if segment.header.identity.fingerprint != self.identity.fingerprint:
                name = segment.header.identity.network
                strangers[name] = strangers.get(name, 0) + 1
                continue
            self._segments.append(segment)
        for name, count in strangers.items():
            what = "another network" if name != self.identity.network else "an earlier model"
            parts = "1 segment is" if count == 1 else f"{count} segments are"
            self._tell(f"{parts} of {what} ({name}), and not shown")

    def _tell(self, text: str) -> None:
        if len(self._told) < TOLD_MOST:
            self._told.append(text)

    # Adding.

    def add(self, shot: Shot, *, speed: float = 1.0) -> None:
        """Add a shot that is not earlier than the last, of a room that goes so many times as fast
        as its clock. Raises `OSError` where it cannot be written; then, as after a time that the
        speed does not explain, the next begins anew, and nothing that was there is lost."""
        with self._lock:
            before_s, self._holds_s = self._holds_s, HOLDS_S * max(speed, 1.0)
            try:
                self._add(shot, max(before_s, self._holds_s))
            except BaseException:
                self.break_off()
                raise

    def break_off(self) -> None:
        """It is not known whether something was missed: the next shot begins anew."""
        with self._lock:
            self._drop_empty()
            self._current, self._is_going_on = None, False

    def _add(self, shot: Shot, gap_s: float) -> None:
        current = self._current
        if current is not None and shot.time_s - current.times_s[-1] > gap_s:
            self.break_off()
            current = None
        if current is None or self._is_full(current) or shot.time_s < current.times_s[-1]:
            current = self._begin(shot)
            data = packed(shot, None, shot.parts)
            self._key, self._parts = shot.states, {}
        else:
            changed = {n: t for n, t in shot.parts.items() if self._parts.get(n) != t}
            data = packed(shot, self._key, changed)
        self._make_room(len(data))
        offset = self._sizes[current.number]
        current.bin.append(data)
        self._sizes[current.number] += len(data)
        head = head_of(data)
        assert head is not None
        current.note(offset, head, shot.marks)
        self._parts, self._is_going_on = dict(shot.parts), True

    def _drop_empty(self) -> None:
        """Take away a segment that was begun and could not be gone on with."""
        current = self._current
        if current is not None and not len(current.times_s):
            self._take_away(current.number)
            self._segments = [one for one in self._segments if one is not current]
            self._sizes.pop(current.number, None)

    def _is_full(self, segment: Segment) -> bool:
        size, most = self._sizes[segment.number], self.bounds.segment_most
        return size >= most or len(segment.times_s) >= SEGMENT_SHOTS

    def _begin(self, shot: Shot) -> Segment:
        if self._current is not None:
            self._current.bin.settle()
        number = self._last + 1
        header = Header(self.identity, shot.time_s, not self._is_going_on)
        self._make_room(len(header.packed()))
        try:
            segment = begun(number, self.place.bin(number), header)
        except BaseException:
            self._take_away(number)
            raise
        self._last, self._sizes[number] = number, segment.first
        self._segments.append(segment)
        self._current = segment
        return segment

    def _take_away(self, number: int) -> None:
        try:
            self.place.remove(number)
        except OSError:
            self._last = number  # what lies there is not written to again

    def _make_room(self, more_bytes: int) -> None:
        """The oldest segments go until there is room, and those that are too old."""
        now_s = self._segments[-1].header.begun_s if self._segments else 0.0
        begins = {one.number: one.header.begun_s for one in self._segments}
        for number in sorted(self._sizes)[:-1]:
            ended_s = min((b for n, b in begins.items() if n > number), default=now_s)
            is_old = now_s - ended_s > self.bounds.keep_s
            if not is_old and sum(self._sizes.values()) + more_bytes <= self.bounds.bytes_most:
                return
            self.place.remove(number)
            del self._sizes[number]
            self._keys.pop(number, None)
            self._segments = [one for one in self._segments if one.number != number]
        if sum(self._sizes.values()) + more_bytes > self.bounds.bytes_most:
            raise OSError(f"one shot takes more than the {self.bounds.bytes_most:,} bytes allowed")

    def close(self) -> None:
        """Nothing more is added."""
        with self._lock:
            if self._current is not None:
                self._current.bin.settle()
            self._current, self._is_going_on = None, False
            self.place.release()

    # Finding.

    @property
    def size_bytes(self) -> int:
        """How much it takes."""
        with self._held():
            return sum(self._sizes.values())

    @property
    def told(self) -> tuple[str, ...]:
        """What of it cannot be shown, in words."""
        with self._held():
            torn = [one.told for one in self._segments if one.told]
            return (*self._told, *torn[:TOLD_MOST])

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Nobody adds meanwhile; `Busy` where a disk that hangs would have to be waited for."""
        if not self._lock.acquire(timeout=WAIT_S):
            raise Busy("the recording is busy: where it is written is slow", mend="try again")
        try:
            yield
        finally:
            self._lock.release()

    def at(self, time_s: float) -> Found | None:
        """What was shown at a time; None where that was not recorded."""
        with self._held():
            place = next(
                (k for k in range(len(self._segments) - 1, -1, -1)
                 if self._segments[k].header.begun_s <= time_s), None,
            )  # fmt: skip
            if place is None:
                return None
            segment = self._segments[place]
            segment.scan()
            record = segment.at(time_s)
            if record < 0 or time_s > self._until(place, record):
                return None
            return self._found(segment, record)

    def _until(self, place: int, record: int) -> float:
        """Until when a record tells what was shown."""
        segment = self._segments[place]
        if record + 1 < len(segment.times_s):
            return segment.times_s[record + 1]
        is_newest = segment is self._current
        held_s = segment.times_s[record] + (self._holds_s if is_newest else HOLDS_S)
        if place + 1 == len(self._segments):
            return held_s
        after = self._segments[place + 1].header
        return min(held_s, after.begun_s) if after.is_start else after.begun_s

    def _found(self, segment: Segment, record: int) -> Found:
        parts, unsure = parts_at(segment, record)
        number, states = 0, None
        try:
            head, body = segment.read(record)
            number, states = head.number, states_of(head, body, self.identity.elements)
            if not head.is_key:
                states = states ^ self._key_of(segment)
        except (Damaged, OSError) as problem:
            states = None
            unsure.append(f"the map cannot be read from the recording: {problem}")
        return Found(segment.times_s[record], number, parts, states, tuple(unsure))

    def _key_of(self, segment: Segment) -> Bytes:
        found = self._keys.get(segment.number)
        if found is None:
            head, body = segment.read(0)
            found = states_of(head, body, self.identity.elements)
            self._keys[segment.number] = found
            while len(self._keys) > KEYS_MOST:
                self._keys.popitem(last=False)
        return found

    # Looking at the whole.

    def span_s(self) -> tuple[float, float] | None:
        """When the first and the last shot are; None where there is none."""
        with self._held():
            scanned = self._scanned(ends_only=True)
            if not scanned:
                return None
            return scanned[0].times_s[0], max(one.times_s[-1] for one in scanned)

    def curve(self, points_most: int) -> Curve:
        """The most customers that were out in each of so many equal pieces of the whole time;
        None where that was not recorded."""
        with self._held():
            scanned = self._scanned()
            until = [
                self._until(self._segments.index(one), len(one.times_s) - 1) for one in scanned
            ]
            return curve_of(
                [(one.times_s, one.customers_out) for one in scanned], until, points_most
            )

    def marks(self, most: int) -> tuple[tuple[Mark, ...], int]:
        """The newest marks in their order, and how many older ones are left out."""
        with self._held():
            found = [mark for one in self._scanned() for mark in one.marks]
        found.sort(key=lambda mark: mark.time_s)
        return tuple(found[-most:]), max(len(found) - most, 0)

    def _scanned(self, *, ends_only: bool = False) -> list[Segment]:
        wanted = self._segments
        if ends_only:
            wanted = [*self._segments[:1], *self._segments[1:][-2:]]
        for one in wanted:
            with suppress(ValueError):
                one.scan()
        return [one for one in wanted if len(one.times_s)]
