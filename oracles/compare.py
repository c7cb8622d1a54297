"""How far a flow is from the peer's: voltages, losses, element powers, positions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.powerflow.results import losses
from oracles.opendss import Peer, node_key

LIVE_PU = 0.1
"""Nodes below this are not compared: what floats there is noise in both."""

DEFAULT_A = 400.0
"""OpenDSS's rating of a line that names none; only a scale here."""


@dataclass(frozen=True)
class Difference:
    """Largest differences, and where: magnitudes in pu, angles in degrees, losses in per cent."""

    nodes: int
    missing: int
    magnitude_pu: float
    angle_deg: float
    worst_node: str
    loss_pct: float
    power_share: float
    worst_element: str


def difference(grid: Grid, flow: Flow, peer: Peer) -> Difference:
    """Every node above `LIVE_PU` of either, every element that both have."""
    magnitude = angle = 0.0
    worst, count = "", 0
    ours: set[str] = set()
    for node in range(len(flow.v_v)):
        key = node_key(grid, int(flow.nodes.bus[node]), str(flow.nodes.phase[node]))
        ours.add(key)
        base = float(flow.nodes.base_v[node])
        mine, other = complex(flow.v_v[node]), peer.v_v.get(key, 0j)
        if abs(other) / base < LIVE_PU and abs(mine) / base < LIVE_PU:
            continue
        count += 1
        by = abs(abs(mine) - abs(other)) / base
        if by >= magnitude:
            magnitude, worst = by, key
        turn = np.angle(mine * np.conj(other), deg=True)
        angle = max(angle, abs(float(turn)))
    missing = sum(1 for key in peer.v_v if key not in ours)
    lost = losses(grid, flow).kw
    share, element = _powers(grid, flow, peer)
    loss_pct = 100 * abs(lost - peer.loss_kw) / max(abs(peer.loss_kw), 1e-9)
    return Difference(count, missing, magnitude, angle, worst, loss_pct, share, element)


_CLASSES = {
    "lines": "line",
    "switches": "line",
    "transformers": "transformer",
    "loads": "load",
    "capacitors": "capacitor",
    "reactors": "reactor",
    "generators": "generator",
    "pv_systems": "pvsystem",
    "storages": "storage",
}


def _powers(grid: Grid, flow: Flow, peer: Peer) -> tuple[float, str]:
    """Largest difference of an element's power at its first terminal, over rating or load."""
    worst, where = 0.0, ""
    t = flow.terminals
    s = flow.s_kva
    for table, word in _CLASSES.items():
        rows = grid.table(table)
        here = (t.table == table) & (t.terminal == 1)
        size = len(rows)
        total = np.bincount(t.row[here], s.real[here], size) + 1j * np.bincount(
            t.row[here], s.imag[here], size
        )
        for row, name in enumerate(rows["name"]):
            other = peer.powers_kva.get(f"{word}.{name.lower()}")
            if other is None:
                continue
            first = complex(other[0])
            scale = _scale(grid, table, row, abs(first))
            by = abs(complex(total[row]) - first) / scale
            if by > worst:
                worst, where = by, f"{word}.{name}"
    return worst, where


def _scale(grid: Grid, table: str, row: int, seen_kva: float) -> float:
    rows = grid.table(table)
    if table == "transformers":
        rating = float(rows["rating_kva"][row])
        return rating if rating > 0 else max(seen_kva, 1.0)
    if table == "loads":
        return max(abs(complex(rows["p_kw"][row], rows["q_kvar"][row])), 1e-3)
    if table in ("lines", "switches"):
        bus = grid.buses.row(rows["bus1"][row])
        rating = rows["rating_a"][row]
        if not rating > 0 and table == "lines" and rows["line_code"][row]:
            rating = grid.line_codes["rating_a"][grid.line_codes.row(rows["line_code"][row])]
        amperes = float(rating) if rating > 0 else DEFAULT_A
        return amperes * float(grid.buses["base_kv"][bus])
    return max(seen_kva, 1.0)
