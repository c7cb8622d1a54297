"""The journal as a page reads it: a few entries at a time, of one kind or about one device."""

from __future__ import annotations

from gridmend.runtime.exercise.room import Room
from gridmend.runtime.journal import Entry, Journal

ENTRIES_MOST = 1000
"""Journal entries that are given at once."""
READ_MOST = 20_000
"""Entries that are looked through for those of one kind or device."""


def entries(
    room: Room, after: int, limit: int, *, kind: str = "", device: str = ""
) -> tuple[Entry, ...]:
    """Entries that follow one, as `entries_of` finds them, up to the room's last."""
    return entries_of(
        room.journal, after, limit, until=room.kernel.sequence, kind=kind, device=device
    )


def entries_of(
    journal: Journal, after: int, limit: int, *, until: int, kind: str = "", device: str = ""
) -> tuple[Entry, ...]:
    """Entries that follow one, at most `limit`, among the `READ_MOST` next: all of them, or those
    of a kind, or those that name a device."""
    most, first = max(min(limit, ENTRIES_MOST), 0), max(after, 0)
    wanted = f'"{device.lower()}"' if device else ""
    found: list[Entry] = []
    for entry in journal.read(first, min(first + READ_MOST, until)):
        if len(found) >= most:
            break
        is_kind = not kind or entry.event.kind == kind
        if is_kind and (not wanted or wanted in entry.line.lower()):
            found.append(entry)
    return tuple(found)
