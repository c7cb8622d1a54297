"""Fuses, reclosers, relays and curves of OpenDSS scripts, value by value as OpenDSS has them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gridmend.formats.opendss import library, read
from gridmend.formats.opendss.properties import PROPERTIES
from gridmend.model.check import check_grid
from gridmend.model.grid import Grid
from tests.formats.opendss_properties import asked, listed, number

Read = Callable[..., Grid]
LINES = [f"new line.s{i} bus1=sourcebus bus2=b{i} switch=yes" for i in range(6)]
SCRIPT = [
    *LINES,
    "new line.one phases=1 bus1=sourcebus.2 bus2=c.2 switch=yes",
    "new line.plain bus1=b0 bus2=e",
    "new tcc_curve.own npts=3 c_array=(1 5 20) t_array=(2 0.5 0.1)",
    "new tcc_curve.cut npts=2 c_array=(1 5 20) t_array=(2 0.5 0.1)",
    "new tcc_curve.copy like=d npts=4",
    "new recloser.bare monitoredobj=line.s0",
    "new recloser.full line.s1 1 numfast=2 phasefast=own phasedelayed=cut groundfast=a"
    " grounddelayed=ext_inv phasetrip=400 groundtrip=120 phaseinst=4000 groundinst=2000"
    " reset=20 shots=3 recloseintervals=(1 5) delay=0.05"
    " tdphfast=0.8 tdgrfast=0.9 tdphdelayed=1.5 tdgrdelayed=2",
    "new relay.head line.s2 1 type=current phasecurve=very_inv groundcurve=copy phasetrip=600"
    " groundtrip=200 tdphase=0.5 tdground=0.3 phaseinst=5000 groundinst=2500 reset=30"
    " recloseintervals=none breakertime=0.1",
    "new fuse.link line.s3 1 fusecurve=klink ratedcurrent=65 delay=0.02",
    "new fuse.bare monitoredobj=line.one",
]


@pytest.fixture
def model(tmp_path: Path) -> Read:
    def run(*lines: str) -> Grid:
        (tmp_path / "m").mkdir(exist_ok=True)
        (tmp_path / "m" / "master.dss").write_text("\n".join(("new circuit.x", *lines)))
        return read(tmp_path / "m" / "master.dss")

    return run


@pytest.fixture
def peer() -> Callable[..., Any]:
    dss = pytest.importorskip("dss", reason="OpenDSS is the oracle: install dss_python").DSS
    dss.AllowForms = False

    def run(*lines: str) -> Any:
        for line in ("clear", "new circuit.x", *lines):
            dss.Text.Command = line
        return dss

    return run


def said(grid: Grid, severity: str = "warning") -> list[str]:
    return [f.what for f in grid.findings if f.severity == severity]


def assert_sequence(dss: Any, kind: str, row: dict[str, Any]) -> None:
    name = row["name"]
    assert row["shots"] == number(dss, kind, name, "shots")
    assert row["reset_s"] == number(dss, kind, name, "reset")
    words = asked(dss, kind, name, "recloseintervals").strip("[] ")
    assert list(row["reclose_s"]) == [float(word) for word in words.split() if word != "NONE"]


def same(ours: float, theirs: float) -> bool:
    """Equal, an element that is not there being nan with us and 0 with them."""
    return ours == pytest.approx(theirs) if theirs else ours != ours


def test_every_setting_of_a_recloser_is_as_opendss_has_it(
    model: Read, peer: Callable[..., Any]
) -> None:
    grid, dss = model(*SCRIPT), peer(*SCRIPT)
    for name, grounded in (("bare", False), ("full", True)):
        row = grid.protections.record(name)
        theirs = {
            p: number(dss, "recloser", name, p)
            for p in PROPERTIES["recloser"]
            if p in ("delay", "numfast") or p.startswith("td") or p[-4:] in ("trip", "inst")
        }
        assert row["kind"] == "recloser"
        assert_sequence(dss, "recloser", row)
        assert (row["open_s"], row["fast_shots"]) == (theirs["delay"], theirs["numfast"])
        assert row["instantaneous_s"] == 0.01 + theirs["delay"]
        for which, short in (("phase", "ph"), ("ground", "gr")):
            for speed, word in (("fast", "fast"), ("slow", "delayed")):
                curve = asked(dss, "recloser", name, f"{which}{word}")
                assert row[f"{which}_{speed}_curve"] == curve
                assert row[f"{which}_{speed}_dial"] == theirs[f"td{short}{word}"]
            is_there = which == "phase" or grounded
            assert same(row[f"{which}_pickup_a"], theirs[f"{which}trip"] if is_there else 0)
            assert same(row[f"{which}_instantaneous_a"], theirs[f"{which}inst"])


def test_every_setting_of_a_relay_is_as_opendss_has_it(
    model: Read, peer: Callable[..., Any]
) -> None:
    grid, dss = model(*SCRIPT), peer(*SCRIPT)
    row = grid.protections.record("head")
    assert (row["kind"], row["switch"], row["source"]) == ("relay", "s2", "")
    assert_sequence(dss, "relay", row)
    assert row["open_s"] == number(dss, "relay", "head", "breakertime")
    assert row["instantaneous_s"] == 0.01 + row["open_s"]
    for which in ("phase", "ground"):
        assert row[f"{which}_slow_curve"] == asked(dss, "relay", "head", f"{which}curve")
        assert row[f"{which}_slow_dial"] == number(dss, "relay", "head", f"td{which}")
        assert row[f"{which}_pickup_a"] == number(dss, "relay", "head", f"{which}trip")
        assert row[f"{which}_instantaneous_a"] == number(dss, "relay", "head", f"{which}inst")


def test_every_setting_of_a_fuse_is_as_opendss_has_it(
    model: Read, peer: Callable[..., Any]
) -> None:
    grid, dss = model(*SCRIPT), peer(*SCRIPT)
    assert list(grid.fuses["switch"]) == ["s3", "one"]
    for name in ("link", "bare"):
        row = grid.fuses.record(name)
        assert row["melt_curve"] == asked(dss, "fuse", name, "fusecurve")
        assert row["rated_a"] == number(dss, "fuse", name, "ratedcurrent")
        assert row["melt_adder_s"] == number(dss, "fuse", name, "delay")


def test_curves_have_the_points_that_opendss_has(model: Read, peer: Callable[..., Any]) -> None:
    grid, dss = model(*SCRIPT), peer(*SCRIPT)
    assert set(grid.curves) == {"own", "cut", "copy", "ext_inv", "very_inv"}
    for name in grid.curves:
        row = grid.curves.record(name)
        assert list(row["multiple"]) == listed(dss, "tcc_curve", name, "c_array")
        assert list(row["time_s"]) == listed(dss, "tcc_curve", name, "t_array")


def test_the_curves_that_opendss_begins_with_are_carried_to_the_last_digit(
    peer: Callable[..., Any],
) -> None:
    dss = peer()
    dss.SetActiveClass("tcc_curve")
    assert set(dss.ActiveClass.AllNames) == set(library.CURVES)
    for name, (multiples, times) in library.CURVES.items():
        assert [float(x) for x in multiples.split()] == listed(dss, "tcc_curve", name, "c_array")
        assert [float(x) for x in times.split()] == listed(dss, "tcc_curve", name, "t_array")


@pytest.mark.parametrize("kind", ["tcc_curve", "fuse", "recloser", "relay"])
def test_positions_of_properties_are_those_of_opendss(kind: str, peer: Callable[..., Any]) -> None:
    of = "" if kind == "tcc_curve" else "monitoredobj=line.s0"
    dss = peer(LINES[0], f"new {kind}.x {of}")
    theirs = [name.lower() for name in dss.ActiveCircuit.ActiveDSSElement.AllPropertyNames]
    assert list(PROPERTIES[kind]) == theirs


@pytest.mark.parametrize(
    "words",
    [
        "shots=3", "recloseintervals=(1 2)", "recloseintervals=(1 2) shots=2",
        "shots=2 recloseintervals=(1 2 3)", "shots=2 shots=4", "shots=2.6", "shots=1",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["recloser", "relay"])
def test_shots_and_intervals_move_each_other_as_in_opendss(
    kind: str, words: str, model: Read, peer: Callable[..., Any]
) -> None:
    curve = " phasecurve=d" if kind == "relay" else ""
    lines = (LINES[0], f"new {kind}.x monitoredobj=line.s0 {words}{curve}")
    assert_sequence(peer(*lines), kind, model(*lines).protections.record("x"))


def test_a_model_whose_protection_is_read_in_full_has_no_finding_about_it(model: Read) -> None:
    grid = model(*SCRIPT)
    assert said(grid) == [] and said(grid, "error") == []
    assert not [f for f in check_grid(grid) if f.severity != "note"]
    kinds = dict(zip(grid.switches["name"], grid.switches["kind"], strict=True))
    assert [kinds[f"s{i}"] for i in range(5)] == [
        "recloser", "recloser", "breaker", "fuse", "switch",
    ]  # fmt: skip


def test_a_ground_curve_of_some_shots_alone_is_never_in_the_others(model: Read) -> None:
    grid = model(
        *LINES,
        "new recloser.slow line.s0 1 grounddelayed=a groundtrip=9 groundinst=50",
        "new recloser.fast line.s1 1 groundfast=a groundtrip=9 groundinst=50",
        "new recloser.none line.s2 1 numfast=0 groundfast=a",
    )
    slow, fast, none = (grid.protections.record(name) for name in ("slow", "fast", "none"))
    assert (slow["ground_fast_curve"], slow["ground_slow_curve"]) == ("never", "a")
    assert (fast["ground_fast_curve"], fast["ground_slow_curve"]) == ("a", "never")
    assert none["ground_pickup_a"] != none["ground_pickup_a"]
    assert fast["ground_instantaneous_a"] == 50
    assert slow["ground_instantaneous_a"] != slow["ground_instantaneous_a"]
    assert any("'slow': groundinst is left out" in what for what in said(grid, "note"))
    assert list(grid.curves) == ["never"]


def test_a_relay_with_a_delay_is_definite_whatever_its_curve(model: Read) -> None:
    grid = model(
        *LINES, "new relay.x line.s0 1 delay=0.4 phasecurve=d tdphase=3 phasetrip=50 groundtrip=0"
    )
    row = grid.protections.record("x")
    curve = grid.curves.record(row["phase_slow_curve"])
    assert (list(curve["multiple"]), list(curve["time_s"])) == ([1.0], [0.4])
    assert (row["phase_slow_dial"], row["phase_pickup_a"]) == (1.0, 50.0)
    assert row["ground_slow_curve"] == ""


def test_a_relay_may_trip_the_breaker_of_a_source(model: Read) -> None:
    grid = model("new relay.x monitoredobj=vsource.source phasecurve=d phasetrip=900")
    row = grid.protections.record("x")
    assert (row["switch"], row["source"]) == ("", "source")


def test_what_is_switched_is_what_was_named_last_as_in_opendss(
    model: Read, peer: Callable[..., Any]
) -> None:
    for words in ("switchedobj=line.s0 monitoredobj=line.s1",
                  "monitoredobj=line.s1 switchedobj=line.s0"):  # fmt: skip
        lines = (*LINES, f"new fuse.x {words}")
        theirs = asked(peer(*lines), "fuse", "x", "switchedobj").lower()
        assert f"line.{model(*lines).fuses.record('x')['switch']}" == theirs


def test_a_curve_of_the_language_may_be_changed_and_is_then_a_row(
    model: Read, peer: Callable[..., Any]
) -> None:
    lines = (LINES[0], "edit tcc_curve.d t_array=(5 4 3 2 1)", "new recloser.x line.s0")
    row = model(*lines).curves.record("d")
    assert list(row["time_s"]) == listed(peer(*lines), "tcc_curve", "d", "t_array")


LEFT_OUT = [
    ("recloser.x line.s0 1 phasefast=nothing", "warning", "phasefast 'nothing' is no curve"),
    ("fuse.x line.s0 1 fusecurve=klinc", "warning", "klink"),
    ("fuse.x line.s0 1 ratedcurrent=0", "warning", "ratedcurrent 0 A is not above 0"),
    ("recloser.x line.s0 1 phasetrip=-5", "warning", "phasetrip -5 A is not above 0"),
    ("relay.x line.s0 1", "warning", "no curve and no delay"),
    ("relay.x line.s0 1 type=voltage", "warning", "relays of type voltage are not modelled"),
    ("relay.x line.s0 1 type=dist", "warning", "relays of type distance are not modelled"),
    ("relay.x line.s0 1 phasecurve=uv1547", "warning", "no time-current curve: a larger current"),
    ("relay.x line.s0 1 phasecurve=bad", "warning", "'bad' is no time-current curve"),
    ("relay.x line.gone 1 phasecurve=d", "error", "there is no line 'gone'"),
    ("relay.x phasecurve=d", "error", "names no element in switchedobj"),
    ("relay.x load.q 1 phasecurve=d", "warning", "it switches load.q"),
    ("fuse.x vsource.source 1", "warning", "it switches source.source"),
    ("fuse.x line.plain 1", "warning", "no switches: it is left out"),
    ("fuse.x line.s0 1 enabled=no", "note", "fuses that are disabled are left out"),
]


@pytest.mark.parametrize(("device", "severity", "what"), LEFT_OUT)
def test_what_is_not_read_is_said_and_leaves_no_row(
    device: str, severity: str, what: str, model: Read
) -> None:
    grid = model(
        LINES[0],
        "new line.plain bus1=b0 bus2=e",
        "new load.q bus1=b0 kw=1",
        "new tcc_curve.bad npts=3 c_array=(3 2 1) t_array=(1 1 1)",
        f"new {device}",
    )
    assert any(what in found for found in said(grid, severity)), grid.findings
    assert not len(grid.protections) and not len(grid.fuses)
    assert "bad" not in grid.curves
    assert any("tcc_curve 'bad' is left out" in found for found in said(grid, "note"))


def test_of_two_devices_on_one_line_the_second_is_left_out_and_said(model: Read) -> None:
    grid = model(
        *LINES, "new fuse.f line.s0 1", "new recloser.r line.s0 1", "new swtcontrol.w line.s0 1"
    )
    assert list(grid.protections) == ["r"] and not len(grid.fuses)
    assert grid.switches.record("s0")["kind"] == "recloser"
    assert any("recloser 'r' is at line.s0 already" in what for what in said(grid))


def test_a_relay_and_a_recloser_of_one_name_are_two_rows(model: Read) -> None:
    grid = model(*LINES, "new relay.x line.s0 1 phasecurve=d", "new recloser.X line.s1 1")
    assert list(grid.protections) == ["x", "recloser.X"]


@pytest.mark.parametrize(
    ("device", "severity", "what"),
    [
        ("recloser.x line.s0 1 shots=0", "error", "property shots: 0 is not 1 or more"),
        ("recloser.x line.s0 1 shots=-2", "error", "property shots: -2 is not 1 or more"),
        ("recloser.x line.s0 1 phasetrip=much", "error", "property phasetrip: 'much'"),
        ("recloser.x line.s0 1 recloseintervals=(1 b)", "error", "property recloseintervals"),
        ("recloser.x line.s0 1 recloseintervals=(1 2) shots=4", "warning", "read with 3 shots"),
        ("relay.x line.s0 1 type=zz phasecurve=d", "warning", "type 'zz' is read as current"),
        ("recloser.x switchedobj=line.s0", "warning", "measures nothing"),
        ("recloser.x line.s1 1 line.s0", "warning", "measures line.s1"),
        ("recloser.x line.s0 1 phasefast=low", "warning", "begins below pickup"),
        ("recloser.x line.s0 1 phasefast=late", "warning", "does not begin with npts"),
    ],
)
def test_what_is_read_in_part_is_said_and_leaves_a_row(
    device: str, severity: str, what: str, model: Read
) -> None:
    grid = model(
        *LINES,
        "new tcc_curve.low npts=2 c_array=(.5 2) t_array=(2 1)",
        "new tcc_curve.late c_array=(1 2) t_array=(2 1)",
        f"new {device}",
    )
    assert any(what in found for found in said(grid, severity)), grid.findings
    row = grid.protections.record("x")
    assert row["switch"] == "s0" and row["shots"] == len(row["reclose_s"]) + 1
    assert row["phase_pickup_a"] == 1.0


def test_a_curve_with_fewer_points_than_it_says_is_left_out(model: Read) -> None:
    grid = model("new tcc_curve.x npts=3 c_array=(1 2) t_array=(3 2 1)")
    assert not len(grid.curves)
    assert any("npts is 3; it has 2 multiples, 3 times" in what for what in said(grid, "note"))
