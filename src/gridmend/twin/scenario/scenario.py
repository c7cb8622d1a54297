"""A scenario: what a run of the twin is made of. Times are seconds from its start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from gridmend.twin.communications.links import Link
from gridmend.twin.communications.paths import Outage
from gridmend.twin.inverters.standard import Category
from gridmend.twin.people.crew import Crew
from gridmend.twin.people.customers import Critical
from gridmend.twin.people.estimates import Estimates
from gridmend.twin.people.habits import Habits
from gridmend.twin.people.work import Pace
from gridmend.twin.scenario.changes import GridChanges
from gridmend.twin.scenario.expectations import Expectation
from gridmend.twin.scenario.happenings import Happening
from gridmend.twin.telemetry.indicators import Indicating
from gridmend.twin.telemetry.meters import Metering
from gridmend.twin.telemetry.points import Class
from gridmend.twin.telemetry.scan import Scanning
from gridmend.twin.weather.causes import Cause
from gridmend.twin.weather.climate import HeatWave, OrdinaryDay
from gridmend.twin.weather.fragility import Fragility
from gridmend.twin.weather.storms import Storm

Policy = Literal["crew", "healing"]
"""What the control room may do: send crews alone, or heal by remote switches too."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a scenario was read: its file, and the line of each key (`happenings[0].fault`)."""

    file: str = ""
    lines: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def folder(self) -> Path | None:
        """What paths in the scenario are relative to; None where it has no file."""
        return Path(self.file).parent if self.file else None

    def where(self, key: str) -> str:
        """A key as findings name it, with the line of it or of what holds it."""
        near = key
        while near and near not in self.lines:
            near = near[: max(near.rfind("."), near.rfind("["), 0)]
        line = self.lines.get(near, 0)
        place = f"{self.file}:{line}" if line else self.file
        return f"{place}, {key}" if place else key


@dataclass(frozen=True, slots=True)
class ShapeFiles:
    """Shapes in a CSV file and the map of who follows which, as a series of steps reads them;
    paths are relative to the scenario's file."""

    shapes: str
    map: str


@dataclass(frozen=True, slots=True)
class Surge:
    """A span in which all demand is multiplied by `scale`: a heat wave, a match on television."""

    start_s: float
    end_s: float
    scale: float


@dataclass(frozen=True, slots=True)
class Demand:
    """How demand moves: `residential` is the stated day, multipliers divide a day among them. With
    `by_weather` heat raises it, by the air of the scenario's weather."""

    shape: Literal["residential"] | tuple[float, ...] | ShapeFiles = "residential"
    scale: float = 1.0
    step_min: float = 15.0
    surges: tuple[Surge, ...] = ()
    by_weather: bool = False


