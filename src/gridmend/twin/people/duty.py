"""A crew on a run: what it does, where it is, until when, and how long it did each."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from gridmend.twin.people.crew import Crew, Job

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US


class State(StrEnum):
    """What a crew does; its hours are divided among these."""

    OFF = "off"
    RESTING = "resting"
    IDLE = "idle"
    TRAVELLING = "travelling"
    WAITING = "waiting"
    PATROLLING = "patrolling"
    WORKING = "working"


AWAY = (State.OFF, State.RESTING)
"""States off duty."""
AT_JOB = (State.WAITING, State.PATROLLING, State.WORKING)
"""States at a job's place."""


@dataclass(frozen=True, slots=True)
class CrewEvent:
    """Something that a crew did, at a time and place.

    `kind` is on_duty, left, arrived, waiting, began, found, done, stood_down, recalled, home or
    off_duty. `left_s` is the work that is left where it is handed over, which is the truth; `text`
    says what it found or waits for.
    """

    time_s: float
    crew: str
    kind: str
    job: str
    x_m: float
    y_m: float
    text: str = ""
    left_s: float = 0.0


@dataclass(slots=True)
class Duty:
    """A crew's state, changed in place. Times are whole microseconds, so that hours add up."""

    crew: Crew
    state: State = State.OFF
    since_us: int = 0
    spent_us: dict[State, int] = field(default_factory=lambda: dict.fromkeys(State, 0))
    at_m: tuple[float, float] = (0.0, 0.0)
    left_m: tuple[float, float] = (0.0, 0.0)
    """Where it set off."""
    job: str = ""
    """What it travels to or is at; empty on the way home."""
    until_us: int = 0
    """When it arrives, has rested or comes on duty."""
    shift_end_us: int = 0
    limit_us: int = 0
    """When it must be at its base."""
    home_us: int = 0
    """How long it travels home from where it is."""
    storm: bool = False

    def turn(self, state: State, now_us: int) -> None:
        """Do something else from now on."""
        self.spent_us[self.state] += now_us - self.since_us
        self.state, self.since_us = state, now_us

    def due_us(self) -> int:
        """When it must do something by itself."""
        if self.state in (State.OFF, State.RESTING, State.TRAVELLING):
            return self.until_us
        leave_us = self.limit_us - self.home_us
        if self.state in (State.IDLE, State.WAITING):
            # Overtime is for work that is under way.
            leave_us = min(leave_us, self.shift_end_us)
        return max(leave_us, self.since_us)

    def next_shift_us(self, now_us: int, clock_us: int) -> tuple[int, int]:
        """Start and end of the shift that is on now, or else of the next one."""
        start_us = round(self.crew.shift_start_h * HOUR_US) - clock_us
        length_us = round((self.crew.shift_end_h - self.crew.shift_start_h) * HOUR_US)
        day = (now_us - start_us - length_us) // DAY_US + 1
        start_us += day * DAY_US
        return start_us, start_us + length_us


@dataclass(slots=True)
class Work:
    """A job's state, changed in place: how much is left, and who is at it."""

    job: Job
    left_us: int
    permitted: bool
    present: list[str] = field(default_factory=list[str])
    running_us: int | None = None
    """Since when it is under way; None while it is not."""
    done_us: int | None = None
    begun: bool = False
    """Whether it was ever under way."""
    why: str = ""
    """What keeps it from being under way."""

    def due_us(self) -> int | None:
        """When it is done if it stays as it is."""
        return None if self.running_us is None else self.running_us + self.left_us

    def left_at_us(self, now_us: int) -> int:
        """What is left at a time."""
        return self.left_us - (0 if self.running_us is None else now_us - self.running_us)
