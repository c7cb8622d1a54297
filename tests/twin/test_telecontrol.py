from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
import pytest

import gridmend
from gridmend.model.errors import GridError
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, OutcomeState, Step
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.network import Network
from gridmend.powerflow.shorts import Short
from gridmend.runtime.fold import fold
from gridmend.twin.agenda import Agenda
from gridmend.twin.communications.links import Kind, Link
from gridmend.twin.communications.network import Communications
from gridmend.twin.communications.paths import Outage
from gridmend.twin.guards import Guards
from gridmend.twin.plant import Fault, Plant
from gridmend.twin.streams import Streams
from gridmend.twin.telecontrol import Telecontrol, paths_over
from gridmend.twin.telemetry.points import Quantity, points_of
from gridmend.twin.telemetry.scan import Scanner, Scanning
from gridmend.twin.world import World
from tests.adapters.conformance import Conformance

NOON = datetime(2026, 7, 15, 12, tzinfo=UTC)
WIRE: dict[str, Any] = {"latency_s": 0.0, "jitter_s": 0.0, "loss": 0.0}


def telecontrol(
    grid: Grid, *, kind: Kind = "fibre", seed: int = 1, at_once: bool = False, **changed: Any
) -> Telecontrol:
    """An adapter over a grid, all over one link; breakers may open `at_once`."""
    outages = changed.pop("outages", ())
    scanning = changed.pop("scanning", Scanning())
    network, streams = Network.of(grid), Streams(seed)
    series = Series.scaled(Snapshot.normal(grid), [1.0] * 96, step_s=900.0)
    world = World.of(network, series)
    guards = Guards.of(network, world.topology, world.flow)
    if at_once:
        told = {g.name: replace(g.device.settings, open_s=0.0) for g in guards.devices}  # type: ignore[attr-defined]
        guards = Guards.of(network, world.topology, world.flow, told)
    plant = Plant(Agenda(), world, guards)
    scanner = Scanner.of(points_of(network, streams), scanning, streams)
    others = [f"switch.{n}".lower() for n in grid.switches["name"]]
    others += [f"{s}.{n}".lower() for s, t in (("generator", "generators"), ("source", "sources"))
               for n in grid.table(t)["name"]]  # fmt: skip
    names = dict.fromkeys((*scanner.points.units, *others))
    link = Link.of_kind("link", kind, **changed)
    links = Communications((link,), paths_over(names, "link"), streams, outages=outages)
    return Telecontrol(plant, scanner, links, NOON)


@pytest.fixture(scope="module")
def grid() -> Grid:
    return gridmend.read("ieee123")


def _strike(field: Telecontrol, fault: Fault) -> None:
    field.plant.strike(fault)


def _carry_out(field: Telecontrol, step: Step) -> None:
    field.carry_out(step)


def of_kind(events: tuple[Event, ...], *kinds: str) -> list[Event]:
    return [event for event in events if event.kind in kinds]


def test_the_fold_of_what_it_says_stands_where_the_plant_stands(grid: Grid) -> None:
    field = telecontrol(grid, **WIRE)
    field.plant.agenda.at(10.0, partial(_carry_out, field, Step(Action.OPEN, "Sw2", "")))
    field.plant.agenda.at(20.0, partial(_carry_out, field, Step(Action.CLOSE, "Sw7", "")))
    field.plant.agenda.run_to(60.0)
    situation = fold(grid, field.events())
    remote = grid.switches.flags("remote")
    said, true = situation.snapshot.open_phases, field.plant.world.snapshot.open_phases
    np.testing.assert_array_equal(said[remote], true[remote])
    assert not situation.misread


def test_a_trip_is_told_at_once_and_a_lock_out_as_one(grid: Grid) -> None:
    field = telecontrol(grid, **WIRE, scanning=Scanning(clock_s=0.0, drift_ppm=0.0))
    fault = Fault(Short("line.L52", ("a", "b", "c"), 0.5))
    field.plant.agenda.at(100.0, partial(_strike, field, fault))
    field.plant.agenda.run_to(400.0)
    tripped = [e for e in of_kind(field.events(), "tripped") if e.payload["device"] == "sw1"]
    acts = [h for h in field.plant.happened if h.kind in ("open", "lock_out")]
    assert len(acts) == len(tripped) == 4
    assert [e.payload["locked_out"] for e in tripped] == [False, False, False, True]
    for act, event in zip(acts, tripped, strict=True):
        assert (event.time_utc - NOON).total_seconds() == pytest.approx(act.time_s, abs=1e-6)


