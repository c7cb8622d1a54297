import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from gridmend.formats.read import read
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.network import Network
from gridmend.powerflow.results import node_rows
from gridmend.ui import series_run
from gridmend.ui.series_store import opened

Gridmend = Callable[..., Any]

KEYS = {
    "steps", "converged_steps", "seconds", "us_per_step", "energy_kwh", "loss_kwh", "peak_kw",
    "v_min_pu", "v_max_pu", "tap_operations", "out",
}  # fmt: skip
TABLES = ("summary", "devices", "voltages", "elements")


@pytest.fixture
def day(tmp_path: Path) -> list[object]:
    """Options of a series in which every load of a feeder follows a day."""
    hours = np.arange(48)
    home = 0.7 + 0.3 * np.sin(2 * np.pi * hours / 24)
    shop = 0.6 + 0.3 * np.cos(2 * np.pi * hours / 24)
    rows = [f"{h},{a:.6f},{b:.6f}" for h, a, b in zip(hours, home, shop, strict=True)]
    shapes, who = tmp_path / "S.csv", tmp_path / "M.csv"
    shapes.write_text("\n".join(["hour,home,shop", *rows]))
    who.write_text("load,shape\n*,home\n671,shop\n")
    return ["series", "ieee13", "--shapes", shapes, "--map", who, "--step-min", 60]


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of sixteen steps, the least."""
    monkeypatch.setattr(series_run, "BLOCK", 16)


def test_series_answers_with_every_key_of_the_design(gridmend: Gridmend, day: list[object]) -> None:
    said = gridmend(*day, "--steps", 24, "--json")
    assert said.code == 0
    found = said.json
    assert found.keys() >= KEYS
    assert found["steps"] == found["converged_steps"] == 24
    assert found["energy_kwh"] == pytest.approx(found["load_kwh"] + found["loss_kwh"], rel=1e-7)
    assert found["tap_operations"].keys() == {"Reg1", "Reg2", "Reg3"}
    assert sum(found["tap_operations"].values()) > 0
    assert found["out"] is None
    assert found["findings"] == []


def test_a_series_of_one_step_answers_as_solve_does(gridmend: Gridmend) -> None:
    one = gridmend("series", "ieee123", "--steps", 1, "--json").json
    single = gridmend("solve", "ieee123", "--json").json
    assert one["v_min_pu"] == single["v_min_pu"]
    assert one["v_max_pu"] == single["v_max_pu"]
    assert one["peak_kw"] == pytest.approx(single["source_kw"], rel=1e-12)
    assert one["loss_kwh"] == pytest.approx(single["loss_kw"], rel=1e-9)


def test_a_planner_reads_energy_losses_peak_voltages_and_operations(
    gridmend: Gridmend, day: list[object]
) -> None:
    said = gridmend(*day, "--steps", 24)
    assert said.code == 0
    for word in ("energy", "losses", "peak", "lowest voltage", "bus", "tap Reg1", "overload"):
        assert word in said.out
    assert "customer-hours outside ansi-a" in said.out


def test_a_constant_year_is_a_warning_and_goes_on(gridmend: Gridmend) -> None:
    said = gridmend("series", "ieee13", "--steps", 2, "--json")
    assert said.code == 0
    assert "every step has the same demand" in said.json["findings"][0]["what"]
    assert "every step has the same demand" in said.err


def test_the_files_hold_every_node_element_device_and_step(
    gridmend: Gridmend, day: list[object], tmp_path: Path, small_blocks: None
) -> None:
    out = tmp_path / "out"
    found = gridmend(*day, "--steps", 40, "--out", out, "--json").json
    tables = {name: pq.read_table(out / f"{name}.parquet").to_pydict() for name in TABLES}
    assert list(tables["voltages"]) == ["step", "bus", "phase", "v_pu"]
    assert list(tables["elements"]) == [
        "step", "element", "terminal", "phase", "p_kw", "q_kvar", "i_a", "loading_pct",
    ]  # fmt: skip
    assert list(tables["devices"]) == ["step", "device", "position"]
    assert tables["summary"]["step"] == list(range(40))
    assert sum(tables["summary"]["tap_operations"]) == sum(found["tap_operations"].values())
    assert sum(tables["summary"]["source_kw"]) == pytest.approx(found["energy_kwh"])
    live = [v for v in tables["voltages"]["v_pu"] if v > 0.1]
    assert min(live) == pytest.approx(found["v_min_pu"], abs=1e-6)
    assert not (out / "parts").exists()
    assert pq.ParquetFile(out / "voltages.parquet").num_row_groups == 3


def test_voltages_and_positions_of_a_step_are_those_of_its_solve(
    gridmend: Gridmend, day: list[object], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    gridmend(*day, "--steps", 3, "--out", out)
    at = pq.read_table(out / "voltages.parquet").to_pylist()
    devices = pq.read_table(out / "devices.parquet").to_pylist()
    last = {d["device"]: d["position"] for d in devices if d["step"] == 2}
    grid = read("ieee13")
    taps = {n: last[f"tap_control.{n}"] for n in grid.tap_controls}
    banks = {n: last[f"capacitor.{n}"] for n in grid.capacitors}
    start = Snapshot.normal(grid).with_positions(grid, {"taps": taps, "capacitors": banks})
    home, shop = 0.7 + 0.3 * np.sin(np.pi / 6), 0.6 + 0.3 * np.cos(np.pi / 6)
    by = np.full(len(grid.loads), round(home, 6))
    by[grid.loads.row("671")] = round(shop, 6)
    rows = np.arange(len(by))
    series = Series(start, by[:, None], {"load_kw": rows, "load_kvar": rows})
    flow = Network.of(grid).solve(series[0], controls="off")
    wanted = {(bus, phase): v for bus, phase, v, *_ in node_rows(grid, flow)}
    ours = {(r["bus"], r["phase"]): r["v_pu"] for r in at if r["step"] == 2}
    assert ours.keys() == wanted.keys()
    assert max(abs(ours[k] - wanted[k]) for k in ours) < 1e-6


def test_only_what_is_kept_is_written(
    gridmend: Gridmend, day: list[object], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    gridmend(*day, "--steps", 4, "--out", out, "--keep", "devices")
    assert {p.name for p in out.glob("*.parquet")} == {"summary.parquet", "devices.parquet"}


def _started(day: list[object], out: Path, *more: object) -> subprocess.Popen[str]:
    """The same command as a process of its own, in blocks of sixteen steps."""
    code = (
        "import sys, gridmend.ui.series_run as r; r.BLOCK = 16;"
        "from gridmend.ui.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    given = [str(a) for a in (*day, "--out", out, *more)]
    return subprocess.Popen(
        [sys.executable, "-c", code, *given],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _bytes(out: Path) -> dict[str, bytes]:
    return {name: (out / f"{name}.parquet").read_bytes() for name in TABLES}


def _until_a_block_is_there(out: Path, process: subprocess.Popen[str]) -> None:
    state = out / "series.json"
    while not state.exists() or json.loads(state.read_text())["done"] == 0:
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_run_goes_on_and_its_files_are_those_of_an_uninterrupted_one(
    gridmend: Gridmend, day: list[object], tmp_path: Path, how: signal.Signals, small_blocks: None
) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    steps = ["--steps", 48]
    expected = gridmend(*day, *steps, "--out", whole, "--json").json
    process = _started(day, out, *steps)
    _until_a_block_is_there(out, process)
    process.send_signal(how)
    _, said = process.communicate(timeout=60)
    state = json.loads((out / "series.json").read_text())
    if how is signal.SIGINT and not state["joined"]:
        assert process.returncode == 130
        assert "the same command goes on" in said
        parts = sorted((out / "parts").glob("summary-*.parquet"))
        assert sum(pq.read_table(p).num_rows for p in parts) == state["done"]
    # What a kill leaves half written is not believed, and goes.
    (out / ".summary-00000032.1.part").write_bytes(b"PAR1half")
    found = gridmend(*day, *steps, "--resume", out, "--json")
    assert found.code == 0
    assert found.json["solved_steps"] == 48 - state["done"]
    for key in ("energy_kwh", "loss_kwh", "v_min_pu", "tap_operations", "peak_step"):
        assert found.json[key] == expected[key]
    assert _bytes(out) == _bytes(whole)
    assert not list(out.glob(".*.part"))


@pytest.mark.parametrize("mode", [["static", "--step-min", 60], ["time", "--step-min", 0.05]])
def test_a_series_in_blocks_is_the_series_in_one(
    gridmend: Gridmend, day: list[object], tmp_path: Path, mode: list[object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    options = [*day, "--steps", 48, "--controls", *mode]
    whole = gridmend(*options, "--out", tmp_path / "one", "--json").json
    # Controls in time wait 15 s, across the cut after five steps of 3 s.
    monkeypatch.setattr(series_run.Study, "block", 5)
    cut = gridmend(*options, "--out", tmp_path / "cut", "--json").json
    for key in KEYS - {"seconds", "us_per_step", "out"}:
        assert cut[key] == whole[key], key
    for name in ("summary", "devices"):
        one, other = (pq.read_table(tmp_path / k / f"{name}.parquet") for k in ("one", "cut"))
        assert one.equals(other)


def test_in_time_mode_a_stopped_run_goes_on_with_what_waits(
    gridmend: Gridmend, day: list[object], tmp_path: Path, small_blocks: None
) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    options = [*day, "--step-min", 0.5, "--steps", 48, "--controls", "time"]
    gridmend(*options, "--out", whole)
    process = _started(options, out)
    _until_a_block_is_there(out, process)
    process.kill()
    process.communicate(timeout=60)
    assert gridmend(*options, "--out", out).code == 0
    assert _bytes(out) == _bytes(whole)


def test_a_finished_series_is_answered_from_its_files(
    gridmend: Gridmend, day: list[object], tmp_path: Path
) -> None:
    options = [*day, "--steps", 20, "--out", tmp_path / "out", "--json"]
    first, again = gridmend(*options).json, gridmend(*options).json
    assert again["solved_steps"] == 0
    for key in KEYS - {"seconds", "us_per_step"}:
        assert again[key] == first[key]
    assert "already solved" in gridmend(*options[:-1]).out
    assert gridmend(*options, "--overwrite").json["solved_steps"] == 20


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (["--steps", 21], "the demand is another"),
        (["--growth", 1], "the demand is another"),
        (["--noise", 1], "the demand is another"),
        (["--controls", "off"], "controls was static, is off"),
        (["--limits", "ansi-b"], "limits was ansi-a, is ansi-b"),
    ],
)
def test_another_series_in_the_same_folder_is_refused(
    gridmend: Gridmend, day: list[object], tmp_path: Path, change: list[object], what: str
) -> None:
    options = [*day, "--steps", 20, "--out", tmp_path / "out"]
    assert gridmend(*options).code == 0
    before = _bytes(tmp_path / "out")
    said = gridmend(*options, *change)
    assert said.code == 2
    assert what in said.err
    assert "--overwrite" in said.err
    assert _bytes(tmp_path / "out") == before


def test_another_model_in_the_same_folder_is_refused(
    gridmend: Gridmend, day: list[object], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    gridmend("series", "ieee13", "--steps", 2, "--out", out)
    said = gridmend("series", "ieee34", "--steps", 2, "--out", out)
    assert said.code == 2
    assert "the model is another" in said.err


def test_two_runs_in_one_folder_are_refused(
    gridmend: Gridmend, day: list[object], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / ".summary-00000000.7.part").write_bytes(b"PAR1half")
    with opened(out, ["summary"], inputs={}, steps=4):
        assert not list(out.glob(".*.part"))
        said = gridmend(*day, "--steps", 4, "--out", out)
    assert said.code == 2
    assert "another run is writing" in said.err


def test_files_of_no_known_series_are_not_overwritten(
    gridmend: Gridmend, day: list[object], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "voltages.parquet").write_bytes(b"mine")
    said = gridmend(*day, "--steps", 4, "--out", out)
    assert said.code == 2
    assert (out / "voltages.parquet").read_bytes() == b"mine"


def test_a_state_that_says_nothing_is_refused(
    gridmend: Gridmend, day: list[object], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for text in ("", "[]", '{"form": 9}', '{"form": 1}', "\u2713"):
        (out / "series.json").write_text(text, encoding="utf-8")
        said = gridmend(*day, "--steps", 4, "--out", out)
        assert said.code == 2
        assert "series.json" in said.err


def test_a_part_that_cannot_be_read_is_told(
    gridmend: Gridmend, day: list[object], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    gridmend(*day, "--steps", 4, "--out", out)
    (out / "summary.parquet").write_bytes(b"PAR1")
    said = gridmend(*day, "--steps", 4, "--out", out)
    assert said.code == 2
    assert "--overwrite" in said.err


def test_steps_that_do_not_converge_exit_3_and_are_named(
    gridmend: Gridmend, tmp_path: Path
) -> None:
    (tmp_path / "S.csv").write_text("hour,a\n0,1\n1,900\n2,1\n")
    (tmp_path / "M.csv").write_text("load,shape\n*,a\n")
    model = tmp_path / "weak.dss"
    model.write_text(
        "clear\nnew circuit.w basekv=12.47 bus1=s mvasc3=20 mvasc1=20\n"
        "new line.a bus1=s bus2=e length=1 units=km\n"
        "new load.l bus1=e kv=12.47 kw=900 kvar=300 model=1 vminpu=0.01 vlowpu=0.01\n"
        "set voltagebases=[12.47]\ncalcv\n"
    )
    options = ["series", model, "--steps", 3, "--shapes", tmp_path / "S.csv"]
    said = gridmend(*options, "--map", tmp_path / "M.csv", "--json")
    assert said.code == 3
    assert said.json["converged_steps"] == 2
    assert said.json["not_converged"] == [1]
    said = gridmend(*options, "--map", tmp_path / "M.csv")
    assert "1 steps DID NOT CONVERGE and are left out: 1" in said.out


def test_growth_and_noise_change_the_demand_and_a_seed_repeats_it(
    gridmend: Gridmend, day: list[object]
) -> None:
    def energy(*more: object) -> float:
        return gridmend(*day, "--steps", 12, "--controls", "off", *more, "--json").json["load_kwh"]

    plain = energy()
    assert energy("--growth", 2) == pytest.approx(1.02 * plain, rel=0.01)
    assert energy("--growth", 2, "--years", 10) > 1.1 * plain
    noisy = energy("--noise", 5, "--seed", 1)
    assert noisy == energy("--noise", 5, "--seed", 1)
    assert noisy != energy("--noise", 5, "--seed", 2)
    assert noisy != energy("--noise", 5, "--seed", 1, "--noise-per", "shape")
    assert noisy == pytest.approx(plain, rel=0.05)


@pytest.mark.parametrize(
    ("start", "steps", "first", "count"),
    [("2025-03-30T00:00", 23, "2025-03-29T23:00:00Z", 23), ("2025-10-26T00:00", 25, "", 25)],
)
def test_a_day_of_23_or_25_hours_is_as_long_as_its_shapes(
    gridmend: Gridmend, tmp_path: Path, start: str, steps: int, first: str, count: int
) -> None:
    skipped = [2] if steps == 23 else []
    hours = [h for h in range(24) if h not in skipped]
    hours = sorted([*hours, 2]) if steps == 25 else hours
    rows = [f"{start[:10]}T{h:02d}:00,{2 if k == 0 else 1}" for k, h in enumerate(hours)]
    (tmp_path / "S.csv").write_text("\n".join(["time,a", *rows]))
    (tmp_path / "M.csv").write_text("load,shape\n*,a\n")
    given = ["--shapes", tmp_path / "S.csv", "--map", tmp_path / "M.csv", "--start", start]
    options = ["series", "ieee13", *given, "--zone", "Europe/Berlin", "--controls", "off"]
    found = gridmend(*options, "--steps", steps, "--json")
    assert found.code == 0
    assert found.json["peak_step"] == 0
    if first:
        assert found.json["peak_time"] == first
    too_many = gridmend(*options, "--steps", steps + 1)
    assert too_many.code == 2
    assert f"the series goes to hour {steps + 1}" in too_many.err
    assert count == steps


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--steps", 0], "0 steps"),
        (["--steps", 10**9], "1,000,000,000 steps"),
        (["--steps", 2, "--step-min", 0], "a step of 0 min"),
        (["--steps", 2, "--step-min", "nan"], "a step of nan min"),
        (["--steps", 2, "--start", "tomorrow"], "'tomorrow' is not a time"),
        (["--steps", 2, "--start", "-1"], "hour -1 is before"),
        (["--steps", 2, "--start", "0001-01-01T00:00"], "out of reach"),
        (["--steps", 2, "--zone", "Europe/Berlim"], "no time zone 'Europe/Berlim'"),
        (["--steps", 2, "--zone", "../x"], "no time zone"),
        (
            ["--steps", 2, "--zone", "Europe/Berlin", "--start", "2025-10-26T02:30"],
            "comes twice",
        ),
        (
            ["--steps", 2, "--zone", "Europe/Berlin", "--start", "2025-03-30T02:30"],
            "there is no 2025-03-30 02:30",
        ),
        (["--steps", 2, "--shapes", "S.csv"], "--shapes and --map go together"),
        (["--steps", 2, "--map", "M.csv"], "--shapes and --map go together"),
        (["--steps", 2, "--shapes", "no.csv", "--map", "no.csv"], "there is no such file"),
        (["--steps", 2, "--growth", "much"], "growth of 'much'"),
        (["--steps", 2, "--growth", "1", "--growth", "2"], "given twice"),
        (["--steps", 2, "--growth", "farm=1"], "no load is of class 'farm'"),
        (["--steps", 2, "--noise", "-1"], "noise of -1"),
        (["--steps", 2, "--threads", 0], "--threads"),
        (["--steps", 2, "--resume", "nowhere"], "there is no folder nowhere"),
        (["--steps", 2, "--out", "a", "--resume", "b"], "give one of them"),
        (["--steps", 2, "--out", "a", "--keep", "sums"], "no table 'sums'"),
        ([], "--steps"),
    ],
)
def test_what_cannot_be_asked_is_told_and_exits_2(
    gridmend: Gridmend, tmp_path: Path, options: list[object], what: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    said = gridmend("series", "ieee13", *options)
    assert said.code == 2
    assert what in said.err
    assert "mend" in said.err
    as_json = gridmend("series", "ieee13", *options, "--json")
    assert as_json.code == 2
    assert as_json.json["error"]["what"]


def test_a_folder_that_cannot_be_written_to_is_told(
    gridmend: Gridmend, day: list[object], tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for out in (file, file / "below"):
        said = gridmend(*day, "--steps", 2, "--out", out)
        assert said.code == 2
        assert "mend" in said.err


def test_more_than_the_disk_has_is_refused_beforehand(
    gridmend: Gridmend, day: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class _Full:
        free = 1000

    monkeypatch.setattr("gridmend.ui.series_study.shutil.disk_usage", lambda _: _Full)
    said = gridmend(*day, "--steps", 48, "--out", tmp_path / "out")
    assert said.code == 2
    assert "--keep summary,devices" in said.err
    assert not (tmp_path / "out").exists()


def test_a_piped_run_says_how_far_it_is(
    gridmend: Gridmend, day: list[object], small_blocks: None
) -> None:
    said = gridmend(*day, "--steps", 48)
    assert "16 of 48 steps" in said.err
    assert "left" in said.err


def test_positions_given_are_where_the_series_starts(
    gridmend: Gridmend, day: list[object], tmp_path: Path
) -> None:
    file = tmp_path / "p.json"
    file.write_text(json.dumps({"taps": {"Reg1": 3}}))
    out = tmp_path / "out"
    options = ["--steps", 1, "--controls", "off", "--positions", file, "--out", out]
    assert gridmend(*day, *options).code == 0
    rows = pq.read_table(out / "devices.parquet").to_pylist()
    assert {"step": 0, "device": "tap_control.Reg1", "position": 3} in rows


def test_the_model_s_own_shapes_are_followed(gridmend: Gridmend, tmp_path: Path) -> None:
    model = tmp_path / "shaped.dss"
    model.write_text(
        "clear\nnew circuit.w basekv=12.47 bus1=s mvasc3=200 mvasc1=200\n"
        "new loadshape.d npts=4 interval=1 mult=(1 2 3 0.5)\n"
        "new line.a bus1=s bus2=e length=1 units=km\n"
        "new load.l bus1=e kv=12.47 kw=100 kvar=30 model=1 daily=d\n"
        "set voltagebases=[12.47]\ncalcv\n"
    )
    said = gridmend("series", model, "--steps", 4, "--json")
    assert said.json["load_kwh"] == pytest.approx(650, rel=1e-6)
    assert said.json["peak_step"] == 2
    daily = gridmend("series", model, "--steps", 1, "--start", 3, "--follow", "daily", "--json")
    assert daily.json["load_kwh"] == pytest.approx(50, rel=1e-6)


def test_a_process_that_is_killed_lets_go_of_its_folder(
    gridmend: Gridmend, day: list[object], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = _started(day, out, "--steps", 48)
    _until_a_block_is_there(out, process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert "another run" not in gridmend(*day, "--steps", 48, "--out", out, "--overwrite").err
