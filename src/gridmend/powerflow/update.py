"""A network that stands at positions and goes on to others without being factored anew.

A switch, a tap or a capacitor step changes one primitive. What it enters of the admittance is
summed again from all that is joined there, not corrected by a difference, so nothing builds up;
the factor is made anew from those columns to the root of the elimination tree, when it is
needed; and the iteration goes on from the voltages that were. Where a part floats or is about
to, and where that finds no rest, it begins from nothing.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gridmend.model.arrays import Complexes, Ints
from gridmend.model.snapshot import DEMANDS, Snapshot
from gridmend.powerflow.chord import linearised
from gridmend.powerflow.iteration import (
    TOLERANCE_PU,
    Solution,
    direct,
    iterate,
    resume,
    sources_at,
)
from gridmend.powerflow.legs import powers
from gridmend.powerflow.positions import (
    Device,
    moved_devices,
    set_values,
    shorted_devices,
)
from gridmend.powerflow.reach import reach_parts
from gridmend.powerflow.refactor import (
    columns_left,
    columns_of,
    refactor,
    refactor_blocks,
    refactor_rest,
)
from gridmend.powerflow.revaluing import set_tapped, sum_anew
from gridmend.powerflow.shorts import Short
from gridmend.powerflow.standing import Standing, begin_again, take_line

_ALL_BUT_TAPS = (
    "open_phases", "steps_on", "source_on", *(name for _, *pair in DEMANDS for name in pair),
)  # fmt: skip


def resolve(
    standing: Standing, snapshot: Snapshot, *, shorts: tuple[Short, ...] = (),
    within_pu: float = TOLERANCE_PU,
) -> Solution:  # fmt: skip
    """Move to another snapshot, positions and demand, and to short circuits, and solve there.

    The answer is that of a solve from nothing, to the tolerance of the iteration
    (checked against it on random networks and over every device of the IEEE feeders). Where loads
    jump beside their limits and there are several answers, it is the one that OpenDSS goes on to
    while its controls move (record 0006).
    """
    before = standing.solution
    v, moved = approached(standing, snapshot, shorts)
    state = standing.state
    old = standing.line_s_va is not standing.s_va
    same = before is not None and before.converged and standing.solved_s_va is standing.s_va
    found, line = resume(
        state, standing.s_va, v, standing.line,
        old=old, going_on=moved and same, within_pu=within_pu,
    )  # fmt: skip
    if line is not standing.line:
        take_line(standing, line)
    if not found.converged:
        begin_again(standing, snapshot, shorts)
        found = iterate(standing.state, standing.s_va)
    standing.solution, standing.solved_s_va = found, standing.s_va
    return found


def approached(
    standing: Standing, snapshot: Snapshot, shorts: tuple[Short, ...] = ()
) -> tuple[Complexes, bool]:
    """Move to a snapshot; voltages [V] from which to solve there, and whether a device moved."""
    moved = move(standing, snapshot, shorts)
    state, before = standing.state, standing.solution
    was_v = before.v_v if before and before.converged else np.zeros_like(state.driven)
    v = np.where(state.alive, was_v, 0.0)
    is_new = state.alive & (v == 0)
    if is_new.any() or state.network.legs.jump:
        catch_up(standing)
    if is_new.any():
        # what was dead starts without load
        v = np.where(is_new, direct(state, state.driven), v)
    if standing.line is not None and standing.line_s_va is None:
        standing.line = linearised(state, standing.s_va, v, standing.line)
        standing.line_s_va = standing.s_va
    return v, moved


def move(standing: Standing, snapshot: Snapshot, shorts: tuple[Short, ...] = ()) -> bool:
    """Bring the state and the matrix of the last solve to a snapshot; whether a device moved.

    It solves nothing. Where nodes are energised the matrix holds the slopes of no voltage, and
    is said to be of no demand.
    """
    if _only_taps_move(standing, snapshot, shorts):
        moved = _take_taps(standing, snapshot)
        standing.snapshot = snapshot
        return moved
    network, before = standing.state.network, standing.shorts
    devices = moved_devices(network, standing.snapshot, snapshot)
    if shorts != before:
        devices = list(dict.fromkeys((*devices, *shorted_devices(network, before, shorts))))
    standing.shorts = shorts
    if not (_take_demand(standing, snapshot) and _take_positions(standing, snapshot, devices)):
        begin_again(standing, snapshot, shorts)
    standing.snapshot = snapshot
    return bool(devices)


def _take_demand(standing: Standing, snapshot: Snapshot) -> bool:
    """Take over the demand; False where legs come or go, which may join or part nodes."""
    before = standing.snapshot
    names = [name for _, *pair in DEMANDS for name in pair]
    names.append("source_on")  # one in island mode takes the place of a DER
    if all(getattr(before, name) is getattr(snapshot, name) for name in names):
        return True
    s_va = powers(standing.state.network.legs, snapshot)
    same = np.array_equal(s_va == 0, standing.s_va == 0)
    standing.s_va = s_va
    return same


def _only_taps_move(standing: Standing, snapshot: Snapshot, shorts: tuple[Short, ...]) -> bool:
    """Whether a snapshot shares all arrays with the one that stands but for taps: controls act."""
    before = standing.snapshot
    if shorts or standing.shorts or len(standing.state.floating):
        return False
    return all(getattr(before, name) is getattr(snapshot, name) for name in _ALL_BUT_TAPS)


def _take_taps(standing: Standing, snapshot: Snapshot) -> bool:
    """Take over taps, by which nothing is joined or parted; whether any moved."""
    network = standing.state.network
    moved = np.flatnonzero(standing.snapshot.tap_pu != snapshot.tap_pu)
    units = np.unique(network.unit_number[network.unit_of_winding[moved]])
    units = units[units >= 0]
    if not len(units):
        return False
    slots = set_tapped(network.tapped, units, snapshot.tap_pu, standing.state.values)
    _reassemble(standing, slots)
    _renew(standing, slots)
    return True


def _take_positions(standing: Standing, snapshot: Snapshot, devices: list[Device]) -> bool:
    """Take over the positions of devices; False where all has to be prepared from nothing."""
    state, network = standing.state, standing.state.network
    if not devices:
        return True
    if len(state.floating):
        return False
    slots = _revalue(standing, snapshot, devices)
    n, rows = network.pattern.n, network.pattern.rows
    entries = slots[slots >= n] - n
    joined = standing.upper[entries] != 0.0
    _reassemble(standing, slots)
    differs = entries[(standing.upper[entries] != 0.0) != joined]
    if not standing.may_part[differs].all():
        return False  # a short circuit joins or parts what no device can
    tables = {table for table, _ in devices}
    source = "sources" in tables
    if source:
        driven, standing.roots = sources_at(network, snapshot)
        state = standing.state = replace(state, driven=driven)
    lives = np.empty(0, np.int64)
    if source or len(differs):
        was, live = standing.live, np.zeros(n, np.bool_)
        loose, closed = standing.loose, standing.upper[standing.loose] != 0.0
        ends = rows[loose], network.pattern.columns[loose]
        reach_parts(standing.parts, *ends, closed, standing.roots, live)
        standing.live, standing.state = live, replace(state, alive=live[network.place])
        if (live & ~was).any():
            # its slopes there are of no voltage
            standing.line, standing.line_s_va = None if network.legs.jump else standing.line, None
        # A node that died keeps its column until something on its way to the root changes: no
        # current enters it. One that lives again needs its own, if it was made as a dead one's.
        lives = np.flatnonzero(standing.tied & live)
    held = _renew(standing, np.concatenate([slots, lives]))
    # no part floats because a tap moved
    return tables == {"transformers"} or held or catch_up(standing)


def _renew(standing: Standing, slots: Ints) -> bool:
    """Make the columns anew that depend on some slots: of the last matrix now, of the factor when
    it is needed. Whether the matrix tells that no part floats, which is one that nothing holds,
    whatever its legs are."""
    state, line, live = standing.state, standing.line, standing.live
    pattern, active = state.network.pattern, state.network.active
    columns = columns_of(pattern.parent, pattern.rows, slots)
    standing.tied[columns] = ~live[columns]
    standing.behind[columns] = True
    early, first = int(np.searchsorted(columns, active.first)), active.first
    passive, later = columns[:early], columns[early:]
    if not refactor(state.factor, standing.diagonal, standing.upper, live, passive):
        # nothing is left to solve with: who does not prepare anew now does when that finds no rest
        state.rest[:] = np.nan
        standing.line = standing.line_s_va = None
        return False
    standing.behind[passive] = False
    left = columns_left(slots, pattern.rows, passive, first, pattern.lists[0])
    refactor_rest(state.factor, state.rest, active, (state.diagonal, state.upper), live, left)
    if line is None:
        return False
    of = state.rest, line.added, state.diagonal[first:], live[first:]
    return refactor_blocks(line.blocks, *of, later - first)


def _revalue(standing: Standing, snapshot: Snapshot, devices: list[Device]) -> Ints:
    """Set the primitives of devices; returns the slots that their values enter."""
    network, values = standing.state.network, standing.state.values
    if not standing.shorts and all(table == "transformers" for table, _ in devices):
        units = network.unit_number[[row for _, row in devices]]
        return set_tapped(network.tapped, units, snapshot.tap_pu, values)
    slots = list[Ints]()
    for device in devices:
        set_values(network, snapshot, device, values, standing.shorts)
        slots.append(network.slots[network.primitives.of(*device)[1]])
    every = np.concatenate(slots)
    return every[every >= 0]


def _reassemble(standing: Standing, slots: Ints) -> None:
    """Sum the admittance anew at some slots: alone, and with rated legs."""
    state, network = standing.state, standing.state.network
    of = slots, network.scale, state.values, network.into
    bare, rated = (state.diagonal, state.upper), (standing.diagonal, standing.upper)
    sum_anew(*of, state.admittance, network.legs_into, bare, rated)


def catch_up(standing: Standing) -> bool:
    """Make the columns of the factor anew that are behind; False where a part would float."""
    columns = np.flatnonzero(standing.behind)
    standing.behind[columns] = False
    standing.tied[columns] |= ~standing.live[columns]
    state, given = standing.state, (standing.diagonal, standing.upper, standing.live)
    return refactor(state.factor, *given, columns)
