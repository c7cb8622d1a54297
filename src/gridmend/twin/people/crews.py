"""Crews on a run: they travel, wait, patrol, work and rest; a state machine on a virtual clock."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gridmend.model.errors import GridError, nearest
from gridmend.twin.people.board import Board
from gridmend.twin.people.crew import Bounds, Crew, Job, check
from gridmend.twin.people.duty import AWAY, CrewEvent, Duty, State, Work
from gridmend.twin.people.site import Site
from gridmend.twin.people.work import Pace
from gridmend.twin.streams import Streams


class Crews:
    """All crews of a run, changed in place.

    `assign` gives a crew a job, `permit` the leave to begin it, `act` does what is due up to a
    time and tells it. A crew has one job at a time. Several may be at one job, which is under way
    while they together have its skills and it has leave; more crews make it no quicker. Work that
    is under way goes on after the shift's end, until the crew must leave so as to be home within
    its hours; what is left then is kept for who comes next. Raises `GridError` at set-up for
    whatever `check` calls an error. `site` is what they meet where a job is; without one, what the
    job says.
    """

    def __init__(
        self,
        crews: Sequence[Crew],
        pace: Pace,
        streams: Streams,
        *,
        bounds: Bounds | None = None,
        site: Site | None = None,
    ) -> None:
        for finding in check(crews, bounds=bounds):
            if finding.severity == "error":
                raise GridError(finding.what, where=finding.where, mend=finding.mend)
        self._board = Board(crews, pace, streams, site)

    @property
    def names(self) -> tuple[str, ...]:
        """The crews, in the order in which they were given."""
        return tuple(self._board.duties)

    def assign(self, crew: str, job: Job, now_s: float) -> None:
        """Send a crew to a job. Raises `GridError` where it cannot go, with the reason."""
        self._board.run_to(now_s)
        why = self.unable(crew, job)
        if why:
            raise GridError(
                f"crew '{crew}' cannot take the job '{job.name}': {why}",
                mend="ask `unable` first, or send another crew",
            )
        self._board.send(self._duty(crew), job)

    def unable(self, crew: str, job: Job) -> str:
        """Why a crew cannot take a job now; empty where it can."""
        board, duty, work = self._board, self._duty(crew), self._board.works.get(job.name)
        if work is not None and work.job != job:
            return "another job has that name"
        if work is not None and work.done_us is not None:
            return "it is done"
        if duty.state is not State.IDLE:
            return f"the crew is {duty.state}" + (f" for '{duty.job}'" if duty.job else "")
        if not set(duty.crew.skills) & set(job.skills):
            return f"the crew has none of the skills {', '.join(job.skills)}"
        for other in board.duties.values():
            shares = other is not duty and other.crew.truck == duty.crew.truck
            if shares and other.state not in AWAY:
                return f"truck '{duty.crew.truck}' is out with crew '{other.crew.name}'"
        if board.now_us + sum(board.there_and_back_us(duty, job)) > duty.limit_us:
            return "the crew would not be home within its hours"
        return ""

    def permit(self, job: str, now_s: float, *, given: bool = True) -> None:
        """Give leave to work on a job that somebody was sent to, or withdraw it."""
        self._board.run_to(now_s)
        work = self._work(job)
        if work.done_us is None and work.permitted is not given:
            work.permitted = given
            self._board.settle(work)

    def look_again(self, job: str, now_s: float) -> None:
        """What hinders a job may be another than before: those who are there begin or stop."""
        self._board.run_to(now_s)
        work = self._work(job)
        if work.done_us is None:
            self._board.settle(work)

    def recall(self, crew: str, now_s: float) -> None:
        """Take a crew off its job: it is idle where it is, and the job keeps what is left."""
        board = self._board
        board.run_to(now_s)
        duty = self._duty(crew)
        if not duty.job:
            raise GridError(f"crew '{crew}' has no job", mend="recall a crew that has one")
        if duty.state is State.TRAVELLING:
            duty.at_m = self._on_the_way(duty)
        board.tell(duty, "recalled")
        board.leave(duty)
        board.idle(duty)

    def due_s(self) -> float:
        """When something is due next [s]; inf where there is no crew."""
        if self._board.events:
            return self._board.events[0].time_s
        due_us = self._board.due_us()
        return math.inf if due_us is None else due_us / 1e6

    def act(self, now_s: float) -> tuple[CrewEvent, ...]:
        """Do what is due up to now; all events that were not given yet, in order of time."""
        self._board.run_to(now_s)
        events, self._board.events = tuple(self._board.events), []
        return events

    def catch_up(self, now_s: float) -> None:
        """Do what is due up to now; `act` tells it later."""
        self._board.run_to(now_s)

    def state(self, crew: str) -> State:
        """What a crew does now."""
        return self._duty(crew).state

    def job(self, crew: str) -> str:
        """The job that a crew travels to or is at; empty without one."""
        return self._duty(crew).job

    def at(self, crew: str) -> tuple[float, float]:
        """Where a crew is [m]; on the road, along the straight line between the two places."""
        duty = self._duty(crew)
        return self._on_the_way(duty) if duty.state is State.TRAVELLING else duty.at_m

    def travel_s(self, crew: str, job: Job) -> float:
        """How long a crew would travel to a job from where it last stood [s]."""
        return self._board.there_and_back_us(self._duty(crew), job)[0] / 1e6

    def spent_us(self, crew: str) -> dict[State, int]:
        """Microseconds in each state since the start; they add up to the time that has passed."""
        duty = self._duty(crew)
        spent = dict(duty.spent_us)
        spent[duty.state] += self._board.now_us - duty.since_us
        return spent

    def skills(self, crew: str) -> tuple[str, ...]:
        """What a crew knows to do."""
        return self._duty(crew).crew.skills

    def present(self, job: str) -> tuple[str, ...]:
        """The crews that are at a job's place, in the order in which they came."""
        return tuple(self._work(job).present)

    def skills_at(self, job: str) -> frozenset[str]:
        """The skills of all crews that are at a job or on the way to it."""
        at = (duty.crew.skills for duty in self._board.duties.values() if duty.job == job)
        return frozenset(skill for skills in at for skill in skills)

    def left_s(self, job: str) -> float:
        """How much of a job is left [s]: the truth."""
        return self._work(job).left_at_us(self._board.now_us) / 1e6

    def done(self, job: str) -> bool:
        """Whether a job is done; False also where nobody was sent to it yet."""
        work = self._board.works.get(job)
        return work is not None and work.done_us is not None

    def end_s(self, job: str) -> float:
        """When a job ends, as it stands: the truth [s].

        It counts those who are there or on their way, with leave from when they are there, and
        nobody called away; inf while there is nobody.
        """
        work = self._work(job)
        if work.done_us is not None:
            return work.done_us / 1e6
        due_us = work.due_us()
        if due_us is not None:
            return due_us / 1e6
        coming = [duty.until_us for duty in self._board.duties.values() if duty.job == job
                  and duty.state is State.TRAVELLING]  # fmt: skip
        if not (coming or work.present):
            return math.inf
        return (max(coming, default=self._board.now_us) + work.left_us) / 1e6

    def _on_the_way(self, duty: Duty) -> tuple[float, float]:
        whole_us = duty.until_us - duty.since_us
        share = (self._board.now_us - duty.since_us) / whole_us if whole_us else 1.0
        job = self._board.works[duty.job].job if duty.job else duty.crew
        (x0_m, y0_m), x1_m, y1_m = duty.left_m, job.x_m, job.y_m
        return x0_m + share * (x1_m - x0_m), y0_m + share * (y1_m - y0_m)

    def _duty(self, crew: str) -> Duty:
        if crew not in self._board.duties:
            raise GridError(f"no crew '{crew}'", mend=nearest(crew, self._board.duties))
        return self._board.duties[crew]

    def _work(self, job: str) -> Work:
        if job not in self._board.works:
            mend = nearest(job, self._board.works) or "assign a crew to it first"
            raise GridError(f"nobody was sent to a job '{job}'", mend=mend)
        return self._board.works[job]
