"""From a scenario to the twin that it asks for, with all that will happen on its agenda."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Step
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.network import Network
from gridmend.runtime.exercise.demand import series_of
from gridmend.twin.calling import Calling, customers_of
from gridmend.twin.communications.links import Link
from gridmend.twin.communications.paths import Outage
from gridmend.twin.crewing import Crewing
from gridmend.twin.field import Equipment, Field
from gridmend.twin.people.calls import Callers
from gridmend.twin.people.customers import Customers
from gridmend.twin.people.estimates import Estimates
from gridmend.twin.people.habits import Habits
from gridmend.twin.plant import Fault
from gridmend.twin.scenario.happenings import (
    DeviceFreed,
    DeviceMoves,
    DeviceSticks,
    FaultStrikes,
    LinkFails,
)
from gridmend.twin.scenario.parts import (
    assets_of,
    critical_of,
    habits_of,
    hazards_of,
    indicator_rows,
    pace_of,
)
from gridmend.twin.scenario.scenario import Realism, Scenario
from gridmend.twin.scenario.shorts import fault_of
from gridmend.twin.scenario.ways import paths_of
from gridmend.twin.streams import Streams
from gridmend.twin.strikes import expect
from gridmend.twin.weather.strikes import strikes


def field_of(
    scenario: Scenario,
    grid: Grid,
    series: Series | None = None,
    positions: Snapshot | None = None,
) -> Field:
    """The field of a scenario on its grid (with its changes), at the start of the run. `series` is
    the demand, the scenario's own unless given, and `positions` where the switches stand, the
    normal ones unless given.

    Each part draws from streams of its own, so that what `realism` takes away leaves all others as
    they are. Raises `GridError` for what `check_scenario` would call an error.
    """
    network, streams = Network.of(grid), Streams(scenario.seed)
    series = series or series_of(scenario, grid)
    has = equipment_of(scenario, grid)
    field = Field.of(network, series, scenario.start, streams, has, positions)
    telecontrol = field.telecontrol
    customers = _customers(scenario, grid)
    if customers is not None:
        habits = _habits(scenario)
        field.calling = Calling(telecontrol, Callers(customers, habits, streams))
    if scenario.people.crews:
        field.crewing = Crewing(
            telecontrol, scenario.people.crews, _estimates(scenario), streams,
            pace=pace_of(scenario), metres_per_unit=scenario.metres_per_unit,
        )  # fmt: skip
        telecontrol.by_hand = partial(field.crewing.by_hand, permit=True)
    if scenario.realism.stuck:
        field.plant.stuck |= {grid.key(name) for name in scenario.stuck}
    _expect(scenario, grid, field, streams)
    return field


def equipment_of(scenario: Scenario, grid: Grid) -> Equipment:
    """Instruments and links of a scenario, less the realism that it takes away."""
    real, told = scenario.realism, scenario.telemetry
    quality, scanning, metering = told.instruments, told.scanning, told.meters
    indicating = told.indicators.settings
    if not real.errors:
        quality = replace(quality, ratio_pct=0.0, noise_pct=0.0)
        metering = replace(metering, error_pct=0.0)
    if not real.dead_bands:
        quality = replace(quality, dead_band_pct=0.0)
    if not real.clocks:
        scanning = replace(scanning, clock_s=0.0, drift_ppm=0.0)
    if not real.missed_gasps:
        metering = replace(metering, gasps=1.0)
    if not real.missed_flags:
        indicating = replace(indicating, missed=0.0)
    if not real.false_flags:
        indicating = replace(indicating, false=0.0)
    rows = indicator_rows(told.indicators, grid)
    names = tuple(str(grid.switches["name"][row]) for row in rows.tolist())
    return Equipment(
        scanning=scanning,
        quality=quality,
        indicating=indicating if names else None,
        indicated=names,
        report_s=told.indicators.report_s,
        metering=metering,
        links=tuple(_link(link, real) for link in scenario.communications.links),
        paths=paths_of(scenario, grid),
        outages=scenario.communications.outages,
        categories=scenario.der.named,
        category=scenario.der.default,
    )


def _link(link: Link, real: Realism) -> Link:
    if not real.loss:
        link = replace(link, loss=0.0)
    if not real.latency:
        link = replace(link, latency_s=0.0, jitter_s=0.0)
    if not real.duplication:
        link = replace(link, duplication=0.0)
    if not real.reordering:
        link = replace(link, reordering=0.0)
    return link if real.link_supply else replace(link, bus="")


def _customers(scenario: Scenario, grid: Grid) -> Customers | None:
    """Everybody with a telephone; None where nobody is served."""
    if not grid.customer_count():
        return None
    kinds = dict.fromkeys(scenario.people.commercial, "commercial")
    return customers_of(grid, kinds=kinds).with_critical(critical_of(scenario, grid))


def _habits(scenario: Scenario) -> Habits:
    habits, real = habits_of(scenario), scenario.realism
    if not real.wrong_addresses:
        habits = replace(habits, wrong_share=0.0)
    if not real.other_calls:
        habits = replace(
            habits,
            own_fuse_per_year=0.0, trouble_per_year=0.0, deny_share=0.0, complain_share=0.0,
        )  # fmt: skip
    return habits


def _estimates(scenario: Scenario) -> Estimates:
    given = scenario.people.estimates
    if scenario.realism.estimate_errors:
        return given
    return replace(given, errors=dict.fromkeys(given.errors, ((0.0, 0.0), (0.0, 0.0))))


def _expect(scenario: Scenario, grid: Grid, field: Field, streams: Streams) -> None:
    """Put on the agenda what weather brings and what the scenario says."""
    plant = field.plant
    sky = scenario.weather
    if sky.ordinary_faults or sky.storms or sky.heat_waves:
        assets = assets_of(scenario, grid)
        expect(plant, strikes(assets, hazards_of(scenario, assets), streams, end_s=scenario.end_s))
    actions: list[tuple[float, Callable[[], None]]] = []
    for one in scenario.happenings:
        if isinstance(one, FaultStrikes):
            actions.append((one.at_s, partial(_strike, field, fault_of(one, grid))))
        elif isinstance(one, LinkFails):
            end_s = one.at_s + 60 * one.down_min
            field.telecontrol.links.plan_outage(Outage(one.link, one.at_s, end_s))
        elif isinstance(one, DeviceSticks) and scenario.realism.stuck:
            actions.append((one.at_s, partial(plant.stuck.add, grid.key(one.device))))
        elif isinstance(one, DeviceFreed):
            actions.append((one.at_s, partial(plant.stuck.discard, grid.key(one.device))))
        elif isinstance(one, DeviceMoves):
            step = Step(Action(one.action), one.device, "somebody in the field")
            actions.append((one.at_s, partial(_move, field, step)))
    for at_s, action in actions:
        plant.agenda.at(at_s, action)


def _strike(field: Field, fault: Fault) -> None:
    field.plant.strike(fault)


def _move(field: Field, step: Step) -> None:
    field.plant.operate(step)
