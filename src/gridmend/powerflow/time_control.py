"""Control in simulated time: regulators and capacitors act when their delays have run out.

The time mode of OpenDSS. A step is solved at its end, then every control looks. One that is out
of band is armed to act its delay from now; one that is back in band is disarmed. Every action
that is due is carried out, and the step is solved again, until none is due; what is not due
waits for a later step. A regulator moves one tap an action, and the next is due its tap delay
from now. A bank of one step that was opened may close only after its dead time. A regulator that
measures reverse power goes to its reverse mode after its delay, and back after as long under
forward power. All but the reverse mode was checked against OpenDSS step by step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats
from gridmend.model.errors import GridError
from gridmend.model.flow import Flow
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow import capacitor_control, tap_control
from gridmend.powerflow.answer import as_flow
from gridmend.powerflow.controls import ROUNDS
from gridmend.powerflow.iteration import iterate, prepare
from gridmend.powerflow.legs import powers
from gridmend.powerflow.network import Network
from gridmend.powerflow.waiting import Action, Waiting


@dataclass(frozen=True, eq=False)
class Regulator:
    """A tap control: its row, its meter, and delays beside the first one."""

    row: int
    meter: tap_control.Meter
    tap_delay_s: float
    turn_delay_s: float


@dataclass(frozen=True, eq=False)
class Clockwork:
    """The controls of a network, ready to run in time; of capacitor controls the row and meter."""

    network: Network
    regulators: list[Regulator]
    banks: list[tuple[int, capacitor_control.Meter]]

    @staticmethod
    def of(network: Network) -> Clockwork:
        """Raises `GridError` for settings whose course in time is not modelled."""
        grid = network.grid
        regulators = _regulators(network)
        c = grid.capacitor_controls
        rows = [
            at
            for at in np.flatnonzero(c.flags("in_service")).tolist()
            if network.primitives.place["capacitors"][grid.capacitors.row(c["capacitor"][at])] >= 0
        ]
        banks = list(zip(rows, capacitor_control.meters(network), strict=True))
        return Clockwork(network, regulators, banks)


def _regulators(network: Network) -> list[Regulator]:
    grid, c = network.grid, network.grid.tap_controls
    rows = [
        at
        for at in np.flatnonzero(c.flags("in_service")).tolist()
        if grid.transformers.row(c["transformer"][at]) in network.units
    ]
    for at in rows:
        if c["inverse_time"][at]:
            raise GridError(
                f"tap control '{c['name'][at]}' has inverse_time, which has no model in time mode",
                where=f"tap_controls, {c['name'][at]}",
                mend="use --controls static, or unset it",
            )
    delays, reverse = c.numbers("tap_delay_s"), c.numbers("reverse_delay_s")
    pairs = zip(rows, tap_control.meters(network), strict=True)
    return [Regulator(at, m, float(delays[at]), float(reverse[at])) for at, m in pairs]


def run_to(
    clockwork: Clockwork, snapshot: Snapshot, waiting: Waiting, now_s: float
) -> tuple[Flow, Waiting]:
    """The flow of a step that ends at `now_s` after what was due, and what still waits.

    A step that does not converge carries out nothing, and leaves what waits as it was.
    """
    network, before = clockwork.network, waiting
    s_va = powers(network.legs, snapshot)
    start: Complexes | None = None
    for count in range(1, ROUNDS + 1):
        state = prepare(network, snapshot)
        solution = iterate(state, s_va, start)
        start = solution.v_v
        if not solution.converged:
            flow = as_flow(state, snapshot, solution, control_iterations=count, settled=False)
            return flow, before
        see = _See(clockwork, state.values, start, snapshot, now_s)
        waiting, wanted = _look(see, waiting)
        due = any(a.due_s <= now_s for a in waiting.taps)
        due |= bool((waiting.bank_due_s <= now_s).any() or (waiting.turn_due_s <= now_s).any())
        if not due or count == ROUNDS:
            flow = as_flow(state, snapshot, solution, control_iterations=count, settled=not due)
            return flow, waiting
        snapshot, waiting = _act(clockwork, snapshot, waiting, wanted, now_s)
    raise AssertionError("the last round returns")


@dataclass(frozen=True, eq=False)
class _See:
    """What the controls look at: primitive values [S], node voltages [V], positions, time."""

    clockwork: Clockwork
    values: Complexes
    v_v: Complexes
    snapshot: Snapshot
    now_s: float


_Wanted = tuple[dict[int, int], dict[int, int]]
"""By control's row: whole tap steps, and bank steps, that it would go."""


def _look(see: _See, waiting: Waiting) -> tuple[Waiting, _Wanted]:
    """Arm and disarm."""
    turn_due_s = _look_at_power(see, waiting)
    taps, armed, tap_steps = _look_at_taps(see, waiting)
    due, bank_steps = waiting.bank_due_s.copy(), dict[int, int]()
    for at, bank in see.clockwork.banks:
        network = see.clockwork.network
        step = capacitor_control.wanted(bank, network, see.values, see.v_v, see.snapshot)
        bank_steps[at] = step
        if step == 0:
            due[at] = np.nan
        elif np.isnan(due[at]) and step < 0:
            due[at] = see.now_s + bank.delay_off_s
        elif np.isnan(due[at]):
            since_s = see.now_s - float(waiting.opened_s[bank.capacitor])
            due[at] = see.now_s + max(bank.dead_time_s - since_s, 0.0) + bank.delay_s
    looked = replace(waiting, taps=taps, armed=armed, turn_due_s=turn_due_s, bank_due_s=due)
    return looked, (tap_steps, bank_steps)


