"""The demand and the sun of a scenario, as a series of steps."""

from __future__ import annotations

import numpy as np

from gridmend.model.arrays import Floats
from gridmend.model.grid import Grid
from gridmend.model.profiles import Profile, Span
from gridmend.model.profiles import series_of as series_of_profiles
from gridmend.model.series import Series
from gridmend.runtime.shape import demand_at, residential_shape, sun_shape
from gridmend.twin.scenario.happenings import DemandTurns, Happening, SunTurns
from gridmend.twin.scenario.parts import profiles_of, steps_of, weather_of
from gridmend.twin.scenario.scenario import Scenario, ShapeFiles
from gridmend.twin.weather.climate import demand_factor, temperature_c

DAY_H = 24.0


def series_of(scenario: Scenario, grid: Grid) -> Series:
    """Every step of a scenario's run: loads follow the shape, its surges and turns; PV the sun.

    What happens within a step counts for the whole of it. Raises `FormatError` for shape files that
    cannot be read or do not cover the run.
    """
    steps, step_s = steps_of(scenario), scenario.demand.step_min * 60
    time_s: Floats = np.arange(steps, dtype=float) * step_s
    demand: Floats = np.full(steps, scenario.demand.scale)
    demand *= _surged(scenario, time_s, step_s)
    if scenario.demand.by_weather:
        demand *= demand_factor(temperature_c(weather_of(scenario), time_s))
    demand *= _turned(scenario.happenings, DemandTurns, time_s, step_s)
    sun = scenario.sun.scale * _sun(scenario, time_s)
    sun *= _turned(scenario.happenings, SunTurns, time_s, step_s)
    chosen = {
        place: Profile(found.name, found.p * demand, found.q * demand, found.actual)
        for place, found in profiles_of(scenario, grid).items()
    }
    if not isinstance(scenario.demand.shape, ShapeFiles):
        shape = scenario.demand.shape
        day = residential_shape() if shape == "residential" else np.array(shape, float)
        own = demand * np.array([demand_at(day, minute) for minute in _minutes(scenario, time_s)])
        fixed = grid.loads.flags("fixed")
        follows = Profile("demand", own, own)
        chosen |= {("loads", row): follows for row in np.flatnonzero(~fixed).tolist()}
    shines = Profile("sun", sun, sun)
    chosen |= {("pv_systems", row): shines for row in range(len(grid.pv_systems))}
    return series_of_profiles(grid, Span(steps, step_s=step_s, begin=scenario.start), chosen)


def _minutes(scenario: Scenario, time_s: Floats) -> list[float]:
    """[steps] the minute of the day at which each begins."""
    return ((scenario.clock_h * 60 + time_s / 60) % (DAY_H * 60)).tolist()


def _surged(scenario: Scenario, time_s: Floats, step_s: float) -> Floats:
    factor = np.ones(len(time_s))
    for surge in scenario.demand.surges:
        factor[(time_s + step_s > surge.start_s) & (time_s < surge.end_s)] *= surge.scale
    return factor


def _sun(scenario: Scenario, time_s: Floats) -> Floats:
    minutes, shape = _minutes(scenario, time_s), scenario.sun.shape
    if shape == "clear":
        return np.array([sun_shape(minute / 60) for minute in minutes])
    return np.array([demand_at(np.array(shape, float), minute) for minute in minutes])


def _turned(
    happenings: tuple[Happening, ...],
    kind: type[DemandTurns] | type[SunTurns],
    time_s: Floats,
    step_s: float,
) -> Floats:
    """[steps] what turns of one kind multiply by; each holds until the next or its own end."""
    turns = sorted((h for h in happenings if isinstance(h, kind)), key=lambda h: h.at_s)
    factor = np.ones(len(time_s))
    for number, turn in enumerate(turns):
        later = turns[number + 1].at_s if number + 1 < len(turns) else np.inf
        end_s = later if turn.lasts_min is None else min(later, turn.at_s + 60 * turn.lasts_min)
        factor[(time_s + step_s > turn.at_s) & (time_s < end_s)] = turn.scale
    return factor
