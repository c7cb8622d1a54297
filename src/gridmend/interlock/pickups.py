"""What load may flow through a protective device: less than it would trip on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.model.check_protection import place_of
from gridmend.model.flow import Flow, Terminals
from gridmend.model.grid import SINGULAR, Grid
from gridmend.model.plan import Violation

PHASE, GROUND = "pickup_a", "ground_pickup_a"
"""The limits, as violations name them."""


@dataclass(frozen=True, eq=False)
class Pickups:
    """Where devices measure, and from what current each trips.

    `at` are rows of a flow's terminals, one a conductor, and `group` the device of each;
    `phase_a` and `ground_a` [devices] are pickups [A], infinite where there is none, and `names`
    the switches and sources.
    """

    at: Ints
    group: Ints
    phase_a: Floats
    ground_a: Floats
    names: tuple[str, ...]

    @staticmethod
    def of(grid: Grid, terminals: Terminals) -> Pickups:
        """The devices of which a grid tells a pickup: its `protections`, and the `pickup_a` of
        switches. Of several at one place the lowest counts, and one at no place not at all."""
        known: dict[tuple[str, int], tuple[float, float]] = {}

        def lower(table: str, row: int, phase_a: float, ground_a: float) -> None:
            was = known.get((table, row), (np.inf, np.inf))
            known[table, row] = min(was[0], phase_a), min(was[1], ground_a)

        told = grid.protections
        phases = _or_none(told.numbers("phase_pickup_a"))
        grounds = _or_none(told.numbers("ground_pickup_a"))
        for k in range(len(told)):
            which, name = place_of(told, k)
            table = "switches" if which == "switch" else "sources"
            row = grid.table(table).index.get(name.lower())
            if row is not None:
                lower(table, row, phases[k], grounds[k])
        single = _or_none(grid.switches.numbers("pickup_a"))
        for row in np.flatnonzero(np.isfinite(single)).tolist():
            lower("switches", row, single[row], np.inf)
        at = {place: _near_end(terminals, *place) for place in known}
        there = [place for place in known if len(at[place])]
        return Pickups(
            at=np.concatenate([at[place] for place in there] or [np.empty(0, np.int64)]),
            group=np.repeat(np.arange(len(there)), [len(at[place]) for place in there]),
            phase_a=np.array([known[place][0] for place in there], float),
            ground_a=np.array([known[place][1] for place in there], float),
            names=tuple(f"{SINGULAR[t]}.{grid.table(t)['name'][row]}" for t, row in there),
        )

    def violations(self, flow: Flow, share: float) -> list[Violation]:
        """Devices through which a flow brings more than a `share` of a pickup."""
        if not self.names:
            return []
        i_a = flow.i_a[self.at]
        phase_a, residual = np.zeros(len(self.names)), np.zeros(len(self.names), complex)
        np.maximum.at(phase_a, self.group, np.abs(i_a))
        np.add.at(residual, self.group, i_a)
        return [
            Violation(limit, self.names[k], float(value[k]), float(bound[k]))
            for limit, value, bound in (
                (PHASE, phase_a, share * self.phase_a),
                (GROUND, np.abs(residual), share * self.ground_a),
            )
            for k in np.flatnonzero(value > bound).tolist()
        ]


def _or_none(pickup_a: Floats) -> Floats:
    """Pickups, infinite where none is given."""
    return np.where(np.isfinite(pickup_a), pickup_a, np.inf)


def _near_end(terminals: Terminals, table: str, row: int) -> Ints:
    """The conductors of a switch or source where its device measures: at its first end."""
    at = terminals.of(table, row)
    return at[(terminals.terminal[at] == 1) & (terminals.node[at] >= 0)]
