"""Checks of a scenario before it runs: all findings at once."""

from __future__ import annotations

import numpy as np

from gridmend.model.customers import customer_counts
from gridmend.model.errors import Finding, GridmendError, nearest
from gridmend.model.grid import Grid
from gridmend.powerflow.network import Network
from gridmend.twin.inverters.fleet import DEFAULT_CATEGORY, der_of
from gridmend.twin.people.crew import check as check_crews
from gridmend.twin.scenario import changes, expectations, parts
from gridmend.twin.scenario.check_happenings import check_happenings
from gridmend.twin.scenario.check_links import check_links
from gridmend.twin.scenario.findings import Checking
from gridmend.twin.scenario.happenings import FaultStrikes
from gridmend.twin.scenario.reading import ScenarioError, plain, read_values
from gridmend.twin.scenario.scenario import Scenario
from gridmend.twin.weather import strikes

STEPS_MOST = 1_000_000
"""Steps of demand of one run."""


def check_scenario(
    scenario: Scenario, grid: Grid, network: Network | None = None
) -> tuple[Finding, ...]:
    """All that is wrong with a scenario, before it runs; an error forbids the run.

    `grid` is as `read_grid` gives it, before the scenario's own changes. With a `network` of the
    grid, faults are judged by what is compiled; without one by the tables. A scenario that was
    made in Python is held to the bounds of the format first.
    """
    try:
        read_values(plain(scenario))
    except ScenarioError as problem:
        return problem.findings
    check = Checking(scenario, grid, network)
    check.grid = _changed(check)
    _check_demand(check)
    _check_weather(check)
    check_links(check)
    _check_people(check)
    _check_der(check)
    check_happenings(check)
    _check_expectations(check)
    return tuple(check.findings)


def _changed(check: Checking) -> Grid:
    """The grid with those of the changes that can be."""
    good: list[changes.PvAdded] = []
    names: set[str] = set()
    for k, pv in enumerate(check.scenario.grid_changes.pv):
        key = f"grid_changes.pv[{k}]"
        wrong = list(changes.wrong_with(check.grid, pv))
        for what, mend in wrong:
            check.error(key, what, mend)
        if pv.own_name.lower() in names:
            check.error(key, f"two PV systems are called '{pv.own_name}'", "name one of them")
        elif not wrong:
            good.append(pv)
        names.add(pv.own_name.lower())
    return changes.with_pv(check.grid, tuple(good))


def _check_demand(check: Checking) -> None:
    scenario = check.scenario
    if parts.steps_of(scenario) > STEPS_MOST:
        what = f"the run has {parts.steps_of(scenario):,} steps of demand"
        check.error("demand.step_min", what, f"stay below {STEPS_MOST:,}: give longer steps")
        return
    for k, surge in enumerate(scenario.demand.surges):
        key = f"demand.surges[{k}]"
        if surge.end_s <= surge.start_s:
            check.error(key, "the surge ends before it starts", "give an end after its start")
        elif surge.end_s <= 0 or surge.start_s >= scenario.end_s:
            check.warn(key, "the surge is outside of the run", "let it lie within the run")
    with check.at("demand.shape"):
        parts.profiles_of(scenario, check.grid)


def _check_weather(check: Checking) -> None:
    scenario, sky = check.scenario, check.scenario.weather
    if sky.faults_expected is not None and sky.faults_times != 1.0:
        what = "both faults_expected and faults_times say how many faults there are"
        check.error("weather.faults_times", what, "leave one of them out")
    for name in sky.vegetation:
        if name.lower().removeprefix("line.") not in check.grid.lines.index:
            mend = nearest(name, check.grid.lines) or "name a line"
            check.error(f"weather.vegetation.{name}", f"there is no line '{name}'", mend)
            return
    with check.at("weather"):
        assets = parts.assets_of(scenario, check.grid)
        with check.at("weather"):
            # What a map lacks is of no matter where nothing moves over it.
            hazards = parts.hazards_of(scenario, assets)
            if sky.storms or sky.heat_waves:
                for finding in strikes.findings(check.grid, assets, hazards, end_s=scenario.end_s):
                    check.found(_of_weather(scenario, finding), finding)
            counts = strikes.expected_counts(assets, hazards, end_s=scenario.end_s)
            expected = sum(float(each.sum()) for each in counts.values())
            if expected > strikes.EXPECTED_MOST:
                mend = "lower faults_times, faults_expected or the storm's peaks"
                check.error("weather", f"the weather brings {expected:,.0f} faults", mend)


