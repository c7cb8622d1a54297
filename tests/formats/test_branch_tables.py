from pathlib import Path

import numpy as np
import pytest

import gridmend as gm
from gridmend.model.errors import FormatError

BUSES = "bus,p_kw,q_kvar,source,base_kv\n1,0,0,1,10\n2,300,100,0,10\n3,100,50,0,10\n"
BRANCHES = (
    "branch,from_bus,to_bus,r_ohm,x_ohm,closed\na,1,2,0.5,0.4,1\nb,2,3,0.7,0.2,1\nc,1,3,1,1,0\n"
)
BASE_LOSSES = [("case33bw", 202.68), ("case70da", 341.43), ("case118zh", 1298.09)]


def write(folder: Path, branches: str = BRANCHES, buses: str | None = BUSES) -> Path:
    if buses is not None:
        (folder / "x_bus.csv").write_text(buses, encoding="utf-8")
    (folder / "x_branch.csv").write_text(branches, encoding="utf-8")
    return folder / "x_branch.csv"


def test_every_branch_becomes_a_switch_with_its_impedance(tmp_path: Path) -> None:
    grid = gm.read(write(tmp_path))
    assert list(grid.switches) == ["a", "b", "c"]
    assert grid.switches["normally_open"].tolist() == [False, False, True]
    assert np.array_equal(grid.switches["r_ohm"][1], 0.7 * np.eye(3))
    assert grid.loads["p_kw"].tolist() == [300.0, 100.0]
    assert [s.lower() for s in grid.sources["bus"]] == ["1"]
    assert (
        not [f for f in gm.check(grid) if f.severity == "error"] if hasattr(gm, "check") else True
    )


def test_one_branch_loses_what_the_quadratic_of_two_buses_says(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "branch,from_bus,to_bus,r_ohm,x_ohm,closed\na,1,2,3,4,1\n",
        "bus,p_kw,q_kvar,source,base_kv\n1,0,0,1,10\n2,900,600,0,10\n",
    )
    # u² - (v² - 2(rp + xq))u + |z|²|s|² = 0 for the square of the voltage [kV²], p in MW.
    half = (10**2 - 2 * (3 * 0.9 + 4 * 0.6)) / 2
    square = half + np.sqrt(half**2 - 25 * (0.9**2 + 0.6**2))
    loss_kw = 1e3 * 3 * (0.9**2 + 0.6**2) / square
    grid = gm.read(path)
    flow = gm.solve(grid)
    assert flow.converged
    assert float(flow.power_kva("switches").sum().real) == pytest.approx(loss_kw, rel=1e-5)


@pytest.mark.parametrize(("case", "loss_kw"), BASE_LOSSES)
def test_the_published_systems_lose_what_is_published(
    data_dir: Path, case: str, loss_kw: float
) -> None:
    path = data_dir / "reconfiguration" / f"{case}_branch.csv"
    if not path.is_file():
        pytest.skip(f"no table {path}")
    flow = gm.solve(gm.read(path))
    assert float(flow.power_kva("switches").sum().real) == pytest.approx(loss_kw, abs=0.006)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("a,1,2,0.5", "a,1,9,0.5", "branch 'a' has no bus '9'"),
        ("a,1,2,0.5", "a,1,2,-0.5", "branch 'a' has r_ohm -0.5"),
        ("a,1,2,0.5", "a,1,2,nan", "r_ohm is 'nan', which is no number"),
        ("a,1,2,0.5", "a,1,2,inf", "r_ohm is 'inf', which is no number"),
        ("a,1,2,0.5", "a,1,2,", "r_ohm is '', which is no number"),
        ("b,2,3,0.7,0.2", "b,2,3,0,0", "branch 'b' has no impedance"),
        ("b,2,3", "A,2,3", "two rows are named 'A'"),
        ("b,2,3", "b,2,2", "branch 'b' has both ends at bus '2'"),
        ("b,2,3", ",2,3", "the branch has no name"),
        ("0.4,1\n", "0.4,open\n", "closed is 'open', neither 1 nor 0"),
        ("0.4,1\n", "0.4\n", "the row has 5 values, the header 6"),
    ],
)
def test_a_wrong_branch_is_said_with_its_line(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    with pytest.raises(FormatError) as problem:
        gm.read(write(tmp_path, BRANCHES.replace(old, new, 1)))
    assert problem.value.what == said
    assert "x_branch.csv, line" in problem.value.where
    assert problem.value.mend


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("1,0,0,1,10", "1,0,0,0,10", "no bus is a source"),
        ("2,300,100,0,10", "2,300,100,0,20", "branch 'a' joins 10 kV and 20 kV"),
        ("2,300,100,0,10", "2,x,100,0,10", "p_kw is 'x', which is no number"),
        ("2,300,100,0,10", "2,300,100,0,0", "bus '2' has a base of 0 kV"),
        ("p_kw", "p_mw", "there is no column 'p_kw'"),
        (BUSES, BUSES.splitlines()[0], "there are no rows under the names"),
    ],
)
def test_a_wrong_bus_is_said(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(FormatError) as problem:
        gm.read(write(tmp_path, buses=BUSES.replace(old, new, 1)))
    assert problem.value.what == said
    assert problem.value.mend


def test_a_table_without_its_twin_is_said_with_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "y_bus.csv").write_text(BUSES)
    with pytest.raises(FormatError) as problem:
        gm.read(write(tmp_path, buses=None))
    assert problem.value.what == "there is no 'x_bus.csv' beside 'x_branch.csv'"
    assert "y_bus.csv" in problem.value.mend


def test_several_sources_are_read(tmp_path: Path) -> None:
    grid = gm.read(write(tmp_path, buses=BUSES.replace("3,100,50,0", "3,100,50,1")))
    assert list(grid.sources["bus"]) == ["1", "3"]


def test_another_csv_file_is_still_of_no_format(tmp_path: Path) -> None:
    path = tmp_path / "z.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(FormatError) as problem:
        gm.read(path)
    assert "_branch.csv" in problem.value.mend
