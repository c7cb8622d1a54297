"""Crews at the plant: what they are sent to do is done there, and what they say is heard."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from gridmend.model.errors import Finding, GridError
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Outcome, OutcomeState, Step
from gridmend.twin.agenda import Due
from gridmend.twin.crew_radio import CrewRadio
from gridmend.twin.damage import DEAD_S, NEED_DEAD, Damage
from gridmend.twin.instants import Instants
from gridmend.twin.people.crew import Bounds, Crew, Job, JobKind, check
from gridmend.twin.people.crews import Crews
from gridmend.twin.people.dispatch import choose
from gridmend.twin.people.duty import CrewEvent, State
from gridmend.twin.people.estimates import Estimates, Stage
from gridmend.twin.people.work import Pace
from gridmend.twin.places import FEEDER_MOST_M, Places
from gridmend.twin.plant import Happened
from gridmend.twin.streams import Streams
from gridmend.twin.telecontrol import Telecontrol

LOOK_S = 1.0
"""How long a crew looks before it says where a device stands that takes a moment to move."""
BY_HAND_MOST = 10_000
"""Steps that wait for a crew; more is an error of whoever asks for them."""


def findings(
    grid: Grid,
    crews: Sequence[Crew],
    *,
    metres_per_unit: float | None = None,
    bounds: Bounds | None = None,
) -> tuple[Finding, ...]:
    """What is wrong with crews and with the map that they drive by, before a run."""
    places = Places.of(grid, metres_per_unit=metres_per_unit)
    far = [
        Finding(
            "warning",
            f"the base is {math.dist((crew.x_m, crew.y_m), places.middle_m) / 1000:,.0f} km from "
            "the middle of the map",
            f"crew {crew.name}",
            "give x_m and y_m in metres of the map",
        )
        for crew in crews
        if math.dist((crew.x_m, crew.y_m), places.middle_m) > FEEDER_MOST_M
    ]
    return (*check(crews, bounds=bounds), *far, *places.findings())


class Crewing:
    """Crews on the plant of a telecontrol. It goes on in place, with the plant's agenda.

    The control room sends crews to jobs, which it knows by element; what is there in truth, the
    crew finds out and says by voice radio (`Telecontrol.hear`). Work at conductors begins and goes
    on only while they are dead. Whoever makes them live while a crew works there hurts it: that
    is in `plant.happened`, and should never be.

    `pace` begins at the clock of the run's start unless given. Raises `GridError` for crews that
    `findings` calls an error.
    """

    def __init__(
        self,
        telecontrol: Telecontrol,
        crews: Sequence[Crew],
        estimates: Estimates,
        streams: Streams,
        *,
        pace: Pace | None = None,
        metres_per_unit: float | None = None,
    ) -> None:
        plant, start = telecontrol.plant, telecontrol.start_utc
        pace = pace or Pace(clock_h=start.hour + start.minute / 60)
        self.telecontrol = telecontrol
        self.places = Places.of(plant.world.grid, metres_per_unit=metres_per_unit)
        self.damage = Damage(plant, pace, streams)
        self.crews = Crews(crews, pace, streams, site=self.damage)
        """The truth: for the record of a run, not for a control room."""
        self.radio = CrewRadio(telecontrol, self.crews, estimates, streams)
        self._plant = plant
        self._jobs: dict[str, Job] = {}
        self._over: set[str] = set()
        self._at_conductors: dict[str, Job] = {}
        """Jobs that need dead conductors and are not done."""
        self._waiting: dict[str, Job] = {}
        self._hands = 0
        self._next: Due | None = None
        Instants(plant, self._see)
        self._go_on()

    @property
    def names(self) -> tuple[str, ...]:
        """The crews."""
        return self.crews.names

    def state(self, crew: str) -> State:
        """What a crew does now."""
        return self.crews.state(crew)

    def spent_us(self, crew: str) -> dict[State, int]:
        """Microseconds that a crew was in each state since the start; they add up to the time that
        has passed."""
        self.crews.catch_up(self._plant.now_s)
        return self.crews.spent_us(crew)

    def job(self, name: str, kind: JobKind, *elements: str, **more: Any) -> Job:
        """A job at the place of its first element, or of the device of its `step`; a patrol goes
        along the elements in their order. `more` as `Job` has it. Raises `GridError` for an element
        that is not there and for a job that is not whole."""
        step = more.get("step")
        asked = elements or ((step.device,) if isinstance(step, Step) else ())
        if not asked or (len(asked) > 1 and kind is not JobKind.PATROL):
            raise GridError(
                f"the job '{name}' is about {len(asked)} elements",
                mend="name one element, or those of a section to patrol",
            )
        if kind is JobKind.SWITCH and step is None:
            raise GridError(f"the job '{name}' has no step", mend="give step=Step(…)")
        keys = tuple(self.damage.key(element) for element in asked)
        more.setdefault("skills", ("patrol",) if kind is JobKind.PATROL else ("line",))
        x_m, y_m = self.places.at(keys[0])
        return Job(name, kind, x_m, y_m, elements=keys, **more)

    def assign(self, crew: str, job: Job) -> None:
        """Send a crew to a job that `job` made. Raises `GridError` where it cannot go."""
        if not job.elements:
            raise GridError(f"the job '{job.name}' is about nothing", mend="make it by `job`")
        is_first = not self.crews.skills_at(job.name)
        self.crews.assign(crew, job, self._plant.now_s)
        self._jobs[job.name] = job
        if job.kind in NEED_DEAD and not self.crews.done(job.name):
            self._at_conductors[job.name] = job
        if is_first:
            self.radio.estimate(crew, job, Stage.ASSIGNED)
        self._go_on()

    def unable(self, crew: str, job: Job) -> str:
        """Why a crew cannot take a job now; empty where it can."""
        self.crews.catch_up(self._plant.now_s)
        return self.crews.unable(crew, job)

    def choose(self, jobs: Iterable[Job]) -> tuple[tuple[str, Job], ...]:
        """Whom the plain rule of `people.dispatch` would send to which job now."""
        return choose(jobs, self.crews, self._plant.now_s)

    def recall(self, crew: str) -> None:
        """Take a crew off its job. Raises `GridError` where it has none."""
        self.crews.recall(crew, self._plant.now_s)
        self._go_on()

    def permit(self, job: str, *, given: bool = True) -> None:
        """Give leave to begin a job that needs it, or withdraw it."""
        self.crews.permit(job, self._plant.now_s, given=given)
        self._go_on()

    def look_at(self, crew: str, device: str) -> None:
        """A crew that is there says where a switch or source stands; `GridError` for no such."""
        self.radio.stands(crew, Step(Action.OPEN, device, "where it stands"))

    def step_of(self, job: str) -> Step | None:
        """What a job has a crew switch; None where it is about something else, or not known."""
        return self._jobs[job].step if job in self._jobs else None

    def call_off(self, job: str) -> None:
        """A job is not done any more; crews that are at it are idle where they are."""
        for crew in self.names:
            if self.crews.job(crew) == job:
                self.recall(crew)
        self._over.add(job)

    def by_hand(self, step: Step, *, permit: bool = False) -> None:
        """Have a crew carry out a step as soon as one is free: for `Telecontrol.by_hand`. With
        `permit` it asks for leave once it stands there: until then much may have changed."""
        asked = (step.action, step.device.lower())
        for job in (*self._jobs.values(), *self._waiting.values()):
            known = job.step if job.name not in self._over else None
            if known and asked == (known.action, known.device.lower()):
                return
        if len(self._waiting) >= BY_HAND_MOST:
            raise GridError(f"{BY_HAND_MOST:,} steps wait for a crew", mend="have more crews")
        self._hands += 1
        name = f"by hand {self._hands}"
        more: dict[str, Any] = {"customers": step.customers, "permit": permit}
        self._waiting[name] = self.job(name, JobKind.SWITCH, step=step, **more)
        self._go_on()

    def _go_on(self) -> None:
        """Do and tell what is due, and wait for the next."""
        now_s = self._plant.now_s
        self._send_waiting()
        for event in self.crews.act(now_s):
            self._tell(event)
        if self._next is not None:
            self._next.call_off()
        due_s = max(self.crews.due_s(), now_s)
        agenda = self._plant.agenda
        self._next = agenda.at(due_s, self._go_on) if math.isfinite(due_s) else None

    def _send_waiting(self) -> None:
        for crew, job in self.choose(self._waiting.values()) if self._waiting else ():
            self.crews.assign(crew, job, self._plant.now_s)
            self._jobs[job.name] = job
            if self._waiting.pop(job.name, None):
                self.radio.estimate(crew, job, Stage.ASSIGNED)

    def _see(self, now_s: float, flow: Flow) -> None:
        """The flow changes at those who work on conductors."""
        self.damage.see(now_s, flow)
        there = [job for job in self._at_conductors.values() if self.crews.present(job.name)]
        for job in there:
            live = [name for name in job.elements if self.damage.is_live(name, flow)]
            for crew in self.crews.present(job.name) if live else ():
                if self.state(crew) is State.WORKING:
                    said = {"crew": crew, "job": job.name, "element": live[0]}
                    self._plant.happened.append(Happened(now_s, "hurt", said))
        if there:
            # Later, as something may be under way at this instant.
            self._plant.agenda.at(self._plant.now_s, self._look_again)
            self._plant.agenda.after(DEAD_S, self._look_again)

    def _look_again(self) -> None:
        for name in self._at_conductors:
            self.crews.look_again(name, self._plant.now_s)
        self._go_on()

    def _tell(self, event: CrewEvent) -> None:
        crew, job = event.crew, self._jobs.get(event.job)
        if job and event.kind == "waiting":
            self._plant.agenda.after(DEAD_S, self._look_again)
        found = self.damage.said(job) if job and event.kind == "found" else ""
        self.radio.tell(event, job, found)
        if job and event.kind == "done" and job.name not in self._over:
            self._over.add(job.name)
            self._at_conductors.pop(job.name, None)
            if job.kind is JobKind.REPAIR:
                self._repair(job, crew)
            elif job.kind is JobKind.RESET:
                self._reset(job, crew)
            elif job.step is not None:
                self._operate(job, job.step, crew)

    def _repair(self, job: Job, crew: str) -> None:
        """What the crew met when it began is mended; nothing closes by itself."""
        element, standing = job.elements[0], self.damage.standing(job)
        causes = dict.fromkeys(str(self._plant.faults[number].cause) for number in standing)
        for number in standing:
            self._plant.repair(number)
        if not standing:
            self.radio.say(crew, job.name, f"{element}: nothing to mend here")
        elif self.damage.on(element):
            self.radio.say(crew, job.name, f"{element}: there is more damage")
        else:
            self.radio.repaired(crew, element, " and ".join(causes))

    def _reset(self, job: Job, crew: str) -> None:
        """The plant needs nothing for it: a command closes what has locked out, too."""
        key = self._plant.world.grid.key(job.elements[0])
        name = key.partition(".")[2] if key.startswith("source.") else key
        if any(guard.name.lower() == name for guard in self._plant.guards.devices):
            self.radio.unlocked(crew, key)
        else:
            self.radio.say(crew, job.name, f"{key}: nothing to reset here")

    def _operate(self, job: Job, step: Step, crew: str) -> None:
        """One step by hand; a fuse that has blown is closed by new links."""
        plant, switches = self._plant, self._plant.world.grid.switches
        row = switches.index.get(plant.world.grid.key(step.device))
        if row is not None and switches["kind"][row] == "fuse" and step.action is Action.CLOSE:
            plant.renew(step.device)
            outcome = Outcome(step, OutcomeState.CONFIRMED)
        else:
            outcome = plant.operate(step)
        if outcome.state is OutcomeState.FAILED:
            why = outcome.detail.splitlines()[0]
            self.radio.say(crew, job.name, f"could not {step.action} {step.device}: {why}")
        elif outcome.state is OutcomeState.CONFIRMED:
            self.radio.stands(crew, step)
        else:
            plant.agenda.after(LOOK_S, partial(self.radio.stands, crew, step))
