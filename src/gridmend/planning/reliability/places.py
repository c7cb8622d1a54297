"""Which elements fail with the same effect: sections between switches, and what one fuse feeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmend.model.graph import Forest, inherit
from gridmend.model.sections import Sections, loops, sections
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.planning.reliability.modes import Modes

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Places:
    """Effects numbered: the `traced` ones first, by an element each, then those behind one fuse.

    `of_element` [elements] is the effect of each, -1 for none. `behind` [pairs, 2] are an effect
    and a load that is out until the repair, for those that are not traced. `example` [effects] is
    an element of each; `fused` [effects] those behind a fuse that is a switch; `piece` [effects]
    is equal where devices other than fuses are the same around.
    """

    of_element: Ints
    traced: tuple[str, ...]
    behind: Ints
    example: tuple[str, ...]
    fused: Flags
    piece: Ints

    @property
    def count(self) -> int:
        """How many effects there are."""
        return len(self.example)


def places(topology: Topology, before: Snapshot, modes: Modes, *, own_fuses: bool) -> Places:
    """Group the elements that fail by what their failure does.

    A switch, a source and a load have effects of their own. A line, reactor or transformer shares
    that of its section. Where `own_fuses`, a distribution transformer with neither switch nor
    source behind it has one of its own, shared by the lines behind it, whose faults its fuse
    clears. A shunt is cleared by its own fuse and puts nobody out.
    """
    cut = sections(topology)
    branch = np.array(
        [topology.branch_of.get(pair, -1) for pair in _pairs(modes)],
        np.int64,
    )
    section = np.append(_section_of_branches(topology, cut), -1)[branch]
    fused, under = _fused_transformers(topology, before)
    unit = np.append(fused, -1)[branch] if own_fuses else np.full(len(branch), -1, np.int64)
    alone = (modes.tables == "switches") & (branch >= 0) | (modes.tables == "sources")
    is_load = modes.tables == "loads"
    by_fuse = np.append(_fed_by_one_fuse(topology, cut, before), False)[section]
    own = (unit >= 0) & ~alone
    within = (branch >= 0) & ~own & ~alone
    # One key an effect: its group, and within it the section, branch or element.
    group = np.select(
        [alone, within & ~by_fuse, within & by_fuse, own, is_load], [0, 1, 2, 3, 4], -1
    )
    inside = np.select(
        [group == 0, group == 4, group == 3], [np.arange(len(branch)), modes.rows, unit], section
    )
    keys, first, number = np.unique(
        np.stack([group, inside]), axis=1, return_index=True, return_inverse=True
    )
    skipped = int((keys[0] < 0).sum())
    groups, inside, first = keys[0, skipped:], keys[1, skipped:], first[skipped:]
    of_element = np.maximum(number.ravel() - skipped, -1)
    example = tuple(modes.elements[k] for k in first.tolist())
    of_load = _section_of_loads(topology, cut)
    pairs = [
        _joined(groups, inside, 2, np.stack([of_load, np.arange(len(of_load))], axis=1)),
        _joined(groups, inside, 3, under),
        _joined(groups, inside, 4, np.repeat(np.arange(len(of_load))[:, None], 2, axis=1)),
    ]
    return Places(
        of_element=of_element.astype(np.int64),
        traced=tuple(n for n, g in zip(example, groups.tolist(), strict=True) if g <= 1),
        behind=np.concatenate(pairs),
        example=example,
        fused=groups == 2,
        piece=_pieces(topology, before, modes, first),
    )


def _pairs(modes: Modes) -> list[tuple[str, int]]:
    """Table and row of each element."""
    return list(zip(modes.tables.tolist(), modes.rows.tolist(), strict=True))


def _joined(groups: Ints, inside: Ints, group: int, pairs: Ints) -> Ints:
    """[pairs, 2] effect and load, from the key within a group and load."""
    mine = np.flatnonzero(groups == group)
    keys = inside[mine]
    if not len(keys):
        return np.empty((0, 2), np.int64)
    at = np.minimum(np.searchsorted(keys, pairs[:, 0]), len(keys) - 1)
    hit = keys[at] == pairs[:, 0]
    return np.stack([mine[at[hit]], pairs[hit, 1]], axis=1)


def _section_of_branches(topology: Topology, cut: Sections) -> Ints:
    """[branches] the section in which each begins."""
    w = topology.wiring
    found = np.full(len(w.branch_row), -1, np.int64)
    mine = w.edge_branch >= 0
    found[w.edge_branch[mine]] = cut.of_bus[w.node_bus[w.edge_from[mine]]]
    return found


def _section_of_loads(topology: Topology, cut: Sections) -> Ints:
    rows, nodes = topology.wiring.load_nodes
    found = np.full(len(topology.grid.loads), -1, np.int64)
    found[rows] = cut.of_bus[topology.wiring.node_bus[nodes]]
    return found


def _fed_by_one_fuse(topology: Topology, cut: Sections, before: Snapshot) -> Flags:
    """[sections] those with a closed fuse at their border and nothing else, and no source."""
    kinds = np.array(topology.grid.switches.texts("kind"), object)
    closed_fuse = (kinds == "fuse") & (before.open_phases == 0)
    border = (cut.ends[:, 0] != cut.ends[:, 1]) & (cut.ends >= 0).all(axis=1)
    at_border = np.bincount(cut.ends[border].ravel(), minlength=cut.count)
    fuses = np.bincount(cut.ends[border & closed_fuse].ravel(), minlength=cut.count)
    found = (at_border == 1) & (fuses == 1)
    w = topology.wiring
    found[cut.of_bus[w.node_bus[w.source_nodes[1]]]] = False
    return found


def _fused_transformers(topology: Topology, before: Snapshot) -> tuple[Ints, Ints]:
    """[branches] the nearest distribution transformer with neither switch nor source behind it,
    on no loop, that each is or stands behind, -1 for none; and [pairs, 2] of such a transformer
    and a load behind it."""
    grid, w = topology.grid, topology.wiring
    is_unit = w.branch_table == "transformers"
    kinds = np.array(grid.transformers.texts("kind"), object)
    unit = np.zeros(len(w.branch_row), bool)
    unit[is_unit] = kinds[w.branch_row[is_unit]] == "distribution"
    unit[loops(topology, before).branches] = False
    trees, _ = topology.from_sources(topology.closed(before), before.source_on)
    nearest, above = _nested(topology, trees, unit)
    switched, _ = topology.switch_edges
    ends = np.concatenate([w.edge_from[switched], w.edge_to[switched], w.source_nodes[1]])
    spoilt = _chain(above, np.unique(nearest[ends]))
    unit[spoilt[spoilt >= 0]] = False
    rows, nodes = w.load_nodes
    pairs: list[Ints] = [np.empty((0, 2), np.int64)]
    at = nearest[nodes]
    while (at >= 0).any():
        pairs.append(np.stack([at, rows], axis=1)[at >= 0])
        at = above[at]
    from_one, from_two = nearest[w.edge_from], nearest[w.edge_to]
    of_branch = np.where(unit, np.arange(len(unit)), -1)
    behind = (w.edge_branch >= 0) & (from_one == from_two) & np.append(unit, False)[from_one]
    np.maximum.at(of_branch, w.edge_branch[behind], from_one[behind])
    return np.where(unit, np.arange(len(unit)), of_branch), np.concatenate(pairs)


def _nested(topology: Topology, trees: Forest, unit: Flags) -> tuple[Ints, Ints]:
    """[nodes] the nearest of some branches towards the source, -1 for none, and [branches + 1]
    the nearest of them before each. One that is entered from several sides, as part of an open
    bank, is taken out of `unit`."""
    w = topology.wiring
    none = np.full(len(w.node_bus), -1, np.int64)
    while True:
        own = np.where(np.append(unit, False)[w.edge_branch], w.edge_branch, -1)
        nearest = inherit(trees, w.edge_from, w.edge_to, at_seed=none, own=own, nested=True)
        inner = trees.order[trees.towards[trees.order] >= 0]
        inner = inner[own[trees.towards[inner]] >= 0]
        edge = trees.towards[inner]
        before = nearest[w.edge_from[edge] + w.edge_to[edge] - inner]
        above = np.full(len(unit) + 1, -1, np.int64)
        np.maximum.at(above, own[edge], before)
        mixed = np.unique(own[edge][(before != above[own[edge]]) | (before == own[edge])])
        if not len(mixed):
            return nearest, above
        unit[mixed] = False


def _chain(above: Ints, start: Ints) -> Ints:
    """All that stand above some branches, themselves with them; -1 ends a chain."""
    found = [start]
    while (found[-1] >= 0).any():
        found.append(np.unique(above[found[-1]]))
    return np.concatenate(found)


def _pieces(topology: Topology, before: Snapshot, modes: Modes, first: Ints) -> Ints:
    """[effects] the piece between devices other than fuses in which the first element stands."""
    fuse = np.array([kind == "fuse" for kind in topology.grid.switches.texts("kind")], bool)
    cut = sections(topology, separators=~fuse, snapshot=before)
    of_branch = np.append(_section_of_branches(topology, cut), -1)
    of_load = _section_of_loads(topology, cut)
    found = np.full(len(first), -1, np.int64)
    for number, element in enumerate(first.tolist()):
        pair = (str(modes.tables[element]), int(modes.rows[element]))
        if pair[0] == "loads":
            found[number] = of_load[pair[1]]
        else:
            found[number] = of_branch[topology.branch_of.get(pair, -1)]
    return found
