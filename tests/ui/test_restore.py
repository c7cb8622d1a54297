"""`gridmend restore` looks ahead from `--at` to the end of the repair, and says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.ui.conftest import Said

Gridmend = Callable[..., Said]


def _answer(gridmend: Gridmend, *options: str) -> dict[str, Any]:
    said = gridmend("restore", "ieee123", "--fault", "L115", *options, "--json")
    assert said.code == 0, said.err
    return said.json


def test_the_answer_names_the_horizon_and_what_is_assumed_of_pickup(gridmend: Gridmend) -> None:
    answer = _answer(gridmend, "--at", "16:00", "--until", "21:00", "--cold-load")
    horizon, best = answer["horizon"], answer["plans"][0]
    assert horizon["until_min"] == answer["assumed"]["repair_min"] == 300
    assert horizon["step_min"] == 15
    assert len(horizon["load_kw"]) == horizon["pieces"] == 20
    assert horizon["load_kw"].index(max(horizon["load_kw"])) in (7, 8), "17:45 or 18:00"
    assert horizon["cold_load"]["share"] == 0.5
    assert best["ahead"]["times"] > 20
    assert best["ahead"]["loading_at_min"] in (105.0, 120.0)
    assert best["switching_operations"] == len(best["steps"])
    assert {"critical_out", "critical_restored", "by_hand", "loss_kw", "islands"} <= set(best)


def test_a_repair_over_midnight_lasts_until_the_next_day(gridmend: Gridmend) -> None:
    assert _answer(gridmend, "--at", "23:00", "--until", "01:30")["horizon"]["until_min"] == 150


def test_without_a_time_demand_is_steady_and_nothing_picks_up_unless_asked(
    gridmend: Gridmend,
) -> None:
    cold, plain = _answer(gridmend, "--cold-load"), _answer(gridmend)
    assert cold["horizon"]["load_kw"] is None
    assert cold["plans"][0]["ahead"]["pickup_kw"] > 0
    assert plain["horizon"]["cold_load"] is None
    assert plain["plans"][0]["ahead"]["pickup_kw"] == 0
    assert plain["plans"][0]["customers_restored"] == 723


@pytest.mark.parametrize(
    "options",
    [["--until", "20:00"], ["--at", "16:00", "--until", "20:00", "--repair-min", "60"],
     ["--at", "16:00", "--until", "late"]],
)  # fmt: skip
def test_an_end_that_cannot_be_is_refused(gridmend: Gridmend, options: list[str]) -> None:
    said = gridmend("restore", "ieee123", "--fault", "L115", *options)
    assert said.code == 2
    assert "mend:" in said.err


def test_a_person_reads_how_far_the_plan_looks_ahead(gridmend: Gridmend) -> None:
    said = gridmend("restore", "ieee123", "--fault", "L52", "--at", "16:00", "--cold-load")
    text = " ".join(said.out.split())
    assert (
        "looks ahead to the repair, 180 min: forecast demand, cold-load pickup to 2 times" in text
    )
    assert "18:00, 2.0 h after the fault" in text
