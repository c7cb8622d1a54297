"""Random scripts, and the small ones that they shrank to, solve to what OpenDSS solves them to."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from gridmend.formats.opendss import read
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.network import Network

pytest.importorskip("dss", reason="OpenDSS is the oracle: install dss_python")

from tests.powerflow.peer import UndecidedError, apart
from tests.powerflow.script_devices import script

BASES = "set voltagebases=(115 24.9 12.47 4.16 .48)\ncalcvoltagebases"


def written(folder: Path, *lines: str) -> Path:
    master = folder / "model" / "Master.dss"
    master.parent.mkdir(exist_ok=True)
    master.write_text("\n".join(lines) + "\n")
    return master


@pytest.mark.parametrize("first", range(0, 120, 20))
def test_random_scripts_solve_and_settle_as_in_opendss(first: int, tmp_path: Path) -> None:
    wrong: dict[int, list[str]] = {}
    decided = 0
    for seed in range(first, first + 20):
        if seed in KNOWN:
            continue
        try:
            found = apart(written(tmp_path, *script(seed)))
        except UndecidedError:
            continue
        decided += 1
        if found not in ([], ["two solutions"]):
            wrong[seed] = found
    assert wrong == {}
    assert decided > 5


KNOWN: dict[int, str] = {}
"""Seeds whose scripts differ for a reason that is known."""

SOURCE = "new circuit.x basekv=4.16 pu=1.05 r1=.1 x1=.6 r0=.2 x0=.9"
UNEVEN = "new load.l phases=1 bus1=sourcebus.1.2 kv=4.16 kw=570 pf=.72 vminpu=.7"
LINE = "new line.l1 bus1=sourcebus bus2=b length=1 units=km r1=.3 x1=.4"
BANK = "new capacitor.c bus1=b kv=4.16"
LOAD = "new load.d bus1=b kv=4.16 kw=300 kvar=180"
SHRUNK = {
    "a balanced inverter on an uneven voltage": (
        UNEVEN,
        "new pvsystem.p bus1=sourcebus kv=4.16 kva=150 pmpp=122 pf=.9 balanced=yes",
    ),
    "a balanced inverter in delta": (
        UNEVEN,
        "new pvsystem.p bus1=sourcebus kv=4.16 conn=delta kva=150 pmpp=122 pf=.9 balanced=yes",
    ),
    "a storage gives reactive power first": (
        "new storage.s bus1=sourcebus kv=4.16 kwrated=150 kwhrated=600 %stored=90 pf=.9"
        " state=discharging",
        "new storage.t bus1=sourcebus kv=4.16 kwrated=150 kwhrated=600 %stored=90 pf=.8"
        " state=discharging kva=120",
        "new storage.u bus1=sourcebus kv=4.16 kwrated=150 kwhrated=600 %stored=90 kvar=100"
        " state=charging kva=120 kvarmax=40",
    ),
    "a storage by priority of active power or of power factor": (
        "new storage.s bus1=sourcebus kv=4.16 kwrated=150 kwhrated=600 %stored=90 pf=.8"
        " state=discharging kva=120 wattpriority=yes",
        "new storage.t bus1=sourcebus kv=4.16 kwrated=150 kwhrated=600 %stored=90 pf=.8"
        " state=charging kva=160 pfpriority=yes kvarmax=20",
    ),
    "a storage that is empty, full or idle": (
        "new storage.s bus1=sourcebus kv=4.16 kwrated=150 kwhrated=600 %stored=10 kvar=20"
        " state=discharging",
        "new storage.t bus1=sourcebus kv=4.16 kwrated=150 kwhrated=600 state=charging",
        "new storage.u bus1=sourcebus kv=4.16 kwrated=200 kwhrated=400 kva=200 kvar=250",
    ),
    "default capacitance of a code of another base frequency": (
        "new linecode.k nphases=3 basefreq=50 rmatrix=(.3 | .1 .3 | .1 .1 .3)"
        " xmatrix=(.6 | .3 .6 | .3 .3 .6) units=ft",
        "new line.far bus1=sourcebus bus2=far linecode=k length=1 units=km",
    ),
    "a bank in delta is controlled by the voltage between phases": (
        LINE,
        LOAD,
        f"{BANK} conn=delta kvar=60",
        "new capcontrol.k capacitor=c element=line.l1 type=voltage terminal=2 ptratio=20"
        " onsetting=116 offsetting=123",
    ),
    "a bank by power factor waits for half its kvar": (
        LINE,
        LOAD,
        f"{BANK} numsteps=3 kvar=(150 150 150)",
        "new capcontrol.k capacitor=c element=line.l1 type=pf onsetting=.9 offsetting=-.99",
    ),
    "a clock switches every step": (
        LINE,
        LOAD,
        f"{BANK} numsteps=3 kvar=(15 15 15) states=(0 0 0)",
        "new capcontrol.k capacitor=c element=line.l1 type=time onsetting=9 offsetting=17",
        "set hour=12",
    ),
}


@pytest.mark.parametrize("name", SHRUNK)
def test_what_random_scripts_shrank_to_is_as_in_opendss(name: str, tmp_path: Path) -> None:
    assert apart(written(tmp_path, SOURCE, *SHRUNK[name], BASES)) == []


def test_steps_of_a_bank_in_delta_add_up_where_opendss_counts_them_twice(tmp_path: Path) -> None:
    steps = "new capacitor.c bus1=sourcebus conn=delta kv=4.16 numsteps=3 kvar=(50 50 50)"
    flow = Network.of(read(written(tmp_path, "new circuit.x basekv=4.16", steps, BASES))).solve()
    seen_kvar = -float(flow.power_kva("capacitors")[0].imag)
    assert seen_kvar == pytest.approx(150 * float(flow.v_pu.mean()) ** 2, rel=1e-6)


def test_a_control_of_a_line_out_of_service_sees_no_current_as_in_opendss(tmp_path: Path) -> None:
    control = "new capcontrol.k capacitor=c element=line.l2 type=current onsetting=9 offsetting=8"
    second = LINE.replace("l1", "l2")
    master = written(
        tmp_path,
        SOURCE,
        LINE,
        second,
        LOAD,
        f"{BANK} kvar=60",
        control,
        "line.l2.enabled=no",
        BASES,
    )
    assert apart(master) == []
    flow = Network.of(read(master)).solve()
    assert flow.snapshot.steps_on.tolist() == [0]


def test_a_clock_without_a_time_leaves_its_bank_as_it_is(tmp_path: Path) -> None:
    clock = "new capcontrol.k capacitor=c element=line.l1 type=time onsetting=9 offsetting=17"
    grid = read(written(tmp_path, SOURCE, LINE, LOAD, f"{BANK} kvar=60", clock, BASES))
    assert Network.of(grid).solve().snapshot.steps_on.tolist() == [1]
    at_night = Snapshot.normal(grid).at(datetime(2026, 1, 1, 3))
    assert Network.of(grid).solve(at_night).snapshot.steps_on.tolist() == [0]


def test_two_phases_in_delta_are_an_error_for_they_would_be_read_as_three(tmp_path: Path) -> None:
    load = "new load.d phases=2 conn=delta bus1=sourcebus.1.2.3 kv=4.16 kw=100"
    found = read(written(tmp_path, SOURCE, load, BASES)).findings
    assert [f.severity for f in found if "two phases in delta" in f.what] == ["error"]


def test_a_script_that_newton_misses_is_found_from_a_damped_start(tmp_path: Path) -> None:
    assert apart(written(tmp_path, *script(7226))) == []
