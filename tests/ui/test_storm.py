"""`gridmend storm`: what a user sees of a storm, right and wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.ui.conftest import Said

Gridmend = Callable[..., Said]
SHORT = ("--hours", "5", "--faults", "5")


def test_a_storm_is_shown_under_both_policies_and_called_simulated(gridmend: Gridmend) -> None:
    said = gridmend("storm", "ieee123", "--seed", "4", *SHORT)
    assert said.code == 0
    assert "simulated" in said.out
    assert "crews alone" in said.out
    assert "SAIDI [min]" in said.out
    assert "times of restoration" in said.out or "no time of restoration" in said.out


def test_json_has_the_keys_of_the_contract(gridmend: Gridmend) -> None:
    found = gridmend("storm", "ieee123", "--seed", "4", *SHORT, "--json").json
    assert found["seed"] == 4
    assert found["simulated"] is True
    for key in ("customer_minutes", "saidi_min"):
        assert set(found[key]) == {"crew", "automated"}
    assert "restored_within_60_s_pct" in found
    times = found["restoration_times"]
    assert times["stated_pct"] == 90.0
    assert {"held_pct", "n", "median_error_min", "by_stage", "open_at_end"} <= set(times)
    assert sum(one["n"] for one in times["by_stage"].values()) == times["n"]
    assert found["seconds"] > 0


@pytest.mark.parametrize(
    ("option", "value"),
    [("--gust", "-3"), ("--faults", "1e9"), ("--hours", "0"), ("--crews", "-1"), ("--seed", "-1")],
)
def test_a_storm_that_cannot_be_is_an_error_with_its_mend(
    gridmend: Gridmend, option: str, value: str
) -> None:
    said = gridmend("storm", "ieee123", option, value)
    assert said.code == 2
    assert said.err
