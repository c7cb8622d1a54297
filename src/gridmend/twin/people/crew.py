"""Crews and jobs: who works where, when and with which skills; and what is wrong with that."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from gridmend.model.errors import Finding, GridError
from gridmend.model.plan import Step

SKILLS = ("line", "tree", "substation", "patrol")
"""What a crew may know to do."""
Bounds = tuple[float, float, float, float]
"""A map's corners [m]: least x, least y, largest x, largest y."""


@dataclass(frozen=True, slots=True)
class Crew:
    """A crew in one truck. It is taken as it is given; `check` says what is wrong with it.

    The base is on the map [m]. The shift is daily, in hours of the day; one that goes past
    midnight ends beyond 24 (22 to 30). `hours_most` are hours on duty, overtime and the drive
    home among them, and `rest_h` hours of rest after each: 16 and 8 are assumed.
    """

    name: str
    truck: str
    skills: tuple[str, ...] = ("line", "patrol")
    x_m: float = 0.0
    y_m: float = 0.0
    shift_start_h: float = 7.0
    shift_end_h: float = 15.0
    rest_h: float = 8.0
    hours_most: float = 16.0
    speed_kmh: float = 40.0
    """On roads, in fair weather. Assumed."""


class JobKind(StrEnum):
    """What there is to do."""

    PATROL = "patrol"
    SWITCH = "switch"
    ISOLATE = "isolate"
    GROUND = "ground"
    REPAIR = "repair"
    RESET = "reset"
    """Take a lock-out away at its device."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do at a place of the map [m], under a name of its own.

    It takes crews who together have all of `skills`. A patrol goes along `length_m` and ends
    at the fault, `fault_at_m` from its beginning (truth; None where there is none). A job that
    needs leave (`permit`) waits for it. In a storm roads are slow and repairs long. `priority` is
    1 for the most urgent up to 9; `needed_by_s` is when a critical customer's own supply ends.
    Raises `GridError` for what cannot be.
    """

    name: str
    kind: JobKind
    x_m: float
    y_m: float
    skills: tuple[str, ...] = ("line",)
    asset: str = "line"
    cause: str = "unknown"
    length_m: float = 0.0
    fault_at_m: float | None = None
    on_foot: bool = False
    permit: bool = False
    storm: bool = False
    customers: int = 0
    priority: int = 9
    needed_by_s: float = math.inf
    elements: tuple[str, ...] = ()
    """What it is about, for a patrol in the order of its way."""
    step: Step | None = None
    """What is done by hand, once the work is."""

    def __post_init__(self) -> None:
        unknown = sorted(set(self.skills) - set(SKILLS))
        if unknown or not self.skills:
            said = f"needs the unknown skill {', '.join(unknown)}" if unknown else "needs no skill"
            raise GridError(
                f"the job '{self.name}' {said}", mend=f"give some of {', '.join(SKILLS)}"
            )
        lengths = (self.length_m, self.fault_at_m or 0.0)
        if not all(math.isfinite(v) for v in (self.x_m, self.y_m, *lengths)) or min(lengths) < 0:
            raise GridError(
                f"the job '{self.name}' has a place or a length that is none",
                mend="give finite numbers, and lengths of 0 or more",
            )
        if self.fault_at_m is not None and self.fault_at_m > self.length_m:
            raise GridError(
                f"the job '{self.name}' has its fault at {self.fault_at_m:g} m, beyond its end",
                mend="give a place on the section",
            )
        if not 1 <= self.priority <= 9 or self.customers < 0 or math.isnan(self.needed_by_s):
            raise GridError(
                f"the job '{self.name}' has an impossible priority, time or number of customers",
                mend="give a priority from 1 to 9, a time, and customers of 0 or more",
            )


def check(crews: Sequence[Crew], *, bounds: Bounds | None = None) -> tuple[Finding, ...]:
    """What is wrong with crews, each with its place and how to mend it; an error forbids a run.

    `bounds` is the map on which bases must lie. Two crews of one truck may not have shifts that
    overlap; where one works overtime into the other's shift, the other waits for the truck.
    """
    found = [finding for crew in crews for finding in _of_one(crew, bounds)]
    names = [crew.name for crew in crews]
    for name in sorted({name for name in names if names.count(name) > 1}):
        found.append(_error(f"two crews are called '{name}'", name, "give each its own name"))
    for one, two in combinations(crews, 2):
        if one.truck == two.truck and _overlap(one, two):
            found.append(
                _error(
                    f"crews '{one.name}' and '{two.name}' are in truck '{one.truck}' at one time",
                    two.name,
                    "give one of them another truck, or shifts that do not overlap",
                )
            )
    return tuple(found)


def _of_one(crew: Crew, bounds: Bounds | None) -> Iterable[Finding]:
    start_h, end_h = crew.shift_start_h, crew.shift_end_h
    hours = (start_h, end_h, crew.rest_h, crew.hours_most)
    base = (crew.x_m, crew.y_m)
    if not (math.isfinite(crew.speed_kmh) and 0 < crew.speed_kmh <= 130):
        yield _error(f"speed of {crew.speed_kmh} km/h", crew.name, "give one above 0 and up to 130")
    for skill in sorted(set(crew.skills) - set(SKILLS)):
        yield _error(f"unknown skill '{skill}'", crew.name, f"give some of {', '.join(SKILLS)}")
    if not crew.skills:
        yield _error("no skill", crew.name, f"give some of {', '.join(SKILLS)}")
    if not all(math.isfinite(h) for h in hours) or not 0 <= start_h < 24:
        yield _error("a shift or hours that are none", crew.name, "let it start from 0 to 24")
    elif end_h <= start_h:
        yield _error(
            f"the shift ends at {end_h:g} h, before it starts at {start_h:g} h",
            crew.name,
            "give an end after the start, beyond 24 where it goes past midnight",
        )
    elif not (end_h - start_h <= crew.hours_most <= 24 and 0 <= crew.rest_h <= 24):
        yield _error(
            f"a shift of {end_h - start_h:g} h, at most {crew.hours_most:g} h of duty and "
            f"{crew.rest_h:g} h of rest",
            crew.name,
            "give hours of duty from the shift's length to 24, and rest from 0 to 24",
        )
    if not all(math.isfinite(v) for v in base) or (bounds and not _inside(base, bounds)):
        yield _error("a base that is off the map", crew.name, "place it within the bounds")


def _error(what: str, crew: str, mend: str) -> Finding:
    return Finding("error", what, f"crew {crew}", mend)


def _inside(at: tuple[float, float], bounds: Bounds) -> bool:
    return bounds[0] <= at[0] <= bounds[2] and bounds[1] <= at[1] <= bounds[3]


def _overlap(one: Crew, two: Crew) -> bool:
    """Whether two daily shifts share any moment."""
    return any(
        one.shift_start_h + day < two.shift_end_h and two.shift_start_h < one.shift_end_h + day
        for day in (-48.0, -24.0, 0.0, 24.0, 48.0)
    )
