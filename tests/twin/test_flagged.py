from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gridmend
from gridmend.model.errors import GridError
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import Action
from gridmend.model.vocabulary import KINDS, wrong_with
from gridmend.powerflow.network import Network
from gridmend.powerflow.shorts import Short
from gridmend.twin.communications.paths import Outage
from gridmend.twin.flagged import Flagged
from gridmend.twin.plant import Fault
from gridmend.twin.streams import Streams
from gridmend.twin.telecontrol import Telecontrol
from gridmend.twin.telemetry.indicators import Indicating, Indicators, pickups
from tests.twin.instruments import SEED, at, instrumented, repair, strike
from tests.twin.test_telecontrol import NOON, WIRE, of_kind, telecontrol

SURE = Indicating(missed=0.0, false=0.0)
BOLTED = Fault(Short("line.L52", ("a", "b", "c"), 0.5))


@pytest.fixture(scope="module")
def grid() -> Grid:
    return gridmend.read("ieee123")


def flagged(
    field: Telecontrol, settings: Indicating = SURE, *, by_load: bool = False, **more: Any
) -> Flagged:
    """Indicators at every switch."""
    network, flow = field.plant.world.network, field.plant.world.flow
    rows = np.arange(len(network.grid.switches))
    own = pickups(network, flow, rows, settings) if by_load else None
    return Flagged(field, Indicators.of(network, rows, settings, Streams(SEED), own), **more)


def on_the_way(field: Telecontrol, line: str) -> set[str]:
    """The switches between the source and a line, by the topology."""
    topology, snapshot = field.plant.world.topology, field.plant.world.snapshot
    names = [topology.branch_names[b] for b in topology.up(snapshot, f"line.{line}")]
    return {n.partition(".")[2].lower() for n in names if n.startswith("switch.")}


def time_s(event: Event) -> float:
    return (event.time_utc - NOON).total_seconds()


def test_indicators_between_source_and_fault_report_and_no_others(grid: Grid) -> None:
    field = instrumented(grid)
    flagged(field)
    expected = on_the_way(field, "L52")
    strike(field, 100.0, BOLTED)
    field.plant.agenda.run_to(400.0)
    found = of_kind(field.events(), "fault_indicated")
    assert {e.payload["device"] for e in found} == expected and "sw1" in expected
    assert all(e.payload["phases"] == ["a", "b", "c"] for e in found)


def test_every_passage_is_reported_once(grid: Grid) -> None:
    field = instrumented(grid)
    flagged(field)
    switches, shown = on_the_way(field, "L52"), list[float]()
    field.plant.watchers.append(lambda now_s, flow: shown.append(now_s))
    strike(field, 100.0, BOLTED)
    at(field, 100.01, Action.OPEN, "Sw6")
    field.plant.agenda.run_to(400.0)
    assert {100.0, 100.01} <= set(shown), "the flow changes while the fault burns"
    happened = field.plant.happened
    begins = [h.time_s for h in happened if h.kind in ("fault_struck", "close")]
    assert len(begins) == 3, "it strikes, and Sw1 closes onto it twice"
    found = of_kind(field.events(), "fault_indicated")
    assert switches == {"sw1", "sw2"}
    for switch in switches:
        stamps = [time_s(e) for e in found if e.payload["device"] == switch]
        assert stamps == pytest.approx(begins, abs=1e-6)


def test_what_lasts_no_time_puts_no_flag_up(grid: Grid) -> None:
    field = instrumented(grid)
    flagged(field, Indicating(missed=0.0, false=1.0))
    shown: list[float] = []
    field.plant.watchers.append(lambda now_s, flow: shown.append(now_s))
    strike(field, 100.0, BOLTED)
    repair(field, 100.0)
    at(field, 200.0, Action.OPEN, "Sw2")
    at(field, 200.0, Action.CLOSE, "Sw2")
    field.plant.agenda.run_to(400.0)
    assert shown.count(100.0) == shown.count(200.0) == 2, "the plant shows both flows"
    assert not of_kind(field.events(), "fault_indicated")


def test_what_flows_when_it_begins_is_no_news(grid: Grid) -> None:
    field = instrumented(grid)
    flagged(field, Indicating(false=1.0))
    field.plant.agenda.run_to(3600.0)
    assert not of_kind(field.events(), "fault_indicated")


def test_a_report_bears_the_time_of_the_flag_and_comes_after_its_delay(grid: Grid) -> None:
    field = instrumented(grid, latency_s=0.5)
    flagged(field, report_s=20.0)
    strike(field, 100.0, BOLTED)
    field.plant.agenda.run_to(120.4)
    assert not of_kind(field.events(), "fault_indicated")
    field.plant.agenda.run_to(120.6)
    found = of_kind(field.events(), "fault_indicated")
    assert {time_s(e) for e in found} >= {100.0}
    assert {(e.source, e.cause) for e in found} == {("field", "indicator")}


