"""What flows in a one-line diagram: currents, powers, voltages, taps and steps, calculated."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.model.flow import Flow
from gridmend.model.snapshot import controlled_winding, step_of_tap
from gridmend.runtime.live.oneline.sketch import Sheet
from gridmend.runtime.live.operating import finite
from gridmend.runtime.live.views import Views

_NO_POWER = ("n", "g")


def figures(views: Views, sheet: Sheet) -> dict[str, Any]:
    """What is known now of the devices and pieces of a diagram.

    A power is what flows in at the end nearer to the supply [kW], a current the largest of all
    conductors [A], a voltage the lowest of live phases [pu]. Where the flow did not converge
    these are None.
    """
    kernel = views.course.room.kernel
    flow = kernel.flow()
    return {
        "time": views.course.now,
        "converged": flow.converged,
        "source": "calculated",
        "devices": _devices(views, sheet, flow),
        "pieces": _pieces(views, sheet, flow),
    }


def _devices(views: Views, sheet: Sheet, flow: Flow) -> list[dict[str, Any]]:
    """One row a device; those beside it are taken together."""
    g = views.geometry
    rows = [(k, element, bus) for k, (element, others, bus) in enumerate(sheet.devices)
            for element in (element, *others)]  # fmt: skip
    number, element, bus = np.array(rows, np.int64).reshape(-1, 3).T
    # One beside it may end at another bus of the same piece.
    near = np.where(sheet.owner[g.bus1[element]] == sheet.owner[bus], 1, g.terminal[element])
    i_a = np.zeros(len(sheet.devices))
    s_kva = np.zeros(len(sheet.devices), np.complex128)
    known = np.zeros(len(sheet.devices), bool)
    if flow.converged:
        power_kva, amps = flow.s_kva, np.abs(flow.i_a)
        for which, at in _terminals(views, flow, element, near):
            k = number[which]
            known[k] = True
            i_a[k] = max(i_a[k], float(amps[at].max(initial=0.0)))
            s_kva[k] += power_kva[at].sum()
    taps, steps = _taps(views, flow), _steps(views, flow)
    found: list[dict[str, Any]] = []
    for k, (one, others, bus) in enumerate(sheet.devices):
        rows = [(str(g.table[e]), int(g.row[e])) for e in (one, *others)]
        on = [steps[row] for row in rows if row in steps]
        found.append({
            "key": g.names[one],
                "at": str(sheet.ids[int(sheet.owner[bus])]),
            "i_a": finite(i_a[k]) if known[k] else None,
            "p_kw": finite(s_kva[k].real) if known[k] else None,
                "q_kvar": finite(s_kva[k].imag) if known[k] else None,
            "taps": [taps[row] for row in rows if row in taps],
            "steps_on": sum(a for a, _ in on) if on else None,
            "steps": sum(b for _, b in on) if on else None,
        })  # fmt: skip
    return found


def _terminals(views: Views, flow: Flow, element: Ints, near: Ints) -> list[tuple[int, Ints]]:
    """For each element with conductors there: its place in the list, and these of the flow."""
    g, terminals = views.geometry, flow.terminals
    found: list[tuple[int, Ints]] = []
    for table in sorted({str(name) for name in g.table[element]}):
        at = terminals.of(table)
        at = at[~np.isin(terminals.phase[at], _NO_POWER)]
        order = np.argsort(terminals.row[at], kind="stable")
        at = at[order]
        row = terminals.row[at]
        for which in np.flatnonzero(g.table[element] == table).tolist():
            low, high = np.searchsorted(row, [g.row[element[which]], g.row[element[which]] + 1])
            here = at[low:high]
            here = here[terminals.terminal[here] == near[which]]
            if len(here):
                found.append((which, here))
    return found


def _taps(views: Views, flow: Flow) -> dict[tuple[str, int], int]:
    """The step of each transformer that a control moves, by table and row."""
    grid, found = views.course.grid, dict[tuple[str, int], int]()
    for at, name in enumerate(grid.tap_controls["transformer"]):
        winding = controlled_winding(grid, at)
        step = step_of_tap(grid.windings, winding, float(flow.snapshot.tap_pu[winding]))
        found["transformers", grid.transformers.row(str(name))] = step
    return found


def _steps(views: Views, flow: Flow) -> dict[tuple[str, int], tuple[int, int]]:
    """Steps that are on and steps that there are, of each capacitor."""
    on, each = flow.snapshot.steps_on, views.course.grid.capacitors["step_kvar"]
    return {("capacitors", row): (int(on[row]), len(kvar)) for row, kvar in enumerate(each)}


def _pieces(views: Views, sheet: Sheet, flow: Flow) -> list[dict[str, Any]]:
    """The lowest voltage of each piece, its customers, and how many of them are out."""
    kernel, count = views.course.room.kernel, len(sheet.ids)
    topology = kernel.bench.site.topology
    live = topology.energised(kernel.situation.snapshot)
    lowest = np.full(count, np.nan)
    if flow.converged:
        nodes = views.coder.at_flow(live) & ~np.isin(flow.nodes.phase, _NO_POWER)
        # Of a piece without load, whatever is live in it.
        lowest = _least(sheet, flow, nodes & views.figures.served)
        lowest = np.where(np.isnan(lowest), _least(sheet, flow, nodes), lowest)
    grid = views.course.grid
    at = sheet.owner[[grid.buses.row(str(bus)) for bus in grid.loads["bus"]]]
    out, customers = views.out(live), views.figures.customers
    is_live = np.zeros(count, bool)
    owner = sheet.owner[topology.wiring.node_bus[live]]
    is_live[owner[owner >= 0]] = True
    total, dark = (
        np.bincount(at[which], customers[which], minlength=count).astype(np.int64)
        for which in (at >= 0, (at >= 0) & out)
    )
    return [
        {"id": str(one), "v_min_pu": finite(lowest[k]), "customers": int(total[k]),
         "customers_out": int(dark[k]), "energised": bool(is_live[k])}
        for k, one in enumerate(sheet.ids)
    ]  # fmt: skip


def _least(sheet: Sheet, flow: Flow, nodes: Any) -> Floats:
    """[pieces] the lowest voltage of some nodes [pu]; nan where a piece has none."""
    rows = np.flatnonzero(nodes)
    owner = sheet.owner[flow.nodes.bus[rows]]
    found = np.full(len(sheet.ids), np.inf)
    np.minimum.at(found, owner[owner >= 0], flow.v_pu[rows[owner >= 0]])
    return np.where(np.isfinite(found), found, np.nan)
