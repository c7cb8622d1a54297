"""Whether a journal is what was recorded: pure functions of its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain, islice
from typing import Any

from gridmend.runtime.journal.chain import HASH_BYTES, Identity, command_hash, entry_hash
from gridmend.runtime.journal.flaw import Flaw
from gridmend.runtime.journal.head import Head
from gridmend.runtime.journal.kept import Kept
from gridmend.runtime.journal.proofs import (
    TRUNCATED,
    anchor_flaws,
    checkpoint_flaws,
    head_flaws,
    identity_flaws,
)

FLAWS_TOLD = 200
"""Flaws that are told; a journal with more is no better known by more of them."""

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification found: how many entries there are, every flaw, and the signed head."""

    entries: int
    flaws: tuple[Flaw, ...]
    head: Head | None

    @property
    def ok(self) -> bool:
        """Whether the journal is what was recorded, as far as its own signatures can tell."""
        return not self.flaws


@dataclass(frozen=True)
class Records:
    """The rows of a journal, in the order of their keys.

    `entries` are batches of (sequence, line, hash), `commands` of (number, command, sequence,
    hash), lines and commands as bytes or text. `heads` is what stands as the present head: one,
    and so is `identities`, which must be the `identity` that the journal was opened with.
    """

    identity: Identity
    identities: Iterable[Identity]
    entries: Iterable[list[Row]]
    commands: Iterable[list[Row]]
    checkpoints: Iterable[Head]
    heads: Iterable[Head]
    situations: Iterable[Kept]


EDITED = "take the entries up to here as true at most; restore the rest from a copy"


@dataclass
class _Walk:
    """Where a walk along a chain has come, and what it met: hashes at the numbers wanted."""

    previous: bytes
    wanted: frozenset[int]
    last: int = 0
    count: int = 0

    def __post_init__(self) -> None:
        self.hashes = {0: self.previous}
        self.flaws: list[Flaw] = []

    def tell(self, sequence: int | None, what: str, mend: str) -> None:
        """Note a flaw, while few are noted."""
        if len(self.flaws) < FLAWS_TOLD:
            self.flaws.append(Flaw(sequence, what, mend))


def verify(
    records: Records, *, anchor: Head | None = None, progress: Callable[[int], None] | None = None
) -> Verification:
    """Hold every row against the chains and the signatures.

    `anchor` is a signed head kept elsewhere: with it, a journal that was rolled back as a whole,
    or replaced, is found too. `progress` is told how many entries are done.
    """
    identity = records.identity
    checkpoints = list(records.checkpoints)
    heads = list(records.heads)
    situations = list(records.situations)
    signed = [*checkpoints, *heads, *([anchor] if anchor else [])]
    wanted = frozenset([h.sequence for h in signed] + [k.sequence for k in situations])
    entries = _Walk(identity.genesis, wanted)
    for batch in records.entries:
        _follow_entries(entries, batch)
        if progress:
            progress(entries.count)
    commands = _Walk(identity.commands_genesis, frozenset(h.commands for h in signed))
    for batch in records.commands:
        _follow_commands(commands, batch)
    ends = (entries.hashes, commands.hashes)
    told = chain(
        identity_flaws(identity, list(records.identities)),
        entries.flaws,
        commands.flaws,
        checkpoint_flaws(identity, checkpoints, *ends, last=entries.last),
        head_flaws(heads, *ends, last=entries.last, last_command=commands.last),
        anchor_flaws(identity, anchor, *ends),
        filter(None, (k.flaw(identity, entries.hashes.get(k.sequence)) for k in situations)),
    )
    # Taken one by one: a sequence that somebody made up may ask for any number of checkpoints.
    flaws = tuple(islice(told, FLAWS_TOLD))
    return Verification(entries.count, flaws, heads[0] if heads else None)


def _follow_entries(walk: _Walk, batch: list[Row]) -> None:
    """Follow the chain along a batch; the plain case is short, for it is met a million times."""
    previous, expected, wanted, hashes = walk.previous, walk.last, walk.wanted, walk.hashes
    for row in batch:
        sequence, line, stored = row
        expected += 1
        text = line if type(line) is bytes else _as_bytes(line)
        if sequence == expected and text is not None:
            found = sha256(previous + expected.to_bytes(8, "big") + text).digest()
            if found == stored:
                previous = found
                if expected in wanted:
                    hashes[expected] = previous
                continue
        previous, expected = _look_closer(walk, previous, expected, row)
        if expected in wanted:
            hashes[expected] = previous
    walk.previous, walk.last = previous, expected
    walk.count += len(batch)


def _look_closer(walk: _Walk, previous: bytes, expected: int, row: Row) -> tuple[bytes, int]:
    """An entry that is not plainly right: what is wrong, and whence the walk goes on."""
    sequence, line, stored = row
    if not isinstance(sequence, int) or sequence < 1:
        walk.tell(None, f"an entry has the sequence {sequence!r}", EDITED)
        return previous, expected - 1
    text = _as_bytes(line)
    if sequence != expected:
        if sequence < expected:
            what = f"it stands after entry {expected - 1}: entries were put in another order"
            walk.tell(sequence, what, EDITED)
        else:
            last = sequence - 1
            gone = "is missing" if last == expected else f"and all up to entry {last} are missing"
            walk.tell(expected, f"it {gone}", TRUNCATED)
        return _stored_or(stored, previous), max(sequence, expected - 1)
    if text is None:
        walk.tell(sequence, "its line is no text", EDITED)
    elif entry_hash(previous, sequence, text) != _as_bytes(stored):
        what = "its hash does not follow from its line and the hash before it: one was changed"
        walk.tell(sequence, what, EDITED)
    return _stored_or(stored, previous), expected


def _follow_commands(walk: _Walk, batch: list[Row]) -> None:
    for number, command, sequence, stored in batch:
        walk.last += 1
        text = _as_bytes(command)
        is_counted = isinstance(number, int) and isinstance(sequence, int) and sequence >= 0
        found = b""
        if is_counted and number == walk.last and text is not None:
            found = command_hash(walk.previous, number, sequence=sequence, command=text)
        if found != _as_bytes(stored):
            what = f"the mark of command {walk.last} was changed, or is missing"
            at = sequence if isinstance(sequence, int) else None
            walk.tell(at, what, "do not act on commands until it is restored from a copy")
            walk.last = max(number, walk.last) if isinstance(number, int) else walk.last
        walk.previous = _stored_or(stored, walk.previous)
        walk.count += 1
        if walk.last in walk.wanted:
            walk.hashes[walk.last] = walk.previous


def _as_bytes(value: Any) -> bytes | None:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return bytes(value) if isinstance(value, (bytes, bytearray, memoryview)) else None


def _stored_or(stored: Any, otherwise: bytes) -> bytes:
    """The hash that stands there, so that what follows is judged by itself."""
    found = _as_bytes(stored)
    return found if found is not None and len(found) == HASH_BYTES else otherwise
