"""What the effects of all failure modes add up to, load by load and mode by mode."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gridmend.planning.reliability.effects import Effects
from gridmend.planning.reliability.modes import Modes
from gridmend.planning.reliability.settings import Settings

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Shares:
    """What some failures contribute, as arrays of equal length: `saifi` [1/yr], `saidi_h` [h/yr],
    `maifi` [1/yr] and `ens_mwh` [MWh/yr]."""

    saifi: Floats
    saidi_h: Floats
    maifi: Floats
    ens_mwh: Floats

    def summed(self, number: Ints, count: int) -> Shares:
        """The same added up by a number for each."""
        fields = (self.saifi, self.saidi_h, self.maifi, self.ens_mwh)
        return Shares(*(np.bincount(number, field, count).astype(float) for field in fields))


@dataclass(frozen=True, eq=False)
class _Terms:
    """What the modes of an effect bring by one stage, [modes] each a year."""

    sustained: Floats
    hours: Floats
    momentary: Floats


def _terms(found: Effects, modes: Modes, settings: Settings) -> list[_Terms]:
    """For each stage, then for temporary faults, what happens to the loads concerned."""
    limit_h = settings.momentary_min / 60
    waits_h = (0.0, settings.remote_min / 60, settings.switching_h, np.inf)
    terms: list[_Terms] = []
    durations = [(modes.per_year, np.minimum(h, modes.repair_h)) for h in waits_h]
    temporary_h = np.append(found.temporary_h, 0.0)[found.of_element[modes.element]]
    durations.append((modes.temporary_per_year, np.minimum(temporary_h, modes.repair_h)))
    for per_year, duration_h in durations:
        lasts = duration_h > limit_h
        terms.append(_Terms(per_year * lasts, per_year * duration_h * lasts, per_year * ~lasts))
    return terms


def by_load(found: Effects, modes: Modes, settings: Settings) -> tuple[Floats, Floats, Floats]:
    """[loads] sustained interruptions, hours out and momentary interruptions a year."""
    count, loads = found.shape
    effect = found.of_element[modes.element]
    here = effect >= 0
    matrices = _matrices(found)
    totals = np.zeros((3, loads))
    for matrix, term in zip(matrices, _terms(found, modes, settings), strict=True):
        for at, values in enumerate((term.sustained, term.hours, term.momentary)):
            totals[at] += matrix.T @ np.bincount(effect[here], values[here], count)
    # A saved fuse: a permanent fault too is first tried by the device before it.
    blinks = np.bincount(effect[here], (modes.per_year + modes.temporary_per_year)[here], count) * (
        found.before_fuse >= 0
    )
    saved = np.flatnonzero(found.before_fuse >= 0)
    devices = np.bincount(found.before_fuse[saved], blinks[saved], found.devices)
    totals[2] += found.tripping.T @ devices - matrices[-1].T @ blinks
    return totals[0], totals[1], np.maximum(totals[2], 0.0)


def _matrices(found: Effects) -> tuple[csr_matrix, ...]:
    """Who is concerned: by each stage, then all together by temporary faults."""
    return (*found.back_by, csr_matrix(sum(found.back_by[1:], found.back_by[0])))


def shares(
    found: Effects, modes: Modes, settings: Settings, *, customers: Ints, average_kw: Floats
) -> Shares:
    """[modes] what each contributes to the indices, of [loads] customers and average demand."""
    effect = found.of_element[modes.element]
    total = float(customers.sum())
    saifi, saidi_h, maifi, ens_mwh = np.zeros((4, len(effect)))
    matrices = _matrices(found)
    for matrix, term in zip(matrices, _terms(found, modes, settings), strict=True):
        people = np.append(matrix @ customers, 0.0)[effect] / total
        saifi += term.sustained * people
        saidi_h += term.hours * people
        maifi += term.momentary * people
        ens_mwh += term.hours * np.append(matrix @ average_kw, 0.0)[effect] / 1000
    off = np.append(found.tripping @ customers, 0.0)[found.before_fuse]
    others = np.where(found.before_fuse >= 0, off - matrices[-1] @ customers, 0.0)
    blinks = modes.per_year + modes.temporary_per_year
    maifi += blinks * np.append(others, 0.0)[effect] / total
    return Shares(saifi, saidi_h, maifi, ens_mwh)
