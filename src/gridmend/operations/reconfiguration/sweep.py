"""Compiled walks over one radial configuration: is it a tree, and what does it lose."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from gridmend.operations.reconfiguration.balanced import Balanced, Flags
from gridmend.powerflow.compiled import compiled

TOLERANCE_PU = 1e-9
ROUNDS_MOST = 100
U_LEAST = 0.25
"""Square of half the rated voltage: below it loads no longer take constant power."""
PENALTY = 100.0
"""What a violation of all of a limit costs, in losses, while no configuration keeps them."""


def loss_pu(net: Balanced, closed: Flags) -> tuple[float, float]:
    """Losses and violation [pu] of a configuration; both infinite where it is no tree, or has no
    solution above half the rated voltage."""
    return cast(tuple[float, float], sweep(closed, np.inf, *arrays(net)))


def arrays(net: Balanced) -> tuple[Any, ...]:
    """What compiled functions take of a network, in their order."""
    return (
        net.start, net.neighbour, net.via, net.r_pu, net.x_pu, net.p_pu, net.q_pu,
        net.u_least, net.i_most,
    )  # fmt: skip


@compiled
def grow(closed: Any, start: Any, neighbour: Any, via: Any) -> Any:
    """Whether closed edges make a tree of all nodes; parent and its edge [nodes], and the order."""
    nodes = len(start) - 1
    parent = np.full(nodes, -2, np.int64)
    towards = np.full(nodes, -1, np.int64)
    order = np.zeros(nodes, np.int64)
    parent[0] = -1
    reached, done = 1, 0
    while done < reached:
        node = order[done]
        done += 1
        for at in range(start[node], start[node + 1]):
            edge = via[at]
            if closed[edge] and edge != towards[node]:
                other = neighbour[at]
                if parent[other] != -2:
                    return False, parent, towards, order
                parent[other] = node
                towards[other] = edge
                order[reached] = other
                reached += 1
    return reached == nodes, parent, towards, order


@compiled
def sweep(
    closed: Any, loss_most: Any, start: Any, neighbour: Any, via: Any, r: Any, x: Any, p: Any,
    q: Any, u_least: Any, i_most: Any,
) -> Any:  # fmt: skip
    """Backward and forward over the branch-flow equations of a radial network (Baran and Wu,
    IEEE Trans. Power Delivery 4(1), 1989), exact for constant powers: losses and violation.

    Every round raises currents and lowers voltages towards the solution, so that it stops, with
    what was found so far, where that is `loss_most` or more."""
    is_tree, parent, towards, order = grow(closed, start, neighbour, via)
    if not is_tree:
        return np.inf, np.inf
    nodes = len(p)
    u, i = np.ones(nodes), np.zeros(nodes)
    p_in, q_in = np.empty(nodes), np.empty(nodes)
    change, loss = 1.0, 0.0
    for _ in range(ROUNDS_MOST):
        p_in[:], q_in[:] = p, q
        loss = 0.0
        for back in range(nodes - 1, 0, -1):
            node = order[back]
            edge, above = towards[node], parent[node]
            i[node] = (p_in[node] ** 2 + q_in[node] ** 2) / u[node]
            p_in[above] += p_in[node] + r[edge] * i[node]
            q_in[above] += q_in[node] + x[edge] * i[node]
            loss += r[edge] * i[node]
        if loss >= loss_most:
            return loss, 0.0
        change = 0.0
        for ahead in range(1, nodes):
            node = order[ahead]
            edge = towards[node]
            fall = 2 * (r[edge] * p_in[node] + x[edge] * q_in[node])
            new = u[parent[node]] - fall - (r[edge] ** 2 + x[edge] ** 2) * i[node]
            if new < U_LEAST:
                return np.inf, np.inf
            change = max(change, abs(new - u[node]))
            u[node] = new
        if change < TOLERANCE_PU:
            break
    if change >= TOLERANCE_PU:
        return np.inf, np.inf
    loss, violation = 0.0, 0.0
    for ahead in range(1, nodes):
        node = order[ahead]
        edge = towards[node]
        square = (p_in[node] ** 2 + q_in[node] ** 2) / u[node]
        loss += r[edge] * square
        violation += max(0.0, u_least[node] - u[node])
        if square > i_most[edge]:
            violation += square / i_most[edge] - 1.0
    return loss, violation


@compiled
def merit(loss: Any, violation: Any) -> Any:
    """What the search lessens: losses, dearer while a limit is not kept."""
    return loss * (1.0 + PENALTY * violation) if violation > 0.0 else loss


@compiled
def cycle(edge: Any, edge_from: Any, edge_to: Any, parent: Any, towards: Any, order: Any) -> Any:
    """The tree's edges between the ends of an edge that it leaves out."""
    depth = np.zeros(len(parent), np.int64)
    for ahead in range(1, len(order)):
        depth[order[ahead]] = depth[parent[order[ahead]]] + 1
    found = np.empty(len(parent), np.int64)
    count = 0
    one, other = edge_from[edge], edge_to[edge]
    while one != other:
        if depth[one] < depth[other]:
            one, other = other, one
        found[count] = towards[one]
        count += 1
        one = parent[one]
    return found[:count]


@compiled
def exchange(
    closed: Any, movable: Any, edge_from: Any, edge_to: Any, start: Any, neighbour: Any, via: Any,
    r: Any, x: Any, p: Any, q: Any, u_least: Any, i_most: Any,
) -> Any:  # fmt: skip
    """Close one edge and open one of its loop, always the best of all, until nothing gains.

    Changes `closed` in place, a tree; returns its merit. Each round lessens it, so it ends.
    """
    best = merit(*sweep(closed, np.inf, start, neighbour, via, r, x, p, q, u_least, i_most))
    while True:
        least, to_close, to_open = best, -1, -1
        _, parent, towards, order = grow(closed, start, neighbour, via)
        for tie in range(len(edge_from)):
            if closed[tie] or not movable[tie] or edge_from[tie] == edge_to[tie]:
                continue
            closed[tie] = True
            for edge in cycle(tie, edge_from, edge_to, parent, towards, order):
                if not movable[edge]:
                    continue
                closed[edge] = False
                tried = merit(
                    *sweep(closed, least, start, neighbour, via, r, x, p, q, u_least, i_most)
                )
                if tried < least - 1e-12:
                    least, to_close, to_open = tried, tie, edge
                closed[edge] = True
            closed[tie] = False
        if to_close < 0:
            return best
        closed[to_close], closed[to_open] = True, False
        best = least
