"""Trees over sections that grow switch by switch, the most promising first: compiled.

A part of a tree is a row. Its edge are the switches not decided on that leave what it reached;
branching on one of them, taken and then left out, gives each tree exactly once. A part is ranked
by the best that may become of it: all that its edge still reaches, with the moves that are certain
and a closing for each piece that no closed switch joins to it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridmend.operations.ranked import MOVES, WEIGHT, Ranked, compared, pop, push, ranked
from gridmend.powerflow.compiled import compiled

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Words = NDArray[np.uint64]

BITS = 64
"""Sections whose being reached one word tells."""


class Graph(NamedTuple):
    """What trees grow over: ties by number, the closed ones first.

    `ends` [ties, 2] sections, by place; `by_hand`, `closing` [ties] what each counts as when it
    moves; `start` [sections + 1] into `at`, the ties there; `weight` [sections]; `closed` [1] how
    many ties are.
    """

    ends: Ints
    by_hand: Ints
    closing: Ints
    start: Ints
    at: Ints
    weight: Floats
    closed: Ints


class Parts(NamedTuple):
    """Parts of trees, each a row, and those that wait, the best first.

    `edge_start`, `edge_count` into `edges`; `reached` [rows, words]; `held` what these weigh;
    `parent` the row it was made from and `taken` the tie that it took, -1 where it left one out;
    `moved` [rows, 3] by hand, moves, ties closed; `used` [2] rows, and entries of `edges`.
    """

    edges: Ints
    edge_start: Ints
    edge_count: Ints
    reached: Words
    held: Floats
    parent: Ints
    taken: Ints
    moved: Ints
    used: Ints
    waiting: Ranked


def room_for(graph: Graph, rows: int, entries: int) -> Parts:
    """Room for so many parts, with edges of so many entries in all, and none yet."""
    words = -(-len(graph.weight) // BITS)
    edge_start, edge_count, parent, taken = (np.empty(rows, np.int64) for _ in range(4))
    return Parts(
        np.empty(entries, np.int64), edge_start, edge_count, np.zeros((rows, words), np.uint64),
        np.empty(rows), parent, taken, np.zeros((rows, 3), np.int64), np.zeros(2, np.int64),
        ranked(rows),
    )  # fmt: skip


@compiled
def begin(graph: Graph, p: Parts, live: int) -> None:
    """The part that took nothing, from the place of what is energised."""
    p.edge_start[0], p.held[0], p.waiting.depth[0] = 0, graph.weight[live], 0
    p.parent[0], p.taken[0] = -1, -1
    p.moved[0, :] = 0
    p.reached[0, :] = 0
    _mark(p.reached[0], live)
    count = 0
    for at in range(graph.start[live], graph.start[live + 1]):
        p.edges[count] = graph.at[at]
        count += 1
    p.edge_count[0] = count
    p.used[0], p.used[1] = 1, count
    _rank(p, 0, _within(graph, p, 0))


@compiled
def grow(graph: Graph, p: Parts, bound: Floats, most: int, done: Ints) -> tuple[int, int, bool]:
    """Divide parts by rank while none of the whole ones, of which the best has rank `bound`, comes
    before; at most so many, and while there is room.

    Rows of trees that are whole go into `done`. Returns how many were looked at, how many of these
    are whole, and whether there was no room for more.
    """
    looked, whole, limit = 0, 0, bound.copy()
    while looked < most and p.waiting.count[0] > 0:
        row = p.waiting.heap[0]
        if compared(p.waiting.rank[row], limit) > 0:
            break
        is_whole, room = p.edge_count[row] == 0, 2 * p.edge_count[row] + len(graph.ends)
        if is_whole and whole == len(done):
            break
        if not is_whole and (p.used[0] + 2 > len(p.held) or p.used[1] + room > len(p.edges)):
            return looked, whole, True
        pop(p.waiting)
        looked += 1
        if is_whole:
            done[whole], limit = row, p.waiting.rank[row].copy()
            whole += 1
        else:
            _divide(graph, p, row)
    return looked, whole, False


@compiled
def _divide(graph: Graph, p: Parts, row: int) -> None:
    """Two parts of one: with a tie of its edge left out, and with it taken."""
    first, count, closed = int(p.edge_start[row]), int(p.edge_count[row]), graph.closed[0]
    chosen = p.edges[first]
    for k in range(first, first + count):
        if p.edges[k] < closed:
            chosen = p.edges[k]
            break
    left = _new_part(p, row, -1)
    for k in range(first, first + count):
        if p.edges[k] != chosen:
            _add_to_edge(p, left, p.edges[k])
    if chosen < closed:
        _move(graph, p, left, chosen)
    _rank(p, left, _within(graph, p, left))
    grown = _new_part(p, row, chosen)
    here, reached = _new_end(graph, p.reached[row], chosen), p.reached[grown]
    _mark(reached, here)
    p.held[grown] += graph.weight[here]
    if chosen >= closed:
        _move(graph, p, grown, chosen)
    for k in range(p.edge_start[left], p.edge_start[left] + p.edge_count[left]):
        tie = p.edges[k]
        if _new_end(graph, reached, tie) >= 0:
            _add_to_edge(p, grown, tie)
        elif tie < closed:
            # one that closes a loop in the tree must be open; one left out is counted already
            _move(graph, p, grown, tie)
    for at in range(graph.start[here], graph.start[here + 1]):
        if _new_end(graph, reached, graph.at[at]) >= 0:
            _add_to_edge(p, grown, graph.at[at])
    # by a closed tie what may still be reached is as before, by the same ties
    rank = p.waiting.rank[row]
    within = rank[WEIGHT], int(rank[MOVES]) - p.moved[row, 1]
    _rank(p, grown, _within(graph, p, grown) if chosen >= closed else within)


@compiled
def _rank(p: Parts, row: int, within: tuple[float, int]) -> None:
    """Put a part among those that wait, by the weight that it may come to and closings for it."""
    weight, closing = within
    by_hand, moves, closed = p.moved[row]
    push(p.waiting, row, weight, by_hand, moves + closing, closed)


@compiled
def _new_part(p: Parts, of: int, taken: int) -> int:
    """A part as another is, with nothing on its edge yet."""
    row = p.used[0]
    p.used[0] += 1
    p.edge_start[row], p.edge_count[row] = p.used[1], 0
    p.reached[row, :] = p.reached[of]
    p.held[row], p.parent[row], p.taken[row] = p.held[of], of, taken
    p.waiting.depth[row] = p.waiting.depth[of] + (taken >= 0)
    p.moved[row, :] = p.moved[of]
    return row


@compiled
def _add_to_edge(p: Parts, row: int, tie: int) -> None:
    p.edges[p.used[1]] = tie
    p.used[1] += 1
    p.edge_count[row] += 1


@compiled
def _move(graph: Graph, p: Parts, row: int, tie: int) -> None:
    p.moved[row, 0] += graph.by_hand[tie]
    p.moved[row, 1] += 1
    p.moved[row, 2] += graph.closing[tie]


@compiled
def _mark(reached: Words, place: int) -> None:
    reached[place // BITS] |= np.uint64(1) << np.uint64(place % BITS)


@compiled
def _has(reached: Words, place: int) -> bool:
    return (reached[place // BITS] >> np.uint64(place % BITS)) & np.uint64(1) != np.uint64(0)


@compiled
def _new_end(graph: Graph, reached: Words, tie: int) -> int:
    """The end of a tie that is not reached, -1 where both are."""
    for end in range(2):
        if not _has(reached, graph.ends[tie, end]):
            return graph.ends[tie, end]
    return -1


@compiled
def _within(graph: Graph, p: Parts, row: int) -> tuple[float, int]:
    """The weight of what a part has reached and still may; and how many open ties must close for
    that: one for each piece of some weight that closed ones join."""
    within, closed = p.reached[row].copy(), graph.closed[0]
    # each place adds its ties once
    todo = np.empty(p.edge_count[row] + len(graph.at), np.int64)
    later = np.empty(len(todo), np.int64)
    edge = p.edges[p.edge_start[row] : p.edge_start[row] + p.edge_count[row]]
    doing, waiting = _sort(edge, closed, todo, 0, later, 0)
    total, was, closing = p.held[row], np.inf, 0
    while True:
        while doing > 0:
            doing -= 1
            here = _new_end(graph, within, todo[doing])
            if here < 0:
                continue
            _mark(within, here)
            total += graph.weight[here]
            ties = graph.at[graph.start[here] : graph.start[here + 1]]
            doing, waiting = _sort(ties, closed, todo, doing, later, waiting)
        closing += total > was
        if waiting == 0:
            return total, closing
        was = total
        waiting -= 1
        todo[0], doing = later[waiting], 1


@compiled
def _sort(
    ties: Ints, closed: int, todo: Ints, doing: int, later: Ints, waiting: int
) -> tuple[int, int]:
    """Add the closed ties `todo` and the others `later`; how many there are of each then."""
    for tie in ties:
        if tie < closed:
            todo[doing] = tie
            doing += 1
        else:
            later[waiting] = tie
            waiting += 1
    return doing, waiting
