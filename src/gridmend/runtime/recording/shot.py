"""What is recorded of a view, and its bytes: a head, marks, rows that changed, and states."""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

PARTS = ("overview", "alarms", "outages", "plans", "orders", "areas")
"""The panels of a view; each is kept as JSON, where it is another than before."""
LAYERS = 8
"""Bytes an element: a value for each of the seven modes, then the flags."""
HEAD = struct.Struct("<IIdiIIIBB2x")
BODY_MOST = 256 * 1024**2
PARTS_MOST = 64 * 1024**2
"""Bytes of a record, and of its rows unpacked; what says more is damaged."""
MARKS_MOST = 50
"""Marks of one view; of a storm's first second only so many have a mark of their own."""


class Damaged(Exception):  # noqa: N818  # named for what happened
    """Bytes that are not what was recorded."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that is looked for on a time line: a `trip`, a `fault` (an outage is seen), a
    `plan`, an `approval`, or `restored`."""

    time_s: float
    kind: str
    text: str


@dataclass(frozen=True, eq=False)
class Shot:
    """What a room showed at an instant. `parts` are JSON texts by the names of `PARTS`, `states`
    [`LAYERS`, elements] the bytes of the map."""

    time_s: float
    number: int
    customers_out: int
    parts: Mapping[str, str]
    states: Bytes
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before each record. `mask` tells by bits which parts are in it; `is_key`
    whether its states stand by themselves, or are XOR those of the first of the segment."""

    body_bytes: int
    crc: int
    time_s: float
    customers_out: int
    number: int
    marks_bytes: int
    parts_bytes: int
    mask: int
    is_key: bool

    @property
    def is_likely(self) -> bool:
        """Whether it can be a head at all."""
        within = self.marks_bytes + self.parts_bytes <= self.body_bytes <= BODY_MOST
        return within and math.isfinite(self.time_s)

    def packed(self, crc: int) -> bytes:
        """Its bytes with a checksum."""
        return HEAD.pack(
            self.body_bytes, crc, self.time_s, self.customers_out, self.number & 0xFFFFFFFF,
            self.marks_bytes, self.parts_bytes, self.mask, self.is_key,
        )  # fmt: skip


def packed(shot: Shot, key: Bytes | None, parts: Mapping[str, str]) -> bytes:
    """The record of a shot with these of its parts; its states against `key` where there is one."""
    said = [[mark.time_s, mark.kind, mark.text] for mark in shot.marks[:MARKS_MOST]]
    marks = json.dumps(said).encode() if said else b""
    rows = zlib.compress(json.dumps(dict(parts)).encode(), 6) if parts else b""
    changed = shot.states if key is None else shot.states ^ key
    body = marks + rows + zlib.compress(changed.tobytes(), 1)
    head = Head(
        len(body), 0, shot.time_s, shot.customers_out, shot.number, len(marks), len(rows),
        mask_of(parts), key is None,
    )  # fmt: skip
    return head.packed(_crc(head, body)) + body


def mask_of(parts: Mapping[str, str]) -> int:
    """Which parts are there, a bit each."""
    return sum(1 << k for k, name in enumerate(PARTS) if name in parts)


def head_of(data: bytes) -> Head | None:
    """The head at the beginning of some bytes; None where it is none."""
    if len(data) < HEAD.size:
        return None
    *rest, is_key = HEAD.unpack_from(data)
    head = Head(*rest, is_key=bool(is_key))
    return head if head.is_likely else None


def check(head: Head, body: bytes) -> None:
    """Raise `Damaged` where a body is not the one that was recorded."""
    if len(body) != head.body_bytes or _crc(head, body) != head.crc:
        raise Damaged("its checksum is another")


def marks_of(head: Head, body: bytes) -> tuple[Mark, ...]:
    """The marks of a record."""
    if not head.marks_bytes:
        return ()
    try:
        said = json.loads(body[: head.marks_bytes])
        return tuple(Mark(float(at), str(kind), str(text)) for at, kind, text in said)
    except (ValueError, TypeError) as problem:
        raise Damaged(str(problem)) from None


def parts_of(head: Head, body: bytes) -> Mapping[str, str]:
    """The parts of a record."""
    if not head.parts_bytes:
        return {}
    rows = body[head.marks_bytes : head.marks_bytes + head.parts_bytes]
    try:
        found = json.loads(_plain(rows, PARTS_MOST))
    except ValueError as problem:
        raise Damaged(str(problem)) from None
    return {name: found[name] for name in PARTS if isinstance(found.get(name), str)}


def states_of(head: Head, body: bytes, elements: int) -> Bytes:
    """[`LAYERS`, elements] the states of a record, or what differs from those of the key."""
    plain = _plain(body[head.marks_bytes + head.parts_bytes :], LAYERS * elements)
    if len(plain) != LAYERS * elements:
        raise Damaged(f"its states are not of {elements} elements")
    return np.frombuffer(plain, np.uint8).reshape(LAYERS, elements)


def _plain(packed: bytes, most: int) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        plain = unpacking.decompress(packed, most + 1)
    except zlib.error as problem:
        raise Damaged(str(problem)) from None
    if len(plain) > most or not unpacking.eof:
        raise Damaged("it is longer or shorter than it can be")
    return plain


def _crc(head: Head, body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(head.packed(0)))
