"""The solvers that the benchmarks compare: each takes a piece of work and answers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gridmend.model.arrays import Complexes, Floats, Ints
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.lanes.solve import Demand, solve_lanes
from gridmend.powerflow.legs import powers
from gridmend.powerflow.network import Network
from gridmend.powerflow.series_flow import SeriesFlow, solve_series


@dataclass(frozen=True, eq=False)
class Work:
    """A series to solve: every load of `start` times the row `of_load` [loads] of `factors`
    [profiles, steps]; the rest of the snapshot stays. `single` asks for float32;
    `tolerance` [pu] is of steps whose controls move."""

    network: Network
    start: Snapshot
    factors: Floats
    of_load: Ints
    controls: str = "off"
    threads: int = 1
    single: bool = False
    voltages: bool = False
    tolerance: float = 1e-6

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return self.factors.shape[1]

    def snapshot(self, step: int) -> Snapshot:
        """The start's positions with the demand of a step."""
        by = self.factors[self.of_load, step]
        return self.start.with_demand(self.start.load_kw * by, self.start.load_kvar * by)

    @cached_property
    def series(self) -> Series:
        """The same as the package's own series."""
        return Series(
            self.start, self.factors, {"load_kw": self.of_load, "load_kvar": self.of_load}
        )

    @cached_property
    def demand(self) -> Demand:
        """The same leg by leg; what is no load follows a profile of ones."""
        legs, constant = self.network.legs, len(self.factors)
        loads = legs.table == 0
        at = np.where(loads, self.of_load[np.where(loads, legs.element, 0)], constant)
        factors = np.vstack([self.factors, np.ones(self.steps)])
        return Demand(powers(legs, self.start), at, at, factors)


@dataclass(frozen=True, eq=False)
class Answer:
    """What a solver found; `flow` where controls moved, `v_v` [steps, nodes] where voltages were
    asked for."""

    v_min_pu: Floats
    v_max_pu: Floats
    rounds: Ints | None = None
    flow: SeriesFlow | None = None
    v_v: Complexes | None = None


Solver = Callable[[Work], Answer]


def lanes(work: Work) -> Answer:
    """The lanes, controls off, to 1e-5 pu."""
    kind = np.float32 if work.single else np.float64
    found = solve_lanes(
        work.network, work.start, work.demand, tolerance=1e-5, threads=work.threads, kind=kind,
        voltages=work.voltages,
    )  # fmt: skip
    return Answer(found.v_min_pu, found.v_max_pu, found.rounds, v_v=found.v_v)


def series(work: Work) -> Answer:
    """The package's series, to the tolerance of the work."""
    found = solve_series(
        work.network, work.series, controls=work.controls, threads=work.threads,
        keep_voltages=work.voltages, tolerance_pu=work.tolerance,
    )  # fmt: skip
    return Answer(found.v_min_pu, found.v_max_pu, None, found, found.v_v)
