"""Vectors inside Numba, two machine registers wide: sixteen float64 lanes, or eight.

Numba does not vectorise the solve's loops by itself, so a vector is a Numba type of its own
whose LLVM type is `<16 x double>` or `<32 x float>` where registers have 512 bits (AVX-512),
half of that elsewhere; these are the few operations that the lanes need. A vector lives in a
function's registers only; in memory it is neighbours of an array, and the array's type decides
which of the two it is. `get` reads one number without the check for negative indices that would
cost as much as the arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numba
import numpy as np
from llvmlite import binding as llvmlite_binding  # pyright: ignore[reportMissingTypeStubs]
from llvmlite import ir as llvmlite_ir  # pyright: ignore[reportMissingTypeStubs]
from numba import extending as numba_extending
from numba import types
from numba.core import cgutils as numba_cgutils
from numba.core.datamodel.models import PrimitiveModel

from gridmend.powerflow.compiled import kept

# Numba and llvmlite have no types of their own.
ir, llvm = cast(Any, llvmlite_ir), cast(Any, llvmlite_binding)
cgutils = cast(Any, numba_cgutils)
extending = cast(Any, numba_extending)


def _register_bytes() -> int:
    """Size of the widest register that code is compiled for."""
    asked = cast(Any, numba).config.CPU_FEATURES
    try:
        features = asked if asked is not None else llvm.get_host_cpu_features().flatten()
    except RuntimeError:  # where the processor does not tell
        features = ""
    return 64 if "+avx512f" in features.split(",") else 32


BYTES = 2 * _register_bytes()
"""Size of a vector: two registers, so that one is worked on while the other waits for what was
found last."""


def lanes_of(kind: Any) -> int:
    """How many lanes a vector of a type of numbers has."""
    return BYTES // np.dtype(kind).itemsize


_contract = ("contract",)


class Lanes(types.Type):
    """The Numba type of a vector of `count` numbers."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind
        self.count = BYTES * 8 // kind.bitwidth
        self.name = f"lanes{self.count}x{kind}"
        super().__init__(name=self.name)


def vector_type(kind: Any) -> Any:
    """The LLVM type of a vector."""
    number = ir.DoubleType() if kind.kind == types.float64 else ir.FloatType()
    return ir.VectorType(number, kind.count)


class _Model(PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, vector_type(kind))


extending.register_model(Lanes)(_Model)
_of = {kind: Lanes(kind) for kind in (types.float64, types.float32)}


def operation(function: Callable[..., Any]) -> Any:
    """An operation that Numba compiles in line; its first argument is Numba's own."""
    return extending.intrinsic(function)


def _pointer(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
    data = cgutils.create_struct_proxy(kind)(context, builder, array).data
    return builder.gep(data, [at])


def _spread(builder: Any, kind: Any, value: Any) -> Any:
    vector = vector_type(kind)
    if value.type != vector.element:
        wide = vector.element == ir.DoubleType()
        value = (builder.fpext if wide else builder.fptrunc)(value, vector.element)
    empty = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(empty, value, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), kind.count), [0] * kind.count)
    return builder.shuffle_vector(first, empty, zeros)


@operation
def width(typing: Any, array: Any) -> Any:
    """How many lanes a vector of this array has; known when compiling."""
    count = _of[array.dtype].count

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return context.get_constant(types.intp, count)

    return types.intp(array), build


@operation
def get(typing: Any, array: Any, at: Any) -> Any:
    """`array[at]` for an index that is known to be within."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        place = _pointer(context, builder, signature.args[0], values[0], values[1])
        found = builder.load(place)
        if isinstance(array.dtype, types.Integer):
            return builder.sext(found, ir.IntType(64)) if found.type.width < 64 else found
        return found

    answer = types.intp if isinstance(array.dtype, types.Integer) else array.dtype
    return answer(array, types.intp), build


@operation
def put(typing: Any, array: Any, at: Any, value: Any) -> Any:
    """`array[at] = value` for an index that is known to be within."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        builder.store(
            values[2], _pointer(context, builder, signature.args[0], values[0], values[1])
        )
        return context.get_dummy_value()

    return types.void(array, types.intp, array.dtype), build


@operation
def load(typing: Any, array: Any, at: Any) -> Any:
    """The vector that begins at `array[at]`."""
    kind = _of[array.dtype]

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        place = _pointer(context, builder, signature.args[0], values[0], values[1])
        found = builder.load(builder.bitcast(place, vector_type(kind).as_pointer()))
        found.align = array.dtype.bitwidth // 8
        return found

    return kind(array, types.intp), build


