"""Compiled search of every radial configuration whose floor lies below a target."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridmend.operations.reconfiguration.sweep import merit, sweep
from gridmend.powerflow.compiled import compiled

LEAST_GRIP = 1e-12
"""Share of the largest below which a grip is rounding: the chain is on no loop any more."""
_FAR = 1 << 60


@compiled
def explore(
    flows0: Any, grip0: Any, bound0: Any, weights: Any, edges: Any, chain: Any, ends: Any,
    kept0: Any, loops: Any, points: Any, target: Any, parts_most: Any, closed0: Any, net: Any,
) -> Any:  # fmt: skip
    """Whether all parts were seen, how many, the least losses of a tree met, and the best tree.

    A part is all trees without some edges and with some others. It is left where its floor
    reaches the target; else a loop of it is chosen, the one with the fewest edges that may be
    opened below the target, and each of them is opened in turn, those before it kept closed, so
    that no tree is met twice and none below the target is passed over. `best` is the tree of
    least merit; `least_loss` counts trees beyond the limits too. Depth first, at most
    `parts_most` parts.
    """
    demands, count = flows0.shape
    chains = len(grip0)
    flows, grip = np.empty((loops + 1, demands, count)), np.empty((loops + 1, chains, chains))
    bound, kept = np.empty(loops + 1), np.zeros((loops + 1, count), np.bool_)
    added = np.empty((loops + 1, count))
    choice, choices = np.empty((loops + 1, count), np.int64), np.zeros(loops + 1, np.int64)
    done, cut = np.zeros(loops + 1, np.int64), np.zeros(loops + 1, np.int64)
    flows[0], grip[0], bound[0], kept[0] = flows0, grip0, bound0, kept0
    closed, best = closed0.copy(), closed0.copy()
    least, least_loss, parts, depth, is_new = np.inf, np.inf, 0, 0, True
    least_grip = LEAST_GRIP * np.abs(grip0).max()
    while depth >= 0:
        if is_new:
            is_new = False
            parts += 1
            if parts > parts_most:
                return False, parts, least_loss, least, best
            choices[depth], done[depth] = 0, 0
            if depth == loops:
                loss, violation = sweep(closed, target, *net)
                least_loss = min(least_loss, loss)
                if loss < target and merit(loss, violation) < least:
                    least = merit(loss, violation)
                    best[:] = closed
            else:
                room = target - bound[depth]
                what_it_adds(
                    flows[depth], grip[depth], weights, chain, kept[depth], least_grip, added[depth]
                )
                on_loop = fewest(added[depth], grip[depth], chain, ends, points, room, least_grip)
                choices[depth] = ordered(added[depth], on_loop, chain, room, choice[depth])
        if done[depth] >= choices[depth]:
            depth -= 1
            if depth >= 0:
                closed[edges[cut[depth]]] = True
                kept[depth, cut[depth]] = True
            continue
        edge = choice[depth, done[depth]]
        done[depth] += 1
        cut[depth] = edge
        closed[edges[edge]] = False
        if depth + 1 < loops:
            open_edge(flows[depth], grip[depth], chain, edge, flows[depth + 1], grip[depth + 1])
        bound[depth + 1] = bound[depth] + added[depth, edge]
        kept[depth + 1] = kept[depth]
        depth += 1
        is_new = True
    return True, parts, least_loss, least, best


@compiled
def open_edge(flows: Any, grip: Any, chain: Any, edge: Any, flows_to: Any, grip_to: Any) -> None:
    """The flows of least energy with one more edge open."""
    at = chain[edge]
    for a in range(len(grip)):
        share = grip[a, at] / grip[at, at]
        for b in range(len(grip)):
            grip_to[a, b] = grip[a, b] - share * grip[at, b]
    for k in range(len(flows)):
        through = flows[k, edge] / grip[at, at]
        for e in range(len(chain)):
            flows_to[k, e] = flows[k, e] - grip[chain[e], at] * through


@compiled
def what_it_adds(
    flows: Any, grip: Any, weights: Any, chain: Any, kept: Any, least_grip: Any, added: Any
) -> None:
    """[e] what opening an edge adds to the floor; infinite where it may not or cannot open."""
    for e in range(len(chain)):
        own = grip[chain[e], chain[e]]
        added[e] = np.inf
        if own > least_grip and not kept[e]:
            total = 0.0
            for k in range(len(weights)):
                total += weights[k] * flows[k, e] ** 2
            added[e] = total / own


@compiled
def fewest(
    added: Any, grip: Any, chain: Any, ends: Any, points: Any, room: Any, least_grip: Any
) -> Any:
    """[chains] whether a chain is on the loop with the fewest edges that add less than `room`.

    Of the loops that one chain closes with a tree of the chains that have the fewest.
    """
    chains = len(grip)
    number = np.zeros(chains, np.int64)
    for e in range(len(chain)):
        if added[e] < room:
            number[chain[e]] += 1
    parent, by, depth, in_tree = lightest_tree(number, grip, ends, points, least_grip)
    least, closing = _FAR, -1
    for c in range(chains):
        if grip[c, c] <= least_grip or in_tree[c]:
            continue
        one, other, total = ends[c, 0], ends[c, 1], number[c]
        while one != other:
            if depth[one] < depth[other]:
                one, other = other, one
            total += number[by[one]]
            one = parent[one]
        if total < least:
            least, closing = total, c
    on_loop = np.zeros(chains, np.bool_)
    if closing >= 0:
        on_loop[closing] = True
        one, other = ends[closing, 0], ends[closing, 1]
        while one != other:
            if depth[one] < depth[other]:
                one, other = other, one
            on_loop[by[one]] = True
            one = parent[one]
    return on_loop


@compiled
def lightest_tree(number: Any, grip: Any, ends: Any, points: Any, least_grip: Any) -> Any:
    """A forest over the chains that are on loops, lightest by `number` (Prim)."""
    parent, by = np.full(points, -1, np.int64), np.full(points, -1, np.int64)
    depth, near = np.zeros(points, np.int64), np.full(points, _FAR, np.int64)
    reached, in_tree = np.zeros(points, np.bool_), np.zeros(len(grip), np.bool_)
    for _ in range(points):
        at = -1
        for point in range(points):
            if not reached[point] and (at < 0 or near[point] < near[at]):
                at = point
        reached[at] = True
        if near[at] < _FAR:
            in_tree[by[at]] = True
            depth[at] = depth[parent[at]] + 1
        else:
            parent[at] = -1
        for c in range(len(grip)):
            if grip[c, c] <= least_grip:
                continue
            for side in range(2):
                other = ends[c, 1 - side]
                if ends[c, side] == at and not reached[other] and number[c] < near[other]:
                    near[other], parent[other], by[other] = number[c], at, c
    return parent, by, depth, in_tree


@compiled
def ordered(added: Any, on_loop: Any, chain: Any, room: Any, choice: Any) -> Any:
    """How many edges of a loop add less than `room`; they go into `choice`, the least first."""
    count = 0
    for e in range(len(chain)):
        if on_loop[chain[e]] and added[e] < room:
            at = count
            while at > 0 and added[choice[at - 1]] > added[e]:
                choice[at] = choice[at - 1]
                at -= 1
            choice[at] = e
            count += 1
    return count
