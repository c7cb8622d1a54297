"""A control room in memory, on a clock that a test sets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from gridmend.adapters.memory import MemoryAdapter, MemorySettings
from gridmend.interlock.check import Bench
from gridmend.interlock.move import By
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Step
from gridmend.runtime.control import Answer, Kernel, operate, select
from gridmend.runtime.control.authority import take_authority
from gridmend.runtime.gateway import Gateway, Sent, Signer
from gridmend.runtime.journal import Journal
from tests.interlock.networks import ring

NOON = datetime(2026, 7, 15, 12, tzinfo=UTC)
ANN, BOB = By("ann", "desk1"), By("bob", "desk2")


class Room:
    """A kernel with its gateway and field; `clock` moves only when a test moves it."""

    def __init__(
        self, grid: Grid | None = None, *, log: Any = None, scan: bool = True, **answers: Any
    ) -> None:
        self.clock = NOON
        self.grid = grid or ring()
        self.bench = bench_of(self.grid) if grid is None else Bench.of(self.grid)
        self.log = Journal.memory() if log is None else log
        self.signer = Signer.new(MemorySettings().world)
        settings = MemorySettings(answers=answers)
        self.field = MemoryAdapter(self.grid, now=self.now, settings=settings)
        self.sent = Sent()
        self.start()
        if scan:
            self.field.scan()
        take_authority(self.kernel, "", ANN)

    def start(self) -> None:
        """Start the gateway and the kernel, as after a crash: only journal, ids and field stay."""
        self.gateway = Gateway(
            self.field, self.log, self.bench,
            verifier=self.signer.verifier(), sent=self.sent, now=self.now,
        )  # fmt: skip
        self.kernel = Kernel(self.bench, self.log, self.gateway, self.signer, now=self.now)

    def now(self) -> datetime:
        return self.clock

    def wait(self, seconds: float, *, scan: bool = True) -> None:
        self.clock += timedelta(seconds=seconds)
        if scan:
            self.field.scan()

    def do(self, action: Action, device: str, by: By = ANN, **more: Any) -> Answer:
        """Select and operate in one go."""
        step = Step(action, device, "", value=more.pop("value", None))
        picked = select(self.kernel, step, by)
        if not picked.allowed:
            return picked
        return operate(self.kernel, step, by, select=picked.id, **more)

    def kinds(self) -> list[str]:
        return [entry.event.kind for entry in self.log.read()]


_BENCHES: dict[str, Bench] = {}


@cache
def _bench() -> Bench:
    return Bench.of(ring())


def bench_of(grid: Grid) -> Bench:
    """One compiled bench for the ring that most tests use."""
    assert grid.name == "small"
    return _bench()


def rules(answer: Answer) -> set[str]:
    return {refusal.rule for refusal in answer.refusals}