def test_nothing_is_known_before_it_was_measured_sent_and_carried(grid: Grid) -> None:
    field = telecontrol(grid, kind="radio")
    for now_s in (10.0, 30.0, 31.0, 100.0):
        field.plant.agenda.run_to(now_s)
        reports, arrival_s = field.values()
        assert np.all(arrival_s <= now_s)
        assert np.all(reports.sent_s >= reports.time_s)
        assert np.all(arrival_s > reports.sent_s)


def test_a_value_is_of_the_truth_when_it_was_measured(grid: Grid) -> None:
    field = telecontrol(grid, **WIRE, scanning=Scanning(integrity=1))
    points, truths = field.points, [(-1.0, field.points.true(field.plant.world.flow))]
    field.plant.watchers.append(lambda now_s, flow: truths.append((now_s, points.true(flow))))
    field.plant.agenda.at(11.0, partial(_carry_out, field, Step(Action.OPEN, "Sw2", "")))
    field.plant.agenda.run_to(60.0)
    assert len(truths) > 3
    reports, _ = field.values()
    since = np.array([time_s for time_s, _ in truths])
    at = np.searchsorted(since, reports.time_s, side="right") - 1
    truth = np.array([values for _, values in truths])[at, reports.point]
    most = np.abs(truth) * 0.006 + 6 * points.noise[reports.point]
    assert len(reports) > 1000 and np.all(np.abs(reports.value - truth) <= most)


def test_what_a_link_loses_is_in_doubt_and_does_not_move(grid: Grid) -> None:
    field = telecontrol(grid, **WIRE, outages=(Outage("link", 50.0, 100.0),))
    field.plant.agenda.run_to(60.0)
    outcome = field.carry_out(Step(Action.OPEN, "Sw2", ""))
    assert outcome.state is OutcomeState.IN_DOUBT
    assert not field.plant.world.snapshot.is_open(grid, "Sw2")
    field.plant.agenda.run_to(110.0)
    assert field.carry_out(Step(Action.OPEN, "Sw2", "")).state is OutcomeState.CONFIRMED


def test_what_protection_did_while_a_link_was_down_comes_when_it_is_back(grid: Grid) -> None:
    field = telecontrol(grid, **WIRE, outages=(Outage("link", 50.0, 500.0),))
    fault = Fault(Short("line.L52", ("a", "b", "c"), 0.5))
    field.plant.agenda.at(100.0, partial(_strike, field, fault))
    field.plant.agenda.run_to(499.0)
    assert not of_kind(field.events(), "tripped")
    field.plant.agenda.run_to(501.0)
    assert len(of_kind(field.events(), "tripped")) == 4


def test_a_tower_dies_with_the_feeder_that_feeds_it_and_tells_all_when_it_is_back(
    grid: Grid,
) -> None:
    tower = {**WIRE, "bus": "60", "battery_s": 600.0, "recharge_s": 3600.0, "boot_s": 30.0}
    field = telecontrol(grid, **tower, scanning=Scanning(clock_s=0.0, drift_ppm=0.0))
    agenda, plant = field.plant.agenda, field.plant
    agenda.at(100.0, partial(plant.operate, Step(Action.OPEN, "Sw1", "")))  # type: ignore[arg-type]
    agenda.run_to(690.0)
    assert field.links.is_up("link")
    agenda.run_to(710.0)
    assert not field.links.is_up("link")
    assert field.carry_out(Step(Action.OPEN, "Sw2", "")).state is OutcomeState.IN_DOUBT
    field.events()
    plant.operate(Step(Action.CLOSE, "Sw1", ""))
    agenda.run_to(740.0)
    assert not field.links.is_up("link"), "it boots"
    assert not of_kind(field.events(), "status")
    agenda.run_to(750.0)
    told = [e for e in field.events() if e.payload.get("device") == "sw1" and e.cause != "scan"]
    assert [(e.time_utc - NOON).total_seconds() for e in told] == [715.0]


