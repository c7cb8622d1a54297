"""Frames of the map on the wire: a head of 32 bytes, then two bytes an element, or what changed."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmend.model.errors import GridmendError

MAGIC = b"GMS1"
FULL, DELTA, HEARTBEAT = 1, 2, 3
PROTOCOL = "gridmend.state.v1"
HEAD = struct.Struct("<4sBBHIIIId")
ELEMENTS_MOST = 10_000_000
"""More than any network; a head that says more is no head."""
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before each payload. `base` is the sequence that a delta applies to."""

    kind: int
    mode: int
    revision: int
    sequence: int
    base: int
    n: int
    payload_bytes: int
    time_s: float

    def packed(self) -> bytes:
        """The 32 bytes."""
        return HEAD.pack(
            MAGIC, self.kind, self.mode, self.revision, self.sequence & 0xFFFFFFFF,
            self.base & 0xFFFFFFFF, self.n, self.payload_bytes, self.time_s,
        )  # fmt: skip


def full(
    values: Bytes, flags: Bytes, *, mode: int, revision: int, sequence: int, time_s: float
) -> bytes:
    """A frame that stands by itself."""
    payload = zlib.compress(values.tobytes() + flags.tobytes(), 1)
    head = Head(FULL, mode, revision, sequence, 0, len(values), len(payload), time_s)
    return head.packed() + payload


def delta(
    values: Bytes, flags: Bytes, base: tuple[Bytes, Bytes],
    *, mode: int, revision: int, sequence: int, base_sequence: int, time_s: float,
) -> bytes:  # fmt: skip
    """A frame that says what changed since another."""
    changed = (values ^ base[0]).tobytes() + (flags ^ base[1]).tobytes()
    payload = zlib.compress(changed, 1)
    head = Head(DELTA, mode, revision, sequence, base_sequence, len(values), len(payload), time_s)
    return head.packed() + payload


def heartbeat(*, mode: int, revision: int, sequence: int, time_s: float) -> bytes:
    """Nothing new, and how old what is known is."""
    return Head(HEARTBEAT, mode, revision, sequence, 0, 0, 0, time_s).packed()


class Picture:
    """What a receiver knows: frames are applied to it in the order in which they come."""

    def __init__(self) -> None:
        self.head: Head | None = None
        self.values: Bytes = np.zeros(0, np.uint8)
        self.flags: Bytes = np.zeros(0, np.uint8)
        self._mode, self._sequence, self._is_known = -1, 0, False

    def apply(self, message: bytes) -> bool:
        """Take a frame in; False for a delta to something that is not known here, after which one
        asks for a full frame. Raises `GridmendError` for what is no frame."""
        head, payload = read(message)
        self.head = head
        if head.kind == HEARTBEAT:
            return True
        values, flags = payload[: head.n], payload[head.n :]
        if head.kind == DELTA:
            known = (self._mode, self._sequence, len(self.values))
            if not self._is_known or known != (head.mode, head.base, head.n):
                return False
            values, flags = values ^ self.values, flags ^ self.flags
        self.values, self.flags = values, flags
        self._mode, self._sequence, self._is_known = head.mode, head.sequence, True
        return True


def read(message: bytes) -> tuple[Head, Bytes]:
    """A frame's head and its payload, unpacked; `GridmendError` where it is no frame."""
    if len(message) < HEAD.size:
        raise _none("it is too short")
    magic, *rest = HEAD.unpack_from(message)
    head = Head(*rest)
    if magic != MAGIC or head.kind not in (FULL, DELTA, HEARTBEAT) or head.n > ELEMENTS_MOST:
        raise _none("its head is another")
    packed = message[HEAD.size :]
    if len(packed) != head.payload_bytes:
        raise _none(f"its payload has {len(packed)} bytes and not {head.payload_bytes}")
    if head.kind == HEARTBEAT:
        return head, np.zeros(0, np.uint8)
    unpacking = zlib.decompressobj()
    try:
        plain = unpacking.decompress(packed, 2 * head.n + 1)
    except zlib.error as problem:
        raise _none(str(problem)) from None
    if len(plain) != 2 * head.n or not unpacking.eof:
        raise _none(f"its payload is not {head.n} elements")
    return head, np.frombuffer(plain, np.uint8)


def _none(why: str) -> GridmendError:
    return GridmendError(f"this is no frame: {why}", mend="ask for a full one")
