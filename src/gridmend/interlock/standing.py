"""What a step is judged against: positions with their doubt, and the work on the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridmend.interlock.policy import Policy
from gridmend.interlock.site import Flags, Site
from gridmend.model.deed import carried_out, subject
from gridmend.model.errors import GridError
from gridmend.model.plan import MOVES, POWERS, SWITCHING, Action, Step
from gridmend.model.situation import Clearance, Ground, Situation, Tag
from gridmend.model.snapshot import Snapshot
from gridmend.model.wiring import SAME_BUS

HOLD, HOT_LINE = "hold", "hot_line"
AHEAD_S = 1.0
"""How far the clock of a report may be ahead."""

Bits = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Standing:
    """Positions, tags, grounds and clearances as a step finds them; a step gives a new one.

    `certain` [switches] is False for a device whose position is unknown or stale, or that has a
    command without an outcome: it counts as closed where closing is the danger (`danger`) and
    as open where it is relied on (`reliance`). `binding` are all tags; `relied_tags` those that
    certainly hang.
    """

    site: Site
    snapshot: Snapshot
    certain: Flags
    binding: tuple[Tag, ...] = ()
    relied_tags: tuple[Tag, ...] = ()
    grounds: tuple[Ground, ...] = ()
    clearances: tuple[Clearance, ...] = ()
    operations: Mapping[str, int] = field(default_factory=dict[str, int])
    ramps: tuple[tuple[str, float], ...] = ()
    """Late commanded changes of DER [kW], each with its DER."""
    faults: tuple[str, ...] = ()
    fault_phases: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of the faults that are on some phases alone, these."""
    doubtful: frozenset[str] = frozenset()
    """Sources and DER that have a command without an outcome."""

    @cached_property
    def danger(self) -> Bits:
        """[switches] open phases with every device that may be closed counted as closed."""
        return np.where(self.certain, self.snapshot.open_phases, 0).astype(np.uint8)

    @cached_property
    def reliance(self) -> Bits:
        """[switches] open phases with every device that may be open counted as open."""
        return np.where(self.certain, self.snapshot.open_phases, self.site.mask).astype(np.uint8)

    @cached_property
    def held(self) -> Bits:
        """[switches] open phases where only a tagged device that is surely open counts."""
        tagged = np.zeros(len(self.certain), bool)
        for tag in self.relied_tags:
            row = self.site.grid.switches.index.get(tag.device)
            if tag.kind == HOLD and row is not None:
                tagged[row] = True
        return np.where(tagged, self.danger, 0).astype(np.uint8)

    @cached_property
    def may_feed(self) -> Flags:
        """[feeders of energy] all but those whose disconnection a hold tag guards.

        A source that is on, or a DER that gives or takes power, is not disconnected.
        """
        held = {tag.device for tag in self.relied_tags if tag.kind == HOLD}
        names = enumerate(self.site.names)
        return np.array([name not in held or self._is_on(at) for at, name in names], bool)

    @cached_property
    def feeds(self) -> Flags:
        """[feeders of energy] sources that are or may be on, and DER that hold a voltage."""
        return self.site.forming & self.may_feed & (self._connected | self._named(self.doubtful))

    @cached_property
    def surely_feeds(self) -> Flags:
        """[feeders of energy] the same where what is in doubt, or bears a hold tag, is off."""
        held = {tag.device for tag in self.binding if tag.kind == HOLD}
        unsure = self._named(self.doubtful | held)
        return self.site.forming & self.may_feed & self._connected & ~unsure

    @cached_property
    def _connected(self) -> Flags:
        """[feeders of energy] sources that are on, and all DER."""
        row = self.site.source_row
        return np.where(row >= 0, self.snapshot.source_on[row], True) if len(row) else row >= 0

    def _named(self, names: frozenset[str]) -> Flags:
        return np.array([name in names for name in self.site.names], bool)

    @cached_property
    def live(self) -> Flags:
        """[nodes] that may be energised, every doubtful device closed."""
        return self._reached(self.danger, self.feeds)

    @cached_property
    def exposed(self) -> Flags:
        """[nodes] not proven to stay dead: no tagged open device keeps a feeder away."""
        usable = self.by_bus(self.held)
        return self.site.topology.reached(usable, self.site.fed_nodes(self.may_feed))

    def nodes_of_buses(self, buses: tuple[str, ...]) -> tuple[list[str], Flags]:
        """The buses that the model does not have, and [nodes] whether each is at one it has."""
        found = np.zeros(len(self.site.topology.wiring.node_bus), bool)
        lost: list[str] = []
        for bus in buses:
            try:
                found[self.site.nodes_at(bus)] = True
            except GridError:
                lost.append(bus)
        return lost, found

    def tags_on(self, key: str) -> tuple[Tag, ...]:
        """Every tag that binds a device."""
        return tuple(tag for tag in self.binding if tag.device == key)

    def zone(self, bus: str) -> tuple[str, ...]:
        """The buses that would be under one clearance with a bus: all that tagged devices part
        from the rest."""
        w = self.site.topology.wiring
        reached = self.site.topology.reached(self.by_bus(self.held), self.site.nodes_at(bus))
        return tuple(str(b) for b in self.site.grid.buses["name"][np.unique(w.node_bus[reached])])

    def is_on(self, key: str) -> bool:
        """Whether a source or DER may be on; False for any other device."""
        return key in self.site.names and self._is_on(self.site.names.index(key))

    def _is_on(self, feeder: int) -> bool:
        if self.site.names[feeder] in self.doubtful:
            return True
        row = int(self.site.source_row[feeder])
        if row >= 0:
            return bool(self.snapshot.source_on[row])
        source = int(self.site.island_row[feeder])
        if source >= 0 and self.is_on(f"source.{self.site.grid.sources['name'][source]}".lower()):
            return True
        return self.snapshot.power_kw(self.site.grid, self.site.names[feeder]) != 0.0

    def _reached(self, bits: Bits, feeders: Flags) -> Flags:
        return self.site.topology.reached_at(bits, self.site.fed_nodes(feeders))

    def by_bus(self, bits: Bits) -> Flags:
        """[edges] what conducts, the phases of each bus as one: whatever stands between two of
        them, such as a load in delta, feeds an open one from the others."""
        topology = self.site.topology
        return topology.conducting(bits) | (topology.wiring.edge_kind == SAME_BUS)


