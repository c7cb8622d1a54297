"""The controls of a network as flat arrays, ready to look, in single solves and in lanes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gridmend.model.arrays import Complexes, Floats, Ints
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.controls import capacitors as capacitor_control
from gridmend.powerflow.controls import look as control_look
from gridmend.powerflow.controls import taps as tap_control
from gridmend.powerflow.controls.look import BankControls, Probes, Regulators
from gridmend.powerflow.controls.queue import Places, places
from gridmend.powerflow.network import Network

_REVERSE = {"ignore": 0, "locked": 1, "neutral": 2}
_PHASE = {"avg": control_look.AVERAGE, "max": control_look.HIGHEST, "min": control_look.LOWEST}
_KIND = {
    "voltage": control_look.VOLTAGE,
    "current": control_look.CURRENT,
    "kvar": control_look.KVAR,
    "power_factor": control_look.FACTOR,
    "time": control_look.CLOCK,
}


@dataclass(frozen=True, eq=False)
class Terms:
    """What probes add up, each `start` [probes + 1] to the next. All else is [terms].

    `node` whose voltage; `sign` of a voltage; `value` of a current: which of the primitives'
    values, with the conductors `column` of that node and `row` of the current; -1 for voltages.
    """

    start: Ints
    node: Ints
    sign: Floats
    value: Ints
    column: Ints
    row: Ints

    def probes(self, values: Complexes) -> Probes:
        """As a single solve sees them at primitive values [S]: one lane, no base."""
        by: Complexes = np.where(self.value >= 0, values[self.value], self.sign)
        base = np.zeros(2 * (int(self.node.max(initial=0)) + 1))
        none = np.full(len(self.node), -1, np.int64)
        return Probes(self.start, self.node, by.real.copy(), by.imag.copy(), none, base)


@dataclass(frozen=True, eq=False)
class Controls:
    """Every control in service whose device is in service.

    `windings` [taps] and `banks` [banks]: rows of the windings and capacitors that they move, in
    the order in which `regulators.tap` and `bank_controls.bank` count them.
    """

    regulators: Regulators
    bank_controls: BankControls
    terms: Terms
    windings: Ints
    banks: Ints

    @staticmethod
    def of(network: Network) -> Controls:
        """`GridError` for a control that looks where nothing is."""
        making = _Making(network)
        taps, switched = tap_control.meters(network), capacitor_control.meters(network)
        windings = np.unique(np.array([m.tap_winding for m in taps], np.int64))
        banks = np.unique(np.array([m.capacitor for m in switched], np.int64))
        return Controls(
            regulators=_regulators(making, taps, windings),
            bank_controls=_bank_controls(making, switched, banks),
            terms=making.terms(),
            windings=windings,
            banks=banks,
        )

    def standing(self, snapshot: Snapshot) -> Places:
        """The controls of one lane at a snapshot's positions, nothing armed."""
        regulators, banks = self.regulators.tap, self.bank_controls.bank
        at = places(len(self.windings), len(self.banks), len(regulators), len(banks), 1)
        at.tap[:], at.on[:] = snapshot.tap_pu[self.windings], snapshot.steps_on[self.banks]
        return at

    def put(self, snapshot: Snapshot, tap_pu: Floats, on: Ints) -> Snapshot:
        """A snapshot with the taps [taps] and banks [banks] of the controls there."""
        taps, steps_on = snapshot.tap_pu.copy(), snapshot.steps_on
        taps[self.windings] = tap_pu
        if (steps_on[self.banks] != on).any():
            steps_on = steps_on.copy()
            steps_on[self.banks] = on
        for array in (taps, steps_on):
            array.flags.writeable = False
        return replace(snapshot, tap_pu=taps, steps_on=steps_on)


@dataclass(eq=False)
class _Making:
    """Probes as they are added."""

    network: Network
    start: list[int] = field(default_factory=lambda: [0])
    rows: list[tuple[int, float, int, int, int]] = field(default_factory=lambda: [])

    def voltage(self, plus: int, minus: int = -1) -> int:
        """A probe of the voltage between two nodes; its number."""
        ends = ((plus, 1.0), (minus, -1.0))
        self.rows += [(node, sign, -1, -1, -1) for node, sign in ends if node >= 0]
        self.start.append(len(self.rows))
        return len(self.start) - 2

    def current(self, table: str, at: int, conductor: int) -> int:
        """A probe of the current into a conductor of an element; its number."""
        primitives = self.network.primitives
        nodes, span = primitives.of(table, at)
        first = int(primitives.node_start[primitives.place[table][at]])
        for k, node in enumerate(nodes.tolist()):
            if node >= 0:
                value = span.start + conductor * len(nodes) + k
                self.rows.append((node, 0.0, value, first + k, first + conductor))
        self.start.append(len(self.rows))
        return len(self.start) - 2

    def voltages(self, plus: Ints, minus: Ints) -> int:
        """The same of some pairs; the number of the first."""
        pairs = zip(plus.tolist(), minus.tolist(), strict=True)
        return min([self.voltage(p, m) for p, m in pairs], default=-1)

    def currents(self, table: str, at: int, conductors: Ints) -> int:
        """The same of some conductors; the number of the first."""
        return min([self.current(table, at, c) for c in conductors.tolist()], default=-1)

    def terms(self) -> Terms:
        """What was added."""
        columns = np.array(self.rows, float).reshape(-1, 5).T
        node, value, column, row = (columns[k].astype(np.int64) for k in (0, 2, 3, 4))
        return Terms(np.array(self.start, np.int64), node, columns[1].copy(), value, column, row)


