"""What moved devices change of the admittance, summed again where it enters: taps, and banks.

A value that several primitives share is not corrected by a difference but summed anew from all of
them, in the order in which all are assembled, so that nothing builds up.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gridmend.model.arrays import Complexes, Floats, Ints
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.transformer import fill
from gridmend.powerflow.units import Units

Lists = tuple[Ints, Ints]
"""Items by what they belong to: where those of each begin, and which they are."""


class Tapped(NamedTuple):
    """Every transformer as flat arrays.

    Of each unit its `make`, and where its `windings` (rows of the grid's), the `slots` that its
    primitive enters and the primitive's values begin; of each make where its `coil_v` [windings],
    `coil` [windings²], `fixed` [conductors²] and `spread` [windings² × conductors²] begin.
    """

    make: Ints
    winding_start: Ints
    windings: Ints
    slot_start: Ints
    slots: Ints
    value_start: Ints
    volts_start: Ints
    coil_v: Floats
    coil_start: Ints
    coil: Complexes
    fixed_start: Ints
    fixed: Complexes
    spread_start: Ints
    spread: Floats


def tapped(units: Units, value_start: Ints, slots: Ints) -> Tapped:
    """The units of a network, of which the primitives begin at `value_start` [units], and where
    each primitive value is added: -1 nowhere."""
    makes = units.makes
    volts_start, coil_v = _flat([m.coil_v for m in makes], float)
    coil_start, coil = _flat([m.coil for m in makes], complex)
    fixed_start, fixed = _flat([m.fixed for m in makes], complex)
    spread_start, spread = _flat([m.spread for m in makes], float)
    sizes = np.diff(fixed_start)[units.make]
    spans = [slots[a : a + size] for a, size in zip(value_start, sizes, strict=True)]
    slot_start, entered = _flat([np.unique(span[span >= 0]) for span in spans], np.int64)
    return Tapped(
        make=units.make,
        winding_start=units.winding_start,
        windings=units.windings,
        slot_start=slot_start,
        slots=entered,
        value_start=value_start,
        volts_start=volts_start,
        coil_v=coil_v,
        coil_start=coil_start,
        coil=coil,
        fixed_start=fixed_start,
        fixed=fixed,
        spread_start=spread_start,
        spread=spread,
    )


class Banked(NamedTuple):
    """Some capacitor banks as flat arrays.

    Of each where its `kvar` [steps + 1] of so many steps, the `slots` that it enters and its
    values per kvar (`built`) begin, and where among the primitives' values these are
    (`value_start`).
    """

    kvar_start: Ints
    kvar: Floats
    slot_start: Ints
    slots: Ints
    built_start: Ints
    built: Complexes
    value_start: Ints


def banked(step_kvar: list[Floats], spans: list[slice], values: Complexes, slots: Ints) -> Banked:
    """Banks of so much in each step, with the `spans` of the primitives' `values` [S per kvar] that
    are theirs, and where each value is added: -1 nowhere."""
    sums = [[np.sum(own[:k]) for k in range(max(len(own), 1) + 1)] for own in step_kvar]
    kvar_start, kvar = _flat(sums, float)
    entered = [np.unique(slots[span]) for span in spans]
    slot_start, of_each = _flat([own[own >= 0] for own in entered], np.int64)
    built_start, built = _flat([values[span] for span in spans], complex)
    value_start = np.array([span.start for span in spans], np.int64)
    return Banked(kvar_start, kvar, slot_start, of_each, built_start, built, value_start)


def _flat(parts: list[Any], kind: Any) -> tuple[Ints, Any]:
    """Arrays one after the other, and where each begins."""
    start = np.cumsum([0, *(np.size(part) for part in parts)], dtype=np.int64)
    return start, np.concatenate([np.empty(0, kind), *(np.ravel(part) for part in parts)])


@compiled
def set_tapped(t: Tapped, units: Ints, tap_pu: Floats, values: Complexes) -> Ints:
    """Set the primitives of some units at taps [windings] [pu]; the slots that they enter."""
    slots = np.empty((t.slot_start[units + 1] - t.slot_start[units]).sum(), np.int64)
    here = 0
    for unit in units:
        make = t.make[unit]
        fill(
            t.coil_v[t.volts_start[make] : t.volts_start[make + 1]],
            t.coil[t.coil_start[make] : t.coil_start[make + 1]],
            t.spread[t.spread_start[make] : t.spread_start[make + 1]],
            t.fixed[t.fixed_start[make] : t.fixed_start[make + 1]],
            tap_pu[t.windings[t.winding_start[unit] : t.winding_start[unit + 1]]],
            values,
            t.value_start[unit],
        )
        for k in range(t.slot_start[unit], t.slot_start[unit + 1]):
            slots[here] = t.slots[k]
            here += 1
    return slots


@compiled
def set_banked(b: Banked, banks: Ints, on: Ints, values: Complexes) -> Ints:
    """Set the primitives of some banks at so many steps `on` [banks]; the slots that they enter."""
    slots = np.empty((b.slot_start[banks + 1] - b.slot_start[banks]).sum(), np.int64)
    here = 0
    for bank in banks:
        kvar, start = b.kvar[b.kvar_start[bank] + on[bank]], b.built_start[bank]
        for k in range(start, b.built_start[bank + 1]):
            values[b.value_start[bank] + k - start] = b.built[k] * kvar
        for k in range(b.slot_start[bank], b.slot_start[bank + 1]):
            slots[here] = b.slots[k]
            here += 1
    return slots


@compiled
def sum_anew(
    slots: Ints, scale: Floats, values: Complexes, into: Lists, admittance: Complexes,
    legs_into: Lists, bare: tuple[Complexes, Complexes], rated: tuple[Complexes, Complexes],
) -> None:  # fmt: skip
    """Sum the admittance anew at some slots: `bare` of primitives alone, `rated` with rated legs,
    each a diagonal and what stands above it [pu]."""
    n = len(bare[0])
    for slot in slots:
        total = _sum(slot, values, into)
        with_legs = total + 0.0
        for k in range(legs_into[0][slot], legs_into[0][slot + 1]):
            item = legs_into[1][k]
            y = admittance[item // 4]
            with_legs += y if item % 4 < 2 else -y
        if slot < n:
            bare[0][slot], rated[0][slot] = total * scale[slot], with_legs * scale[slot]
        else:
            bare[1][slot - n], rated[1][slot - n] = total * scale[slot], with_legs * scale[slot]


@compiled
def _sum(slot: int, values: Complexes, into: Lists) -> Any:
    """What primitives add up to at a slot."""
    total = 0j
    for k in range(into[0][slot], into[0][slot + 1]):
        total += values[into[1][k]]
    return total
