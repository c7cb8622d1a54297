"""What a fault does: what protection opens, and which switches isolate the faulted section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from gridmend.model.grid import SINGULAR, Grid
from gridmend.model.sections import Sections, sections
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.poles import Poles, faulted_phases, moved_apart

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

PROTECTIVE = ("breaker", "recloser", "fuse")
"""Kinds of switch that open by themselves under a fault."""


@dataclass(frozen=True, eq=False)
class Isolation:
    """A fault, what protection did, and what remains to be opened.

    `tripped` is the snapshot after protection, `isolated` the one after `to_open` as well. The
    `sections` are cut by every switch that can be operated; `zone` [sections] are the faulted
    ones, and `locked` [switches] those that must stay open until the repair, or that no plan may
    move. `isolated_by` are the devices that were closed and now keep the fault apart, tripped ones
    first. `aside` are the switches of `to_open` around other faults that are dead, by the section
    beyond: they need to open only where that is fed.
    """

    fault: str
    tripped: Snapshot
    isolated: Snapshot
    opened_by_protection: tuple[str, ...]
    sources_off: tuple[str, ...]
    to_open: tuple[str, ...]
    isolated_by: tuple[str, ...]
    sections: Sections
    zone: Flags
    locked: Flags
    poles: Poles
    """What of each switch moves."""
    held: frozenset[str] = frozenset()
    """Sources that no plan may connect, as `Grid.key` writes them."""
    notes: tuple[str, ...] = ()
    aside: Mapping[str, int] = field(default_factory=dict[str, int])


def isolate(
    grid: Grid,
    snapshot: Snapshot,
    fault: str,
    *,
    also: Sequence[str] = (),
    avoid: Sequence[str] = (),
    banned: Sequence[str] = (),
    now: Snapshot | None = None,
    topology: Topology | None = None,
    phases: str = "",
) -> Isolation:
    """Trip the nearest protective devices that feed a fault, and isolate its section.

    A closed breaker, recloser or fuse trips where a source feeds the fault through it and no
    other protective device lies between. Where a model has none, the first switch after the
    source stands in; before that, the source's own protection clears the fault. The faulted
    section is cut off at the nearest switches that can be operated: all but fuses, remote ones
    first. A faulted switch cannot part its own two sides. What is no branch (a load, a
    capacitor) is cleared by its own fuse and isolates nothing. `also` are further elements that
    are faulted, or may be, and whose sections are isolated with it; `avoid` those that were faulted
    before, whose sections are not made live again; the fault may be one of them. `banned` are
    switches that no plan may move: where one is closed the fault is cut off beyond it. `now` are
    the positions that stand where some switching is done already. Where `phases` are named, as `a`,
    the fault is on these alone: if what trips moves its poles by themselves, they alone trip, and
    only such switches isolate them. Raises `GridError` where there is no such element or phase.
    """
    topology = topology or Topology.of(grid)
    still = np.zeros(len(grid.switches), bool)
    held = frozenset(key for key in map(grid.key, banned) if key.startswith("source."))
    still[[grid.switches.row(one) for one in banned if grid.key(one) not in held]] = True
    table, row = grid.find(fault)
    name = f"{SINGULAR[table]}.{grid.table(table)['name'][row]}"
    nodes = np.unique(np.concatenate([_nodes(topology, one) for one in (name, *also)]))
    trip = _protection(topology, snapshot, _buses(topology, (name, *also)), nodes)
    tripping, lost = trip.switches, trip.sources
    faulted = faulted_phases(topology, nodes, phases)
    by_pole = Poles.of(topology, faulted if _trips_by_pole(topology, trip) else "")
    used = snapshot.source_on.copy()
    used[lost] = False
    tripped = now or _opened(by_pole, snapshot, tripping).with_sources(used)
    separators = _separators(by_pole, tripping, still, tripped)
    cut = sections(topology, separators=separators, snapshot=tripped)
    own, zone = np.zeros(cut.count, bool), np.zeros(cut.count, bool)
    known = {one.lower() for one in avoid}
    own[cut.of_bus[_buses(topology, [e for e in (name, *also) if e.lower() not in known])]] = True
    zone[cut.of_bus[_buses(topology, (name, *also, *avoid))]] = True
    at_zone = np.append(zone, False)[cut.ends]
    border = separators & (at_zone.sum(axis=1) == 1)
    border[[at for t, at in map(grid.find, (name, *also, *avoid)) if t == "switches"]] = False
    conducts = border & ~by_pole.is_open(tripped)
    remote, names = grid.switches.flags("remote"), grid.switches.texts("name")
    to_open = sorted(np.flatnonzero(conducts).tolist(), key=lambda k: (not remote[k], k))
    kept_apart = [k for k in tripping.tolist() if border[k]]
    return Isolation(
        fault=name,
        tripped=tripped,
        isolated=_opened(by_pole, tripped, np.array(to_open, np.int64)),
        opened_by_protection=tuple(names[k] for k in tripping.tolist()),
        sources_off=tuple(str(grid.sources["name"][k]) for k in lost.tolist()),
        to_open=tuple(names[k] for k in to_open),
        isolated_by=tuple(names[k] for k in (*kept_apart, *to_open)),
        sections=cut,
        zone=zone,
        locked=(separators & at_zone.any(axis=1)) | still,
        held=held,
        notes=_notes(topology, snapshot, name, trip, faulted, by_pole),
        poles=by_pole,
        aside=_aside(topology, by_pole, tripped, cut, zone & ~own, to_open),
    )


def _separators(poles: Poles, tripping: Ints, still: Flags, tripped: Snapshot) -> Flags:
    """[switches] what parts sections: all that can be operated, and is not `still` closed."""
    # A fuse is no switch to operate, but one that has blown does part what it joined.
    found = np.array([k != "fuse" for k in poles.topology.grid.switches.texts("kind")], bool)
    found[tripping] = True
    return found & poles.able & (~still | poles.is_open(tripped))


def _aside(
    topology: Topology, poles: Poles, now: Snapshot, cut: Sections, zone: Flags,
    to_open: Sequence[int],
) -> dict[str, int]:  # fmt: skip
    """The switches that part a dead zone from the section beyond."""
    is_dead = zone & ~poles.live_sections(now, cut)
    names = topology.grid.switches.texts("name")
    found: dict[str, int] = {}
    for row in to_open:
        one, two = cut.ends[row].tolist()
        if is_dead[one] or is_dead[two]:
            found[names[row]] = two if is_dead[one] else one
    return found


def _buses(topology: Topology, elements: Sequence[str]) -> Ints:
    nodes = [_nodes(topology, one) for one in elements]
    return np.unique(topology.wiring.node_bus[np.concatenate([*nodes, np.empty(0, np.int64)])])


def _nodes(topology: Topology, element: str) -> Ints:
    """The nodes of a branch or source; of anything else none, as its own fuse clears it."""
    if topology.branch(element) >= 0 or topology.grid.find(element)[0] == "sources":
        return topology.nodes_of(element)
    return np.empty(0, np.int64)


@dataclass(frozen=True, eq=False)
class _Trip:
    """Rows of the switches that trip, and of the sources that their own protection drops."""

    switches: Ints
    sources: Ints
    assumed: bool = False
    """Whether a switch that is no protective device is taken for the feeder's breaker."""


