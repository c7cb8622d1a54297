"""The kernel: one journal, one situation, one gateway, on the clock it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from gridmend.interlock.check import Bench
from gridmend.interlock.move import By
from gridmend.model.errors import GridmendError
from gridmend.model.event import Event
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.plan import Outcome, Refusal
from gridmend.model.situation import Situation
from gridmend.model.vocabulary import checked
from gridmend.runtime.control.intake import CLOSED, OPEN, scans, sort
from gridmend.runtime.fold import Folding
from gridmend.runtime.fold.positions import Positions
from gridmend.runtime.gateway.frame import Frame, Signer
from gridmend.runtime.gateway.gateway import Reply
from gridmend.runtime.historian import Historian, Sample
from gridmend.runtime.journal import InDoubt, WriterFenced
from gridmend.runtime.log import Log

SOURCE = "control room"
"""What the kernel's events say of who saw them."""

FAIL_POINTS = (
    "kernel: judged", "kernel: recorded", "kernel: answered", "kernel: read back", "kernel: ended",
)  # fmt: skip
"""Where a test may stop the process while a command is carried out, in this order."""


class Hand(Protocol):
    """What the kernel needs of a gateway, in this process or in another."""

    def send(self, frame: Frame) -> Reply:
        """Have a frame carried out."""
        ...

    def withdraw(self, command: str) -> bool:
        """Make sure that a command is not sent any more; True where it may have been."""
        ...

    def events(self) -> Sequence[Event]:
        """What the field said since it was last asked."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request: refused, with the rules, or done; `id` names what was made."""

    refusals: tuple[Refusal, ...] = ()
    id: str = ""
    outcome: Outcome | None = None
    unknown: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether nothing refused it."""
        return not self.refusals

    def __str__(self) -> str:
        if self.refusals:
            return "\n".join(f"refused: {r.rule}, {r.device}: {r.why}" for r in self.refusals)
        if self.outcome is None:
            return f"done: {self.id}"
        return f"{self.outcome.state}: {self.outcome.detail or self.id}"


class Kernel:
    """Everything that happens goes through `record`, and is folded as soon as it is durable.

    One thread uses a kernel. `pause` is called at each of `FAIL_POINTS`.
    """

    def __init__(
        self,
        bench: Bench,
        journal: Log,
        gateway: Hand,
        signer: Signer,
        *,
        now: Callable[[], datetime],
        start: Situation | None = None,
        historian: Historian | None = None,
        pause: Callable[[str], None] | None = None,
    ) -> None:
        self.bench, self.journal, self.gateway, self.signer = bench, journal, gateway, signer
        self.now, self.historian = now, historian
        self.pause = pause or (lambda _: None)
        self._folding = Folding(bench.site.grid, start)
        self.names_logins = False
        """Whether what a person does names the login too, where a room has more than one."""
        self.told: Callable[[Sequence[Event]], None] = lambda _: None
        """Called with what was recorded and folded, so that nobody need read it back."""
        self._situation: Situation | None = None
        self._taken: list[Event] = []
        """Of the field, and not recorded yet: kept where the journal cannot be written."""
        self._lost: str | None = None
        self._flow: tuple[tuple[bytes, ...], Flow] | None = None
        after = start.sequence if start is not None else 0
        self.sequence = after
        for entry in journal.read(after):
            self._folding.add(entry.event, entry.sequence)
            self.sequence = entry.sequence

    @property
    def grid(self) -> Grid:
        """What is there."""
        return self.bench.site.grid

    @property
    def situation(self) -> Situation:
        """What stands now."""
        if self._situation is None:
            self._situation = self._folding.situation()
        return self._situation

    @property
    def now_s(self) -> float:
        """The time [s since 1970]."""
        return self.now().timestamp()

    def record(self, events: Iterable[Event], *, once: Iterable[str] = ()) -> int:
        """Write events for good, then fold them; the number of the last entry.

        Raises `GridmendError` for a payload that is not that of its kind, and whatever the
        journal raises; nothing is folded then.
        """
        listed = [checked(event) for event in events]
        if not listed:
            return self.sequence
        if self._lost is not None:
            raise GridmendError(
                f"this control room stopped: {self._lost}", mend="open it again from the journal"
            )
        try:
            last = self.journal.append(listed, once=once).sequence
        except (InDoubt, WriterFenced) as problem:
            # What the journal holds is not known here any more: nothing goes on from this state.
            self._lost = problem.what
            raise
        for number, event in enumerate(listed, last - len(listed) + 1):
            self._folding.add(event, number)
        self._situation = None
        self.sequence = last
        self.told(listed)
        return last

    def say(self, kind: str, by: By, /, **payload: Any) -> int:
        """Record one event of a person's or an application's doing."""
        return self.record([self.event(kind, by, **payload)])

    def event(self, kind: str, by: By, /, **payload: Any) -> Event:
        """An event of now; its cause is whoever had it done."""
        cause = by.application or by.principal or SOURCE
        if self.names_logins and by.login and not by.application and kind not in Positions.KINDS:
            payload.setdefault("login", by.login)
        return Event(self.now(), SOURCE, cause, kind, payload)

    def take_in(self) -> int:
        """Record what the field said; how many events there were.

        What says again where a device stands goes to the historian, where there is one, and into
        the journal as a few scans, where there is none.
        """
        self._taken += self.gateway.events()
        found = sort(self._taken, self._folding)
        if self.historian is None:
            self.record([*scans(found.repeats), *found.events])
        else:
            self.record(found.events)
            self._keep(self.historian, found.repeats)
        count, self._taken = len(self._taken), []
        return count

    def _keep(self, historian: Historian, repeats: Sequence[Event]) -> None:
        """Hand repeats to the historian. Folded late, they say less than what is known since."""
        historian.add(
            Sample(self.sequence, event.time_utc, event.source, str(event.payload["device"]),
                   OPEN if event.payload["position"] == "open" else CLOSED)
            for event in repeats
        )  # fmt: skip
        for event in scans(repeats):
            self._folding.add(event)
        self._situation = None

    def flow(self) -> Flow:
        """The power flow of what stands now; solved once while nothing changes."""
        snapshot = self.situation.snapshot
        arrays = (
            snapshot.open_phases, snapshot.source_on, snapshot.tap_pu, snapshot.steps_on,
            snapshot.generator_kw, snapshot.pv_kw, snapshot.storage_kw,
        )  # fmt: skip
        key = tuple(array.tobytes() for array in arrays)
        if self._flow is None or self._flow[0] != key:
            near = self._flow[1] if self._flow is not None else None
            self._flow = key, self.bench.solver.solve(snapshot, controls="static", near=near)
        return self._flow[1]

    def demand_changed(self) -> None:
        """The solver of the bench has another demand from now on: the flow is solved anew."""
        self._flow = None

    def refuse(self, by: By, refusals: Sequence[Refusal], *, command: str) -> Answer:
        """Record that something was refused, and why."""
        rules = [[r.rule, r.device, r.why] for r in refusals]
        self.say("refused", by, command=command, rules=rules)
        return Answer(tuple(refusals), command)
