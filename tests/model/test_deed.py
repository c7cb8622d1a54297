"""What events tell: the step that was done, the phases that are open, and what stands by name."""

from __future__ import annotations

import pytest

import gridmend
from gridmend.model.command import step_as_json
from gridmend.model.deed import FACTS, moved_by, phases_told, step_told, subject
from gridmend.model.errors import GridmendError
from gridmend.model.plan import Action, Step
from gridmend.model.topology import Topology
from gridmend.model.vocabulary import KINDS
from tests.interlock.networks import ring


def test_what_ends_something_goes_by_the_same_key_as_what_it_ends() -> None:
    endings = [kind for kind in KINDS.values() if kind.ends]
    assert endings
    for kind in endings:
        assert KINDS[kind.ends].named_by == kind.named_by
        assert {key for key, _ in kind.needs} >= set(kind.named_by)


def test_every_fact_is_of_the_vocabulary_and_tells_its_action() -> None:
    for action, kind in FACTS.items():
        payload = {key: "x" if types is str else 1 for key, types in KINDS[kind].needs}
        told = step_told(kind, payload)
        assert told is not None
        assert told.action is action
        assert (told.value is None) == bool(told.mark)


def test_a_step_that_is_written_out_is_read_back() -> None:
    step = Step(Action.TAG, "S1", "to work", mark="T", kind="hold")
    assert step_told("commanded", {"step": step_as_json(step)}) == step
    assert step_told("switched", {"action": "open", "device": "S1"}) == Step(Action.OPEN, "S1", "")
    assert step_told("note", {"text": "open S1"}) is None
    with pytest.raises(GridmendError):
        step_told("switched", {"action": "ajar", "device": "S1"})


@pytest.mark.parametrize(
    ("kind", "said", "bits"),
    [
        ("status", {"position": "open"}, 7),
        ("status", {"position": "closed"}, 0),
        ("status", {"position": "unknown"}, None),
        ("status", {"position": "open", "quality": "bad"}, None),
        ("status", {"position": "open", "open_phases": 2}, 2),
        ("switched", {"action": "close"}, 0),
        ("tripped", {}, 7),
        ("tripped", {"open_phases": 1}, 1),
    ],
)
def test_a_report_tells_which_phases_are_open(
    kind: str, said: dict[str, object], bits: int | None
) -> None:
    assert phases_told(kind, {"device": "S1", **said}, 7) == bits


@pytest.mark.parametrize("said", [{"position": "ajar"}, {"position": "open", "open_phases": 8}])
def test_a_report_of_what_cannot_be_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(GridmendError, match="cannot stand"):
        phases_told("status", {"device": "S1", **said}, 7)


def test_a_tap_moves_with_its_transformer_and_a_switch_alone() -> None:
    assert moved_by(ring(), Step(Action.OPEN, "S1", ""), "s1") == ("s1",)
    grid = gridmend.read("ieee123")
    tap = str(grid.tap_controls["name"][0])
    unit = f"transformer.{grid.tap_controls['transformer'][0]}".lower()
    key = subject(grid, Step(Action.SET_TAP, tap, ""))
    assert moved_by(grid, Step(Action.SET_TAP, tap, ""), key) == (key, unit)
    topology = Topology.of(grid)
    assert topology.nodes_of(key).tolist() == topology.nodes_of(unit).tolist() != []


def test_infeeds_are_sources_and_der_in_service_and_whether_they_hold_a_voltage() -> None:
    grid = ring().with_changed("storage.battery", in_service=False)
    found = Topology.of(grid).infeeds
    assert found == {"source.north": True, "source.south": True, "generator.island": True}
    assert Topology.of(ring()).infeeds["storage.battery"] is False
