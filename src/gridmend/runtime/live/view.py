"""The picture of a live room at an instant, frozen and replaced whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gridmend.model.flow import Flow
from gridmend.model.situation import Situation
from gridmend.operations.alarms.flood import Rate
from gridmend.runtime.live.overview import Overview
from gridmend.runtime.live.rows import AreaRow, FaultPlans, ModeRow, OrderRow, OutageRow
from gridmend.runtime.live.states import States


@dataclass(frozen=True, eq=False)
class View:
    """All that a page shows of now; safe to read from any thread.

    `sequence` is the last journal entry in it, `number` counts views from 1. `flow` is the power
    flow at the positions that are known and the demand that is forecast: what it says is
    calculated, and `converged` tells whether it may be shown. `unsure` says in words what is stale,
    unknown or not solved. `generations` count the changes of each part (`alarms`, `outages`,
    `orders`, `plans`, `authority`), so that who follows one knows when to read it again.
    """

    sequence: int
    time_utc: datetime
    number: int
    situation: Situation
    flow: Flow
    converged: bool
    states: States
    overview: Overview
    alarms: tuple[Any, ...] = ()
    alarm_rate: Rate | None = None
    outages: tuple[OutageRow, ...] = ()
    plans: tuple[FaultPlans, ...] = ()
    orders: tuple[OrderRow, ...] = ()
    areas: tuple[AreaRow, ...] = ()
    modes: tuple[ModeRow, ...] = ()
    unsure: tuple[str, ...] = ()
    speed: float = 1.0
    generations: Mapping[str, int] = field(default_factory=dict[str, int])
