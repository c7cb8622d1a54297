"""How well a fault at a place explains what was read: densities of readings and chances of flags.

Readings are compared in the logarithm, with a covariance of three shared errors beside each
reading's own: lines' impedances, and where in its cell of distance and of resistance the fault is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.operations.location.flagging import LEAST, WIDTH, log_chance
from gridmend.operations.location.kinds import Kind
from gridmend.operations.location.model import STEP, Model, Seen, readings, taken_by
from gridmend.operations.location.watch import Watch, seen

_CELL = 12**-0.5
"""Standard deviation of a place that is anywhere in a cell, in cells."""

_BEND = 0.125
"""How far a parabola through a cell's middle is off at its edges, of its second difference."""


@dataclass(frozen=True, eq=False)
class Instruments:
    """The readings and flags of a watch as arrays, and what the model says of their places."""

    built: Seen
    raised: Seen
    at_flags: Seen
    first: Ints
    second: Ints
    value: Floats
    error: Floats
    floor: Floats
    drops: Flags
    up: Flags
    missed: Floats
    false: Floats
    pickup_a: Floats
    rises: Flags
    starts: Ints

    @staticmethod
    def of(model: Model, watch: Watch) -> Instruments:
        """Compile a watch."""
        r, f = watch.readings, watch.flags
        return Instruments(
            built=seen(model, model.built, watch.places),
            raised=seen(model, model.raised, watch.places),
            at_flags=seen(model, model.built, watch.flag_places),
            first=np.array([x.first for x in r], np.int64),
            second=np.array([x.second for x in r], np.int64),
            value=np.array([x.value for x in r], float),
            error=np.array([x.error for x in r], float),
            floor=np.array([x.floor for x in r], float),
            drops=np.array([x.drops for x in r], bool),
            up=np.array([x.up for x in f], bool),
            missed=np.array([x.passage.missed for x in f], float),
            false=np.array([x.passage.false for x in f], float),
            pickup_a=np.array([x.passage.pickup_a for x in f], float),
            rises=np.array([x.passage.basis == "rise" for x in f], bool),
            starts=np.array([x.places[0] for x in f], np.int64),
        )


def read_density(
    model: Model, tools: Instruments, kind: Kind, lines: Ints, outward: Floats, r_ohm: Floats,
    way: Floats,
) -> tuple[Floats, Floats]:  # fmt: skip
    """[n, d, r] logarithm of the density of all readings, and their misfit as a chi-square.

    `way` [n, 2] are standard deviations of the impedance of the way to each line: in all, and by
    what each line has for itself.
    """
    if not len(tools.first):
        shape = (len(lines), outward.shape[1], r_ohm.shape[1])
        return np.zeros(shape), np.zeros(shape)
    x = readings(model.built, tools.built, kind, lines, outward, r_ohm)
    off, size = _off(tools, x)
    # what the impedance of the way does hardly differs along one line: once, in its middle
    middle = outward.shape[1] // 2
    there = outward[:, middle : middle + 1]
    more = readings(model.raised, tools.raised, kind, lines, there, r_ohm)
    change = _off(tools, more)[0] - off[:, middle : middle + 1]
    by_line = change / STEP * way[:, 0, None, None, None]
    by_d, by_r = np.gradient(off, axis=1), np.gradient(off, axis=2)
    own = tools.error**2 + (tools.floor / size) ** 2
    at = tools.first[tools.drops]
    dropped = np.abs(x[..., at] - tools.built.before[at]) / size[..., tools.drops]
    own[..., tools.drops] += (way[:, 1, None, None, None] * dropped) ** 2
    # a cell is not quite flat: what its corners are off a plane is an error of its own
    own += (_BEND * np.gradient(by_d, axis=1)) ** 2 + (_BEND * np.gradient(by_r, axis=2)) ** 2
    own += (_BEND * np.gradient(by_d, axis=2)) ** 2
    misfit, spread = _whitened(off, own, (by_line, _CELL * by_d, _CELL * by_r))
    return -0.5 * (misfit + spread), misfit


def flag_chance(tools: Instruments, levels: Complexes) -> Floats:
    """[…, flags] chance that each device flags where its places carry `levels` [A]."""
    before = tools.at_flags.before
    current = np.abs(levels)
    rise = current - np.abs(before)
    most = np.where(
        tools.rises,
        np.maximum.reduceat(rise, tools.starts, axis=-1),
        np.maximum.reduceat(current, tools.starts, axis=-1),
    )
    passes = ndtr(np.log(np.maximum(most, LEAST) / tools.pickup_a) / WIDTH)
    chance = tools.false + (1 - tools.missed - tools.false) * passes
    return np.clip(chance, LEAST, 1 - LEAST)


def flag_density(
    model: Model, tools: Instruments, kind: Kind, lines: Ints, r_ohm: Floats
) -> Floats:
    """[n, r] logarithm of the chance of all flags, for a fault in the middle of each line."""
    if not len(tools.starts) or not len(lines):
        return np.zeros((len(lines), r_ohm.shape[1]))
    middle = np.full((len(lines), 1), 0.5)
    taken = taken_by(model.built, kind, lines, middle, r_ohm)[:, 0]
    transfer = tools.at_flags.transfer
    return log_chance(
        taken, transfer[:, 0], transfer[:, 1], lines, np.array(kind.at), tools.at_flags.before,
        tools.starts, tools.rises, tools.up, tools.pickup_a, tools.missed, tools.false,
    )  # fmt: skip


def _off(tools: Instruments, x: Complexes) -> tuple[Floats, Floats]:
    """How far readings are from what a fault makes, in ln or rad, and their magnitudes."""
    size = np.maximum(np.abs(x), LEAST)
    off = tools.value - np.log(size[..., tools.first])
    angled = tools.second >= 0
    if angled.any():
        turn = x[..., tools.first[angled]] * np.conj(x[..., tools.second[angled]])
        angle = np.exp(1j * tools.value[angled]) * np.conj(turn)
        off[..., angled] = np.angle(angle)
    return off, size[..., tools.first]


def _whitened(
    off: Floats, own: Floats, shared: tuple[Floats, Floats, Floats]
) -> tuple[Floats, Floats]:
    """The chi-square of what is off under own variances and three shared errors, and the logarithm
    of their covariance's determinant (Woodbury's identity, the inner matrix as L D Lᵀ)."""
    weight = 1 / own
    g = [s * weight for s in shared]
    m = [[(g[i] * shared[j]).sum(-1) for j in range(3)] for i in range(3)]
    b = [(g[i] * off).sum(-1) for i in range(3)]
    d0 = 1 + m[0][0]
    l10, l20 = m[1][0] / d0, m[2][0] / d0
    d1 = 1 + m[1][1] - l10 * m[1][0]
    e = m[2][1] - l20 * m[1][0]
    l21 = e / d1
    d2 = 1 + m[2][2] - l20 * m[2][0] - l21 * e
    y1 = b[1] - l10 * b[0]
    y2 = b[2] - l20 * b[0] - l21 * y1
    misfit = (off**2 * weight).sum(-1) - b[0] ** 2 / d0 - y1**2 / d1 - y2**2 / d2
    spread = np.log(own).sum(-1) + np.log(d0) + np.log(d1) + np.log(d2)
    return misfit, spread
