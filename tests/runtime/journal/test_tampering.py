from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gridmend.runtime.journal import Journal
from gridmend.runtime.journal.chain import command_hash, entry_hash
from gridmend.runtime.journal.head import Head
from gridmend.runtime.journal.reading import records_of
from gridmend.runtime.journal.verification import Records, verify
from tests.runtime.journal.journals import KEY, event, events

ENTRIES = 40
EVERY = 8
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))


@dataclass
class Book:
    """A journal's rows as lists that a test may change."""

    entries: list[list[Any]]
    commands: list[list[Any]]
    checkpoints: list[Head]
    heads: list[Head]
    situations: list[Any]
    records: Records

    def flaws(self, anchor: Head | None = None) -> tuple[Any, ...]:
        rows = replace(
            self.records,
            entries=[[tuple(row) for row in self.entries]],
            commands=[[tuple(row) for row in self.commands]],
            checkpoints=self.checkpoints,
            heads=self.heads,
            situations=self.situations,
        )
        return verify(rows, anchor=anchor).flaws


def rows_of(first: int) -> tuple[Any, ...]:
    with Journal.memory(key=KEY, checkpoint_every=EVERY) as journal:
        number = 0
        while number < ENTRIES:
            journal.append(events(first + number, first + number + 1), once=[f"c{number}"])
            number += 2
            if number in (10, 20, 30):
                journal.keep(f"the fold of {first + number}".encode(), number)
        with journal._store.at_one_instant() as rows:
            records = records_of(rows, journal.identity)
            entries = [row for batch in records.entries for row in batch]
            commands = [row for batch in records.commands for row in batch]
    return records, entries, commands


BASE, OTHER = rows_of(1), rows_of(1001)


def book(base: tuple[Any, ...] = BASE) -> Book:
    records, entries, commands = base
    return Book(
        [list(row) for row in entries],
        [list(row) for row in commands],
        list(records.checkpoints),
        list(records.heads),
        list(records.situations),
        records,
    )


def flipped(found: bytes, dice: random.Random) -> bytes:
    """The same with one bit another."""
    at = dice.randrange(len(found))
    return found[:at] + bytes([found[at] ^ (1 << dice.randrange(8))]) + found[at + 1 :]


def rehash(of: Book, first: int) -> None:
    """Hash all entries anew from one on, as one does who has no key."""
    previous = of.entries[first - 1][2] if first else of.records.identity.genesis
    for at in range(first, len(of.entries)):
        of.entries[at][0] = at + 1
        of.entries[at][2] = previous = entry_hash(previous, at + 1, of.entries[at][1])


def a_byte_of_a_line_is_edited(of: Book, dice: random.Random) -> None:
    row = dice.choice(of.entries)
    row[1] = flipped(row[1], dice)


def a_line_is_edited_and_all_is_hashed_anew(of: Book, dice: random.Random) -> None:
    at = dice.randrange(ENTRIES)
    of.entries[at][1] = flipped(of.entries[at][1], dice)
    rehash(of, at)


def a_line_is_edited_hashed_anew_and_signed_by_a_stranger(of: Book, dice: random.Random) -> None:
    a_line_is_edited_and_all_is_hashed_anew(of, dice)
    of.heads = [replace(h, hash=of.entries[-1][2]).signed(STRANGER) for h in of.heads]
    of.checkpoints = [
        replace(h, hash=of.entries[h.sequence - 1][2]).signed(STRANGER) for h in of.checkpoints
    ]


def a_hash_is_edited(of: Book, dice: random.Random) -> None:
    row = dice.choice(of.entries)
    row[2] = flipped(row[2], dice)


def an_entry_is_deleted(of: Book, dice: random.Random) -> None:
    of.entries.pop(dice.randrange(ENTRIES))


def an_entry_is_deleted_and_all_is_hashed_anew(of: Book, dice: random.Random) -> None:
    at = dice.randrange(ENTRIES)
    of.entries.pop(at)
    rehash(of, at)


def two_lines_are_exchanged(of: Book, dice: random.Random) -> None:
    one, other = dice.sample(range(ENTRIES), 2)
    rows = of.entries
    rows[one][1], rows[other][1] = rows[other][1], rows[one][1]


def two_rows_are_exchanged(of: Book, dice: random.Random) -> None:
    one, other = dice.sample(range(ENTRIES), 2)
    of.entries[one], of.entries[other] = of.entries[other], of.entries[one]


def the_tail_is_cut_off(of: Book, dice: random.Random) -> None:
    del of.entries[dice.randrange(ENTRIES) :]


def the_tail_is_cut_off_with_its_checkpoints(of: Book, dice: random.Random) -> None:
    left = dice.randrange(ENTRIES)
    del of.entries[left:]
    of.checkpoints = [h for h in of.checkpoints if h.sequence <= left]
    of.situations = [k for k in of.situations if k.sequence <= left]


