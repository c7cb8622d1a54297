"""Time-current curves: the inverse ones of IEEE and IEC, definite time, and points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridmend.model.errors import GridmendError, nearest
from gridmend.twin.protection.device import check_number

Floats = NDArray[np.float64]
MOST = 1e9
"""The most that a multiple, a time or a dial may be: 30 years in seconds."""


@dataclass(frozen=True, slots=True)
class Inverse:
    """t = A / (M^p - 1) + B [s], for a multiple M above 1."""

    a_s: float
    b_s: float
    exponent: float

    def time_s(self, multiple: Floats) -> Floats:
        """[n] seconds at a dial of 1; inf at a multiple of 1 and below."""
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            time = self.a_s / (np.power(multiple, self.exponent) - 1.0) + self.b_s
        return np.where(multiple > 1.0, time, np.inf)

    @property
    def starts(self) -> float:
        """The multiple above which it operates."""
        return 1.0


@dataclass(frozen=True, slots=True)
class Points:
    """Points (multiple, time), straight on log-log paper between; the last time holds beyond.

    One point is a definite time from its multiple on. The convention is that of OpenDSS's
    `TCC_Curve`. Raises `GridmendError` where multiples do not rise, a time is not above 0, or a
    larger current would operate later.
    """

    multiple: tuple[float, ...]
    points_s: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.multiple or len(self.multiple) != len(self.points_s):
            raise GridmendError(
                f"a curve has {len(self.multiple)} multiples and {len(self.points_s)} times",
                mend="give one time for each multiple, and one at least",
            )
        if not all(0 < x <= MOST for x in (*self.multiple, *self.points_s)):
            raise GridmendError(
                "a point of a curve is not a number above 0",
                mend=f"give multiples and times above 0, {MOST:g} at most",
            )
        if any(b <= a for a, b in pairwise(self.multiple)):
            raise GridmendError("the multiples of a curve do not rise", mend="sort its points")
        if any(b > a for a, b in pairwise(self.points_s)):
            raise GridmendError(
                "a larger current of a curve operates later than a smaller one",
                mend="give times that do not rise with the multiple",
            )

    def time_s(self, multiple: Floats) -> Floats:
        """[n] seconds at a dial of 1; inf below the first point."""
        # Below the least float a logarithm has no value; nothing operates there anyhow.
        at = np.log(np.maximum(multiple, 1e-300))
        time = np.exp(np.interp(at, np.log(self.multiple), np.log(self.points_s)))
        return np.where(multiple >= self.multiple[0], time, np.inf)

    @property
    def starts(self) -> float:
        """The multiple from which it operates."""
        return self.multiple[0]


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve as set: its shape, dial, what is added, and the least response.

    time = max(dial · shape(M) + `adder_s`, `minimum_s`). `reset_s` is the constant t_r of the
    disk's way back, dial · t_r / (1 - M²) from full travel (IEEE Std C37.112-2018); 0 resets at
    once. Raises `GridmendError` for a dial of 0 or below, and for negative times.
    """

    name: str
    shape: Inverse | Points
    reset_s: float = 0.0
    dial: float = 1.0
    adder_s: float = 0.0
    minimum_s: float = 0.0

    def __post_init__(self) -> None:
        check_number(self.name, "dial", self.dial, above=True, most=MOST)
        for name in ("reset_s", "adder_s", "minimum_s"):
            check_number(self.name, name, getattr(self, name), most=MOST)

    def time_s(self, multiple: ArrayLike) -> Floats:
        """Operating time [s] at multiples of pickup, of the same shape; inf below pickup."""
        at = np.asarray(multiple, np.float64)
        time = self.dial * self.shape.time_s(at) + self.adder_s
        return np.where(np.isnan(at), np.inf, np.maximum(time, self.minimum_s))

    def reset_time_s(self, multiple: float) -> float:
        """From full travel back to rest [s] at a multiple below 1; 0 where it resets at once."""
        if not self.reset_s:
            return 0.0
        return math.inf if multiple >= 1 else self.dial * self.reset_s / (1 - multiple**2)

    def set_to(self, *, dial: float = 1.0, adder_s: float = 0.0, minimum_s: float = 0.0) -> Curve:
        """The same curve with other settings."""
        return replace(self, dial=dial, adder_s=adder_s, minimum_s=minimum_s)

    def at_once(self) -> Curve:
        """The same curve of a relay that resets at once, as electronic ones are often set."""
        return replace(self, reset_s=0.0)


def curve(name: str) -> Curve:
    """A standard curve by its name, at a dial of 1; `STANDARD` has them all.

    Raises `GridmendError` for another name. Trip times are checked against the points of
    OpenDSS's `mod_inv`, `very_inv`, `ext_inv` and by hand.
    """
    if name not in STANDARD:
        raise GridmendError(
            f"there is no curve '{name}'",
            mend=nearest(name, STANDARD) or f"the standard ones are {', '.join(STANDARD)}",
        )
    return STANDARD[name]


def definite(time_s: float, *, name: str = "definite") -> Curve:
    """The same time at every current from pickup on [s]."""
    return Curve(name, Points((1.0,), (time_s,)))


def through(
    name: str, *, multiple: Sequence[float], points_s: Sequence[float], reset_s: float = 0.0
) -> Curve:
    """A curve through points [n] of multiples and seconds."""
    shape = Points(tuple(float(m) for m in multiple), tuple(float(t) for t in points_s))
    return Curve(name, shape, reset_s)


# IEEE Std C37.112-2018, table 1: A, B, p and the reset constant t_r, the same in IEC 60255-151:2009
# as curves D, E and F. IEC 60255-151:2009, annex A: curves A, B and C, for which it fixes no
# reset constant, so they reset at once.
STANDARD = {
    name: Curve(name, Inverse(a_s, b_s, exponent), reset_s)
    for name, a_s, b_s, exponent, reset_s in (
        ("ieee_moderately_inverse", 0.0515, 0.1140, 0.02, 4.85),
        ("ieee_very_inverse", 19.61, 0.491, 2.0, 21.6),
        ("ieee_extremely_inverse", 28.2, 0.1217, 2.0, 29.1),
        ("iec_standard_inverse", 0.14, 0.0, 0.02, 0.0),
        ("iec_very_inverse", 13.5, 0.0, 1.0, 0.0),
        ("iec_extremely_inverse", 80.0, 0.0, 2.0, 0.0),
    )
}
"""Standard curves by name."""

# Points of the curves `a`, `d`, `tlink` and `klink` that OpenDSS's own library begins with.
# OpenDSS names no maker for them; the links' multiples are of the rated current, one curve each.
OPENDSS = {
    name: through(name, multiple=multiple, points_s=points_s)
    for name, multiple, points_s in (
        ("a", (1, 2.5, 4.5, 8, 14), (0.15, 0.07, 0.05, 0.045, 0.045)),
        ("d", (1, 2.5, 4.5, 8, 14), (6, 0.7, 0.2, 0.06, 0.02)),
        ("tlink", (2, 2.1, 3, 4, 6, 22, 50), (300, 100, 10.1, 4, 1.4, 0.1, 0.02)),
        ("klink", (2, 2.2, 3, 4, 6, 30), (300, 20, 4, 1.3, 0.41, 0.02)),
    )
}
"""Curves of a recloser and of T and K links as OpenDSS ships them, by name."""
