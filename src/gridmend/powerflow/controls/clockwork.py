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

from dataclasses import dataclass, replace

import numpy as np

from gridmend.model.arrays import Flags, Floats
from gridmend.model.errors import GridError
from gridmend.model.flow import Flow
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.answer import as_flow
from gridmend.powerflow.controls.look import IGNORE, ROOM_PU, Probes, power_va
from gridmend.powerflow.controls.queue import Places, look
from gridmend.powerflow.controls.static import NO_RATIO, ROUNDS, hour_of
from gridmend.powerflow.controls.tables import Controls
from gridmend.powerflow.controls.waiting import Action, Waiting
from gridmend.powerflow.network import Network
from gridmend.powerflow.shorts import Short
from gridmend.powerflow.standing import Standing, stand
from gridmend.powerflow.update import resolve


@dataclass(frozen=True, eq=False)
class Clockwork:
    """The controls of a network, ready to run in time.

    Of each tap control in service `tap_rows` its row, `tap_delay_s` and `turn_delay_s` its delays
    beside the first one; of each capacitor control `bank_rows` its row.
    """

    network: Network
    controls: Controls
    tap_rows: list[int]
    tap_delay_s: Floats
    turn_delay_s: Floats
    bank_rows: list[int]

    @staticmethod
    def of(network: Network) -> Clockwork:
        """Raises `GridError` for settings whose course in time is not modelled."""
        grid = network.grid
        tap_rows = _tap_rows(network)
        c, t = grid.capacitor_controls, grid.tap_controls
        bank_rows = [
            at
            for at in np.flatnonzero(c.flags("in_service")).tolist()
            if network.primitives.place["capacitors"][grid.capacitors.row(c["capacitor"][at])] >= 0
        ]
        return Clockwork(
            network=network,
            controls=network.controls,
            tap_rows=tap_rows,
            tap_delay_s=t.numbers("tap_delay_s")[tap_rows],
            turn_delay_s=t.numbers("reverse_delay_s")[tap_rows],
            bank_rows=bank_rows,
        )


def _tap_rows(network: Network) -> list[int]:
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
    return rows


def run_to(
    clockwork: Clockwork, snapshot: Snapshot, waiting: Waiting, now_s: float,
    standing: Standing | None = None, shorts: tuple[Short, ...] = (),
) -> tuple[Flow, Waiting]:  # fmt: skip
    """The flow of a step that ends at `now_s` after what was due, and what still waits.

    A step that does not converge carries out nothing, and leaves what waits as it was. It goes on
    from where the network is `standing`, if given, which is quicker and differs by no more than
    the tolerance of the iteration. `shorts` stand on elements that have no voltage.
    """
    network, before = clockwork.network, waiting
    standing = standing or stand(network, snapshot, shorts)
    for count in range(1, ROUNDS + 1):
        solution = resolve(standing, snapshot, shorts=shorts)
        state, v = standing.state, solution.v_v.view(float)
        if not solution.converged:
            flow = as_flow(state, snapshot, solution, control_iterations=count, settled=False)
            return flow, before
        probes = clockwork.controls.terms.probes(state.values)
        see = _See(clockwork, probes, v, snapshot, now_s)
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
    """What the controls look at: probes, node voltages [nodes × 2] [V], positions, time."""

    clockwork: Clockwork
    probes: Probes
    v: Floats
    snapshot: Snapshot
    now_s: float


_Wanted = tuple[list[int], list[int]]
"""By control: whole tap steps, and bank steps, that it would go."""


def _look(see: _See, waiting: Waiting) -> tuple[Waiting, _Wanted]:
    """Arm and disarm."""
    controls, hour = see.clockwork.controls, hour_of(see.snapshot.time)
    regulators, banks = controls.regulators, controls.bank_controls
    turn_due_s = _look_at_power(see, waiting)
    at = controls.standing(see.snapshot)
    at.reverse[:] = waiting.reverse[see.clockwork.tap_rows]
    look(regulators, banks, see.probes, at, hour, see.v, NO_RATIO, 1, 0, 0.0)
    taps, armed = _armed_taps(see, waiting, at)
    due = waiting.bank_due_s.copy()
    for k, row in enumerate(see.clockwork.bank_rows):
        step = at.bank_want[k]
        if step == 0:
            due[row] = np.nan
        elif np.isnan(due[row]) and step < 0:
            due[row] = see.now_s + banks.delay_off[k]
        elif np.isnan(due[row]):
            since_s = see.now_s - float(waiting.opened_s[controls.banks[banks.bank[k]]])
            due[row] = see.now_s + max(banks.dead_time[k] - since_s, 0.0) + banks.delay[k]
    looked = replace(waiting, taps=taps, armed=armed, turn_due_s=turn_due_s, bank_due_s=due)
    return looked, (at.tap_want.tolist(), at.bank_want.tolist())


