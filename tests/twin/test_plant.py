from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridmend
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, OutcomeState, Step
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.network import Network
from gridmend.powerflow.shorts import Short
from gridmend.twin.agenda import Agenda
from gridmend.twin.guards import Guards
from gridmend.twin.plant import Fault, Plant
from gridmend.twin.protection.curves import OPENDSS, STANDARD
from gridmend.twin.protection.fuse import FuseSettings
from gridmend.twin.protection.settings import RecloserSettings
from gridmend.twin.world import World

L52 = Short("line.L52", ("a", "b", "c"), 0.5, share=0.5)


@pytest.fixture(scope="module")
def network() -> Network:
    return Network.of(gridmend.read("ieee123"))


def plant_of(network: Network, given: dict[str, object] | None = None) -> Plant:
    series = Series.scaled(Snapshot.normal(network.grid), [1.0] * 8, step_s=900.0)
    world = World.of(network, series)
    guards = Guards.of(network, world.topology, world.flow, given)  # type: ignore[arg-type]
    return Plant(Agenda(), world, guards)


def _strike(plant: Plant, fault: Fault) -> None:
    plant.strike(fault)


def kinds(plant: Plant) -> list[str]:
    return [happened.kind for happened in plant.happened]


def test_a_permanent_fault_locks_out_what_guards_it_and_all_behind_are_dark(
    network: Network,
) -> None:
    plant = plant_of(network)
    plant.agenda.at(10.0, lambda: _strike(plant, Fault(L52)))
    plant.agenda.run_to(600.0)
    assert kinds(plant) == ["fault_struck", *["trip", "open", "close"] * 2, "trip", "open",
                            "lock_out"]  # fmt: skip
    assert {h.payload.get("device") for h in plant.happened[1:]} == {"Sw1"}
    assert not plant.world.is_faulted and not plant.world.supplied().any()
    assert list(plant.faults.values()) == [Fault(L52)]


def test_a_temporary_fault_is_gone_after_the_first_reclosing(network: Network) -> None:
    plant = plant_of(network)
    plant.agenda.at(10.0, lambda: _strike(plant, Fault(L52, is_permanent=False)))
    plant.agenda.run_to(600.0)
    assert kinds(plant) == ["fault_struck", "trip", "open", "extinguished", "close", "reset"]
    assert plant.world.supplied().all() and not plant.faults
    times = {h.kind: h.time_s for h in plant.happened}
    assert times["extinguished"] == pytest.approx(times["open"] + 0.3)
    assert times["close"] == pytest.approx(times["open"] + 0.5)


def test_a_trip_takes_as_long_as_its_curve_says_at_the_currents_that_flow(
    network: Network,
) -> None:
    plant = plant_of(network)
    plant.strike(Fault(Short("line.L1", ("b",), 0.0)))
    guard = plant.guards["Sw1"]
    told = guard.device.settings  # type: ignore[attr-defined]
    i_a = plant.world.flow.i_a[guard.at]
    by_phase = told.phase_slow_curve.time_s(np.abs(i_a) / told.phase_pickup_a).min()
    by_ground = float(told.ground_slow_curve.time_s(abs(i_a.sum()) / told.ground_pickup_a))
    expected_s = min(float(by_phase), by_ground)
    plant.agenda.run_to(expected_s + 1.0)
    trip = next(h for h in plant.happened if h.kind == "trip")
    assert trip.time_s == pytest.approx(expected_s, abs=2e-6)


def lateral(grid: Grid) -> Grid:
    """The feeder with a fuse in place of the line to a lateral on one phase."""
    row = {str(k): v for k, v in grid.lines.record("L1").items()}
    fuse = {"name": "F1", "bus1": row["bus1"], "phases1": row["phases1"], "bus2": row["bus2"],
            "phases2": row["phases2"], "kind": "fuse", "interrupts": "fault"}  # fmt: skip
    extra = {**row, "name": "L1b", "bus1": row["bus2"], "bus2": "end"}
    base_kv = float(grid.buses["base_kv"][grid.buses.row(row["bus1"])])
    grid = grid.without("line.L1").with_rows("buses", {"name": "end", "base_kv": base_kv})
    return grid.with_rows("switches", fuse).with_rows("lines", extra)


