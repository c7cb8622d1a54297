"""What every adapter must do; a test class for an adapter inherits it and makes the adapter."""

from __future__ import annotations

import ast
import inspect
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import gridmend.adapters
from gridmend.model.adapter import Adapter
from gridmend.model.command import World
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, OutcomeState, Step
from gridmend.model.vocabulary import KINDS, wrong_with
from gridmend.runtime.fold import fold
from tests.interlock.networks import ring

NOON = datetime(2026, 7, 15, 12, tzinfo=UTC)
FILES = {"adapter.py", "points.py", "settings.py", "__init__.py"}


class Conformance:
    """The contract of `model.adapter.Adapter`, over the ring of the interlock's tests."""

    grid: Grid = ring()

    def make(self) -> Adapter:
        """The adapter over `grid` at its normal positions, at `NOON`."""
        raise AssertionError("an adapter's tests say how it is made")

    def test_it_keeps_the_contract(self) -> None:
        adapter = self.make()
        assert isinstance(adapter, Adapter)
        assert adapter.world in set(World)
        assert adapter.world is not World.LIVE, "tests do not touch a live field"

    def test_a_switch_that_obeys_is_confirmed_and_its_event_folds_to_where_it_stands(self) -> None:
        adapter = self.make()
        for action, is_open in ((Action.OPEN, True), (Action.CLOSE, False)):
            outcome = adapter.carry_out(Step(action, "S2", ""))
            assert outcome.state is OutcomeState.CONFIRMED
            assert fold(self.grid, adapter.events()).snapshot.is_open(self.grid, "S2") is is_open

    def test_a_set_power_folds_to_what_was_set(self) -> None:
        adapter = self.make()
        outcome = adapter.carry_out(Step(Action.SET_POWER, "generator.island", "", value=60.0))
        assert outcome.state is OutcomeState.CONFIRMED
        assert fold(self.grid, adapter.events()).snapshot.power_kw(self.grid, "island") == 60.0

    def test_each_event_is_handed_over_once_in_order_and_in_the_vocabulary(self) -> None:
        adapter = self.make()
        adapter.events()
        for device in ("S2", "S1"):
            adapter.carry_out(Step(Action.OPEN, device, ""))
        events = list(adapter.events())
        assert not list(adapter.events())
        named = [str(event.payload["device"]).lower() for event in events]
        assert named.index("s2") < named.index("s1")
        assert [event.time_utc for event in events] == sorted(event.time_utc for event in events)
        for event in events:
            assert event.kind in KINDS
            assert not wrong_with(event), wrong_with(event)
            assert event.time_utc.utcoffset() == timedelta(0)
            assert event == _again(event)

    def test_what_no_device_does_fails_and_moves_nothing(self) -> None:
        adapter = self.make()
        adapter.events()
        for step in (
            Step(Action.OPEN, "nowhere", ""),
            Step(Action.TAG, "S1", "", mark="t1"),
            Step(Action.GROUND, "b", "", mark="g1"),
            Step(Action.SET_TAP, "S1", "", value=3),
            Step(Action.SET_POWER, "generator.island", ""),
            Step(Action.SET_POWER, "generator.island", "", value=float("nan")),
            Step(Action.SET_POWER, "generator.island", "", value=10**400),
        ):
            outcome = adapter.carry_out(step)
            assert outcome.state is OutcomeState.FAILED, step
            assert outcome.detail, "a failure says why"
        moved = fold(self.grid, adapter.events())
        assert not moved.misread
        assert (moved.snapshot.open_phases == fold(self.grid, []).snapshot.open_phases).all()

    def test_it_lies_in_files_of_the_same_names(self) -> None:
        home = Path(inspect.getfile(type(self.make()))).parent
        if home.parent == Path(gridmend.adapters.__file__).parent:
            assert {file.name for file in home.glob("*.py")} == FILES
            for file in home.glob("*.py"):
                assert ast.get_docstring(ast.parse(file.read_text("utf-8")))


def _again(event: Event) -> Event:
    values: dict[str, Any] = event.as_json()
    values["time_utc"] = datetime.fromisoformat(values["time_utc"])
    return Event(**values)