def _look_at_power(see: _See, waiting: Waiting) -> Floats:
    """When each tap control will change between forward and reverse mode."""
    due, regulators = waiting.turn_due_s.copy(), see.clockwork.controls.regulators
    for k, at in enumerate(see.clockwork.tap_rows):
        if regulators.reverse[k] == IGNORE:
            continue
        into, _ = power_va(regulators, see.probes, k, see.v, NO_RATIO, 1, 0)
        if (-into if waiting.reverse[at] else into) <= regulators.threshold[k]:
            due[at] = np.nan
        elif np.isnan(due[at]):
            due[at] = see.now_s + see.clockwork.turn_delay_s[k]
    return due


def _armed_taps(see: _See, waiting: Waiting, at: Places) -> tuple[tuple[Action, ...], Flags]:
    """What waits of the tap controls after a look."""
    taps: list[Action] = list(waiting.taps)
    armed = waiting.armed.copy()
    regs = see.clockwork.controls.regulators
    for k, row in enumerate(see.clockwork.tap_rows):
        tap, steps = float(at.tap[regs.tap[k]]), int(at.tap_want[k])
        free = tap < regs.tap_max[k] - ROOM_PU if steps > 0 else tap > regs.tap_min[k] + ROOM_PU
        if steps == 0:
            taps = [a for a in taps if not (armed[row] and a.control == row and a.of_arming)]
            armed[row] = False
        elif not armed[row] and free:
            taps = [a._replace(of_arming=a.of_arming and a.control != row) for a in taps]
            taps.append(Action(see.now_s + float(regs.delay[k]), row, True))
            armed[row] = True
    return tuple(taps), armed


def _act(
    clockwork: Clockwork, snapshot: Snapshot, waiting: Waiting, wanted: _Wanted, now_s: float
) -> tuple[Snapshot, Waiting]:
    """Carry out what is due."""
    tap_pu, taps, armed = _act_on_taps(clockwork, snapshot.tap_pu, waiting, wanted[0], now_s)
    due, steps_on = waiting.bank_due_s.copy(), snapshot.steps_on.copy()
    opened_s = waiting.opened_s.copy()
    banks = clockwork.controls.bank_controls
    for k, at in enumerate(clockwork.bank_rows):
        if due[at] <= now_s:
            capacitor, steps = clockwork.controls.banks[banks.bank[k]], int(banks.steps[k])
            steps_on[capacitor] = min(max(int(steps_on[capacitor]) + wanted[1][k], 0), steps)
            # OpenDSS has no dead time for a bank of several steps.
            if wanted[1][k] < 0 and steps == 1:
                opened_s[capacitor] = now_s
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
    clockwork: Clockwork, tap_pu: Floats, waiting: Waiting, wanted: list[int], now_s: float
) -> tuple[Floats, tuple[Action, ...], Flags]:
    """One tap an action; each leaves an action for the next tap where one is wanted."""
    tap_pu, armed = tap_pu.copy(), waiting.armed.copy()
    left, number = list(wanted), {at: k for k, at in enumerate(clockwork.tap_rows)}
    regulators = clockwork.controls.regulators
    queue = [a for a in waiting.taps if a.due_s <= now_s]
    later = [a for a in waiting.taps if a.due_s > now_s]
    while queue:
        at = queue.pop(0).control
        k = number[at]
        delay_s = float(clockwork.tap_delay_s[k])
        if left[k] == 0:
            armed[at] = False
            continue
        towards = 1 if left[k] > 0 else -1
        winding = clockwork.controls.windings[regulators.tap[k]]
        before = float(tap_pu[winding])
        tap = before + towards * regulators.step[k]
        tap_pu[winding] = min(max(tap, regulators.tap_min[k]), regulators.tap_max[k])
        left[k] -= towards
        # At the end of its range it waits for the voltage, not for its next tap.
        if left[k] == 0 or abs(float(tap_pu[winding]) - before) < ROOM_PU:
            armed[at] = False
        else:
            (later if delay_s > 0 else queue).append(Action(now_s + delay_s, at, False))
    return tap_pu, tuple(later), armed
