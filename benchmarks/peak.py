"""What one thread of this machine can do: multiply-adds a second, and bytes a second by level."""

from __future__ import annotations

from typing import Any

import numpy as np
from benchmarks.machine import least_s

from gridmend.powerflow.simd import add, aligned, fma, in_lanes, lanes_of, load, store

HEAD = """
One thread of this machine, processor time, the least of seven runs: the ceilings against which
`docs/lanes.md` holds the lanes. Multiply-adds are twelve independent chains in registers, two to a
vector, and count as two operations; bandwidth is that of summing an array by vectors, and of
adding a multiple of one array to another, where the bytes written count once.

| ceiling | float64 | float32 |
|---|---:|---:|
"""

_VECTORS = 6
_LEVELS = (("L1", 24 << 10), ("L2", 512 << 10), ("L3", 8 << 20), ("memory", 256 << 20))
_AT_LEAST_BYTES = 1 << 30
# Arrays are ones: pages of zeros that nobody wrote are one page, read from the cache.


@in_lanes
def _multiply_add(x: Any, scale: float, count: int) -> None:
    """Twelve chains at once, in six vectors of two registers: as many as hide the latency of two
    units of four or five cycles."""
    n = len(x) // (_VECTORS + 1)
    a, b, c = load(x, 0), load(x, n), load(x, 2 * n)
    d, e, f, y = load(x, 3 * n), load(x, 4 * n), load(x, 5 * n), load(x, 6 * n)
    for _ in range(count):
        a, b, c = fma(scale, a, y), fma(scale, b, y), fma(scale, c, y)
        d, e, f = fma(scale, d, y), fma(scale, e, y), fma(scale, f, y)
    store(x, 0, add(add(a, b), add(add(c, d), add(e, f))))


@in_lanes
def _sum(x: Any, width: int, count: int) -> None:
    """Eight chains over the whole array, again and again; the total goes to its first vectors."""
    step = 8 * width
    for _ in range(count):
        a, b, c, d = load(x, 0), load(x, width), load(x, 2 * width), load(x, 3 * width)
        e, f, g, h = load(x, 4 * width), load(x, 5 * width), load(x, 6 * width), load(x, 7 * width)
        for at in range(step, len(x), step):
            a, b = add(a, load(x, at)), add(b, load(x, at + width))
            c, d = add(c, load(x, at + 2 * width)), add(d, load(x, at + 3 * width))
            e, f = add(e, load(x, at + 4 * width)), add(f, load(x, at + 5 * width))
            g, h = add(g, load(x, at + 6 * width)), add(h, load(x, at + 7 * width))
        store(x, 0, add(add(add(a, b), add(c, d)), add(add(e, f), add(g, h))))


@in_lanes
def _update(x: Any, y: Any, scale: float, width: int, count: int) -> None:
    """`y += scale · x`, again and again."""
    for _ in range(count):
        for at in range(0, len(x), width):
            store(y, at, fma(scale, load(x, at), load(y, at)))


def _ones(size: int, kind: Any) -> Any:
    found = aligned(size, kind)
    found[:] = 1.0
    return found


def multiply_add_gflops(kind: Any) -> float:
    """Billions of operations a second in registers, a multiply-add counted as two."""
    lanes = lanes_of(kind)
    x, count = aligned((_VECTORS + 1) * lanes, kind), 4_000_000
    scale = np.dtype(kind).type(0.999)
    _multiply_add(x, scale, 10)
    seconds = least_s(lambda: _multiply_add(x, scale, count), 7)
    return 2 * _VECTORS * lanes * count / seconds / 1e9


def product_gflops(kind: Any) -> float:
    """The same of a product of square matrices in NumPy's library."""
    a = np.ones((1024, 1024), kind)
    seconds = least_s(lambda: a @ a, 7)
    return 2 * len(a) ** 3 / seconds / 1e9


def read_gb_per_s(kind: Any, size: int) -> float:
    """Gigabytes a second of summing an array of `size` bytes."""
    lanes, count = lanes_of(kind), max(1, _AT_LEAST_BYTES // size)
    x = _ones(size // np.dtype(kind).itemsize, kind)
    _sum(x, lanes, 1)
    return count * size / least_s(lambda: _sum(x, lanes, count), 7) / 1e9


def update_gb_per_s(kind: Any, size: int) -> float:
    """Gigabytes a second of `y += a x` where both take `size` bytes together."""
    lanes, count = lanes_of(kind), max(1, _AT_LEAST_BYTES // size)
    x, y = (_ones(size // 2 // np.dtype(kind).itemsize, kind) for _ in range(2))
    scale = np.dtype(kind).type(0.5)
    _update(x, y, scale, lanes, 1)
    seconds = least_s(lambda: _update(x, y, scale, lanes, count), 7)
    return count * 3 * x.nbytes / seconds / 1e9


def section() -> str:
    """The table, as the page has it."""
    kinds = (np.float64, np.float32)
    page = HEAD
    for words, rate in (
        ("multiply-adds in registers [GFLOP/s]", multiply_add_gflops),
        ("NumPy's matrix product [GFLOP/s]", product_gflops),
    ):
        page += f"| {words} | {rate(kinds[0]):.1f} | {rate(kinds[1]):.1f} |\n"
    for level, size in _LEVELS:
        for words, rate in (("read", read_gb_per_s), ("y += a x", update_gb_per_s)):
            values = " | ".join(f"{rate(kind, size):.0f}" for kind in kinds)
            page += f"| {words}, {level}, {size >> 10} KiB [GB/s] | {values} |\n"
    return page
