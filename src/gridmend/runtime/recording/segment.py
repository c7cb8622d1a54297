"""A segment of a recording: its header, and an index of its records."""

from __future__ import annotations

import json
import struct
import zlib
from array import array
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import IO

from gridmend.runtime.recording.identity import Identity
from gridmend.runtime.recording.place import Bin, reading
from gridmend.runtime.recording.shot import (
    HEAD,
    PARTS,
    Damaged,
    Head,
    Mark,
    check,
    head_of,
    marks_of,
)

MAGIC, VERSION = b"GMREC", 1
_FRONT = struct.Struct("<5sBII")
HEADER_MOST = 1024**2


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the records: of which network they are, when the first is, and whether
    the recording began there, so that nothing is known of the time before it."""

    identity: Identity
    begun_s: float
    is_start: bool

    def packed(self) -> bytes:
        """Its bytes."""
        said = {
            "network": self.identity.network, "elements": self.identity.elements,
            "fingerprint": self.identity.fingerprint, "begun_s": self.begun_s,
            "is_start": self.is_start,
        }  # fmt: skip
        text = json.dumps(said).encode()
        return _FRONT.pack(MAGIC, VERSION, len(text), zlib.crc32(text)) + text


@dataclass(eq=False)
class Segment:
    """One segment. The lists have an entry a record, once `scan` has read them."""

    number: int
    bin: Bin
    header: Header
    first: int
    """Where the first record lies."""
    times_s: array[float] = field(default_factory=lambda: array("d"))
    offsets: array[int] = field(default_factory=lambda: array("Q"))
    customers_out: array[int] = field(default_factory=lambda: array("i"))
    masks: bytearray = field(default_factory=bytearray)
    marks: list[Mark] = field(default_factory=list[Mark])
    is_scanned: bool = False
    told: str = ""

    def note(self, offset: int, head: Head, marks: tuple[Mark, ...]) -> None:
        """Take a record into the index."""
        self.times_s.append(head.time_s)
        self.offsets.append(offset)
        self.customers_out.append(head.customers_out)
        self.masks.append(head.mask)
        self.marks += marks

    def at(self, time_s: float) -> int:
        """The last record that is not later; -1 where there is none."""
        return bisect_right(self.times_s, time_s) - 1

    def holders(self, record: int) -> dict[str, int]:
        """In which record each part stands that was shown with one."""
        found: dict[str, int] = {}
        for k in range(record, -1, -1):
            for bit, name in enumerate(PARTS):
                if self.masks[k] >> bit & 1:
                    found.setdefault(name, k)
            if len(found) == len(PARTS):
                break
        return found

    def read(self, record: int) -> tuple[Head, bytes]:
        """A record's head and body. Raises `Damaged`, and `OSError` where it cannot be read."""
        with reading(self.bin) as file:
            file.seek(self.offsets[record])
            head = head_of(file.read(HEAD.size))
            if head is None:
                raise Damaged("its head is none")
            body = file.read(head.body_bytes)
        check(head, body)
        return head, body

    def scan(self) -> None:
        """Read the heads of all records; a torn one at the end is left out, and `told` says so."""
        if self.is_scanned:
            return
        self.is_scanned = True
        try:
            with reading(self.bin) as file:
                self._scan(file, self.bin.size())
        except (OSError, Damaged) as problem:
            self.told = f"segment {self.number} can be read in part only: {problem}"

    def _scan(self, file: IO[bytes], size: int) -> None:
        at = self.first
        while at < size:
            file.seek(at)
            head = head_of(file.read(HEAD.size))
            end = size + 1 if head is None else at + HEAD.size + head.body_bytes
            if head is None or end > size:
                self.told = f"segment {self.number}: its last record is torn, and left out"
                return
            body = file.read(head.marks_bytes)
            if end == size:
                body += file.read(head.body_bytes - head.marks_bytes)
                try:
                    check(head, body)
                except Damaged:
                    self.told = f"segment {self.number}: its last record is torn, and left out"
                    return
            self.note(at, head, marks_of(head, body))
            at = end


def opened(number: int, bin: Bin) -> Segment:
    """A segment that is there. Raises `Damaged` for what is none, or of a later version."""
    try:
        with reading(bin) as file:
            front = file.read(_FRONT.size)
            if len(front) < _FRONT.size or not front.startswith(MAGIC):
                raise Damaged("it is no segment of a recording")
            _, version, size, crc = _FRONT.unpack(front)
            if version != VERSION:
                raise Damaged(f"it is of version {version}, and {VERSION} is read here")
            text = file.read(min(size, HEADER_MOST))
    except OSError as problem:
        raise Damaged((problem.strerror or str(problem)).lower()) from None
    if zlib.crc32(text) != crc:
        raise Damaged("its header is damaged")
    said = json.loads(text)
    identity = Identity(said["network"], said["elements"], said["fingerprint"])
    header = Header(identity, said["begun_s"], said["is_start"])
    return Segment(number, bin, header, _FRONT.size + size)


def begun(number: int, bin: Bin, header: Header) -> Segment:
    """A new segment. Raises `OSError` where it cannot be written."""
    data = header.packed()
    bin.append(data)
    return Segment(number, bin, header, len(data), is_scanned=True)
