"""What a page shows of one device: its figures, what hangs on it, what feeds it, and its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gridmend.model.arrays import Ints
from gridmend.model.customers import customer_counts
from gridmend.model.errors import GridmendError
from gridmend.model.flow import Flow
from gridmend.model.grid import SINGULAR
from gridmend.runtime.live.operating import finite, selected_by
from gridmend.runtime.live.views import Views

FOUND_MOST = 100
"""Names that one search gives."""
_CARRY = ("lines", "switches", "transformers", "reactors", "sources", "capacitors")


def element(views: Views, key: str) -> dict[str, Any]:
    """All that is shown of an element or bus. Raises `GridError` where it is not there."""
    kernel = views.course.room.kernel
    grid, situation, geometry = kernel.grid, kernel.situation, views.geometry
    if key.lower().startswith("bus."):
        return _bus(views, key)
    folded = grid.key(key)
    table, row = _place(views, folded)
    index = geometry.index.get(folded)
    flow, site = kernel.flow(), kernel.bench.site
    found: dict[str, Any] = {
        "key": folded,
        "name": str(grid.table(table)["name"][row]),
        "kind": geometry.kinds[geometry.kind[index]] if index is not None else SINGULAR[table],
        "index": index,
        **_ends(views, table, row, index),
        "area": situation.area_of(folded),
        **_position(views, table, row),
        "length_m": float(grid.lines["length_m"][row]) if table == "lines" else None,
        **_measures(views, flow, table, row),
        "source": "calculated",
        "converged": flow.converged,
        "customers_downstream": _downstream(views, folded)[1],
        "tags": [
            {"id": tag.id, "kind": tag.kind, "holder": tag.holder,
             "reason": views.chronicle.reasons.get(tag.id, "")}
            for tag in situation.tags_on(folded)
        ],
        "selected_by": selected_by(
            situation, folded, kernel.now_s, kernel.bench.policy.select_s
        ),
        "command": situation.busy.get(folded, ""),
        "faulted": bool({folded, f"switch.{folded}"} & {f.lower() for f in situation.faults}),
    }  # fmt: skip
    buses = {found["bus1"].lower(), found["bus2"].lower()}
    found["grounds"] = _grounds(views, buses)
    nodes = site.topology.nodes_of(_full(views, folded))
    found["energised"] = bool(site.topology.energised(situation.snapshot)[nodes].any())
    return found


def _grounds(views: Views, buses: set[str]) -> list[dict[str, str]]:
    grounds = views.course.room.kernel.situation.grounds.values()
    return [
        {"id": one.id, "bus": one.bus, "holder": one.holder}
        for one in grounds
        if one.bus.lower().removeprefix("bus.") in buses
    ]


def _bus(views: Views, key: str) -> dict[str, Any]:
    kernel = views.course.room.kernel
    grid, flow = kernel.grid, kernel.flow()
    row = grid.buses.row(key.partition(".")[2])
    name = str(grid.buses["name"][row])
    here = np.flatnonzero(flow.nodes.bus == row)
    return {
        "key": f"bus.{name.lower()}", "name": name, "kind": "bus", "index": None, "bus1": name,
        "bus2": name, "base_kv": finite(grid.buses["base_kv"][row]),
        "v_pu": _by_phase(views, flow, here) if flow.converged else {},
        "source": "calculated", "converged": flow.converged, "tags": [],
        "grounds": _grounds(views, {name.lower()}),
        "energised": bool(_fed(views)[here].any()),
    }  # fmt: skip


def _fed(views: Views) -> Any:
    """[nodes of the flow] whether a source feeds each."""
    kernel = views.course.room.kernel
    return views.coder.at_flow(kernel.bench.site.topology.energised(kernel.situation.snapshot))


def _by_phase(views: Views, flow: Flow, nodes: Ints) -> dict[str, float]:
    fed = _fed(views)
    return {str(flow.nodes.phase[k]): float(flow.v_pu[k]) for k in nodes.tolist() if fed[k]}


def _place(views: Views, key: str) -> tuple[str, int]:
    grid = views.course.grid
    row = grid.switches.index.get(key)
    return ("switches", row) if row is not None else grid.find(key)


def _full(views: Views, key: str) -> str:
    """A key with its class, which is told apart from all others."""
    return f"switch.{key}" if key in views.course.grid.switches.index else key


def _ends(views: Views, table: str, row: int, index: int | None) -> dict[str, Any]:
    grid, geometry = views.course.grid, views.geometry
    rows = grid.table(table)
    if index is not None:
        one, two = (geometry.buses[int(b[index])] for b in (geometry.bus1, geometry.bus2))
        number = int(geometry.feeder[index])
        label = geometry.feeders[number] if number < len(geometry.feeders) else ""
    else:
        at = "bus" if any(c.name == "bus" for c in rows.schema.columns) else "bus1"
        one = two = str(rows[at][row])
        label = ""
    names = {c.name for c in rows.schema.columns}
    phases = next((str(rows[n][row]) for n in ("phases", "phases1") if n in names), "")
    return {"bus1": one, "bus2": two, "phases": phases, "feeder": label}


def _position(views: Views, table: str, row: int) -> dict[str, Any]:
    """Where a switch or source stands, and how well that is known."""
    kernel = views.course.room.kernel
    situation, grid = kernel.situation, kernel.grid
    if table == "sources":
        on = bool(situation.snapshot.source_on[row])
        used = bool(grid.sources.flags("normally_used")[row])
        return {
            "position": "closed" if on else "open", "normal": "closed" if used else "open",
            "position_known": True, "remote": True, "heard_age_s": None, "locked_out": False,
        }  # fmt: skip
    if table != "switches":
        nothing = dict.fromkeys(("position", "normal", "heard_age_s"))
        return {**nothing, "position_known": True, "remote": False, "locked_out": False}
    is_open = bool(situation.snapshot.open_phases[row])
    normal = bool(grid.switches.flags("normally_open")[row])
    age_s = kernel.now_s - float(situation.heard_s[row])
    return {
        "position": "open" if is_open else "closed", "normal": "open" if normal else "closed",
        "position_known": bool(situation.position_known[row]),
        "remote": bool(grid.switches.flags("remote")[row]),
        "heard_age_s": finite(age_s), "locked_out": bool(situation.locked_out[row]),
        "open_phases": int(situation.snapshot.open_phases[row]),
    }  # fmt: skip


def _measures(views: Views, flow: Flow, table: str, row: int) -> dict[str, Any]:
    """Current, power, loading and voltage at the first terminal, calculated."""
    nothing = {"rating_a": None, "i_a": {}, "p_kw": None, "q_kvar": None, "loading_pct": None}
    at = flow.terminals.of(table, row)
    if not len(at) or not flow.converged:
        return {**nothing, "v_pu": {}}
    rating = views.coder.rating_a[at]
    first = at[flow.terminals.terminal[at] == 1]
    live = first[~np.isin(flow.terminals.phase[first], ("n", "g"))]
    i_a = np.abs(flow.i_a)
    s = flow.s_kva[first].sum() * (-1 if table in ("sources", *_GIVES) else 1)
    known = np.isfinite(rating) & (rating > 0)
    pct = 100 * i_a[at][known] / rating[known]
    nodes = flow.terminals.node[live]
    return {
        "rating_a": float(rating[known].min()) if known.any() else None,
        "i_a": {str(flow.terminals.phase[k]): float(i_a[k]) for k in live.tolist()},
        "p_kw": float(s.real),
        "q_kvar": float(s.imag),
        "loading_pct": float(pct.max()) if known.any() else None,
        "v_pu": _by_phase(views, flow, nodes[nodes >= 0]),
    }


_GIVES = ("generators", "pv_systems", "storages")


def _downstream(views: Views, key: str) -> tuple[Any, int, float]:
    """[nodes] what would lose its supply without a device, with customers and load [kW]."""
    kernel = views.course.room.kernel
    topology, snapshot = kernel.bench.site.topology, kernel.situation.snapshot
    lost, _ = topology.down(snapshot, _full(views, key))
    live = topology.energised(snapshot)
    out = topology.supplied(live) & ~topology.supplied(live & ~lost)
    load_kw = float(kernel.flow().snapshot.load_kw[out].sum())
    return lost, int(customer_counts(kernel.grid)[out].sum()), load_kw


def trace(views: Views, key: str, direction: str) -> dict[str, Any]:
    """The rows of the geometry between a device and what feeds it, or behind it."""
    kernel = views.course.room.kernel
    topology, snapshot = kernel.bench.site.topology, kernel.situation.snapshot
    folded = key.lower() if key.lower().startswith("bus.") else kernel.grid.key(key)
    full, places = _full(views, folded), views.coder.places
    if direction not in ("up", "down"):
        raise GridmendError(f"there is no direction '{direction}'", mend="give up or down")
    if direction == "up":
        branches = topology.up(snapshot, full)
        rows = np.flatnonzero(np.isin(places.branch, branches) & (places.branch >= 0))
        fed = topology.fed_by(snapshot)[topology.nodes_of(full)]
        sources = np.flatnonzero(np.isin(views.coder.source, fed[fed >= 0]))
        elements = np.concatenate([rows, sources])
        return {"elements": elements.tolist(), "customers": None, "load_kw": None}
    _, branches = topology.down(snapshot, full)
    lost, customers, load_kw = _downstream(views, folded)
    buses = np.zeros(len(kernel.grid.buses), bool)
    buses[topology.wiring.node_bus[lost]] = True
    points = (
        (places.branch < 0)
        & buses[views.geometry.bus1]
        & ~np.isin(views.geometry.table, ("lines", "switches", "transformers", "reactors"))
    )
    rows = np.flatnonzero((np.isin(places.branch, branches) & (places.branch >= 0)) | points)
    return {"elements": rows.tolist(), "customers": customers, "load_kw": load_kw}


def search(views: Views, text: str, limit: int) -> tuple[Mapping[str, Any], ...]:
    """Elements, then buses, whose name holds a text: equal ones first, then those that begin so."""
    wanted = text.strip().lower()
    if not wanted:
        return ()
    geometry, most = views.geometry, max(min(limit, FOUND_MOST), 1)
    found: list[tuple[int, int, str, int, bool]] = []
    for names, is_bus in ((geometry.names, False), (views.bus_keys, True)):
        for k, name in enumerate(names):
            if wanted in name:
                bare = name.partition(".")[2] or name
                rank = 0 if wanted in (name, bare) else 1 if bare.startswith(wanted) else 2
                found.append((rank, len(name), name, k, is_bus))
    found.sort()
    rows: dict[str, Mapping[str, Any]] = {}
    for _, _, name, k, is_bus in found:
        rows.setdefault(name, _hit(views, name, k, is_bus=is_bus))
        if len(rows) >= most:
            break
    return tuple(rows.values())


def _hit(views: Views, name: str, k: int, *, is_bus: bool) -> dict[str, Any]:
    geometry = views.geometry
    if is_bus:
        x, y = views.bus_xy[k]
        return {"key": name, "kind": "bus", "name": geometry.buses[k], "index": None,
                "x": float(x), "y": float(y)}  # fmt: skip
    x0, y0, x1, y1 = geometry.xy[k].tolist()
    grid = views.course.grid
    shown = str(grid.table(str(geometry.table[k]))["name"][int(geometry.row[k])])
    return {"key": name, "kind": geometry.kinds[geometry.kind[k]], "name": shown, "index": k,
            "x": (x0 + x1) / 2, "y": (y0 + y1) / 2}  # fmt: skip
