"""Limits that a flow must keep: voltage at loads, current of lines, power of transformers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridmend.interlock.legs import legs_of
from gridmend.interlock.pickups import GROUND, PHASE, Pickups
from gridmend.model.flow import Flow, Nodes, Terminals
from gridmend.model.grid import SINGULAR, Grid
from gridmend.model.islanding import capacities_kva
from gridmend.model.plan import Violation
from gridmend.model.topology import Topology
from gridmend.powerflow.results import amperes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_CARRIERS = ("lines", "switches", "reactors")
_IDLE = 0.01
_GROUPED = (*_CARRIERS, "transformers", "sources")


@dataclass(frozen=True, slots=True)
class Limits:
    """What is still tolerated in an emergency.

    Voltage is that of ANSI C84.1 range B at the service, on each phase and in per unit of the
    load's own rated voltage; `loading_pct` is of the emergency rating, or of the normal one
    where that is unset, and of a source's capacity.

    What was beyond a limit before may vary by `worse_v_pu` and `worse_loading_pct` (of the
    limit): a tap's step moves the voltage, and with it a load, by as much. Assumed.

    `pickup_pct` is how much of the pickup of a protective device load may reach, through each
    phase and as residual: beyond it the device might trip on load. Assumed.
    """

    v_low_pu: float = 0.9167
    v_high_pu: float = 1.0583
    loading_pct: float = 100.0
    pickup_pct: float = 80.0
    worse_v_pu: float = 0.00625
    worse_loading_pct: float = 5.0


@dataclass(frozen=True, eq=False)
class Gauge:
    """Where to look in a flow: compiled once for a network's nodes and terminals.

    Legs are the phases of loads: `load`, the two nodes (-1 is ground) and the rated voltage; `ends`
    [legs, 2] are their nodes as the topology numbers them, -1 for what is no phase.
    Terminals in `current_at` belong to the carrier `current_group`, whose largest current
    counts; those in `power_at` to the winding or source `power_group`, whose powers add up.
    """

    topology: Topology
    load: Ints
    plus: Ints
    minus: Ints
    rated_v: Floats
    ends: Ints
    current_at: Ints
    current_group: Ints
    power_at: Ints
    power_group: Ints
    names: tuple[str, ...]
    """Carriers by current, then those by power."""
    limits: Floats
    """Of each name [A or kVA]; nan where unknown."""
    currents: int
    """How many of the names carry current."""
    pickups: Pickups

    @cached_property
    def named(self) -> NDArray[np.object_]:
        """The names as an array."""
        return np.array(self.names, object)

    @staticmethod
    def of(topology: Topology, nodes: Nodes, terminals: Terminals) -> Gauge:
        """Compile for the nodes and terminals that every flow of one network shares."""
        grid, order = topology.grid, list(_GROUPED)
        place = {table: at for at, table in enumerate(order)}
        number = np.array([place.get(t, -1) for t in terminals.table.tolist()], np.int64)
        # Windings are told apart; both ends of a line are not.
        winding = np.where(number >= len(_CARRIERS), terminals.terminal, 0)
        keys = (terminals.row * 64 + winding) * len(order) + number
        current_at = np.flatnonzero((number >= 0) & (number < len(_CARRIERS)))
        power_at = np.flatnonzero(number >= len(_CARRIERS))
        by_current, current_group = np.unique(keys[current_at], return_inverse=True)
        by_power, power_group = np.unique(keys[power_at], return_inverse=True)
        rated = {
            **{t: _either(amperes(grid, t, emergency=True), amperes(grid, t)) for t in _CARRIERS},
            "transformers": _either(
                grid.transformers.numbers("emergency_rating_kva"),
                grid.transformers.numbers("rating_kva"),
            ),
            "sources": capacities_kva(grid),
        }
        keyed = np.concatenate([by_current, by_power]).astype(np.int64)
        table, row = keyed % len(order), keyed // len(order) // 64
        return Gauge(
            topology,
            *(legs := legs_of(grid, nodes)),
            ends=_ends(topology, nodes, *legs[1:3]),
            current_at=current_at,
            current_group=current_group.astype(np.int64),
            power_at=power_at,
            power_group=power_group.astype(np.int64),
            names=_names(grid, order, table, row),
            limits=_of_each(order, table, row, rated).astype(float),
            currents=len(by_current),
            pickups=Pickups.of(grid, terminals),
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """What a flow shows: violations, unknown ratings, and the extremes.

    `v_min_pu` is over the phases of loads that are fed, of their rated voltage; `loading_max_pct`
    over all known ratings. Both are None where there is nothing to look at.
    """

    violations: tuple[Violation, ...]
    unknown: tuple[str, ...]
    v_min_pu: float | None
    loading_max_pct: float | None
    most_loaded: str = ""


def violations(grid: Grid, flow: Flow, limits: Limits | None = None) -> tuple[Violation, ...]:
    """The limits that a flow does not keep; loads that no source feeds have none."""
    return read_off(
        Gauge.of(Topology.of(grid), flow.nodes, flow.terminals), flow, limits
    ).violations


def read_off(gauge: Gauge, flow: Flow, limits: Limits | None = None) -> Reading:
    """Violations, unknown ratings and extremes of a flow of the gauge's network."""
    limits = limits or Limits()
    v_pu, load = _voltages(gauge, flow)
    found = _voltage_violations(gauge.topology.grid, load, v_pu, limits)
    names, bound = gauge.names, gauge.limits
    value = _loadings(gauge, flow)
    known = np.isfinite(bound)
    with np.errstate(divide="ignore", invalid="ignore"):
        pct = np.where(known, 100 * value / bound, 0.0)
    for k in (int(x) for x in np.flatnonzero(known & (pct > limits.loading_pct))):
        limit = "loading_a" if k < gauge.currents else "loading_kva"
        allowed = float(bound[k]) * limits.loading_pct / 100
        found.append(Violation(limit, names[k], float(value[k]), allowed))
    found += gauge.pickups.violations(flow, limits.pickup_pct / 100)
    unknown = gauge.named[~known & (value > _IDLE)].tolist()
    worst = int(np.argmax(pct)) if len(pct) else -1
    return Reading(
        violations=tuple(found),
        unknown=tuple(dict.fromkeys(unknown)),
        v_min_pu=float(v_pu[v_pu > 0].min()) if (v_pu > 0).any() else None,
        loading_max_pct=float(pct[worst]) if known.any() else None,
        most_loaded=names[worst] if known.any() else "",
    )


