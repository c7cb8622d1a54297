"""Islands: parts that no tie feeds, and whether a grid-forming resource could carry them.

A study: what could be done, with the steps and what speaks against it. No plan takes these steps,
since the rules judge what sources feed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray

from gridmend.interlock.limits import Gauge, Limits, excess_pu, read_off, sentence
from gridmend.model.grid import SINGULAR, Grid
from gridmend.model.plan import Action, Island, Step
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.foreseen import Foreseen, Point
from gridmend.operations.horizon import Horizon
from gridmend.operations.trial import Case
from gridmend.powerflow.network import Network

Flags = NDArray[np.bool_]

FORMING = ("storages", "generators")
"""Tables with a column `grid_forming`."""

_REACTANCE_PU = 0.01
"""Of the source that stands for an inverter which holds its voltage: next to nothing."""


@dataclass(frozen=True, slots=True)
class _Former:
    """A resource that may hold a voltage: what it gives, at most and in all."""

    element: str
    bus: int
    phases: str
    kv: float
    rating_kva: float
    power_kw: float
    energy_kwh: float


@dataclass(frozen=True, eq=False)
class _Stand:
    """A grid in which one resource is the only source."""

    grid: Grid
    network: Network
    topology: Topology


def islands(case: Case, final: Snapshot, begin_min: float) -> tuple[Island, ...]:
    """What each grid-forming resource could carry of what is dead at a plan's end, the fault's
    section left out; the largest of each dead part, the whole part or its own section.

    `begin_min` is when the plan's last step is done [min after the fault].
    """
    topology, cut = case.topology, case.isolation.sections
    formers = list(_formers(topology.grid))
    if not formers:
        return ()
    live = topology.energised_buses(final)
    pieces, _ = topology.pieces(topology.closed(final))
    faulted = np.append(case.isolation.zone, False)[cut.of_bus]
    largest: dict[int, _Former] = {}
    for one in formers:
        piece = int(pieces[one.bus])
        if live[one.bus] or (faulted & (pieces == piece)).any():
            continue
        if piece not in largest or one.power_kw > largest[piece].power_kw:
            largest[piece] = one
    found: list[Island] = []
    for piece, one in largest.items():
        whole = pieces == piece
        own = whole & (cut.of_bus == cut.of_bus[one.bus])
        made = [_studied(case, final, one, part, begin_min) for part in _parts(whole, own)]
        served = [island for island in made if island.customers]
        found += [next((i for i in served if i.holds), served[0])] if served else []
    return tuple(found)


def _parts(whole: Flags, own: Flags) -> Iterator[Flags]:
    yield whole
    if (own != whole).any():
        yield own


def _formers(grid: Grid) -> Iterator[_Former]:
    for name in FORMING:
        table = grid.table(name)
        for row in np.flatnonzero(table.flags("grid_forming") & table.flags("in_service")).tolist():
            record = table.record(str(table["name"][row]))
            rating_kva, energy_kwh = float(record["rating_kva"]), inf
            power_kw = rating_kva
            if name == "storages":
                power_kw = float(record["rating_kw"])
                kept = float(record["capacity_kwh"]) * float(record["reserve_pct"]) / 100
                stored = max(float(record["stored_kwh"]) - kept, 0.0)
                energy_kwh = stored * float(record["discharge_efficiency_pct"]) / 100
            yield _Former(
                f"{SINGULAR[name]}.{record['name']}",
                grid.buses.row(str(record["bus"])),
                " ".join(p for p in str(record["phases"]).lower().split() if p in "abc"),
                float(record["kv"]),
                rating_kva,
                power_kw,
                energy_kwh,
            )


def _studied(case: Case, final: Snapshot, one: _Former, part: Flags, begin_min: float) -> Island:
    """What comes of feeding a part [buses] from a resource until the repair."""
    grid = case.topology.grid
    horizon = case.outlook.horizon if case.outlook else Horizon()
    opening = _closed_at_border(case, final, part)
    steps = tuple(Step(Action.OPEN, name, "parts the island from the rest") for name in opening)
    begin_min += (len(steps) + 1) * horizon.timing.step_s / 60
    rows, nodes = case.topology.wiring.load_nodes
    inside = np.zeros(len(grid.loads), bool)
    inside[rows[part[case.topology.wiring.node_bus[nodes]]]] = True
    served = case.out & inside
    island = Island(
        former=one.element,
        steps=steps,
        customers=int(case.counts[served].sum()),
        power_kw=one.power_kw,
        energy_kwh=one.energy_kwh if isfinite(one.energy_kwh) else None,
        until_min=horizon.until_min,
    )
    if not (isfinite(one.power_kw) and one.power_kw > 0):
        return replace(island, why=f"what {one.element} may give is not known")
    if len(one.phases.split()) < 3:
        return replace(island, why=f"{one.element} has phases {one.phases} alone")
    stand = _standing(grid, one)
    there = _snapshot(stand, final.with_switches(grid, dict.fromkeys(opening, True)))
    foreseen = Foreseen(horizon, case.topology)
    out_min = np.where(served, begin_min, 0.0)
    points = foreseen.stands(0, (begin_min, inf), out_min, np.full(len(out_min), begin_min))
    states = [(point, _alone(foreseen.at(there, point))) for point in points]
    island = _judged(island, one, stand, states, case.limits)
    why = "holds the voltage of the island"
    start = Step(Action.SET_POWER, one.element, why, value=island.peak_kw)
    return replace(island, steps=(*steps, start))


def _judged(
    island: Island,
    one: _Former,
    stand: _Stand,
    states: list[tuple[Point, Snapshot]],
    limits: Limits,
) -> Island:
    """Solve each state of an island, and follow the energy from one to the next."""
    left_kwh, lasts_min = one.energy_kwh, inf
    room = limits.worse_v_pu
    limits = replace(limits, v_low_pu=limits.v_low_pu - room, v_high_pu=limits.v_high_pu + room)
    ends = [point.minute for point, _ in states[1:]] + [island.until_min]
    for (point, there), end in zip(states, ends, strict=True):
        flow = stand.network.solve(there, controls="static")
        if not flow.converged:
            return replace(island, why="no solution is found for it")
        s_kva = complex(-flow.power_kva("sources")[-1])
        reading = read_off(Gauge.of(stand.topology, flow.nodes, flow.terminals), flow, limits)
        worst = max(reading.violations, key=excess_pu, default=None)
        island = _widened(island, s_kva.real, reading.v_min_pu)
        if s_kva.real > one.power_kw or not abs(s_kva) <= one.rating_kva:
            why = f"it would give {s_kva.real:.0f} kW, {abs(s_kva):.0f} kVA"
            return replace(island, why=f"at {point.minute:.0f} min {why}, more than it may")
        if worst is not None:
            return replace(island, why=f"at {point.minute:.0f} min {sentence(worst)}")
        hours = max(end - point.minute, 0.0) / 60
        used_kwh = max(s_kva.real, 0.0) * hours
        if used_kwh > left_kwh and not isfinite(lasts_min):
            lasts_min = point.minute + 60 * left_kwh / s_kva.real
        left_kwh = max(left_kwh - used_kwh, 0.0)
    if isfinite(lasts_min):
        why = f"its energy lasts until {lasts_min:.0f} min after the fault"
        return replace(island, lasts_until_min=lasts_min, why=why)
    return replace(island, lasts_until_min=island.until_min, holds=True)


def _widened(island: Island, p_kw: float, v_min_pu: float | None) -> Island:
    known = [v for v in (island.v_min_pu, v_min_pu) if v is not None]
    return replace(
        island, peak_kw=max(island.peak_kw, p_kw), v_min_pu=min(known) if known else None
    )


def _closed_at_border(case: Case, final: Snapshot, part: Flags) -> list[str]:
    """Switches that conduct between a part [buses] and the rest."""
    grid = case.topology.grid
    ends = [part[[grid.buses.row(b) for b in grid.switches.texts(e)]] for e in ("bus1", "bus2")]
    rows = np.flatnonzero((ends[0] != ends[1]) & (final.open_phases == 0))
    return [str(grid.switches["name"][row]) for row in rows.tolist()]


def _standing(grid: Grid, one: _Former) -> _Stand:
    x_ohm = _REACTANCE_PU * 1000 * one.kv**2 / one.rating_kva
    source = {
        "name": f"island of {one.element}",
        "bus": str(grid.buses["name"][one.bus]),
        "phases": one.phases,
        "base_kv": one.kv,
        "x1_ohm": x_ohm,
        "x0_ohm": x_ohm,
    }
    there = grid.with_changed(one.element, in_service=False).with_rows("sources", source)
    return _Stand(there, Network.of(there), Topology.of(there))


def _snapshot(stand: _Stand, final: Snapshot) -> Snapshot:
    """Positions and demand of a snapshot, with the island's source alone on."""
    on = np.zeros(len(stand.grid.sources), bool)
    on[-1] = True
    return final.with_sources(on)


def _alone(snapshot: Snapshot) -> Snapshot:
    """Without what other resources give: they may trip as the network is lost."""
    names = ("generator_kw", "generator_kvar", "pv_kw", "pv_kvar", "storage_kw", "storage_kvar")
    return replace(snapshot, **{name: np.zeros(len(getattr(snapshot, name))) for name in names})
