"""The parts of the twin that a scenario asks for: weather, demand, people and indicators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from gridmend.formats.shape_map import read_map
from gridmend.formats.shapes import read_shapes
from gridmend.model.arrays import Ints
from gridmend.model.customers import customer_counts
from gridmend.model.errors import GridError, nearest
from gridmend.model.grid import Grid
from gridmend.model.profiles import Profile, Span
from gridmend.twin.people.customers import Critical
from gridmend.twin.people.habits import Habits
from gridmend.twin.people.work import Pace
from gridmend.twin.scenario.reading import beside
from gridmend.twin.scenario.scenario import Equipped, Scenario, ShapeFiles
from gridmend.twin.weather.assets import Assets
from gridmend.twin.weather.climate import YEAR_DAYS, Calendar, Weather
from gridmend.twin.weather.fragility import Fragility
from gridmend.twin.weather.rates import Rates
from gridmend.twin.weather.strikes import Hazards, expected_counts


def assets_of(scenario: Scenario, grid: Grid) -> Assets:
    """What weather may break. Raises `GridError` as `Assets.of` does."""
    return Assets.of(
        grid,
        metres_per_unit=scenario.metres_per_unit,
        vegetation=dict(scenario.weather.vegetation),
    )


def hazards_of(scenario: Scenario, assets: Assets) -> Hazards:
    """All that brings faults about, scaled as the scenario says.

    Every rate, of ordinary days and of weather, is multiplied by `faults_times`; or by what makes
    the mean number of faults in the run `faults_expected`. Raises `GridError` where a number is
    expected and nothing can happen.
    """
    hazards = _unscaled(scenario)
    wanted = scenario.weather.faults_expected
    if wanted is None:
        return _scaled(hazards, scenario.weather.faults_times)
    counts = expected_counts(assets, hazards, end_s=scenario.end_s)
    expected = float(sum(each.sum() for each in counts.values()))
    if expected > 0:
        return _scaled(hazards, wanted / expected)
    if wanted == 0:
        return hazards
    raise GridError(
        f"{wanted:g} faults are expected, and neither weather nor ordinary days bring any",
        where="faults_expected",
        mend="add a storm, let ordinary_faults be true, or leave fewer causes out",
    )


def calendar_of(scenario: Scenario) -> Calendar:
    """Day and hour at which a scenario starts; the last day of a leap year is the 365th."""
    return Calendar(min(scenario.start.timetuple().tm_yday, YEAR_DAYS), scenario.clock_h)


def habits_of(scenario: Scenario) -> Habits:
    """How customers use the telephone, on the clock of the scenario."""
    return replace(scenario.people.habits, clock_h=scenario.clock_h)


def pace_of(scenario: Scenario) -> Pace:
    """How long crews take, on the clock of the scenario."""
    return replace(scenario.people.pace, clock_h=scenario.clock_h)


def critical_of(scenario: Scenario, grid: Grid) -> tuple[Critical, ...]:
    """Critical customers as single ones, `<load>/<number>`: a load stands for all behind it.

    Raises `GridError` for a load or customer that is not there, or stands twice.
    """
    counts, loads = customer_counts(grid), grid.loads
    found: dict[str, Critical] = {}
    for one in scenario.people.critical:
        for name in customers_of(one.name, grid, counts):
            if name in found:
                what = f"customer '{name}' is critical twice"
                raise GridError(what, where=one.name, mend="name each customer or load once")
            found[name] = replace(one, name=name)
    assert len(loads) == len(counts)
    return tuple(found.values())


def customers_of(name: str, grid: Grid, counts: Ints) -> list[str]:
    """The customers behind a load, or the one customer of that name; `GridError` for none."""
    load, slash, number = name.rpartition("/")
    whole = grid.loads.index.get(name.lower())
    if whole is not None:
        own = str(grid.loads["name"][whole])
        if counts[whole] == 0:
            raise GridError(f"nobody is behind load '{own}'", mend="name a load with customers")
        return [f"{own}/{k}" for k in range(1, int(counts[whole]) + 1)]
    row = grid.loads.index.get(load.lower()) if slash else None
    if row is None:
        mend = nearest(load or name, grid.loads) or "name a load, or <load>/<number>"
        raise GridError(f"there is no customer or load '{name}'", mend=mend)
    own, count = str(grid.loads["name"][row]), int(counts[row])
    if not (number.isascii() and number.isdigit() and 1 <= int(number[:9]) <= count):
        what = f"there is no customer '{number[:20]}' behind load '{own}'"
        raise GridError(what, mend=f"they are numbered from 1 to {count}")
    return [f"{own}/{int(number[:9])}"]


def indicator_rows(equipped: Equipped, grid: Grid) -> Ints:
    """The switches in service that have indicators; `GridError` for one that is not there."""
    in_service = grid.switches.flags("in_service")
    if isinstance(equipped.at, tuple):
        rows = [grid.switches.row(name.lower().removeprefix("switch.")) for name in equipped.at]
        return np.unique(np.array(rows, np.int64))
    chosen = {"all": in_service, "remote": in_service & grid.switches.flags("remote")}
    return np.flatnonzero(chosen.get(equipped.at, np.zeros(len(in_service), bool)))


def steps_of(scenario: Scenario) -> int:
    """How many steps of demand the run has."""
    return max(1, int(-(-scenario.end_s // (scenario.demand.step_min * 60))))


def profiles_of(scenario: Scenario, grid: Grid) -> Mapping[tuple[str, int], Profile]:
    """Who follows which shape, by table and row, where demand is of files; else nobody.

    A file of times is read from the scenario's start on; one of hours begins with the scenario.
    Raises `FormatError` for files that cannot be read or do not cover the run.
    """
    shape = scenario.demand.shape
    if not isinstance(shape, ShapeFiles):
        return {}
    shapes = read_shapes(beside(scenario, shape.shapes))
    begin = scenario.start if len(shapes.times) else None
    span = Span(steps_of(scenario), step_s=scenario.demand.step_min * 60, begin=begin)
    return read_map(beside(scenario, shape.map), grid, shapes, span)


def weather_of(scenario: Scenario) -> Weather:
    """Storms and heat waves over the ordinary days of a scenario."""
    sky = scenario.weather
    return Weather(sky.storms, sky.heat_waves, sky.air, calendar_of(scenario))


def is_stormy(scenario: Scenario, now_s: float) -> bool:
    """Whether a storm lives at a time [s from the start]."""
    return any(storm.start_s <= now_s < storm.end_s for storm in scenario.weather.storms)


def _unscaled(scenario: Scenario) -> Hazards:
    sky, weather = scenario.weather, weather_of(scenario)
    rates = Rates() if sky.ordinary_faults else Rates(())
    return Hazards(weather, sky.fragility, rates, sky.without)


def _scaled(hazards: Hazards, times: float) -> Hazards:
    """Every rate multiplied. Those of weather are proportional to how much there is to be struck:
    poles, trees, flashes, and lives of insulation."""
    if times == 1.0:
        return hazards
    if times == 0.0:
        return replace(hazards, weather=replace(hazards.weather, storms=(), heat_waves=()),
                       rates=Rates(()))  # fmt: skip
    weather, fragility = hazards.weather, hazards.fragility
    storms = tuple(
        replace(storm, lightning_per_km2_h=storm.lightning_per_km2_h * times)
        for storm in weather.storms
    )
    more: Fragility = replace(
        fragility,
        poles_per_km=fragility.poles_per_km * times,
        trees_per_km=fragility.trees_per_km * times,
        life_h=fragility.life_h / times,
    )
    return Hazards(
        replace(weather, storms=storms), more, hazards.rates.scaled(times), hazards.without
    )
