"""Vectors of eight doubles inside Numba: one LLVM register where the machine has it.

Numba does not vectorise the solve's loops by itself, so a vector is a Numba type of its own whose
LLVM type is `<8 x double>`; these are the few operations that the lanes need. A vector lives in
a function's registers only; in memory it is eight neighbours of a float64 array.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numba
from llvmlite import ir as llvmlite_ir  # pyright: ignore[reportMissingTypeStubs]
from numba import extending as numba_extending
from numba import types
from numba.core import cgutils as numba_cgutils
from numba.core.datamodel.models import PrimitiveModel

# Numba and llvmlite have no types of their own.
ir = cast(Any, llvmlite_ir)
cgutils = cast(Any, numba_cgutils)
extending = cast(Any, numba_extending)

WIDTH = 8
"""Lanes side by side."""

_double = ir.DoubleType()
_vector = ir.VectorType(_double, WIDTH)
_mask = ir.VectorType(ir.IntType(1), WIDTH)
_contract = ("contract",)


class Lanes(types.Type):
    """The Numba type of a vector."""

    def __init__(self) -> None:
        super().__init__(name=f"lanes{WIDTH}")


lanes = Lanes()


class _Model(PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _vector)


extending.register_model(Lanes)(_Model)


def _operation(function: Callable[..., Any]) -> Any:
    """An operation that Numba compiles in line; its first argument is Numba's own."""
    return extending.intrinsic(function)


def _pointer(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
    data = cgutils.create_struct_proxy(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [at]), _vector.as_pointer())


def _spread(builder: Any, value: Any) -> Any:
    empty = ir.Constant(_vector, ir.Undefined)
    first = builder.insert_element(empty, value, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
    return builder.shuffle_vector(first, empty, zeros)


@_operation
def load(typing: Any, array: Any, at: Any) -> Any:
    """The vector that begins at `array[at]`."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        found = builder.load(_pointer(context, builder, signature.args[0], values[0], values[1]))
        found.align = 8
        return found

    return lanes(array, types.intp), build


@_operation
def store(typing: Any, array: Any, at: Any, vector: Any) -> Any:
    """Write a vector from `array[at]` on."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        place = _pointer(context, builder, signature.args[0], values[0], values[1])
        builder.store(values[2], place).align = 8
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), build


@_operation
def splat(typing: Any, value: Any) -> Any:
    """One number in every lane."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return _spread(builder, values[0])

    return lanes(types.float64), build


@_operation
def fma(typing: Any, scale: Any, vector: Any, plus: Any) -> Any:
    """`scale · vector + plus`, where `scale` is one number."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        product = builder.fmul(_spread(builder, values[0]), values[1], flags=_contract)
        return builder.fadd(product, values[2], flags=_contract)

    return lanes(types.float64, lanes, lanes), build


def _two(name: str) -> Any:
    @_operation
    def operation(typing: Any, one: Any, other: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            return getattr(builder, name)(values[0], values[1], flags=_contract)

        return lanes(lanes, lanes), build

    return operation


add, sub, mul, div = _two("fadd"), _two("fsub"), _two("fmul"), _two("fdiv")


def _larger_or_smaller(sign: str) -> Any:
    @_operation
    def operation(typing: Any, one: Any, other: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            chosen = builder.fcmp_ordered(sign, values[0], values[1])
            return builder.select(chosen, values[0], values[1])

        return lanes(lanes, lanes), build

    return operation


larger, smaller = _larger_or_smaller(">"), _larger_or_smaller("<")


@_operation
def root(typing: Any, vector: Any) -> Any:
    """The square root in every lane."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kind = ir.FunctionType(_vector, [_vector])
        name = f"llvm.sqrt.v{WIDTH}f64"
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [values[0]])

    return lanes(lanes), build


@_operation
def any_less(typing: Any, one: Any, other: Any) -> Any:
    """Whether one is less than the other in any lane."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        mask = builder.fcmp_ordered("<", values[0], values[1])
        bits = builder.bitcast(mask, ir.IntType(WIDTH))
        return builder.icmp_unsigned("!=", bits, ir.Constant(ir.IntType(WIDTH), 0))

    return types.boolean(lanes, lanes), build


@_operation
def where_less(typing: Any, one: Any, other: Any, then: Any, otherwise: Any) -> Any:
    """Lane by lane, `then` where one is less than the other, else `otherwise`."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        mask = builder.fcmp_ordered("<", values[0], values[1])
        return builder.select(mask, values[2], values[3])

    return lanes(lanes, lanes, lanes, lanes), build


def in_lanes(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that uses vectors; it lets other threads run meanwhile."""
    options = {"cache": True, "error_model": "numpy", "nogil": True, "fastmath": {"contract"}}
    return cast(Callable[..., Any], cast(Any, numba).njit(**options)(function))