def test_an_event_does_not_tell_a_right_flag_from_a_false_one(grid: Grid) -> None:
    field = instrumented(grid)
    instruments = flagged(field, Indicating(missed=0.0, false=1.0))
    at(field, 50.0, Action.OPEN, "Sw1")
    strike(field, 100.0, Fault(Short("line.L105", ("a",))))
    at(field, 150.0, Action.CLOSE, "Sw1")
    field.plant.agenda.run_to(150.1)
    flags = [f for f in instruments.raised if f.switch == "Sw2"]
    assert {(f.is_true, f.phases) for f in flags} == {(True, ("a",)), (False, ("b", "c"))}
    field.plant.agenda.run_to(155.1)
    found = [e for e in field.events() if e.payload.get("device") == "sw2"]
    found = of_kind(tuple(found), "fault_indicated")
    assert [e.payload["phases"] for e in found] == [["a", "b", "c"]]
    for event in found:
        assert set(event.payload) == {key for key, _ in KINDS[event.kind].needs}
        assert not wrong_with(event)


def test_a_weak_fault_is_seen_next_to_it_by_a_pickup_from_the_load_and_not_by_800_a(
    grid: Grid,
) -> None:
    weak = Fault(Short("line.L105", ("a",), r_ohm=8.0))
    seen: list[set[str]] = []
    for by_load in (False, True):
        field = instrumented(grid)
        flagged(field, by_load=by_load)
        strike(field, 100.0, weak)
        field.plant.agenda.run_to(110.0)
        found = of_kind(field.events(), "fault_indicated")
        seen.append({e.payload["device"] for e in found})
    assert {"sw4", "sw5"} <= seen[1] <= on_the_way(field, "L105")
    assert not {"sw4", "sw5"} & seen[0]


def test_a_pickup_is_a_multiple_of_the_load_and_fixed_where_nothing_flows(grid: Grid) -> None:
    network = Network.of(grid)
    flow, rows = network.solve(), np.array([grid.switches.row(n) for n in ("Sw7", "Sw2", "Sw1")])
    found = pickups(network, flow, rows, Indicating(load_share=3.0, least_a=20.0, pickup_a=700.0))
    for name, pickup_a in zip(("Sw2", "Sw1"), found[1:], strict=True):
        here = (flow.terminals.table == "switches") & (flow.terminals.terminal == 1)
        here &= flow.terminals.row == grid.switches.row(name)
        assert pickup_a == pytest.approx(max(3.0 * np.abs(flow.i_a[here]).max(), 20.0))
    assert found[0] == 700.0, "Sw7 stands open"
    made = Indicators.of(network, rows, SURE, Streams(1), found)
    by_switch = dict(zip(made.switch.tolist(), made.pickup_a.tolist(), strict=True))
    assert by_switch == pytest.approx(dict(zip(rows.tolist(), found.tolist(), strict=True)))


def test_load_puts_no_flag_up(grid: Grid) -> None:
    field = instrumented(grid, demand=[1.0, 0.5, 1.0, 0.7])
    flagged(field, by_load=True)
    field.plant.agenda.run_to(3600.0)
    assert field.plant.world.solved > 3
    assert not of_kind(field.events(), "fault_indicated")


def test_an_indicator_keeps_its_report_until_its_path_is_back(grid: Grid) -> None:
    field = instrumented(grid, store=10, outages=(Outage("mesh", 50.0, 500.0),))
    flagged(field)
    strike(field, 100.0, BOLTED)
    field.plant.agenda.run_to(499.0)
    assert not of_kind(field.events(), "fault_indicated")
    field.plant.agenda.run_to(501.0)
    assert {time_s(e) for e in of_kind(field.events(), "fault_indicated")} >= {100.0}


def test_loss_leaves_flags_protection_and_the_other_reports_as_they_were(grid: Grid) -> None:
    told: list[set[str]] = []
    truth: list[Any] = []
    for loss in (0.0, 0.4):
        field = instrumented(grid, loss=loss)
        instruments = flagged(field, Indicating(missed=0.3, false=0.2))
        strike(field, 100.0, BOLTED)
        field.plant.agenda.run_to(400.0)
        told.append({e.as_line() for e in of_kind(field.events(), "fault_indicated")})
        truth.append((instruments.raised, field.plant.happened))
    assert truth[0] == truth[1] and truth[0][0]
    assert told[1] < told[0]


def test_an_indicator_without_a_path_and_settings_that_cannot_be_are_refused(grid: Grid) -> None:
    with pytest.raises(GridError, match="indicator"):
        flagged(telecontrol(grid, **WIRE))
    with pytest.raises(GridError, match="report_s"):
        flagged(instrumented(grid), report_s=-1.0)
    network, rows = Network.of(grid), np.array([grid.switches.row("Sw2")])
    with pytest.raises(GridError, match=r"(?i)sw2"):
        Indicators.of(network, rows, SURE, Streams(1), np.array([0.0]))
    with pytest.raises(GridError, match="2 pickups"):
        Indicators.of(network, rows, SURE, Streams(1), np.array([1.0, 2.0]))
    with pytest.raises(GridError):
        Indicating(load_share=0.0)
