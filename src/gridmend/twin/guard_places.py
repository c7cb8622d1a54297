"""Where a grid has protective devices, and settings for those that nobody gave any."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import numpy as np

from gridmend.model.arrays import Ints
from gridmend.model.flow import Flow
from gridmend.model.islanding import capacities_kva
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.powerflow.network import Network
from gridmend.twin.protection.curves import OPENDSS, STANDARD, Curve
from gridmend.twin.protection.fuse import FuseSettings
from gridmend.twin.protection.sectionaliser import SectionaliserSettings
from gridmend.twin.protection.settings import RecloserSettings, RelaySettings

Settings = RecloserSettings | FuseSettings | SectionaliserSettings

GUARDING = ("breaker", "recloser", "fuse", "sectionaliser")
"""Kinds of switch that act by themselves."""

# All assumed, for devices whose settings nobody gave. A pickup above the load that flows through,
# and that a source may have to carry, so that no load trips; a dial that grows towards the source,
# so that the nearer one waits.
_PICKUP_SHARE, _LEAST_PICKUP_A, _LEAST_AT_KV = 2.5, 100.0, 12.47
_GROUND_SHARE, _RESIDUAL_SHARE = 0.5, 2.5
_DIAL, _DIAL_STEP = 0.5, 0.5
_RECLOSE_S = (0.5, 15.0)
_OPEN_S = 0.05
_FUSE_SHARE, _LEAST_FUSE_A = 1.5, 25.0
_ACTUATING_SHARE = 0.8  # of the pickup of a recloser there, so that it counts all that one trips on

Place = tuple[str, int, str]
"""Table, row and name."""


def places_of(
    network: Network, topology: Topology, snapshot: Snapshot, told: Collection[str] = ()
) -> list[Place]:
    """Every switch that guards by its kind or is `told` by its lower-case name, the first behind
    each source, and every source."""
    grid = network.grid
    kinds, names = grid.switches.texts("kind"), grid.switches.texts("name")
    there = network.primitives.place["switches"] >= 0
    guards = [
        kind in GUARDING or name.lower() in told for kind, name in zip(kinds, names, strict=True)
    ]
    rows = [k for k, does in enumerate(guards) if does and there[k]]
    found = [("switches", k, str(names[k])) for k in rows]
    first = _first_switches(topology, snapshot)
    found += [("switches", k, str(names[k])) for k in first if k not in rows and there[k]]
    sources = np.flatnonzero(network.primitives.place["sources"] >= 0).tolist()
    return found + [("sources", k, str(grid.sources["name"][k])) for k in sources]


def _first_switches(topology: Topology, snapshot: Snapshot) -> list[int]:
    """Closed switches with no other on their way to the source: each stands for the breaker of its
    feeder, which models leave out. Behind a breaker of the model none is the first."""
    grid = topology.grid
    kinds, names = grid.switches.texts("kind"), grid.switches.texts("name")
    found: list[int] = []
    for row, name in enumerate(names):
        if kinds[row] in GUARDING or snapshot.open_phases[row]:
            continue
        up = topology.up(snapshot, f"switch.{name}")
        is_fed = topology.energised(snapshot)[topology.nodes_of(f"switch.{name}")].any()
        if is_fed and not (topology.wiring.branch_table[up] == "switches").any():
            found.append(row)
    return found


def levels_of(
    topology: Topology, snapshot: Snapshot, places: list[Place]
) -> dict[tuple[str, int], int]:
    """How many devices lie one behind the other from each on, away from the source."""
    switches = {row: name for table, row, name in places if table == "switches"}
    levels = {(table, row): 0 for table, row, _ in places}
    highest = 0
    for name in switches.values():
        up = topology.up(snapshot, f"switch.{name}")
        tables, rows = topology.wiring.branch_table[up], topology.wiring.branch_row[up]
        chain = [
            int(r) for t, r in zip(tables, rows, strict=True) if t == "switches" and r in switches
        ]
        for depth, row in enumerate(chain, 1):
            levels["switches", row] = max(levels["switches", row], depth)
        highest = max(highest, len(chain) + 1)
    return levels | {(t, r): highest for t, r, _ in places if t == "sources"}


def assumed(network: Network, flow: Flow, place: Place, at: Ints, level: int) -> Settings:
    """Settings of a device that nobody gave."""
    table, row, name = place
    switches, n = network.grid.switches, len(at)
    kind = str(switches["kind"][row]) if table == "switches" else "breaker"
    load_a = float(np.abs(flow.i_a[at]).max(initial=0.0))
    least_a = _LEAST_PICKUP_A
    if table == "sources":
        load_a = max(load_a, _carries_a(network, flow, row))
        # On the high side of a substation a fault of its feeders is a small current.
        base_kv = float(network.grid.sources.numbers("base_kv")[row])
        least_a *= min(1.0, _LEAST_AT_KV / base_kv)
    known_a = float(switches.numbers("pickup_a")[row]) if table == "switches" else math.nan
    pickup_a = known_a if known_a > 0 else max(_PICKUP_SHARE * load_a, least_a)
    if kind == "fuse":
        rated_a = float(switches.numbers("rating_a")[row])
        rated_a = rated_a if rated_a > 0 else max(_FUSE_SHARE * load_a, _LEAST_FUSE_A)
        return FuseSettings(name, rated_a, OPENDSS["klink"], conductors=n)
    if kind == "sectionaliser":
        return SectionaliserSettings(name, _ACTUATING_SHARE * pickup_a, conductors=n)
    residual_a = abs(complex(flow.i_a[at].sum()))
    # Where poles open by themselves, load has as much residual current as one phase carries.
    share = _GROUND_SHARE if switches.flags("ganged").all() else 1.0
    ground_a = max(share * pickup_a, _RESIDUAL_SHARE * residual_a)
    slow = STANDARD["ieee_very_inverse"].set_to(dial=_DIAL + _DIAL_STEP * level)
    common: dict[str, Any] = {
        "name": name, "phase_pickup_a": pickup_a, "phase_slow_curve": slow,
        "ground_pickup_a": ground_a, "ground_slow_curve": slow, "open_s": _OPEN_S, "conductors": n,
    }  # fmt: skip
    if table == "sources":
        return RelaySettings(**common)
    if not switches.flags("ganged")[row]:
        # Residual current would have all poles trip, and load has it once one is open.
        common |= {"single_phase": True, "three_phase_lock_out": False,
                   "ground_pickup_a": math.inf, "ground_slow_curve": None}  # fmt: skip
    if kind == "recloser":
        common |= {"fast_shots": 1, "phase_fast_curve": OPENDSS["a"]}
    return RecloserSettings(**common, shots=len(_RECLOSE_S) + 1, reclose_s=_RECLOSE_S)


def _carries_a(network: Network, flow: Flow, row: int) -> float:
    """The current that a source must carry [A]: by its capacity, or, where that is unknown, all
    load of the network, which ties may bring to it."""
    sources = network.grid.sources
    kva = float(capacities_kva(network.grid)[row])
    if not kva > 0:
        kva = float(np.hypot(flow.snapshot.load_kw.sum(), flow.snapshot.load_kvar.sum()))
    return kva / (math.sqrt(3) * float(sources.numbers("base_kv")[row]))


def in_words(settings: Settings) -> str:
    """The settings in a few words."""
    if isinstance(settings, FuseSettings):
        return f"a K link of {settings.rated_a:.0f} A"
    if isinstance(settings, SectionaliserSettings):
        return f"{settings.counts} counts above {settings.actuating_a:.0f} A"
    slow: Curve = settings.phase_slow_curve
    return (
        f"{settings.phase_pickup_a:.0f} A, {settings.ground_pickup_a:.0f} A to ground, {slow.name}"
        f" at {slow.dial:g}, {settings.shots} trips to lock-out"
    )
