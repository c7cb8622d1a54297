"""One storm twice on the twin, by crews alone and with automation, on the same seeded damage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.operations.indices import Interruption
from gridmend.runtime.exercise.exercise import Exercise, rehearse
from gridmend.runtime.exercise.restoration_times import restoration_times
from gridmend.twin.people.crew import Crew
from gridmend.twin.places import Places
from gridmend.twin.scenario.scenario import Equipped, People, Policy, Scenario, Sky, Telemetry
from gridmend.twin.weather.storms import Storm

Floats = NDArray[np.float64]

START = datetime(2026, 1, 26, 6, tzinfo=UTC)
"""A winter morning: a storm study is of no day in particular."""

FRONT_H = 2.0
RISES_H, STANDS_H, FALLS_H = 1.0, 4.0, 1.0
"""When the front comes, and how long it grows, stands and dies down. Assumed."""

SHIFT_H = 12.0
"""Hours of a shift; half of the crews work by day and half by night. Assumed."""

AT_ONCE_S = 60.0
"""Within this a customer is said to be restored at once."""


@dataclass(frozen=True, slots=True)
class Front:
    """The storm: how hard it blows [m/s], how many faults it brings on average, and who works.

    All rates of the twin's weather are scaled to `faults`; the seed decides which strike, and when.
    """

    gust_m_per_s: float = 40.0
    faults: float = 10.0
    crews: int = 4
    hours: float = 24.0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("gust_m_per_s", 0.0, 120.0), ("faults", 0.0, 5_000.0), ("hours", 1.0, 336.0),
            ("crews", 0, 500),
        ):  # fmt: skip
            value = getattr(self, name)
            if not low <= value <= high:
                raise GridError(
                    f"a storm cannot have {name} = {value:g}", mend=f"give {low:g} to {high:g}"
                )


@dataclass(frozen=True, eq=False)
class StormStudy:
    """What a storm cost under both policies. Simulated: say so wherever it is shown."""

    seed: int
    crew: Exercise
    automated: Exercise

    @property
    def restored_within_60_s_pct(self) -> float | None:
        """Of the customers whom crews alone kept out for longer than five minutes, the part that
        automation has back within a minute; None where there are none."""
        share = counted(self.crew.interruptions, self.automated.interruptions)
        return None if share is None else 100 * share

    def as_json(self) -> dict[str, Any]:
        """The answer of `gridmend storm --json`."""
        both = {"crew": self.crew, "automated": self.automated}
        crew = self.crew.measures

        def each(name: str) -> dict[str, Any]:
            return {key: run.measures.get(name) for key, run in both.items()}

        return {
            "seed": self.seed,
            "simulated": True,
            "customer_minutes": each("customer_minutes"),
            "restored_within_60_s_pct": self.restored_within_60_s_pct,
            "saidi_min": each("saidi_min"),
            "saifi": each("saifi"),
            "caidi_min": each("caidi_min"),
            "not_supplied_mwh": each("not_supplied_mwh"),
            "customers_out_most": each("customers_out_most"),
            "customers_out_at_end": each("customers_out_at_end"),
            "faults": len(crew["faults"]) if isinstance(crew["faults"], Sequence) else 0,
            "tripped": {key: len(_names(run, "tripped")) for key, run in both.items()},
            "repaired": {key: len(_names(run, "repaired")) for key, run in both.items()},
            "calls": each("calls"),
            "refused": each("refused"),
            "hurt": each("hurt"),
            "unsolved": each("unsolved"),
            "restoration_times": restoration_times((self.crew, self.automated)),
            "curve": {key: _curve(run) for key, run in both.items()},
        }


def storm_of(grid: Grid, *, seed: int, front: Front | None = None) -> Scenario:
    """The scenario of a storm over a whole grid. Raises `GridError` where it has no place on a map
    and no crew could find its way, or where a figure cannot be."""
    front = front or Front()
    x_m, y_m = Places.of(grid).middle_m
    sky = Storm(
        name="front", start_s=FRONT_H * 3600, growth_s=RISES_H * 3600, steady_s=STANDS_H * 3600,
        decay_s=FALLS_H * 3600, x_m=x_m, y_m=y_m, heading_deg=90.0, speed_m_per_s=10.0,
        radius_m=60_000.0, gust_m_per_s=front.gust_m_per_s,
    )  # fmt: skip
    crews = tuple(
        Crew(
            f"crew {k + 1}", f"truck {k + 1}", x_m=x_m, y_m=y_m,
            shift_start_h=6.0 + SHIFT_H * (k % 2), shift_end_h=6.0 + SHIFT_H * (k % 2 + 1),
        )
        for k in range(front.crews)
    )  # fmt: skip
    return Scenario(
        name=f"storm over {grid.name}",
        grid=grid.name,
        start=START,
        hours=front.hours,
        seed=seed,
        weather=Sky(storms=(sky,), faults_expected=front.faults),
        telemetry=Telemetry(indicators=Equipped(at="all")),
        people=People(crews=crews),
    )


def weather(
    grid: Grid,
    *,
    seed: int,
    front: Front | None = None,
    progress: Callable[[Policy, float], None] | None = None,
) -> StormStudy:
    """Go through a storm by crews alone, and again with automation.

    The same faults strike, the same customers would call and the same messages would be lost: all
    draws are of the seed. `progress` is told the policy and the time of its run [s].
    """
    scenario = storm_of(grid, seed=seed, front=front)

    def run(policy: Policy) -> Exercise:
        def told(now_s: float) -> None:
            if progress is not None:
                progress(policy, now_s)

        return rehearse(scenario, policy, grid=grid, progress=told)

    return StormStudy(seed, run("crew"), run("healing"))


def _names(run: Exercise, measure: str) -> Sequence[str]:
    value = run.measures.get(measure, ())
    return value if isinstance(value, Sequence) else ()


def _curve(run: Exercise) -> list[tuple[float, int]]:
    """Customers out from each time on, times in minutes from the start."""
    start = run.scenario.start
    return [((at - start).total_seconds() / 60, out) for at, out in run.curve]


def counted(by_crew: Sequence[Interruption], healed: Sequence[Interruption]) -> float | None:
    """The part of those out for long under crews who are out for a minute at most when healed.

    Interruptions of a load are told apart by their start, which is the fault's and the same in
    both runs until automation has acted; one that does not happen at all counts as restored.
    """
    out, back = 0, 0
    ends = {(one.event, one.start): one.duration_min for one in healed}
    begins = {one.event: min(o.start for o in healed if o.event == one.event) for one in healed}
    for one in by_crew:
        if one.duration_min <= 5.0 or one.start != begins.get(one.event, one.start):
            continue
        out += one.customers
        minutes = ends.get((one.event, one.start), 0.0)
        back += one.customers if minutes <= AT_ONCE_S / 60 else 0
    return back / out if out else None
