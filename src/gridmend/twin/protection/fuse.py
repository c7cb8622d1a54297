"""Fuses: links that warm towards melting, are damaged by less, and blow phase by phase."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from gridmend.model.errors import GridmendError
from gridmend.twin.protection.curves import Curve
from gridmend.twin.protection.device import (
    ACTS_MOST,
    Act,
    Sight,
    check_not_late,
    check_number,
    whole_s,
)
from gridmend.twin.protection.element import LEAST_S
from gridmend.twin.protection.settings import CONDUCTORS_MOST


@dataclass(frozen=True, slots=True)
class FuseSettings:
    """What a fuse is: its rating, and its curves at multiples of the rating.

    `melt` is the minimum melting time and `clear` the total clearing time; without a clearing
    curve a link that has melted is clear at once, as OpenDSS has it.

    A link warms by the integral of dt / melt(I), which for short times is that of i² over the i²t
    that melts it. Assumed: below the first point of `melt` it cools to 1/e in `cooling_s`, 0 for
    at once; a link that came to `damaged_share` of melting without melting is damaged, and what
    it came above that share never cools. The 75 % are those that practice keeps between the
    clearing of one link and the melting of the next (Gönen, Electric Power Distribution
    Engineering, fuse-to-fuse coordination). Raises `GridmendError` for what cannot be meant, as a
    link that is clear before it melts.
    """

    name: str
    rated_a: float
    melt: Curve
    clear: Curve | None = None
    damaged_share: float = 0.75
    cooling_s: float = 60.0
    conductors: int = 3

    def __post_init__(self) -> None:
        check_number(self.name, "rated_a", self.rated_a, above=True, most=1e6)
        check_number(self.name, "damaged_share", self.damaged_share, above=True, most=1)
        check_number(self.name, "cooling_s", self.cooling_s)
        check_number(
            self.name, "conductors", self.conductors, least=1, most=CONDUCTORS_MOST, whole=True
        )
        if self.clear is None:
            return
        begins = max(self.clear.shape.starts, self.melt.shape.starts) * (1 + 1e-9)
        many = np.geomspace(begins, 100 * begins, 200)
        if (self.clear.time_s(many) < self.melt.time_s(many)).any():
            raise GridmendError(
                f"the fuse '{self.name}' is clear before it melts",
                where=self.name,
                mend="give a clear curve that lies above the melt curve",
            )

    def arc_s(self, i_a: float) -> float:
        """From melted to clear [s] at a current; below the clear curve that of its first point."""
        if self.clear is None:
            return 0.0
        multiple = max(i_a / self.rated_a, self.clear.shape.starts * (1 + 1e-9))
        arc_s = float(self.clear.time_s(multiple) - self.melt.time_s(multiple))
        return max(arc_s, 0.0) if math.isfinite(arc_s) else 0.0


@dataclass(slots=True, eq=False)
class Link:
    """One phase's link. Mutable. `progress` goes to 1 (melted), `kept` is damage that stays."""

    state: Literal["whole", "arcing", "open"] = "whole"
    progress: float = 0.0
    kept: float = 0.0
    per_s: float = 0.0
    due_s: float = math.inf
    damaged: bool = False
    tells: bool = False
    why: str = ""


