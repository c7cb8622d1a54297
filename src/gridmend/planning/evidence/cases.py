"""The faults and storms of a study: drawn by its seed, the same whatever is compared on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.runtime.exercise.storming import Front, storm_of
from gridmend.twin.scenario.happenings import FaultStrikes
from gridmend.twin.scenario.scenario import Scenario, Sky

Floats = NDArray[np.float64]
Kind = Literal["fault", "storm"]

FAULT_S = 900.0
"""When the fault strikes: by then the twin's instruments have reported."""
FAULT_HOURS = 8.0
"""How long a fault is looked at; who is out for longer counts to its end."""
STORM_HOURS = 24.0
FAULT_CREWS, STORM_CREWS = 6, 6
"""Half of them work by day, half by night. Assumed."""
R_MOST_OHM = 2.0
"""Resistance of a fault, even between 0 and here. Assumed."""
GUSTS_M_PER_S = (28.0, 42.0)
"""Gusts of a storm, even between these. Assumed."""
STORM_FAULTS = (8.0, 30.0)
"""How many faults a storm brings on average, even between these. Assumed."""

_YEAR_H = 8760
_SERVICE = ("s1", "s2")

KINDS = (("line to ground", 1, True, 0.70), ("between two lines", 2, False, 0.15),
         ("two lines to ground", 2, True, 0.10), ("three lines", 3, True, 0.05))  # fmt: skip
"""Kinds of fault with how many phases each takes, whether to ground, and its share of all: most
faults of overhead feeders are of one phase (T. A. Short, Electric Power Distribution Handbook, ch.
7: about three quarters); the split of the rest is assumed. What a line has no phases for becomes
one of all its phases."""


@dataclass(frozen=True, slots=True)
class Case:
    """One fault or storm by its number; the same number of one seed is the same case."""

    kind: Kind
    number: int
    seed: int


def cases(*, faults: int, storms: int, seed: int) -> tuple[Case, ...]:
    """All cases of a study. Raises `GridError` for a number that is none."""
    for name, count in (("faults", faults), ("storms", storms)):
        if not 0 <= count <= 100_000:
            raise GridError(f"a study cannot have {count} {name}", mend="give 0 to 100,000")
    if faults + storms < 2:
        raise GridError("an interval needs two cases or more", mend="ask for more faults or storms")
    if seed < 0:
        raise GridError(f"a seed cannot be {seed}", mend="give 0 or more")
    drawn = [Case("fault", number, seed) for number in range(faults)]
    return (*drawn, *(Case("storm", number, seed) for number in range(storms)))


def scenario_of(case: Case, grid: Grid) -> Scenario:
    """The case on a grid, with no policy yet. Raises `GridError` where no fault can strike it."""
    rng = np.random.default_rng([case.seed, case.kind == "storm", case.number])
    if case.kind == "storm":
        front = Front(
            gust_m_per_s=float(rng.uniform(*GUSTS_M_PER_S)),
            faults=float(rng.uniform(*STORM_FAULTS)),
            crews=STORM_CREWS,
            hours=STORM_HOURS,
        )
        return storm_of(grid, seed=int(rng.integers(2**31)), front=front)
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=int(rng.integers(_YEAR_H)))
    front = Front(crews=FAULT_CREWS, hours=FAULT_HOURS)
    plain = storm_of(grid, seed=int(rng.integers(2**31)), front=front)
    return replace(
        plain,
        name=f"fault {case.number} of seed {case.seed} on {grid.name}",
        start=start,
        weather=Sky(ordinary_faults=False),
        happenings=(_fault(grid, rng),),
    )


def _fault(grid: Grid, rng: np.random.Generator) -> FaultStrikes:
    """A permanent fault on a primary line, the likelier the longer the line is."""
    lines = grid.lines
    phases = [tuple(p for p in text.split() if p in "abc") for text in lines.texts("phases1")]
    is_service = [any(p in _SERVICE for p in text.split()) for text in lines.texts("phases1")]
    able = lines.flags("in_service") & np.array([bool(p) for p in phases]) & ~np.array(is_service)
    weight: Floats = np.where(able, lines.numbers("length_m"), 0.0)
    if not weight.sum() > 0:
        raise GridError("no primary line has a length", mend="give lines their length_m")
    row = int(rng.choice(len(lines), p=weight / weight.sum()))
    _, count, to_ground, _ = KINDS[int(rng.choice(len(KINDS), p=[kind[3] for kind in KINDS]))]
    own = phases[row]
    struck = sorted(rng.permutation(own)[:count].tolist())
    return FaultStrikes(
        at_s=FAULT_S,
        element=f"line.{lines['name'][row]}",
        phases=tuple(struck),
        share=float(rng.uniform(0.02, 0.98)),
        r_ohm=float(rng.uniform(0.0, R_MOST_OHM)),
        to_ground=to_ground or len(struck) < 2,
        cause="drawn",
    )
