"""Small scripts that OpenDSS reads too: what each order and pair of properties comes to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gridmend.formats.opendss import read
from gridmend.model.grid import Grid


@pytest.fixture
def both(tmp_path: Path) -> Any:
    dss = pytest.importorskip("dss", reason="OpenDSS is the oracle: install dss_python").DSS
    dss.AllowForms = False

    def run(*lines: str, head: str = "new circuit.x") -> tuple[Grid, Any]:
        script = "\n".join(("clear", "set defaultbasefrequency=60", head, *lines))
        master = tmp_path / "master.dss"
        master.write_text(script)
        dss.Text.Command = "clear"
        dss.Text.Command = f'compile "{master}"'
        dss.Text.Command = "solve mode=direct"
        return read(master), dss

    return run


def asked(dss: Any, name: str) -> float:
    dss.Text.Command = f"? {name}"
    return float(dss.Text.Result.strip("[] "))


def listed(dss: Any, name: str) -> list[float]:
    dss.Text.Command = f"? {name}"
    return [float(word) for word in dss.Text.Result.strip("[] ").replace(",", " ").split()]


LOADS = [
    "kw=100",
    "kw=100 kvar=50",
    "kvar=50 kw=100",
    "kvar=50 kw=100 pf=.9",
    "kw=100 kvar=50 pf=.9",
    "pf=.9 kw=100",
    "kva=100 pf=.8",
    "pf=.8 kva=100",
    "kva=100 kw=50",
    "kw=50 kva=100",
    "xfkva=100 pf=.8",
    "xfkva=100 allocationfactor=.7",
    "kw=20 xfkva=100",
    "xfkva=100 kw=20",
    "xfkva=100 kw=20 kvar=3",
    "xfkva=100 kvar=3",
    "kwh=7200 kwhdays=10 cfactor=3 pf=.9",
    "kw=100 pf=-.9",
    "kva=100 pf=-.9",
    "kw=100 kvar=-50 pf=.9",
    "kva=100 kvar=30",
    "kw=50 kvar=20 kva=100",
    "kw=-50 kvar=20",
    "kw=-50 pf=.9",
    "kw=0 kvar=10",
    "kvar=50",
    "kw=100 kvar=50\nedit load.l kw=200",
    "kw=100 kvar=50\nedit load.l pf=.9 kw=200",
    "kw=100 pf=.9\nedit load.l kvar=10\nedit load.l kw=50",
    "kw=100 kvar=-50\n~ kw=200",
    "kw=100 pf=0.8 kvar=50 kw=200",
    "xfkva=100\nset allocationfactors=.3",
    "kw=100 kvar=10\nset allocationfactors=.3",
    "{2 3 *} kw=(10 sqr)",
]


@pytest.mark.parametrize("said", LOADS)
def test_a_load_takes_what_the_pair_given_last_says(both: Any, said: str) -> None:
    grid, dss = both(f"new load.l bus1=sourcebus phases=3 {said}")
    row = grid.loads.record("l")
    assert row["p_kw"] == pytest.approx(asked(dss, "load.l.kw"))
    assert row["q_kvar"] == pytest.approx(asked(dss, "load.l.kvar"))


GENERATORS = [
    "kw=100",
    "kw=100 kvar=50",
    "kvar=50 kw=100",
    "kw=100 pf=.9",
    "kw=100 pf=-.9",
    "pf=.9 kw=100",
    "kva=300 kw=100",
    "kw=100 kvar=50 pf=.9",
    "kw=100 kvar=10\nedit generator.l kw=200",
    "pf=1 conn=wye kw=1500 kvar=0",
    "pf=1 kvar=5",
]


@pytest.mark.parametrize("said", GENERATORS)
def test_a_generator_gives_what_was_said_last(both: Any, said: str) -> None:
    grid, dss = both(f"new generator.l bus1=sourcebus {said}")
    row = grid.generators.record("l")
    assert row["p_kw"] == pytest.approx(asked(dss, "generator.l.kw"))
    assert row["q_kvar"] == pytest.approx(asked(dss, "generator.l.kvar"))


SOURCES = [
    "",
    "basekv=12.47 mvasc3=200000 mvasc1=210000",
    "basekv=12.47 mvasc3=200000 200000",
    "basekv=11 isc3=3000 isc1=2500",
    "basekv=11 isc3=3000 isc1=5",
    "basekv=11 pu=1.05 isc3=3000",
    "r1=0 x1=.001 r0=0 x0=.001",
    "r1=1 x1=2",
    "r1=1",
    "x1=2 r0=3",
    "z1=[1 2]",
    "z1=[1 2] z0=[3 4]",
    "puz1=[.01 .02]",
    "basemva=50 puz1=[.01 .02]",
    "phases=1 basekv=7.2",
    "phases=1 basekv=7.2 r1=1 x1=2",
    "x1r1=10 mvasc3=100 mvasc1=90",
    "basekv=69 mvasc3=200000",
    "basekv=11\nedit vsource.source basekv=11 isc3=3000 isc1=5",
    "basekv=11\nedit vsource.source r1=1",
    "r0=1 x0=2",
    "mvasc3=100 mvasc1=90\n~ basekv=33",
]


@pytest.mark.parametrize("said", SOURCES)
def test_a_source_is_as_strong_as_its_data_say(both: Any, said: str) -> None:
    grid, dss = both(head=f"new circuit.x {said}")
    row = grid.sources.record("source")
    for column, prop in (("r1_ohm", "r1"), ("x1_ohm", "x1"), ("r0_ohm", "r0"), ("x0_ohm", "x0")):
        assert row[column] == pytest.approx(asked(dss, f"vsource.source.{prop}")), column


CODE = "new linecode.c nphases=3 r1=1 x1=2 r0=3 x0=4 c1=10 c0=5 units=km normamps=123"
BARE_CODE = "new linecode.c nphases=3 r1=1 x1=2 r0=3 x0=4 c1=10 c0=5"
ONE_PHASE = "new linecode.c nphases=1 rmatrix=1 xmatrix=2 units=kft"
FOUR = (
    "new linecode.c nphases=4 rmatrix=(1|.1 1|.1 .1 1|.1 .1 .1 1) "
    "xmatrix=(2|.2 2|.2 .2 2|.2 .2 .2 2) cmatrix=(10|-1 10|-1 -1 10|-1 -1 -1 10) kron=y"
)
LINES = [
    ("", ""),
    ("", "length=2 units=km r1=1 x1=2"),
    ("", "r1=1 x1=2 length=2 units=km"),
    ("", "units=ft length=2 r1=1 x1=2 units=km"),
    ("", "units=ft length=2 units=km"),
    ("", "switch=y"),
    ("", "switch=y phases=1 length=5"),
    ("", "length=5 switch=y"),
    ("", "switch=y units=km"),
    ("", "switch=y r1=1e-4 r0=1e-4 x1=0 x0=0 c1=0 c0=0"),
    ("", "r1=1e-4 r0=1e-4 x1=0 x0=0 c1=0 c0=0 switch=y"),
    (CODE, "linecode=c switch=y"),
    (CODE, "switch=y linecode=c"),
    (CODE, "linecode=c length=2"),
    (CODE, "linecode=c length=2000 units=m"),
    (CODE, "length=2000 units=m linecode=c"),
    (BARE_CODE, "length=2000 units=m linecode=c"),
    (BARE_CODE, "length=2000 linecode=c"),
    (CODE, "linecode=c length=2000 units=m r1=7"),
    (CODE, "linecode=c r1=7 length=2000 units=m"),
    (CODE, "linecode=c phases=1 length=2000 units=m"),
    (CODE, "phases=1 linecode=c length=2000 units=m"),
    (CODE, "linecode=c rmatrix=(1|.5 1|.5 .5 1) length=2000 units=m"),
    (ONE_PHASE, "phases=3 linecode=c length=2000 units=m"),
    (ONE_PHASE, "bus2=b.2 bus1=sourcebus.2 linecode=c length=2000 units=ft"),
    (FOUR, "linecode=c length=3"),
    (CODE + " basefreq=50", "linecode=c"),
    (FOUR + " basefreq=50", "linecode=c"),
    ("", "phases=2 rmatrix=(1|.5 1) length=2 units=m"),
    ("", "phases=2 rmatrix=(1|.5 1) xmatrix=(1 .2|.2 2) length=2 units=m basefreq=50"),
    ("", "r1=1 x1=2 basefreq=50"),
    ("", "r1=1 x1=2 b1=100 b0=50"),
    ("", "r1=1 x1=2 r0=3 x0=3 c1=0 c0=0"),
]


@pytest.mark.parametrize(("code", "said"), LINES)
def test_a_line_has_the_admittance_that_the_order_of_its_data_gives(
    both: Any, code: str, said: str
) -> None:
    grid, dss = both(code, f"new line.l bus1=sourcebus bus2=b {said}")
    table = grid.switches if "l" in grid.switches else grid.lines
    row = table.record("l")
    place, scale, ending = row, 1.0, ""
    if "length_m" in row:
        scale, ending = row["length_m"] / 1e3, "_per_km"
        place = grid.line_codes.record(row["line_code"]) if row["line_code"] else row
    r, x, c = (place[f"{part}{ending}"] * scale for part in ("r_ohm", "x_ohm", "c_nf"))
    dss.ActiveCircuit.Lines.Name = "l"
    count = dss.ActiveCircuit.Lines.Phases
    values = np.array(dss.ActiveCircuit.ActiveCktElement.Yprim)
    theirs = (values[0::2] + 1j * values[1::2]).reshape(2 * count, 2 * count)
    series = -theirs[:count, count:]
    assert len(r) == count
    np.testing.assert_allclose(np.linalg.inv(r + 1j * x), series, rtol=1e-9, atol=1e-12)
    shunt = (theirs[:count, :count] - series).imag
    ours = np.pi * 60.0 * c * 1e-9 + np.eye(count) * row["end_us"] * 1e-6
    np.testing.assert_allclose(ours, shunt, rtol=1e-6, atol=1e-12 * abs(series).max())


TRANSFORMERS = [
    "kva=500",
    "wdg=2 kva=500",
    "wdg=1 kva=300 wdg=2 kva=500",
    "kvas=[300 500]",
    "%loadloss=2",
    "wdg=1 %r=1 %loadloss=2",
    "%loadloss=2 wdg=1 %r=1.5",
    "windings=3 %loadloss=3",
    "windings=3 kva=100",
    "windings=3 wdg=2 kva=100",
    "windings=3 kvas=[1 2]",
    "windings=3 xhl=2 xht=3 xlt=4",
    "windings=3 xhl=2",
    "windings=3 xscarray=[5 6 7]",
    "windings=4 xhl=2",
    "windings=4 xhl=2 xscarray=[1 2 3 4 5 6]",
    "wdg=2 tap=1.05",
    "%rs=[1 2] kva=40",
    "kvs=[115 12.47] kva=40",
    "x12=4",
    "windings=3 x13=9",
    "kvs=[1 2] windings=3",
    "kvs=[1 2] windings=2",
    "conns=(delta wye)",
    "conns=(ll ln)",
    "conn=d wdg=2 conn=y",
    "kvs=(7,8) numtaps=16 maxtap=1.05",
    "ppm=0 %imag=2 %noload=.3",
    "phases=1 windings=3 kvas=(10 20 30) %rs=[.6 1.2 1.2] xhl=2.04 xht=2.04 xlt=1.36",
    "xhl=(8 1000 /) wdg=2 %r=(.5 1000 /)",
]


@pytest.mark.parametrize("said", TRANSFORMERS)
def test_a_transformer_has_the_windings_that_the_order_of_its_data_gives(
    both: Any, said: str
) -> None:
    grid, dss = both(f"new transformer.l {said}\n~ buses=[sourcebus b c d]")
    row = grid.transformers.record("l")
    assert list(row["x_pct"]) == pytest.approx(listed(dss, "transformer.l.xscarray"))
    assert row["anti_float_ppm"] == asked(dss, "transformer.l.ppm_antifloat")
    assert row["magnetising_pct"] == asked(dss, "transformer.l.%imag")
    dss.ActiveCircuit.Transformers.Name = "l"
    theirs = dss.ActiveCircuit.Transformers
    for at in range(theirs.NumWindings):
        theirs.Wdg = at + 1
        winding = grid.windings.record(f"l:{at + 1}")
        assert winding["kva"] == pytest.approx(theirs.kVA)
        assert winding["kv"] == pytest.approx(theirs.kV)
        assert winding["r_pct"] == pytest.approx(theirs.R)
        assert winding["tap_pu"] == pytest.approx(theirs.Tap)
        assert winding["tap_max_pu"] == pytest.approx(theirs.MaxTap)
        assert winding["tap_steps"] == theirs.NumTaps
        assert (winding["connection"] == "delta") == bool(theirs.IsDelta)


REACTORS = [
    "",
    "r=1 x=2",
    "r=2",
    "x=2",
    "kvar=500 kv=12.47",
    "kvar=500 kv=12.47 conn=delta",
    "phases=1 kvar=50 kv=7.2",
    "kvar=500 kv=4.16 r=2",
    "r=2 kvar=500",
    "r=1 x=2 kvar=500",
    "z1=[1 2] z0=[3 4]",
    "phases=2 rmatrix=(1|.1 2) xmatrix=(3|.3 4)",
    "z=[1 2]",
    "lmh=10",
    "phases=2 rmatrix=(1|.1 2) xmatrix=(3|.3 4) parallel=y",
    "r=1 x=2 rp=50",
    "bus2=b r=1 x=2",
    "bus2=b kvar=100 kv=12.47 r=2",
    "r=1 x=2 basefreq=50",
]


@pytest.mark.parametrize("said", REACTORS)
def test_a_reactor_has_the_admittance_of_its_data(both: Any, said: str) -> None:
    grid, dss = both(f"new reactor.l bus1=sourcebus {said}")
    row = grid.reactors.record("l")
    series = np.linalg.inv(row["r_ohm"] + 1j * row["x_ohm"])
    if row["parallel_r_ohm"] == row["parallel_r_ohm"]:
        series = series + np.eye(len(series)) / row["parallel_r_ohm"]
    dss.ActiveCircuit.SetActiveElement("reactor.l")
    element = dss.ActiveCircuit.ActiveCktElement
    order, count = element.NumConductors * element.NumTerminals, len(series)
    values = np.array(element.Yprim)
    theirs = (values[0::2] + 1j * values[1::2]).reshape(order, order)[:count, :count]
    if row["connection"] == "delta":
        turn = np.array([[1, -1, 0], [0, 1, -1], [-1, 0, 1]])
        series = turn.T @ series @ turn
    np.testing.assert_allclose(series, theirs, rtol=1e-5)


CAPACITORS = [
    "",
    "kvar=600 kv=12.47",
    "kvar=[100 200]",
    "kvar=600 numsteps=3",
    "numsteps=3 kvar=600",
    "kvar=[100 200] numsteps=2 states=[1 0]",
    "kvar=600 kv=4.16 conn=delta",
    "phases=1 kvar=100 kv=2.4",
    "cuf=20 kv=12.47",
    "cuf=20 kv=12.47 phases=1",
    "cuf=20 kv=12.47 conn=delta",
    "kvar=600 numsteps=3 states=[1 1 0]",
]


@pytest.mark.parametrize("said", CAPACITORS)
def test_a_capacitor_gives_the_kvar_of_its_data(both: Any, said: str) -> None:
    grid, dss = both(f"new capacitor.l bus1=sourcebus {said}")
    row = grid.capacitors.record("l")
    dss.ActiveCircuit.SetActiveElement("capacitor.l")
    element = dss.ActiveCircuit.ActiveCktElement
    order = element.NumConductors * element.NumTerminals
    values = np.array(element.Yprim)
    diagonal = np.diag(values[1::2].reshape(order, order))
    kvar = row["step_kvar"][: row["steps_on"]].sum() / 1e3
    phases = len(row["phases1"].split())
    if row["connection"] == "delta":
        expected = 2.0 * kvar / phases / row["kv"] ** 2
    else:
        across = row["kv"] / np.sqrt(3.0) if phases > 1 else row["kv"]
        expected = kvar / phases / across**2
    assert diagonal[0] == pytest.approx(expected, rel=1e-6)
    assert row["steps_on"] == sum(listed(dss, "capacitor.l.states"))


def test_steps_of_different_size_keep_their_sizes(both: Any) -> None:
    grid, dss = both("new capacitor.l bus1=sourcebus numsteps=2 kvar=[100 200] states=[1 0]")
    row = grid.capacitors.record("l")
    assert list(row["step_kvar"]) == listed(dss, "capacitor.l.kvar") == [100.0, 200.0]
    assert row["steps_on"] == 1


@pytest.mark.parametrize(
    "said",
    [
        "",
        "kwrated=100 kwhrated=400 %stored=50",
        "kwrated=100 state=discharging %discharge=40",
        "kwrated=100 kva=120 state=charging %charge=30 %stored=20",
        "kwrated=100 kw=25",
        "kwrated=100 kw=-25 kwhstored=10",
        "kwrated=100 %idlingkw=3",
    ],
)
def test_a_storage_gives_at_the_instant_what_opendss_says(both: Any, said: str) -> None:
    grid, dss = both(f"new storage.l bus1=sourcebus kv=115 {said}")
    row = grid.storages.record("l")
    dss.Text.Command = "solve mode=snapshot"
    dss.ActiveCircuit.SetActiveElement("storage.l")
    kw = -sum(dss.ActiveCircuit.ActiveCktElement.Powers[0:6:2])
    assert row["p_kw"] == pytest.approx(kw, rel=1e-3)
    assert row["stored_kwh"] == pytest.approx(asked(dss, "storage.l.kwhstored"))


@pytest.mark.parametrize(
    "said",
    [
        "phases=1 bus1=b.2",
        "phases=2 bus1=b.2.3",
        "phases=3 bus1=b",
        "phases=3 bus1=b.1.2.3.4",
        "phases=1 bus1=b.1.3 conn=delta",
        "phases=2 bus1=b.3.1 conn=delta",
        "phases=3 bus1=b.3 conn=delta",
        "phases=1 bus1=b",
        "phases=4 bus1=b.1.2.3.4",
    ],
)
def test_nodes_left_out_are_those_opendss_takes(both: Any, said: str) -> None:
    grid, dss = both("new line.l bus1=sourcebus bus2=b", f"new load.l kv=115 kw=1 {said}")
    dss.ActiveCircuit.SetActiveElement("load.l")
    words = {0: "g", 1: "a", 2: "b", 3: "c", 4: "n"}
    order = [words[node] for node in dss.ActiveCircuit.ActiveCktElement.NodeOrder]
    assert grid.loads.record("l")["phases"].split() == order
