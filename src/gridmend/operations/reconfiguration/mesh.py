"""The meshed network as loops: energies of demands, and what opening an edge adds to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmend.operations.reconfiguration.balanced import Balanced, Flags, Floats, Ints
from gridmend.operations.reconfiguration.branching import LEAST_GRIP
from gridmend.operations.reconfiguration.energies import Floor
from gridmend.operations.reconfiguration.sweep import grow


@dataclass(frozen=True, eq=False)
class Chains:
    """The edges on loops, grouped in chains: paths between nodes where more than two meet. An
    edge between two loops makes a chain too, on which nothing has a grip.

    `edges` [e] edge numbers, chain by chain; `chain` [e] the chain of each; `sign` [e] +1 where
    an edge points along its chain; `ends` [chains, 2] meeting points; `points` how many there
    are; `loops` how many edges must be opened for a tree.
    """

    edges: Ints
    chain: Ints
    sign: Floats
    ends: Ints
    points: int
    loops: int

    @staticmethod
    def of(net: Balanced) -> Chains:
        """The chains of a connected network."""
        one, two = net.edge_from, net.edge_to
        alive = one != two
        loops = int(alive.sum()) - net.nodes + 1
        degree = np.bincount(np.concatenate([one[alive], two[alive]]), minlength=net.nodes)
        _strip(net, alive, degree)
        meeting = np.flatnonzero((degree > 2) | ((np.arange(net.nodes) == 0) & (degree > 0)))
        number = {int(node): at for at, node in enumerate(meeting)}
        at_node: dict[int, list[int]] = {}
        for edge in np.flatnonzero(alive).tolist():
            for node in (int(one[edge]), int(two[edge])):
                at_node.setdefault(node, []).append(edge)
        used = np.zeros(len(one), bool)
        edges: list[int] = []
        chain: list[int] = []
        sign: list[float] = []
        ends: list[tuple[int, int]] = []
        for node, point in number.items():
            for edge in at_node[node]:
                at, last = node, edge
                if used[edge]:
                    continue
                while True:
                    used[last] = True
                    edges.append(last)
                    chain.append(len(ends))
                    sign.append(1.0 if one[last] == at else -1.0)
                    at = int(one[last] + two[last]) - at
                    if at in number:
                        break
                    last = next(e for e in at_node[at] if not used[e])
                ends.append((point, number[at]))
        return Chains(
            np.array(edges, np.int64),
            np.array(chain, np.int64),
            np.array(sign, float),
            np.array(ends, np.int64).reshape(-1, 2),
            len(number),
            loops,
        )


def _strip(net: Balanced, alive: Flags, degree: Ints) -> None:
    """Take off, in place, what hangs by one edge, again and again: it is on no loop."""
    waiting = np.flatnonzero(degree == 1).tolist()
    while waiting:
        node = waiting.pop()
        if node == 0 or degree[node] != 1:
            continue
        span = slice(net.start[node], net.start[node + 1])
        edge = next(int(e) for e in net.via[span] if alive[e])
        alive[edge] = False
        other = int(net.edge_from[edge] + net.edge_to[edge]) - node
        degree[node] -= 1
        degree[other] -= 1
        if degree[other] == 1:
            waiting.append(other)


@dataclass(frozen=True, eq=False)
class Meshed:
    """Where a search begins, all edges closed.

    `flows` [k, e] what each edge on a loop leads to each demand, along its chain; `grip`
    [chains, chains] how far forcing 1 through one chain moves the flow in another (to force an
    edge's flow f to zero adds f²/grip to the energy); `bound` the floor's value [pu].
    """

    flows: Floats
    grip: Floats
    bound: float


def meshed(net: Balanced, chains: Chains, floor: Floor) -> Meshed:
    """Flows of least energy in the meshed network: those of a tree, and a flow around each loop
    that brings the fall of r·f around it to nothing."""
    loops, first = _loops(chains, floor)
    closed = net.edge_from != net.edge_to
    closed[first] = False
    flow = _tree_flows(net, closed, floor.demands)
    energies = (floor.r_pu * flow**2).sum(axis=1)
    on_chain = flow[:, chains.edges] * chains.sign
    r = floor.r_pu[chains.edges]
    count = len(chains.ends)
    falls = np.array([np.bincount(chains.chain, r * f, count) for f in on_chain]) @ loops.T
    around = np.linalg.inv((loops * np.bincount(chains.chain, r, count)) @ loops.T)
    flows = on_chain - (falls @ around @ loops)[:, chains.chain]
    energies = energies - np.einsum("kl,lm,km->k", falls, around, falls)
    grip = loops.T @ around @ loops
    bound = float(floor.weights @ energies) + floor.constant
    return Meshed(np.ascontiguousarray(flows), (grip + grip.T) / 2, bound)


def _loops(chains: Chains, floor: Floor) -> tuple[Floats, Ints]:
    """[loops, chains] the loop that each chain closes with a tree of the others, +1 where it goes
    along a chain; and the edge of each such chain that comes first. Chains of little resistance
    are in the tree, which keeps the numbers good."""
    _, begin = np.unique(chains.chain, return_index=True)
    weight = np.bincount(chains.chain, floor.r_pu[chains.edges], len(chains.ends))
    group = np.arange(chains.points)
    beside: list[list[tuple[int, int, float]]] = [[] for _ in range(chains.points)]
    closing: list[int] = []
    for c in np.argsort(weight, kind="stable").tolist():
        one, two = chains.ends[c].tolist()
        if group[one] == group[two]:
            closing.append(c)
            continue
        group[group == group[one]] = group[two]
        beside[one].append((two, c, 1.0))
        beside[two].append((one, c, -1.0))
    found = np.zeros((len(closing), len(chains.ends)))
    for at, c in enumerate(closing):
        found[at, c] = 1.0
        one, two = chains.ends[c].tolist()
        # Back from the chain's end to its beginning.
        towards: dict[int, tuple[int, int, float]] = {two: (two, -1, 0.0)}
        waiting = [two]
        while one not in towards:
            here = waiting.pop()
            for there, by, sign in beside[here]:
                if there not in towards:
                    towards[there] = (here, by, sign)
                    waiting.append(there)
        while one != two:
            one, by, sign = towards[one]
            found[at, by] = sign
    return found, chains.edges[begin[closing]]


def _tree_flows(net: Balanced, closed: Flags, demands: Floats) -> Floats:
    """[k, edges] what the edges of a tree lead to demands, along each edge."""
    _, parent, towards, order = grow(closed, net.start, net.neighbour, net.via)
    below = demands.copy()
    for node in order[:0:-1].tolist():
        below[:, parent[node]] += below[:, node]
    found = np.zeros((len(demands), len(closed)))
    nodes = order[1:]
    along = np.where(net.edge_to[towards[nodes]] == nodes, 1.0, -1.0)
    found[:, towards[nodes]] = below[:, nodes] * along
    return found


def greedy(net: Balanced, chains: Chains, start: Meshed) -> Flags:
    """[edges] closed edges of a tree: the edge whose opening adds least, one after the other.

    After Shirmohammadi and Hong, IEEE Trans. Power Delivery 4(2), 1989, who begin likewise from
    the optimal flow of the meshed network. Where no movable edge is left on a loop it is no tree.
    """
    closed = net.edge_from != net.edge_to
    flows, grip = start.flows.copy(), start.grip.copy()
    movable = net.movable[chains.edges]
    least = LEAST_GRIP * float(np.abs(grip).max(initial=0.0))
    for _ in range(chains.loops):
        own = np.diag(grip)[chains.chain]
        able = movable & (own > least)
        if not able.any():
            break
        added = np.where(able, (flows**2).sum(axis=0) / np.where(able, own, 1.0), np.inf)
        edge = int(np.argmin(added))
        closed[chains.edges[edge]] = False
        at = chains.chain[edge]
        flows = flows - np.outer(flows[:, edge] / grip[at, at], grip[at][chains.chain])
        grip = grip - np.outer(grip[:, at], grip[at]) / grip[at, at]
    return closed
