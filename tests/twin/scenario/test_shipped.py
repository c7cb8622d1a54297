from __future__ import annotations

import re
from pathlib import Path

import pytest

import gridmend
from gridmend.formats.examples import examples
from gridmend.powerflow.network import Network
from gridmend.twin.scenario.checks import check_scenario
from gridmend.twin.scenario.expectations import MEASURES
from gridmend.twin.scenario.format import SCENARIO
from gridmend.twin.scenario.reading import (
    read_grid,
    read_scenario,
    read_text,
    text_of,
    with_changes,
)
from gridmend.twin.scenario.shipped import FOLDER, scenarios

SHIPPED = {
    "quiet-day", "tree-on-l52", "wind-storm", "heat-wave", "communications-outage",
    "high-pv-sunday",
}  # fmt: skip


def test_the_scenarios_that_ship_are_listed() -> None:
    assert set(scenarios()) == SHIPPED
    assert FOLDER.is_relative_to(next(iter(gridmend.__path__)))


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_a_scenario_that_ships_is_read_without_findings_on_a_grid_that_ships(name: str) -> None:
    scenario = read_scenario(name)
    assert scenario.grid in [example.name for example in examples()]
    grid = read_grid(scenario)
    network = Network.of(with_changes(grid, scenario))
    assert check_scenario(scenario, grid, network) == ()
    assert scenario.expect
    assert read_text(text_of(scenario)) == scenario


def test_the_folder_of_scenarios_is_no_network() -> None:
    assert "scenarios" not in [example.name for example in examples()]


PAGE = Path(__file__).parents[3] / "docs" / "scenarios.md"


def test_the_scenario_of_the_manual_is_read_without_findings() -> None:
    (text,) = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    scenario = read_text(text)
    assert check_scenario(scenario, read_grid(scenario)) == ()


def test_every_key_and_measure_is_in_the_manual() -> None:
    page = PAGE.read_text(encoding="utf-8")
    said = set(re.findall(r"`([^`\n]+)`", page))
    sections = {key.key: key.form for key in SCENARIO.keys}
    own = ("demand", "sun", "weather", "telemetry", "communications", "people", "der", "realism")
    keys = [*sections, *MEASURES]
    keys += [key for name in own for key in sections[name].own_keys()]  # type: ignore[attr-defined]
    kinds = sections["happenings"].of.kinds  # type: ignore[attr-defined]
    keys += [key for _, _, form in kinds for key in form.own_keys()]
    assert set(keys) - said == set()
