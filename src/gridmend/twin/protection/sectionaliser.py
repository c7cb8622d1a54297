"""Sectionalisers: they count what others interrupt, and open while the line is dead."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from gridmend.model.errors import GridmendError
from gridmend.twin.protection.device import (
    ACTS_MOST,
    Act,
    Sight,
    check_not_late,
    check_number,
    whole_s,
)
from gridmend.twin.protection.settings import CONDUCTORS_MOST, SHOTS_MOST


@dataclass(frozen=True, slots=True)
class SectionaliserSettings:
    """What a sectionaliser is told.

    An over-current above `actuating_a` in a conductor, or `ground_actuating_a` of residual, arms
    it; when all currents then fall below `dead_a` it counts one. With `needs_no_voltage` it also
    waits until the source side is dead, so that a fuse behind it that clears is not counted.
    After `counts` it opens within `open_s`, only while the line is dead. Counts are forgotten
    `memory_s` after the last one. The default of `dead_a` is assumed. Raises `GridmendError` for
    what cannot be meant.
    """

    name: str
    actuating_a: float
    counts: int = 3
    ground_actuating_a: float = math.inf
    dead_a: float = 0.5
    memory_s: float = 60.0
    open_s: float = 0.0
    needs_no_voltage: bool = False
    conductors: int = 3

    def __post_init__(self) -> None:
        check_number(self.name, "dead_a", self.dead_a, above=True, most=1e5)
        check_number(self.name, "actuating_a", self.actuating_a, least=self.dead_a, above=True)
        check_number(
            self.name, "ground_actuating_a", self.ground_actuating_a, least=self.dead_a, above=True
        )
        check_number(self.name, "counts", self.counts, least=1, most=SHOTS_MOST, whole=True)
        check_number(self.name, "memory_s", self.memory_s, above=True, most=1e6)
        check_number(self.name, "open_s", self.open_s, most=1e4)
        check_number(
            self.name, "conductors", self.conductors, least=1, most=CONDUCTORS_MOST, whole=True
        )


@dataclass(slots=True, eq=False)
class Sectionaliser:
    """A sectionaliser at work; a `Device`. Mutable. It never opens on current."""

    settings: SectionaliserSettings
    stuck: bool = False
    count: int = 0
    armed: bool = False
    _open: bool = False
    _dead: bool = False
    _told: bool = False
    _commanded: bool = False
    _open_at_s: float = math.inf
    _close_at_s: float = math.inf
    _forget_at_s: float = math.inf
    _sight: Sight = field(init=False)
    _said: list[Act] = field(default_factory=list[Act])

    def __post_init__(self) -> None:
        self._sight = Sight(self.settings.name, self.settings.conductors)

    def begin_open(self, phases: Collection[int] | None = None) -> None:
        """It has stood open since before the start, on all its conductors."""
        self._open = True

    @property
    def name(self) -> str:
        """Its name."""
        return self.settings.name

    @property
    def closed(self) -> tuple[bool, ...]:
        """[conductors] whether each pole is closed."""
        return (not self._open,) * self.settings.conductors

    def see(
        self,
        now_s: float,
        i_a: Sequence[float],
        *,
        ground_a: float = 0.0,
        live: bool | None = None,
    ) -> None:
        """From now on these magnitudes flow [A], and the source side has voltage or not.

        Raises as `Recloser.see`, and where its settings need `live` and it is None.
        """
        self._go_on(now_s)
        self._sight.change(i_a, ground_a)
        told = self.settings
        if told.needs_no_voltage and live is None:
            raise GridmendError(
                f"the sectionaliser '{self.name}' counts by voltage and is not told of it",
                where=self.name,
                mend="say live=True or live=False",
            )
        if self._open:
            return
        worst_a = max(self._sight.i_a)
        if worst_a > told.actuating_a or ground_a > told.ground_actuating_a:
            self.armed = True
        self._dead = worst_a < told.dead_a and not (told.needs_no_voltage and live)
        if self._dead and self.armed:
            self._count(now_s)
        if self._commanded:
            return
        if not self._dead:
            self._open_at_s = math.inf
        elif self.count >= told.counts and math.isinf(self._open_at_s) and not self._told:
            self._open_at_s = whole_s(now_s + told.open_s)

    def due_s(self) -> float:
        """When it acts next if nothing changes [s]; inf if never."""
        if self._said:
            return self._sight.now_s
        return min(self._open_at_s, self._close_at_s, self._forget_at_s)

    def act(self, now_s: float) -> tuple[Act, ...]:
        """Do what is due up to now, in its order."""
        self._sight.check(now_s)
        done: list[Act] = []
        for _ in range(ACTS_MOST):
            due_s = self.due_s()
            if due_s > now_s:
                return tuple(done)
            self._sight.go_on(due_s)
            self._step(due_s)
            done += self._said
            self._said.clear()
        raise GridmendError(f"'{self.name}' does not come to rest", where=self.name)

    def open(self, now_s: float) -> None:
        """Told to open, which whoever tells it answers for: it cannot break a fault."""
        self._go_on(now_s)
        if not (self._open or self._commanded):
            self._commanded = True
            self._open_at_s = whole_s(now_s + self.settings.open_s)

    def close(self, now_s: float) -> None:
        """Told to close; the count begins anew."""
        self._go_on(now_s)
        self.count, self.armed, self._forget_at_s = 0, False, math.inf
        self._open_at_s, self._told, self._commanded = math.inf, False, False
        if self._open:
            self._close_at_s = now_s

    def fail(self, now_s: float, *, stuck: bool) -> None:
        """From now on: whether it does not move."""
        self._go_on(now_s)
        self.stuck = stuck
        if self._told and not stuck:
            self._told = False
            if self._dead or self._commanded:
                self._open_at_s = now_s

    def _go_on(self, now_s: float) -> None:
        check_not_late(self.name, now_s=now_s, due_s=self.due_s())
        self._sight.go_on(now_s)

    def _count(self, now_s: float) -> None:
        self.armed = False
        self.count += 1
        self._forget_at_s = whole_s(now_s + self.settings.memory_s)
        phases = tuple(range(self.settings.conductors))
        why = f"count {self.count} of {self.settings.counts}"
        self._said.append(Act(now_s, "counted", phases, why))

    def _step(self, now_s: float) -> None:
        phases = tuple(range(self.settings.conductors))
        moving = self._open_at_s <= now_s or self._close_at_s <= now_s
        if moving and self.stuck:
            what = "open" if self._open_at_s <= now_s else "close"
            self._told = what == "open"
            self._open_at_s = self._close_at_s = math.inf
            self._said.append(Act(now_s, "stuck", phases, f"told to {what}"))
        elif self._open_at_s <= now_s:
            why = "by command" if self._commanded else f"dead after count {self.count}"
            self._commanded = False
            self._open, self._open_at_s, self._forget_at_s = True, math.inf, math.inf
            self._sight.i_a = [0.0] * self.settings.conductors
            self._said.append(Act(now_s, "open", phases, why))
            self._said.append(Act(now_s, "lock_out", phases, why))
        elif self._close_at_s <= now_s:
            self._open, self._dead, self._close_at_s = False, False, math.inf
            self._said.append(Act(now_s, "close", phases, "by command"))
        elif self._forget_at_s <= now_s:
            self.count, self._forget_at_s = 0, math.inf
            self._said.append(Act(now_s, "reset", phases, "its memory is over"))