def _of_weather(scenario: Scenario, finding: Finding) -> str:
    """The key of what a finding of the weather is about."""
    for k, storm in enumerate(scenario.weather.storms):
        if finding.where == f"storm '{storm.name}'":
            return f"weather.storms[{k}]"
    for k, wave in enumerate(scenario.weather.heat_waves):
        if finding.where == f"heat wave '{wave.name}'":
            return f"weather.heat_waves[{k}]"
    return "weather"


def _check_people(check: Checking) -> None:
    scenario, people = check.scenario, check.scenario.people
    names = [crew.name for crew in people.crews]
    for finding in check_crews(people.crews):
        name = finding.where.removeprefix("crew ")
        key = f"people.crews[{names.index(name)}]" if name in names else "people.crews"
        check.found(key, finding)
    counts = customer_counts(check.grid)
    seen: set[str] = set()
    for k, one in enumerate(people.critical):
        key = f"people.critical[{k}]"
        with check.at(key):
            customers = parts.customers_of(one.name, check.grid, counts)
            if twice := seen.intersection(customers):
                what = f"customer '{min(twice)}' is critical twice"
                check.error(key, what, "name each customer or load once")
            seen.update(customers)
    for k, load in enumerate(people.commercial):
        with check.at(f"people.commercial[{k}]"):
            check.grid.loads.row(load)
    for cause in people.pace.repair:
        if not people.pace.repair[cause]:
            check.error("people.pace.repair", f"'{cause}' has no figures", "give two pairs")
    if "unknown" not in people.pace.repair:
        what = "there are no figures for the repair of an unknown cause"
        check.error("people.pace.repair", what, "add `unknown: [[174, 0.92], [294, 0.74]]`")
    faults = any(isinstance(each, FaultStrikes) and each.permanent for each in scenario.happenings)
    if faults and not people.crews:
        check.warn("people", "a fault stays and there is no crew to repair it", "add a crew")


def _check_der(check: Checking) -> None:
    grid, der = check.grid, check.scenario.der
    known = [name for table in DEFAULT_CATEGORY for name in grid.table(table)]
    good: dict[str, object] = {}
    for name, category in der.named.items():
        key = f"der.named.{name}"
        try:
            table, row = grid.find(name)
        except GridmendError:
            mend = nearest(name, known) or f"the grid has {', '.join(known[:8]) or 'none'}"
            check.error(key, f"there is no resource '{name}'", mend)
            continue
        own = f"{table}.{grid.table(table)['name'][row]}".lower()
        if table not in DEFAULT_CATEGORY:
            mend = nearest(name, known) or "name a generator, a PV system or a storage"
            check.error(key, f"'{name}' is no distributed resource", mend)
        elif own in good:
            check.error(key, f"'{name}' is given a category twice", "name it once")
        else:
            good[own] = category
    if any(np.any(grid.table(table).flags("in_service")) for table in DEFAULT_CATEGORY):
        with check.at("der"):
            der_of(grid, {}, default=der.default)


def _check_expectations(check: Checking) -> None:
    for k, expectation in enumerate(check.scenario.expect):
        what, mend = expectations.wrong_with(expectation)
        if what:
            check.error(f"expect[{k}]", what, mend)
        for name in expectation.has:
            with check.at(f"expect[{k}].has"):
                check.grid.key(name)
