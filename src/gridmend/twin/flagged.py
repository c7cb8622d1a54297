"""Fault passage indicators at the plant: what they see, and what of it is reported."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from gridmend.model.errors import GridError
from gridmend.model.event import Event
from gridmend.model.flow import Flow
from gridmend.twin.instants import Instants
from gridmend.twin.telecontrol import Telecontrol
from gridmend.twin.telemetry.indicators import Flag, Indicators
from gridmend.twin.told import SOURCE

CAUSE = "indicator"
"""What the events say of what brought them about."""


def endpoint_of(switch: str) -> str:
    """Who speaks for the indicators at a switch."""
    return f"indicator.{switch}".lower()


@dataclass(eq=False)
class Flagged:
    """Indicators that watch the plant of a telecontrol and send `fault_indicated` over its links.

    What goes up at a switch at one instant is one event, stamped with that instant and sent by the
    endpoint `indicator.<switch>` after `report_s` [s] (assumed: an indicator wakes its radio and
    registers). An indicator has a battery of its own: it reports without supply, and keeps what its
    path cannot carry as far as that path has a store. `raised` is the truth, which nothing above
    the twin reads. What flows when it begins is no news: it puts no flag up.

    Raises `GridError` for an indicator without a path and a delay that cannot be.
    """

    telecontrol: Telecontrol
    indicators: Indicators
    report_s: float = 5.0
    raised: list[Flag] = field(default_factory=list[Flag])
    _instants: Instants = field(init=False)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.report_s) and self.report_s >= 0):
            raise GridError(f"report_s is {self.report_s}", mend="give 0 or more")
        for switch in self.indicators.switches:
            self.telecontrol.links.number(endpoint_of(switch))
        plant = self.telecontrol.plant
        self.indicators.begin(plant.world.flow)
        self._instants = Instants(plant, self._see)

    def _see(self, now_s: float, flow: Flow) -> None:
        flags = self.indicators.see(now_s, flow)
        self.raised += flags
        # One event, whether right or false, as an event for each would tell which is which.
        phases: dict[str, set[str]] = {}
        for flag in flags:
            phases.setdefault(flag.switch, set()).update(flag.phases)
        agenda = self.telecontrol.plant.agenda
        due_s = max(now_s + self.report_s, agenda.now_s)
        for switch, up in phases.items():
            event = Event(
                self.telecontrol.start_utc + timedelta(seconds=now_s),
                SOURCE,
                CAUSE,
                "fault_indicated",
                {"device": switch.lower(), "phases": sorted(up)},
            )
            agenda.at(due_s, partial(self._send, endpoint_of(switch), event))

    def _send(self, endpoint: str, event: Event) -> None:
        self.telecontrol.send(endpoint, event)
