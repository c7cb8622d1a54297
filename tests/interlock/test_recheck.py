"""The second checker objects to every unlawful run, and to no lawful one."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

import pytest

from gridmend.interlock import recheck as package
from gridmend.interlock.recheck import RULES, Recheck, recheck
from gridmend.model.command import World
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from tests.interlock.corrupting import ALL, Corruption, Events, NotHereError
from tests.interlock.handwriting import NOON, Log
from tests.interlock.journals import RUNS, islands_joined, plain, work_on_a_section

VARIANTS = 16
"""How often each corruption is tried, on runs and at places that the seed chooses."""
FILES = sorted(Path(package.__file__).parent.glob("*.py"))


@cache
def corrupted(corruption: Corruption, seed: int) -> tuple[Grid, Events, int]:
    """A run that the corruption fits, corrupted, and the place of the entry to be objected."""
    rng = Random(f"{corruption.name} {seed}")
    for run in rng.sample(RUNS, len(RUNS)):
        log = run()
        try:
            events, at = corruption.apply(list(log.events), rng)
        except NotHereError:
            continue
        return log.grid, events, next(k for k, event in enumerate(events, 1) if event is at)
    raise AssertionError(f"no run fits {corruption.name}")


def _objected(corruption: Corruption, seed: int) -> bool:
    grid, events, place = corrupted(corruption, seed)
    found = {(o.sequence, o.rule) for o in recheck(grid, events)}
    return (place, corruption.rule) in found


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.__name__)
def test_there_is_nothing_to_object_to_a_lawful_run(run: Callable[[], Log]) -> None:
    log = run()
    assert recheck(log.grid, log.events) == ()


@pytest.mark.parametrize("corruption", ALL, ids=lambda corruption: corruption.name)
def test_every_corrupted_run_is_objected_where_and_as_what_it_is(corruption: Corruption) -> None:
    missed = [seed for seed in range(VARIANTS) if not _objected(corruption, seed)]
    assert not missed, f"{corruption.name} passes with seeds {missed}"


def test_there_are_a_thousand_corrupted_runs_and_every_rule_is_broken_in_some() -> None:
    assert len(ALL) >= 25
    assert len(ALL) * VARIANTS >= 1000
    assert {corruption.rule for corruption in ALL} == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_is_taken_out_is_missed(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "RULES", [other for other in RULES if other != rule])
    broken = [corruption for corruption in ALL if corruption.rule == rule]
    assert broken
    assert not any(_objected(corruption, seed=0) for corruption in broken)


def test_the_world_of_the_journal_is_that_of_its_commands() -> None:
    log = work_on_a_section()
    found = recheck(log.grid, log.events, world=World.TRAINING)
    commands = [k for k, event in enumerate(log.events, 1) if event.kind == "commanded"]
    assert [(o.sequence, o.rule) for o in found] == [(k, "worlds apart") for k in commands]


def test_an_objection_says_which_entry_which_device_and_why() -> None:
    log = islands_joined()
    events = [event for event in log.events if event.kind != "sync_checked"]
    found = recheck(log.grid, events)
    assert {(o.rule, o.device) for o in found} == {("synchronism", "S3"), ("synchronism", "S2")}
    assert all(events[o.sequence - 1].kind == "commanded" and o.why for o in found)


def test_a_journal_is_judged_entry_by_entry_as_it_is_in_one_go() -> None:
    log = work_on_a_section()
    events = [event for event in log.events if event.kind != "sync_checked"]
    checker = Recheck(log.grid)
    found = [o for number, event in enumerate(events, 1) for o in checker.add(event, number)]
    assert found
    assert tuple(found) == recheck(log.grid, events)


def test_it_begins_where_the_devices_stood() -> None:
    grid = plain()
    start = Snapshot.normal(grid).with_switch(grid, "S3", is_open=False)
    tag = Event(NOON, "test", "", "tag_placed", {
        "tag": "T", "device": "S1", "kind": "hold", "holder": "ann"})  # fmt: skip
    zone = {"clearance": "C", "holder": "ann", "buses": ["e"]}
    issued = Event(NOON, "test", "", "clearance_issued", zone)
    checker = Recheck(grid, start=start.with_switch(grid, "S4", is_open=True))
    assert checker.add(tag) == ()
    assert [o.rule for o in checker.add(issued)] == ["clearance"]


def test_nothing_that_a_journal_may_hold_makes_it_crash() -> None:
    odd = (None, 7, "", "S1", [], ["S1", {}], {}, {"action": "open"}, float("nan"), True)
    rng = Random(0)
    for run in RUNS:
        log = run()
        for _ in range(40):
            at = rng.randrange(len(log.events))
            event = log.events[at]
            key = rng.choice(sorted(event.payload))
            payload = {**event.payload, key: rng.choice(odd)}
            other = Event(event.time_utc, event.source, event.cause, event.kind, payload)
            recheck(log.grid, [*log.events[:at], other, *log.events[at + 1 :]])


def test_it_has_at_most_400_lines() -> None:
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in FILES) <= 400


def test_it_imports_nothing_but_the_model() -> None:
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names = [node.module or ""]
            ours = [name for name in names if name.split(".")[0] == "gridmend"]
            allowed = ("gridmend.model.", "gridmend.interlock.recheck.")
            assert all(name.startswith(allowed) for name in ours), f"{path.name}: {ours}"
            theirs = {name.split(".")[0] for name in names} - {"gridmend"}
            assert theirs <= STANDARD, f"{path.name}: {theirs}"


STANDARD = {"collections", "dataclasses", "datetime", "itertools", "math", "typing"}
