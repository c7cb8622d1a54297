"""The best radial configuration of a balanced network, and how much better none can be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gridmend.operations.reconfiguration.balanced import Balanced, Flags
from gridmend.operations.reconfiguration.branching import explore
from gridmend.operations.reconfiguration.energies import Floor, floor_for, plain_floor
from gridmend.operations.reconfiguration.mesh import Chains, Meshed, greedy, meshed
from gridmend.operations.reconfiguration.sweep import arrays, exchange, grow, loss_pu, merit

GAPS = (0.2, 0.15, 0.1, 0.08, 0.065, 0.05, 0.04, 0.032, 0.025, 0.02, 0.016, 0.0125, 0.01, 0.008,
        0.006, 0.0045, 0.003, 0.002, 0.001, 0.0)  # fmt: skip
"""Shares below the best losses that are proved one after the other; each costs about twice the
one before."""
LOOPS_MOST = 60
"""Beyond it nothing is opened in the search for a proof: the meshed network alone bounds."""
_ROUNDING = 1e-7
"""Share of the losses that is given away for rounding."""


@dataclass(frozen=True, eq=False)
class Found:
    """A tree, its losses and violation [pu], and what no tree loses less than [pu]."""

    closed: Flags
    loss_pu: float
    violation: float
    bound_pu: float
    loops: int
    """How many edges are open in every tree."""
    parts: int = 0
    """How many parts of all configurations were looked at for the bound."""


def find(
    net: Balanced,
    starts: list[Flags],
    *,
    parts_most: int,
    out_of_time: Callable[[], bool],
    told: Callable[[float], None] = lambda gap: None,
) -> Found:
    """Search from some configurations and from the meshed network, then prove and improve.

    `starts` are [edges] closed edges; those that are no tree are passed over. The proof goes on
    until nothing can be better, `parts_most` are looked at, or time runs out, by which only the
    bound may differ. `told` is called with the share proved so far.

    The bound leaves limits aside: it holds for every radial configuration that supplies all.
    """
    chains = Chains.of(net)
    plain = meshed(net, chains, plain_floor(net))
    best = _best_of(net, [*starts, greedy(net, chains, plain)])
    if not np.isfinite(loss_pu(net, best)[0]) and chains.loops <= LOOPS_MOST:
        # Too heavy a load for the first tree; some other may have a solution.
        tree = _explored(net, chains, plain_floor(net), plain, np.inf, parts_most)[-1]
        best = _best_of(net, [best, tree])
    loss, violation = loss_pu(net, best)
    if not np.isfinite(loss) or chains.loops == 0 or loss == 0:
        return Found(best, loss, violation, loss if chains.loops == 0 else 0.0, chains.loops)
    floor = floor_for(net, best)
    start = meshed(net, chains, floor)
    bound, parts, count = max(start.bound, 0.0), 0, 0
    for gap in GAPS if chains.loops <= LOOPS_MOST else ():
        target = loss * (1 - gap)
        if target <= bound and gap > 0:
            continue
        # A target costs more than the one before: what would not be finished is not begun.
        if out_of_time() or parts + count >= parts_most:
            break
        seen, count, least_loss, least, tree = _explored(
            net, chains, floor, start, target, parts_most - parts
        )
        parts += count
        if seen:
            bound = max(bound, min(target, least_loss))
            told(1 - bound / loss)
        if least < merit(loss, violation) * (1 - 1e-9):
            best = _best_of(net, [tree])
            loss, violation = loss_pu(net, best)
            floor = floor_for(net, best)
            start = meshed(net, chains, floor)
        if not seen:
            break
    return Found(best, loss, violation, min(bound, loss) * (1 - _ROUNDING), chains.loops, parts)


def _explored(
    net: Balanced, chains: Chains, floor: Floor, start: Meshed, target: float, parts_most: int
) -> tuple[bool, int, float, float, Flags]:
    return explore(
        start.flows, start.grip, start.bound, floor.weights, chains.edges, chains.chain,
        chains.ends, ~net.movable[chains.edges], chains.loops, chains.points, target, parts_most,
        net.edge_from != net.edge_to, arrays(net),
    )  # fmt: skip


def _best_of(net: Balanced, starts: list[Flags]) -> Flags:
    """The best that exchanging edges makes of some configurations; the first of equals."""
    found: tuple[float, Flags] | None = None
    for start in starts:
        closed = start.copy()
        gained = float(
            exchange(closed, net.movable, net.edge_from, net.edge_to, *arrays(net))
            if _is_tree(net, closed)
            else np.inf
        )
        if found is None or gained < found[0]:
            found = gained, closed
    assert found is not None
    return found[1]


def _is_tree(net: Balanced, closed: Flags) -> bool:
    return bool(grow(closed, net.start, net.neighbour, net.via)[0])
