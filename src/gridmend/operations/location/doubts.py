"""What contradicts the likeliest place, and how improbable that is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import gammaincc

from gridmend.model.arrays import Floats
from gridmend.model.errors import Finding
from gridmend.operations.location.kinds import KINDS
from gridmend.operations.location.likelihood import Instruments, flag_chance
from gridmend.operations.location.model import Model, readings
from gridmend.operations.location.search import Weighed
from gridmend.operations.location.watch import Watch

_IMPROBABLE = 0.01
"""A contradiction that is rarer than this is a warning."""


def doubts(model: Model, tools: Instruments, watch: Watch, found: Weighed) -> Iterator[Finding]:
    """Findings about flags and readings that the likeliest place does not explain."""
    best = int(found.log_mass.argmax())
    where = model.places.name(int(found.line[best]))
    if len(watch.flags):
        yield from _flags(model, tools, watch, found, best)
    count = len(watch.readings)
    if count:
        # The upper tail of the chi-squared distribution; scipy.stats would take a second to import.
        chance = float(gammaincc(count / 2, found.misfit[best] / 2))
        if chance < _IMPROBABLE:
            yield Finding(
                "warning",
                f"what was recorded fits no place: even {where} explains it with a chance of"
                f" {chance:.1g} only",
                where,
                "check phases, the positions and load before the fault, and the instruments' class",
            )


def _flags(
    model: Model, tools: Instruments, watch: Watch, found: Weighed, best: int
) -> Iterator[Finding]:
    line, kind = found.line[best : best + 1], KINDS[int(found.kind[best])]
    middle = np.full((1, 1), 0.5)
    r_ohm = found.best_ohm[best : best + 1, None]
    levels = readings(model.built, tools.at_flags, kind, line, middle, r_ohm)
    chance = flag_chance(tools, levels[0, 0, 0])
    wrong = tools.up != (chance > 0.5)
    if not wrong.any():
        return
    expected = np.minimum(chance, 1 - chance)
    many = int(wrong.sum())
    rare = _at_least(expected, many)
    said = ", ".join(
        f"{flag.passage.device} phase {flag.phase} {'flagged' if flag.up else 'did not flag'}"
        for flag, is_wrong in zip(watch.flags, wrong.tolist(), strict=True)
        if is_wrong
    )
    where = model.places.name(int(found.line[best]))
    yield Finding(
        "warning" if rare < _IMPROBABLE else "note",
        f"{many} of {len(wrong)} flags contradict the likeliest place, {where}: {said}; so many or"
        f" more are wrong in {100 * rare:.2g} % of faults",
        where,
        "look at these devices, and at the other places that are given",
    )


def _at_least(chance: Floats, count: int) -> float:
    """The chance that at least so many of independent things happen (Poisson-binomial)."""
    fewer = np.zeros(count + 1)
    fewer[0] = 1.0
    for p in chance.tolist():
        fewer[1:] = fewer[1:] * (1 - p) + fewer[:-1] * p
        fewer[0] *= 1 - p
    return float(max(0.0, 1.0 - fewer[:count].sum()))
