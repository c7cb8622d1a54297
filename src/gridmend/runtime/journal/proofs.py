"""Signed heads held against the chains: the present one, checkpoints, an anchor from outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gridmend.runtime.journal.chain import Identity
from gridmend.runtime.journal.flaw import Flaw
from gridmend.runtime.journal.head import Head

Hashes = Mapping[int, bytes]
CHANGED = "something in it or before it was changed and hashed anew: restore from a copy"
UNSIGNED = "what was recorded since cannot be told from what was made up: restore from a copy"
TRUNCATED = "restore the missing entries from a copy; nobody may act on this journal until then"
OTHER = "name the anchor that was taken of this journal, or the journal that it was taken of"


def identity_flaws(identity: Identity, found: Sequence[Identity]) -> Iterator[Flaw]:
    """Whether the journal still says to be the one that was opened."""
    if list(found) != [identity]:
        yield Flaw(None, "the journal's name, key or spacing of checkpoints was changed", UNSIGNED)


def checkpoint_flaws(
    identity: Identity, checkpoints: Sequence[Head], entries: Hashes, commands: Hashes, *, last: int
) -> Iterator[Flaw]:
    """What is wrong with the heads that are kept for good: one every so many entries."""
    every = identity.checkpoint_every
    there = {head.sequence for head in checkpoints}
    for sequence in range(every, last + 1, every):
        if sequence not in there:
            yield Flaw(sequence, "its checkpoint is missing", TRUNCATED)
    for head in checkpoints:
        yield from _flaws("checkpoint", head, entries, commands)


def head_flaws(
    heads: Sequence[Head], entries: Hashes, commands: Hashes, *, last: int, last_command: int
) -> Iterator[Flaw]:
    """What is wrong with the present head: it is signed, and both chains end at it."""
    if len(heads) != 1:
        yield Flaw(None, "the signed head is missing", UNSIGNED)
        return
    head = heads[0]
    if not head.is_signed():
        yield Flaw(last, "the head is not signed with the journal's key", UNSIGNED)
        return
    if last < head.sequence:
        what = f"the journal ends there, and was signed up to entry {head.sequence}"
        yield Flaw(last, what, TRUNCATED)
    elif last > head.sequence:
        yield Flaw(head.sequence + 1, "it and what follows is not signed", UNSIGNED)
    if last_command != head.commands:
        what = f"{last_command} commands are marked as recorded, and {head.commands} were signed"
        yield Flaw(head.sequence, what, TRUNCATED)
    yield from _flaws("head", head, entries, commands)


def anchor_flaws(
    identity: Identity, anchor: Head | None, entries: Hashes, commands: Hashes
) -> Iterator[Flaw]:
    """What an anchor shows: that the journal was replaced, or rolled back to before it."""
    if anchor is None:
        return
    if anchor.identity != identity:
        yield Flaw(None, "the anchor is of another journal, or this one was replaced", OTHER)
        return
    yield from _flaws("anchor", anchor, entries, commands)


def _flaws(name: str, head: Head, entries: Hashes, commands: Hashes) -> Iterator[Flaw]:
    """What is wrong with a signed head of any kind."""
    at = head.sequence
    if not head.is_signed():
        yield Flaw(at, f"its {name} is not signed with the journal's key", UNSIGNED)
        return
    if at not in entries:
        yield Flaw(at, f"it was signed as {name}, and is not there any more", TRUNCATED)
    elif entries[at] != head.hash:
        yield Flaw(at, f"it is not the one that was signed as {name}", CHANGED)
    if commands.get(head.commands) != head.commands_hash:
        what = f"the commands marked up to its {name} are not those that were signed"
        yield Flaw(at, what, "do not act on commands until they are restored from a copy")
