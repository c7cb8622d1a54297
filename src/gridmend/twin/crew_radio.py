"""What crews say by voice radio: events of the vocabulary, without the truth."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from gridmend.model.deed import subject
from gridmend.model.event import Event
from gridmend.model.plan import Step
from gridmend.twin.people.crew import Job, JobKind
from gridmend.twin.people.crews import Crews
from gridmend.twin.people.duty import CrewEvent
from gridmend.twin.people.estimates import Estimates, Stage, estimate
from gridmend.twin.streams import Streams
from gridmend.twin.telecontrol import Telecontrol
from gridmend.twin.told import SOURCE, Told

_TEXTS = {
    "on_duty": "is on duty", "done": "is done", "recalled": "is recalled", "home": "is at base",
    "off_duty": "is off duty",
}  # fmt: skip


@dataclass(eq=False)
class CrewRadio:
    """Makes events of what crews do and has the control room hear them at once.

    Their cause is the crew that speaks (`crew north`). A time is given when the first crew is
    sent to a job, when one is there and has to wait, and when the work begins.
    """

    telecontrol: Telecontrol
    crews: Crews
    estimates: Estimates
    streams: Streams
    _told: Told = field(init=False)
    _waits: set[str] = field(default_factory=set[str])
    """Crews that have given a time since they are where they wait."""

    def __post_init__(self) -> None:
        field_ = self.telecontrol
        self._told = Told(field_.plant.world.grid, field_.points, field_.start_utc)

    def say(self, crew: str, job: str, text: str) -> None:
        """A crew says something now."""
        self._hear(crew, "crew_said", {"crew": crew, "job": job, "text": text})

    def tell(self, event: CrewEvent, job: Job | None, found: str = "") -> None:
        """What a crew did; `found` is what it says of that where a patrol ends."""
        text, place = _TEXTS.get(event.kind, event.text), ""
        where = job.elements[0] if job else "base"
        if event.kind == "left":
            text = place = f"on the way to {where}"
        elif event.kind == "recalled":
            place = "on the road"
        elif event.kind == "home":
            place = where
        elif event.kind == "arrived":
            text, place = f"is at {where}", where
        elif event.kind == "waiting":
            text = f"waits: {'leave' if event.text == 'permission' else event.text}"
        elif event.kind == "began" and job:
            text = f"begins: {job.kind.value} {where}"
        elif event.kind == "found":
            text = found
        elif event.kind == "stood_down":
            text = f"goes: {event.text or 'its hours end'}"
        if place:
            self._hear(event.crew, "crew_at", {"crew": event.crew, "place": place}, event.time_s)
        said = {"crew": event.crew, "job": event.job, "text": text}
        self._hear(event.crew, "crew_said", said, event.time_s)
        if event.kind == "left":
            self._waits.discard(event.crew)
        elif job and event.kind == "waiting" and event.crew not in self._waits:
            self._waits.add(event.crew)
            self.estimate(event.crew, job, Stage.ARRIVED)
        elif job and event.kind == "began":
            is_patrol = job.kind is JobKind.PATROL
            self.estimate(event.crew, job, Stage.ARRIVED if is_patrol else Stage.PATROLLED)

    def estimate(self, crew: str, job: Job, stage: Stage) -> None:
        """A crew says when it expects to be done, where it is not done already."""
        start_utc, now_s = self.telecontrol.start_utc, self.telecontrol.plant.now_s
        end_s = self.crews.end_s(job.name)
        if not (math.isfinite(end_s) and end_s > now_s):
            return
        given = estimate(
            job.name, stage, now_s=now_s, end_s=end_s, storm=job.storm,
            settings=self.estimates, streams=self.streams,
        )  # fmt: skip
        end_utc = (start_utc + timedelta(seconds=given.end_s)).isoformat()
        said = {"job": job.name, "end_utc": end_utc, "stage": stage.value}
        self._hear(crew, "time_estimated", said)

    def repaired(self, crew: str, element: str, cause: str) -> None:
        """A crew has mended all damage on an element, and says what had done it."""
        self._hear(crew, "repaired", {"element": element, "cause": cause})

    def stands(self, crew: str, step: Step) -> None:
        """A crew says where a device stands that it has operated."""
        world = self.telecontrol.plant.world
        now_s, cause = self.telecontrol.plant.now_s, f"crew {crew}"
        key = subject(world.grid, step)
        self.telecontrol.hear(self._told.done(step, key, world.snapshot, now_s, cause))

    def unlocked(self, crew: str, key: str) -> None:
        """A crew has taken a lock-out away."""
        now_s = self.telecontrol.plant.now_s
        self.telecontrol.hear(self._told.unlocked(key, now_s, f"crew {crew}"))

    def _hear(
        self, crew: str, kind: str, payload: dict[str, Any], time_s: float | None = None
    ) -> None:
        time_s = self.telecontrol.plant.now_s if time_s is None else time_s
        time_utc = self.telecontrol.start_utc + timedelta(seconds=time_s)
        self.telecontrol.hear(Event(time_utc, SOURCE, f"crew {crew}", kind, payload))