def worsened(
    accepted: tuple[Violation, ...], after: tuple[Violation, ...], limits: Limits
) -> list[Violation]:
    """Those of `after` that are new, or further out than what was accepted may vary."""
    known: dict[tuple[str, str], float] = {}
    for was in accepted:
        key = (was.limit, was.element)
        known[key] = max(known.get(key, 0.0), excess_pu(was))
    found: list[Violation] = []
    for now in after:
        was_pu = known.get((now.limit, now.element))
        by_voltage = now.limit.startswith("voltage")
        play = limits.worse_v_pu if by_voltage else limits.worse_loading_pct / 100
        if was_pu is None or excess_pu(now) > was_pu + play:
            found.append(now)
    return found


def excess_pu(violation: Violation) -> float:
    """How far beyond its bound a violation is, in parts of the bound."""
    return abs(violation.value - violation.bound) / violation.bound if violation.bound else 1.0


def sentence(violation: Violation) -> str:
    """A violation in words, with its figures."""
    v = violation
    if v.limit.startswith("loading"):
        unit = "A" if v.limit.endswith("_a") else "kVA"
        return f"{v.element} would carry {v.value:.0f} {unit}, {100 * v.value / v.bound:.0f} %"
    if v.limit in (PHASE, GROUND):
        residual = " of residual current" if v.limit == GROUND else ""
        might = f"it might trip on load above {v.bound:.0f} A"
        return f"{v.element} would carry {v.value:.0f} A{residual}, and {might}"
    side = "below" if v.limit.endswith("low") else "above"
    return f"{v.element} would have {v.value:.4f} pu, {side} the limit of {v.bound:.4f}"


