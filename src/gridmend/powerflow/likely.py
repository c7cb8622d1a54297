"""A condition that mostly holds, said so to the compiler.

Where it does not, code may take its time: what it needs is put aside there, not beforehand.
"""

from __future__ import annotations

from typing import Any

from numba import types

from gridmend.powerflow.simd import cgutils, ir, operation


@operation
def likely(typing: Any, found: Any) -> Any:
    """The same."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        bit = ir.IntType(1)
        kind = ir.FunctionType(bit, [bit, bit])
        expect = cgutils.get_or_insert_function(builder.module, kind, "llvm.expect.i1")
        return builder.call(expect, [values[0], ir.Constant(bit, 1)])

    return types.boolean(types.boolean), build