@operation
def store(typing: Any, array: Any, at: Any, vector: Any) -> Any:
    """Write a vector from `array[at]` on."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        place = _pointer(context, builder, signature.args[0], values[0], values[1])
        place = builder.bitcast(place, vector_type(vector).as_pointer())
        builder.store(values[2], place).align = array.dtype.bitwidth // 8
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), build


@operation
def splat(typing: Any, array: Any, value: Any) -> Any:
    """One number in every lane of a vector like those of `array`."""
    kind = _of[array.dtype]

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return _spread(builder, kind, values[1])

    return kind(array, value), build


@operation
def fma(typing: Any, scale: Any, vector: Any, plus: Any) -> Any:
    """`scale · vector + plus`, where `scale` is one number."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        product = builder.fmul(_spread(builder, vector, values[0]), values[1], flags=_contract)
        return builder.fadd(product, values[2], flags=_contract)

    return vector(scale, vector, vector), build


def _two(name: str) -> Any:
    @operation
    def of_two(typing: Any, one: Any, other: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            return getattr(builder, name)(values[0], values[1], flags=_contract)

        return one(one, one), build

    return of_two


add, sub, mul, div = _two("fadd"), _two("fsub"), _two("fmul"), _two("fdiv")


def _larger_or_smaller(sign: str) -> Any:
    @operation
    def of_two(typing: Any, one: Any, other: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            chosen = builder.fcmp_ordered(sign, values[0], values[1])
            return builder.select(chosen, values[0], values[1])

        return one(one, one), build

    return of_two


larger, smaller = _larger_or_smaller(">"), _larger_or_smaller("<")


@operation
def root(typing: Any, vector: Any) -> Any:
    """The square root in every lane."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kind = ir.FunctionType(vector_type(vector), [vector_type(vector)])
        name = f"llvm.sqrt.v{vector.count}f{vector.kind.bitwidth}"
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [values[0]])

    return vector(vector), build


@operation
def any_less(typing: Any, one: Any, other: Any) -> Any:
    """Whether one is less than the other in any lane."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        mask = builder.fcmp_ordered("<", values[0], values[1])
        bits = builder.bitcast(mask, ir.IntType(one.count))
        return builder.icmp_unsigned("!=", bits, ir.Constant(ir.IntType(one.count), 0))

    return types.boolean(one, one), build


@operation
def any_beyond(typing: Any, vector: Any, reach: Any) -> Any:
    """Whether it is further from nothing than `reach` in any lane."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kind = ir.FunctionType(vector_type(vector), [vector_type(vector)])
        name = f"llvm.fabs.v{vector.count}f{vector.kind.bitwidth}"
        size = builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [values[0]])
        mask = builder.fcmp_ordered(">", size, values[1])
        bits = builder.bitcast(mask, ir.IntType(vector.count))
        return builder.icmp_unsigned("!=", bits, ir.Constant(ir.IntType(vector.count), 0))

    return types.boolean(vector, vector), build


@operation
def where_less(typing: Any, one: Any, other: Any, then: Any, otherwise: Any) -> Any:
    """Lane by lane, `then` where one is less than the other, else `otherwise`."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        mask = builder.fcmp_ordered("<", values[0], values[1])
        return builder.select(mask, values[2], values[3])

    return one(one, one, one, one), build


_OPTIONS = {"error_model": "numpy", "nogil": True, "fastmath": {"contract"}}


def aligned(size: int, kind: Any) -> Any:
    """An array of zeros that begins where a vector may; none then straddles two cache lines."""
    item = np.dtype(kind).itemsize
    room = np.zeros(size + BYTES // item, kind)
    first = -room.ctypes.data % BYTES // item
    return room[first : first + size]


def in_lanes(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that uses vectors; it lets other threads run meanwhile."""
    return cast(Callable[..., Any], kept(cast(Any, numba).njit(**_OPTIONS)(function)))


def unowned(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for one that makes no array: without it, every use of one would be counted."""
    return cast(Callable[..., Any], kept(cast(Any, numba).njit(_nrt=False, **_OPTIONS)(function)))


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a small one, which goes into whatever calls it."""
    made = cast(Any, numba).njit(forceinline=True, _nrt=False, **_OPTIONS)(function)
    return cast(Callable[..., Any], made)


def inlined_and_kept(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for one that is called by itself too."""
    return cast(Callable[..., Any], kept(inlined(function)))