def _protection(topology: Topology, snapshot: Snapshot, buses: Ints, nodes: Ints) -> _Trip:
    """What trips on a fault. Where no protective device lies between it and a source, the
    first switch after the source is taken for the breaker that the model leaves out."""
    none = np.empty(0, np.int64)
    if not topology.energised(snapshot)[nodes].any():
        return _Trip(none, none)
    kinds = topology.grid.switches.texts("kind")
    guards = np.array([kind in PROTECTIVE for kind in kinds], bool)
    switches, sources = _cleared_by(topology, snapshot, buses, guards)
    if not len(sources):
        return _Trip(switches, sources)
    heads = guards | _first_switches(topology, snapshot)
    by_heads = _cleared_by(topology, snapshot, buses, heads)
    return _Trip(*by_heads, assumed=len(by_heads[1]) < len(sources))


def _cleared_by(
    topology: Topology, snapshot: Snapshot, buses: Ints, guards: Flags
) -> tuple[Ints, Ints]:
    """Which of the guards [switches] feed a fault, and which sources none parts from it."""
    w = topology.wiring
    closed = topology.closed(snapshot)
    edges, rows = topology.switch_edges
    inside = closed.copy()
    inside[edges[guards[rows]]] = False
    piece, count = topology.pieces(inside)
    faulted = np.zeros(count + 1, bool)
    faulted[piece[buses]] = True
    one, two = piece[w.node_bus[w.edge_from[edges]]], piece[w.node_bus[w.edge_to[edges]]]
    border = closed[edges] & guards[rows] & (faulted[one] != faulted[two])
    without = closed.copy()
    without[edges[border]] = False
    fed = topology.from_sources(without, snapshot.source_on)[0].tree >= 0
    outer = np.where(faulted[one], w.edge_to[edges], w.edge_from[edges])
    source_rows, source_nodes = w.source_nodes
    here = faulted[piece[w.node_bus[source_nodes]]] & snapshot.source_on[source_rows]
    return np.unique(rows[border & fed[outer]]), np.unique(source_rows[here])