@dataclass(slots=True, eq=False)
class Fuse:
    """A fuse at work, one link a conductor; a `Device`. Mutable.

    A link that arcs is clear after `arc_s` of the current at which it melted, or as soon as the
    current falls below its melt curve (assumed: such an arc goes out at once).
    """

    settings: FuseSettings
    blind: bool = False
    _links: list[Link] = field(init=False)
    _sight: Sight = field(init=False)

    def __post_init__(self) -> None:
        self._links = [Link() for _ in range(self.settings.conductors)]
        self._sight = Sight(self.settings.name, self.settings.conductors)

    def begin_open(self, phases: Collection[int] | None = None) -> None:
        """Links have been out since before the start: all, or those of these conductors."""
        for k, link in enumerate(self._links):
            if phases is None or k in phases:
                link.state = "open"

    @property
    def name(self) -> str:
        """Its name."""
        return self.settings.name

    @property
    def closed(self) -> tuple[bool, ...]:
        """[conductors] whether each link carries current."""
        return tuple(link.state != "open" for link in self._links)

    @property
    def damaged(self) -> tuple[bool, ...]:
        """[conductors] whether each link came near melting and did not melt."""
        return tuple(link.damaged for link in self._links)

    def progress(self, now_s: float) -> tuple[float, ...]:
        """[conductors] how near to melting each link is: 0 cold, 1 melted."""
        return tuple(self._at(link, now_s) for link in self._links)

    def see(
        self,
        now_s: float,
        i_a: Sequence[float],
        *,
        ground_a: float = 0.0,
        live: bool | None = None,
    ) -> None:
        """From now on these magnitudes flow [A]. Raises as `Recloser.see`."""
        self._go_on(now_s)
        self._sight.change(i_a, ground_a)
        self._turn(now_s)

    def due_s(self) -> float:
        """When a link melts, is clear, or is told damaged [s]; inf if never."""
        if any(link.tells for link in self._links):
            return self._sight.now_s
        return min(link.due_s for link in self._links)

    def act(self, now_s: float) -> tuple[Act, ...]:
        """Do what is due up to now, in its order."""
        self._sight.check(now_s)
        done: list[Act] = []
        for _ in range(ACTS_MOST):
            due_s = self.due_s()
            if due_s > now_s:
                return tuple(done)
            self._advance(due_s)
            for k, link in enumerate(self._links):
                done += self._step(k, link, due_s)
            self._turn(due_s)
        raise GridmendError(f"'{self.name}' does not come to rest", where=self.name)

    def blow(self, now_s: float, *, phases: Sequence[int]) -> None:
        """Links that blow though nothing is wrong."""
        self._go_on(now_s)
        for k in phases:
            if self._links[k].state == "whole":
                self._links[k].state, self._links[k].due_s = "arcing", now_s
                self._links[k].why = "without cause"

    def fail(self, now_s: float, *, blind: bool) -> None:
        """From now on: whether no link melts, as where someone has put wire in its place."""
        self._go_on(now_s)
        self.blind = blind
        self._turn(now_s)

    def replace(self, now_s: float, *, phases: Sequence[int]) -> None:
        """New links, cold and closed."""
        self._go_on(now_s)
        for k in phases:
            self._links[k] = Link()
            self._sight.energy_a2s[k] = 0.0
        self._turn(now_s)

    def _go_on(self, now_s: float) -> None:
        check_not_late(self.name, now_s=now_s, due_s=self.due_s())
        self._advance(now_s)

    def _advance(self, now_s: float) -> None:
        for link in self._links:
            link.progress = self._at(link, now_s)
        self._sight.go_on(now_s)
        for k, link in enumerate(self._links):
            if link.per_s <= 0 and link.state == "whole":
                self._sight.energy_a2s[k] = 0.0

    def _at(self, link: Link, now_s: float) -> float:
        """Progress of a link at a time since the currents were last seen."""
        passed_s = now_s - self._sight.now_s
        if link.state != "whole" or link.due_s <= now_s:
            return 1.0
        if link.per_s > 0:
            return min(link.progress + link.per_s * passed_s, 1.0)
        over = link.progress - link.kept
        if passed_s == 0 or over == 0:
            return link.progress
        cooled = math.exp(-passed_s / self.settings.cooling_s) if self.settings.cooling_s else 0.0
        return link.kept + over * cooled

    def _turn(self, now_s: float) -> None:
        """Show each link its current."""
        for k, link in enumerate(self._links):
            i_a = 0.0 if self.blind else self._sight.i_a[k]
            multiple, melt_s = i_a / self.settings.rated_a, math.inf
            # Most of what is seen is load: it is not worth an array.
            if multiple >= self.settings.melt.shape.starts:
                melt_s = float(self.settings.melt.time_s(multiple))
            melting = math.isfinite(melt_s)
            if link.state == "arcing" and not melting:
                link.due_s = min(link.due_s, now_s)
            if link.state != "whole":
                continue
            if melting or link.progress >= 1:
                melt_s = max(melt_s, LEAST_S)
                link.per_s = 1 / melt_s
                left = 1 - link.progress
                link.due_s = whole_s(now_s + left * melt_s) if left else now_s
                continue
            if link.per_s > 0 and link.progress >= self.settings.damaged_share:
                link.kept = max(link.kept, link.progress - self.settings.damaged_share)
                link.tells, link.damaged = not link.damaged, True
            link.per_s, link.due_s = 0.0, math.inf

    def _step(self, k: int, link: Link, now_s: float) -> list[Act]:
        """What is due now of one link."""
        if link.tells:
            link.tells = False
            return [Act(now_s, "damaged", (k,), f"came to {100 * link.progress:.0f} % of melting")]
        if link.due_s > now_s:
            return []
        energy_a2s = self._sight.energy_a2s[k]
        if link.state == "whole":
            link.state, link.progress = "arcing", 1.0
            link.due_s = whole_s(now_s + self.settings.arc_s(self._sight.i_a[k]))
            link.why = "its link is clear"
            return [Act(now_s, "melted", (k,), "its link melted", energy_a2s)]
        link.state, link.due_s, link.per_s = "open", math.inf, 0.0
        self._sight.i_a[k] = 0.0
        return [Act(now_s, "open", (k,), link.why, energy_a2s)]
