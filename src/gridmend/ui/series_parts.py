"""Tables of a block of steps as Parquet: summary, positions, voltages, element flows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.model.grid import SINGULAR, Grid
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot, controlled_winding, tap_step_pu

if TYPE_CHECKING:
    import pyarrow as pa

    from gridmend.powerflow.network import Network
    from gridmend.powerflow.series_flow import SeriesFlow

TABLES = ("summary", "devices", "voltages", "elements")
BYTES_A_ROW = {"summary": 120, "devices": 2, "voltages": 6, "elements": 17}
"""Room that a row takes on disk, for an estimate beforehand: generous, as measured on the
8500-node feeder."""

Columns = dict[str, Any]
"""A table as arrays by name."""


def summary_columns(network: Network, series: Series, flow: SeriesFlow, *, first: int) -> Columns:
    """One row a step."""
    steps = np.arange(first, first + len(flow))
    times = series.times[first : first + len(flow)] if len(series.times) else None
    low_bus, low_phase = _places(network, flow.v_min_node)
    high_bus, high_phase = _places(network, flow.v_max_node)
    return {
        "step": steps,
        "time": np.full(len(flow), "NaT", "datetime64[us]") if times is None else times,
        "converged": flow.converged,
        "settled": flow.settled,
        "v_min_pu": flow.v_min_pu,
        "v_min_bus": low_bus,
        "v_min_phase": low_phase,
        "v_max_pu": flow.v_max_pu,
        "v_max_bus": high_bus,
        "v_max_phase": high_phase,
        "source_kw": flow.source_kw,
        "source_kvar": flow.source_kvar,
        "load_kw": flow.load_kw,
        "load_kvar": flow.load_kvar,
        "loss_kw": flow.loss_kw,
        "overloads": flow.overloads,
        "customers_outside": flow.customers_outside,
        "tap_operations": flow.tap_operations,
        "capacitor_operations": flow.capacitor_operations,
    }


def _places(network: Network, node: Ints) -> tuple[Any, Any]:
    """[steps] bus and phase of nodes; empty where there is none."""
    buses = np.append(network.grid.buses["name"][network.nodes.bus], "")
    phases = np.append(network.nodes.phase, "")
    return buses[node], phases[node]


def summary_table(columns: Columns) -> pa.Table:
    """The summary as Arrow; times are UTC, null where the series is at no date."""
    import pyarrow as pa

    arrays: dict[str, Any] = {}
    for name, values in columns.items():
        if name == "time":
            arrays[name] = pa.array(values, pa.timestamp("us", tz="UTC"))
        elif name == "step":
            arrays[name] = pa.array(values.astype(np.int32))
        elif values.dtype == object:
            arrays[name] = pa.array(values.tolist(), pa.string())
        else:
            # What is not known is nan in a float64, never null.
            arrays[name] = pa.array(values)
    return pa.table(arrays)


def columns_of(table: pa.Table) -> Columns:
    """The reverse of `summary_table`."""
    found: Columns = {}
    for name in table.column_names:
        column = table.column(name)
        if name == "time":
            found[name] = column.cast("timestamp[us]").to_numpy().astype("datetime64[us]")
        else:
            values = column.to_numpy(zero_copy_only=False)
            found[name] = values.astype(np.int64) if name == "step" else values
    return found


def device_names(grid: Grid) -> list[str]:
    """Whose position the devices' table has: tap controls, then capacitors."""
    taps = [f"{SINGULAR['tap_controls']}.{name}" for name in grid.tap_controls]
    return taps + [f"{SINGULAR['capacitors']}.{name}" for name in grid.capacitors]


def controlled(grid: Grid) -> Ints:
    """[tap controls] the row in `windings` whose tap each moves."""
    return np.array([controlled_winding(grid, k) for k in range(len(grid.tap_controls))], np.int64)


def device_positions(grid: Grid, flow: SeriesFlow) -> Ints:
    """[steps, devices] whole tap steps from the middle of the range, and bank steps on."""
    windings, at = grid.windings, controlled(grid)
    middle = (windings.numbers("tap_max_pu") + windings.numbers("tap_min_pu"))[at] / 2
    step: Floats = np.array([tap_step_pu(windings, k) for k in at.tolist()] or [], float)
    taps = np.rint((flow.taps_of(at) - middle) / np.where(step > 0, step, np.inf))
    return np.concatenate([taps.astype(np.int64), flow.steps_on], axis=1)


def devices_table(grid: Grid, flow: SeriesFlow, *, first: int) -> pa.Table:
    """`step, device, position`, a row a device and step."""
    import pyarrow as pa

    names, positions = device_names(grid), device_positions(grid, flow)
    return pa.table(
        {
            "step": _steps(first, len(flow), len(names)),
            "device": _named(names, range(len(names)), len(flow)),
            "position": pa.array(positions.ravel().astype(np.int32)),
        }
    )


def voltages_table(network: Network, flow: SeriesFlow, *, first: int) -> pa.Table:
    """`step, bus, phase, v_pu`, a row a node and step; nan where the step did not converge."""
    import pyarrow as pa

    if flow.v_v is None:
        raise AssertionError("the block was solved without its voltages")
    nodes = network.nodes
    v_pu = (np.abs(flow.v_v) / nodes.base_v).astype(np.float32)
    phases, phase = np.unique(nodes.phase.astype(str), return_inverse=True)
    return pa.table(
        {
            "step": _steps(first, len(flow), len(nodes.bus)),
            "bus": _named(network.grid.buses["name"].tolist(), nodes.bus, len(flow)),
            "phase": _named(phases.tolist(), phase, len(flow)),
            "v_pu": pa.array(v_pu.ravel()),
        }
    )


def elements_table(
    network: Network, series: Series, flow: SeriesFlow, *, first: int, begin: Snapshot
) -> pa.Table:
    """`step, element, terminal, phase, p_kw, q_kvar, i_a, loading_pct`, a row a conductor."""
    import pyarrow as pa

    from gridmend.powerflow.step_elements import element_flows

    found = element_flows(network, series, flow, first=first, begin=begin)
    terminals, shown, grid = network.terminals, found.shown, network.grid
    names = {t: grid.table(t)["name"] for t in set(terminals.table.tolist())}
    rows = zip(terminals.table[shown].tolist(), terminals.row[shown].tolist(), strict=True)
    known: dict[str, int] = {}
    element = [known.setdefault(f"{SINGULAR[t]}.{names[t][r]}", len(known)) for t, r in rows]
    phases, phase = np.unique(terminals.phase[shown].astype(str), return_inverse=True)
    numbers = {
        name: pa.array(getattr(found, name).ravel())
        for name in ("p_kw", "q_kvar", "i_a", "loading_pct")
    }
    return pa.table(
        {
            "step": _steps(first, len(flow), len(shown)),
            "element": _named(list(known), element, len(flow)),
            "terminal": pa.array(np.tile(terminals.terminal[shown], len(flow)).astype(np.int16)),
            "phase": _named(phases.tolist(), phase, len(flow)),
            **numbers,
        }
    )


def _steps(first: int, count: int, each: int) -> pa.Array:
    import pyarrow as pa

    return pa.array(np.repeat(np.arange(first, first + count, dtype=np.int32), each))


def _named(names: list[str], index: Iterable[int] | Ints, times: int) -> Any:
    """Names by number, the whole row of them again for each step."""
    import pyarrow as pa

    numbers = np.tile(np.fromiter(index, np.int32), times)
    return pa.DictionaryArray.from_arrays(pa.array(numbers), pa.array(names, pa.string()))
