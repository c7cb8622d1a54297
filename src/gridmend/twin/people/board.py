"""The board of crews: who does what, and what is due; driven by `Crews`."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gridmend.model.errors import GridError, GridmendError
from gridmend.twin.people.crew import Crew, Job, JobKind
from gridmend.twin.people.duty import HOUR_US, CrewEvent, Duty, State, Work
from gridmend.twin.people.site import AsSaid, Site
from gridmend.twin.people.work import Pace, travel_s
from gridmend.twin.streams import Streams

JOBS_MOST = 1_000_000
"""Jobs of one run."""
TURNS_MOST = 10_000_000
"""Things done in one run; more is an error of whoever asks for a time without end."""

Place = tuple[float, float]


class Board:
    """Duties of crews and work on jobs, changed in place; times are whole microseconds."""

    def __init__(
        self, crews: Sequence[Crew], pace: Pace, streams: Streams, site: Site | None = None
    ) -> None:
        self.pace = pace
        self.site = site or AsSaid(pace, streams)
        self.duties = {crew.name: Duty(crew, at_m=(crew.x_m, crew.y_m)) for crew in crews}
        self.works: dict[str, Work] = {}
        self.running: dict[str, Work] = {}
        self.events: list[CrewEvent] = []
        self.now_us = 0
        self._turns = 0
        self._clock_us = round(pace.clock_h * HOUR_US)
        for duty in self.duties.values():
            start_us, _ = duty.next_shift_us(0, self._clock_us)
            if start_us <= 0:
                # Hours before the run began count as hours of duty, too.
                self._on_duty(duty, start_us)
            else:
                duty.until_us = start_us

    def run_to(self, now_s: float) -> None:
        """Do all that is due up to a time; then it is that time."""
        if not (math.isfinite(now_s) and round(now_s * 1e6) >= self.now_us):
            raise GridError(
                f"crews at {now_s} s are asked for, and it is {self.now_us / 1e6:g} s",
                mend="give times that do not go back",
            )
        now_us = round(now_s * 1e6)
        while self.duties:
            due_us, what = self._next()
            if due_us > now_us:
                break
            self._turns += 1
            if self._turns > TURNS_MOST:
                raise GridmendError(f"crews of one run did more than {TURNS_MOST:,} things")
            self.now_us = due_us
            if isinstance(what, Work):
                self._finish(what)
            else:
                self._step(what)
        self.now_us = now_us

    def due_us(self) -> int | None:
        """When something is due next; None where there is no crew."""
        return self._next()[0] if self.duties else None

    def way_us(self, duty: Duty, *, start: Place, end: Place, storm: bool) -> int:
        """How long a crew travels between two places."""
        return round(1e6 * travel_s(duty.crew, self.pace, start=start, end=end, storm=storm))

    def there_and_back_us(self, duty: Duty, job: Job) -> tuple[int, int]:
        """How long a crew travels to a job from where it is, and from there to its base."""
        place, base = (job.x_m, job.y_m), (duty.crew.x_m, duty.crew.y_m)
        there_us = self.way_us(duty, start=duty.at_m, end=place, storm=job.storm)
        return there_us, self.way_us(duty, start=place, end=base, storm=job.storm)

    def send(self, duty: Duty, job: Job) -> None:
        """A crew leaves for a job."""
        if job.name not in self.works:
            if len(self.works) >= JOBS_MOST:
                raise GridmendError(f"one run asked for more than {JOBS_MOST:,} jobs")
            left_us = round(self.site.work_s(job, is_there=False) * 1e6)
            self.works[job.name] = Work(job, left_us, permitted=not job.permit)
        duty.job, duty.storm, duty.left_m = job.name, job.storm, duty.at_m
        duty.until_us = self.now_us + self.there_and_back_us(duty, job)[0]
        duty.turn(State.TRAVELLING, self.now_us)
        self.tell(duty, "left")

    def settle(self, work: Work, *, arrived: str = "") -> None:
        """Whether a job is under way now, and what that makes of the crews at it."""
        work.left_us = work.left_at_us(self.now_us)
        job = work.job
        skills = {skill for name in work.present for skill in self.duties[name].crew.skills}
        missing = sorted(set(job.skills) - skills)
        why = "permission" if not work.permitted else ", ".join(missing)
        if work.present and not why:
            why = self.site.hinders(job)
        under_way = bool(work.present) and not why
        if under_way and not work.begun:
            work.begun, work.left_us = True, round(self.site.work_s(job, is_there=True) * 1e6)
        work.running_us = self.now_us if under_way else None
        is_new, work.why = why != work.why, why
        if under_way:
            self.running[job.name] = work
        else:
            self.running.pop(job.name, None)
        busy = State.PATROLLING if job.kind is JobKind.PATROL else State.WORKING
        for name in work.present:
            duty = self.duties[name]
            state = busy if under_way else State.WAITING
            if duty.state is not state or name == arrived or (is_new and why):
                duty.turn(state, self.now_us)
                self.tell(duty, "began" if under_way else "waiting", text=why)

    def leave(self, duty: Duty) -> None:
        """A crew has its job no more; the others at it go on if they can."""
        work = self.works[duty.job]
        duty.job = ""
        if duty.crew.name in work.present:
            work.present.remove(duty.crew.name)
            self.settle(work)

    def idle(self, duty: Duty) -> None:
        """A crew has nothing to do where it is."""
        duty.turn(State.IDLE, self.now_us)
        self._reckon_home(duty)

    def tell(self, duty: Duty, kind: str, *, text: str = "") -> None:
        """Add to the events."""
        work = self.works.get(duty.job)
        left_s = work.left_at_us(self.now_us) / 1e6 if work else 0.0
        time_s, (x_m, y_m) = self.now_us / 1e6, duty.at_m
        event = CrewEvent(time_s, duty.crew.name, kind, duty.job, x_m, y_m, text, left_s)
        self.events.append(event)

    def _next(self) -> tuple[int, Work | Duty]:
        """What is due first; at one instant work is done before anyone is called away."""
        found: tuple[int, Work | Duty] | None = None
        for work in self.running.values():
            due_us = work.due_us()
            if due_us is not None and (found is None or due_us < found[0]):
                found = due_us, work
        for duty in self.duties.values():
            due_us = duty.due_us()
            if found is None or due_us < found[0]:
                found = due_us, duty
        assert found is not None
        return found

    def _step(self, duty: Duty) -> None:
        if duty.state is State.OFF:
            self._on_duty(duty, self.now_us)
        elif duty.state is State.RESTING:
            start_us, _ = duty.next_shift_us(self.now_us, self._clock_us)
            if start_us <= self.now_us:
                self._on_duty(duty, self.now_us)
            else:
                duty.until_us = start_us
                duty.turn(State.OFF, self.now_us)
        elif duty.state is State.TRAVELLING:
            self._arrive(duty)
        else:
            if duty.job:
                self.tell(duty, "stood_down")
                self.leave(duty)
            self._go_home(duty)

    def _on_duty(self, duty: Duty, start_us: int) -> None:
        _, duty.shift_end_us = duty.next_shift_us(self.now_us, self._clock_us)
        duty.limit_us = start_us + round(duty.crew.hours_most * HOUR_US)
        duty.home_us = 0
        duty.turn(State.IDLE, self.now_us)
        self.tell(duty, "on_duty")

    def _go_home(self, duty: Duty) -> None:
        duty.left_m, duty.until_us = duty.at_m, self.now_us + duty.home_us
        duty.turn(State.TRAVELLING, self.now_us)
        if duty.home_us:
            self.tell(duty, "left")

    def _arrive(self, duty: Duty) -> None:
        if not duty.job:
            duty.at_m = (duty.crew.x_m, duty.crew.y_m)
            duty.until_us = self.now_us + round(duty.crew.rest_h * HOUR_US)
            duty.turn(State.RESTING, self.now_us)
            self.tell(duty, "home")
            return
        work = self.works[duty.job]
        duty.at_m = (work.job.x_m, work.job.y_m)
        self._reckon_home(duty)
        self.tell(duty, "arrived")
        if work.done_us is not None:
            self.tell(duty, "stood_down", text="it is done already")
            duty.job = ""
            self.idle(duty)
            return
        work.present.append(duty.crew.name)
        self.settle(work, arrived=duty.crew.name)

    def _finish(self, work: Work) -> None:
        job, present = work.job, list(work.present)
        work.left_us, work.running_us, work.done_us = 0, None, self.now_us
        work.present.clear()
        del self.running[job.name]
        for name in present:
            duty = self.duties[name]
            if job.kind is JobKind.PATROL:
                found = job.fault_at_m is not None
                self.tell(duty, "found", text=f"at {job.fault_at_m:g} m" if found else "nothing")
            self.tell(duty, "done")
            duty.job = ""
            self.idle(duty)

    def _reckon_home(self, duty: Duty) -> None:
        base = (duty.crew.x_m, duty.crew.y_m)
        home_us = self.way_us(duty, start=duty.at_m, end=base, storm=duty.storm)
        # A crew that is called off on its way may find one microsecond too few by rounding.
        duty.home_us = max(0, min(home_us, duty.limit_us - self.now_us))
