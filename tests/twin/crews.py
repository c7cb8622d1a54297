"""Crews on the 123-bus feeder, for the tests of what they do there."""

from __future__ import annotations

from functools import cache
from typing import Any

import gridmend
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Step
from gridmend.powerflow.shorts import Short
from gridmend.twin.crewing import Crewing
from gridmend.twin.people.crew import Crew
from gridmend.twin.people.estimates import Estimates
from gridmend.twin.people.work import REPAIR, Pace, Spread
from gridmend.twin.plant import Fault
from gridmend.twin.streams import Streams
from gridmend.twin.telecontrol import Telecontrol
from tests.twin.test_telecontrol import NOON, WIRE, telecontrol

PHASES = ("a", "b", "c")
L52 = Fault(Short("line.L52", PHASES, 0.5, share=0.25), cause="tree")
CREWS = (
    Crew("north", "T1", y_m=600.0, shift_end_h=23.0),
    Crew("south", "T2", y_m=-2000.0, shift_end_h=23.0),
)
HOUR: tuple[Spread, Spread] = ((60.0, 0.0), (60.0, 0.0))
PACE = Pace(clock_h=12.0, repair=dict.fromkeys(REPAIR, HOUR))
OPEN, CLOSE = Step(Action.OPEN, "Sw2", ""), Step(Action.CLOSE, "Sw2", "")


@cache
def feeder() -> Grid:
    """With a recloser before the middle of the feeder, and a fuse at a lateral."""
    grid = gridmend.read("ieee123").with_changed("switch.Sw2", kind="recloser", interrupts="fault")
    return grid.with_changed("switch.Sw3", kind="fuse", interrupts="fault")


def crewing(grid: Grid, *crews: Crew, seed: int = 1, pace: Pace = PACE) -> Crewing:
    field = telecontrol(grid, **WIRE)
    made = Crewing(field, crews or CREWS, Estimates(), Streams(seed), pace=pace)
    made.telecontrol.events()
    return made


def run(crews: Crewing, to_s: float) -> list[Event]:
    """What the crews say until a time."""
    crews.telecontrol.plant.agenda.run_to(to_s)
    return [e for e in crews.telecontrol.events() if e.cause.startswith("crew ")]


def texts(events: list[Event]) -> list[str]:
    return [event.payload["text"] for event in events if event.kind == "crew_said"]


def at_s(event: Event) -> float:
    return (event.time_utc - NOON).total_seconds()


def hurts(crews: Crewing) -> list[Any]:
    return [one.payload for one in crews.telecontrol.plant.happened if one.kind == "hurt"]


def strike(field: Telecontrol, fault: Fault) -> None:
    field.plant.strike(fault)