SAVING = RecloserSettings(
    "Sw1", 1600.0, STANDARD["ieee_very_inverse"].set_to(dial=2.0),
    phase_fast_curve=STANDARD["ieee_extremely_inverse"].set_to(dial=0.02), fast_shots=1, shots=3,
    reclose_s=(0.5, 15.0), ground_pickup_a=900.0,
    ground_slow_curve=STANDARD["ieee_very_inverse"].set_to(dial=4.0),
    ground_fast_curve=STANDARD["ieee_extremely_inverse"].set_to(dial=0.02), open_s=0.02,
)  # fmt: skip


def test_a_recloser_saves_the_fuse_of_a_lateral_from_a_fault_that_passes() -> None:
    network = Network.of(lateral(gridmend.read("ieee123")))
    fuse = FuseSettings("F1", 400.0, OPENDSS["tlink"], conductors=1)
    plant = plant_of(network, {"Sw1": SAVING, "F1": fuse})
    plant.strike(Fault(Short("line.L1b", ("b",), 0.0, share=1.0), is_permanent=False))
    plant.agenda.run_to(100.0)
    assert "melted" not in kinds(plant) and plant.world.supplied().all()


def test_the_fuse_blows_for_a_fault_that_stays_and_only_its_lateral_is_dark() -> None:
    network = Network.of(lateral(gridmend.read("ieee123")))
    fuse = FuseSettings("F1", 400.0, OPENDSS["tlink"], conductors=1)
    plant = plant_of(network, {"Sw1": SAVING, "F1": fuse})
    plant.strike(Fault(Short("line.L1b", ("b",), 0.0, share=1.0)))
    plant.agenda.run_to(100.0)
    assert [kind for kind in kinds(plant) if kind in ("open", "close")] == ["open", "close", "open"]
    opened = [h.payload["device"] for h in plant.happened if h.kind == "open"]
    assert opened == ["Sw1", "F1"] and "lock_out" not in kinds(plant)
    dark = ~plant.world.supplied()
    assert {str(n) for n in network.grid.loads["name"][dark]} == {"S2b"}


def test_a_fault_that_grows_is_seen_on_the_phases_that_it_has_by_then(network: Network) -> None:
    plant = plant_of(network)
    weak = Short("line.L52", ("a",), 40.0)
    plant.strike(Fault(weak, grows=((60.0, ("a", "b", "c")),)))
    plant.agenda.run_to(59.0)
    assert kinds(plant) == ["fault_struck"], "40 ohm on one phase picks nothing up"
    plant.agenda.run_to(60.0)
    assert kinds(plant) == ["fault_struck", "fault_grew"]
    assert plant.world.shorts == (Short("line.L52", ("a", "b", "c"), 40.0),)


def test_closing_onto_a_fault_trips_again(network: Network) -> None:
    plant = plant_of(network)
    plant.strike(Fault(L52))
    plant.agenda.run_to(100.0)
    assert plant.operate(Step(Action.CLOSE, "Sw1", "")).state is OutcomeState.CONFIRMED
    assert plant.world.is_faulted
    plant.agenda.run_to(200.0)
    assert not plant.world.is_faulted and "lock_out" in kinds(plant)
    plant.repair(1)
    plant.operate(Step(Action.CLOSE, "Sw1", ""))
    plant.agenda.run_to(300.0)
    assert plant.world.supplied().all()


def test_commands_do_what_they_say_or_say_why_not(network: Network) -> None:
    plant = plant_of(network)
    assert plant.operate(Step(Action.OPEN, "Sw2", "")).state is OutcomeState.CONFIRMED
    assert plant.world.snapshot.is_open(network.grid, "Sw2")
    plant.stuck.add("sw2")
    assert plant.operate(Step(Action.CLOSE, "Sw2", "")).state is OutcomeState.IN_DOUBT
    assert plant.world.snapshot.is_open(network.grid, "Sw2")
    slow = plant.operate(Step(Action.OPEN, "Sw1", ""))
    assert slow.state is OutcomeState.IN_DOUBT
    plant.agenda.run_to(1.0)
    assert plant.world.snapshot.is_open(network.grid, "Sw1")
    for step in (Step(Action.OPEN, "nowhere", ""), Step(Action.TAG, "Sw3", "", mark="t")):
        assert plant.operate(step).state is OutcomeState.FAILED
    tap = Step(Action.SET_TAP, "creg4a", "", value=3)
    assert plant.operate(tap).state is OutcomeState.CONFIRMED