def test_a_power_that_is_set_holds_when_the_demand_goes_on() -> None:
    ring = Conformance.grid
    field = telecontrol(ring, at_once=True, **WIRE)
    now_kw = field.plant.world.snapshot.power_kw(ring, "generator.island")
    field.carry_out(Step(Action.SET_POWER, "generator.island", "", value=now_kw))
    assert field.plant.world.told == {("generator_kw", 0): now_kw}
    field.carry_out(Step(Action.SET_POWER, "generator.island", "", value=40.0))
    field.plant.agenda.run_to(2000.0)
    assert field.plant.world.snapshot.power_kw(ring, "generator.island") == 40.0


def test_messages_are_conserved(grid: Grid) -> None:
    field = telecontrol(grid, kind="mesh", loss=0.2, battery_s=0.0)
    for now_s in range(60, 1200, 60):
        field.plant.agenda.run_to(float(now_s))
        field.events()
        total = field.links.ledger(float(now_s)).total("up")
        whole = total.delivered + total.lost + total.in_flight + total.stored
        assert total.sent == whole


def test_the_loss_of_messages_leaves_the_truth_and_the_errors_as_they_were(grid: Grid) -> None:
    found: list[dict[tuple[int, float], float]] = []
    for loss in (0.0, 0.3):
        field = telecontrol(grid, kind="radio", loss=loss)
        field.plant.agenda.run_to(300.0)
        reports, _ = field.values()
        keys = zip(reports.point.tolist(), reports.time_s.tolist(), strict=True)
        found.append(dict(zip(keys, reports.value.tolist(), strict=True)))
    assert 0 < len(found[1]) < len(found[0])
    assert all(found[0][key] == value for key, value in found[1].items())


def test_an_rtu_without_a_path_is_refused(grid: Grid) -> None:
    field = telecontrol(grid, **WIRE)
    links = Communications(
        (Link.of_kind("link", "fibre"),), paths_over(("switch.sw2",), "link"), Streams(1)
    )
    with pytest.raises(GridError):
        Telecontrol(field.plant, field.scanner, links, NOON)


def test_a_command_acts_when_it_has_arrived_and_is_answered_when_the_device_has_moved(
    grid: Grid,
) -> None:
    field = telecontrol(grid, **{**WIRE, "latency_s": 0.2})
    field.plant.agenda.run_to(10.0)
    outcome = field.carry_out(Step(Action.OPEN, "Sw1", ""))
    assert outcome.state is OutcomeState.CONFIRMED
    opened = next(h for h in field.plant.happened if h.kind == "open")
    assert opened.time_s == pytest.approx(10.2 + 0.05, abs=1e-6)
    assert field.plant.now_s == pytest.approx(10.2 + 0.05 + 0.2, abs=1e-6)


def test_a_stuck_device_is_waited_for_and_then_in_doubt(grid: Grid) -> None:
    field = telecontrol(grid, **WIRE)
    field.plant.stuck.add("sw1")
    assert field.carry_out(Step(Action.OPEN, "Sw1", "")).state is OutcomeState.IN_DOUBT
    assert field.plant.now_s == pytest.approx(field.answer_s)


def test_an_rtu_that_does_not_answer_a_poll_is_asked_again(grid: Grid) -> None:
    answers, polls, once = 0, 200, 0.6 * 0.6
    for seed in range(polls):
        rare = Scanning(scan_s=3600.0)
        field = telecontrol(
            grid, seed=seed, scanning=rare, latency_s=0.0, jitter_s=0.0, loss=0.4, duplication=0.0
        )
        field.plant.agenda.run_to(1.0)
        field.events()
        field.poll()
        answers += len(of_kind(field.events(), "status"))
    asked = polls * sum(q == Quantity.POSITION for q in field.points.quantity.tolist())
    share = answers / asked
    expected = 1 - (1 - once) ** 3
    assert abs(share - expected) < 5 * (expected * (1 - expected) / asked) ** 0.5
