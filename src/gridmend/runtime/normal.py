"""The way back: the steps that bring switches to their normal positions after a repair."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from gridmend.interlock.check import Bench
from gridmend.interlock.electric import look_ahead
from gridmend.model.arrays import Flags, Ints
from gridmend.model.deed import carried_out
from gridmend.model.flow import Flow
from gridmend.model.plan import Action, Step
from gridmend.model.sections import loop_count
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology


@dataclass(frozen=True, eq=False)
class Loops:
    """Where the way back may close a loop for a moment, and by what that is judged.

    `usable` are the switches, in lower case, that may close or open one: those that take commands
    and are in no doubt. A loop through one source needs nothing more; `across` names, by device,
    the sources between which somebody lets one be closed there.
    """

    bench: Bench
    usable: Collection[str]
    across: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])


def steps_to_normal(
    topology: Topology,
    now: Snapshot,
    normal: Snapshot,
    *,
    loops: Loops | None = None,
    faults: Collection[str] = (),
) -> tuple[Step, ...]:
    """Steps from the positions of now to the normal ones.

    What closes without a loop closes first, from its own source outward. Then a feeder takes over
    before its tie lets go, where `loops` lets that loop be closed and no limit is exceeded beyond
    what stands, neither while it is closed nor after; nobody is interrupted. Else a source in
    island mode or one tie lets go first, and whoever it feeds is out for a step's time. Taps and
    capacitors stay. With `loops` every step tells the voltage and loading that are predicted for
    it. What would make one of the `faults` live, or lets go of somebody whose feeder waits for
    that, is left for later.
    """
    grid = topology.grid
    names = grid.switches.texts("name")
    steps: list[Step] = []
    begins = now
    faulted = _nodes_of(topology, faults)
    for _ in range(2 * (len(names) + len(grid.sources))):
        back = _sources_back(topology, now, normal)
        steps += back
        for step in back:
            now = carried_out(step, grid, now)
        differs = np.flatnonzero(now.open_phases != normal.open_phases).tolist()
        islands = np.flatnonzero(now.source_on & ~normal.source_on).tolist()
        if len(faulted):
            differs, islands = _possible(topology, now, normal, differs, islands, faulted)
        if not (differs or islands):
            break
        closes = [row for row in differs if not normal.open_phases[row]]
        opens = [row for row in differs if normal.open_phases[row]]
        for step in _next(topology, now, normal, closes, opens, islands, loops):
            steps.append(step)
            now = carried_out(step, grid, now)
    return tuple(steps) if loops is None else _predicted(loops.bench, begins, steps)


def _sources_back(topology: Topology, now: Snapshot, normal: Snapshot) -> list[Step]:
    """The steps that connect the sources which are off: those at what is dead, and all where every
    switch is in its normal position. What feeds the others by a tie has to let go first."""
    rows, nodes = topology.wiring.source_nodes
    live = topology.energised(now)
    is_normal = bool((now.open_phases == normal.open_phases).all())
    is_normal &= not (now.source_on & ~normal.source_on).any()
    names = topology.grid.sources["name"]
    return [
        Step(Action.CLOSE, str(names[row]), why="the fault is repaired")
        for row in np.flatnonzero(normal.source_on & ~now.source_on).tolist()
        if is_normal or not live[nodes[rows == row]].any()
    ]


def _let_go(topology: Topology, source: int) -> Step:
    name = f"source.{topology.grid.sources['name'][source]}"
    why = "back to normal: its island lets go before the network feeds it"
    return Step(Action.OPEN, name, why=why)


def _nodes_of(topology: Topology, elements: Collection[str]) -> Ints:
    """The nodes of elements."""
    return np.concatenate([np.empty(0, np.int64), *map(topology.nodes_of, sorted(elements))])


def _possible(
    topology: Topology, now: Snapshot, normal: Snapshot, rows: list[int], islands: list[int],
    faulted: Ints,
) -> tuple[list[int], list[int]]:  # fmt: skip
    """Those of the switches that differ, and of the sources of islands, which may move while
    something is faulted [nodes]: the closings beside nothing that is joined to it, and the ties
    and sources that nobody needs after them."""
    grid = topology.grid
    names = grid.switches.texts("name")
    dead = faulted[~topology.energised(now)[faulted]]
    piece, w = topology.pieces_at(now.open_phases)[0], topology.wiring
    at_fault = set(piece[w.node_bus[dead]].tolist())

    def is_beside(row: int) -> bool:
        nodes = topology.nodes_of(f"switch.{names[row]}")
        return not at_fault.isdisjoint(piece[w.node_bus[nodes]].tolist())

    found = [row for row in rows if not normal.open_phases[row] and not is_beside(row)]
    ahead = now.with_switches(grid, {names[row]: False for row in found})
    has = topology.supplied(topology.energised(now))
    spared: list[int] = []
    letting_go = [(row, _let_go(topology, row), spared) for row in islands]
    letting_go += [(row, Step(Action.OPEN, names[row], ""), found)
                   for row in rows if normal.open_phases[row]]  # fmt: skip
    for row, step, into in letting_go:
        then = carried_out(step, grid, ahead)
        if not (has & ~topology.supplied(topology.energised(then))).any():
            ahead = then
            into.append(row)
    return found, spared


def sources_at(topology: Topology, now: Snapshot, switch: str) -> tuple[frozenset[str], ...]:
    """The sources that feed each side of a switch while it is open, as `source.grid`; none where a
    side is not live on every phase."""
    grid, w = topology.grid, topology.wiring
    apart = now.with_switch(grid, switch, is_open=True)
    fed_by = topology.fed_by(apart)
    edges = w.edge_branch == topology.branch(f"switch.{switch}")
    found: list[frozenset[str]] = []
    for side in (w.edge_from[edges], w.edge_to[edges]):
        rows = fed_by[side]
        whole = bool(len(rows)) and bool((rows >= 0).all())
        at = np.unique(rows).tolist() if whole else []
        found.append(frozenset(f"source.{grid.sources['name'][row]}".lower() for row in at))
    return tuple(found)


def _next(
    topology: Topology,
    now: Snapshot,
    normal: Snapshot,
    closes: list[int],
    opens: list[int],
    islands: list[int],
    loops: Loops | None,
) -> tuple[Step, ...]:
    """The next steps: a close from a live side to a dead one, first of all from the side that feeds
    it normally; else a close and an open through a loop, else an open, else any close."""
    names = topology.grid.switches["name"]
    live = topology.energised(now)
    bridging = [row for row in closes if _bridges(topology, now, live, row)]  # fmt: skip
    outward = (row for row in bridging if _is_outward(topology, live, normal, str(names[row])))
    row = next(outward, bridging[0] if bridging else -1)
    if row >= 0:
        why = "back to normal: its feeder is whole"
        return (_step(topology, now, normal, Action.CLOSE, row, why),)
    through = None
    if loops is not None:
        through = _through_a_loop(topology, now, normal, closes, opens, loops)
    if through is not None:
        return through
    if islands:
        return (_let_go(topology, islands[0]),)
    if opens:
        why = "back to normal: the tie lets go before the feeder takes over"
        return (_step(topology, now, normal, Action.OPEN, opens[0], why),)
    return (_step(topology, now, normal, Action.CLOSE, closes[0], "back to normal"),)


def _bridges(topology: Topology, now: Snapshot, live: Flags, row: int) -> bool:
    """Whether an open switch parts what is live from what is dead, by its open poles, and would
    join nothing that is live on both sides."""
    w, name = topology.wiring, topology.grid.switches["name"][row]
    edges = np.flatnonzero(w.edge_branch == topology.branch(f"switch.{name}"))
    edges = edges[(w.edge_bit[edges] & now.open_phases[row]) != 0]
    one, other = live[w.edge_from[edges]], live[w.edge_to[edges]]
    return bool((one != other).any()) and not bool((one & other).any())


def _step(
    topology: Topology, now: Snapshot, normal: Snapshot, action: Action, row: int, why: str
) -> Step:
    """A step of a switch towards its normal position: of the poles that are out of it alone, where
    they move by themselves."""
    switches = topology.grid.switches
    words = str(switches["phases1"][row]).lower().split()
    differs = int(now.open_phases[row] ^ normal.open_phases[row])
    poles = [word for k, word in enumerate(words) if differs >> k & 1]
    is_whole = len(poles) == len(words) or bool(switches.flags("ganged")[row])
    return Step(action, str(switches["name"][row]), why, phases="" if is_whole else " ".join(poles))


def _is_outward(topology: Topology, live: Flags, normal: Snapshot, switch: str) -> bool:
    """Whether what is live of an open switch is the side that it is fed from normally. What a tie
    feeds from behind may not carry what lies between as well."""
    nodes = topology.nodes_of(f"switch.{switch}")
    apart = normal.with_switch(topology.grid, switch, is_open=True)
    return bool(topology.energised(apart)[nodes][live[nodes]].all())


def _through_a_loop(
    topology: Topology, now: Snapshot, normal: Snapshot, closes: list[int], opens: list[int],
    loops: Loops,
) -> tuple[Step, ...] | None:  # fmt: skip
    """A feeder that takes over and the tie that then lets go; None where no loop may be closed."""
    grid = topology.grid
    names = grid.switches.texts("name")
    had, meshes = topology.supplied(topology.energised(now)), loop_count(topology, now)
    joined_by_now = _joined(topology, now)
    for row in closes:
        if names[row].lower() not in loops.usable or not _may_join(
            topology, now, names[row], loops
        ):
            continue
        closed = now.with_switch(grid, names[row], is_open=False)
        for tie in opens:
            after = closed.with_switch(grid, names[tie], is_open=True)
            is_radial = loop_count(topology, after) <= meshes
            is_radial = is_radial and _joined(topology, after) <= joined_by_now
            keeps = bool(topology.supplied(topology.energised(after))[had].all())
            if names[tie].lower() not in loops.usable or not (is_radial and keeps):
                continue
            if _holds(loops.bench, now, (closed, after)):
                why = "back to normal: through a loop", "back to normal: the feeder has taken over"
                return (
                    _step(topology, now, normal, Action.CLOSE, row, why[0]),
                    _step(topology, now, normal, Action.OPEN, tie, why[1]),
                )
    return None


def _may_join(topology: Topology, now: Snapshot, switch: str, loops: Loops) -> bool:
    """Whether both sides are live, of one source or of sources that may be joined there."""
    one, other = sources_at(topology, now, switch)
    both = one | other
    allowed = loops.across.get(switch.lower(), frozenset())
    return bool(one and other) and (len(both) == 1 or both <= allowed)


def _joined(topology: Topology, snapshot: Snapshot) -> int:
    """Islands in which more than one source stands."""
    return int((topology.islands(snapshot)[1] > 1).sum())


def _holds(bench: Bench, now: Snapshot, states: tuple[Snapshot, ...]) -> bool:
    """Whether no state exceeds a limit that is not exceeded now, or by more."""
    flow = bench.solver.solve(now, controls="static")
    accepted = bench.reader.read(flow).violations
    for state in states:
        flow = bench.solver.solve(state, controls="static", near=flow)
        if look_ahead(flow, accepted, bench.reader.read(flow), bench.limits) is not None:
            return False
    return True


def _predicted(bench: Bench, now: Snapshot, steps: list[Step]) -> tuple[Step, ...]:
    """The same steps with the voltage and loading after each, where that is solved."""
    grid = bench.site.grid
    flow: Flow | None = None
    found: list[Step] = []
    for step in steps:
        now = carried_out(step, grid, now)
        flow = bench.solver.solve(now, controls="static", near=flow)
        reading = bench.reader.read(flow) if flow.converged else None
        found.append(
            replace(step, v_min_pu=reading.v_min_pu, loading_max_pct=reading.loading_max_pct)
            if reading is not None
            else step
        )
    return tuple(found)
