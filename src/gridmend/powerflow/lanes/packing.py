"""The numbers of some lanes, put side by side: all at once where registers have 512 bits."""

from __future__ import annotations

from typing import Any

from numba import types

from gridmend.powerflow.simd import BYTES, cgutils, get, inlined, ir, operation, put, width

_NUMBERS = 8
"""Numbers in a register of 512 bits; a vector is two of them."""

WIDE = BYTES == 2 * 8 * _NUMBERS
"""Whether registers have 512 bits."""


def _register(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
    """Where the register of numbers is that begins at `array[at]`."""
    data = cgutils.create_struct_proxy(kind)(context, builder, array).data
    number = ir.DoubleType() if kind.dtype == types.float64 else ir.IntType(64)
    where = builder.gep(data, [at])
    return builder.bitcast(where, ir.VectorType(number, _NUMBERS).as_pointer())


@operation
def _place(
    typing: Any, array: Any, at: Any, lane: Any, half: Any, chosen: Any, out: Any, to: Any
) -> Any:
    """To the register `half` (0 or 1) of the vector at `out[to]` lanes of that at `array[at]`: to
    each slot whose bit of `chosen` is set the one that `lane` [slots] says."""
    if array.dtype != types.float64 or out.dtype != types.float64 or lane.dtype != types.int64:
        return None

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kinds, width_at = signature.args, ir.Constant(values[1].type, _NUMBERS)
        shift = builder.mul(values[3], width_at)

        def read(n: int, place: Any) -> Any:
            found = builder.load(_register(context, builder, kinds[n], values[n], place))
            found.align = 8
            return found

        one, other = read(0, values[1]), read(0, builder.add(values[1], width_at))
        slots = read(2, shift)
        name = "llvm.x86.avx512.vpermi2var.pd.512"
        kind = ir.FunctionType(one.type, [one.type, slots.type, one.type])
        permute = cgutils.get_or_insert_function(builder.module, kind, name)
        moved = builder.call(permute, [one, slots, other])
        bits = builder.trunc(builder.lshr(values[4], shift), ir.IntType(_NUMBERS))
        mask = builder.bitcast(bits, ir.VectorType(ir.IntType(1), _NUMBERS))
        goal = builder.add(values[6], shift)
        there = _register(context, builder, kinds[5], values[5], goal)
        builder.store(builder.select(mask, moved, read(5, goal)), there).align = 8
        return context.get_dummy_value()

    index = types.intp
    return types.void(array, index, lane, index, index, out, index), build


@inlined
def _pack_at_once(x: Any, by: int, lane: Any, first: int, last: int, out: Any) -> None:
    """As `pack_one_by_one`."""
    lanes, chosen = width(x), (1 << last) - (1 << first)
    if first < _NUMBERS and last > _NUMBERS:
        for n in range(len(out) // lanes):
            _place(x, n * by, lane, 0, chosen, out, n * lanes)
            _place(x, n * by, lane, 1, chosen, out, n * lanes)
    else:
        half = 1 if first >= _NUMBERS else 0
        for n in range(len(out) // lanes):
            _place(x, n * by, lane, half, chosen, out, n * lanes)


@inlined
def pack_one_by_one(x: Any, by: int, lane: Any, first: int, last: int, out: Any) -> None:
    """To the slots from `first` up to `last` of every vector of `out` the lanes that `lane` [slots]
    says of the vectors of `x`, each `by` further on than the one before."""
    lanes = width(x)
    for n in range(len(out) // lanes):
        for slot in range(first, last):
            put(out, n * lanes + slot, get(x, n * by + get(lane, slot)))


pack = _pack_at_once if WIDE else pack_one_by_one
