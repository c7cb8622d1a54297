"""The files that a series writes, cut into blocks or not."""

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
from tests.ui.series_runs import KEYS, TABLES

Gridmend = Callable[..., Any]


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


def approx(value: object) -> object:
    """Equal within what is left of the error of a step, where it is a number or some."""
    numbers = isinstance(value, float) or (isinstance(value, list) and isinstance(value[0], float))
    return pytest.approx(value, rel=1e-5) if numbers else value


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
        assert cut[key] == approx(whole[key]), key
    one, other = (pq.read_table(tmp_path / k / "devices.parquet") for k in ("one", "cut"))
    assert one.equals(other)
    one, other = (pq.read_table(tmp_path / k / "summary.parquet") for k in ("one", "cut"))
    for name in one.column_names:
        assert other[name].to_pylist() == approx(one[name].to_pylist()), name
