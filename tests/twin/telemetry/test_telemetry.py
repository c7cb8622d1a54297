from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridmend
from gridmend.model.errors import GridError
from gridmend.model.flow import Flow
from gridmend.model.topology import Topology
from gridmend.powerflow.answer import as_flow
from gridmend.powerflow.network import Network
from gridmend.powerflow.shorts import Short
from gridmend.powerflow.standing import stand
from gridmend.powerflow.update import resolve
from gridmend.twin.streams import Streams
from gridmend.twin.telemetry.indicators import Indicating, Indicators
from gridmend.twin.telemetry.meters import Metering, Meters
from gridmend.twin.telemetry.points import Class, Points, Quantity, points_of
from gridmend.twin.telemetry.scan import Reports, Scanner, Scanning


@pytest.fixture(scope="module")
def network() -> Network:
    return Network.of(gridmend.read("ieee123"))


@pytest.fixture(scope="module")
def flow(network: Network) -> Flow:
    return network.solve()


@pytest.fixture(scope="module")
def points(network: Network) -> Points:
    return points_of(network, Streams(5))


def at(points: Points, device: str, quantity: Quantity, phase: str = "") -> int:
    rows = zip(points.device, points.quantity, points.phase, strict=True)
    return list(rows).index((device, quantity, phase))


def test_a_point_reads_what_the_flow_has_there(
    network: Network, flow: Flow, points: Points
) -> None:
    true, terminals = points.true(flow), flow.terminals
    row = network.grid.switches.row("sw2")
    mine = (terminals.table == "switches") & (terminals.row == row) & (terminals.terminal == 1)
    s_kva = flow.s_kva[mine].sum()
    assert true[at(points, "switch.sw2", Quantity.POWER)] == pytest.approx(s_kva.real)
    assert true[at(points, "switch.sw2", Quantity.REACTIVE)] == pytest.approx(s_kva.imag)
    for k in np.flatnonzero(mine):
        phase = str(terminals.phase[k])
        point = at(points, "switch.sw2", Quantity.CURRENT, phase)
        assert true[point] == pytest.approx(abs(flow.i_a[k]))
    winding = network.grid.windings.row("reg4a:2")
    tap = at(points, "transformer.reg4a", Quantity.TAP, "2")
    assert true[tap] == flow.snapshot.tap_pu[winding]
    opened = flow.snapshot.with_switch(network.grid, "Sw2", is_open=True)
    then = points.true(network.solve(opened, controls="off"))
    assert then[at(points, "switch.sw2", Quantity.POSITION)] == 0b111


def scans(points: Points, true: np.ndarray, until: list[float], **settings: object) -> Reports:
    scanner = Scanner.of(points, Scanning(**settings), Streams(7))  # type: ignore[arg-type]
    parts = [scanner.read(true, t) for t in until]
    fields = ("point", "time_s", "sent_s", "stamp_s", "value")
    return Reports(*(np.concatenate([getattr(p, f) for p in parts]) for f in fields))


@settings(deadline=None, max_examples=20)
@given(st.lists(st.floats(0.0, 200.0), min_size=1, max_size=8))
def test_it_does_not_matter_how_often_scans_are_asked_for(times: list[float]) -> None:
    network = Network.of(gridmend.read("ieee13"))
    points = points_of(network, Streams(1))
    true = points.true(network.solve())
    times = [*sorted(times), 200.0]
    often, once = scans(points, true, times), scans(points, true, [200.0])
    order = np.lexsort((often.point, often.sent_s))
    for name in ("point", "time_s", "sent_s", "stamp_s", "value"):
        np.testing.assert_array_equal(getattr(often, name)[order], getattr(once, name))


