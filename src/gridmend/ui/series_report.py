"""A series as an answer: energy, losses, peak, voltages and operations, for people and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gridmend.ui import screen

if TYPE_CHECKING:
    from gridmend.model.grid import Grid
    from gridmend.ui.series_parts import Columns

FEW = 100
"""Steps that did not converge, as many as are named."""

ALIKE = 1e-6
"""How far an extreme may be from the furthest to be told as it, being earlier [of it]."""


def report(columns: Columns, *, step_s: float) -> dict[str, Any]:
    """The totals of a summary; what no step says is None."""
    hours, good = step_s / 3600, columns["converged"]
    failed = columns["step"][~good].tolist()
    return {
        "converged_steps": int(good.sum()),
        "unsettled_steps": int((good & ~columns["settled"]).sum()),
        "not_converged": failed[:FEW],
        "energy_kwh": float(np.nansum(columns["source_kw"]) * hours),
        "load_kwh": float(np.nansum(columns["load_kw"]) * hours),
        "loss_kwh": float(np.nansum(columns["loss_kw"]) * hours),
        **_extreme(columns, "source_kw", np.nanargmax, "peak_kw", "peak"),
        **_extreme(columns, "v_min_pu", np.nanargmin, "v_min_pu", "v_min"),
        **_extreme(columns, "v_max_pu", np.nanargmax, "v_max_pu", "v_max"),
        "customer_hours_outside": float(np.nansum(columns["customers_outside"]) * hours),
        "most_customers_outside": _most(columns["customers_outside"]),
        "overloaded_steps": int((columns["overloads"] > 0).sum()),
        "most_overloads": int(columns["overloads"].max(initial=0)),
    }


def _most(values: Any) -> float:
    known = values[np.isfinite(values)]
    return float(known.max(initial=0.0))


def _extreme(columns: Columns, column: str, choose: Any, key: str, prefix: str) -> dict[str, Any]:
    """An extreme, the first step and time where it is, and the bus where there is one."""
    values = columns[column]
    bus = f"{column.removesuffix('_pu')}_bus"
    named = {f"{prefix}_bus": None} if bus in columns else {}
    if not np.isfinite(values).any():
        return {key: None, f"{prefix}_step": None, f"{prefix}_time": None, **named}
    furthest = values[int(choose(values))]
    at = int(np.argmax(np.abs(values - furthest) <= ALIKE * abs(furthest)))
    time = columns["time"][at]
    if named:
        named = {f"{prefix}_bus": str(columns[bus][at])}
    return {
        key: float(values[at]),
        f"{prefix}_step": int(columns["step"][at]),
        f"{prefix}_time": None if np.isnat(time) else f"{time.astype('datetime64[s]')}Z",
        **named,
    }


def show(grid: Grid, found: dict[str, Any], *, limits: str) -> None:
    """Print a series' totals."""
    steps, good = found["steps"], found["converged_steps"]
    done = found["done_steps"]
    head = f"{grid.name}: {done:,} steps of {found['step_min']:g} min"
    head += f" of {steps:,}" if done < steps else ""
    screen.show(f"{head}, controls {found['controls']}")
    if found["solved_steps"]:
        screen.show(f"{found['seconds']:.2f} s, {found['us_per_step']:,.0f} µs a step")
    else:
        screen.show("already solved; nothing was done again")
    if good < done:
        named = ", ".join(str(k) for k in found["not_converged"][:10])
        more = " …" if done - good > 10 else ""
        screen.show(f"{done - good} steps DID NOT CONVERGE and are left out: {named}{more}")
    if found["unsettled_steps"]:
        screen.show(f"in {found['unsettled_steps']} steps the controls did not settle")
    screen.show(screen.table("", ("", "", "when", "where"), _rows(found, limits)))
    moved = [(f"tap {n}", f"{k:,}") for n, k in found["tap_operations"].items()]
    moved += [(f"capacitor {n}", f"{k:,}") for n, k in found["capacitor_operations"].items()]
    if moved:
        screen.show(screen.table("", ("control", "operations"), moved))
    if found["out"]:
        screen.show(f"written to {found['out']}")


def _rows(found: dict[str, Any], limits: str) -> list[tuple[str, str, str, str]]:
    share = 100 * found["loss_kwh"] / found["energy_kwh"] if found["energy_kwh"] else float("nan")
    outside = screen.number(found["customer_hours_outside"])
    most = screen.number(found["most_customers_outside"], ",.0f")
    return [
        ("energy from the source, kWh", screen.number(found["energy_kwh"]), "", ""),
        ("losses, kWh", screen.number(found["loss_kwh"]), f"{screen.number(share, '.2f')} %", ""),
        ("peak, kW", screen.number(found["peak_kw"]), _when(found, "peak"), ""),
        _voltage(found, "lowest", "v_min"),
        _voltage(found, "highest", "v_max"),
        (f"customer-hours outside {limits}", outside, f"at most {most} at once", ""),
        (
            "steps with an overload",
            f"{found['overloaded_steps']:,}",
            f"at most {found['most_overloads']} elements",
            "",
        ),
    ]


def _voltage(found: dict[str, Any], word: str, prefix: str) -> tuple[str, str, str, str]:
    value = screen.number(found[f"{prefix}_pu"], ".4f")
    bus = found[f"{prefix}_bus"]
    return (f"{word} voltage, pu", value, _when(found, prefix), f"bus {bus}" if bus else "")


def _when(found: dict[str, Any], prefix: str) -> str:
    if found[f"{prefix}_step"] is None:
        return ""
    time = found[f"{prefix}_time"]
    return f"step {found[f'{prefix}_step']}" + (f", {time}" if time else "")
