"""Static control in one pass of compiled code: the network is solved, controls look, and act.

Taps and capacitor banks are followed. A bank that alone couples two of its nodes is not, for what
it reaches changes with it; and where a bank that acted leaves a part without a path to ground, all
is taken back, to be solved one look at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.chord import Rooms, Sloped, linearised, sloped
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.controls.hunting import Seen, passed_over
from gridmend.powerflow.controls.look import Probes
from gridmend.powerflow.controls.queue import SAFETY, Places, act, arm, look
from gridmend.powerflow.controls.tables import Controls
from gridmend.powerflow.factor import back_through
from gridmend.powerflow.network import Network
from gridmend.powerflow.refactor import (
    columns_above,
    columns_left,
    columns_of,
    remake,
    remake_blocks,
    remake_rest,
)
from gridmend.powerflow.revaluing import (
    Banked,
    Tapped,
    banked,
    set_banked,
    set_tapped,
    sum_anew,
)
from gridmend.powerflow.rounds import (
    LOST,
    TOLERANCE_PU,
    WORTH_KEEPING,
    WORTH_KEEPING_OLD,
    Solution,
    Way,
    by_place,
    rounds_to,
    solution_at,
)
from gridmend.powerflow.standing import Standing, begin_again, take_line

_ENDS, _AGAIN, _FLOATS = range(3)
"""None wants anything, or what acts is not followed; where they stand is to be solved anew; a part
has no path to ground any more."""


class Followed(NamedTuple):
    """What is followed, made once for a network.

    `unit` [taps] which of `tapped` each tap belongs to, `winding` [taps] its row; `couples` [bank
    controls] whether the bank of each alone couples two nodes; the probes by `place` [terms], per
    unit there `base_v`, with `value` of currents; `columns` [any] the passive places that probes
    depend on, last first.
    """

    tapped: Tapped
    banked: Banked
    couples: Flags
    unit: Ints
    winding: Ints
    start: Ints
    place: Ints
    base_v: Floats
    sign: Floats
    value: Ints
    columns: Ints


class Moving(NamedTuple):
    """What moves with controls beside a line: `tap_pu` [windings] and the steps `on` [banks] that
    the matrix has; the rest as in `standing.Standing`."""

    tap_pu: Floats
    on: Ints
    admittance: Complexes
    rated: tuple[Complexes, Complexes]
    tied: Flags
    behind: Flags


@dataclass(frozen=True, eq=False)
class Outcome:
    """Where controls stand that are no longer followed, after so many looks in all.

    `delay` [s] is that of those which act, nan where none does; there is no `solution` where they
    are to be solved anew.
    """

    count: int
    delay: float
    snapshot: Snapshot
    solution: Solution | None


def followed(network: Network, controls: Controls) -> Followed:
    """What is followed of a network."""
    terms, pattern = controls.terms, network.pattern
    place = network.place[terms.node]
    passive = columns_above(pattern, place)
    banks, capacitors = controls.banks.tolist(), network.grid.capacitors
    spans = [network.primitives.of("capacitors", row)[1] for row in banks]
    couples = np.array([_couples(network, span) for span in spans], np.bool_)
    return Followed(
        tapped=network.tapped,
        banked=banked(
            [capacitors["step_kvar"][row] for row in banks],
            spans,
            network.primitives.values,
            network.slots,
        ),
        couples=couples[controls.bank_controls.bank],
        unit=network.unit_number[network.unit_of_winding[controls.windings]],
        winding=controls.windings,
        start=terms.start,
        place=place,
        base_v=network.nodes.base_v[terms.node],
        sign=terms.sign,
        value=terms.value,
        columns=passive[passive < network.first][::-1].copy(),
    )


def _couples(network: Network, span: slice) -> bool:
    """Whether two nodes may be coupled by a bank's values alone, or by other devices that part."""
    n, primitives, (start, which) = network.pattern.n, network.primitives, network.into
    element = np.searchsorted(primitives.value_start, which, side="right") - 1
    stays = np.isin(primitives.table[element], ("lines", "transformers", "reactors"))
    stays &= primitives.values[which] != 0.0
    between = np.unique(network.slots[span])
    return any(not stays[start[e] : start[e + 1]].any() for e in between[between >= n])


def can_follow(standing: Standing) -> bool:
    """Whether a network can be followed where it stands."""
    state = standing.state
    return not (state.network.legs.jump or len(state.floating) or standing.shorts)


def follow(
    standing: Standing, snapshot: Snapshot, controls: Controls, at: Places, seen: Seen,
    v: Complexes, *, hour: float, count: int, most: int, within_pu: float,
) -> Outcome | None:  # fmt: skip
    """Solve from voltages `v` [V] and let controls look and act until none wants anything, or one
    acts that is not followed. At most `most` looks are taken in all, of which there were `count`;
    `seen` is where the controls stood at them.

    None where a bank would leave a part without a path to ground: the controls stand as they were,
    and the network is prepared anew at `snapshot`.
    """
    state = standing.state
    network, base = state.network, state.network.nodes.base_v
    line = standing.line or take_line(standing, linearised(state, standing.s_va, v))
    x, driven = by_place(network.place, state.alive, v, base, state.driven)
    tap_pu, was = snapshot.tap_pu.copy(), Places(*(array.copy() for array in at))
    moving = Moving(
        tap_pu, at.on.copy(), state.admittance, (standing.diagonal, standing.upper),
        standing.tied, standing.behind,
    )  # fmt: skip
    old = standing.line_s_va is not standing.s_va
    keep = WORTH_KEEPING_OLD if old else WORTH_KEEPING
    why, count, delay, way = _follow(
        network.followed, sloped(state, line, moving=True), moving, controls.regulators,
        controls.bank_controls, at, seen, hour, count, most, standing.s_va, driven, x,
        x.view(float), line.rooms, within_pu, keep,
    )  # fmt: skip
    if why == _FLOATS:
        for now, before in zip(at, was, strict=True):
            now[:] = before
        seen.rows[0] = 0
        begin_again(standing, snapshot, standing.shorts)
        return None
    snapshot = controls.put(snapshot, at.tap, at.on)
    standing.snapshot = snapshot
    if why == _AGAIN:
        standing.line = None
        return Outcome(count, delay, snapshot, None)
    solution = solution_at(state, x, way, converged=True)
    standing.solution, standing.solved_s_va = solution, standing.s_va
    return Outcome(count, delay, snapshot, solution)


