"""What a case came to with crews alone and with automation, customer by customer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gridmend.model.grid import Grid
from gridmend.operations.indices import MOMENTARY_MIN, Interruption
from gridmend.planning.evidence.beyond import beyond_min
from gridmend.planning.evidence.cases import Case, scenario_of
from gridmend.planning.evidence.setting import SWIFT, Setting, on_grid, on_scenario
from gridmend.runtime.exercise.exercise import Exercise, rehearse
from gridmend.runtime.scenario import Restoration

DECIMALS = 2
"""To which times are told apart: hundredths of a minute."""


@dataclass(frozen=True, slots=True)
class Group:
    """Customers with the same times without supply in both runs [min].

    `crew` and `automated` are all of a run together; `first` is the time from when crews alone left
    them out for more than five minutes until automation had them back.
    """

    customers: int
    crew_min: float
    automated_min: float
    first_min: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """A case under one setting. `crew` and `automated` are customer-minutes of interruptions
    of more than five minutes; crews alone are taken under the same loss of messages.

    `unsolved` counts states of either run that had no solution and `hurt` people hurt: either makes
    the case unfit to be counted. `open_at_end` are customers still out when the automated run
    ended. `beyond` are those of `crew` that no switching can save; None where it was not counted.
    """

    case: Case
    setting: Setting
    crew: float
    automated: float
    groups: tuple[Group, ...]
    unsolved: int
    hurt: int
    open_at_end: int
    plans: int
    refused: int
    beyond: float | None = None

    def as_json(self) -> dict[str, Any]:
        """One line of a study's file."""
        return {
            "kind": self.case.kind, "number": self.case.number, "seed": self.case.seed,
            "loss": self.setting.loss, "automated_share": self.setting.automated,
            "customer_minutes": {
                "crew": self.crew, "automated": self.automated, "beyond_switching": self.beyond,
            },
            "groups": [[g.customers, g.crew_min, g.automated_min, g.first_min]
                       for g in self.groups],
            "unsolved": self.unsolved, "hurt": self.hurt, "open_at_end": self.open_at_end,
            "plans": self.plans, "refused": self.refused,
        }  # fmt: skip


def outcome_of(said: dict[str, Any]) -> Outcome:
    """The same read again. Raises `KeyError` or `TypeError` for a line that is none."""
    minutes = said["customer_minutes"]
    return Outcome(
        Case(said["kind"], int(said["number"]), int(said["seed"])),
        Setting(float(said["loss"]), float(said["automated_share"])),
        float(minutes["crew"]),
        float(minutes["automated"]),
        tuple(Group(int(n), *map(float, times)) for n, *times in said["groups"]),
        *(int(said[key]) for key in ("unsolved", "hurt", "open_at_end", "plans", "refused")),
        beyond=None if (beyond := minutes.get("beyond_switching")) is None else float(beyond),
    )


def replayed(
    case: Case, settings: Iterable[Setting], grid: Grid, *, restoration: Restoration = SWIFT
) -> tuple[Outcome, ...]:
    """A case by crews alone and by automation under each setting, as fast as it is told.

    All draws are of the case: the same fault, customers, crews and time to mend. A pure function,
    so that cases may run side by side.
    """
    scenario = scenario_of(case, grid)
    alone: dict[float, Exercise] = {}
    found: list[Outcome] = []
    for setting in settings:
        there = on_grid(setting, grid, seed=case.seed)
        heard = on_scenario(setting, scenario)
        if setting.loss not in alone:
            alone[setting.loss] = rehearse(heard, "crew", grid=grid, parts=1)
        healed = rehearse(heard, "healing", grid=there, parts=1, restoration=restoration)
        found.append(compared(case, setting, alone[setting.loss], healed))
    return tuple(found)


def compared(case: Case, setting: Setting, alone: Exercise, automated: Exercise) -> Outcome:
    """Both runs of a case side by side."""
    both = (alone, automated)

    def count(run: Exercise, measure: str) -> int:
        value = run.measures.get(measure, 0)
        return int(value) if isinstance(value, int | float) else 0

    return Outcome(
        case=case,
        setting=setting,
        crew=float(count(alone, "customer_minutes")),
        automated=float(count(automated, "customer_minutes")),
        groups=_groups(alone.interruptions, automated.interruptions),
        unsolved=sum(count(run, "unsolved") for run in both),
        hurt=sum(count(run, "hurt") for run in both),
        open_at_end=count(automated, "customers_out_at_end"),
        plans=sum(event.kind == "plan_proposed" for event in automated.events),
        refused=count(automated, "refused"),
        beyond=beyond_min(alone),
    )


def _groups(alone: Iterable[Interruption], automated: Iterable[Interruption]) -> tuple[Group, ...]:
    """Loads out in either run, those with equal times together. A load names its interruptions."""
    crew, healed = _by_load(alone), _by_load(automated)
    customers: dict[tuple[float, float, float], int] = defaultdict(int)
    for load in crew.keys() | healed.keys():
        was, now = crew.get(load, []), healed.get(load, [])
        times = _total_min(was), _total_min(now), _first_min(was, now)
        crew_min, automated_min, first_min = (round(time, DECIMALS) for time in times)
        customers[crew_min, automated_min, first_min] += (was or now)[0].customers
    return tuple(Group(n, *key) for key, n in sorted(customers.items()) if n)


def _by_load(pieces: Iterable[Interruption]) -> dict[str, list[Interruption]]:
    found: dict[str, list[Interruption]] = defaultdict(list)
    for piece in pieces:
        found[piece.event].append(piece)
    return found


def _total_min(pieces: list[Interruption]) -> float:
    return sum(piece.duration_min for piece in pieces)


def _first_min(alone: list[Interruption], automated: list[Interruption]) -> float:
    """From when crews alone left a load out for more than five minutes, until automation had it
    back [min]: 0 where it never was out then."""
    long = [piece.start for piece in alone if piece.duration_min > MOMENTARY_MIN]
    if not long:
        return 0.0
    since = min(long)
    ends = [piece.end for piece in automated if piece.start <= since < piece.end]
    return max(((end - since).total_seconds() / 60 for end in ends), default=0.0)