def _phase(name: str) -> int:
    return _PHASE[name] if name in _PHASE else int(name)


_WHOLE = {
    "tap", "phases", "phase", "volts", "amps", "far_volts", "far_amps", "remote", "most",
    "moves_other", "reverse", "bank", "steps", "delta", "kind", "count", "pt_phase", "ct_phase",
    "override", "override_count", "override_volts",
}  # fmt: skip
"""Columns of whole numbers; the others are not, so that compiled code has one kind of each."""

_PAIRS = {"phases", "ldc", "reverse_ldc", "side"}


def _packed(kind: Any, found: list[dict[str, Any]]) -> Any:
    """Rows as columns."""
    columns: dict[str, Any] = {}
    for name in kind._fields:
        column = np.array([row[name] for row in found], np.int64 if name in _WHOLE else float)
        columns[name] = column.reshape(-1, 2) if name in _PAIRS else column
    return kind(**columns)


def _regulators(making: _Making, meters: list[tap_control.Meter], windings: Ints) -> Regulators:
    found: list[dict[str, Any]] = []
    for m in meters:
        reverse, row = _REVERSE.get(m.reverse_mode, control_look.REGULATE), m.unit.row
        far = reverse == control_look.REGULATE
        own_amps = bool(reverse) or (m.ldc_v != 0 and m.remote < 0)
        tables = "transformers", row
        found.append(
            {
                "tap": int(np.searchsorted(windings, m.tap_winding)),
                "phases": (len(m.own.plus), len(m.other.plus)),
                "phase": _phase(m.phase),
                "volts": making.voltages(m.own.plus, m.own.minus),
                "amps": making.currents(*tables, m.own.conductors) if own_amps else -1,
                "far_volts": making.voltages(m.other.plus, m.other.minus) if far else -1,
                "far_amps": making.currents(*tables, m.other.conductors) if far else -1,
                "remote": making.voltage(m.remote) if m.remote >= 0 else -1,
                "target": m.target_v,
                "band": m.band_v,
                "pt_ratio": m.pt_ratio,
                "ct_primary": m.ct_primary_a,
                "ldc": (m.ldc_v.real, m.ldc_v.imag),
                "v_limit": m.v_limit_v,
                "step": m.step_pu,
                "tap_min": m.tap_min_pu,
                "tap_max": m.tap_max_pu,
                "most": m.most_steps,
                "delay": m.delay_s,
                "moves_other": int(m.moves_other),
                "reverse": reverse,
                "reverse_target": m.reverse_target_v,
                "reverse_band": m.reverse_band_v,
                "reverse_ldc": (m.reverse_ldc_v.real, m.reverse_ldc_v.imag),
                "threshold": m.reverse_threshold_va,
                "side": (m.own.rated_v, m.other.rated_v),
            }
        )
    return _packed(Regulators, found)


def _bank_controls(
    making: _Making, meters: list[capacitor_control.Meter], banks: Ints
) -> BankControls:
    found: list[dict[str, Any]] = []
    for m in meters:
        count, ground = len(m.nodes), np.full(len(m.nodes), -1, np.int64)
        current = count > 0 and m.kind not in ("voltage", "time")
        over = np.full(len(m.override_nodes), -1, np.int64)
        found.append(
            {
                "bank": int(np.searchsorted(banks, m.capacitor)),
                "steps": m.steps,
                "bank_kvar": m.bank_kvar,
                "delta": int(m.delta),
                "kind": _KIND.get(m.kind, control_look.FACTOR),
                "count": count,
                "volts": making.voltages(m.nodes, ground),
                "amps": making.currents(m.table, m.row, m.conductors) if current else -1,
                "on": m.on,
                "off": m.off,
                "pt_ratio": m.pt_ratio,
                "ct_ratio": m.ct_ratio,
                "pt_phase": _phase(m.pt_phase),
                "ct_phase": _phase(m.ct_phase),
                "delay": m.delay_s,
                "delay_off": m.delay_off_s,
                "dead_time": m.dead_time_s,
                "override": int(m.override),
                "v_min": m.v_min_v,
                "v_max": m.v_max_v,
                "override_count": len(m.override_nodes) if m.override else 0,
                "override_volts": making.voltages(m.override_nodes, over) if m.override else -1,
            }
        )
    return _packed(BankControls, found)