def test_all_is_reported_at_an_integrity_scan_and_else_what_changed(
    flow: Flow, points: Points
) -> None:
    true = points.true(flow)
    scanner = Scanner.of(points, Scanning(integrity=10), Streams(3))
    first = scanner.read(true, 0.0)
    assert sorted(first.point) == list(range(len(points)))
    assert len(scanner.read(true, 18.0)) < 0.01 * 9 * len(points)
    changed = true.copy()
    k = at(points, "switch.sw2", Quantity.POSITION)
    changed[k] = 3
    assert sorted(scanner.read(changed, 20.0).point) == list(range(len(points)))
    changed[k] = 0
    second = scanner.read(changed, 22.0)
    assert k in second.point and len(second) < 5


def test_a_value_is_within_its_class_and_noise_and_is_measured_before_it_is_sent(
    flow: Flow, points: Points
) -> None:
    true, found = points.true(flow), scans(points, points.true(flow), [4000.0], integrity=1)
    quality = Class()
    error = found.value - true[found.point]
    worst = np.abs(true) * quality.ratio_pct / 100 + 6 * points.noise
    assert np.all(np.abs(error) <= worst[found.point] + 1e-12)
    assert np.all(found.sent_s >= found.time_s)
    k = at(points, "switch.sw2", Quantity.POWER)
    mine = found.value[found.point == k]
    spread = np.std(mine - true[k] * points.gain[k])
    assert spread == pytest.approx(points.noise[k], rel=5 / np.sqrt(2 * len(mine)))


def test_without_error_a_value_is_the_truth(network: Network, flow: Flow) -> None:
    exact = points_of(network, Streams(5), Class(0.0, 0.0, 0.0))
    found = scans(exact, exact.true(flow), [10.0], clock_s=0.0, drift_ppm=0.0)
    np.testing.assert_array_equal(found.value, exact.true(flow)[found.point])
    np.testing.assert_array_equal(found.stamp_s, found.time_s)


def test_taking_one_kind_of_error_away_leaves_the_others(network: Network, flow: Flow) -> None:
    one, other = points_of(network, Streams(5)), points_of(network, Streams(5), Class(noise_pct=0))
    np.testing.assert_array_equal(one.gain, other.gain)
    true = one.true(flow)
    plain = scans(one, true, [60.0], clock_s=0.0, drift_ppm=0.0)
    off = scans(one, true, [60.0])
    np.testing.assert_array_equal(plain.value, off.value)
    assert not np.array_equal(plain.stamp_s, off.stamp_s)


def faulted(network: Network, *shorts: Short) -> Flow:
    now = stand(network, network.solve().snapshot)
    solution = resolve(now, now.snapshot, shorts=shorts)
    return as_flow(now.state, now.snapshot, solution)


def test_indicators_on_the_way_of_a_fault_go_up_and_no_others(network: Network, flow: Flow) -> None:
    rows = np.arange(len(network.grid.switches))
    sure = Indicators.of(network, rows, Indicating(missed=0.0, false=0.0), Streams(1))
    assert sure.see(0.0, flow) == []
    flags = sure.see(1.0, faulted(network, Short("line.l105", ("a",))))
    topology = Topology.of(network.grid)
    up = [topology.branch_names[b] for b in topology.up(flow.snapshot, "line.l105")]
    on_the_way = {name.partition(".")[2] for name in up if name.startswith("switch.")}
    assert {f.switch for f in flags} == on_the_way
    assert all(f.is_true and f.phases == ("a",) for f in flags) and flags
    assert sure.see(1.5, faulted(network, Short("line.l105", ("a",)))) == []
    assert sure.is_up(2.0).sum() == len(flags)
    assert not sure.is_up(1.0 + 5 * 3600).any()


def test_indicators_miss_and_are_false_as_often_as_they_are_said_to(
    network: Network, flow: Flow
) -> None:
    rows = np.arange(len(network.grid.switches))
    some = Indicators.of(network, rows, Indicating(missed=0.3, false=0.2), Streams(1))
    fault = faulted(network, Short("line.l105", ("a", "b", "c")))
    dead = network.solve(flow.snapshot.with_source(network.grid, "source", is_on=False))
    passing = np.abs(fault.i_a[some.terminal]) > 800
    right = false = tries = inrush = 0
    for k in range(300):
        inrush += int((~some.live & flow.energised[network.terminals.node[some.terminal]]).sum())
        false += sum(len(f.phases) for f in some.see(3.0 * k, flow) if not f.is_true)
        right += sum(len(f.phases) for f in some.see(3.0 * k + 1, fault) if f.is_true)
        tries += int(passing.sum())
        some.see(3.0 * k + 2, dead)
    assert abs(right - 0.7 * tries) < 5 * np.sqrt(tries * 0.3 * 0.7)
    assert abs(false - 0.2 * inrush) < 5 * np.sqrt(inrush * 0.2 * 0.8)


