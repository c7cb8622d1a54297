"""Settings in the tables of a grid: what a device is told, what is refused, and who guards."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gridmend.formats import native
from gridmend.formats.opendss import read
from gridmend.model.check import check_grid
from gridmend.model.grid import Grid
from gridmend.model.schema_protection import (
    FUSES,
    KNOWN_CURVES,
    PROTECTION,
    PROTECTIONS,
    SECTIONALISERS,
)
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.network import Network
from gridmend.powerflow.shorts import Short
from gridmend.twin.agenda import Agenda
from gridmend.twin.guard_settings import settings_of
from gridmend.twin.guards import Guards
from gridmend.twin.plant import Fault, Plant
from gridmend.twin.protection.curves import OPENDSS, STANDARD, curve, through
from gridmend.twin.protection.fuse import FuseSettings
from gridmend.twin.protection.sectionaliser import SectionaliserSettings
from gridmend.twin.protection.settings import RecloserSettings, RelaySettings
from gridmend.twin.world import World
from tests.formats.grids import tables

RELAY = {"name": "R", "switch": "CB", "kind": "relay", "phase_pickup_a": 400.0,
         "phase_slow_curve": "IEEE_very_inverse"}  # fmt: skip
RECLOSER = {"name": "Q", "switch": "S1", "phase_pickup_a": 200.0, "phase_slow_curve": "d"}
LINK = {"name": "F", "switch": "S2", "rated_a": 40.0, "melt_curve": "klink"}
COUNTER = {"name": "N", "switch": "S2", "actuating_a": 150.0}


def guards_of(grid: Grid, given: dict[str, Any] | None = None) -> Guards:
    network = Network.of(grid)
    series = Series.scaled(Snapshot.normal(grid), [1.0] * 8, step_s=900.0)
    world = World.of(network, series)
    return Guards.of(network, world.topology, world.flow, given)


def told(guards: Guards, name: str) -> Any:
    return guards[name].device.settings  # type: ignore[attr-defined]


def test_the_names_of_curves_that_need_no_row_are_those_the_twin_has() -> None:
    assert sorted(KNOWN_CURVES) == sorted([*STANDARD, *OPENDSS])


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (RecloserSettings, PROTECTIONS), (FuseSettings, FUSES),
        (SectionaliserSettings, SECTIONALISERS),
    ],
)  # fmt: skip
def test_defaults_of_the_tables_are_those_of_the_settings(kind: Any, schema: Any) -> None:
    columns = {column.name: column for column in schema.columns}
    seen = 0
    for field in fields(kind):
        name = field.name
        if name in ("conductors", "shots", "reclose_s") or f"{name}_curve" in columns:
            continue  # Of the switch, of the kind of device (the next test), and under its name.
        default = columns[name].default
        if field.default is MISSING or name == "phase_pickup_a":
            assert columns[name].required or name in ("phase_pickup_a", "phase_slow_curve")
        elif name.endswith("_curve"):
            assert (default, field.default) == ("", None)
        elif field.default == math.inf:
            assert math.isnan(default)
        else:
            assert (default, type(default)) == (field.default, type(field.default))
            seen += 1
    assert seen >= 2


def test_a_row_of_nothing_but_what_it_needs_is_settings_at_their_defaults(ring: Grid) -> None:
    source = {"name": "G", "source": "GRID", "phase_pickup_a": 300.0, "phase_slow_curve": "a"}
    grid = ring.with_rows("protections", RELAY, RECLOSER, source).with_rows("fuses", LINK)
    found, findings = settings_of(grid)
    assert not findings
    assert found == {
        "cb": RelaySettings("R", 400.0, curve("ieee_very_inverse")),
        "s1": RecloserSettings("Q", 200.0, OPENDSS["d"]),
        "source.grid": RecloserSettings("G", 300.0, OPENDSS["a"]),
        "s2": FuseSettings("F", 40.0, OPENDSS["klink"]),
    }
    counted, _ = settings_of(ring.with_rows("sectionalisers", COUNTER))
    assert counted == {"s2": SectionaliserSettings("N", 150.0)}


def test_every_column_reaches_its_setting(ring: Grid) -> None:
    row = {
        **RECLOSER, "phase_slow_curve": "mine", "phase_slow_dial": 2.0, "phase_slow_adder_s": 0.1,
        "phase_slow_minimum_s": 0.2, "phase_fast_curve": "a", "phase_fast_dial": 3.0,
        "phase_instantaneous_a": 4000.0, "ground_pickup_a": 80.0, "ground_slow_curve":
        "ieee_extremely_inverse", "ground_slow_dial": 0.5, "ground_fast_curve": "a",
        "ground_fast_minimum_s": 0.3, "ground_instantaneous_a": 900.0, "instantaneous_s": 0.02,
        "instantaneous_shots": 2, "fast_shots": 1, "shots": 3, "reclose_s": [0.4, 9.0],
        "reset_s": 20.0, "open_s": 0.05, "close_s": 0.06, "single_phase": True,
        "three_phase_lock_out": False, "hand_close_locks": True, "cold_load_multiple": 2.0,
        "cold_load_s": 30.0, "resets_at_once": True,
    }  # fmt: skip
    link = {**LINK, "clear_curve": "clears", "melt_dial": 0.5, "clear_adder_s": 1.0,
            "damaged_share": 0.6, "cooling_s": 9.0}  # fmt: skip
    counter = {**COUNTER, "switch": "T", "counts": 2, "ground_actuating_a": 40.0, "dead_a": 1.0,
               "memory_s": 30.0, "open_s": 0.2, "needs_no_voltage": True}  # fmt: skip
    grid = (
        ring.with_rows(
            "curves",
            {"name": "Mine", "multiple": [1.0, 10.0], "time_s": [2.0, 0.1], "reset_s": 5.0},
            {"name": "clears", "multiple": [2.0, 30.0], "time_s": [400.0, 0.1]},
        )
        .with_rows("protections", row)
        .with_rows("fuses", link)
        .with_rows("sectionalisers", counter)
    )
    found, findings = settings_of(grid)
    assert not findings
    extremely = STANDARD["ieee_extremely_inverse"].at_once()
    mine = through("Mine", multiple=[1, 10], points_s=[2, 0.1])
    assert found["s1"] == RecloserSettings(
        "Q", 200.0, mine.set_to(dial=2.0, adder_s=0.1, minimum_s=0.2),
        OPENDSS["a"].set_to(dial=3.0), phase_instantaneous_a=4000.0, ground_pickup_a=80.0,
        ground_slow_curve=extremely.set_to(dial=0.5),
        ground_fast_curve=OPENDSS["a"].set_to(minimum_s=0.3), ground_instantaneous_a=900.0,
        instantaneous_s=0.02, instantaneous_shots=2, fast_shots=1, shots=3, reclose_s=(0.4, 9.0),
        reset_s=20.0, open_s=0.05, close_s=0.06, single_phase=True, three_phase_lock_out=False,
        hand_close_locks=True, cold_load_multiple=2.0, cold_load_s=30.0,
    )  # fmt: skip
    clears = through("clears", multiple=[2, 30], points_s=[400, 0.1]).set_to(adder_s=1.0)
    assert found["s2"] == FuseSettings(
        "F", 40.0, OPENDSS["klink"].set_to(dial=0.5), clears, damaged_share=0.6, cooling_s=9.0
    )
    assert found["t"] == SectionaliserSettings("N", 150.0, 2, 40.0, 1.0, 30.0, 0.2, True)


def test_the_tables_come_back_from_files_as_they_were(ring: Grid, tmp_path: Path) -> None:
    grid = ring.with_rows("protections", {**RELAY, "shots": 3, "reclose_s": [0.1, 1 / 3]})
    grid = grid.with_rows("fuses", LINK).with_rows(
        "curves", {"name": "mine", "multiple": [1.0, 10.0], "time_s": [2.0, 0.1]}
    )
    native.write(grid, tmp_path / "grid")
    back = native.read(tmp_path / "grid")
    assert settings_of(back) == settings_of(grid)
    assert list(back.curves["time_s"][0]) == [2.0, 0.1]


def test_guards_of_the_tables_are_those_of_the_same_settings_given_by_hand(ring: Grid) -> None:
    tabled = ring.with_rows("protections", RELAY, RECLOSER).with_rows("fuses", LINK)
    by_hand = {
        "CB": RelaySettings("R", 400.0, curve("ieee_very_inverse")),
        "S1": RecloserSettings("Q", 200.0, OPENDSS["d"]),
        "S2": FuseSettings("F", 40.0, OPENDSS["klink"]),
    }
    guards = guards_of(tabled)
    for name, settings in by_hand.items():
        assert told(guards, name) == settings
    assert [f.where for f in guards.findings] == ["grid"]  # The breaker of the source.
    kinds = ring.switches.with_column("kind", ["breaker", "recloser", "fuse", "switch"])
    hand = guards_of(ring.with_tables(switches=kinds), by_hand)
    assert [told(hand, name) for name in by_hand] == [told(guards, name) for name in by_hand]


def test_given_settings_go_before_the_table_and_the_table_before_what_is_assumed(
    ring: Grid,
) -> None:
    grid = ring.with_rows("protections", RELAY)
    mine = RelaySettings("mine", 999.0, OPENDSS["d"])
    assert told(guards_of(ring), "CB").phase_pickup_a == 100.0
    assert told(guards_of(grid), "CB").phase_pickup_a == 400.0
    assert told(guards_of(grid, {"cb": mine}), "CB") is mine


def test_a_switch_of_no_guarding_kind_guards_where_a_table_says_so(ring: Grid) -> None:
    assert [g.name for g in guards_of(ring).devices] == ["CB", "grid"]
    guards = guards_of(ring.with_rows("sectionalisers", COUNTER))
    assert [g.name for g in guards.devices] == ["CB", "S2", "grid"]


def test_settings_are_for_the_conductors_of_their_switch(ring: Grid) -> None:
    single = ring.switches.changed("S2", {"phases1": "b", "phases2": "b"})
    found, _ = settings_of(ring.with_tables(switches=single).with_rows("fuses", LINK))
    assert found["s2"].conductors == 1


REFUSED = [
    ("protections", {**RELAY, "phase_slow_curve": "d_"}, "'d_' is no curve"),
    ("protections", {**RELAY, "phase_slow_curve": "bent"}, "'bent' cannot be meant"),
    ("protections", {**RELAY, "phase_slow_curve": ""}, "a phase pickup and no phase curve"),
    ("protections", {**RELAY, "phase_pickup_a": math.nan}, "it has no pickup"),
    ("protections", {**RELAY, "phase_pickup_a": -5.0}, "phase_pickup_a of 'R' is -5"),
    ("protections", {**RELAY, "phase_slow_dial": 0.0}, "dial of 'ieee_very_inverse' is 0"),
    ("protections", {**RELAY, "ground_pickup_a": 5.0}, "a ground pickup and no ground curve"),
    ("protections", {**RELAY, "shots": 3}, "0 reclose intervals and 3 shots"),
    ("protections", {**RELAY, "shots": -1}, "shots of 'R' is -1"),
    ("protections", {**RELAY, "shots": 2**62}, "shots of 'R' is 4611686018427387904"),
    ("protections", {**RELAY, "reset_s": math.nan}, "reset_s of 'R' is nan"),
    ("protections", {**RELAY, "switch": ""}, "not at one switch or source"),
    ("protections", {**RELAY, "source": "grid"}, "not at one switch or source"),
    ("protections", {**RELAY, "switch": "CC"}, "there is no switch 'CC'"),
    ("fuses", {**LINK, "rated_a": 0.0}, "rated_a of 'F' is 0"),
    ("fuses", {**LINK, "melt_curve": ""}, "it has no melt_curve"),
    ("fuses", {**LINK, "clear_curve": "a"}, "clear before it melts"),
    ("sectionalisers", {**COUNTER, "counts": 0}, "counts of 'N' is 0"),
    ("sectionalisers", {**COUNTER, "actuating_a": 0.1}, "actuating_a of 'N' is 0.1"),
]


@pytest.mark.parametrize(("table", "row", "what"), REFUSED)
def test_a_row_that_cannot_be_meant_is_a_finding_and_its_guard_is_assumed(
    table: str, row: dict[str, Any], what: str, ring: Grid
) -> None:
    bent = {"name": "bent", "multiple": [2.0, 1.0], "time_s": [1.0, 1.0]}
    grid = ring.with_rows("curves", bent).with_rows(table, row)
    found, findings = settings_of(grid)
    assert not found
    assert [f.where for f in findings] == ["curves, row 'bent'", f"{table}, row '{row['name']}'"]
    assert what in findings[1].what and findings[1].mend
    assert any("protection of CB is assumed" in f.what for f in guards_of(grid).findings)
    assert set(findings) <= set(guards_of(grid).findings)


def test_of_two_devices_at_one_switch_the_first_is_taken_and_both_are_named(ring: Grid) -> None:
    grid = ring.with_rows("fuses", {**LINK, "switch": "s1"}).with_rows("protections", RECLOSER)
    found, findings = settings_of(grid)
    assert found == {"s1": RecloserSettings("Q", 200.0, OPENDSS["d"])}
    assert "fuse link 'F'" in findings[0].what and "protection 'Q'" in findings[0].what


CHECKED = [
    ("protections", RELAY, {"phase_slow_curve": "d_"}, "names 'd_', which is no curve"),
    ("protections", RELAY, {"phase_slow_curve": ""}, "no phase_slow_curve"),
    ("protections", RELAY, {"switch": ""}, "not one of switch and source is given"),
    ("protections", RELAY, {"source": "grid"}, "not one of switch and source is given"),
    ("protections", RELAY, {"switch": "CC"}, "names the switch 'CC', which is not there"),
    ("fuses", LINK, {"melt_curve": "k"}, "fuse link 'F': melt_curve names 'k'"),
    ("fuses", LINK, {"switch": "cb"}, "at switch 'cb', whose kind is breaker"),
    ("fuses", LINK, {"switch": "S1"}, "fuse link 'F' is at the switch 'S1' of protection 'Q'"),
]


@pytest.mark.parametrize(("table", "row", "changes", "what"), CHECKED)
def test_a_check_of_the_grid_finds_what_does_not_fit(
    table: str, row: dict[str, Any], changes: dict[str, Any], what: str, ring: Grid
) -> None:
    ring = ring.with_rows("protections", RECLOSER)
    good = {f.what for f in check_grid(ring.with_rows(table, row))}
    new = {f.what for f in check_grid(ring.with_rows(table, {**row, **changes}))} - good
    assert any(what in found for found in new), new


@pytest.mark.parametrize(
    ("multiple", "time_s", "what"),
    [
        ([1, 2], [1], "2 multiples and 1 times"), ([], [], "0 multiples"),
        ([2, 1], [1, 1], "do not rise"), ([1, 2], [1, 2], "operates later"),
        ([0, 2], [2, 1], "not all above 0"), ([1, 2], [1, math.nan], "not all above 0"),
    ],
)  # fmt: skip
def test_a_check_of_the_grid_and_the_twin_refuse_the_same_curves(
    multiple: list[float], time_s: list[float], what: str, ring: Grid
) -> None:
    grid = ring.with_rows("curves", {"name": "c", "multiple": multiple, "time_s": time_s})
    assert any(f"curve 'c': {'its ' * ('rise' in what)}" in f.what and what in f.what
               for f in check_grid(grid))  # fmt: skip
    assert len(settings_of(grid)[1]) == 1


@hypothesis_settings(max_examples=40, deadline=None)
@given(st.data())
def test_whatever_the_tables_hold_is_settings_or_a_finding_and_never_an_exception(
    data: st.DataObject,
) -> None:
    grid = Grid("any").with_tables(
        **{schema.name: data.draw(tables(schema), label=schema.name) for schema in PROTECTION}
    )
    ends = {"phases1": "a b c", "bus1": "x", "bus2": "y", "phases2": "a b c"}
    names = {name for table in ("protections", "fuses") for name in grid.table(table)["switch"]}
    folded = {name.lower(): name for name in names if name}
    grid = grid.with_rows("switches", *({"name": name, **ends} for name in folded.values()))
    found, findings = settings_of(grid)
    rows = sum(len(grid.table(schema.name)) for schema in PROTECTION[1:])
    assert len(found) + sum("curves" not in f.where.split(",")[0] for f in findings) == rows
    assert all(f.what and f.where for f in check_grid(grid))


def test_what_hangs_on_a_switch_goes_with_it(ring: Grid) -> None:
    grid = ring.with_rows("protections", RECLOSER).with_rows("fuses", LINK)
    left = grid.without("switch.s1", "switch.s2")
    assert not len(left.protections) and not len(left.fuses)


SCRIPT = [
    "new circuit.x basekv=12.47 pu=1.0 mvasc3=200 mvasc1=180",
    "new line.head bus1=sourcebus bus2=a switch=yes",
    "new line.main bus1=a bus2=b length=2 units=km r1=.3 x1=.4 r0=.6 x0=1.2 c1=0 c0=0",
    "new line.side bus1=b bus2=c switch=yes",
    "new line.far bus1=c bus2=d length=1 units=km r1=.3 x1=.4 r0=.6 x0=1.2 c1=0 c0=0",
    "new load.l bus1=d kv=12.47 kw=300 pf=.95",
    "set voltagebases=(12.47)",
    "calcvoltagebases",
]
DEVICES = [
    [
        "new recloser.r line.head 1 phasetrip=150 numfast=2 phasefast=a phasedelayed=d shots=4"
        " tdphdelayed=0.7 recloseintervals=(0.5 2 3)"
    ],
    [
        "new relay.r line.head 1 phasecurve=very_inv phasetrip=300 tdphase=.5 groundcurve=mod_inv"
        " groundtrip=60 tdground=.3 shots=3 recloseintervals=(1 2) breakertime=.05 eventlog=yes"
    ],
    ["new relay.r line.head 1 delay=0.3 phasetrip=300 shots=2 recloseintervals=(1) eventlog=yes"],
    [
        "new recloser.r line.head 1 phasetrip=300 numfast=1 groundfast=a groundtrip=80 shots=2"
        " recloseintervals=(1) delay=.04 phaseinst=900 tdphfast=4"
    ],
    ["new tcc_curve.mine npts=3 c_array=(1 4 10) t_array=(5 .8 .2)",
     "new fuse.u line.side 1 fusecurve=mine ratedcurrent=100 delay=.1"],
]  # fmt: skip
FAULT_S, STEP_S, TO_S = 0.1, 0.002, 9.0


def _peers(devices: list[str], nodes: str) -> list[tuple[str, float]]:
    dss = pytest.importorskip("dss", reason="OpenDSS is the oracle: install dss_python").DSS
    dss.AllowForms = False
    count = len(nodes.split("."))
    for line in (
        "clear", *SCRIPT, *devices,
        f"new fault.f bus1=d.{nodes} phases={count} r=0.01 ontime={FAULT_S}", "solve",
        f"set mode=dynamics controlmode=time stepsize={STEP_S} time=(0,0)",
        f"set number={round(TO_S / STEP_S)}", "solve",
    ):  # fmt: skip
        dss.Text.Command = line
    seen: list[tuple[str, float]] = []
    for line in dss.ActiveCircuit.Solution.EventLog:
        found = re.search(r"Sec=([\d.]+).*Element=(\w+\.\w+), Action=(\w+)", line)
        if found and found[3].lower() in ("opened", "closed", "phase"):
            what = "close" if found[3].lower() == "closed" else "open"
            if not seen or seen[-1] != (what, float(found[1])):
                seen.append((what, float(found[1])))
    return seen


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., Grid]:
    def run(*lines: str) -> Grid:
        (tmp_path / "m").mkdir(exist_ok=True)
        (tmp_path / "m" / "master.dss").write_text("\n".join((*SCRIPT, *lines)))
        return read(tmp_path / "m" / "master.dss")

    return run


@pytest.mark.parametrize("nodes", ["1.2.3", "2"])
@pytest.mark.parametrize("devices", DEVICES, ids=lambda devices: devices[-1].split(" line")[0])
def test_a_grid_read_from_opendss_trips_as_opendss_does(
    devices: list[str], nodes: str, script: Callable[..., Grid]
) -> None:
    network = Network.of(script(*devices))
    series = Series.scaled(Snapshot.normal(network.grid), [1.0] * 8, step_s=900.0)
    world = World.of(network, series)
    guards = Guards.of(network, world.topology, world.flow)
    place = devices[-1].split("line.")[1].split()[0]
    assert not [f for f in guards.findings if f.where == place]
    # What nobody told of, as the source's own breaker, is not in the peer.
    alone = replace(guards, devices=tuple(g for g in guards.devices if g.name == place))
    plant = Plant(Agenda(), world, alone)
    phases = tuple("abc"[int(node) - 1] for node in nodes.split("."))
    fault = Fault(Short("line.far", phases, 0.01, share=1.0))
    plant.agenda.at(FAULT_S, lambda: plant.strike(fault))
    plant.agenda.run_to(TO_S)
    ours: list[tuple[str, float]] = []
    for happened in plant.happened:
        if happened.kind in ("open", "close") and (
            not ours or abs(happened.time_s - ours[-1][1]) > STEP_S
        ):
            ours.append((happened.kind, happened.time_s))
    theirs = _peers(devices, nodes)
    assert ours and [what for what, _ in ours] == [what for what, _ in theirs], (ours, theirs)
    # OpenDSS does what is due at its next step, so that in its times the steps add up.
    late = np.array([b for _, b in theirs]) - np.array([a for _, a in ours])
    assert (np.abs(late) <= STEP_S * (np.arange(len(late)) + 2)).all(), (ours, theirs)
