"""One step as the rules see it: who wants it, what stands before it and what after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from gridmend.interlock.policy import Policy
from gridmend.interlock.site import Flags, Ints, among
from gridmend.interlock.standing import HOLD, Bits, Standing
from gridmend.model.deed import moved_bits
from gridmend.model.flow import Flow
from gridmend.model.plan import SWITCHING, Action, Step
from gridmend.model.situation import Situation


@dataclass(frozen=True, slots=True)
class By:
    """Who wants a step: a person at a login, or an application on a person's leave."""

    principal: str = ""
    login: str = ""
    application: str = ""

    @property
    def is_automatic(self) -> bool:
        """Whether no person asks for this very step."""
        return bool(self.application)


@dataclass(frozen=True, eq=False)
class Move:
    """A step with what stands before it, what is predicted to stand after it, and the flow before.

    `key` is its device as `subject` writes it. `situation` and `now_s` [s since 1970] are None
    in a study, in which nothing ages and nobody holds authority; `flow` is None where none is
    solved. `fault` is the element that the plan heals.
    """

    step: Step
    key: str
    before: Standing
    after: Standing
    by: By
    policy: Policy
    flow: Flow | None = None
    situation: Situation | None = None
    now_s: float | None = None
    fault: str = ""
    fault_phases: str = ""
    """The phases of that which are faulted; empty for all."""
    carries_a: float | None = None
    """What the device carries, where it was recorded and no flow is given [A]."""

    @cached_property
    def row(self) -> int:
        """Row of the switch that is opened or closed; -1 where it is none."""
        if self.step.action not in SWITCHING:
            return -1
        return self.before.site.grid.switches.index.get(self.key, -1)

    @cached_property
    def bits(self) -> int:
        """The poles of the switch that move."""
        return moved_bits(self.before.site.grid, self.step)

    @property
    def closes(self) -> bool:
        """Whether it closes a switch or connects a source."""
        return self.step.action is Action.CLOSE

    @property
    def opens(self) -> bool:
        """Whether it opens a switch or disconnects a source."""
        return self.step.action is Action.OPEN

    @cached_property
    def sides(self) -> tuple[Ints, Ints]:
        """The nodes at both ends of each conductor of the switch that moves; of a source its
        nodes, twice."""
        site = self.before.site
        if self.row >= 0:
            one, other = site.ends[self.row]
            moved = (site.poles[self.row] & self.bits) != 0
            return one[moved], other[moved]
        nodes = site.topology.nodes_of(self.key)
        return nodes, nodes

    def to_close_yet(self) -> Iterator[tuple[str, Move]]:
        """The commands to close other devices that have no outcome yet, by id, each as a move."""
        pending = self.situation.pending.values() if self.situation is not None else ()
        for sent in pending:
            if sent.command.step.action is Action.CLOSE and sent.key != self.key:
                yield sent.command.id, replace(self, step=sent.command.step, key=sent.key)

    def without(self, bits: Bits) -> Bits:
        """[switches] open phases with the device itself open, as far as it moves."""
        found = bits.copy()
        if self.row >= 0:
            found[self.row] |= self.bits
        return found

    @cached_property
    def apart(self) -> Flags:
        """[nodes] live while the device is open, every other doubtful device closed."""
        return self._live_without(self.before.danger, self.before.feeds)

    @cached_property
    def surely_apart(self) -> Flags:
        """[nodes] live while the device is open, every other doubtful device open."""
        return self._live_without(self.before.reliance, self.before.surely_feeds)

    def _live_without(self, bits: Bits, feeds: Flags) -> Flags:
        site = self.before.site
        if self.row < 0:
            feeds = feeds & np.array([name != self.key for name in site.names], bool)
        return site.topology.reached_at(self.without(bits), site.fed_nodes(feeds))

    @cached_property
    def endangers(self) -> bool:
        """Whether it may lead a feeder of energy anywhere: it closes, or lifts a hold tag."""
        lifted = set(self.before.relied_tags) - set(self.after.relied_tags)
        return self.closes or any(tag.kind == HOLD for tag in lifted)

    @cached_property
    def endangered(self) -> Flags:
        """[nodes] that it leads to a feeder of energy.

        For closing every doubtful device counts as closed, for lifting a tag every device but
        those that surely stay open, and every source and DER as able to feed that no hold tag
        keeps away, since what is off may come back.
        """
        after = self.after
        topology = after.site.topology
        if not self.endangers:
            return np.zeros(len(topology.wiring.node_bus), bool)
        parts = topology.parts(after.by_bus(after.danger if self.closes else after.held))
        fed = among(parts, after.site.fed_nodes(after.may_feed))
        return (fed & among(parts, np.concatenate(self.sides)))[parts]

    @cached_property
    def is_making_safe(self) -> bool:
        """Whether a person opens a device that is able to interrupt, and that only de-energises.

        Opening only de-energises where no live conductor keeps another supply, so that nothing
        is shifted.
        """
        if not self.opens or self.by.is_automatic:
            return False
        if self.row >= 0:
            breaks = self.before.site.grid.switches["interrupts"][self.row]
            if breaks not in ("load", "fault"):
                return False
        one, other = self.sides
        live = self.apart
        return not bool((live[one] & live[other]).any())
