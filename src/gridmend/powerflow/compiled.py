"""Numba's compiler with its type kept: loops over elements are machine code, cached on disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """The function as machine code, made at its first call and kept on disk."""
    decorator = cast(Any, numba).njit(cache=True, error_model="numpy")
    return cast(Callable[P, R], decorator(function))