def _first_switches(topology: Topology, snapshot: Snapshot) -> Flags:
    """[switches] those at the border of what a source feeds without any switch."""
    w = topology.wiring
    cut = sections(topology, snapshot=snapshot)
    first = np.zeros(cut.count + 1, bool)
    rows, nodes = w.source_nodes
    first[cut.of_bus[w.node_bus[nodes[snapshot.source_on[rows]]]]] = True
    first[-1] = False
    return np.asarray(first[cut.ends].any(axis=1), bool)


def _opened(poles: Poles, snapshot: Snapshot, rows: Ints) -> Snapshot:
    positions = snapshot.open_phases.copy()
    positions[rows] |= poles.bits[rows]
    positions.flags.writeable = False
    return replace(snapshot, open_phases=positions)


def _trips_by_pole(topology: Topology, trip: _Trip) -> bool:
    """Whether all that trips opens the poles of a fault alone."""
    return not len(trip.sources) and bool(moved_apart(topology)[trip.switches].all())


def _notes(
    topology: Topology, snapshot: Snapshot, name: str, trip: _Trip, faulted: str, poles: Poles
) -> tuple[str, ...]:
    """What a reader should know before the plan."""
    grid = topology.grid
    if topology.branch(name) < 0 and not name.startswith("source."):
        table, row = grid.find(name)
        if not grid.table(table).flags("in_service")[row]:
            return (f"{name} is out of service: a fault on it opens nothing",)
        return (
            f"{name} is not a branch: its own fuse clears the fault, no switching heals it, "
            "and what hangs on it waits for the repair",
        )
    if not topology.energised(snapshot)[topology.nodes_of(name)].any():
        return (f"{name} is de-energised: nothing trips",)
    notes: list[str] = []
    if trip.assumed:
        heads = ", ".join(str(grid.switches["name"][k]) for k in trip.switches.tolist())
        notes.append(
            f"no breaker, recloser or fuse feeds {name}: {heads}, the first switch after the "
            "source, is taken for the feeder's breaker"
        )
    if len(trip.sources):
        sources = ", ".join(str(grid.sources["name"][k]) for k in trip.sources.tolist())
        notes.append(
            f"nothing parts {name} from source {sources}, whose own protection clears the "
            "fault: only ties to other sources can restore supply"
        )
    return (*notes, *(() if poles.phases else _healthy_phases(topology, name, trip, faulted)))


def _healthy_phases(topology: Topology, name: str, trip: _Trip, phases: str) -> tuple[str, ...]:
    """What is said where a fault has fewer phases than what trips on it."""
    switches = topology.grid.switches
    own = {str(p) for p in topology.wiring.node_phase[topology.nodes_of(name)]} & {*"abc"}
    faulted = set(phases.split()) or own
    for row in trip.switches.tolist():
        healthy = sorted({*str(switches["phases1"][row]).lower().split()} & {*"abc"} - faulted)
        if faulted and healthy:
            lacks = "is not faulted on" if phases else "has no"
            return (
                f"{name} {lacks} phase {' nor '.join(healthy)}, but {switches['name'][row]} opens "
                "all its poles together: no plan keeps single phases supplied",
            )
    return ()
