"""Each rule, taken out, lets something through that an exploration catches."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from gridmend.interlock.admission import ADMISSION
from gridmend.interlock.rules import RULES
from tests.interlock.exploring.family import family
from tests.interlock.exploring.moves import Bounds
from tests.interlock.exploring.positions import compared
from tests.interlock.exploring.search import Exploration
from tests.interlock.exploring.walk import Walk
from tests.interlock.exploring.world import UnsafeError

WALKS, STEPS = 60, 1500
check = importlib.import_module("gridmend.interlock.check")
admission = importlib.import_module("gridmend.interlock.admission")


def _name(entry: tuple[str, Callable[..., object]]) -> str:
    return entry[1].__name__


def _caught_by_walking(seeds: range, *, strict: bool) -> str:
    """The first violation of some walks; only harm counts where it is not strict."""
    for seed in seeds:
        walk = Walk(seed)
        walk.strict = strict
        try:
            walk.walk(STEPS)
        except UnsafeError as found:
            return str(found)
    return ""


def _without(monkeypatch: pytest.MonkeyPatch, entry: tuple[str, Callable[..., object]]) -> None:
    for module, name in ((check, "RULES"), (admission, "ADMISSION")):
        rest = tuple(e for e in getattr(module, name) if e[1] is not entry[1])
        monkeypatch.setattr(module, name, rest)


@pytest.mark.parametrize("entry", [*RULES, *ADMISSION], ids=_name)
def test_without_a_rule_something_illegal_is_let_through(
    entry: tuple[str, Callable[..., object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _without(monkeypatch, entry)
    assert (
        _caught_by_walking(range(2), strict=True)
        or any(compared(shape).illegal for shape in family(4)[120::120])
        or _caught_by_walking(range(2, WALKS), strict=True)
    )


HARM = {"tags", "clearance", "ground", "radiality", "synchronism", "capability"}
"""Rules that keep somebody from harm by themselves; the others keep order."""


@pytest.mark.parametrize("entry", [e for e in (*RULES, *ADMISSION) if _name(e) in HARM], ids=_name)
def test_without_a_rule_a_walk_comes_to_harm(
    entry: tuple[str, Callable[..., object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _without(monkeypatch, entry)
    assert _caught_by_walking(range(WALKS), strict=False)


@pytest.mark.parametrize(
    "name", ["tags", "clearance", "ground", "radiality", "synchronism", "at_most_once"]
)
def test_without_a_rule_an_unsafe_state_of_a_small_network_is_reached(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _without(monkeypatch, next(e for e in (*RULES, *ADMISSION) if _name(e) == name))
    bounds = Bounds() if name != "clearance" else replace(Bounds(), work=("zone",))
    found = [Exploration(family(1)[k], bounds).run().violation for k in (4, 5)]
    assert any(found)
