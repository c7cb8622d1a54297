"""Crews sent by what is heard: to patrol behind what tripped, to mend what a patrol finds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from gridmend.model.customers import customer_counts
from gridmend.model.event import Event
from gridmend.model.plan import Action, Step
from gridmend.model.snapshot import Snapshot
from gridmend.operations.suspects import suspects
from gridmend.runtime.control.kernel import SOURCE
from gridmend.runtime.exercise.healing import SEQUENCE_S
from gridmend.runtime.exercise.incident import Incident
from gridmend.runtime.exercise.overdue import overdue
from gridmend.runtime.exercise.reported import Reported
from gridmend.runtime.exercise.room import Room
from gridmend.runtime.exercise.seeking import Seeking, dark_around
from gridmend.twin.crewing import Crewing
from gridmend.twin.people.crew import Job, JobKind
from gridmend.twin.people.duty import State

FLAGS_S = 60.0
"""How long after a lock-out its indicators are waited for."""
PATROLLED_MOST = 400
"""Elements of one patrol; what lies further is for the next."""
AGAIN_S = 600.0
"""Time after which what was refused is asked for once more."""
TRIES_MOST = 50
NOTHING = "nothing found"
"""What a patrol says that found no damage."""


@dataclass
class Foreman:
    """Dispatch by a plain rule; it knows what the control room heard, and nothing else.

    A lock-out, or reports of customers and meters without one, make an incident behind a device:
    that which locked out, or the last that all who reported have in common. A crew patrols what
    lies behind it, in the sections that indicators leave; another mends what was found, while the
    interlock keeps it dead as a suspected fault. In a storm, and where a device trips once more, a
    further patrol walks the rest of the way meanwhile, since there may be more. After the repairs,
    or where nothing was found, the device is closed: by `back` where it reports, else by a crew.
    The rule is our own.
    """

    room: Room
    crewing: Crewing
    equipped: tuple[str, ...]
    back: Callable[[], None]
    storm: Callable[[], bool]
    incidents: list[Incident] = field(default_factory=list[Incident])
    _reported: Reported = field(init=False)
    _seeking: Seeking = field(default_factory=Seeking)
    _flags: dict[str, float] = field(default_factory=dict[str, float])
    _jobs: int = 0
    _stood: Snapshot | None = None
    _tripped_s: float = -math.inf
    _told_s: float = -math.inf
    """When it last looked at its board."""
    _weighed_at: Snapshot | None = None
    _weights: dict[str, int] = field(default_factory=dict[str, int])
    """How many wait for a job in those positions."""

    def __post_init__(self) -> None:
        self._reported = Reported(self.room.kernel, self._is_open)

    def _is_open(self, devices: set[str]) -> bool:
        """Whether an incident is open behind any of these devices."""
        return any(i.stage != "over" and i.device in devices for i in self.incidents)

    def hear(self, event: Event, before: Snapshot) -> None:
        """Take note."""
        now_s, said = self.room.agenda.now_s, event.payload
        self._seeking.hear(event, now_s)
        if event.kind == "tripped" and event.source == SOURCE:
            device, stood, _ = overdue(self.room, event, before, self._stood)
            self._open(device, now_s, is_heard=True, stood=stood)
        elif event.kind == "tripped":
            if self._stood is None or now_s - self._tripped_s > SEQUENCE_S:
                self._stood = before
            self._tripped_s = now_s
            if said.get("locked_out"):
                self._open(str(said["device"]).lower(), now_s + FLAGS_S, is_heard=True)
        elif event.kind == "fault_indicated":
            self._flags[str(said["device"]).lower()] = now_s
        elif event.kind in ("meter_gasped", "customer_called", "meter_returned"):
            self._reported.hear(event, now_s)
        elif event.kind == "crew_said" and event.source != SOURCE:
            self._listen(str(said["crew"]), str(said["job"]), str(said["text"]))
        elif event.kind == "repaired" and event.source != SOURCE:
            self._mended(str(event.payload["element"]).lower())

    def due_s(self) -> float:
        """When it looks at its board again [s]."""
        now_s = self.room.agenda.now_s
        waits = [i.due_s for i in self.incidents if i.stage in ("wait", "close")]
        waits += [self._reported.due_s(), self._seeking.due_s()]
        # Who waits for a crew is asked once a look: a crew may have come free.
        if self._told_s < now_s and self._unsent():
            waits.append(now_s)
        return max(min(waits, default=math.inf), now_s)

    def act(self) -> None:
        """Look for places, and send crews."""
        now_s = self.room.agenda.now_s
        if self._reported.due_s() <= now_s:
            for device, customers in self._reported.places().items():
                self._open(device, now_s, is_heard=False, reported=customers)
        if self._seeking.due_s() <= now_s:
            self._seek()
        for incident in self.incidents:
            if incident.stage == "wait" and incident.due_s <= now_s:
                self._patrol(incident)
            elif incident.stage == "close" and incident.due_s <= now_s:
                self._close_by_hand(incident)
        idle = any(self.crewing.state(crew) is State.IDLE for crew in self.crewing.names)
        unsent = [self._weighed(i, job) for i, job in self._unsent()] if idle else []
        for crew, job in self.crewing.choose(unsent) if unsent else ():
            self.crewing.assign(crew, job)
        self._told_s = now_s

    def _unsent(self) -> list[tuple[Incident, Job]]:
        """Jobs that wait for a crew, each with an incident that waits for it."""
        jobs = {
            n: (i, job) for i in self.incidents if i.stage == "field" for n, job in i.jobs.items()
        }
        return [jobs[name] for name in jobs if not self.crewing.crews.skills_at(name)]

    def _weighed(self, incident: Incident, job: Job) -> Job:
        """The same job with those who wait for it now, by the positions that are known: who was
        out as it was given may be fed from elsewhere since."""
        if not (incident.is_heard or incident.sought):
            return job
        topology, stood = self.room.kernel.bench.site.topology, self.room.kernel.situation.snapshot
        if stood is not self._weighed_at:
            self._weighed_at, self._weights = stood, {}
        if job.name not in self._weights:
            live = topology.energised(stood)
            back = dark_around(topology, live, *job.elements) | live
            out = topology.supplied(back) & ~topology.supplied(live)
            self._weights[job.name] = int(customer_counts(self.room.kernel.grid)[out].sum())
        return replace(job, customers=self._weights[job.name])

    def _open(
        self, device: str, due_s: float, *, is_heard: bool, reported: int = 0,
        stood: Snapshot | None = None,
    ) -> None:  # fmt: skip
        if any(i.device == device and i.stage != "over" for i in self.incidents):
            return
        before = Snapshot.normal(self.room.kernel.grid)
        before = stood or (self._stood if is_heard else None) or before
        self.incidents.append(Incident(device, due_s, is_heard, before, reported=reported))

    def _seek(self) -> None:
        """Somebody looks at each section that is kept dead as suspected."""
        kernel, now_s = self.room.kernel, self.room.agenda.now_s
        topology, stood = kernel.bench.site.topology, kernel.situation.snapshot
        for device, elements in self._seeking.unsought(
            topology, stood, self.incidents, self.equipped, now_s
        ):
            self.incidents.append(Incident(device, now_s, True, stood, sought=elements))

    def _patrol(self, incident: Incident) -> None:
        """A patrol of the sections that may hold the damage."""
        if incident.sought:
            return self._walk(incident, incident.sought)
        topology = self.room.kernel.bench.site.topology
        flagged = [k for k, at in self._flags.items() if at >= incident.due_s - 600]
        likely = suspects(
            topology, incident.before, tripped=incident.device,
            equipped=self.equipped, flagged=flagged,
        )  # fmt: skip
        behind = suspects(topology, incident.before, tripped=incident.device)
        return self._walk(
            incident, *([e for s in way for e in s.elements] for way in (likely, behind))
        )

    def _walk(self, incident: Incident, *ways: Sequence[str]) -> None:
        """The first of some ways that was not walked yet, as far as one patrol goes."""
        left = ([e for e in way if e not in incident.patrolled] for way in ways)
        elements = next((way for way in left if way), [])[:PATROLLED_MOST]
        if elements:
            incident.give(self._job(JobKind.PATROL, incident, *elements))
        elif incident.jobs:
            return
        elif incident.patrolled:
            self._close(incident)
        else:
            self._over(incident)

    def _job(self, kind: JobKind, incident: Incident, *elements: str) -> Job:
        self._jobs += 1
        name = f"{kind.value} {self._jobs} behind {incident.device}"
        return self.crewing.job(
            name, kind, *elements, customers=incident.reported, storm=self.storm()
        )

    def _listen(self, crew: str, job: str, text: str) -> None:
        """What a patrol found, or that a repair found nothing. A patrol also looks at the device,
        where that says nothing itself: the interlock judges by where devices stand."""
        element = text.partition(":")[0].lower()
        for incident in [i for i in self.incidents if i.stage == "field" and job in i.jobs]:
            known = incident.jobs[job]
            if known.kind is JobKind.REPAIR:
                if text.endswith("nothing to mend here"):
                    self._mended(element)
                continue
            if text != NOTHING and element not in known.elements:
                continue
            if incident.device and not self.room.reports(incident.device):
                self.crewing.look_at(crew, incident.device)
            del incident.jobs[job]
            if text == NOTHING:
                self._walked(incident, known.elements, "a patrol found nothing there")
                if not incident.jobs:
                    # Further along, or, where all was seen, what tripped is closed.
                    incident.stage, incident.due_s = "wait", self.room.agenda.now_s
                elif self._may_be_more(incident):
                    self._patrol(incident)
            else:
                self._found(incident, known, element)

    def _found(self, incident: Incident, patrol: Job, element: str) -> None:
        """A patrol has found damage: it is mended, and in a storm the rest of the way walked."""
        there = patrol.elements.index(element)
        rest = patrol.elements[there + 1 :] if self._may_be_more(incident) else ()
        self._walked(incident, [e for e in patrol.elements if e not in (element, *rest)],
                     f"it is on {element}")  # fmt: skip
        incident.patrolled.add(element)
        kernel, by = self.room.kernel, self.room.operator
        kernel.say("fault_suspected", by, element=element, behind=incident.device)
        # One crew mends an element, whoever waits for it: else what the first of two says
        # once it is done makes the line live on which the other works.
        known = next((job for i in self.incidents if (job := i.mending(element))), None)
        incident.found.append(element)
        incident.give(known or self._job(JobKind.REPAIR, incident, element))
        if rest:
            incident.give(self._job(JobKind.PATROL, incident, *rest))

    def _may_be_more(self, incident: Incident) -> bool:
        """In a storm, and where what was mended there before was not all."""
        before = (i for i in self.incidents if i.stage == "over" and i.patrolled)
        return self.storm() or any(i.device == incident.device for i in before)

    def _walked(self, incident: Incident, elements: Iterable[str], why: str) -> None:
        incident.patrolled |= set(elements)
        self._clear(set(elements), why)

    def _clear(self, elements: set[str], why: str) -> None:
        """A section was suspected for one of these, and the damage is elsewhere."""
        kernel = self.room.kernel
        mending = {e for i in self.incidents for e in i.found}
        for element in sorted(kernel.situation.faults & (elements - mending)):
            kernel.say("repaired", self.room.operator, element=element, why=why)

    def _mended(self, element: str) -> None:
        for incident in self.incidents:
            if incident.mended(element):
                self._close(incident)

    def _close(self, incident: Incident) -> None:
        """Bring back what the device fed, and look whether all is back."""
        self._reported.clear()
        if incident.is_heard or self.room.reports(incident.device):
            incident.stage = "over"
            self.back()
        else:
            incident.stage, incident.due_s = "close", self.room.agenda.now_s

    def _close_by_hand(self, incident: Incident) -> None:
        """As a command like any other; where it is refused, once more later."""
        step = Step(Action.CLOSE, incident.device, "its fault is mended")
        answer = self.room.command(step)
        incident.tries += 1
        incident.due_s = self.room.agenda.now_s + AGAIN_S
        if not answer.refusals or incident.tries >= TRIES_MOST:
            incident.stage = "over"

    def _over(self, incident: Incident) -> None:
        incident.stage = "over"
        why = "nothing of the model lies behind it"
        self.room.kernel.say("plan_stopped", self.room.operator, device=incident.device, why=why)
