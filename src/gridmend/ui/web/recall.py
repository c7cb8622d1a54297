"""Commands of a room that was opened again: what the journal says became of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from gridmend.model.plan import OutcomeState
from gridmend.runtime.journal import Entry
from gridmend.runtime.live import Desk
from gridmend.runtime.live.reading import entries_of
from gridmend.ui.web.beside import is_beside, opened_journal
from gridmend.ui.web.serving import Serving

Reading = Callable[[int, str], Sequence[Entry]]
"""Entries of a kind that follow one."""
AT_ONCE = 1000
ENTRIES_MOST = 20_000
"""So many late entries are looked through; a page does not ask for what is older."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """A command that was given before: where it acts, and what became of it."""

    area: str
    state: OutcomeState
    detail: str


async def recall(
    serving: Serving, select: str, principal: str, command: str
) -> Recalled | None:  # fmt: skip
    """What the journal says of a command that somebody gave with a select; None where they gave
    none. Where no outcome is told, it is in doubt."""

    def beside() -> Recalled | None:
        with opened_journal(serving) as opened:
            last = opened.head().sequence

            def read(after: int, kind: str) -> Sequence[Entry]:
                return entries_of(opened, after, AT_ONCE, until=last, kind=kind)

            return _looked_up(read, last, select, principal, command)

    def within(desk: Desk) -> Recalled | None:
        def read(after: int, kind: str) -> Sequence[Entry]:
            return desk.entries(after, AT_ONCE, kind=kind)

        return _looked_up(read, desk.view.sequence, select, principal, command)

    if is_beside(serving):
        return await serving.lanes.recall.run(beside)
    return await serving.ask(within)


def _looked_up(
    read: Reading, last: int, select: str, principal: str, command: str
) -> Recalled | None:  # fmt: skip
    after = max(last - ENTRIES_MOST, 0)
    given = [
        entry.event.payload
        for entry in _all(read, after, "commanded")
        if _is_of(entry, principal, command) and entry.event.payload.get("select") == select
    ]
    if not given:
        return None
    told = [
        entry.event.payload
        for entry in _all(read, after, "outcome")
        if entry.event.payload.get("command") == given[-1]["command"]
    ]
    area = str(given[-1]["area"])
    if not told:
        return Recalled(area, OutcomeState.IN_DOUBT, "its outcome is not known yet")
    state = OutcomeState(told[-1]["state"])
    return Recalled(area, state, str(told[-1].get("detail", "")))


def _all(read: Reading, after: int, kind: str) -> Iterator[Entry]:
    """The late entries of a kind."""
    for _ in range(ENTRIES_MOST // AT_ONCE):
        found = read(after, kind)
        yield from found
        if len(found) < AT_ONCE:
            return
        after = found[-1].sequence


def _is_of(entry: Entry, principal: str, command: str) -> bool:
    payload = entry.event.payload
    known = (command, f"{principal}:{command}")
    return payload.get("principal") == principal and payload.get("command") in known
