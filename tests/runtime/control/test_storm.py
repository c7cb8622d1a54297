"""Whatever people, applications, the field and crashes do, in whatever order: nothing unsafe."""

from __future__ import annotations

import random
import sys
from datetime import timedelta
from typing import Any

import pytest

from gridmend.adapters.memory import Answer as Device
from gridmend.adapters.memory import MemorySettings
from gridmend.interlock.check import Bench, judge
from gridmend.interlock.move import By
from gridmend.interlock.recheck import recheck
from gridmend.model.errors import GridmendError
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Step
from gridmend.model.situation import Mode
from gridmend.runtime.control import attend, operate, resume, select, settle
from gridmend.runtime.control.applications import consider
from gridmend.runtime.control.authority import (
    authorise_loop,
    give_leave,
    kill,
    revive,
    set_mode,
    take_authority,
)
from gridmend.runtime.control.work import hand_over_tag, work
from tests.interlock.networks import network, ring
from tests.interlock.test_rules import loop
from tests.runtime.control.room import ANN, BOB, Room
from tests.runtime.control.test_applications import Wants
from tests.runtime.control.truth import Truth

STEPS = 250
SEEDS = [*range(4), *(pytest.param(seed, marks=pytest.mark.nightly) for seed in range(4, 40))]


def ladder() -> Grid:
    """Two feeders with a tie in the middle and one at their ends, and a battery that holds."""
    return network(
        switches={"S1": ("src", "a"), "S2": ("b", "c"), "T1": ("c", "f"), "S3": ("alt", "e"),
                  "S4": ("e", "f"), "T2": ("b", "e")},
        lines=[("a", "b")],
        sources={"north": "src", "south": "alt"},
        forming={"island": "c"},
        loads=["b", "c", "f"],
        normally_open=["T1", "T2"],
    )  # fmt: skip


NETWORKS = {make.__name__: make() for make in (ring, ladder, loop)}
BENCHES = {grid_name: Bench.of(grid) for grid_name, grid in NETWORKS.items()}