def _look_at_power(see: _See, waiting: Waiting) -> Floats:
    """When each tap control will change between forward and reverse mode."""
    due = waiting.turn_due_s.copy()
    for regulator in see.clockwork.regulators:
        at, meter = regulator.row, regulator.meter
        if meter.reverse_mode == "ignore":
            continue
        power_va = _back_va(see, meter)
        if (-power_va if waiting.reverse[at] else power_va) <= meter.reverse_threshold_va:
            due[at] = np.nan
        elif np.isnan(due[at]):
            due[at] = see.now_s + regulator.turn_delay_s
    return due


def _back_va(see: _See, meter: tap_control.Meter) -> float:
    """Active power that flows into the winding a control measures [VA]: against the usual way."""
    network, v = see.clockwork.network, np.append(see.v_v, 0.0)
    nodes, span = network.primitives.of("transformers", meter.unit.row)
    i = see.values[span].reshape(len(nodes), len(nodes)) @ v[nodes]
    volts = v[meter.own.plus] - v[meter.own.minus]
    return float(np.sum(volts * np.conj(i[meter.own.conductors])).real)


def _in_mode(meter: tap_control.Meter, *, reverse: bool) -> tap_control.Meter:
    """The meter as it looks in one mode, whichever way power flows at the instant."""
    if meter.reverse_mode == "ignore":
        return meter
    return replace(meter, reverse_threshold_va=-math.inf if reverse else math.inf)


def _look_at_taps(see: _See, waiting: Waiting) -> tuple[tuple[Action, ...], Flags, dict[int, int]]:
    taps, armed, wanted = list(waiting.taps), waiting.armed.copy(), dict[int, int]()
    for regulator in see.clockwork.regulators:
        at, network = regulator.row, see.clockwork.network
        meter = _in_mode(regulator.meter, reverse=bool(waiting.reverse[at]))
        steps = tap_control.wanted(meter, network, see.values, see.v_v, see.snapshot)
        wanted[at] = steps
        if steps == 0:
            taps = [a for a in taps if not (armed[at] and a.control == at and a.of_arming)]
            armed[at] = False
        elif not armed[at] and tap_control.can_move(meter, see.snapshot, steps):
            taps = [a._replace(of_arming=a.of_arming and a.control != at) for a in taps]
            taps.append(Action(see.now_s + meter.delay_s, at, True))
            armed[at] = True
    return tuple(taps), armed, wanted


def _act(
    clockwork: Clockwork, snapshot: Snapshot, waiting: Waiting, wanted: _Wanted, now_s: float
) -> tuple[Snapshot, Waiting]:
    """Carry out what is due."""
    tap_pu, taps, armed = _act_on_taps(clockwork, snapshot.tap_pu, waiting, wanted[0], now_s)
    due, steps_on = waiting.bank_due_s.copy(), snapshot.steps_on.copy()
    opened_s = waiting.opened_s.copy()
    for at, bank in clockwork.banks:
        if due[at] <= now_s:
            on = int(steps_on[bank.capacitor]) + wanted[1][at]
            steps_on[bank.capacitor] = min(max(on, 0), bank.steps)
            # OpenDSS has no dead time for a bank of several steps.
            if wanted[1][at] < 0 and bank.steps == 1:
                opened_s[bank.capacitor] = now_s
            due[at] = np.nan
    for array in (tap_pu, steps_on):
        array.flags.writeable = False
    moved = replace(snapshot, tap_pu=tap_pu, steps_on=steps_on)
    turning = waiting.turn_due_s <= now_s
    return moved, Waiting(
        taps=taps,
        armed=armed,
        reverse=waiting.reverse ^ turning,
        turn_due_s=np.where(turning, np.nan, waiting.turn_due_s),
        bank_due_s=due,
        opened_s=opened_s,
    )


def _act_on_taps(
    clockwork: Clockwork, tap_pu: Floats, waiting: Waiting, wanted: dict[int, int], now_s: float
) -> tuple[Floats, tuple[Action, ...], Flags]:
    """One tap an action; each leaves an action for the next tap where one is wanted."""
    tap_pu, armed = tap_pu.copy(), waiting.armed.copy()
    left, regulators = dict(wanted), {r.row: r for r in clockwork.regulators}
    queue = [a for a in waiting.taps if a.due_s <= now_s]
    later = [a for a in waiting.taps if a.due_s > now_s]
    while queue:
        at = queue.pop(0).control
        meter, delay_s = regulators[at].meter, regulators[at].tap_delay_s
        if left[at] == 0:
            armed[at] = False
            continue
        towards = 1 if left[at] > 0 else -1
        tap = float(tap_pu[meter.tap_winding]) + towards * meter.step_pu
        tap_pu[meter.tap_winding] = min(max(tap, meter.tap_min_pu), meter.tap_max_pu)
        left[at] -= towards
        if left[at] == 0:
            armed[at] = False
        else:
            (later if delay_s > 0 else queue).append(Action(now_s + delay_s, at, False))
    return tap_pu, tuple(later), armed
