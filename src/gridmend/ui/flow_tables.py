"""A power flow as tables that a planner reads."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from gridmend.ui import screen

if TYPE_CHECKING:
    from gridmend.model.flow import Flow
    from gridmend.model.grid import Grid

LOW_PU, HIGH_PU = 0.95, 1.05
"""Service voltage, range A of ANSI C84.1."""
MOST_LOADED = 8
"""Elements that the loading table shows."""


def show_flow(grid: Grid, flow: Flow, found: dict[str, Any]) -> None:
    """Print what a solve found: power, voltages, loading, positions."""
    from gridmend.powerflow.results import element_rows, node_rows

    screen.show(_headline(grid, flow, found))
    for finding in flow.findings:
        screen.show(str(finding))
    screen.show(
        screen.table("Power", ("", "kW", "kvar"), _power(found)),
        screen.table(
            "Voltage",
            ("phase", "lowest pu", "at bus", "highest pu", "at bus "),
            voltage_extremes(node_rows(grid, flow)),
        ),
    )
    rows = list(element_rows(grid, flow))
    loaded, unknown = loadings(rows)
    if loaded:
        headings = ("most loaded", "A", "rating A", "loading %")
        screen.show(screen.table("", headings, loaded[:MOST_LOADED]))
    if unknown:
        screen.show(f"{unknown} elements that carry current have no known rating: not judged")
    outside = [r for r in node_rows(grid, flow) if r[2] > 0 and not LOW_PU <= r[2] <= HIGH_PU]
    if outside:
        screen.show(
            f"{len(outside)} nodes are outside {LOW_PU}–{HIGH_PU} pu: " + _some_buses(outside)
        )
    _show_positions(found)


def voltage_extremes(rows: Iterable[tuple[Any, ...]]) -> list[tuple[str, str, str, str, str]]:
    """For each phase the lowest and highest energised voltage, with its bus."""
    by_phase: dict[str, list[tuple[float, str]]] = {}
    for bus, phase, v_pu, *_ in rows:
        if v_pu > 0:
            by_phase.setdefault(str(phase), []).append((float(v_pu), str(bus)))
    found = []
    for phase in sorted(by_phase):
        if phase == "n":
            continue
        (low, low_bus), (high, high_bus) = min(by_phase[phase]), max(by_phase[phase])
        found.append((phase, f"{low:.4f}", low_bus, f"{high:.4f}", high_bus))
    return found


def loadings(rows: Iterable[tuple[Any, ...]]) -> tuple[list[tuple[str, str, str, str]], int]:
    """Elements by falling loading, and how many carry current without a known rating."""
    worst: dict[str, tuple[float, float, float]] = {}
    unknown: set[str] = set()
    for element, _, _, _, _, i_a, rating_a, loading_pct in rows:
        if loading_pct is None or math.isnan(loading_pct):
            if i_a > 0 and str(element).split(".")[0] in ("line", "switch", "transformer"):
                unknown.add(str(element))
        elif loading_pct > worst.get(element, (-1.0, 0.0, 0.0))[0]:
            worst[element] = (float(loading_pct), float(i_a), float(rating_a))
    ordered = sorted(worst.items(), key=lambda item: (-item[1][0], item[0]))
    shown = [(name, f"{i:.1f}", f"{rated:.0f}", f"{pct:.1f}") for name, (pct, i, rated) in ordered]
    return shown, len(unknown - worst.keys())


def _headline(grid: Grid, flow: Flow, found: dict[str, Any]) -> str:
    name = f"{grid.name}: {len(grid.buses)} buses, {grid.customer_count()} customers"
    if not flow.converged:
        return (
            f"{name}\nNOT CONVERGED after {flow.iterations} iterations: mismatch"
            f" {flow.mismatch_pu:.3g} pu, worst at bus {flow.worst_bus}; nothing below can be used"
        )
    settled = "" if flow.controls_settled else "; the controls did not settle"
    return (
        f"{name}\nconverged in {flow.iterations} iterations, mismatch {flow.mismatch_pu:.1e} pu,"
        f" {found['seconds']:.2f} s{settled}"
    )


def _power(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    share = 100 * found["loss_kw"] / found["source_kw"] if found["source_kw"] else math.nan
    return [
        ("load served", screen.number(found["load_kw"]), screen.number(found["load_kvar"])),
        ("source", screen.number(found["source_kw"]), screen.number(found["source_kvar"])),
        (
            f"losses ({screen.number(share)} % of source)",
            screen.number(found["loss_kw"]),
            screen.number(found["loss_kvar"]),
        ),
    ]


def _some_buses(rows: list[tuple[Any, ...]]) -> str:
    far = sorted(rows, key=lambda r: -abs(r[2] - 1))
    shown = ", ".join(f"{r[0]}.{r[1]} {r[2]:.3f}" for r in far[:6])
    return shown + (" …" if len(rows) > 6 else "")


def _show_positions(found: dict[str, Any]) -> None:
    moved = [(f"tap {name}", f"{step:+d}") for name, step in found["taps"].items()]
    moved += [(f"capacitor {name}", f"{on} on") for name, on in found["capacitors"].items()]
    if moved:
        screen.show(screen.table("", ("control", "position"), moved))
    is_open = [name for name, word in found["switches"].items() if word == "open"]
    if found["switches"]:
        named = f": {', '.join(is_open)}" if is_open else ""
        screen.show(f"{len(is_open)} of {len(found['switches'])} switches open{named}")
