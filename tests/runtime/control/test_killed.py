"""`kill -9` wherever a command stands: nothing acknowledged is lost, nothing is operated twice."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from gridmend.adapters.memory import MemorySettings
from gridmend.model.command import same_deed
from gridmend.model.plan import Action, OutcomeState, Step
from gridmend.runtime.control import Kernel, attend, operate, select, settle
from gridmend.runtime.control import kernel as kernel_points
from gridmend.runtime.control.authority import take_authority
from gridmend.runtime.control.opening import open_room
from gridmend.runtime.gateway import Signer
from gridmend.runtime.gateway import gateway as gateway_points
from gridmend.runtime.journal import FAIL_POINTS, Journal
from tests.interlock.networks import ring
from tests.runtime.control.file_field import FileField, arrived
from tests.runtime.control.room import ANN, NOON, bench_of
from tests.runtime.journal.journals import KEY

GRID = ring()
BENCH = bench_of(GRID)
SIGNER = Signer.new(MemorySettings().world)
POINTS = (*kernel_points.FAIL_POINTS, *gateway_points.FAIL_POINTS)


def wish(number: int) -> Step:
    """A step that no other command asks, so that its frames can be counted."""
    return Step(Action.SET_POWER, "generator.island", "", value=100.0 + number)


@dataclass
class Site:
    """A journal, a field and the gateway's ids, which outlive a process, and what was said done."""

    url: str
    folder: Path
    later: timedelta = timedelta(0)

    @property
    def frames(self) -> Path:
        return self.folder / "frames"

    @property
    def acknowledged(self) -> Path:
        return self.folder / "acknowledged"

    def open(self, pause: Callable[[str], None] | None = None) -> tuple[Journal, Kernel]:
        def now() -> datetime:
            return NOON + self.later

        journal = Journal.open(self.url, key=KEY, pause=pause)
        field = FileField(GRID, self.frames, now=now)
        kernel = open_room(
            GRID, field, journal, now=now, sent=self.folder / "sent", signer=SIGNER,
            bench=BENCH, pause=pause,
        )  # fmt: skip
        field.scan()
        field._say(*field.points.report(wish(0)), cause="scan")
        kernel.take_in()
        if "" not in kernel.situation.authorities:
            take_authority(kernel, "", ANN)
        return journal, kernel

    def work(self, numbers: range, pause: Callable[[str], None] | None) -> None:
        """Carry out wishes, and write down which were acknowledged."""
        journal, kernel = self.open(pause)
        for number in numbers:
            picked = select(kernel, wish(number), ANN)
            done = operate(kernel, wish(number), ANN, select=picked.id, id=f"mine{number}")
            assert done.outcome is not None
            with self.acknowledged.open("a") as file:
                file.write(f"mine{number} {done.outcome.state.value}\n")
        journal.close()

    def killed_at(self, at: int, numbers: range) -> str:
        """Do the same in a process that is killed at its pause number `at`; the pause's name, or
        empty where it came to its end."""
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            steps = count(1)

            def pause(point: str) -> None:
                if next(steps) == at:
                    os.write(write, point.encode())
                    os.kill(os.getpid(), signal.SIGKILL)

            try:
                self.work(numbers, pause)
            finally:
                os._exit(0)
        os.close(write)
        os.waitpid(child, 0)
        with os.fdopen(read) as said:
            return said.read()


def check_after(site: Site, numbers: range) -> None:
    """Start again, and hold the journal, the field and what was acknowledged together."""
    journal, kernel = site.open()
    for id, pending in list(kernel.situation.pending.items()):
        assert kernel.gateway.withdraw(id), "only what may have been sent waits"
        came = any(same_deed(pending.command.step, step) for step in arrived(site.frames))
        settle(kernel, id, ANN, done=came, why="seen")
    assert journal.verify().ok
    kinds: dict[str, list[str]] = {}
    for entry in journal.read():
        if "command" in entry.event.payload:
            kinds.setdefault(entry.event.payload["command"], []).append(entry.event.kind)
    frames = [step.value for step in arrived(site.frames)]
    assert len(frames) == len(set(frames)), "no command is operated twice"
    for number in numbers:
        if wish(number).value in frames:
            assert kinds[f"mine{number}"][:2] == ["flow_recorded", "commanded"]
    lines = site.acknowledged.read_text().splitlines() if site.acknowledged.exists() else []
    for line in lines:
        id, state = line.split()
        assert state == OutcomeState.CONFIRMED
        assert "outcome" in kinds[id], "what was acknowledged is in the journal"
        assert 100.0 + int(id.removeprefix("mine")) in frames
    for number in numbers:
        again = f"mine{number}"
        if again in kinds:
            picked = select(kernel, wish(number), ANN)
            answer = operate(kernel, wish(number), ANN, select=picked.id, id=again)
            assert {r.rule for r in answer.refusals} == {"at most once"}
    assert [step.value for step in arrived(site.frames)] == frames
    attend(kernel)
    journal.close()


NIGHTLY = 6
"""Commands one after another, each killed at each of its points: more than two hundred kills."""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("depth", [1, pytest.param(NIGHTLY, marks=pytest.mark.nightly)])
def test_a_kill_anywhere_loses_nothing_and_repeats_nothing(
    store: str, tmp_path: Path, depth: int
) -> None:
    site = Site(store, tmp_path)
    site.work(range(0, 1), None)
    seen: set[str] = set()
    for at in count(1):
        numbers = range(at * depth, (at + 1) * depth)
        # So that DER may change again: what was commanded counts as wear, also what failed.
        site.later = timedelta(minutes=2 * at)
        point = site.killed_at(at, numbers)
        check_after(site, numbers)
        if not point:
            break
        seen.add(point)
    assert at > 34 * depth
    creating = {point for point in FAIL_POINTS if point.startswith(("create", "keep"))}
    assert set(POINTS) | set(FAIL_POINTS) - creating <= seen