def the_tail_is_cut_off_under_an_old_head_its_commands_left(of: Book, dice: random.Random) -> None:
    old = dice.choice(of.checkpoints[:-1])
    of.heads = [old]
    del of.entries[old.sequence :]
    of.checkpoints = [h for h in of.checkpoints if h.sequence <= old.sequence]
    of.situations = [k for k in of.situations if k.sequence <= old.sequence]


def an_entry_is_put_in(of: Book, dice: random.Random) -> None:
    at = dice.randrange(ENTRIES + 1)
    of.entries.insert(at, [0, event(dice.randrange(10**6)).as_line().encode(), b""])
    rehash(of, at)


def entries_of_another_journal_are_spliced_in(of: Book, dice: random.Random) -> None:
    first = dice.randrange(ENTRIES)
    last = dice.randrange(first, ENTRIES)
    of.entries[first : last + 1] = book(OTHER).entries[first : last + 1]


def all_entries_are_those_of_another_journal_of_the_same_key(of: Book, dice: random.Random) -> None:
    other = book(OTHER)
    of.entries = other.entries
    if dice.random() < 0.5:
        of.heads, of.checkpoints = other.heads, other.checkpoints


def a_checkpoint_is_that_of_another_journal(of: Book, dice: random.Random) -> None:
    at = dice.randrange(len(of.checkpoints))
    other = book(OTHER).checkpoints[at]
    of.checkpoints[at] = replace(other, identity=of.records.identity)


def two_checkpoints_are_exchanged(of: Book, dice: random.Random) -> None:
    one, other = dice.sample(range(len(of.checkpoints)), 2)
    heads = of.checkpoints
    heads[one], heads[other] = (
        replace(heads[other], sequence=heads[one].sequence),
        replace(heads[one], sequence=heads[other].sequence),
    )


def a_checkpoint_is_deleted(of: Book, dice: random.Random) -> None:
    of.checkpoints.pop(dice.randrange(len(of.checkpoints)))


def a_signed_head_is_edited(of: Book, dice: random.Random) -> None:
    heads = dice.choice([of.heads, of.checkpoints])
    at = dice.randrange(len(heads))
    head = heads[at]
    name = dice.choice(["hash", "commands_hash", "signature", "sequence", "commands"])
    value = getattr(head, name)
    new = flipped(value, dice) if isinstance(value, bytes) else value + dice.choice([-1, 1, EVERY])
    heads[at] = replace(head, **{name: new})


def a_signed_head_holds_nonsense(of: Book, dice: random.Random) -> None:
    heads = dice.choice([of.heads, of.checkpoints])
    at = dice.randrange(len(heads))
    name = dice.choice(["hash", "commands_hash", "signature", "sequence", "commands"])
    heads[at] = replace(heads[at], **{name: dice.choice([None, "x", 1.5, b"", -1, 2**70])})


def the_head_is_deleted(of: Book, dice: random.Random) -> None:
    del dice
    of.heads = []


def the_head_is_an_older_one(of: Book, dice: random.Random) -> None:
    of.heads = [dice.choice(of.checkpoints[:-1])]


def a_kept_situation_is_edited(of: Book, dice: random.Random) -> None:
    at = dice.randrange(len(of.situations))
    kept = of.situations[at]
    name = dice.choice(["document", "hash", "digest", "signature"])
    of.situations[at] = replace(kept, **{name: flipped(getattr(kept, name), dice)})


def a_kept_situation_is_said_to_follow_another_entry(of: Book, dice: random.Random) -> None:
    at = dice.randrange(len(of.situations))
    kept = of.situations[at]
    wrong = dice.choice([n for n in range(ENTRIES) if n != kept.sequence])
    hash_there = of.entries[wrong - 1][2] if wrong else of.records.identity.genesis
    of.situations[at] = replace(kept, sequence=wrong, hash=hash_there)


def a_kept_situation_is_that_of_another_journal(of: Book, dice: random.Random) -> None:
    at = dice.randrange(len(of.situations))
    of.situations[at] = book(OTHER).situations[at]


def a_mark_of_a_command_is_deleted(of: Book, dice: random.Random) -> None:
    of.commands.pop(dice.randrange(len(of.commands)))


def the_last_marks_are_deleted(of: Book, dice: random.Random) -> None:
    del of.commands[dice.randrange(len(of.commands)) :]


def a_mark_of_a_command_is_edited(of: Book, dice: random.Random) -> None:
    row = dice.choice(of.commands)
    at = dice.randrange(4)
    row[at] = flipped(row[at], dice) if isinstance(row[at], bytes) else row[at] + 1


def a_mark_is_edited_and_all_marks_are_hashed_anew(of: Book, dice: random.Random) -> None:
    at = dice.randrange(len(of.commands))
    of.commands[at][1] += b"x"
    previous = of.commands[at - 1][3] if at else of.records.identity.commands_genesis
    for row in of.commands[at:]:
        row[3] = previous = command_hash(previous, row[0], sequence=row[2], command=row[1])


