"""Times of restoration on the twin: fitted to some storms or calm days, measured on others.

    python -m benchmarks.storm_restoration --fit 101-116,201-215,301-314
    python -m benchmarks.storm_restoration --fit 101-116,201-215,301-314 --policies healing
    python -m benchmarks.storm_restoration --measure 401-414 --policies crew,healing
    python -m benchmarks.storm_restoration --calm --fit 101-180 --policies crew,healing \\
        --grid ieee123,ieee8500x3

With `--calm` each seed is a day with one lasting fault and no storm. `--fit` prints what
`operations/prediction/restoration_figures.py` holds, and how often the intervals of
each storm would have held that the others alone had given. `--measure` prints how often the
intervals held that the outage desk told, by grid, policy and stage.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

import gridmend
from gridmend.model.arrays import Floats
from gridmend.operations.prediction.remaining import STAGES, Standing, standing_features
from gridmend.operations.prediction.restoration_figures import SHARES
from gridmend.planning.evidence.cases import Case as Study
from gridmend.planning.evidence.cases import scenario_of
from gridmend.runtime.exercise.exercise import Exercise, rehearse
from gridmend.runtime.exercise.restoration_times import judged, restoration_times
from gridmend.runtime.exercise.storming import Front, storm_of
from gridmend.twin.scenario.scenario import Policy

RIDGE = 2.0
"""Penalty on all coefficients but the constant: what hardly varies has no say."""
LEAST = 10
"""Cases of a stage below which it takes the figures of all stages together."""


@dataclass(frozen=True)
class Case:
    """What was known as an interval was told, and how long it took in truth [min]: at least so
    long where it `is_open` as the run ends."""

    seed: int
    known: Standing
    took_min: float
    is_open: bool = False


def run(grid: str, seed: int, policy: Policy, front: Front | None) -> Exercise:
    """One storm under one policy; one fault on a calm day where no front is given."""
    made = gridmend.read(grid)
    if front is None:
        return rehearse(scenario_of(Study("fault", seed, 0), made), policy, grid=made, parts=1)
    return rehearse(storm_of(made, seed=seed, front=front), policy, grid=made)


def cases_of(exercise: Exercise, seed: int) -> Iterator[Case]:
    """Intervals that can be learnt from: somebody was out. Who is out to the end of the run counts
    as back then, since to leave the longest out would make all seem short."""
    told = [e.payload for e in exercise.events if e.kind == "restoration_estimated"]
    for said, one in zip(told, judged(exercise), strict=True):
        if math.isnan(one.back_s):
            continue
        back_s = min(one.back_s, exercise.scenario.end_s)
        known = dict(said["known"])
        known["crew_min"] = math.nan if known["crew_min"] is None else known["crew_min"]
        took_min = max((back_s - one.told.told_s) / 60, 1.0)
        standing = Standing(stage=str(said["stage"]), **known)
        yield Case(seed, standing, took_min, is_open=back_s < one.back_s)


def fitted(cases: Sequence[Case]) -> Floats:
    """Coefficients of the logarithm of the time, by least squares with a penalty."""
    x = np.array([standing_features(case.known) for case in cases])
    y = np.log([case.took_min for case in cases])
    penalty = RIDGE * np.eye(x.shape[1])
    penalty[0, 0] = 0.0
    return np.linalg.solve(x.T @ x + penalty, x.T @ y)


def residuals(cases: Sequence[Case]) -> Floats:
    """Of each case from the fit to the other storms."""
    found: list[float] = []
    for seed in sorted({case.seed for case in cases}):
        mean = fitted([case for case in cases if case.seed != seed])
        for case in cases:
            if case.seed == seed:
                features = standing_features(case.known)
                found.append(math.log(case.took_min) - float(np.dot(features, mean)))
    return np.array(found)


def overdue(cases: Sequence[Case]) -> list[Case]:
    """Those who were not back when three in four, or nineteen in twenty, should have been."""
    found: list[Case] = []
    for stage in STAGES[:5]:
        own = [case for case in cases if case.known.stage == stage]
        for share in (0.75, 0.95):
            limit = float(np.quantile([case.took_min for case in own], share)) if own else math.inf
            found += [
                Case(case.seed, Standing(
                    "overdue", case.known.ahead, case.known.others, max(case.known.crews, 2),
                    case.known.storm, case.known.automated, case.known.elapsed_min + limit,
                    calm=case.known.calm,
                ), case.took_min - limit)
                for case in own if case.took_min > limit + 1
            ]  # fmt: skip
    return found


def levels(storms: int) -> Floats:
    """At which shares of the residuals `SHARES` are read: further out, the fewer storms there are,
    since those of one storm are alike."""
    wanted = np.array(SHARES)
    return np.clip(wanted + 2 * (wanted - 0.5) / (storms + 1), 0.0, 1.0)


def with_overdue(cases: Sequence[Case]) -> list[Case]:
    """The cases of all other stages, and those that follow from them for the last."""
    found = [case for case in cases if case.known.stage != "overdue"]
    return found + overdue(found)


def of_stage(cases: Sequence[Case], stage: str) -> list[Case]:
    """Those of a stage; all where they are too few to learn from."""
    own = [case for case in cases if case.known.stage == stage]
    return own if len(own) >= LEAST else list(cases)


def fit(cases: Sequence[Case]) -> None:
    """Print the figures by stage, and how often intervals of the other storms' figures held."""
    every = with_overdue(cases)
    storms = len({case.seed for case in every})
    print(f"cases: {len(every)}, storms: {storms}")
    for stage in STAGES:
        own = of_stage(every, stage)
        mean = ", ".join(f"{value:.3f}" for value in fitted(own))
        more = np.quantile(residuals(own), levels(storms))
        print(f'    "{stage}": ({mean}),')
        print(f'    "{stage}": ({", ".join(f"{v:.3f}" for v in more)}),  # {len(own)} cases')
    crossed(cases)