@dataclass(frozen=True, slots=True)
class Sun:
    """How the sun moves: `clear` is a clear day; multipliers from 0 to 1 divide a day."""

    shape: Literal["clear"] | tuple[float, ...] = "clear"
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Sky:
    """Weather and what it breaks; ordinary days with their faults go on unless they are off.

    `faults_expected` is how many faults the run brings on average, all rates being scaled to it;
    without it they are those of the settings times `faults_times`. `vegetation` is by line.
    """

    storms: tuple[Storm, ...] = ()
    heat_waves: tuple[HeatWave, ...] = ()
    air: OrdinaryDay = field(default_factory=OrdinaryDay)
    fragility: Fragility = field(default_factory=Fragility)
    ordinary_faults: bool = True
    without: tuple[Cause, ...] = ()
    faults_times: float = 1.0
    faults_expected: float | None = None
    vegetation: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Equipped:
    """Which switches have fault indicators, how these behave, and how late they report."""

    at: Literal["all", "remote", "none"] | tuple[str, ...] = "remote"
    settings: Indicating = field(default_factory=Indicating)
    report_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What is measured, and how well."""

    scanning: Scanning = field(default_factory=Scanning)
    instruments: Class = field(default_factory=Class)
    indicators: Equipped = field(default_factory=Equipped)
    meters: Metering = field(default_factory=Metering)


@dataclass(frozen=True, slots=True)
class Way:
    """Which links some endpoints use, in the order in which a message that goes up crosses them.

    `of` is one of `GROUPS`, or an endpoint: `switch.sw1`, `indicator.sw1`, `meter.s1a`,
    `pv_system.roof`. An endpoint's own way rules over that of its group. `store` is how many
    messages each keeps while its links are down.
    """

    of: str
    links: tuple[str, ...]
    store: int = 100


@dataclass(frozen=True, slots=True)
class Telecoms:
    """Communications: links, who uses which, and planned outages. Where there is one link only,
    all use it; the default is a fibre that has supply always (assumed)."""

    links: tuple[Link, ...] = (Link.of_kind("fibre", "fibre"),)
    ways: tuple[Way, ...] = ()
    outages: tuple[Outage, ...] = ()


@dataclass(frozen=True, slots=True)
class People:
    """Crews and customers. `critical` and `commercial` name loads or, for the first, single
    customers (`S48/1`). The clocks of `habits` and `pace` begin with the scenario's start:
    see `parts.habits_of`, `parts.pace_of`."""

    crews: tuple[Crew, ...] = ()
    habits: Habits = field(default_factory=Habits)
    commercial: tuple[str, ...] = ()
    critical: tuple[Critical, ...] = ()
    estimates: Estimates = field(default_factory=Estimates)
    pace: Pace = field(default_factory=Pace)


@dataclass(frozen=True, slots=True)
class Der:
    """How much resources ride through: a category for all (by table unless given), and by name."""

    default: Category | None = None
    named: Mapping[str, Category] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Realism:
    """What is as imperfect as in the field. False takes that one element away and leaves all
    other draws as they are."""

    loss: bool = True
    latency: bool = True
    """With its jitter."""
    duplication: bool = True
    reordering: bool = True
    link_supply: bool = True
    """Links go down when what feeds them does."""
    errors: bool = True
    """Of instruments and meters."""
    dead_bands: bool = True
    clocks: bool = True
    """The clocks of RTUs are off."""
    missed_flags: bool = True
    false_flags: bool = True
    missed_gasps: bool = True
    wrong_addresses: bool = True
    other_calls: bool = True
    """Own fuses, denials, complaints and trouble that is no outage."""
    estimate_errors: bool = True
    stuck: bool = True
    """Devices stick where the scenario says so."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What, when, where and with which seed. `start` is in UTC, and the run lasts `hours`.

    `grid` is an example's name, or a path relative to the scenario's file. `metres_per_unit` is
    the map's unit, found from the lengths of the lines unless given. `stuck` devices do not do
    what they are told from the beginning.
    """

    name: str
    grid: str
    start: datetime
    about: str = ""
    hours: float = 24.0
    seed: int = 0
    policy: Policy = "crew"
    metres_per_unit: float | None = None
    grid_changes: GridChanges = field(default_factory=GridChanges)
    demand: Demand = field(default_factory=Demand)
    sun: Sun = field(default_factory=Sun)
    weather: Sky = field(default_factory=Sky)
    telemetry: Telemetry = field(default_factory=Telemetry)
    communications: Telecoms = field(default_factory=Telecoms)
    people: People = field(default_factory=People)
    der: Der = field(default_factory=Der)
    stuck: tuple[str, ...] = ()
    happenings: tuple[Happening, ...] = ()
    realism: Realism = field(default_factory=Realism)
    expect: tuple[Expectation, ...] = ()
    source: Source = field(default_factory=Source, compare=False, repr=False)

    @property
    def end_s(self) -> float:
        """When the run ends [s]."""
        return self.hours * 3600

    @property
    def end(self) -> datetime:
        """When the run ends, in UTC."""
        return self.start + timedelta(seconds=self.end_s)

    @property
    def clock_h(self) -> float:
        """Hour of the day at the start."""
        return self.start.hour + self.start.minute / 60 + self.start.second / 3600
