"""What `gridmend series` answers: in words and as JSON, whatever demand it is asked of."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.ui.series_runs import KEYS

Gridmend = Callable[..., Any]


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


def test_a_piped_run_says_how_far_it_is(
    gridmend: Gridmend, day: list[object], small_blocks: None
) -> None:
    said = gridmend(*day, "--steps", 48)
    assert "16 of 48 steps" in said.err
    assert "left" in said.err