def crossed(cases: Sequence[Case]) -> None:
    """Each storm judged by the figures of the others: held, ended before, ended after."""
    found: dict[str, list[str]] = {stage: [] for stage in STAGES[:5]}
    outages: dict[int, list[bool]] = {}
    for seed in sorted({case.seed for case in cases}):
        rest = with_overdue([case for case in cases if case.seed != seed])
        storms = len({case.seed for case in rest})
        for stage in STAGES[:5]:
            own = of_stage(rest, stage)
            mean = fitted(own)
            low, high = np.quantile(residuals(own), levels(storms)[[1, 5]])
            for case in cases:
                if (case.seed, case.known.stage) != (seed, stage):
                    continue
                more = math.log(case.took_min) - float(np.dot(standing_features(case.known), mean))
                word = "early" if more < low else "late" if more > high else "held"
                if word == "late" or not case.is_open:
                    found[stage].append(word)
                    outages.setdefault(seed, []).append(word == "held")
    every = [word for words in found.values() for word in words]
    for name, words in (("all", every), *found.items()):
        shares = [
            100 * words.count(word) / max(len(words), 1) for word in ("held", "early", "late")
        ]
        print(f"| {name} | {len(words)} | " + " | ".join(f"{share:.1f}" for share in shares) + " |")
    by_storm = np.mean([np.mean(held) for held in outages.values()])
    print(f"mean of {len(outages)} storms: {100 * by_storm:.1f} %")


def measure(
    grid: str, policies: Sequence[Policy], seeds: Sequence[int], front: Front | None
) -> None:
    """Print how often what was told held."""
    both: list[Exercise] = []
    for policy in policies:
        runs = [run(grid, seed, policy, front) for seed in seeds]
        both += runs
        show(f"{grid}, {policy}", runs)
    if len(policies) > 1:
        show(f"{grid}, both", both)


def show(title: str, runs: Sequence[Exercise]) -> None:
    """Rows of a table: all intervals, and by stage."""
    found = restoration_times(runs)
    for name, one in (("all", found), *found["by_stage"].items()):
        print(
            f"| {title}, {name} | {one['n']} | {one['held_pct']} | {one['early_pct']} |"
            f" {one['late_pct']} | {one['median_error_min']} | {one['median_width_min']} |"
            f" {one['open_at_end']} | {one['nobody_out']} |"
        )


def main() -> None:
    """Fit, or measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", default="", help="seeds, as 101-119,201")
    parser.add_argument("--measure", default="", help="seeds")
    parser.add_argument("--calm", action="store_true", help="single faults, no storm")
    parser.add_argument("--grid", default="ieee123")
    parser.add_argument("--policies", default="crew")
    parser.add_argument("--faults", type=float, default=20.0)
    parser.add_argument("--hours", type=float, default=60.0)
    parser.add_argument("--crews", type=int, default=4)
    said = parser.parse_args()
    front = None if said.calm else Front(faults=said.faults, hours=said.hours, crews=said.crews)
    policies: list[Policy] = [p for p in ("crew", "healing") if p in said.policies.split(",")]
    grids = said.grid.split(",")
    if said.fit:
        # What happened on one network says nothing of the same seed on another.
        fit([
            case for k, grid in enumerate(grids) for seed in _seeds(said.fit) for policy in policies
            for case in cases_of(run(grid, seed, policy, front), 100_000 * k + seed)
        ])  # fmt: skip
    for grid in grids if said.measure else ():
        measure(grid, policies, _seeds(said.measure), front)


def _seeds(text: str) -> list[int]:
    """Ranges, each as 101-119, with commas between them."""
    ends = [part.partition("-") for part in text.split(",")]
    return [seed for a, _, b in ends for seed in range(int(a), int(b or a) + 1)]


if __name__ == "__main__":
    main()
