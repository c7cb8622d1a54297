"""What islands take from the energy that their resources hold, over the times of a way."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.islanding import Former, formers
from gridmend.model.plan import Given, Violation
from gridmend.operations.refuted import Hindrance

Floats = NDArray[np.float64]

_ENOUGH = 1e-6
"""Share by which what is taken may pass what is held: rounding."""


@dataclass(eq=False)
class Stored:
    """The resources of some islands, and what each gives from the minutes that are noted."""

    grid: Grid
    formers: tuple[Former, ...]
    _noted: dict[tuple[float, int], Floats] = field(default_factory=dict[tuple[float, int], Floats])

    @staticmethod
    def of(grid: Grid, islands: Collection[int]) -> Stored:
        """Those of islands by the rows of their sources, as full as the tables have them."""
        return Stored(grid, tuple(one for one in formers(grid) if one.source in islands))

    def note(self, minute: float, state: int, flow: Flow) -> None:
        """What a flow of a state has each give from a minute on, to the next that is noted; of two
        states at one minute the later counts, of two flows of one the more."""
        if self.formers:
            rows = [one.source for one in self.formers]
            given_kw = np.maximum(-flow.power_kva("sources").real[rows], 0.0)
            before_kw = self._noted.get((minute, state), given_kw)
            self._noted[minute, state] = np.maximum(before_kw, given_kw)

    def given(self, until_min: float) -> tuple[Given, ...]:
        """Of each that gives anything the most, and the energy until a minute."""
        powers, hours, _ = self._course(until_min)
        peak_kw = powers.max(axis=0, initial=0.0)
        used_kwh = hours @ powers
        return tuple(
            Given(self._name(one), float(peak), float(used))
            for one, peak, used in zip(self.formers, peak_kw, used_kwh, strict=True)
            if peak > 0
        )

    def lacking(self, until_min: float) -> Hindrance | None:
        """The first whose energy does not last until a minute; None where that of all does."""
        powers, hours, ends_min = self._course(until_min)
        taken_kwh = np.cumsum(hours[:, None] * powers, axis=0)
        first: tuple[float, Hindrance] | None = None
        for k, one in enumerate(self.formers):
            short = np.flatnonzero(taken_kwh[:, k] > one.energy_kwh * (1 + _ENOUGH))
            if not len(short):
                continue
            at, used_kwh = int(short[0]), float(taken_kwh[-1, k])
            over_kwh = float(taken_kwh[at, k]) - one.energy_kwh
            empty_min = ends_min[at] - 60 * over_kwh / float(powers[at, k])
            resource = str(self.grid.sources["resource"][one.source])
            why = f"the energy of {resource} lasts until {empty_min:.0f} min after the fault"
            worst = Violation("energy_kwh", self._name(one), used_kwh, one.energy_kwh)
            excess = used_kwh / one.energy_kwh - 1 if one.energy_kwh else 1.0
            if first is None or empty_min < first[0]:
                first = empty_min, Hindrance(why, excess, worst)
        return first[1] if first else None

    def _course(self, until_min: float) -> tuple[Floats, Floats, list[float]]:
        """[times, formers] power that is taken [kW], [times] how long each stands [h], and when
        each ends [min]."""
        keys = sorted(self._noted)
        ends = [*(minute for minute, _ in keys), until_min]
        hours = np.array([max(end - begin, 0.0) / 60 for begin, end in pairwise(ends)], float)
        powers = np.array([self._noted[key] for key in keys], float)
        return powers.reshape(len(keys), len(self.formers)), hours, ends[1:]

    def _name(self, one: Former) -> str:
        return f"source.{self.grid.sources['name'][one.source]}"
