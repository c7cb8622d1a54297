"""Reclosers and relayed breakers: they trip, reclose, and lock out."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from gridmend.model.errors import GridmendError
from gridmend.twin.protection.device import (
    ACTS_MOST,
    Act,
    ActKind,
    Sight,
    check_not_late,
    whole_s,
)
from gridmend.twin.protection.poles import Poles
from gridmend.twin.protection.sensing import Sensing
from gridmend.twin.protection.settings import RecloserSettings


@dataclass(slots=True, eq=False)
class Recloser:
    """A recloser, or a breaker with its relay, at work; a `Device`. Mutable.

    It begins closed and without current. What goes wrong with it is said by the caller:
    `fail(stuck=…)` for poles that do not move, `fail(blind=…)` for protection that does not see,
    `trip` for a trip without cause. Equal calls give equal acts.
    """

    settings: RecloserSettings
    tagged: bool = False
    stuck: bool = False
    blind: bool = False
    _poles: tuple[Poles, ...] = field(init=False)
    _sensing: Sensing = field(init=False)
    _sight: Sight = field(init=False)
    _said: list[Act] = field(default_factory=list[Act])

    def __post_init__(self) -> None:
        conductors = range(self.settings.conductors)
        groups = [(k,) for k in conductors] if self.settings.single_phase else [tuple(conductors)]
        self._poles = tuple(Poles(phases) for phases in groups)
        self._sensing = Sensing(self.settings)
        self._sight = Sight(self.settings.name, self.settings.conductors)

    def begin_open(self, phases: Collection[int] | None = None) -> None:
        """It has stood open and locked out since before the start; with `phases`, their poles."""
        for poles in self._poles:
            if phases is None or any(k in phases for k in poles.phases):
                poles.closed = False
                poles.lock()

    @property
    def name(self) -> str:
        """Its name."""
        return self.settings.name

    @property
    def closed(self) -> tuple[bool, ...]:
        """[conductors] whether each pole is closed."""
        return tuple(poles.closed for poles in self._poles for _ in poles.phases)

    @property
    def locked_out(self) -> tuple[bool, ...]:
        """[conductors] whether each pole is locked out."""
        return tuple(poles.locked for poles in self._poles for _ in poles.phases)

    @property
    def count(self) -> int:
        """Trips of the present sequence, of the pole that has most."""
        return max(poles.count for poles in self._poles)

    @property
    def operations(self) -> int:
        """How often any pole has opened since the beginning."""
        return sum(poles.operations for poles in self._poles)

    def progress(self, now_s: float) -> float:
        """How far the furthest element has turned, from 0 at rest to 1 for a trip."""
        return self._sensing.progress(now_s)

    def see(
        self,
        now_s: float,
        i_a: Sequence[float],
        *,
        ground_a: float = 0.0,
        live: bool | None = None,
    ) -> None:
        """From now on these magnitudes flow: [conductors] and residual [A].

        Raises `GridmendError` for what is no magnitude, for a time that goes back, and where
        something was due before and was not acted.
        """
        self._go_on(now_s)
        self._sight.change(i_a, ground_a)
        self._turn(now_s)

    def due_s(self) -> float:
        """When it acts next if the currents stay [s]; inf if never."""
        if self._said:
            return self._sight.now_s
        return min(self._sensing.due_s(), *(poles.due_s for poles in self._poles))

    def act(self, now_s: float) -> tuple[Act, ...]:
        """Do what is due up to now, in its order. Poles that open see no current from then on."""
        self._sight.check(now_s)
        done: list[Act] = []
        for _ in range(ACTS_MOST):
            due_s = self.due_s()
            if due_s > now_s:
                return tuple(done)
            self._sight.go_on(due_s)
            self._forget_load()
            self._step(due_s)
            self._turn(due_s)
            done += self._said
            self._said.clear()
        raise GridmendError(f"'{self.name}' does not come to rest", where=self.name)

    def open(
        self, now_s: float, *, why: str = "by command", phases: Collection[int] | None = None
    ) -> None:
        """Told to open, or some poles that move by themselves; they lock out."""
        self._go_on(now_s)
        for poles in self._told_of(phases):
            if poles.guards or math.isfinite(poles.open_at_s):
                at_s = whole_s(now_s + self.settings.open_s)
                poles.tell_open(at_s, why, by_trip=False, locks=True)
            elif not poles.closed and not poles.locked:
                self._lock(poles, now_s, why)
        self._turn(now_s)

    def close(self, now_s: float, *, phases: Collection[int] | None = None) -> None:
        """Told to close, or some poles that move by themselves: the sequence begins anew. A tagged
        or opening one refuses."""
        self._go_on(now_s)
        for poles in self._told_of(phases):
            if self.tagged or not (poles.guards or not poles.closed):
                why = "it is tagged" if self.tagged else "it was told to open"
                self._say(now_s, "refused", poles, why)
            elif poles.closed:
                poles.count = 0
            elif not poles.by_hand:
                poles.tell_close(whole_s(now_s + self.settings.close_s))
        self._turn(now_s)

    def _told_of(self, phases: Collection[int] | None) -> Iterator[Poles]:
        """The poles on some conductors; all unless given."""
        for poles in self._poles:
            if phases is None or not set(poles.phases).isdisjoint(phases):
                yield poles

    def tag(self, now_s: float, *, on: bool) -> None:
        """Hot-line tag: one shot to lock-out on the fast curve, no closing of any kind."""
        self._go_on(now_s)
        self.tagged = on
        for poles in self._poles:
            if on and not poles.closed and not poles.locked:
                self._lock(poles, now_s, "tagged")
        self._turn(now_s)

    def trip(self, now_s: float, *, why: str, phases: Sequence[int] | None = None) -> None:
        """It trips though nothing is wrong, as its protection would have it."""
        self._go_on(now_s)
        for poles in self._poles:
            if poles.guards and (phases is None or set(phases) & set(poles.phases)):
                self._trip(poles, now_s, why)
        self._turn(now_s)

    def fail(self, now_s: float, *, stuck: bool = False, blind: bool = False) -> None:
        """From now on: whether its poles do not move, and whether its protection does not see.

        Poles that were told to open while stuck open when they are freed.
        """
        self._go_on(now_s)
        self.stuck, self.blind = stuck, blind
        for poles in self._poles:
            if poles.told and not stuck:
                poles.told, poles.open_at_s = False, now_s
        self._turn(now_s)

    def _go_on(self, now_s: float) -> None:
        check_not_late(self.name, now_s=now_s, due_s=self.due_s())
        self._sight.go_on(now_s)
        self._forget_load()

    def _forget_load(self) -> None:
        """Only what flows in an over-current counts as its energy."""
        for poles in self._poles:
            if not poles.in_fault:
                for k in poles.phases:
                    self._sight.energy_a2s[k] = 0.0

    def _say(
        self, now_s: float, kind: ActKind, poles: Poles, why: str, energy_a2s: float = 0.0
    ) -> None:
        self._said.append(Act(now_s, kind, poles.phases, why, energy_a2s))

    def _turn(self, now_s: float) -> None:
        """Show the currents to the elements that are on, and set or stop the reset timers."""
        guarding = [] if self.blind else [poles for poles in self._poles if poles.guards]
        self._sensing.look(now_s, self._sight, guarding, tagged=self.tagged)
        for poles in self._poles:
            picked_up = poles in guarding and self._sensing.picked_up(poles)
            poles.in_fault = picked_up or poles.told or math.isfinite(poles.open_at_s)
            begun = poles.count > 0 or poles.hand
            if picked_up or not (poles.guards and begun):
                poles.reset_at_s = math.inf
            elif math.isinf(poles.reset_at_s):
                poles.reset_at_s = whole_s(now_s + self.settings.reset_s)

    def _step(self, now_s: float) -> None:
        """Do what is due now, each pole's next thing."""
        for poles in self._poles:
            if poles.open_at_s <= now_s:
                self._open(poles, now_s)
            elif poles.close_at_s <= now_s:
                self._close(poles, now_s)
            elif poles.guards and (why := self._sensing.operated(now_s, poles)):
                self._trip(poles, now_s, why)
            elif poles.reset_at_s <= now_s:
                poles.count, poles.hand, poles.reset_at_s = 0, False, math.inf
                self._say(now_s, "reset", poles, "closed and quiet for the reset time")
            elif poles.cold_until_s <= now_s:
                poles.cold_until_s = math.inf

    def _trip(self, poles: Poles, now_s: float, why: str) -> None:
        told = self.settings
        locks = poles.count + 1 >= told.shots or (poles.hand and told.hand_close_locks)
        poles.tell_open(whole_s(now_s + told.open_s), why, by_trip=True, locks=locks)
        self._say(now_s, "trip", poles, why)

    def _open(self, poles: Poles, now_s: float) -> None:
        if self.stuck:
            poles.told, poles.open_at_s = True, math.inf
            self._say(now_s, "stuck", poles, f"told to open: {poles.why}")
            return
        worst_a2s = max(self._sight.energy_a2s[k] for k in poles.phases)
        locks = poles.locks_next or self.tagged
        why = poles.why
        poles.stand_open()
        for k in poles.phases:
            self._sight.i_a[k] = 0.0
        if not any(self.closed):
            self._sight.ground_a = 0.0
        self._say(now_s, "open", poles, why, worst_a2s)
        if locks:
            self._lock(poles, now_s, why)
        else:
            poles.close_at_s = whole_s(now_s + self.settings.reclose_s[poles.count - 1])
            poles.why = f"reclosing after trip {poles.count}"

    def _close(self, poles: Poles, now_s: float) -> None:
        if self.stuck:
            self._say(now_s, "stuck", poles, f"told to close: {poles.why}")
            self._lock(poles, now_s, "it does not close")
            return
        cold_s = self.settings.cold_load_s if poles.by_hand else 0.0
        poles.stand_closed(whole_s(now_s + cold_s) if cold_s else math.inf)
        self._say(now_s, "close", poles, poles.why)

    def _lock(self, poles: Poles, now_s: float, why: str) -> None:
        """Lock poles out, and the others with them where the settings say so."""
        poles.lock()
        self._say(now_s, "lock_out", poles, why)
        if not self.settings.three_phase_lock_out:
            return
        for other in self._poles:
            if other.closed and not other.told:
                at_s = whole_s(now_s + self.settings.open_s)
                other.tell_open(at_s, "the lock-out of another pole", by_trip=False, locks=True)
            elif not other.closed and not other.locked:
                other.lock()
                self._say(now_s, "lock_out", other, "the lock-out of another pole")
