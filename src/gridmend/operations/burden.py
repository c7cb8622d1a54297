"""What a way of switching asks of each source, and how much of that was unfit before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, isfinite

from gridmend.model.plan import Violation
from gridmend.operations.configurations import LIVE, Configuration, Tie

ALIKE = 0.05
"""Share by which what is asked of a source may differ and be practically the same. Assumed."""

FAREST_PU = 1.05
"""Voltage from which a drop is counted where a low voltage says how much is too much. Assumed."""


@dataclass(eq=False)
class Unfit:
    """What seems too much for a source [kW], or too little where a voltage was too high, by what
    ways asked of it that were refused for what it feeds.

    Who asks as much again may hold all the same, as it lies elsewhere: it only comes later.
    """

    _too_much_kw: dict[int, float] = field(default_factory=dict[int, float])
    _too_little_kw: dict[int, float] = field(default_factory=dict[int, float])
    _too_high_kw: dict[int, list[float]] = field(default_factory=dict[int, list[float]])
    """All that was asked where a voltage was too high."""

    def learn(self, source: int, kw: float, share: float = 1.0) -> None:
        """A way was refused that asked so much of a source [row], of which about a `share` may
        stay: half of what is beyond that seems too much already."""
        seems_kw = kw * (1.0 + min(share, 1.0)) / 2.0
        self._too_much_kw[source] = min(seems_kw, self._too_much_kw.get(source, inf))

    def learn_by(self, source: int, kw: float, worst: Violation | None, excess: float) -> None:
        """The same by what was worst, and by how much."""
        if worst is not None and worst.limit == "voltage_high":
            self._too_little_kw[source] = max(kw, self._too_little_kw.get(source, 0.0))
            self._too_high_kw.setdefault(source, []).append(kw)
        else:
            self.learn(source, kw, share_kept(worst, excess))

    def seems(self, asked: Mapping[int, float]) -> bool:
        """Whether so much was asked of one of these sources before, or as little, and refused."""
        return any(
            kw >= self._too_much_kw.get(source, inf) or kw <= self._too_little_kw.get(source, -inf)
            for source, kw in asked.items()
        )

    def is_alike(self, asked: Mapping[int, float]) -> bool:
        """Whether practically the same was asked of one of these sources before, and a voltage was
        too high."""
        return any(
            abs(kw - was) <= ALIKE * was
            for source, kw in asked.items()
            for was in self._too_high_kw.get(source, ())
        )


def burden_kw(
    among: list[Tie], here: Configuration, kw: Mapping[int, float], sources: Mapping[int, int]
) -> dict[int, float]:
    """What each source [row] feeds of the sections of a tree [kW]: -1 where it is not known.

    `kw` is of each section, `sources` the source behind each switch that may enter the tree.
    """
    enters, _ = rooted(among, here)
    fed: dict[int, float] = {}
    for section, switch in enters.items():
        row = sources.get(switch, -1)
        fed[row] = fed.get(row, 0.0) + kw.get(section, 0.0)
    return fed


def rooted(among: list[Tie], here: Configuration) -> tuple[dict[int, int], dict[int, int]]:
    """Of each section of a tree: the switch by which supply enters the tree, and its parent."""
    by_switch = {t.switch: t for t in among}
    enters: dict[int, int] = {}
    parent: dict[int, int] = {}
    for switch in here.closed:
        tie = by_switch[switch]
        one, two = (
            (tie.one, tie.two) if tie.one in enters or tie.one == LIVE else (tie.two, tie.one)
        )
        parent[two] = one
        enters[two] = switch if one == LIVE else enters[one]
    return enters, parent


def share_kept(worst: Violation | None, excess: float) -> float:
    """About what share of the power may stay, going by how far a limit is exceeded."""
    if worst is None or not isfinite(excess):
        return 0.5
    if worst.limit == "voltage_low":
        return (FAREST_PU - worst.bound) / max(FAREST_PU - worst.value, 1e-9)
    return 1 / (1 + excess)
