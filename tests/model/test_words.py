import pytest

import gridmend as gm
from gridmend.model.errors import GridError
from gridmend.model.plan import Action, Verdict


@pytest.fixture(scope="module")
def grid() -> gm.Grid:
    return gm.read("ieee13")


def test_text_is_no_flag(grid: gm.Grid) -> None:
    with pytest.raises(GridError, match="True or False"):
        grid.with_changed("line.650632", in_service="no")
    assert not grid.with_changed("line.650632", in_service=False).lines["in_service"][0]


def test_a_row_that_lacks_a_column_is_named_with_what_to_give(grid: gm.Grid) -> None:
    with pytest.raises(GridError) as caught:
        grid.with_rows("lines", {"name": "new", "bus1": "680"})
    assert "needs the column" in caught.value.what
    assert "new" in caught.value.where
    assert caught.value.mend.startswith("give ")


def test_a_grid_in_print_says_each_thing_once(grid: gm.Grid) -> None:
    for shown in (grid, gm.read("ieee123")):
        labels = [line.rsplit(maxsplit=1)[0].strip() for line in str(shown).splitlines()[1:]]
        words = [label.rstrip("0123456789. ") for label in labels]
        assert len(set(words)) == len(words)
        assert f"{shown.customer_count()}" in str(shown)


def test_a_table_and_a_flow_in_print_are_one_line(grid: gm.Grid) -> None:
    assert repr(grid.lines).startswith("<lines: 11 rows; columns name, bus1")
    flow = gm.solve(grid)
    assert "converged after" in repr(flow)
    assert "\n" not in repr(flow)


def test_a_plan_in_print_has_predicted_voltage_and_loading() -> None:
    step = gm.Step(Action.CLOSE, "Sw1", "why", v_min_pu=0.9842, loading_max_pct=36.05)
    said = str(gm.Plan("line.L1", (step,), Verdict(), customers_out=1200))
    assert "(lowest 0.9842 pu, 36 % loading)" in said
    assert "1,200 customers out" in said
