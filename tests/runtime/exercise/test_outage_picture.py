"""What the outage desk takes for known once switches have moved."""

from __future__ import annotations

from datetime import timedelta

import gridmend
from gridmend.model.event import Event
from gridmend.runtime.exercise.outage_picture import Picture
from tests.runtime.exercise.test_room import of_kind, run


def test_a_meter_that_says_it_is_back_by_a_tie_is_believed_however_late_the_desk_looks() -> None:
    grid = gridmend.read("ieee123")
    course = run(grid, until_s=30.0)
    picture = Picture(course.room.kernel)
    course.run_to(900.0)
    plan = of_kind(course, "plan_proposed")[0].payload["plan"]
    tie = next(s["device"] for s in plan if s["device"].lower() in ("sw7", "sw9", "sw10", "sw11"))
    closed = next(
        e for e in of_kind(course, "status")
        if str(e.payload["device"]).lower() == tie.lower() and e.payload["position"] == "closed"
    )  # fmt: skip
    for event in course.events:
        picture.note(event)
    supplied = picture.supplied
    names = [str(grid.loads["name"][k]) for k in supplied.nonzero()[0].tolist()]
    at = closed.time_utc + timedelta(seconds=1)
    picture.look([Event(at, "field", "meter", "meter_returned", {"meter": n}) for n in names])
    row = picture.tree.rows[tie.lower()]
    behind = picture.tree.below(row)
    assert len(behind) > 10
    assert (picture.reports.lit_s[behind] >= picture.reports.returned_s[behind]).all()
    assert not [one for one in picture.prediction.outages if one.device == tie.lower()]
