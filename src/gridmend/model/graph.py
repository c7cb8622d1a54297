"""Compiled walks over a graph in adjacency form; topology gives them their meaning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numba import njit  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
_compiled = cast(Callable[[Any], Any], njit(cache=True))


def adjacency(edge_from: Ints, edge_to: Ints, nodes: int) -> tuple[Ints, Ints, Ints]:
    """`start` [nodes + 1], `neighbour` and `via` [2 edges]: who is next to whom, by which edge."""
    tail = np.concatenate([edge_from, edge_to])
    head = np.concatenate([edge_to, edge_from])
    edges = np.arange(len(edge_from), dtype=np.int64)
    order = np.argsort(tail, kind="stable")
    start = np.zeros(nodes + 1, np.int64)
    np.cumsum(np.bincount(tail, minlength=nodes), out=start[1:])
    return start, head[order], np.concatenate([edges, edges])[order]


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees that a walk found.

    `tree` [nodes] is the number of the seed that reached a node, -1 where none did; `towards`
    [nodes] the edge that leads towards that seed, -1 at the seed; `order` the nodes as reached.
    """

    tree: Ints
    towards: Ints
    order: Ints


def forest(
    start: Ints, neighbour: Ints, via: Ints, usable: Flags, seeds: Ints, *, together: bool
) -> Forest:
    """Breadth-first trees over the usable edges.

    With `together` all seeds grow at the same pace, so that a node belongs to the nearest;
    else each seed takes all it reaches before the next, so that a tree is a whole piece.
    """
    found = _forest(start, neighbour, via, usable, seeds, together)
    return Forest(*cast(tuple[Ints, Ints, Ints], found))


def inherit(
    trees: Forest, edge_from: Ints, edge_to: Ints, *, at_seed: Ints, own: Ints, nested: bool
) -> Ints:
    """[nodes] a value handed on from each seed outward.

    An edge whose `own` value is not negative gives it to what lies behind: always where
    `nested`, else only where no value came so far.
    """
    found = _inherit(trees.towards, trees.order, edge_from, edge_to, at_seed, own, nested)
    return cast(Ints, found)


def on_cycles(trees: Forest, edge_from: Ints, edge_to: Ints, extra: Ints) -> Flags:
    """[edges] whether an edge lies on a cycle, given a forest and the edges it leaves out."""
    return cast(Flags, _on_cycles(edge_from, edge_to, trees.towards, trees.order, extra))


@_compiled
def _forest(start: Any, neighbour: Any, via: Any, usable: Any, seeds: Any, together: Any) -> Any:
    nodes = len(start) - 1
    tree = np.full(nodes, -1, np.int64)
    towards = np.full(nodes, -1, np.int64)
    order = np.empty(nodes, np.int64)
    done = 0
    reached = 0
    for number in range(len(seeds)):
        seed = seeds[number]
        if tree[seed] < 0:
            tree[seed] = number
            order[reached] = seed
            reached += 1
        if together and number < len(seeds) - 1:
            continue
        while done < reached:
            node = order[done]
            done += 1
            for at in range(start[node], start[node + 1]):
                if usable[via[at]] and tree[neighbour[at]] < 0:
                    tree[neighbour[at]] = tree[node]
                    towards[neighbour[at]] = via[at]
                    order[reached] = neighbour[at]
                    reached += 1
    return tree, towards, order[:reached]


@_compiled
def _inherit(
    towards: Any, order: Any, edge_from: Any, edge_to: Any, at_seed: Any, own: Any, nested: Any
) -> Any:
    value = np.full(len(towards), -1, np.int64)
    for node in order:
        edge = towards[node]
        if edge < 0:
            value[node] = at_seed[node]
            continue
        above = value[edge_from[edge] + edge_to[edge] - node]
        takes = own[edge] >= 0 and (nested or above < 0)
        value[node] = own[edge] if takes else above
    return value


@_compiled
def _on_cycles(edge_from: Any, edge_to: Any, towards: Any, order: Any, extra: Any) -> Any:
    # A tree edge lies on a cycle exactly where some left-out edge joins the two sides that it
    # would leave. Each left-out edge carries a weight at both its ends; below a bridge the
    # exclusive-or of the weights cancels to nothing, since every such edge has both ends there.
    on = np.zeros(len(edge_from), np.bool_)
    weight = np.zeros(len(towards), np.uint64)
    state = np.uint64(0x9E3779B97F4A7C15)
    for at in range(len(extra)):
        edge = extra[at]
        on[edge] = True
        state = state + np.uint64(0x9E3779B97F4A7C15)
        mixed = state
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed = mixed ^ (mixed >> np.uint64(31))
        weight[edge_from[edge]] ^= mixed
        weight[edge_to[edge]] ^= mixed
    for back in range(len(order)):
        node = order[len(order) - 1 - back]
        edge = towards[node]
        if edge >= 0 and weight[node] != 0:
            on[edge] = True
            other = edge_from[edge] if edge_to[edge] == node else edge_to[edge]
            weight[other] ^= weight[node]
    return on
