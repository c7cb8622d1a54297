"""What a flow says in a planner's terms: rows a node, rows an element, and the summary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.model.flow import Flow, Terminals
from gridmend.model.grid import SINGULAR, Grid
from gridmend.powerflow.legs import INJECTED

_SERIES = ("lines", "switches", "transformers")
"""Elements whose consumption is loss whatever they join."""

LIVE_PU = 0.1
"""Below this a node counts as dead in the extremes of a summary."""


@dataclass(frozen=True, slots=True)
class Losses:
    """What the network itself consumes, shunt capacitors and reactors left out."""

    kw: float
    kvar: float


def losses(grid: Grid, flow: Flow) -> Losses:
    """Losses of lines, switches, transformers, and of reactors and capacitors in series."""
    total = sum((complex(np.sum(flow.power_kva(t))) for t in _SERIES), 0j)
    for table in ("reactors", "capacitors", "faults"):
        rows = grid.table(table)
        power = flow.power_kva(table)
        for row, s in enumerate(power):
            if rows["bus1"][row].lower() != rows["bus2"][row].lower():
                total += complex(s)
    return Losses(total.real, total.imag)


def load_kva(flow: Flow) -> complex:
    """What loads take [kVA]."""
    return complex(np.sum(flow.power_kva("loads")))


def source_kva(flow: Flow) -> complex:
    """What sources give at their bus [kVA]."""
    return -complex(np.sum(flow.power_kva("sources")))


def summary(grid: Grid, flow: Flow) -> dict[str, Any]:
    """The answer of `gridmend solve --json`, but for the seconds."""
    v_pu = np.where(flow.v_pu > LIVE_PU, flow.v_pu, np.nan)
    known = np.isfinite(v_pu)
    lost, load, source = losses(grid, flow), load_kva(flow), source_kva(flow)
    lowest = int(np.nanargmin(v_pu)) if known.any() else -1
    return {
        "converged": flow.converged,
        "iterations": flow.iterations,
        "mismatch_pu": flow.mismatch_pu,
        "v_min_pu": float(np.nanmin(v_pu)) if known.any() else None,
        "v_max_pu": float(np.nanmax(v_pu)) if known.any() else None,
        "worst_bus": _worst_bus(grid, flow, lowest),
        "load_kw": load.real,
        "load_kvar": load.imag,
        "source_kw": source.real,
        "source_kvar": source.imag,
        "loss_kw": lost.kw,
        "loss_kvar": lost.kvar,
        "control_iterations": flow.control_iterations,
        "controls_settled": flow.controls_settled,
        "de_energised_nodes": int(np.sum(~flow.energised)),
        **flow.snapshot.positions(grid),
    }


def _worst_bus(grid: Grid, flow: Flow, lowest: int) -> str:
    """Where the voltage is lowest; where the solve failed, where it moved most."""
    if not flow.converged or lowest < 0:
        return flow.worst_bus
    return str(grid.buses["name"][flow.nodes.bus[lowest]])


def node_rows(grid: Grid, flow: Flow) -> Iterator[tuple[str, str, float, float, float]]:
    """`bus, phase, v_pu, angle_deg, v_kv` of every node, by bus."""
    names = grid.buses["name"]
    v_pu, angle = flow.v_pu, np.degrees(np.angle(flow.v_v))
    v_kv = np.abs(flow.v_v) / 1e3
    for at in np.lexsort((flow.nodes.phase.astype(str), flow.nodes.bus)).tolist():
        yield (
            str(names[flow.nodes.bus[at]]),
            str(flow.nodes.phase[at]),
            float(v_pu[at]),
            float(angle[at]),
            float(v_kv[at]),
        )


def ratings(grid: Grid, flow: Flow) -> Floats:
    """[terminals] current rating [A]; nan where it is unknown or does not apply."""
    return terminal_ratings(grid, flow.terminals)


def terminal_ratings(grid: Grid, terminals: Terminals) -> Floats:
    """The same of a network's terminals."""
    rating = np.full(len(terminals.node), np.nan)
    for table in ("lines", "switches", "reactors"):
        here = terminals.of(table)
        rating[here] = amperes(grid, table)[terminals.row[here]]
    here = terminals.of("transformers")
    keys, known = _winding_amperes(grid)
    wanted = _winding_key(terminals.row[here], terminals.terminal[here])
    at = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    if len(keys):
        rating[here] = np.where(keys[at] == wanted, known[at], np.nan)
    rating[terminals.phase == "g"] = np.nan
    return rating


def amperes(grid: Grid, table: str, *, emergency: bool = False) -> Floats:
    """[rows] rating of lines, switches or reactors [A]: own, else of code, else of geometry."""
    column = "emergency_rating_a" if emergency else "rating_a"
    rows = grid.table(table)
    own = rows.numbers(column).copy()
    if table == "lines":
        for reference, other in (("line_code", grid.line_codes), ("geometry", grid.geometries)):
            limits = other.numbers(column)
            missing, names = np.isnan(own), rows.texts(reference)
            known = {name: limits[other.row(name)] for name in set(names) if name}
            own[missing] = [known.get(names[row], np.nan) for row in np.flatnonzero(missing)]
    return own


def _winding_key(transformer: Ints, number: Ints) -> Ints:
    """One number for a transformer's row and a winding of it, from 1."""
    return transformer * 64 + number


def _winding_amperes(grid: Grid) -> tuple[Ints, Floats]:
    """In order the key of each winding, and the rated current of a conductor of it [A]."""
    w, t = grid.windings, grid.transformers
    index = t.index
    row = np.array([index[name.lower()] for name in w.texts("transformer")], np.int64)
    kva, kv = w.numbers("kva"), w.numbers("kv")
    first = np.zeros(len(t))
    first[row[::-1]] = kva[::-1]
    phases, of_first = t.counts("phase_count")[row], first[row]
    share = np.where(of_first > 0, kva / np.where(of_first > 0, of_first, 1.0), 1.0)
    volts = kv / np.select([phases == 3, phases == 2], [3**0.5, 3**0.5], 1.0)
    known = t.numbers("rating_kva")[row] * share / phases / volts
    key = _winding_key(row, w.counts("number"))
    order = np.argsort(key, kind="stable")
    return key[order], known[order]


def element_rows(
    grid: Grid, flow: Flow
) -> Iterator[tuple[str, int, str, float, float, float, float, float]]:
    """`element, terminal, phase, p_kw, q_kvar, i_a, rating_a, loading_pct` of every conductor."""
    terminals = flow.terminals
    s, i_a, rating = flow.s_kva, np.abs(flow.i_a), ratings(grid, flow)
    names = {t: grid.table(t)["name"] for t in set(terminals.table.tolist())}
    for at in range(len(terminals.node)):
        table, row = str(terminals.table[at]), int(terminals.row[at])
        if table in INJECTED and terminals.phase[at] == "g":
            continue
        yield (
            f"{SINGULAR[table]}.{names[table][row]}",
            int(terminals.terminal[at]),
            str(terminals.phase[at]),
            float(s[at].real),
            float(s[at].imag),
            float(i_a[at]),
            float(rating[at]),
            float(100 * i_a[at] / rating[at]) if rating[at] > 0 else float("nan"),
        )