def _voltages(gauge: Gauge, flow: Flow) -> tuple[Floats, Ints]:
    """Voltage [pu of rated] and load of every leg of a load that any live phase feeds.

    What is fed is told by the topology: a phase that only a neighbour induces is not, and has none.
    """
    topology = gauge.topology
    live = topology.energised(flow.snapshot)
    rows, nodes = topology.wiring.load_nodes
    fed = np.zeros(len(topology.grid.loads), bool)
    fed[rows[live[nodes]]] = True
    here = fed[gauge.load]
    v = np.append(flow.v_v, 0.0)
    across = np.abs(v[gauge.plus[here]] - v[gauge.minus[here]])
    across[~np.append(live, True)[gauge.ends[here]].all(axis=1)] = 0.0
    return across / gauge.rated_v[here], gauge.load[here]


def _voltage_violations(grid: Grid, load: Ints, v_pu: Floats, limits: Limits) -> list[Violation]:
    found: dict[tuple[str, int], float] = {}
    for k in (int(x) for x in np.flatnonzero(~(v_pu >= limits.v_low_pu))):
        key = ("voltage_low", int(load[k]))
        found[key] = min(float(v_pu[k]), found.get(key, math.inf))
    for k in (int(x) for x in np.flatnonzero(v_pu > limits.v_high_pu)):
        key = ("voltage_high", int(load[k]))
        found[key] = max(float(v_pu[k]), found.get(key, 0.0))
    bounds = {"voltage_low": limits.v_low_pu, "voltage_high": limits.v_high_pu}
    return [
        Violation(limit, _name(grid, "loads", row), value, bounds[limit])
        for (limit, row), value in found.items()
    ]


def _loadings(gauge: Gauge, flow: Flow) -> Floats:
    """[names] current of the worst conductor [A], or power of all conductors [kVA]."""
    current = np.zeros(gauge.currents)
    np.maximum.at(current, gauge.current_group, np.abs(flow.i_a[gauge.current_at]))
    at = gauge.power_at
    v = np.append(flow.v_v, 0.0)[flow.terminals.node[at]]
    s_kva = v * np.conj(flow.i_a[at]) / 1000
    size = len(gauge.names) - gauge.currents
    total = np.zeros(size, complex)
    np.add.at(total, gauge.power_group, s_kva)
    return np.concatenate([current, np.abs(total)])


def _either(emergency: NDArray[Any], normal: NDArray[Any]) -> Floats:
    """The emergency rating, or the normal one where that is unset."""
    return np.where(emergency > 0, emergency, normal).astype(np.float64)


def _ends(topology: Topology, nodes: Nodes, plus: Ints, minus: Ints) -> Ints:
    """[legs, 2] the topology's nodes at both ends of legs; -1 where an end is no phase."""
    w, count = topology.wiring, len(topology.wiring.node_bus)
    phases = np.concatenate([w.node_phase.astype(str), nodes.phase.astype(str)])
    words, code = np.unique(phases, return_inverse=True)
    number = np.full((len(topology.grid.buses), len(words)), -1, np.int64)
    number[w.node_bus, code[:count]] = np.arange(count)
    place = np.append(number[nodes.bus, code[count:]], -1)
    return np.stack([place[plus], place[minus]], axis=1)


def _names(grid: Grid, order: Sequence[str], table: Ints, row: Ints) -> tuple[str, ...]:
    texts = {
        t: np.array([f"{SINGULAR[t]}.{name}" for name in grid.table(t).texts("name")], object)
        for t in order
    }
    return tuple(_of_each(order, table, row, texts).tolist())


def _of_each(
    order: Sequence[str], table: Ints, row: Ints, values: dict[str, NDArray[Any]]
) -> NDArray[Any]:
    """For each pair of table and row its value."""
    found = np.empty(len(table), object)
    for number, name in enumerate(order):
        here = table == number
        found[here] = values[name][row[here]]
    return found


def _name(grid: Grid, table: str, row: int) -> str:
    return f"{SINGULAR[table]}.{grid.table(table)['name'][row]}"
