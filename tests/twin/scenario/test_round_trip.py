from __future__ import annotations

from dataclasses import fields, replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridmend.model.errors import GridmendError
from gridmend.twin.scenario.reading import plain, read_text, read_values, text_of
from gridmend.twin.scenario.scenario import Realism, Scenario, Source
from tests.twin.scenario.strategies import scenarios

LARGE = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)


@settings(max_examples=40, deadline=None, suppress_health_check=LARGE)
@given(scenarios)
def test_any_scenario_written_and_read_again_is_equal(scenario: Scenario) -> None:
    assert read_values(plain(scenario)) == scenario
    assert read_text(text_of(scenario)) == scenario


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_no_text_whatever_does_more_than_be_refused(text: str | bytes) -> None:
    try:
        read_text(text)
    except GridmendError as problem:
        assert problem.what and problem.mend


def test_what_has_its_default_is_not_written() -> None:
    scenario = read_text("{name: x, grid: ieee13, start: 2026-01-01, hours: 24}")
    assert set(plain(scenario)) == {"name", "grid", "start"}


def test_where_it_was_read_makes_no_difference_between_scenarios() -> None:
    scenario = read_text("{name: x, grid: ieee13, start: 2026-01-01}", file="here.yaml")
    assert scenario.source.file == "here.yaml"
    assert replace(scenario, source=Source()) == scenario


def test_every_element_of_realism_is_there_unless_it_is_taken_away() -> None:
    names = [item.name for item in fields(Realism)]
    assert all(getattr(Realism(), name) for name in names)
    for name in names:
        text = f"{{name: x, grid: g, start: 2026-01-01, realism: {{{name}: false}}}}"
        assert read_text(text).realism == replace(Realism(), **{name: False})
