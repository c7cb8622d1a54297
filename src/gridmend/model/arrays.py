"""The kinds of array that functions take and give."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
"""Real numbers."""

Complexes = NDArray[np.inexact[Any]]
"""Complex numbers; NumPy's own functions are typed to give real or complex alike."""

Ints = NDArray[np.int64]
"""Whole numbers: rows, nodes, places."""

Flags = NDArray[np.bool_]
"""True and false."""
