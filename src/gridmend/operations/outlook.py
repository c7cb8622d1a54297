"""Looking ahead: whether a way of restoration holds at every time until the repair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import inf

import numpy as np
from numpy.typing import NDArray

from gridmend.interlock.electric import Solver, look_ahead
from gridmend.interlock.limits import Gauge, Limits, Reading, excess_pu, read_off, worsened
from gridmend.model.flow import Flow
from gridmend.model.plan import Ahead, Step, Violation
from gridmend.model.series import VARYING
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.alone import formed, with_and_without_der
from gridmend.operations.foreseen import Foreseen, Point
from gridmend.operations.horizon import Horizon
from gridmend.operations.pace import minutes_of
from gridmend.operations.refuted import Hindrance, Refuted
from gridmend.operations.stored import Stored

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

_HEADS = ("source.", "switch.")
"""What is never of one section alone."""


@dataclass(eq=False)
class Outlook:
    """What judges ways of restoring one fault over a horizon.

    `before` is the flow before the fault, `tripped` the one after protection, `out` [loads] those
    that the fault put out. Not held against a plan are `accepted`, the violations of both flows;
    what the forecast of an hour puts beyond a limit without the fault too; and the branches that
    serve one section alone and would be beyond a limit had all that picks up come back in the
    normal network: they carry it whoever feeds them. What is foreseen of a voltage may pass its
    limits by `Limits.worse_v_pu`, a tap's step; while loads pick up, `ColdLoad.loading_pct`
    holds for what they load.
    """

    horizon: Horizon
    topology: Topology
    solver: Solver
    gauge: Gauge
    limits: Limits
    before: Flow
    tripped: Flow
    out: Flags
    accepted: tuple[Violation, ...]
    _standing: dict[int, tuple[Violation, ...]] = field(default_factory=lambda: {})
    _anyhow: dict[tuple[float, float], tuple[Violation, ...]] = field(default_factory=lambda: {})
    _near: dict[int, Flow] = field(default_factory=lambda: {})
    _refuted: dict[float, Refuted] = field(default_factory=lambda: {})
    """What was refused at each minute, where demand is the same whatever came back when."""

    @cached_property
    def _foreseen(self) -> Foreseen:
        return Foreseen(self.horizon, self.topology)

    def at_peak(
        self, final: Snapshot, back: Flags, steps: Sequence[Step], *, opening: int
    ) -> Hindrance | None:
        """Why a configuration cannot hold in whatever order its steps are taken, if that shows
        at the heaviest time of its final state.

        `back` [loads] are those that it brings back, each counted as if it had come back right
        after the first `opening` steps, which come first in every order: then pickup is least.
        """
        minutes = minutes_of(steps, self.topology.grid, self.horizon.timing)
        begun = minutes[opening - 1] if opening else self.horizon.timing.detection_s / 60
        last = max(minutes, default=begun)
        known = (at.against(final) for minute, at in self._refuted.items() if minute >= last)
        if (hindrance := next((one for one in known if one), None)) is not None:
            return hindrance
        out_min = np.where(back, begun, 0.0)
        first = np.full(len(back), begun)
        points = self._foreseen.stands(0, (last, inf), out_min, first)
        peak = max(points, key=lambda p: self._foreseen.total_kw(final, p))
        near = self._tripped_at(self.horizon.piece(peak.minute))
        flow = self.solver.solve(self._foreseen.at(final, peak), controls="static", near=near)
        hindrance = self._hindrance(flow, peak, last)
        if hindrance is not None and self.horizon.cold is None and flow.controls_settled:
            here = self._refuted.setdefault(peak.minute, Refuted(self.topology))
            here.learn(final, hindrance)
        return hindrance

    def judged(self, steps: Sequence[Step], flows: Sequence[Flow]) -> Ahead | Hindrance:
        """Whether each state that steps lead to holds at its own times, and islands have the energy
        that they need; `flows` are those at the
        demand of the start, one before the first step and one after each.

        The final state comes first, from its heaviest time to its lightest.
        """
        minutes = minutes_of(steps, self.topology.grid, self.horizon.timing)
        points = self._foreseen.points(self.before.snapshot, minutes, flows)
        last, end = len(steps), flows[-1]
        final = [p for p in points if p.state == last]
        final.sort(key=lambda p: -self._foreseen.total_kw(end.snapshot, p))
        told = Ahead(self.horizon.until_min, step_min=minutes)
        islands = formed(self.topology, self.tripped.snapshot, end.snapshot)
        near, stored = end, Stored.of(self.topology.grid, islands)
        for point in (*final, *(p for p in points if p.state != last)):
            if point.state != last:
                near = flows[point.state]
            stood = self._foreseen.at(flows[point.state].snapshot, point)
            for there in with_and_without_der(self.topology, stood, islands):
                flow = flows[point.state]
                if not _same_demand(there, flow.snapshot):
                    flow = self.solver.solve(there, controls="static", near=near)
                hindrance = self._hindrance(flow, point, min(minutes[-1], point.minute))
                if hindrance is not None:
                    return hindrance
                told = _with(
                    told, point, self._reading(flow), self._foreseen.pickup_kw(flow.snapshot, point)
                )
                stored.note(point.minute, point.state, flow)
                near = flow
        lacking = stored.lacking(self.horizon.until_min)
        if lacking is not None:
            return lacking
        return replace(told, given=stored.given(self.horizon.until_min))

    def _reading(self, flow: Flow) -> Reading:
        return read_off(self.gauge, flow, self.limits)

    def _hindrance(self, flow: Flow, point: Point, back_min: float) -> Hindrance | None:
        """Why a state does not hold at a point, where all that is back came by `back_min`."""
        if not flow.energised.any():
            return None
        limits = self._limits_at(point)
        reading, accepted = read_off(self.gauge, flow, limits), self.accepted
        for more in (self._standing_at, self._picking_up_anyhow):
            why = look_ahead(flow, accepted, reading, limits)
            if why is None:
                return None
            if flow.converged:
                accepted = (*accepted, *more(point.minute, back_min))
        why = look_ahead(flow, accepted, reading, limits)
        if why is None:
            return None
        worse = worsened(accepted, reading.violations, limits) if flow.converged else []
        worst = max(worse, key=excess_pu, default=None)
        text = f"at {self.horizon.clock(point.minute)}: {why}"
        if (
            worst is not None
            and worst.limit.startswith("loading")
            and self._foreseen.picks_up(point)
        ):
            text += f" of the {limits.loading_pct:g} % that it may carry while loads pick up"
        return Hindrance(text, excess_pu(worst) if worst else inf, worst)

    def _limits_at(self, point: Point) -> Limits:
        """The limits of a point, with the room that what is foreseen has."""
        limits = self.limits
        room = limits.worse_v_pu
        limits = replace(limits, v_low_pu=limits.v_low_pu - room, v_high_pu=limits.v_high_pu + room)
        if self.horizon.cold is None or not self._foreseen.picks_up(point):
            return limits
        return replace(limits, loading_pct=max(limits.loading_pct, self.horizon.cold.loading_pct))

    def _standing_at(self, minute: float, _: float) -> tuple[Violation, ...]:
        """What would be beyond a limit at the forecast of a minute without any switching: before
        the fault, and after it."""
        piece = self.horizon.piece(minute)
        if piece not in self._standing:
            there = replace(self.before.snapshot, **self.horizon.powers(piece))
            before = self.solver.solve(there, controls="static", near=self.before)
            flows = [f for f in (before, self._tripped_at(piece)) if f.converged]
            found = [v for flow in flows for v in self._reading(flow).violations]
            self._standing[piece] = tuple(found)
        return self._standing[piece]

    def _picking_up_anyhow(self, minute: float, back_min: float) -> tuple[Violation, ...]:
        """What would be beyond a limit in the normal network, had all that is out come back."""
        key = (minute, back_min)
        if self.horizon.cold is None:
            return ()
        if key not in self._anyhow:
            out_min = np.where(self.out, back_min, 0.0)
            point = Point(0, minute, out_min, np.full(len(out_min), back_min))
            there = self._foreseen.at(self.before.snapshot, point)
            flow = self.solver.solve(there, controls="static", near=self.before)
            found = self._reading(flow).violations if flow.converged else ()
            own = [v for v in found if self._is_own(v)]
            self._anyhow[key] = tuple(replace(v, value=inf) for v in own)
        return self._anyhow[key]

    def _is_own(self, violation: Violation) -> bool:
        """Whether it is of a branch through which no supply of others goes, nor may go."""
        name = violation.element
        is_branch = violation.limit.startswith("loading") and not name.startswith(_HEADS)
        return is_branch and name not in self._shared

    @cached_property
    def _shared(self) -> frozenset[str]:
        """Branches between a source and a switch, open or closed: other sections are fed, or may
        be, through them."""
        topology, before = self.topology, self.before.snapshot
        names = topology.branch_names
        above = [topology.up(before, f"switch.{name}") for name in topology.grid.switches]
        return frozenset(names[k] for k in np.unique(np.concatenate([*above, [-1]])) if k >= 0)

    def _tripped_at(self, piece: int) -> Flow:
        """What stands after the fault in a step of the forecast."""
        if piece not in self._near:
            powers = self.horizon.powers(piece)
            self._near[piece] = (
                self.solver.solve(
                    replace(self.tripped.snapshot, **powers), controls="static", near=self.tripped
                )
                if powers
                else self.tripped
            )
        return self._near[piece]


def _same_demand(one: Snapshot, other: Snapshot) -> bool:
    """Whether nothing uses or gives other power in one than in the other."""
    return all(
        a is b or np.array_equal(a, b)
        for a, b in ((getattr(one, name), getattr(other, name)) for name in VARYING)
    )


def _with(told: Ahead, point: Point, reading: Reading, pickup_kw: float) -> Ahead:
    """What was told, with one more time judged."""
    told = replace(told, times=told.times + 1, pickup_kw=max(told.pickup_kw, pickup_kw))
    v, load = reading.v_min_pu, reading.loading_max_pct
    if v is not None and (told.v_min_pu is None or v < told.v_min_pu):
        told = replace(told, v_min_pu=v, v_min_at_min=point.minute)
    if load is not None and (told.loading_max_pct is None or load > told.loading_max_pct):
        told = replace(
            told, loading_max_pct=load, loading_at_min=point.minute, most_loaded=reading.most_loaded
        )
    return told
