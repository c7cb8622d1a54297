"""Under which conditions automation is judged: how much there is of it, how well it is heard."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.runtime.scenario import Restoration
from gridmend.twin.scenario.scenario import Scenario

SWIFT = Restoration(detection_s=10.0, step_s=5.0)
"""Automation that waits ten seconds for indicators and meters once a lock-out is heard, and gives a
command every five. Assumed."""


@dataclass(frozen=True, slots=True)
class Setting:
    """`loss` of messages, each way, of 1; the `automated` share of the remote switches, the others
    being worked by hand."""

    loss: float = 0.0
    automated: float = 1.0

    def __post_init__(self) -> None:
        for name in ("loss", "automated"):
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise GridError(f"{name} cannot be {value:g}", mend="give a share from 0 to 1")

    @property
    def is_base(self) -> bool:
        """Whether all messages pass and every remote switch is used."""
        return self.loss == 0.0 and self.automated == 1.0


def on_grid(setting: Setting, grid: Grid, *, seed: int) -> Grid:
    """The grid with so many of its remote switches; a smaller share has some of a larger one's."""
    if setting.automated == 1.0:
        return grid
    remote = np.flatnonzero(grid.switches.flags("remote"))
    order = np.random.default_rng([seed, len(remote)]).permutation(remote)
    by_hand = order[round(setting.automated * len(remote)) :]
    for row in by_hand.tolist():
        grid = grid.with_changed(f"switch.{grid.switches['name'][row]}", remote=False)
    return grid


def on_scenario(setting: Setting, scenario: Scenario) -> Scenario:
    """The scenario with so many messages lost on every link."""
    if setting.loss == 0.0:
        return scenario
    told = scenario.communications
    links = tuple(replace(link, loss=setting.loss) for link in told.links)
    return replace(scenario, communications=replace(told, links=links))
