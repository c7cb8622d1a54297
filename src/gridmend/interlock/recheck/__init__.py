"""The second checker: it judges again what was commanded, from the journal's entries alone."""

from collections.abc import Iterable
from dataclasses import dataclass

from gridmend.interlock.recheck.memory import Memory
from gridmend.interlock.recheck.rules import judged
from gridmend.model.command import World
from gridmend.model.errors import GridmendError
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.model.vocabulary import wrong_with

RULES = ["tags", "clearance", "ground", "radiality", "synchronism", "capability", "wear",
         "fresh data", "look-ahead", "worlds apart", "at most once", "one authority", "autonomy",
         "select before operate", "order", "two people", "record first", "unreadable"]  # fmt: skip
_UNREADABLE = (GridmendError, LookupError, TypeError, ValueError, ArithmeticError, AttributeError)


@dataclass(frozen=True, slots=True)
class Objection:
    """An entry of a journal that breaks a rule, with the device and the evidence."""

    sequence: int
    rule: str
    device: str
    why: str


class Recheck:
    """A journal that is judged entry by entry; `start` is where devices stood before it."""

    def __init__(self, grid: Grid, *, world: World = World.LIVE, start: Snapshot | None = None):
        self._memory = Memory(grid, start or Snapshot.normal(grid), world)

    def add(self, event: Event, sequence: int = 0) -> tuple[Objection, ...]:
        """What is wrong with the next entry; `sequence` is its number in the journal."""
        m, kind, p, problem = self._memory, event.kind, event.payload, wrong_with(event)
        m.now, m.number, found = event.time_utc.timestamp(), m.number + 1, list[tuple[str, str]]()
        step = p["step"] if kind in ("commanded", "selected") and not problem else p
        for read in () if problem else (judged, Memory.take):
            try:
                found.extend((rule, why) for rule, broken, why in read(m, kind, p) or () if broken)
            except _UNREADABLE as error:
                problem = f"the event '{kind}' cannot be read: {error}"
        found += [("unreadable", problem)] if problem else []
        device = str(step.get("device", ""))
        told = dict.fromkeys(Objection(sequence, rule, device, why) for rule, why in found)
        return tuple(objection for objection in told if objection.rule in RULES)


def recheck(
    grid: Grid, events: Iterable[Event], *, world: World = World.LIVE
) -> tuple[Objection, ...]:
    """What is wrong with a journal, from its first entry on."""
    checker = Recheck(grid, world=world)
    return tuple(o for number, event in enumerate(events, 1) for o in checker.add(event, number))