def a_command_is_marked_that_was_not_recorded(of: Book, dice: random.Random) -> None:
    number, sequence, command = len(of.commands) + 1, dice.randrange(1, ENTRIES), b"c-new"
    found = command_hash(of.commands[-1][3], number, sequence=sequence, command=command)
    of.commands.append([number, command, sequence, found])


def a_row_holds_nonsense(of: Book, dice: random.Random) -> None:
    row = dice.choice(dice.choice([of.entries, of.commands]))
    row[dice.randrange(len(row))] = dice.choice([None, 1.5, b"", -1, 2**62, "text"])


TAMPERS: tuple[Callable[[Book, random.Random], None], ...] = (
    a_byte_of_a_line_is_edited,
    a_line_is_edited_and_all_is_hashed_anew,
    a_line_is_edited_hashed_anew_and_signed_by_a_stranger,
    a_hash_is_edited,
    an_entry_is_deleted,
    an_entry_is_deleted_and_all_is_hashed_anew,
    two_lines_are_exchanged,
    two_rows_are_exchanged,
    the_tail_is_cut_off,
    the_tail_is_cut_off_with_its_checkpoints,
    the_tail_is_cut_off_under_an_old_head_its_commands_left,
    an_entry_is_put_in,
    entries_of_another_journal_are_spliced_in,
    all_entries_are_those_of_another_journal_of_the_same_key,
    a_checkpoint_is_that_of_another_journal,
    two_checkpoints_are_exchanged,
    a_checkpoint_is_deleted,
    a_signed_head_is_edited,
    a_signed_head_holds_nonsense,
    the_head_is_deleted,
    the_head_is_an_older_one,
    a_kept_situation_is_edited,
    a_kept_situation_is_said_to_follow_another_entry,
    a_kept_situation_is_that_of_another_journal,
    a_mark_of_a_command_is_deleted,
    the_last_marks_are_deleted,
    a_mark_of_a_command_is_edited,
    a_mark_is_edited_and_all_marks_are_hashed_anew,
    a_command_is_marked_that_was_not_recorded,
    a_row_holds_nonsense,
)
TIMES = 10_000 // len(TAMPERS) + 1


@pytest.mark.parametrize("tamper", TAMPERS, ids=lambda tamper: tamper.__name__)
def test_ten_thousand_tampers_are_all_found(tamper: Callable[[Book, random.Random], None]) -> None:
    dice = random.Random(tamper.__name__)
    for _ in range(TIMES):
        of = book()
        tamper(of, dice)
        assert of.flaws(), tamper.__name__


def test_what_was_not_tampered_with_has_no_flaw() -> None:
    for base in (BASE, OTHER):
        assert not book(base).flaws()
        for anchor in (*base[0].heads, *base[0].checkpoints):
            assert not book(base).flaws(anchor)


@pytest.mark.parametrize("at", range(4))
def test_a_journal_rolled_back_as_a_whole_is_found_with_an_anchor_only(at: int) -> None:
    of = book()
    anchor, old = of.heads[0], of.checkpoints[at]
    of.heads = [old]
    del of.entries[old.sequence :], of.commands[old.commands :]
    of.checkpoints = of.checkpoints[: at + 1]
    of.situations = [k for k in of.situations if k.sequence <= old.sequence]
    assert not of.flaws()
    assert "not there any more" in of.flaws(anchor)[0].what


def test_a_journal_replaced_by_another_of_the_same_key_is_found_with_an_anchor_only() -> None:
    anchor = book().heads[0]
    assert not book(OTHER).flaws()
    assert "another journal" in book(OTHER).flaws(anchor)[0].what


def test_an_anchor_that_somebody_else_signed_is_no_anchor() -> None:
    anchor = book().heads[0].signed(STRANGER)
    assert "not signed" in book().flaws(anchor)[0].what


def test_a_flaw_names_the_entry_that_was_edited() -> None:
    of = book()
    of.entries[16][1] = of.entries[16][1].replace(b"Sw17", b"Sw71")
    (flaw,) = of.flaws()
    assert flaw.sequence == 17
    assert "changed" in flaw.what
    assert flaw.mend


def test_a_cut_tail_is_told_with_what_was_signed() -> None:
    of = book()
    del of.entries[35:]
    (flaw,) = (f for f in of.flaws() if "was signed up to entry 40" in f.what)
    assert flaw.sequence == 35


def test_two_edits_are_told_apart() -> None:
    of = book()
    for at in (4, 30):
        of.entries[at][1] += b" "
    assert [flaw.sequence for flaw in of.flaws()] == [5, 31]


def test_flaws_are_told_up_to_a_bound() -> None:
    from gridmend.runtime.journal.verification import FLAWS_TOLD

    of = book()
    of.entries = [[number, b"", b""] for number in range(1, 5000)]
    assert len(of.flaws()) == FLAWS_TOLD
