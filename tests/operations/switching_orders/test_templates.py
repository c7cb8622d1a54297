import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gridmend.model.errors import GridmendError
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.operations.switching_orders import Sheet
from gridmend.operations.switching_orders.sheet import Line
from gridmend.operations.switching_orders.templates import applied, template_of
from tests.interlock.networks import network
from tests.operations.switching_orders.sites import (
    SEEN,
    drafted,
    moves,
    request,
    said,
    two_feeders,
)


def template() -> dict[str, Any]:
    return json.loads(json.dumps(template_of(drafted(two_feeders(), "L1"))))


def apply(grid: Grid, element: str, **names: str) -> Sheet:
    return applied(template(), grid, Snapshot.normal(grid), request(element), names)


def other() -> Grid:
    """The same shape under other names, the loop the other way about."""
    return network(
        switches={"K1": ("g", "p"), "K2": ("q", "r"), "U": ("s", "u"), "K3": ("g", "t")},
        lines=[("p", "q"), ("r", "s"), ("t", "u")], sources={"west": "g"},
        loads=["q", "s", "u"], normally_open=["U"], changes={"K2": SEEN, "U": SEEN},
    )  # fmt: skip


NAMES = {"device_1": "U", "device_2": "K2", "device_3": "K1"}


def named_buses() -> dict[str, str]:
    kept = template()["parameters"]
    return {key: {"a": "p", "b": "q"}[name] for key, name in kept.items() if key[:3] == "bus"}


def test_a_template_holds_names_as_parameters_and_nothing_of_the_old_network() -> None:
    kept = template()
    assert set(kept["parameters"].values()) == {"line.L1", "T", "S1", "B1", "a", "b"}
    lines = json.dumps(kept["lines"])
    for name in ("L1", '"T"', "S1", "B1"):
        assert name not in lines, name


def test_applied_to_its_own_network_later_it_is_the_same_order() -> None:
    grid, first = two_feeders(), drafted(two_feeders(), "L1")
    later = request("L1")
    day = timedelta(days=1)
    later = replace(later, begin=later.begin + day, end=later.end + day)
    sheet = applied(template(), grid, Snapshot.normal(grid), later)
    assert sheet.feasible, sheet.problem
    assert [told(replace(ln, at=ln.at - day)) for ln in sheet.lines] == list(map(told, first.lines))
    assert (set(sheet.zone), set(sheet.points)) == (set(first.zone), set(first.points))
    assert sheet.customers_out == first.customers_out


def told(line: Line) -> Line:
    """A line as it is told, its figures to what the power flow is sure of."""
    figures = {name: getattr(line, name) for name in ("v_min_pu", "loading_max_pct")}
    rounded = {name: v if v is None else round(v, 7) for name, v in figures.items()}
    return replace(line, step=None, **rounded)


def test_applied_to_another_feeder_with_its_names_it_is_judged_there() -> None:
    sheet = apply(other(), "L1", **NAMES, **named_buses())
    assert sheet.feasible, sheet.problem
    assert moves(sheet) == ["close U", "open K2", "open K1", "close K1", "close K2", "open U"]
    assert set(said(sheet, "tag")) == {"K1", "K2"}
    assert set(sheet.zone) == {"p", "q"}
    assert any("isolates line.L1" in line.why for line in sheet.lines)


def test_a_template_that_does_not_fit_is_not_feasible_and_says_why() -> None:
    wrong = {**NAMES, "device_2": "U", "device_1": "K2"}
    sheet = apply(other(), "L1", **wrong, **named_buses())
    assert not sheet.feasible and sheet.problem
    elsewhere = apply(two_feeders(), "L2")
    assert not elsewhere.feasible
    assert "under no clearance" in elsewhere.problem


def test_a_name_or_parameter_that_is_not_there_is_told() -> None:
    with pytest.raises(GridmendError, match="no parameter 'device_9'") as problem:
        apply(two_feeders(), "L1", device_9="T")
    assert "device_" in problem.value.mend
    with pytest.raises(GridmendError) as problem:
        apply(two_feeders(), "L1", device_1="TT")
    assert problem.value.where == "device_1"
    with pytest.raises(GridmendError, match="1 elements and 2 are named"):
        applied(template(), two_feeders(), Snapshot.normal(two_feeders()), request("L1", "L2"))


@pytest.mark.parametrize(
    "change",
    [
        {"template": 2}, {"parameters": [1]}, {"parameters": {"element_1": 1}}, {"lines": []},
        {"lines": [{"phase": "work"}]}, {"lines": [7]}, {"lines": None},
        {"lines": [{"phase": "isolate", "action": "open", "device": "T", "step": {"action": 3}}]},
        {"lines": [{"phase": "isolate", "action": "open", "device": "T", "why": "",
                    "step": {"action": "open", "device": "{device_1}"}}]},
        {"lines": template()["lines"][:9]},
        {"lines": template()["lines"][::-1]},
        {"lines": [*template()["lines"], template()["lines"][8]]},
    ],
)  # fmt: skip
def test_what_is_no_template_is_refused_in_words(change: dict[str, Any]) -> None:
    grid = two_feeders()
    with pytest.raises(GridmendError, match=r"template|switching order"):
        applied({**template(), **change}, grid, Snapshot.normal(grid), request("L1"))


def test_a_template_that_leaves_a_tag_or_a_switch_behind_is_not_feasible() -> None:
    grid, kept = two_feeders(), template()
    for what in ("untag", "unground", "release"):
        lines = [line for line in kept["lines"] if line["action"] != what]
        sheet = applied({**kept, "lines": lines}, grid, Snapshot.normal(grid), request("L1"))
        assert not sheet.feasible, what
    tagged = template_of(drafted(grid, "L2"))
    tie = next(k for k, name in tagged["parameters"].items() if name == "T")
    lines = [
        ln for ln in tagged["lines"] if ln["action"] != "untag" or ln["device"] != f"{{{tie}}}"
    ]
    sheet = applied({**tagged, "lines": lines}, grid, Snapshot.normal(grid), request("L2"))
    assert "still stands after the last line" in sheet.problem
    shut = kept["lines"][:-1]
    sheet = applied({**kept, "lines": shut}, grid, Snapshot.normal(grid), request("L1"))
    assert "T stays closed after the last line" in sheet.problem


def test_a_sheet_that_cannot_be_carried_out_makes_no_template() -> None:
    with pytest.raises(GridmendError, match="not feasible"):
        template_of(drafted(two_feeders(), "source.north"))


def test_a_template_without_grounds_is_told_where_the_work_asks_for_them() -> None:
    grid, kept = two_feeders(), template()
    bare = [line for line in kept["lines"] if "ground" not in line["action"]]
    sheet = applied({**kept, "lines": bare}, grid, Snapshot.normal(grid), request("L1"))
    assert any("places a ground" in note for note in sheet.notes)
    whole = applied(kept, grid, Snapshot.normal(grid), request("L1"))
    assert not any("places a ground" in note for note in whole.notes)
