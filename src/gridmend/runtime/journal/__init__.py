"""The journal: what happened, append-only, hash-chained and signed, in SQLite or PostgreSQL."""

from gridmend.runtime.journal.errors import (
    AlreadyRecorded,
    Damaged,
    InDoubt,
    JournalError,
    Tampered,
    WriterFenced,
)
from gridmend.runtime.journal.fail_points import FAIL_POINTS
from gridmend.runtime.journal.flaw import Flaw
from gridmend.runtime.journal.head import Head
from gridmend.runtime.journal.journal import Journal
from gridmend.runtime.journal.kept import Kept
from gridmend.runtime.journal.reading import Entry
from gridmend.runtime.journal.verification import Verification

__all__ = [
    "FAIL_POINTS",
    "AlreadyRecorded",
    "Damaged",
    "Entry",
    "Flaw",
    "Head",
    "InDoubt",
    "Journal",
    "JournalError",
    "Kept",
    "Tampered",
    "Verification",
    "WriterFenced",
]
