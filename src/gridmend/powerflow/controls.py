"""Static control: regulators and capacitors settle as they do in OpenDSS.

Solve, then let every control look. A control that is out of band is armed for its delay; one
that is back in band is disarmed. Of the armed ones only those that share the smallest delay
act, then all look again, until none is armed. Within one snapshot no time passes, so what was
armed earlier keeps its delay. A regulator moves seven tenths of what it needs, at least one
step; a capacitor that was opened waits its dead time before it closes. Decision record 0003
says how this was found and checked.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.model.flow import Flow
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow import capacitor_control, tap_control
from gridmend.powerflow.answer import as_flow
from gridmend.powerflow.network import Network
from gridmend.powerflow.update import Standing, resolve, stand

ROUNDS = 200
"""Control iterations after which the controls are said not to settle."""


@dataclass
class _Queue:
    """What is armed: the delay [s] at which each control will act, nan where it is not."""

    taps: Floats
    capacitors: Floats
    opened: Flags = field(default_factory=lambda: np.empty(0, np.bool_))


@dataclass(eq=False)
class Settling:
    """A network with its controls ready to look, and where it stands (None: nowhere yet).

    For one thread: it changes in place as it goes from snapshot to snapshot.
    """

    network: Network
    regulators: list[tap_control.Meter]
    banks: list[capacitor_control.Meter]
    standing: Standing | None = None

    @staticmethod
    def of(network: Network) -> Settling:
        """Every control in service; `GridError` for one that looks where nothing is."""
        return Settling(network, tap_control.meters(network), capacitor_control.meters(network))


def settle(network: Network, snapshot: Snapshot) -> Flow:
    """The flow after static control, with the positions it ended in.

    Where a solve does not converge, or the controls do not come to rest, the flow says so in
    `converged` and `controls_settled`.
    """
    return settle_from(Settling.of(network), snapshot)


def settle_from(settling: Settling, snapshot: Snapshot) -> Flow:
    """The same from where the network stands, which is quicker: for one step after another.

    It differs from `settle` by no more than the tolerance of the iteration.
    """
    network, regulators, banks = settling.network, settling.regulators, settling.banks
    queue = _Queue(
        np.full(len(regulators), np.nan),
        np.full(len(banks), np.nan),
        np.zeros(len(network.grid.capacitors), np.bool_),
    )
    standing = settling.standing = settling.standing or stand(network, snapshot)
    for count in range(1, ROUNDS + 1):
        solution = resolve(standing, snapshot)
        state, v = standing.state, solution.v_v
        if not solution.converged:
            return as_flow(state, snapshot, solution, control_iterations=count, settled=False)
        pending = _look(network, state.values, v, snapshot, queue, regulators, banks)
        delays = np.concatenate([queue.taps, queue.capacitors])
        if np.isnan(delays).all():
            return as_flow(state, snapshot, solution, control_iterations=count)
        if count == ROUNDS:
            return as_flow(state, snapshot, solution, control_iterations=count, settled=False)
        snapshot = _act(snapshot, queue, float(np.nanmin(delays)), pending, regulators, banks)
    raise AssertionError("the last round returns")


def _look(
    network: Network,
    values: Complexes,
    v: Complexes,
    snapshot: Snapshot,
    queue: _Queue,
    regulators: list[tap_control.Meter],
    banks: list[capacitor_control.Meter],
) -> tuple[Ints, Ints]:
    """Arm and disarm; returns the steps that each regulator and each bank would move."""
    steps = np.zeros(len(regulators), np.int64)
    for k, meter in enumerate(regulators):
        steps[k] = tap_control.wanted(meter, network, values, v, snapshot)
        if steps[k] == 0:
            queue.taps[k] = np.nan
        elif np.isnan(queue.taps[k]) and tap_control.can_move(meter, snapshot, int(steps[k])):
            queue.taps[k] = meter.delay_s
    moves = np.zeros(len(banks), np.int64)
    for k, bank in enumerate(banks):
        moves[k] = capacitor_control.wanted(bank, network, values, v, snapshot)
        if moves[k] == 0:
            queue.capacitors[k] = np.nan
        elif np.isnan(queue.capacitors[k]):
            waits = bank.dead_time_s if moves[k] > 0 and queue.opened[bank.capacitor] else 0.0
            queue.capacitors[k] = waits + (bank.delay_s if moves[k] > 0 else bank.delay_off_s)
    return steps, moves


def _act(
    snapshot: Snapshot,
    queue: _Queue,
    delay_s: float,
    pending: tuple[Ints, Ints],
    regulators: list[tap_control.Meter],
    banks: list[capacitor_control.Meter],
) -> Snapshot:
    tap_pu = snapshot.tap_pu.copy()
    for k, meter in enumerate(regulators):
        if queue.taps[k] == delay_s:
            tap_pu[meter.tap_winding] = tap_control.moved(
                meter, float(tap_pu[meter.tap_winding]), int(pending[0][k])
            )
            queue.taps[k] = np.nan
    steps_on = snapshot.steps_on.copy()
    for k, bank in enumerate(banks):
        if queue.capacitors[k] == delay_s:
            step = int(pending[1][k])
            steps_on[bank.capacitor] = min(max(steps_on[bank.capacitor] + step, 0), bank.steps)
            queue.opened[bank.capacitor] |= step < 0 and steps_on[bank.capacitor] == 0
            queue.capacitors[k] = np.nan
    for array in (tap_pu, steps_on):
        array.flags.writeable = False
    return replace(snapshot, tap_pu=tap_pu, steps_on=steps_on)
