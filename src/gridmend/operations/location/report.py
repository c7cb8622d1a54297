"""From weighed pairs to an answer: chances of lines and sections, and intervals."""

from __future__ import annotations

import math

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.model.errors import Finding
from gridmend.operations.location.answer import Interval, LineChance, Location, SectionChance
from gridmend.operations.location.kinds import KINDS
from gridmend.operations.location.places import Cut, Places
from gridmend.operations.location.search import Weighed

_TAIL = 0.05
_WORTH = 1e-5
"""A line less likely than this is said to have the fault anywhere along it."""

_UNKNOWN = (math.nan, math.nan, math.nan)


def nowhere(findings: tuple[Finding, ...]) -> Location:
    """The answer where no line is fed: no place has a chance."""
    return Location((), (), {}, _UNKNOWN, _UNKNOWN, findings, informed=False)


def located(
    places: Places,
    cut: Cut,
    found: Weighed,
    findings: tuple[Finding, ...],
    *,
    informed: bool,
) -> Location:
    """The answer from the mass of every pair."""
    mass = np.exp(found.log_mass - found.log_mass.max())
    mass /= mass.sum()
    of_line: Floats = np.bincount(found.line, weights=mass, minlength=len(places.row)).astype(float)
    lines = _lines(places, found, mass, of_line)
    of_section = np.bincount(cut.section, of_line, len(cut.behind))
    members: list[list[LineChance]] = [[] for _ in cut.behind]
    for k, line in lines:
        members[int(cut.section[k])].append(line)
    order = np.argsort(-of_section, kind="stable").tolist()
    sections = tuple(
        SectionChance(cut.behind[s], float(of_section[s]), tuple(members[s]))
        for s in order
        if members[s]
    )
    kinds = np.bincount(found.kind, mass, len(KINDS))
    metres = places.away_m[places.up][found.line, None]
    metres = metres + found.outward * places.length_m[found.line, None]
    return Location(
        sections,
        tuple(line for _, line in lines),
        {KINDS[k].name: float(kinds[k]) for k in np.argsort(-kinds, kind="stable") if kinds[k] > 0},
        _interval(found.r_ohm, mass[:, None] * found.through),
        _interval(metres, mass[:, None] * found.along),
        findings,
        informed,
    )


def _lines(
    places: Places, found: Weighed, mass: Floats, of_line: Floats
) -> list[tuple[int, LineChance]]:
    """Every line that may be, the likeliest first, with its number."""
    by_line = np.argsort(found.line, kind="stable")
    starts = np.searchsorted(found.line[by_line], np.arange(len(places.row) + 1))
    chances: list[tuple[int, LineChance]] = []
    for k in np.argsort(-of_line, kind="stable").tolist():
        low, middle, high = _TAIL, 0.5, 1 - _TAIL
        if of_line[k] > _WORTH:
            pairs: Ints = by_line[starts[k] : starts[k + 1]]
            low, middle, high = _interval(
                found.outward[pairs], mass[pairs, None] * found.along[pairs]
            )
        up, length = float(places.away_m[places.up[k]]), float(places.length_m[k])
        share = [places.share(k, x) for x in (low, middle, high)]
        chance = LineChance(
            places.name(k),
            float(of_line[k]),
            (min(share), share[1], max(share)),
            (up + low * length, up + middle * length, up + high * length),
        )
        chances.append((k, chance))
    return chances


def _interval(values: Floats, weights: Floats) -> Interval:
    """Low end, median and high end of what is weighed."""
    order = np.argsort(values, axis=None)
    value, weight = values.ravel()[order], weights.ravel()[order]
    middle = np.cumsum(weight) - 0.5 * weight
    low, median, high = np.interp([_TAIL, 0.5, 1 - _TAIL], middle / weight.sum(), value)
    return float(low), float(median), float(high)