def standing(
    site: Site, situation: Situation | Snapshot, now_s: float | None, policy: Policy
) -> Standing:
    """What stands at a time [s since 1970]; without one nothing is stale.

    A pending command makes its device uncertain, whatever it asks; a tag, ground or clearance
    whose placing is pending binds already, and one whose lifting is pending is not relied on.
    """
    if isinstance(situation, Snapshot):
        return Standing(site, situation, np.ones(len(site.grid.switches), bool))
    certain = situation.position_known.copy()
    if now_s is not None:
        remote = site.grid.switches.flags("remote")
        with np.errstate(invalid="ignore"):
            age_s = now_s - situation.heard_s
            certain &= ~remote | (age_s <= policy.fresh_s)
            # The clock went back: what is told since counts as older, and is passed over.
            certain &= ~(age_s < -AHEAD_S)
    tags, relied = dict(situation.tags), dict(situation.tags)
    grounds, clearances = dict(situation.grounds), dict(situation.clearances)
    for pending in situation.pending.values():
        step = pending.command.step
        key = pending.key
        if step.action in SWITCHING:
            row = site.grid.switches.index.get(key)
            if row is not None:
                certain[row] = False
        elif step.action is Action.TAG:
            tags.setdefault(step.mark, _tag(step, key, pending.command.principal))
        elif step.action is Action.UNTAG:
            relied.pop(step.mark, None)
        elif step.action is Action.GROUND:
            grounds.setdefault(step.mark, _ground(step, pending.command.principal))
    found = Standing(
        site, situation.snapshot, certain,
        tuple(tags.values()), tuple(relied.values()),
        tuple(grounds.values()), tuple(clearances.values()),
        _late(situation, now_s, policy), _late_ramps(situation, now_s, policy),
        tuple(sorted(situation.faults)), situation.fault_phases,
        _in_doubt(situation) & frozenset(site.names),
    )  # fmt: skip
    for pending in situation.pending.values():
        step = pending.command.step
        if step.action is Action.CLEAR and step.mark not in clearances:
            buses = pending.buses or found.zone(step.device)
            zone = Clearance(step.mark, pending.command.principal, buses)
            found = replace(found, clearances=(*found.clearances, zone))
    return found


def after(step: Step, before: Standing, principal: str = "") -> Standing:
    """What stands once a step is confirmed. Raises `GridError` where its device is not there."""
    grid = before.site.grid
    key = subject(grid, step)
    if step.action in MOVES:
        certain = before.certain
        if step.action in SWITCHING and key in grid.switches.index:
            certain = certain.copy()
            certain[grid.switches.row(key)] |= not step.phases
        snapshot = carried_out(step, grid, before.snapshot)
        before = replace(before, doubtful=before.doubtful - {key})
        if step.action in POWERS:
            change_kw = snapshot.power_kw(grid, key) - before.snapshot.power_kw(grid, key)
            return replace(before, snapshot=snapshot, ramps=(*before.ramps, (key, change_kw)))
        operations = {**before.operations, key: before.operations.get(key, 0) + 1}
        return replace(before, snapshot=snapshot, certain=certain, operations=operations)
    changes: dict[str, Any] = {}
    if step.action is Action.TAG:
        tag = _tag(step, key, principal)
        changes = {"binding": (*before.binding, tag), "relied_tags": (*before.relied_tags, tag)}
    elif step.action is Action.UNTAG:
        for name in ("binding", "relied_tags"):
            changes[name] = tuple(t for t in getattr(before, name) if t.id != step.mark)
    elif step.action is Action.GROUND:
        changes["grounds"] = (*before.grounds, _ground(step, principal))
    elif step.action is Action.UNGROUND:
        changes["grounds"] = tuple(g for g in before.grounds if g.id != step.mark)
    elif step.action is Action.CLEAR:
        clearance = Clearance(step.mark, principal, before.zone(step.device))
        changes["clearances"] = (*before.clearances, clearance)
    else:
        changes["clearances"] = tuple(c for c in before.clearances if c.id != step.mark)
    return replace(before, **changes)


def _tag(step: Step, key: str, holder: str) -> Tag:
    return Tag(step.mark, key, step.kind or HOLD, holder)


def _ground(step: Step, holder: str) -> Ground:
    return Ground(step.mark, step.device, holder)


def _in_doubt(situation: Situation) -> frozenset[str]:
    """Devices that a command moves whose outcome is not known."""
    pending = situation.pending.values()
    return frozenset(p.key for p in pending if p.command.step.action in MOVES)


def _late(situation: Situation, now_s: float | None, policy: Policy) -> dict[str, int]:
    """[devices] commanded operations that still count as wear."""
    since = -np.inf if now_s is None else now_s - policy.wear_s
    counts = {key: sum(t > since for t in at) for key, at in situation.operations.items()}
    return {key: count for key, count in counts.items() if count}


def _late_ramps(
    situation: Situation, now_s: float | None, policy: Policy
) -> tuple[tuple[str, float], ...]:
    since = -np.inf if now_s is None else now_s - policy.ramp_s
    return tuple(
        (key, kw) for key, ramps in situation.ramps.items() for t, kw in ramps if t > since
    )
