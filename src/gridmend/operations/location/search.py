"""Adding up the chances of every place: coarse cells first, then finer where the mass is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gridmend.model.arrays import Flags, Floats, Ints
from gridmend.operations.location.kinds import KINDS
from gridmend.operations.location.likelihood import (
    Instruments,
    flag_density,
    read_density,
)
from gridmend.operations.location.model import Model
from gridmend.operations.location.settings import Assumptions

_SIFT = (3, 6)
_FIRST = (5, 12)
"""Cells of distance and of resistance to sift pairs by, and at first for those that are left."""

_LEFT = 25.0
"""Pairs whose mass in sifting is below the best's by e to this are not looked at again."""

_FINE = (9, 16)
_FLAG_CELLS = 8
"""Resistances at which the chance of flags is found; between them it goes straight in ln R."""

_HOPELESS = 40.0
"""Pairs whose flags and prior are less likely than the best's by e to this are left out."""

_ROUNDS = 6
_PAIRS_MOST = 24
"""Pairs of line and kind that are looked at more closely."""

_WORTH = 1e-3
"""A pair is looked at more closely if its mass is more than this of the best's."""

_CELL_WORTH = 1e-5
_ZERO_OHM = 0.1
"""Resistances are spread evenly in ln(R + this), so that 0 is among them."""


@dataclass(frozen=True, eq=False)
class Weighed:
    """Pairs of a line and a kind of fault with what is known of each. All arrays are [pairs, …].

    `log_mass` of the whole pair; `outward` and `along` [pairs, cells] middles of cells along the
    line and their share of the mass; `r_ohm` and `through` [pairs, cells] the same of resistance;
    `misfit` chi-square of the readings at the best cell and `best_ohm` its resistance; `box`
    [pairs, 4] what part of distance and of ln R the cells cover.
    """

    line: Ints
    kind: Ints
    log_mass: Floats
    outward: Floats
    along: Floats
    r_ohm: Floats
    through: Floats
    misfit: Floats
    best_ohm: Floats
    box: Floats


def pairs_of(model: Model, kinds: Ints) -> tuple[Ints, Ints]:
    """Every line and kind that its phases allow."""
    has = model.built.ends.has
    found = [(np.flatnonzero(has[:, list(KINDS[k].at)].all(axis=1)), k) for k in kinds.tolist()]
    line = np.concatenate([rows for rows, _ in found]) if found else np.empty(0, np.int64)
    kind = np.concatenate([np.full(len(rows), k) for rows, k in found] or [np.empty(0, np.int64)])
    return line, kind.astype(np.int64)


def weigh(
    model: Model,
    tools: Instruments,
    *,
    line: Ints,
    kind: Ints,
    log_prior: Floats,
    way: Floats,
    assumed: Assumptions,
) -> Weighed:
    """The mass of each pair, from its prior `log_prior` [pairs] and all evidence.

    Pairs that flags exclude are left out.
    """
    low, high = np.log(_ZERO_OHM), np.log(_ZERO_OHM + assumed.r_most_ohm)
    flag_u, flag_log = _flags(model, tools, line, kind, (low, high))
    hope = flag_log.max(axis=1) + log_prior
    kept = np.flatnonzero(hope >= hope.max() - _HOPELESS)
    line, kind, log_prior, flag_log = line[kept], kind[kept], log_prior[kept], flag_log[kept]
    box = np.tile([0.0, 1.0, low, high], (len(line), 1))
    case = _Case(model, tools, line, kind, log_prior, way, assumed, flag_u, flag_log)
    found = _at(case, np.arange(len(line)), box, _SIFT)
    left = np.flatnonzero(found.log_mass > found.log_mass.max() - _LEFT)
    found, _ = _joined(found, left, _at(case, left, box[left], _FIRST))
    if not len(tools.first):
        return found
    for _ in range(_ROUNDS):
        best = np.argsort(-found.log_mass, kind="stable")[:_PAIRS_MOST]
        best = best[found.log_mass[best] > found.log_mass[best[0]] + np.log(_WORTH)]
        finer = _at(case, best, found.box[best], _FINE)
        found, settled = _joined(found, best, finer)
        if settled:
            break
    return found


@dataclass(frozen=True, eq=False)
class _Case:
    model: Model
    tools: Instruments
    line: Ints
    kind: Ints
    log_prior: Floats
    way: Floats
    assumed: Assumptions
    flag_u: Floats
    flag_log: Floats


def _flags(
    model: Model, tools: Instruments, line: Ints, kind: Ints, ends: tuple[float, float]
) -> tuple[Floats, Floats]:
    """ln R at some places, and [pairs, places] the logarithm of the chance of all flags there."""
    u = np.linspace(*ends, _FLAG_CELLS)
    found = np.zeros((len(line), _FLAG_CELLS))
    for k in np.unique(kind).tolist() if len(tools.starts) else []:
        at = np.flatnonzero(kind == k)
        r_ohm = np.tile(np.exp(u) - _ZERO_OHM, (len(at), 1))
        found[at] = flag_density(model, tools, KINDS[k], line[at], r_ohm)
    return u, found


