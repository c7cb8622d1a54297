"""Alarm, outage and plan name the same element, also once a crew has seen another one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from gridmend.operations.suspects import Suspect
from gridmend.runtime.live import View, planning
from tests.runtime.live.conftest import ANNA, Rooms

STRUCK = "line.l52"


def suspected(view: View) -> set[str]:
    """What stands as an alarm that it may be faulted."""
    return {
        one.device for one in view.alarms
        if one.condition == "fault_suspected" and one.cleared_utc is None
    }  # fmt: skip


def planned(view: View) -> set[str]:
    return {one.fault.lower() for one in view.plans if one.device == "sw1"}


def test_a_plan_names_what_the_alarm_names_before_and_after_a_crew_has_seen_it(
    rooms: Rooms,
) -> None:
    live = rooms.open()
    live.ask(lambda desk: desk.strike(STRUCK, ANNA))
    view = rooms.until(live, lambda view: bool(view.plans))
    (first,) = suspected(view)
    assert planned(view) == {first} != {STRUCK}, "the section is known, and not yet the line"
    assert [one.planned_for for one in view.plans] == [""]
    view = rooms.until(live, lambda view: suspected(view) == {STRUCK})
    assert planned(view) == {STRUCK}
    assert [one.planned_for.lower() for one in view.plans if one.device == "sw1"] == [first]
    assert [one.cause for one in view.outages] == [f"suspected on {STRUCK}"]


def test_of_two_cases_of_one_section_a_plan_that_is_asked_for_heals_the_newest() -> None:
    suspect = Suspect(("line.l58", STRUCK), "sw2")
    first, second = (SimpleNamespace(suspects=(suspect,), number=n) for n in (1, 2))
    views: Any = SimpleNamespace(course=SimpleNamespace(healing=SimpleNamespace(cases=[first])))
    for key in ("line.L52", "line.l58", "switch.sw2"):
        assert planning._case_of(views, key) is first
    views.course.healing.cases.append(second)
    for key in ("line.L52", "line.l58", "switch.sw2"):
        assert planning._case_of(views, key) is second
    assert planning._case_of(views, "line.l13") is None