def test_readings_add_up_to_what_was_taken(network: Network, flow: Flow) -> None:
    topology = Topology.of(network.grid)
    meters = Meters.of(network, Metering(error_pct=0.0), Streams(2), flow)
    light = network.solve(flow.snapshot.with_demand(
        0.5 * flow.snapshot.load_kw, 0.5 * flow.snapshot.load_kvar), controls="off")  # fmt: skip
    total = np.zeros(len(network.grid.loads))
    for k, one in enumerate((flow, light, flow, light)):
        meters.see(one, topology.supplied(topology.energised(one.snapshot)))
        meters.go_to(300.0 * (k + 1))
        if meters.now_s >= meters.next_s():
            total += meters.read().energy_kwh
    total += meters.read().energy_kwh
    np.testing.assert_allclose(total, meters.true_kwh)
    by_hand = (flow.power_kva("loads") + light.power_kva("loads")).real * 600 / 3600
    np.testing.assert_allclose(total, by_hand, rtol=1e-9)


def test_a_flow_that_did_not_converge_leaves_what_who_has_supply_takes(
    network: Network, flow: Flow
) -> None:
    here = Topology.of(network.grid)
    meters = Meters.of(network, Metering(error_pct=0.0), Streams(2), flow)
    some = here.supplied(here.energised(flow.snapshot))
    some[::2] = False
    nobody_knows = replace(flow, converged=False, v_v=np.full_like(flow.v_v, np.nan))
    meters.see(nobody_knows, some)
    meters.go_to(3600.0)
    expected = np.where(some, flow.power_kva("loads").real, 0.0)
    np.testing.assert_allclose(meters.true_kwh, expected, rtol=1e-9)


def test_meters_gasp_as_often_as_said_and_all_ping_on_return(network: Network, flow: Flow) -> None:
    topology, gasps, back = Topology.of(network.grid), 0, 0
    meters = Meters.of(network, Metering(gasps=0.6), Streams(2), flow)
    out = network.solve(flow.snapshot.with_switch(network.grid, "Sw1", is_open=True))
    here = topology.supplied(topology.energised(out.snapshot))
    lost = int((~here & topology.supplied(topology.energised(flow.snapshot))).sum())
    assert lost > 10
    for k in range(50):
        meters.go_to(1000.0 * k)
        gasping, none = meters.see(out, here)
        assert len(none.load) == 0
        assert np.all((gasping.time_s >= meters.now_s) & (gasping.time_s <= meters.now_s + 20))
        gasps += len(gasping.load)
        meters.go_to(1000.0 * k + 500)
        none, pinging = meters.see(flow, topology.supplied(topology.energised(flow.snapshot)))
        assert len(none.load) == 0
        back += len(pinging.load)
    assert back == 50 * lost
    assert abs(gasps - 0.6 * 50 * lost) < 5 * np.sqrt(50 * lost * 0.6 * 0.4)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Class(ratio_pct=-1),
        lambda: Scanning(scan_s=0),
        lambda: Scanning(integrity=0),
        lambda: Scanning(clock_s=float("nan")),
        lambda: Indicating(missed=1.5),
        lambda: Indicating(pickup_a=0),
        lambda: Metering(interval_s=0),
        lambda: Metering(gasps=-0.1),
    ],
)
def test_settings_that_cannot_be_are_refused(make: object) -> None:
    with pytest.raises(GridError):
        make()  # type: ignore[operator]