def _between(case: _Case, pairs: Ints, u: Floats) -> Floats:
    """[pairs, r] the logarithm of the chance of all flags at other ln R."""
    step = case.flag_u[1] - case.flag_u[0]
    place = np.clip((u - case.flag_u[0]) / step, 0, len(case.flag_u) - 1 - 1e-9)
    below = place.astype(np.int64)
    part, log, row = place - below, case.flag_log[pairs], np.arange(len(pairs))[:, None]
    return (1 - part) * log[row, below] + part * log[row, below + 1]


def _at(case: _Case, pairs: Ints, box: Floats, cells: tuple[int, int]) -> Weighed:
    """The mass of some pairs in their boxes, cut in so many cells."""
    many_d, many_r = cells
    step_d, step_u = (box[:, 1] - box[:, 0]) / many_d, (box[:, 3] - box[:, 2]) / many_r
    outward = box[:, :1] + step_d[:, None] * (np.arange(many_d) + 0.5)
    u = box[:, 2:3] + step_u[:, None] * (np.arange(many_r) + 0.5)
    r_ohm = np.exp(u) - _ZERO_OHM
    log = np.empty((len(pairs), many_d, many_r))
    misfit = np.empty_like(log)
    line, kind = case.line[pairs], case.kind[pairs]
    for k in np.unique(kind).tolist():
        at = np.flatnonzero(kind == k)
        own = (case.model, case.tools, KINDS[k], line[at])
        log[at], misfit[at] = read_density(*own, outward[at], r_ohm[at], case.way[line[at]])
    log += _between(case, pairs, u)[:, None, :]
    most = case.assumed.r_most_ohm
    prior_u = 0.5 / np.log1p(most / _ZERO_OHM) + 0.5 * np.exp(u) / most
    log += np.log(prior_u * step_u[:, None])[:, None, :] + np.log(step_d)[:, None, None]
    return _summed(case, pairs, log, misfit, outward=outward, u=u, box=box)


def _summed(
    case: _Case,
    pairs: Ints,
    log: Floats,
    misfit: Floats,
    *,
    outward: Floats,
    u: Floats,
    box: Floats,
) -> Weighed:
    flat = log.reshape(len(pairs), -1)
    top = flat.max(axis=1)
    weight = np.exp(log - top[:, None, None])
    total = weight.sum(axis=(1, 2))
    along, through = weight.sum(axis=2) / total[:, None], weight.sum(axis=1) / total[:, None]
    best = flat.argmax(axis=1)
    every = np.arange(len(pairs))
    r_ohm = np.exp(u) - _ZERO_OHM
    return Weighed(
        line=case.line[pairs],
        kind=case.kind[pairs],
        log_mass=top + np.log(total) + case.log_prior[pairs],
        outward=outward,
        along=along,
        r_ohm=r_ohm,
        through=through,
        misfit=misfit.reshape(len(pairs), -1)[every, best],
        best_ohm=r_ohm[every, best % log.shape[2]],
        box=_narrowed(weight, box),
    )


def _narrowed(weight: Floats, box: Floats) -> Floats:
    """[pairs, 4] the part of each box in which its mass lies, with a cell beside."""
    worth = np.asarray(weight > _CELL_WORTH, np.bool_)
    along, through = np.logical_or.reduce(worth, axis=2), np.logical_or.reduce(worth, axis=1)
    return np.concatenate([_side(along, box[:, :2]), _side(through, box[:, 2:])], axis=1)


def _side(here: Flags, ends: Floats) -> Floats:
    """[pairs, 2] the ends of the cells that count, one more on either side."""
    many = here.shape[1]
    first = np.maximum(here.argmax(axis=1) - 1, 0)
    last = np.minimum(many - here[:, ::-1].argmax(axis=1) + 1, many)
    step = (ends[:, 1] - ends[:, 0]) / many
    return np.stack([ends[:, 0] + first * step, ends[:, 0] + last * step], axis=1)


def _joined(found: Weighed, best: Ints, finer: Weighed) -> tuple[Weighed, bool]:
    """What was found with some pairs replaced by a closer look, and whether that changed little."""
    before = found.box[best]
    shrunk = np.prod(finer.box[:, 1::2] - finer.box[:, ::2], axis=1) / np.prod(
        before[:, 1::2] - before[:, ::2], axis=1
    )
    moved = np.abs(finer.log_mass - found.log_mass[best])
    names = ("log_mass", "misfit", "best_ohm", "box")
    changed = {name: getattr(found, name).copy() for name in names}
    for name in names:
        changed[name][best] = getattr(finer, name)
    cells = {"outward": "along", "r_ohm": "through"}
    for middle, share in cells.items():
        wide = getattr(finer, middle).shape[1]
        for name in (middle, share):
            old, new = getattr(found, name), getattr(finer, name)
            if old.shape[1] < wide:
                last = old[:, -1:] if name == middle else np.zeros((len(old), 1))
                old = np.concatenate([old, np.repeat(last, wide - old.shape[1], axis=1)], axis=1)
            else:
                old = old.copy()
            old[best] = new
            changed[name] = old
    settled = bool((shrunk > 0.5).all() and (moved < 0.05).all())
    return replace(found, **changed), settled
