"""OpenDSS through a year against the clock, at its defaults and at its best."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oracles.year import Profiles, Settings, start, yearly


@dataclass(frozen=True)
class Timed:
    """Processor time of a year without records [s a step], and how it was asked."""

    seconds: float
    settings: Settings
    at_once: bool

    @property
    def words(self) -> str:
        """The settings, as a table names them."""
        lean = ", lean" if self.settings.lean else ""
        return f"{self.settings.algorithm}{lean}, {'at once' if self.at_once else 'step by step'}"


def timed(
    master: Path,
    profiles: Profiles,
    settings: Settings,
    *,
    positions: Mapping[str, Any] | None = None,
    repeats: int = 1,
    at_once: bool = True,
) -> Timed:
    """The year against the clock, nothing recorded: one `Solve` of all steps, or one a step.

    The least of `repeats`, each from the same positions. The first step is solved once
    beforehand, so that neither ordering nor the first matrix is in the time. Raises
    `RuntimeError` where the last step does not converge.
    """
    best = float("inf")
    with yearly(master, profiles, settings, positions) as dss:
        solution = dss.ActiveCircuit.Solution
        dss.Text.Command = "set number=1"
        solution.Solve()
        for _ in range(repeats):
            start(dss, profiles, settings, positions)
            if not at_once:
                dss.Text.Command = "set number=1"
            began = time.process_time()
            for _ in range(1 if at_once else profiles.steps):
                solution.Solve()
            best = min(best, time.process_time() - began)
            if not solution.Converged:
                raise RuntimeError(f"OpenDSS did not converge with {settings}")
    return Timed(best / profiles.steps, settings, at_once)


TRIED = 100
"""Steps over which its settings are compared before the fastest runs the year."""


def best_of(
    master: Path,
    profiles: Profiles,
    *,
    controls: str,
    positions: Mapping[str, Any] | None = None,
    repeats: int = 2,
) -> Timed:
    """The fastest of the settings that keep its own tolerance, chosen over the first steps."""
    short = Profiles(profiles.factors[:, :TRIED], profiles.follows, profiles.step_min)
    tries = [
        timed(
            master,
            short,
            Settings(controls, algorithm, lean=lean),
            positions=positions,
            at_once=at_once,
        )
        for algorithm, lean, at_once in (
            ("normal", False, True),
            ("normal", True, True),
            ("normal", True, False),
            ("newton", True, True),
        )
    ]
    first = min(tries, key=lambda one: one.seconds)
    return timed(
        master,
        profiles,
        first.settings,
        positions=positions,
        repeats=repeats,
        at_once=first.at_once,
    )