@compiled
def _follow(
    f: Followed, m: Sloped, moving: Moving, regulators: Any, banks: Any, at: Any, seen: Seen,
    hour: float, count: int, most: int, s_va: Complexes, driven: Complexes, x: Complexes,
    x_parts: Floats, room: Rooms, rough_pu: float, keep: float,
) -> tuple[int, int, float, Way]:  # fmt: skip
    ratio = np.ones(1)
    re, im, none = f.sign * f.base_v, np.zeros(len(f.sign)), np.full(len(f.sign), -1)
    probes = Probes(f.start, f.place, re, im, none, np.zeros(len(x_parts)))
    while True:
        count += 1
        for e in range(len(f.value)):
            if f.value[e] >= 0:
                y = m.values[f.value[e]] * f.base_v[e]
                re[e], im[e] = y.real, y.imag
        way, delay = Way(0, np.inf, np.inf, m.first, 1.0, 0.0, True), np.nan
        within_pu = rough_pu if count < most else TOLERANCE_PU
        while True:
            way, why = rounds_to(m, s_va, None, driven, x, room, way, keep, within_pu)
            if why == LOST:
                return _AGAIN, count - 1, delay, way
            back_through(f.columns, m.columns[0], m.columns[1], m.passive[0], x)
            margin_pu = look(regulators, banks, probes, at, hour, x_parts, ratio, 1, 0, 0.0)
            is_exact, surely_pu = within_pu <= TOLERANCE_PU, margin_pu / SAFETY
            if is_exact or way.left < surely_pu:
                delay = arm(regulators, banks, at, 1, 0)
                if is_exact or not np.isnan(delay):
                    break
                surely_pu = 0.0
            within_pu = max(surely_pu / 2, TOLERANCE_PU)
        if np.isnan(delay) or count == most or _couples_now(f.couples, at, delay):
            return _ENDS, count, delay, way
        count = passed_over(seen, at, count, most)
        if not _act(f, m, moving, regulators, banks, at, delay):
            return _FLOATS, count, delay, way


@compiled
def _couples_now(couples: Flags, at: Any, delay: float) -> bool:
    """Whether a bank that couples nodes is among what is armed for that delay [s]."""
    found = False
    for k in range(len(couples)):
        found |= couples[k] and at.bank_due[k] == delay
    return found


@compiled
def _act(
    f: Followed, m: Sloped, moving: Moving, regulators: Any, banks: Any, at: Any, delay: float
) -> bool:
    """Move what is armed for that delay [s], and the matrix with it; False where a part floats
    then, as a bank may have held it to ground."""
    act(regulators, banks, at, delay, 1, 0)
    units, count = np.empty(len(f.unit), np.int64), 0
    for k in range(len(f.unit)):
        if moving.tap_pu[f.winding[k]] != at.tap[k]:
            moving.tap_pu[f.winding[k]] = at.tap[k]
            if f.unit[k] >= 0:
                units[count] = f.unit[k]
                count += 1
    switched = np.flatnonzero(moving.on != at.on)
    if count == 0 and len(switched) == 0:
        return True
    moving.on[:] = at.on
    slots = np.concatenate((
        set_tapped(f.tapped, units[:count], moving.tap_pu, m.values),
        set_banked(f.banked, switched, moving.on, m.values),
    ))  # fmt: skip
    sum_anew(slots, m.scale, m.values, m.into, moving.admittance, m.legs_into, m.bare, moving.rated)
    columns = columns_of(m.parent, m.pattern_rows, slots)
    for k in columns:
        moving.tied[k] = not m.live[k]
        moving.behind[k] = True
    early = np.searchsorted(columns, m.first)
    passive, later = columns[:early], columns[early:]
    if not remake(passive, m.columns, m.rows, moving.rated, m.live, m.passive):
        return False
    moving.behind[: m.first] = False
    left = columns_left(slots, m.pattern_rows, passive, m.first, m.columns)
    remake_rest(left, m.first, m.columns, m.rows, m.bare, m.live, m.passive, m.rest)
    held = remake_blocks(
        later - m.first, m.active_columns, m.active_rows, m.rest, m.added, m.bare[0][m.first :],
        m.live[m.first :], m.factor,
    )  # fmt: skip
    if held or len(switched) == 0:
        return True
    behind = np.flatnonzero(moving.behind)
    for k in behind:
        moving.behind[k] = False
        moving.tied[k] |= not m.live[k]
    return remake(behind, m.columns, m.rows, moving.rated, m.live, m.passive)
