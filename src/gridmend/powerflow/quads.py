"""The four numbers of a 2 × 2 real block in one register, for the factors made of blocks.

LLVM does not see that the sixteen products of two blocks are four of four; so a block is a Numba
type of its own, as vectors of lanes are (`simd`). In memory it is a row of an array [k, 4], row by
row, and an index is taken to be within.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
from llvmlite import ir as llvmlite_ir  # pyright: ignore[reportMissingTypeStubs]
from numba import types
from numba.core import cgutils as numba_cgutils
from numba.core.datamodel.models import PrimitiveModel
from numba.core.errors import NumbaTypeError

from gridmend.powerflow.simd import extending, inlined, operation

ir, cgutils = cast(Any, llvmlite_ir), cast(Any, numba_cgutils)

_VECTOR = ir.VectorType(ir.DoubleType(), 4)
_INDEX = ir.IntType(32)
_contract = ("contract",)


class Quad(types.Type):
    """The Numba type of a block."""

    def __init__(self) -> None:
        super().__init__(name="quad")


class _Model(PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


_quad = Quad()
extending.register_model(Quad)(_Model)


def _row(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
    if kind.layout != "C" or kind.ndim != 2 or kind.dtype != types.float64:
        raise NumbaTypeError(f"blocks are rows of four numbers, not of {kind}")
    data = cgutils.create_struct_proxy(kind)(context, builder, array).data
    first = builder.mul(at, ir.Constant(at.type, 4))
    return builder.bitcast(builder.gep(data, [first]), _VECTOR.as_pointer())


def _picked(builder: Any, block: Any, *parts: int) -> Any:
    """Some of its numbers in another order."""
    chosen = ir.Constant(ir.VectorType(_INDEX, 4), list(parts))
    return builder.shuffle_vector(block, ir.Constant(_VECTOR, ir.Undefined), chosen)


@operation
def block_at(typing: Any, blocks: Any, at: Any) -> Any:
    """`blocks[at]`."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        found = builder.load(_row(context, builder, signature.args[0], *values))
        found.align = 8
        return found

    return _quad(blocks, types.intp), build


@operation
def put_block(typing: Any, blocks: Any, at: Any, block: Any) -> Any:
    """`blocks[at] = block`."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        place = _row(context, builder, signature.args[0], *values[:2])
        builder.store(values[2], place).align = 8
        return context.get_dummy_value()

    return types.void(blocks, types.intp, block), build


@operation
def block_of(typing: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """The block `[[a, b], [c, d]]`."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        block = ir.Constant(_VECTOR, ir.Undefined)
        for at, value in enumerate(values):
            block = builder.insert_element(block, value, ir.Constant(_INDEX, at))
        return block

    number = types.float64
    return _quad(number, number, number, number), build


@operation
def numbers(typing: Any, block: Any) -> Any:
    """Its four numbers, row by row."""
    four = types.UniTuple(types.float64, 4)

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        found = [builder.extract_element(values[0], ir.Constant(_INDEX, at)) for at in range(4)]
        return context.make_tuple(builder, four, found)

    return four(block), build


@operation
def plus(typing: Any, one: Any, other: Any) -> Any:
    """The sum of two blocks."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.fadd(*values)

    return one(one, other), build


def _products(builder: Any, left: Any, right: Any) -> Iterator[Any]:
    """The two products of four that a product of blocks is the sum of."""
    for of_left, of_right in (((0, 0, 2, 2), (0, 1, 0, 1)), ((1, 1, 3, 3), (2, 3, 2, 3))):
        pair = _picked(builder, left, *of_left), _picked(builder, right, *of_right)
        yield builder.fmul(*pair, flags=_contract)


@operation
def times(typing: Any, one: Any, other: Any) -> Any:
    """The product of two blocks."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.fadd(*_products(builder, *values), flags=_contract)

    return one(one, other), build


@operation
def less_product(typing: Any, block: Any, one: Any, other: Any) -> Any:
    """`block - one · other`."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        found = values[0]
        for product in _products(builder, *values[1:]):
            found = builder.fsub(found, product, flags=_contract)
        return found

    return block(block, one, other), build


@inlined
def inverted(block: Any) -> Any:
    """Its inverse; what cannot be inverted has no answer: that shows in the first voltage."""
    a, b, c, d = numbers(block)
    determinant = a * d - b * c
    scale = 1.0 / determinant if determinant != 0.0 else np.nan
    return block_of(d * scale, -b * scale, -c * scale, a * scale)


@inlined
def as_block(y: Any) -> Any:
    """The block that a complex number is."""
    return block_of(y.real, -y.imag, y.imag, y.real)
