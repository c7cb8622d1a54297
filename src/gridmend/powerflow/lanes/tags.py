"""Whole numbers in the last bits of float64, which say where the least or the largest is from."""

from __future__ import annotations

from typing import Any

from numba import types

from gridmend.powerflow.simd import ir, operation, vector_type


def _whole(builder: Any, vector: Any, value: Any) -> Any:
    """A whole number in every lane of a vector of float64, as bits."""
    kind = ir.VectorType(ir.IntType(64), vector.count)
    none = ir.Constant(kind, ir.Undefined)
    first = builder.insert_element(none, value, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), [0] * vector.count)
    return builder.shuffle_vector(first, none, zeros)


@operation
def tagged(typing: Any, vector: Any, mask: Any, tag: Any) -> Any:
    """A vector of float64 with a whole number in its last bits, which so goes with what is larger.

    `mask` has those bits; the fewer, the less is lost.
    """

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        if vector.kind != types.float64:
            return values[0]
        bits = builder.bitcast(values[0], ir.VectorType(ir.IntType(64), vector.count))
        rest = builder.and_(bits, _whole(builder, vector, builder.not_(values[1])))
        both = builder.or_(rest, _whole(builder, vector, values[2]))
        return builder.bitcast(both, vector_type(vector))

    return vector(vector, types.intp, types.intp), build


@operation
def tag_of(typing: Any, mask: Any, number: Any) -> Any:
    """The whole number in the last bits of a float64."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.and_(builder.bitcast(values[1], ir.IntType(64)), values[0])

    return types.intp(types.intp, types.float64), build
