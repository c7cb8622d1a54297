"""One round of static control in one lane: every control looks, the quickest of them act."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gridmend.powerflow.controls.bank_look import bank_steps
from gridmend.powerflow.controls.look import can_move, moved, tap_steps
from gridmend.powerflow.simd import inlined, inlined_and_kept

SAFETY = 30.0
"""How many times what is left of the error a control's margin must be, to decide on it."""


class Places(NamedTuple):
    """Where the controls of all lanes stand, each array [what it counts × lanes].

    `tap` [taps] pu; `on` [banks] steps; `tap_due`, `bank_due` [controls] delays [s] at which
    armed controls will act, nan where they are not armed; `opened` [banks] whether a bank was
    opened at this snapshot; `reverse` [controls] 1 in reverse mode, 0 in forward mode, -1 where
    power decides at each look; `tap_want`, `bank_want` [controls, of one lane] steps wanted at
    the last look.
    """

    tap: Any
    on: Any
    tap_due: Any
    bank_due: Any
    opened: Any
    reverse: Any
    tap_want: Any
    bank_want: Any


def places(taps: int, banks: int, regulators: int, bank_controls: int, lanes: int) -> Places:
    """Room for the controls of some lanes, nothing armed."""
    return Places(
        tap=np.ones(taps * lanes),
        on=np.zeros(banks * lanes, np.int64),
        tap_due=np.full(regulators * lanes, np.nan),
        bank_due=np.full(bank_controls * lanes, np.nan),
        opened=np.zeros(banks * lanes, np.int64),
        reverse=np.full(regulators * lanes, -1),
        tap_want=np.zeros(regulators, np.int64),
        bank_want=np.zeros(bank_controls, np.int64),
    )


@inlined
def disarm(at: Any, lanes: int, w: int) -> None:
    """Begin a snapshot: nothing is armed and no bank was opened."""
    at.tap_due[w::lanes] = np.nan
    at.bank_due[w::lanes] = np.nan
    at.opened[w::lanes] = 0


@inlined_and_kept
def look(
    regs: Any, banks: Any, probes: Any, at: Any, hour: float, x: Any, ratio: Any, lanes: int,
    w: int, least: float,
) -> float:  # fmt: skip
    """Note what every control wants; how far a voltage may move before any wants another [pu].
    A margin below the `least` that is of use ends it."""
    return look_beside(
        regs, banks, probes, at, hour, x, ratio, lanes, w, least, at.tap_due[:0], 0.0
    )


@inlined_and_kept
def look_beside(
    regs: Any, banks: Any, probes: Any, at: Any, hour: float, x: Any, ratio: Any, lanes: int,
    w: int, least: float, seen: Any, sure: float,
) -> float:  # fmt: skip
    """The same where it is `seen` [regulators × lanes] how far each regulator is from wanting
    anything [pu], if at all: one that is as far as is `sure` need not look again."""
    margin = np.inf
    for k in range(len(regs.tap)):
        if len(seen) and seen[k * lanes + w] >= sure:
            at.tap_want[k] = 0
            margin = min(margin, seen[k * lanes + w])
            continue
        tap = at.tap[regs.tap[k] * lanes + w]
        at.tap_want[k], own = tap_steps(
            regs, probes, k, at.reverse[k * lanes + w], tap, x, ratio, lanes, w
        )
        margin = min(margin, own)
        if margin < least:
            return margin
    for k in range(len(banks.bank)):
        on = at.on[banks.bank[k] * lanes + w]
        at.bank_want[k], own = bank_steps(banks, probes, k, on, hour, x, ratio, lanes, w)
        margin = min(margin, own)
    return margin


@inlined_and_kept
def arm(regs: Any, banks: Any, at: Any, lanes: int, w: int) -> float:
    """Arm and disarm by the last look; the smallest delay of all armed [s], nan where none is."""
    least = np.nan
    for k in range(len(regs.tap)):
        tap, here = at.tap[regs.tap[k] * lanes + w], k * lanes + w
        steps = at.tap_want[k]
        if steps == 0:
            at.tap_due[here] = np.nan
        elif np.isnan(at.tap_due[here]) and can_move(regs, k, tap, steps):
            at.tap_due[here] = regs.delay[k]
        if not at.tap_due[here] >= least and not np.isnan(at.tap_due[here]):
            least = at.tap_due[here]
    for k in range(len(banks.bank)):
        b, here = banks.bank[k] * lanes + w, k * lanes + w
        step = at.bank_want[k]
        if step == 0:
            at.bank_due[here] = np.nan
        elif np.isnan(at.bank_due[here]):
            waits = banks.dead_time[k] if step > 0 and at.opened[b] else 0.0
            at.bank_due[here] = waits + (banks.delay[k] if step > 0 else banks.delay_off[k])
        if not at.bank_due[here] >= least and not np.isnan(at.bank_due[here]):
            least = at.bank_due[here]
    return least


@inlined_and_kept
def act(regs: Any, banks: Any, at: Any, delay: float, lanes: int, w: int) -> None:
    """Move what is armed for that delay [s]."""
    for k in range(len(regs.tap)):
        here = k * lanes + w
        if at.tap_due[here] == delay:
            tap = regs.tap[k] * lanes + w
            at.tap[tap] = moved(regs, k, at.tap[tap], at.tap_want[k])
            at.tap_due[here] = np.nan
    for k in range(len(banks.bank)):
        here = k * lanes + w
        if at.bank_due[here] == delay:
            b, step = banks.bank[k] * lanes + w, at.bank_want[k]
            at.on[b] = min(max(at.on[b] + step, 0), banks.steps[k])
            if step < 0 and at.on[b] == 0:
                at.opened[b] = 1
            at.bank_due[here] = np.nan
