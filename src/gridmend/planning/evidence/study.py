"""A study: which cases are replayed under which settings, and what they come to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gridmend.model.errors import GridError
from gridmend.planning.evidence.cases import Case, cases
from gridmend.planning.evidence.figures import STATED_PCT, Figures, figures
from gridmend.planning.evidence.outcome import Outcome
from gridmend.planning.evidence.setting import Setting

BASE = Setting()
LOSSES = (0.05, 0.2, 0.5)
"""Shares of messages lost at which the curve is taken, beside none."""
AUTOMATED = (0.0, 0.25, 0.5, 0.75)
"""Shares of remote switches at which the curve is taken, beside all of them."""

ASSUMED = (
    "Every figure is simulated on the twin.",
    "Crews alone mend and then close what tripped; they bring nobody back by switching before."
    " What the same plans bring when crews carry them out by hand is the point of the curve"
    " without remote switches.",
    "Faults are permanent, on primary lines, the likelier the longer the line; those that reclosing"
    " clears are left out.",
    "Whoever is out when a run ends counts until then.",
)


@dataclass(frozen=True, slots=True)
class Task:
    """A case with the settings under which it is replayed."""

    case: Case
    settings: tuple[Setting, ...]


def tasks(*, faults: int, storms: int, curve: int, seed: int) -> tuple[Task, ...]:
    """All that a study replays; the first `curve` faults also under the settings of the curves.

    Raises `GridError` for numbers that cannot be.
    """
    if not 0 <= curve <= faults:
        raise GridError(f"a curve of {curve} of {faults} faults", mend=f"give 0 to {faults}")
    others = (*(Setting(loss=x) for x in LOSSES), *(Setting(automated=x) for x in AUTOMATED))
    found: list[Task] = []
    for case in cases(faults=faults, storms=storms, seed=seed):
        on_curve = case.kind == "fault" and case.number < curve
        found.append(Task(case, (BASE, *others) if on_curve else (BASE,)))
    return tuple(found)


def summary(outcomes: Iterable[Outcome], *, seed: int) -> dict[str, Any]:
    """What a study came to, as plain values; the intervals are drawn by the seed.

    Cases with a state that has no solution, or with somebody hurt, are not counted and are named.
    """
    sound: dict[tuple[str, Setting], list[Outcome]] = defaultdict(list)
    unfit: list[dict[str, Any]] = []
    for one in sorted(outcomes, key=lambda o: (o.case.kind, o.case.number)):
        if one.unsolved or one.hurt:
            case = {"kind": one.case.kind, "number": one.case.number}
            unfit.append({**case, "unsolved": one.unsolved, "hurt": one.hurt})
        else:
            sound[one.case.kind, one.setting].append(one)
    base = [one for kind in ("fault", "storm") for one in sound[kind, BASE]]
    return {
        "simulated": True,
        "stated_pct": STATED_PCT,
        "faults": _figures(sound["fault", BASE], seed),
        "storms": _figures(sound["storm", BASE], seed),
        "all": _figures(base, seed),
        "by_loss": _curve(sound, [Setting(loss=x) for x in (0.0, *LOSSES)], seed),
        "by_automated_share": _curve(
            sound, [Setting(automated=x) for x in (*AUTOMATED, 1.0)], seed
        ),
        "not_counted": unfit,
        "assumed": list(ASSUMED),
    }


def _figures(outcomes: list[Outcome], seed: int) -> dict[str, Any] | None:
    found = _of(outcomes, seed)
    return None if found is None else found.as_json()


def _of(outcomes: list[Outcome], seed: int) -> Figures | None:
    return figures(outcomes, np.random.default_rng(seed)) if len(outcomes) > 1 else None


def _curve(
    sound: dict[tuple[str, Setting], list[Outcome]], settings: list[Setting], seed: int
) -> list[dict[str, Any]]:
    """Each setting over the faults that were replayed under all of them."""
    numbers = [{one.case.number for one in sound["fault", s]} for s in settings]
    shared = set[int].intersection(*numbers)
    found: list[dict[str, Any]] = []
    for setting in settings:
        chosen = [one for one in sound["fault", setting] if one.case.number in shared]
        told = _figures(chosen, seed)
        if told is not None:
            where = {"loss": setting.loss, "automated_share": setting.automated}
            found.append({**where, **told})
    return found
