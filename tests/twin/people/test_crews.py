"""Crews: hours that add up, rest that is kept, and times worked by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.model.errors import GridError
from gridmend.twin.people.crew import Crew, Job, JobKind, check
from gridmend.twin.people.crews import Crews
from gridmend.twin.people.duty import CrewEvent, State
from gridmend.twin.people.work import REPAIR, Pace, Spread, work_s
from gridmend.twin.streams import Streams

H = 3600.0
SEVEN = Pace(clock_h=7.0)
ANNE = Crew("Anne", "T1")
FAR = Job("J", JobKind.REPAIR, 3000.0, 4000.0, cause="equipment")


def _sure(minutes: float) -> Pace:
    """Every repair takes this long, and it is seven."""
    each: tuple[Spread, Spread] = ((minutes, 0.0), (minutes, 0.0))
    return Pace(clock_h=7.0, repair=dict.fromkeys(REPAIR, each))


def _crews(*crews: Crew, pace: Pace = SEVEN) -> Crews:
    return Crews(crews, pace, Streams(1))


def _said(events: tuple[CrewEvent, ...]) -> list[tuple[float, str]]:
    return [(event.time_s, event.kind) for event in events]


def test_travel_repair_and_return_are_those_worked_by_hand() -> None:
    # 5 km on the map are 6.5 km of road: 585 s at 40 km/h. A repair of 100 min. At 15 h, home.
    crews = _crews(ANNE, pace=_sure(100))
    crews.assign("Anne", FAR, 60.0)
    assert crews.end_s("J") == 60 + 585 + 6000
    assert _said(crews.act(8 * H + 585)) == [
        (0.0, "on_duty"), (60.0, "left"), (645.0, "arrived"), (645.0, "began"), (6645.0, "done"),
        (8 * H, "left"), (8 * H + 585, "home"),
    ]  # fmt: skip
    spent = {state: us / 1e6 for state, us in crews.spent_us("Anne").items() if us}
    assert spent == {
        State.IDLE: 60 + (8 * H - 6645), State.TRAVELLING: 2 * 585.0, State.WORKING: 6000.0
    }  # fmt: skip


def test_a_storm_slows_the_road() -> None:
    crews = _crews(ANNE)
    assert crews.travel_s("Anne", FAR) == pytest.approx(585.0)
    assert crews.travel_s("Anne", replace(FAR, storm=True)) == pytest.approx(975.0)


@pytest.mark.parametrize(
    ("fault_at_m", "on_foot", "expected_s", "found"),
    [
        (1500.0, False, 360.0, "at 1500 m"),  # 1.5 km at 15 km/h
        (1500.0, True, 1800.0, "at 1500 m"),  # 1.5 km at 3 km/h
        (None, False, 480.0, "nothing"),  # the whole 2 km
        (0.0, False, 0.0, "at 0 m"),
    ],
)
def test_a_patrol_takes_its_way_to_the_fault_or_its_whole_length(
    fault_at_m: float | None, on_foot: bool, expected_s: float, found: str
) -> None:
    patrol = Job("P", JobKind.PATROL, 0, 0, skills=("patrol",), length_m=2000, on_foot=on_foot)
    crews = _crews(ANNE)
    crews.assign("Anne", replace(patrol, fault_at_m=fault_at_m), 100.0)
    events = crews.act(H)
    assert [(e.time_s, e.text) for e in events if e.kind == "found"] == [(100 + expected_s, found)]
    assert crews.spent_us("Anne")[State.PATROLLING] == round(expected_s * 1e6)


def test_overtime_ends_in_time_for_the_way_home_and_hands_the_work_over() -> None:
    # On duty at 7, at most 16 h: home at 23. 585 s of road each way. A repair of 24 h.
    bert = Crew("Bert", "T2", x_m=3000, y_m=4000, shift_start_h=22, shift_end_h=30)
    crews = _crews(ANNE, bert, pace=_sure(24 * 60))
    crews.assign("Anne", FAR, 0.0)
    events = crews.act(16 * H)
    by_anne = [event for event in events if event.crew == "Anne"][-3:]
    assert _said(tuple(by_anne)) == [
        (16 * H - 585, "stood_down"), (16 * H - 585, "left"), (16 * H, "home"),
    ]  # fmt: skip
    left_s = 24 * H - (16 * H - 2 * 585)
    assert by_anne[0].left_s == left_s == crews.left_s("J")
    crews.assign("Bert", FAR, 16 * H)
    assert crews.end_s("J") == 16 * H + left_s
    assert (16 * H + left_s, "done") in _said(crews.act(30 * H))
    # Anne has rested eight hours at seven and is on duty.
    assert crews.spent_us("Anne")[State.RESTING] == round(8 * H * 1e6)
    assert crews.state("Anne") is State.IDLE


def test_a_late_end_makes_a_late_start() -> None:
    crews = _crews(replace(ANNE, rest_h=10.0), pace=_sure(24 * 60))
    crews.assign("Anne", FAR, 0.0)
    starts_s = [event.time_s for event in crews.act(27 * H) if event.kind == "on_duty"]
    assert starts_s == [0.0, 26 * H]


def test_a_crew_waits_for_leave_and_is_stood_down_at_the_shifts_end_without_it() -> None:
    crews = _crews(ANNE, pace=_sure(60))
    crews.assign("Anne", replace(FAR, permit=True), 0.0)
    crews.act(H)
    assert crews.state("Anne") is State.WAITING
    crews.permit("J", H)
    assert crews.state("Anne") is State.WORKING
    crews.permit("J", 1.5 * H, given=False)
    assert crews.state("Anne") is State.WAITING
    assert crews.left_s("J") == 0.5 * H
    assert (8 * H, "stood_down") in _said(crews.act(9 * H))
    assert crews.left_s("J") == 0.5 * H


def test_a_crew_waits_for_the_skill_that_another_brings() -> None:
    tree = Crew("Tom", "T2", skills=("tree",))
    job = replace(FAR, skills=("line", "tree"))
    crews = _crews(ANNE, tree, pace=_sure(60))
    crews.assign("Anne", job, 0.0)
    crews.assign("Tom", job, H)
    events = crews.act(8 * H)
    assert [(e.time_s, e.crew, e.text) for e in events if e.kind == "waiting"] == [
        (585.0, "Anne", "tree")
    ]
    assert {(e.time_s, e.crew) for e in events if e.kind == "done"} == {
        (2 * H + 585, "Anne"), (2 * H + 585, "Tom")
    }  # fmt: skip
    assert crews.spent_us("Anne")[State.WAITING] == round(H * 1e6)


def test_who_is_called_off_on_the_way_stands_where_it_had_come() -> None:
    crews = _crews(ANNE)
    crews.assign("Anne", FAR, 0.0)
    crews.recall("Anne", 117.0)
    assert crews.at("Anne") == pytest.approx((600.0, 800.0))
    assert crews.travel_s("Anne", FAR) == pytest.approx(468.0)
    assert crews.state("Anne") is State.IDLE


def test_one_crew_has_one_job() -> None:
    crews = _crews(ANNE)
    crews.assign("Anne", FAR, 0.0)
    with pytest.raises(GridError, match="the crew is travelling for 'J'"):
        crews.assign("Anne", replace(FAR, name="K"), 1.0)
    assert crews.job("Anne") == "J"


def test_a_truck_that_is_out_keeps_the_next_crew_waiting_for_it() -> None:
    late = replace(ANNE, name="Late", shift_start_h=15, shift_end_h=23)
    crews = _crews(ANNE, late, pace=_sure(9 * 60))
    crews.assign("Anne", FAR, 0.0)
    crews.catch_up(8.5 * H)
    other = replace(FAR, name="K")
    assert "truck 'T1' is out with crew 'Anne'" in crews.unable("Late", other)
    crews.catch_up(9 * H + 2 * 585)
    assert crews.unable("Late", other) == ""


def test_nobody_is_sent_where_it_cannot_be_back_from_within_its_hours() -> None:
    short = replace(ANNE, hours_most=8.0)
    crews = _crews(short)
    crews.catch_up(8 * H - 2 * 585 + 1)
    assert crews.unable("Anne", FAR) == "the crew would not be home within its hours"


def test_repairs_are_lognormal_as_set() -> None:
    streams, many = Streams(5), 4000
    jobs = [replace(FAR, name=f"J{k}", cause="vehicle", storm=True) for k in range(many)]
    logs = np.log([work_s(job, SEVEN, streams) / 60 for job in jobs])
    median_min, sigma = REPAIR["vehicle"][1]
    assert abs(logs.mean() - math.log(median_min)) <= 5 * sigma / math.sqrt(many)
    # Cut at three standard deviations, the spread is 0.9866 of what it was.
    assert abs(logs.std() - sigma) <= 5 * sigma / math.sqrt(2 * many) + 0.0134 * sigma
    assert abs(logs - math.log(median_min)).max() <= 3 * sigma + 1e-9


def test_a_repair_takes_as_long_whoever_does_it_and_whatever_else_there_is() -> None:
    other = Crew("Bert", "T2", x_m=3000, y_m=4000)
    found: list[float] = []
    for first, crew in ((False, "Anne"), (True, "Bert")):
        crews = _crews(ANNE, other)
        if first:
            crews.assign("Anne", replace(FAR, name="K"), 0.0)
        crews.assign(crew, FAR, 0.0)
        found.append(crews.left_s("J"))
    assert found[0] == found[1]


@st.composite
def _teams(draw: st.DrawFn) -> list[Crew]:
    """Crews, of which two may share a truck in shifts one after the other."""
    found: list[Crew] = []
    for k in range(draw(st.integers(1, 4))):
        start_h = draw(st.floats(0, 23.9))
        length_h = draw(st.floats(0.5, 12))
        crew = Crew(
            f"c{k}",
            f"T{draw(st.integers(0, 3))}",
            skills=draw(st.sampled_from([("line", "patrol"), ("tree",), ("line", "tree")])),
            x_m=draw(st.floats(0, 2e4)),
            y_m=draw(st.floats(0, 2e4)),
            shift_start_h=start_h,
            shift_end_h=start_h + length_h,
            rest_h=draw(st.floats(0, 12)),
            hours_most=draw(st.floats(length_h, 20)),
        )
        found.append(crew)
        if check(found):
            found.pop()
    return found or [ANNE]


STEPS = st.lists(
    st.tuples(
        st.floats(0, 8 * H),
        st.sampled_from(["assign", "assign", "assign", "recall", "permit", "withdraw"]),
        st.integers(0, 3),
        st.integers(0, 7),
    ),
    max_size=40,
)
JOBS = [
    Job(
        f"j{k}",
        JobKind.PATROL if k == 0 else JobKind.REPAIR,
        3000.0 * k,
        500.0 * k,
        skills=(("line",), ("line", "tree"), ("tree",), ("patrol", "line"))[k % 4],
        length_m=4000.0,
        permit=k % 3 == 1,
        storm=k % 2 == 1,
    )
    for k in range(8)
]


def _carry_out(crews: Crews, what: str, crew: str, job: Job, now_s: float) -> None:
    """One step of a random run; what cannot be is refused, and nothing else is."""
    crews.catch_up(now_s)
    if what == "assign":
        if not crews.unable(crew, job):
            crews.assign(crew, job, now_s)
            assert crews.job(crew) == job.name
        else:
            with pytest.raises(GridError):
                crews.assign(crew, job, now_s)
    elif what == "recall" and crews.job(crew):
        crews.recall(crew, now_s)
    elif what in ("permit", "withdraw"):
        try:
            crews.permit(job.name, now_s, given=what == "permit")
        except GridError as refused:
            assert "nobody was sent" in str(refused)


@settings(deadline=None)
@given(_teams(), STEPS, st.integers(0, 20), st.floats(0, 23))
def test_crew_hours_add_up_and_nobody_works_too_long_or_rests_too_short(
    team: list[Crew], steps: list[tuple[float, str, int, int]], seed: int, clock_h: float
) -> None:
    crews = Crews(team, Pace(clock_h=clock_h), Streams(seed))
    now_s, events = 0.0, list[CrewEvent]()
    for wait_s, what, k, j in [*steps, (100 * H, "recall", 0, 0)]:
        now_s = round(now_s + wait_s, 6)
        _carry_out(crews, what, team[k % len(team)].name, JOBS[j], now_s)
        events += crews.act(now_s)
        driving = [c.truck for c in team if crews.job(c.name)]
        assert len(driving) == len(set(driving)), "two crews in one truck"
        for crew in team:
            spent = crews.spent_us(crew.name)
            assert sum(spent.values()) == round(now_s * 1e6)
            assert min(spent.values()) >= 0
    assert [e.time_s for e in events] == sorted(e.time_s for e in events)
    for crew in team:
        of_crew = [e for e in events if e.crew == crew.name]
        on_s = home_s = None
        for event in of_crew:
            if event.kind == "on_duty":
                assert home_s is None or event.time_s - home_s >= crew.rest_h * H - 2e-6
                hour = (event.time_s / H + clock_h - crew.shift_start_h) % 24
                assert min(hour, 24 - hour) < 1e-6 or hour < crew.shift_end_h - crew.shift_start_h
                on_s = event.time_s
            elif event.kind == "home":
                assert on_s is not None
                assert event.time_s - on_s <= crew.hours_most * H + 2e-6
                home_s, on_s = event.time_s, None
        assert on_s is None or now_s - on_s <= crew.hours_most * H + 2e-6


@settings(deadline=None)
@given(STEPS, st.integers(0, 20))
def test_work_done_and_left_is_the_whole_work(
    steps: list[tuple[float, str, int, int]], seed: int
) -> None:
    # One crew, so that all that it works is on the jobs it has.
    crews = Crews([ANNE], SEVEN, Streams(seed))
    now_s = 0.0
    for wait_s, what, _, j in steps:
        now_s = round(now_s + wait_s, 6)
        _carry_out(crews, what, "Anne", JOBS[j], now_s)
    total_us = left_us = 0
    for job in JOBS:
        try:
            left_us += round(crews.left_s(job.name) * 1e6)
            total_us += round(work_s(job, SEVEN, Streams(seed)) * 1e6)
        except GridError:
            continue  # nobody was sent there
    spent = crews.spent_us("Anne")
    assert total_us - left_us == spent[State.WORKING] + spent[State.PATROLLING]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"speed_kmh": -40.0}, "speed of -40"),
        ({"speed_kmh": math.nan}, "speed of nan"),
        ({"shift_end_h": 6.0}, "ends at 6 h, before it starts at 7 h"),
        ({"shift_start_h": -1.0}, "a shift or hours that are none"),
        ({"shift_end_h": 24.0}, "a shift of 17 h, at most 16 h"),
        ({"rest_h": -1.0}, "-1 h of rest"),
        ({"skills": ("line", "magic")}, "unknown skill 'magic'"),
        ({"skills": ()}, "no skill"),
        ({"x_m": 1e6}, "off the map"),
        ({"y_m": math.inf}, "off the map"),
    ],
)
def test_a_bad_crew_is_a_finding_before_the_run(change: dict[str, object], what: str) -> None:
    bad = replace(ANNE, **change)  # pyright: ignore[reportArgumentType]
    bounds = (-10.0, -10.0, 9000.0, 9000.0)
    (finding,) = check([bad], bounds=bounds)
    assert what in finding.what
    assert finding.severity == "error" and finding.where == "crew Anne" and finding.mend
    with pytest.raises(GridError):
        Crews([bad], SEVEN, Streams(1), bounds=bounds)
    assert check([ANNE], bounds=bounds) == ()


@pytest.mark.parametrize(
    ("start_h", "end_h", "overlaps"),
    [(15, 23, False), (14.9, 23, True), (22, 30, False), (22, 31.5, True), (6, 24, True)],
)
def test_two_crews_in_one_truck_at_one_time_are_a_finding(
    start_h: float, end_h: float, overlaps: bool
) -> None:
    other = Crew("Bert", "T1", shift_start_h=start_h, shift_end_h=end_h, hours_most=20)
    found = check([ANNE, other])
    assert any("in truck 'T1' at one time" in f.what for f in found) is overlaps
    assert check([ANNE, replace(other, truck="T2")]) == ()


def test_two_crews_of_one_name_are_a_finding() -> None:
    (finding,) = check([ANNE, replace(ANNE, truck="T2")])
    assert "two crews are called 'Anne'" in finding.what


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"skills": ("magic",)}, "unknown skill magic"),
        ({"skills": ()}, "needs no skill"),
        ({"length_m": -1.0}, "place or a length"),
        ({"x_m": math.nan}, "place or a length"),
        ({"fault_at_m": 5.0}, "beyond its end"),
        ({"priority": 0}, "impossible priority"),
    ],
)
def test_a_job_that_cannot_be_is_refused(change: dict[str, object], what: str) -> None:
    with pytest.raises(GridError, match=what):
        replace(FAR, **change)  # pyright: ignore[reportArgumentType]


def test_what_cannot_be_asked_of_crews_is_refused_with_the_reason() -> None:
    crews = _crews(ANNE)
    with pytest.raises(GridError, match="no crew 'Ane'") as refused:
        crews.assign("Ane", FAR, 0.0)
    assert "Anne" in refused.value.mend
    with pytest.raises(GridError, match="unknown cause 'ufo'"):
        crews.assign("Anne", replace(FAR, cause="ufo"), 0.0)
    assert crews.state("Anne") is State.IDLE
    with pytest.raises(GridError, match="none of the skills tree"):
        crews.assign("Anne", replace(FAR, skills=("tree",)), 0.0)
    crews.assign("Anne", FAR, 10.0)
    with pytest.raises(GridError, match="another job has that name"):
        crews.assign("Anne", replace(FAR, x_m=1.0), 10.0)
    with pytest.raises(GridError, match="it is 10 s"):
        crews.act(9.0)
    with pytest.raises(GridError, match="nan s are asked for"):
        crews.act(math.nan)
    with pytest.raises(GridError, match="nobody was sent to a job 'K'"):
        crews.permit("K", 10.0)
    for name, value in (("detour", 0.9), ("storm_speed", 0.0), ("clock_h", 24.0)):
        with pytest.raises(GridError, match=name):
            replace(SEVEN, **{name: value})  # pyright: ignore[reportArgumentType]
