from __future__ import annotations

from pathlib import Path

import pytest

import gridmend.adapters
from gridmend.adapters.memory import Answer, MemoryAdapter, MemorySettings
from gridmend.adapters.memory import adapter as memory
from gridmend.model.adapter import Adapter
from gridmend.model.errors import GridmendError
from gridmend.model.plan import Action, OutcomeState, Step
from gridmend.twin.telemetry.scan import Scanning
from tests.adapters.conformance import NOON, Conformance
from tests.twin.test_telecontrol import telecontrol

OPEN_S2 = Step(Action.OPEN, "S2", "")


class TestMemory(Conformance):
    def make(self) -> Adapter:
        return MemoryAdapter(self.grid, now=lambda: NOON)


class TestTelecontrol(Conformance):
    def make(self) -> Adapter:
        right = Scanning(clock_s=0.0, drift_ppm=0.0)
        wire = {"latency_s": 0.0, "jitter_s": 0.0, "loss": 0.0}
        return telecontrol(self.grid, at_once=True, scanning=right, **wire)


def test_every_adapter_has_its_conformance_test() -> None:
    homes = {f.parent.name for f in Path(gridmend.adapters.__file__).parent.glob("*/adapter.py")}
    assert {f"Test{name.title()}" for name in homes} <= set(globals())


@pytest.mark.parametrize(
    ("answer", "state", "moves"),
    [
        (Answer.REFUSES, OutcomeState.FAILED, False),
        (Answer.DEAF, OutcomeState.IN_DOUBT, False),
        (Answer.MUTE, OutcomeState.IN_DOUBT, True),
        (Answer.LATE, OutcomeState.IN_DOUBT, False),
    ],
)
def test_the_field_in_memory_misbehaves_as_it_is_told(
    answer: Answer, state: OutcomeState, moves: bool
) -> None:
    settings = MemorySettings(answers={"s2": answer})
    field = MemoryAdapter(Conformance.grid, now=lambda: NOON, settings=settings)
    assert field.carry_out(OPEN_S2).state is state
    assert (field.points.position("s2") == "open") is moves
    assert not field.events()
    field.let_through()
    assert (field.points.position("s2") == "open") is (moves or answer is Answer.LATE)


def test_events_that_nobody_collects_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "UNREAD_MOST", 10)
    field = MemoryAdapter(Conformance.grid, now=lambda: NOON)
    with pytest.raises(GridmendError, match="not collected"):
        for _ in range(5):
            field.scan()
