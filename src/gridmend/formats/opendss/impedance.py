"""Impedance by length: from symmetrical components or matrices, at the grid's frequency."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gridmend.formats.opendss.arithmetic import number
from gridmend.formats.opendss.arrays import Numbers, matrix

SEQUENCE = frozenset(("r1", "x1", "r0", "x0", "c1", "c0", "b1", "b0"))
MATRICES = frozenset(("rmatrix", "xmatrix", "cmatrix"))
CAPACITANCES = frozenset(("c1", "c0", "b1", "b0", "cmatrix"))
EARTH = frozenset(("rg", "xg", "rho"))


@dataclass(slots=True)
class Impedance:
    """Ohm and nanofarad by unit length; matrices rule where they were given.

    The defaults are the language's own. While `r` is None the symmetrical components rule.
    `depth_hz` is the frequency at which the depth of the earth's return was taken. `coded`
    is that of a line code: there, what a matrix leaves open of a single phase is the mean of
    the sequences, while a line takes the positive sequence.
    """

    phases: int = 3
    base_hz: float = 60.0
    depth_hz: float = 60.0
    r1: float = 0.058
    x1: float = 0.1206
    r0: float = 0.1784
    x0: float = 0.4047
    c1: float = 3.4
    c0: float = 1.6
    rg: float = 0.01805
    xg: float = 0.155081
    rho: float = 100.0
    coded: bool = False
    built_hz: float = 0.0
    r: Numbers | None = None
    x: Numbers | None = None
    c: Numbers | None = None

    def say(self, prop: str, text: str) -> None:
        """Take one property of the impedance; `ValueError` where it cannot be read."""
        if prop in MATRICES:
            value = matrix(text, self.phases)
            self.r, self.x, self.c = self._filled()
            setattr(self, prop[0], value)
        elif prop in ("b1", "b0"):
            nanofarad = number(text) * 1e3 / (2.0 * math.pi * self.base_hz)
            setattr(self, "c" + prop[1], nanofarad)
            self.symmetrical()
        else:
            setattr(self, prop, number(text))
            if prop in SEQUENCE:
                self.symmetrical()
            elif prop != "rg":
                self.depth_hz = self.base_hz

    def rebase(self, text: str) -> None:
        """Another base frequency; susceptance by matrix stays what it was at the old one."""
        hertz = number(text)
        if not 1.0 <= hertz <= 1000.0:
            raise ValueError(f"a frequency of {hertz:g} Hz is out of range")
        if self.c is not None:
            self.c = self.c * (self.base_hz / hertz)
        self.base_hz = hertz

    def symmetrical(self) -> None:
        """Let the symmetrical components rule again."""
        self.r = self.x = self.c = None

    def matrices(self) -> tuple[Numbers, Numbers, Numbers]:
        """Resistance, reactance and capacitance by unit length at the base frequency."""
        if self.r is not None and self.x is not None and self.c is not None:
            return self.r, self.x, self.c
        return self._balanced(single=self.phases == 1)

    def _filled(self) -> tuple[Numbers, Numbers, Numbers]:
        """The matrices that a first matrix given replaces in part."""
        if self.r is None and self.coded:
            # The susceptance of the sequences was worked out before any other base frequency.
            r, x, c = self._balanced(single=False)
            return r, x, c * (self.built_hz or self.base_hz) / self.base_hz
        return self.matrices()

    def _balanced(self, *, single: bool) -> tuple[Numbers, Numbers, Numbers]:
        build = _single if single else _balanced(self.phases)
        return build(self.r1, self.r0), build(self.x1, self.x0), build(self.c1, self.c0)

    def reduce(self, neutral: int) -> None:
        """Eliminate an earthed neutral, numbered from 1 (Kron)."""
        r, x, c = self.matrices()
        n = r.shape[0]
        if n < 2 or not 1 <= neutral <= n:
            return
        keep = [i for i in range(n) if i != neutral - 1]
        z = r + 1j * x
        gone = z[neutral - 1, neutral - 1]
        if gone == 0:
            raise ValueError("the neutral to eliminate has no impedance")
        column = z[keep, neutral - 1]
        reduced = z[np.ix_(keep, keep)] - np.outer(column, z[neutral - 1, keep]) / gone
        self.r, self.x, self.c = reduced.real.copy(), reduced.imag.copy(), c[np.ix_(keep, keep)]
        self.phases = n - 1

    def at(self, hertz: float) -> tuple[Numbers, Numbers, Numbers]:
        """The matrices at another frequency, with the earth's part corrected as OpenDSS does."""
        r, x, c = self.matrices()
        ratio = hertz / self.base_hz
        if ratio == 1.0:
            return r, x, c
        earth = 0.0
        if self.xg != 0.0:
            depth = math.log(658.5 * math.sqrt(self.rho / self.depth_hz))
            earth = 0.5 * self.xg / depth * math.log(ratio)
        return r + self.rg * (ratio - 1.0), (x - earth) * ratio, c


def _single(positive: float, _: float) -> Numbers:
    return np.array([[positive]])


def _balanced(phases: int) -> Callable[[float, float], Numbers]:
    def build(positive: float, zero: float) -> Numbers:
        full = np.full((phases, phases), (zero - positive) / 3.0)
        np.fill_diagonal(full, (2.0 * positive + zero) / 3.0)
        return full

    return build
