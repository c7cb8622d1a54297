"""What can go wrong with a journal, and what it means for what was to be recorded."""

from __future__ import annotations

from gridmend.model.errors import GridmendError


class JournalError(GridmendError):
    """The journal cannot do what was asked; nothing of it was recorded."""


class AlreadyRecorded(JournalError):
    """One of the commands of an append was recorded before; nothing was recorded again."""

    def __init__(self, command: str, *, sequence: int, where: str) -> None:
        super().__init__(
            f"the command '{command}' is recorded already, up to entry {sequence}",
            where=where,
            mend="read what became of it there; do not carry it out again",
        )
        self.command = command
        self.sequence = sequence


class WriterFenced(JournalError):
    """Another writer has taken the journal over; nothing was recorded."""

    def __init__(self, *, epoch: int, present: int, where: str) -> None:
        super().__init__(
            f"another writer took the journal over: this one has epoch {epoch},"
            f" the present one {present}",
            where=where,
            mend="stop acting on this journal; open it again only if the other is to be stopped",
        )
        self.epoch = epoch
        self.present = present


class InDoubt(JournalError):
    """The server went away while it committed: it is not known whether the append was recorded."""


class Tampered(JournalError):
    """An entry that was read is not what was recorded."""


class Damaged(JournalError):
    """The file cannot be read as a database any more."""
