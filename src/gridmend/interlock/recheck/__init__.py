"""The second checker: it judges again what was commanded, from the journal's entries alone."""

from collections.abc import Iterable
from dataclasses import dataclass

from gridmend.interlock.recheck.memory import DROPS, PAPER, PUTS, SETS, Memory, Payload
from gridmend.interlock.recheck.rules import NONE, Case, Judged, judged, work
from gridmend.model.command import World, command_of
from gridmend.model.deed import subject
from gridmend.model.errors import GridmendError
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import Step
from gridmend.model.snapshot import Snapshot
from gridmend.model.vocabulary import wrong_with

RULES = [
    "tags", "clearance", "ground", "radiality", "synchronism", "capability", "wear", "fresh data",
    "look-ahead", "worlds apart", "at most once", "one authority", "autonomy",
    "select before operate", "order", "two people", "record first", "unreadable",
]  # fmt: skip
_UNREADABLE = (GridmendError, LookupError, TypeError, ValueError, ArithmeticError, AttributeError)


@dataclass(frozen=True, slots=True)
class Objection:
    """An entry of a journal that breaks a rule, with the device and the evidence."""

    sequence: int
    rule: str
    device: str
    why: str


class Recheck:
    """A journal that is judged entry by entry; `start` is where devices stood before it.

    Rules are those of `RULES`; what cannot be read is objected under `unreadable`.
    """

    def __init__(
        self, grid: Grid, *, world: World = World.LIVE, start: Snapshot | None = None
    ) -> None:
        self._memory, self._world = Memory(grid, start or Snapshot.normal(grid)), world
        self._effects = set[str]()

    def add(self, event: Event, sequence: int = 0) -> tuple[Objection, ...]:
        """What is wrong with the next entry; `sequence` is its number in the journal."""
        m, kind, p, found = self._memory, event.kind, event.payload, dict[Objection, None]()
        m.now, problem = event.time_utc.timestamp(), wrong_with(event)
        step = p if problem or kind not in ("commanded", "selected") else p["step"]
        device = str(step.get("device", ""))
        for read in () if problem else (self._judge, m.take):
            try:
                for rule, is_broken, why in read(kind, p) or ():
                    if is_broken and rule in RULES:
                        found[Objection(sequence, rule, device, why)] = None
            except _UNREADABLE as error:
                problem = f"the event '{kind}' cannot be read: {error}"
        if problem and "unreadable" in RULES:
            found[Objection(sequence, "unreadable", device, problem)] = None
        m.used |= {str(p.get("command"))} if kind == "commanded" else set()
        return tuple(found)

    def _judge(self, kind: str, p: Payload) -> Judged:
        m, c, keys = self._memory, None, [""]
        book = DROPS.get(kind, kind)
        if kind == "commanded":
            c = command_of(p)
            step, keys = c.step, [subject(m.grid, c.step)]
        elif book in PAPER:
            begins, ends, name = PAPER[book]
            keys = m.about(kind, p) if kind in PUTS else m.books[book].get(p[name], NONE)["keys"]
            step = Step(begins if kind in PUTS else ends, "", "", mark=p[name])
        elif kind in ("switched", *SETS) and "command" in p:
            step = m.step(kind, p)
            keys = [subject(m.grid, step)]
        else:
            yield "record first", kind == "outcome" and p["command"] not in m.used, "unheard of"
            return
        if "command" in p and not c:
            sent, key = m.pending.get(str(p["command"]), (None, ""))
            fits = sent and (sent.step.action, sent.step.mark) == (step.action, step.mark)
            is_odd = not fits or key not in keys or p["command"] in self._effects
            yield "record first", is_odd, "no such command waits for it"
            self._effects.add(str(p["command"]))
        case = Case(m, kind, p, step, keys)
        yield from judged(case, c, self._world) if c else work(case) if book in PAPER else ()


def recheck(
    grid: Grid, events: Iterable[Event], *, world: World = World.LIVE
) -> tuple[Objection, ...]:
    """What is wrong with a journal, from its first entry on."""
    checker = Recheck(grid, world=world)
    return tuple(o for number, event in enumerate(events, 1) for o in checker.add(event, number))
