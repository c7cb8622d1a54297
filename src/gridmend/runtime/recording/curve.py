"""The customers that were out over the time of a recording, in a bounded number of points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np


@dataclass(frozen=True, slots=True)
class Curve:
    """`times_s` are the beginnings of equal pieces; `customers_out` the most of each, None where
    nothing was recorded."""

    times_s: tuple[float, ...] = ()
    customers_out: tuple[int | None, ...] = ()


def curve_of(
    runs: Sequence[tuple[Sequence[float], Sequence[int]]],
    until_s: Sequence[float],
    points_most: int,
) -> Curve:
    """The curve of segments: their times and customers, and until when the last of each holds."""
    if not runs:
        return Curve()
    begin, end, out = _steps(runs, until_s)
    first, last = float(begin[0]), float(begin.max())
    edges = np.linspace(first, last, points_most + 1) if last > first else np.array([first, first])
    found: list[int | None] = []
    for low, high in pairwise(edges.tolist()):
        # What begins where a piece ends is of the next one; only the last piece has its own end.
        is_begun = begin <= high if high == last else begin < high
        here = out[is_begun & ((end > low) | (begin >= low))]
        found.append(int(here.max()) if len(here) else None)
    return Curve(tuple(edges[:-1].tolist()), tuple(found))


def _steps(
    runs: Sequence[tuple[Sequence[float], Sequence[int]]], until_s: Sequence[float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    begins: list[np.ndarray] = []
    ends: list[np.ndarray] = []
    outs: list[np.ndarray] = []
    for (times, customers), until in zip(runs, until_s, strict=True):
        begin = np.array(times, float)
        begins.append(begin)
        ends.append(np.append(begin[1:], until))
        outs.append(np.array(customers, np.int64))
    order = np.argsort(np.concatenate(begins), kind="stable")
    return (
        np.concatenate(begins)[order], np.concatenate(ends)[order], np.concatenate(outs)[order],
    )  # fmt: skip