class Storm:
    """A room that is worked at random; after every deed the truth is held against the rules."""

    def __init__(self, grid_name: str, seed: int) -> None:
        self.random = random.Random(seed)
        self.grid = NETWORKS[grid_name]
        self.room = Room(self.grid, bench=BENCHES[grid_name])
        self.truth = Truth(self.grid)
        self.devices = [str(name) for name in self.grid.switches["name"]]
        self.allowed = 0
        for application in ("flisr",):
            set_mode(self.room.kernel, application, Mode.AUTOMATIC, ANN)
            give_leave(self.room.kernel, application, ANN, steps_most=2, lasts=timedelta(days=1))

    def go(self, steps: int) -> None:
        deeds = (
            *[self.switch] * 3, *[self.mark] * 3, self.attend, self.misbehave, self.trip,
            self.let_through, self.wait, self.application, self.authority, self.crash,
            self.check_or_leave, self.hand_over, self.source,
        )  # fmt: skip
        for _ in range(steps):
            before = self.state()
            deed = self.random.choice(deeds)
            answer: Any = None
            try:
                answer = deed()
            except GridmendError as problem:
                assert "converge" not in str(problem)
            self.allowed += bool(answer is not None and getattr(answer, "allowed", False))
            self.hold(before, deed.__name__)

    def state(self) -> tuple[frozenset[str], list[str]]:
        snapshot = self.room.field.points.snapshot
        on = zip(self.grid.sources["name"], snapshot.source_on.tolist(), strict=True)
        return self.truth.closed(snapshot), [f"source.{n}".lower() for n, is_on in on if is_on]

    def hold(self, before: tuple[frozenset[str], list[str]], deed: str) -> None:
        """What must be so after any deed."""
        situation = self.room.kernel.situation
        (was, was_on), (now, now_on) = before, self.state()
        tags = {tag.device for tag in situation.tags.values() if tag.kind == "hold"}
        buses = [ground.bus for ground in situation.grounds.values()]
        buses += [bus for c in situation.clearances.values() for bus in c.buses]
        assert not self.truth.fed(now, tags, buses), deed
        assert not (now - was) & tags, f"{deed} closed what bears a hold tag"
        if not situation.loops:
            most = self.truth.loops(was, was_on)
            assert self.truth.loops(now, now_on) <= most, f"{deed} closed a loop"
        if not situation.syncs:
            parts = self.truth.parts(now)
            live = self.truth.live_parts(was, was_on, tags)
            joined = [parts.get(part, part) for part in live]
            assert len(joined) == len(set(joined)), f"{deed} joined two live parts"
        frames = self.room.field.frames
        sent = [e.event for e in self.room.log.read() if e.event.kind == "commanded"]
        devices = sum(e.payload["step"]["action"] not in ("ground", "unground") for e in sent)
        assert len(frames) <= devices, "every frame has its entry"

    def switch(self) -> Any:
        action = self.random.choice((Action.OPEN, Action.CLOSE, Action.CLOSE))
        return self.room.do(
            action, self.random.choice(self.devices), self.random.choice((ANN, BOB))
        )

    def source(self) -> Any:
        name = self.random.choice([str(n) for n in self.grid.sources["name"]])
        return self.room.do(self.random.choice((Action.OPEN, Action.CLOSE)), f"source.{name}")

    def mark(self) -> Any:
        situation, kernel = self.room.kernel.situation, self.room.kernel
        who = self.random.choice((ANN, ANN, BOB))
        bus = self.random.choice([str(b) for b in self.grid.buses["name"]])
        device = self.random.choice([*self.devices, *list(self.truth.feeders)])
        name = f"m{kernel.sequence}"
        wishes = [Step(Action.TAG, device, "", mark=name)] * 3
        wishes += [
            Step(Action.CLEAR, bus, "", mark=name),
            Step(Action.GROUND, bus, "", mark=name),
        ] * 2
        wishes += [Step(Action.UNTAG, t.device, "", mark=t.id) for t in situation.tags.values()]
        wishes += [Step(Action.UNGROUND, g.bus, "", mark=g.id) for g in situation.grounds.values()]
        wishes += [
            Step(Action.RELEASE, c.buses[0], "", mark=c.id) for c in situation.clearances.values()
        ]
        return work(kernel, self.random.choice(wishes), who)

    def attend(self) -> None:
        """Read back, and let a person settle what waits: by what is really so."""
        kernel = self.room.kernel
        attend(kernel)
        for id, pending in list(kernel.situation.pending.items()):
            step = pending.command.step
            if step.action in (Action.GROUND, Action.UNGROUND):
                settle(kernel, id, ANN, done=self.random.random() < 0.8, why="crew")
            elif step.action in (Action.OPEN, Action.CLOSE) and self.random.random() < 0.5:
                self.room.field._late = [s for s in self.room.field._late if s != step]
                is_open = self.room.field.points.position(pending.key) == "open"
                settle(kernel, id, ANN, done=is_open == (step.action is Action.OPEN), why="seen")

    def misbehave(self) -> None:
        device = self.random.choice(self.devices).lower()
        answers = {**self.room.field.settings.answers, device: self.random.choice(list(Device))}
        self.room.field.settings = MemorySettings(answers=answers)

    def trip(self) -> None:
        self.room.field.trip(
            self.random.choice(self.devices), locked_out=self.random.random() < 0.3
        )

    def let_through(self) -> None:
        self.room.field.let_through()

    def wait(self) -> None:
        self.room.wait(self.random.choice((0.5, 2, 5, 20, 400)), scan=self.random.random() < 0.8)

    def application(self) -> Any:
        action = self.random.choice((Action.OPEN, Action.CLOSE))
        steps = [Step(action, self.random.choice(self.devices), "")]
        answers = consider(self.room.kernel, [Wants("flisr", steps)])
        return answers[0] if answers else None

    def authority(self) -> None:
        kernel = self.room.kernel
        take_authority(kernel, "", self.random.choice((ANN, ANN, BOB)))
        (kill if self.random.random() < 0.2 else revive)(kernel, ANN)

    def hand_over(self) -> Any:
        tags = [*self.room.kernel.situation.tags, "none"]
        who = self.random.choice(("ann", "bob"))
        witness = self.random.choice(("ann", "cy"))
        return hand_over_tag(
            self.room.kernel, self.random.choice(tags), ANN, to=who, witness=witness
        )

    def crash(self) -> None:
        """The process dies at some point of a command, and is started again."""

        class DiedError(Exception):
            pass

        left = self.random.randint(1, 5)

        def pause(_: str) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise DiedError

        self.room.kernel.pause = pause
        step = Step(Action.OPEN, self.random.choice(self.devices), "")
        try:
            picked = select(self.room.kernel, step, ANN)
            if picked.allowed:
                operate(self.room.kernel, step, ANN, select=picked.id)
        except DiedError:
            pass
        self.room.start()
        resume(self.room.kernel)

    def check_or_leave(self) -> None:
        """Checks of synchronism and leaves for loops are given for a moment, and used or not."""
        kernel, room = self.room.kernel, self.room
        device = self.random.choice(self.devices)
        if self.random.random() < 0.5:
            kernel.say("sync_checked", By("relay"), device=device, dv_pu=9.0, dangle_deg=0.0,
                       df_hz=0.0, phasing_known=True)  # fmt: skip
        else:
            until = room.clock + timedelta(seconds=1)
            authorise_loop(kernel, device, ["north"], ANN, until=until)
            room.wait(2)
        room.do(Action.CLOSE, device)
        room.field.trip(device)
        kernel.take_in()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("grid_name", NETWORKS)
def test_no_storm_of_commands_leads_to_an_unsafe_state(grid_name: str, seed: int) -> None:
    storm = Storm(grid_name, seed)
    storm.go(STEPS)
    assert storm.allowed > STEPS / 50, "the rules let work be done, though all be killed or tagged"
    assert storm.room.log.verify().ok
    events = [entry.event for entry in storm.room.log.read()]
    assert recheck(storm.grid, events, world=storm.room.field.world) == ()


RULES = sys.modules[judge.__module__].RULES
SEEN_HERE = {"tags": 1, "clearance": 0, "ground": 0, "radiality": 6, "synchronism": 1}
"""Rules that a storm of commands needs, each with a seed that showed it: it is tried first."""


@pytest.mark.parametrize("name", SEEN_HERE)
def test_a_storm_finds_the_harm_once_a_rule_is_gone(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tuple((other, rule) for other, rule in RULES if other != name)
    monkeypatch.setattr(sys.modules[judge.__module__], "RULES", left)
    for seed in (SEEN_HERE[name], *range(10)):
        for grid_name in reversed(NETWORKS):
            try:
                Storm(grid_name, seed).go(STEPS)
            except AssertionError:
                return
    raise AssertionError(f"no storm needs the rule '{name}'")
