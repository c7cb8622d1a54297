from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BUSES = "bus,p_kw,q_kvar,source,base_kv\n1,0,0,1,10\n2,300,100,0,10\n3,100,50,0,10\n"
BRANCHES = (
    "branch,from_bus,to_bus,r_ohm,x_ohm,closed\n"
    "long,1,2,2,1,1\nmiddle,2,3,0.7,0.2,1\nshort,1,3,0.5,0.5,0\n"
)


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    (tmp_path / "x_bus.csv").write_text(BUSES)
    (tmp_path / "x_branch.csv").write_text(BRANCHES)
    return tmp_path / "x_branch.csv"


def test_the_answer_has_its_fixed_keys_and_nothing_else_is_printed(
    gridmend: Callable[..., Any], tables: Path
) -> None:
    said = gridmend("reconfigure", tables, "--json")
    found = said.json
    assert said.code == 0
    assert {"loss_kw", "base_loss_kw", "open_branches", "gap_pct", "seconds"} <= found.keys()
    assert found["open_branches"] == ["long"]
    assert found["gap_pct"] == 0
    assert found["loss_kw"] < found["base_loss_kw"]
    assert [(s["action"], s["device"]) for s in found["steps"]] == [
        ("close", "short"),
        ("open", "long"),
    ]


def test_a_person_reads_what_opens_what_it_saves_and_the_gap(
    gridmend: Callable[..., Any], tables: Path
) -> None:
    said = gridmend("reconfigure", tables)
    assert said.code == 0
    for words in ("open: long", "of the losses saved", "gap 0 %", "close short", "losses [kW]"):
        assert words in said.out
    assert "proved" not in said.err


def test_the_same_tables_can_be_checked_and_solved(
    gridmend: Callable[..., Any], tables: Path
) -> None:
    assert gridmend("check", tables, "--json").json["ok"]
    solved = gridmend("solve", tables, "--json").json
    found = gridmend("reconfigure", tables, "--json").json
    assert solved["loss_kw"] == pytest.approx(found["base_loss_kw"], rel=1e-6)


def test_a_missing_twin_is_a_users_error(gridmend: Callable[..., Any], tables: Path) -> None:
    (tables.parent / "x_bus.csv").unlink()
    said = gridmend("reconfigure", tables, "--json")
    assert said.code == 2
    assert said.json["error"]["what"] == "there is no 'x_bus.csv' beside 'x_branch.csv'"


def test_a_proof_takes_a_time_that_makes_sense(gridmend: Callable[..., Any], tables: Path) -> None:
    assert gridmend("reconfigure", tables, "--prove-s", "nan").code == 2
    assert gridmend("reconfigure", tables, "--prove-s", "-1").code == 2
    assert gridmend("reconfigure", tables, "--prove-s", "5", "--json").json["gap_pct"] == 0


def test_a_demand_without_a_solution_exits_three_and_says_so(
    gridmend: Callable[..., Any], tables: Path
) -> None:
    (tables.parent / "x_bus.csv").write_text(BUSES.replace("300,100", "900000,0"))
    said = gridmend("reconfigure", tables, "--json")
    assert said.code == 3
    assert said.json["problem"]
    assert said.json["gap_pct"] is None
