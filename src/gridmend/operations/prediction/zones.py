"""A grid at its positions as a tree of zones; what lies on a loop is put together."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridmend.model.arrays import Ints
from gridmend.model.customers import customer_counts
from gridmend.model.graph import adjacency, forest, on_cycles
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.model.wiring import CONDUCTOR
from gridmend.operations.prediction.devices import (
    LANE,
    Device,
    branches_of,
    lateral_heads,
    phase_names,
    sources_of,
    through_of,
)
from gridmend.operations.prediction.priors import (
    chance_of,
    device_rates,
    lengths_km,
    opening_prior,
    rates_of_branches,
    zone_sums,
)
from gridmend.operations.prediction.settings import Assumptions
from gridmend.operations.prediction.tree import MASKS, ROOT, Tree


def tree_of(
    topology: Topology,
    before: Snapshot,
    *,
    assumed: Assumptions | None = None,
    laterals: bool = False,
) -> Tree:
    """The tree of devices at the positions that stood before anything failed.

    Devices are closed switches, transformers and sources in service; below them each load has a
    device of its own where it stands for several customers, and each customer a service. With
    `laterals` a fuse is assumed where a line has fewer phases than what feeds it: named as the
    line. A phase behind a transformer that couples phases is dark where all that feed it are, as
    in `Topology`. A device on a loop, or between sources that are joined, darkens nobody by
    itself: it is left out with a note. Loads that nothing feeds at `before` are in no zone.
    """
    assumed = assumed or Assumptions()
    w, grid = topology.wiring, topology.grid
    usable = topology.closed(before)
    live = topology.from_sources(usable, before.source_on)[0]
    usable &= (live.tree[w.edge_from] >= 0) & (live.tree[w.edge_to] >= 0)
    lanes = np.array([LANE.get(str(p), 0) for p in w.node_phase], np.int64)
    heads = np.isin(w.branch_table, ("switches", "transformers"))
    if laterals:
        heads[lateral_heads(topology, usable, live.towards)] = True
    real = usable & (w.edge_branch >= 0)
    # A line that changes lanes on its way is a border, so that lanes keep their meaning in a zone.
    turned = real & (w.edge_kind == CONDUCTOR) & (lanes[w.edge_from] != lanes[w.edge_to])
    heads[np.unique(w.edge_branch[turned])] = True
    inner = usable & ~(real & heads[w.edge_branch])
    of_bus, count = topology.pieces(inner)
    devices = [*sources_of(topology, before, of_bus, lanes)]
    devices += branches_of(topology, usable, heads, of_bus, lanes)
    group, notes, left_out = _joined(devices, count)
    merged = [replace(d, ends=(_at(group, d.ends[0]), _at(group, d.ends[1]))) for d in devices]
    kept = [d for d in merged if d.ends[0] != d.ends[1]]
    shaped = _shaped(kept)
    rows, nodes = w.load_nodes
    zone, mask = np.full(len(grid.loads), -1, np.int64), np.zeros(len(grid.loads), np.int64)
    lit = live.tree[nodes] >= 0
    places = np.array([_at(group, int(z)) for z in of_bus[w.node_bus[nodes]]], np.int64)
    np.bitwise_or.at(mask, rows, 1 << lanes[nodes])
    numbers = shaped.numbers
    zone[rows] = [numbers.get(int(p), -1) for p in places]
    dead = np.bincount(rows[~lit], minlength=len(zone)) > 0
    zone[dead] = -1
    km, failures = (
        zone_sums(topology, usable, of_bus, group, numbers, values)
        for values in (lengths_km(topology), rates_of_branches(topology, assumed))
    )
    return _made(
        topology, shaped, zone, mask, km, failures, assumed, tuple(notes), frozenset(left_out)
    )


def _at(group: Ints, zone: int) -> int:
    return int(group[zone + 1])


def _joined(devices: list[Device], count: int) -> tuple[Ints, list[str], list[str]]:
    """[zones + 1] the zone into which each goes, the root first; and what lies on a loop."""
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number, device in enumerate(devices):
        groups[min(device.ends), max(device.ends)].append(number)
    pairs = np.array(list(groups), np.int64).reshape(-1, 2) + 1
    start, neighbour, via = adjacency(pairs[:, 0], pairs[:, 1], count + 1)
    usable = np.ones(len(pairs), bool)
    seeds = np.arange(count + 1, dtype=np.int64)
    trees = forest(start, neighbour, via, usable, seeds, together=False)
    usable[trees.towards[trees.towards >= 0]] = False
    looped = on_cycles(trees, pairs[:, 0], pairs[:, 1], np.flatnonzero(usable))
    for k, numbers in enumerate(groups.values()):
        far = [b for n in numbers for b in {b for _, b in devices[n].pairs}]
        looped[k] |= len(far) > len(set(far)) and not _is_bank(devices, numbers)
    cut = pairs[looped]
    graph = coo_array((np.ones(len(cut)), (cut[:, 0], cut[:, 1])), shape=(count + 1, count + 1))
    group = connected_components(graph, directed=False)[1].astype(np.int64)
    left = [devices[n].name for k, ns in enumerate(groups.values()) if looped[k] for n in ns]
    notes = []
    if left:
        shown = ", ".join(left[:8]) + (f" and {len(left) - 8} more" if len(left) > 8 else "")
        notes = [
            f"{shown}: on a loop or between joined sources; one alone darkens nobody, and what "
            "stands within the loop is not told apart"
        ]
    return group, notes, left


def _is_bank(devices: list[Device], numbers: list[int]) -> bool:
    """Single-phase units that couple phases, as an open delta: they share nodes, no loop."""
    return all(devices[n].kind == "transformer" and devices[n].together for n in numbers)


@dataclass(frozen=True)
class _Shape:
    """The zones numbered from the root, and devices with their feeding end first."""

    parent: Ints
    devices: list[Device]
    zone: list[int]
    numbers: dict[int, int]


def _shaped(devices: list[Device]) -> _Shape:
    near: dict[int, list[int]] = defaultdict(list)
    for number, device in enumerate(devices):
        for end in set(device.ends):
            near[end].append(number)
    sources = [d.ends[0] for d in devices if d.kind == "source"]
    root = sources[0] if sources else 0
    numbers, parent = {root: ROOT}, [-1]
    found: list[Device] = []
    zone: list[int] = []
    todo = [root]
    while todo:
        here = todo.pop(0)
        for number in near[here]:
            one, two = devices[number].ends
            other, turned = (two, False) if one == here else (one, True)
            if other in numbers and numbers[other] <= numbers[here]:
                continue
            if other not in numbers:
                numbers[other] = len(parent)
                parent.append(numbers[here])
                todo.append(other)
            pairs = tuple((b, a) if turned else (a, b) for a, b in devices[number].pairs)
            found.append(replace(devices[number], pairs=pairs))
            zone.append(numbers[other])
    return _Shape(np.array(parent, np.int64), found, zone, numbers)


def _made(
    topology: Topology, shape: _Shape, zone: Ints, mask: Ints, km: dict[int, float],
    failures: dict[int, float], assumed: Assumptions, notes: tuple[str, ...],
    left_out: frozenset[str],
) -> Tree:  # fmt: skip
    grid = topology.grid
    below = np.array([km.get(z, 0.0) + 0.01 for z in range(len(shape.parent))])
    for at in range(len(below) - 1, 0, -1):
        below[shape.parent[at]] += below[at]
    lanes, through, prior, share = [], [], [], []
    given = device_rates(grid)
    for device, at in zip(shape.devices, shape.zone, strict=True):
        own, handed = through_of(device)
        own_rate = {"source": assumed.source_rate, "transformer": assumed.transformer_rate}
        rate = given.get(device.name, own_rate.get(device.kind, assumed.device_rate))
        rate = assumed.rates.get(device.name, rate + failures.get(at, 0.0))
        chance = chance_of(rate, assumed)
        lanes.append(own)
        through.append(handed)
        prior.append(opening_prior(own, chance, ganged=device.ganged, assumed=assumed))
        share.append(below[at] / below[shape.parent[at]])
    return Tree(
        parent=shape.parent,
        heads=tuple(d.name for d in shape.devices),
        kinds=tuple(d.kind for d in shape.devices),
        head_zone=np.array(shape.zone, np.int64),
        head_lanes=np.array(lanes, np.int64),
        through=np.array(through, np.int64).reshape(-1, MASKS),
        prior=np.array(prior, float).reshape(-1, MASKS),
        share_below=np.array(share, float),
        load_zone=zone,
        load_lanes=mask,
        loads=tuple(grid.loads.texts("name")),
        counts=np.where(grid.loads.flags("in_service"), customer_counts(grid), 0),
        own_prior=chance_of(assumed.transformer_rate, assumed),
        service_prior=chance_of(assumed.service_rate, assumed),
        phases=phase_names(topology, shape.devices),
        critical=_critical(topology),
        notes=notes,
        no_report=left_out,
    )


def _critical(topology: Topology) -> Ints:
    grid = topology.grid
    found = np.zeros(len(grid.loads), np.int64)
    table = grid.customers
    columns = (table.texts("load"), table.counts("count").tolist(), table.texts("priority"))
    for load, count, priority in zip(*columns, strict=True):
        if priority == "critical":
            found[grid.loads.row(load)] += count
    return found
