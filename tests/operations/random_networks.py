"""Small random networks with switches and ties, and the best restoration of each by brute force."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np

from gridmend.interlock import Limits, violations
from gridmend.interlock.limits import worsened
from gridmend.model.customers import customer_counts
from gridmend.model.grid import Grid
from gridmend.model.islanding import with_island_sources
from gridmend.model.sections import loop_count
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.horizon import Horizon
from gridmend.operations.restoration import Proposal, propose
from gridmend.powerflow.network import Network

KV = 12.47


@dataclass(frozen=True, eq=False)
class Drawn:
    """A network, ready to solve, with the line that is faulted."""

    grid: Grid
    network: Network
    topology: Topology
    fault: str


def drawn(seed: int, *, batteries: bool = False) -> Drawn:
    """Sections of one or two lines in trees behind breakers, parted by switches, with ties.

    One to three sources of bounded capacity, four to nine switches beside the breakers, some by
    hand; lines of bounded rating and long enough for voltage to bind here and there. With
    `batteries` one or two of these may carry an island.
    """
    rng = np.random.default_rng(seed)
    sources = int(rng.integers(1, 4))
    sections = int(rng.integers(sources + 2, 8))
    buses, lines, loads, switches, heads = [], [], [], [], []
    ends: list[list[str]] = []
    for k in range(sources):
        buses.append({"name": f"g{k}", "base_kv": KV})
    for k in range(sections):
        size = int(rng.integers(2, 4))
        names = [f"n{k}_{i}" for i in range(size)]
        buses += [{"name": name, "base_kv": KV} for name in names]
        for one, two in pairwise(names):
            lines.append(_line(rng, f"l{len(lines)}", one, two))
        loads += [_load(rng, f"d{name}", name) for name in names if rng.random() < 0.8]
        ends.append(names)
    joined = [[k] for k in range(sources)]
    for k in range(sections):
        if k < sources:
            switches.append(_switch(f"b{k}", f"g{k}", ends[k][0], kind="breaker"))
            heads.append({"name": f"f{k}", "substation": f"s{k}", "head": f"switch.b{k}"})
            continue
        tree = joined[int(rng.integers(sources))]
        parent = int(rng.choice(tree))
        tree.append(k)
        switches.append(
            _switch(f"w{k}", str(rng.choice(ends[parent])), ends[k][0], remote=rng.random() < 0.7)
        )
    for number in range(int(rng.integers(1, 4))):
        one, two = rng.choice(sections, 2, replace=False)
        tie = _switch(
            f"t{number}", ends[one][-1], ends[two][-1], remote=rng.random() < 0.7, is_open=True
        )
        switches.append(tie)
    grid = Grid(f"random {seed}").with_rows("buses", *buses).with_rows("lines", *lines)
    grid = grid.with_rows("switches", *switches)
    if loads:
        grid = grid.with_rows("loads", *loads)
    for k in range(sources):
        source = {
            "name": f"source{k}", "bus": f"g{k}", "base_kv": KV, "v_pu": 1.03,
            "x1_ohm": 0.2, "x0_ohm": 0.2, "capacity_kva": float(rng.uniform(2500, 9000)),
        }  # fmt: skip
        grid = grid.with_rows("sources", source)
        grid = grid.with_rows("substations", {"name": f"s{k}", "bus": f"g{k}"})
    grid = grid.with_rows("feeders", *heads)
    if batteries:
        own = np.random.default_rng(20_000 + seed)
        places = own.choice(sections, int(own.integers(1, 3)), replace=False).tolist()
        grid = with_island_sources(
            grid.with_rows("storages", *(_battery(own, f"x{k}", ends[k][0]) for k in places))
        )
    fault = f"line.l{int(rng.integers(len(lines)))}"
    return Drawn(grid, Network.of(grid), Topology.of(grid), fault)


def healed(case: Drawn, ahead: Horizon | None = None, late_limit: int = 5_000) -> Proposal:
    """What restoration proposes, with time enough to prove it."""
    return propose(
        case.grid,
        Snapshot.normal(case.grid),
        case.fault,
        ahead=ahead,
        seconds_limit=float("inf"),
        solves_limit=5_000,
        late_limit=late_limit,
        network=case.network,
        topology=case.topology,
    )


def most_by_brute_force(case: Drawn, proposal: Proposal) -> int:
    """Customers restored by the best of all positions of all switches.

    Positions must be radial, join no sources, leave the fault dead, put out nobody who has supply,
    violate no limit that was not violated before, and move no switch by hand between two parts
    that have supply: that would leave people without it for long. How to get there is not asked.
    Sources in island mode are on or off.
    """
    for customers, snapshot in sorted(ways_of(case, proposal), key=lambda way: -way[0]):
        flow = case.network.solve(snapshot, controls="static")
        if flow.converged and not worsened(
            proposal.accepted, violations(case.grid, flow), Limits()
        ):
            return customers
    return 0


def ways_of(case: Drawn, proposal: Proposal) -> list[tuple[int, Snapshot]]:
    """All such positions, limits aside, with the customers that they restore."""
    grid, topology = case.grid, case.topology
    tripped = proposal.isolation.tripped
    faulted = topology.nodes_of(case.fault)
    start = topology.energised(tripped)
    had, counts = topology.supplied(start), customer_counts(grid)
    ways: list[tuple[int, Snapshot]] = []
    seen: set[bytes] = set()
    edges, _ = topology.switch_edges
    by_hand = _by_hand_between_live(case, proposal.isolation.isolated)
    formers = [row for row, name in enumerate(grid.sources.texts("resource")) if name]
    count = len(grid.switches)
    for positions in product((True, False), repeat=count + len(formers)):
        if any(positions[k] != was for k, was in by_hand.items()):
            continue
        moves = dict(zip(grid.switches, positions[:count], strict=True))
        used = tripped.source_on.copy()
        used[formers] = positions[count:]
        snapshot = tripped.with_switches(grid, moves).with_sources(used)
        live = topology.energised(snapshot)
        feeding = topology.closed(snapshot)[edges] & live[topology.wiring.edge_from[edges]]
        key = np.packbits(feeding).tobytes() + live.tobytes() + used.tobytes()
        if key in seen:
            continue
        seen.add(key)
        supplied = topology.supplied(live)
        if live[faulted].any() or loop_count(topology, snapshot) or (had & ~supplied).any():
            continue
        if (topology.islands(snapshot)[1] > 1).any():
            continue
        ways.append((int(counts[supplied & ~had].sum()), snapshot))
    return ways


def _by_hand_between_live(case: Drawn, isolated: Snapshot) -> dict[int, bool]:
    """Rows of such switches, and whether each is open."""
    grid, switches = case.grid, case.grid.switches
    live = case.topology.energised_buses(isolated)
    ends = [[grid.buses.row(name) for name in switches.texts(e)] for e in ("bus1", "bus2")]
    return {
        k: bool(isolated.open_phases[k])
        for k in np.flatnonzero(~switches.flags("remote")).tolist()
        if live[ends[0][k]] and live[ends[1][k]]
    }


def _line(rng: np.random.Generator, name: str, one: str, two: str) -> dict[str, object]:
    r, x = float(rng.uniform(0.1, 0.6)), float(rng.uniform(0.2, 0.9))
    return {
        "name": name, "bus1": one, "bus2": two, "phases1": "a b c", "phases2": "a b c",
        "length_m": float(rng.uniform(300, 4000)),
        "r_ohm_per_km": [[r if i == j else 0.1 for j in range(3)] for i in range(3)],
        "x_ohm_per_km": [[x if i == j else 0.2 for j in range(3)] for i in range(3)],
        "c_nf_per_km": [[0.0] * 3 for _ in range(3)],
        "rating_a": float(rng.choice([150.0, 300.0, 600.0])),
    }  # fmt: skip


def _load(rng: np.random.Generator, name: str, bus: str) -> dict[str, object]:
    kw = float(rng.uniform(50, 1200))
    return {
        "name": name, "bus": bus, "phases": "a b c g", "kv": KV, "p_kw": kw, "q_kvar": 0.3 * kw,
        "customers": int(rng.integers(1, 300)),
    }  # fmt: skip


def _battery(rng: np.random.Generator, name: str, bus: str) -> dict[str, object]:
    kw = float(rng.uniform(200, 3000))
    kwh = kw * float(rng.uniform(1.0, 8.0))
    return {
        "name": name, "bus": bus, "phases": "a b c g", "kv": KV, "rating_kw": kw,
        "rating_kva": 1.1 * kw, "capacity_kwh": kwh, "stored_kwh": kwh, "reserve_pct": 10.0,
        "grid_forming": True,
    }  # fmt: skip


def _switch(
    name: str, one: str, two: str, *, kind: str = "switch", remote: bool = True,
    is_open: bool = False,
) -> dict[str, object]:  # fmt: skip
    return {
        "name": name, "bus1": one, "bus2": two, "phases1": "a b c", "phases2": "a b c",
        "kind": kind, "remote": bool(remote),
        "interrupts": "fault" if kind == "breaker" else "load", "normally_open": is_open,
        "rating_a": 600.0,
    }  # fmt: skip