def test_a_bad_fault_is_refused_and_changes_nothing(network: Network) -> None:
    plant = plant_of(network)
    for element, phases in (("line.l999", ("a",)), ("line.L1", ("a",))):
        with pytest.raises(GridError):
            plant.strike(Fault(Short(element, phases)))
    with pytest.raises(GridError, match="grow"):
        Fault(L52, grows=((5.0, ("a",)), (1.0, ("b",))))
    with pytest.raises(GridError, match="no fault 7"):
        plant.repair(7)
    with pytest.raises(GridError, match="no protective device"):
        plant_of(network, {"Sw99": SAVING})
    assert not plant.faults and not plant.happened


def test_what_is_assumed_of_protection_is_said_and_what_is_given_is_not(network: Network) -> None:
    assumed = {f.where for f in plant_of(network).guards.findings}
    given = {f.where for f in plant_of(network, {"Sw1": SAVING}).guards.findings}
    assert assumed - given == {"Sw1"}


@settings(deadline=None, max_examples=15)
@given(
    st.lists(
        st.tuples(st.floats(0, 300), st.integers(0, 20), st.booleans(), st.floats(0, 5)),
        min_size=1, max_size=4,
    )
)  # fmt: skip
def test_no_fault_stays_fed_that_a_device_picks_up(
    faults: list[tuple[float, int, bool, float]],
) -> None:
    network = Network.of(gridmend.read("ieee13"))
    plant = plant_of(network)
    lines = network.grid.lines
    for at_s, number, is_permanent, r_ohm in faults:
        row = number % len(lines)
        phase = str(lines["phases1"][row]).split()[0]
        fault = Fault(Short(f"line.{lines['name'][row]}", (phase,), r_ohm), is_permanent)
        plant.agenda.at(at_s, partial(_strike, plant, fault))
    plant.agenda.run_to(7000.0)
    for guard in plant.guards.devices:
        assert guard.device.due_s() == float("inf"), f"{guard.name} still waits"
    times = [h.time_s for h in plant.happened]
    assert times == sorted(times)


_TELL = """
import sys; sys.path.insert(0, sys.argv[1])
from tests.twin.test_plant import plant_of, Fault, L52, Network, gridmend
plant = plant_of(Network.of(gridmend.read("ieee123")))
plant.agenda.at(10.0, lambda: plant.strike(Fault(L52, is_permanent=False)))
plant.agenda.run_to(2000.0)
print([(h.time_s, h.kind, dict(h.payload)) for h in plant.happened])
print(plant.world.flow.v_v.tobytes().hex())
"""


def test_equal_runs_are_equal_to_the_byte_in_any_process() -> None:
    root = str(Path(__file__).parents[2])
    said = [
        subprocess.run(
            [sys.executable, "-c", _TELL, root], capture_output=True, check=True, cwd=root
        ).stdout
        for _ in range(2)
    ]
    assert said[0] == said[1] and len(said[0]) > 1000


def test_a_transient_fault_on_a_phase_that_is_open_goes_out_though_others_induce_a_voltage(
    network: Network,
) -> None:
    plant = plant_of(network)
    world = plant.world
    row = world.grid.switches.row("Sw3")
    bits = world.snapshot.open_phases.copy()
    bits[row] = 1
    plant.stand(world.snapshot.with_open_phases(bits))
    arc = Short("line.L51", ("a",), 0.5, share=0.5)
    nodes = world.topology.nodes_of("line.L51")
    assert world.topology.energised(world.snapshot)[nodes].any(), "two phases have supply"
    plant.strike(Fault(arc, is_permanent=False))
    assert not world.is_live(arc)
    plant.agenda.run_to(30.0)
    assert plant.faults == {} and "extinguished" in kinds(plant)
