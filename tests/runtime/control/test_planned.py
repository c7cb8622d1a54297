from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gridmend.adapters.memory import Answer as Device
from gridmend.interlock.move import By
from gridmend.interlock.recheck import recheck
from gridmend.model.errors import GridmendError
from gridmend.model.plan import Action, Step
from gridmend.model.situation import OrderState
from gridmend.model.snapshot import Snapshot
from gridmend.operations.switching_orders import Kind, Request, Sheet, draft
from gridmend.runtime.control import attend, orders, planned
from gridmend.runtime.control.authority import take_authority
from gridmend.runtime.control.planned import Job
from gridmend.runtime.control.work import work
from tests.interlock.networks import network
from tests.operations.switching_orders.sites import two_feeders
from tests.runtime.control.room import ANN, BOB, NOON, Room, rules

GRID = two_feeders()


def sheet_for(element: str = "L1", **more: object) -> Sheet:
    asked = Request((element,), NOON, NOON + timedelta(hours=6), who="ann", reason="a pole")
    return draft(GRID, Snapshot.normal(GRID), replace(asked, **more))


def approved(room: Room, job: Job) -> None:
    """Study by who wrote it, approval by another, issue."""
    planned.authorise_loops(room.kernel, job, ANN)
    for answer in (
        planned.study(room.kernel, job, ANN),
        planned.approve(room.kernel, job, BOB),
        planned.issue(room.kernel, job, ANN),
    ):
        assert answer.allowed, answer


def until(room: Room, job: Job, what: str) -> Job:
    """Line after line, a minute each, up to the first that does something; grounds are seen."""
    while job.line is not None and job.line.what != what:
        room.wait(60)
        if any(line.loop for line in job.sheet.lines):
            planned.authorise_loops(room.kernel, job, ANN)
        job, answer = planned.advance(room.kernel, job, ANN)
        assert answer.allowed, f"{job.line}: {answer}"
        if job.waiting:
            job = planned.seen(room.kernel, job, ANN)
    return job


def started(room: Room) -> Job:
    job = planned.request(room.kernel, sheet_for(), ANN)
    approved(room, job)
    return job


def test_a_job_runs_from_the_request_to_the_normal_network() -> None:
    room = Room(GRID)
    before = room.kernel.situation.snapshot.open_phases.tolist()
    job = started(room)
    job = until(room, job, "work")
    situation = room.kernel.situation
    assert situation.orders[job.there].state is OrderState.COMPLETED
    assert situation.orders[job.back].state is OrderState.DRAFT
    assert {tag.device for tag in situation.tags.values()} == {"b1", "s1"}
    assert {ground.bus for ground in situation.grounds.values()} == {"a", "b"}
    assert [set(c.buses) for c in situation.clearances.values()] == [{"a", "b"}]
    job = until(room, job, "close")
    situation = room.kernel.situation
    assert not (situation.tags or situation.grounds or situation.clearances)
    approved(room, job)
    job = until(room, job, "")
    assert job.line is None
    situation = room.kernel.situation
    assert situation.orders[job.back].state is OrderState.COMPLETED
    assert situation.snapshot.open_phases.tolist() == before
    events = [entry.event for entry in room.log.read()]
    assert recheck(room.grid, events, world=room.field.world) == ()
    with pytest.raises(GridmendError, match="no line left"):
        planned.advance(room.kernel, job, ANN)


def test_nobody_closes_into_the_clearance_nor_lifts_what_keeps_it_dead() -> None:
    room = Room(GRID)
    job = until(room, started(room), "work")
    for device in ("B1", "S1"):
        assert "tags" in rules(room.do(Action.CLOSE, device))
    mark = next(tag.id for tag in room.kernel.situation.tags.values() if tag.device == "b1")
    lifted = work(room.kernel, Step(Action.UNTAG, "B1", "", mark=mark), ANN)
    assert rules(lifted) >= {"clearance", "ground"}
    back = planned.study(room.kernel, replace(job, done=len(job.sheet.lines) - 1), ANN)
    assert "tags" in rules(back), "the way back is not studied while people work"
    sneaked = orders.write(room.kernel, [Step(Action.CLOSE, "S1", "")], BOB)
    assert "tags" in rules(orders.study(room.kernel, sneaked, BOB))
    live = room.kernel.bench.site.topology.energised_buses(room.kernel.situation.snapshot)
    assert not live[[GRID.buses.row("a"), GRID.buses.row("b")]].any()


def test_two_people_an_emergency_too() -> None:
    room = Room(GRID)
    urgent = sheet_for(kind=Kind.EMERGENCY, reason="a tree on the line")
    job = planned.request(room.kernel, urgent, ANN)
    planned.authorise_loops(room.kernel, job, ANN)
    assert planned.study(room.kernel, job, ANN).allowed
    assert rules(planned.approve(room.kernel, job, ANN)) == {"two people"}
    assert rules(planned.issue(room.kernel, job, ANN)) == {"order"}
    assert "order" in rules(planned.advance(room.kernel, job, ANN)[1])
    assert planned.approve(room.kernel, job, BOB).allowed
    notes = [e.event.payload["text"] for e in room.log.read() if e.event.kind == "note"]
    assert "emergency on line.L1, a tree on the line" in notes[0]
    assert urgent.digest in notes[0]


def test_a_loop_is_not_closed_without_its_leave() -> None:
    room = Room(GRID)
    job = planned.request(room.kernel, sheet_for(), ANN)
    assert "radiality" in rules(planned.study(room.kernel, job, ANN))
    assert planned.authorise_loops(room.kernel, job, ANN) == ("T",)
    assert planned.study(room.kernel, job, ANN).allowed


def test_a_ground_waits_for_the_crews_word_and_is_sent_for_again_where_it_was_not_placed() -> None:
    room = Room(GRID)
    job = until(room, started(room), "ground")
    job, answer = planned.advance(room.kernel, job, ANN)
    assert answer.allowed and job.waiting
    waiting, answer = planned.advance(room.kernel, job, ANN)
    assert rules(answer) == {"order"} and waiting == job
    again = planned.seen(room.kernel, job, ANN, done=False, why="no place to clamp it")
    assert again.line == job.line and not room.kernel.situation.grounds
    assert planned.advance(room.kernel, again, ANN)[1].allowed
    with pytest.raises(GridmendError, match="waits for nobody"):
        planned.seen(room.kernel, again, ANN)


def test_a_step_that_is_confirmed_late_is_counted_once() -> None:
    room = Room(GRID, t=Device.LATE)
    job = started(room)
    job, answer = planned.advance(room.kernel, job, ANN)
    assert answer.allowed and job.done == 0
    job, answer = planned.advance(room.kernel, job, ANN)
    assert not answer.allowed and job.done == 0
    room.field.let_through()
    attend(room.kernel)
    assert planned.caught_up(room.kernel, job).done == 1
    job, answer = planned.advance(room.kernel, job, ANN)
    assert answer.allowed and job.done == 2


def test_only_a_person_says_that_a_bus_is_dead() -> None:
    room = Room(GRID)
    job = until(room, started(room), "test dead")
    assert rules(planned.advance(room.kernel, job, By("flisr", "", "flisr"))[1]) == {"autonomy"}
    job, answer = planned.advance(room.kernel, job, ANN)
    assert answer.allowed
    last = list(room.log.read())[-1].event
    assert last.kind == "note" and "test dead bus." in last.payload["text"]
    assert last.cause == "ann"


def test_a_job_that_is_given_up_tells_the_way_back_and_ends_both_orders() -> None:
    room = Room(GRID)
    job = started(room)
    job, _ = planned.advance(room.kernel, job, ANN)
    undo = planned.give_up(room.kernel, job, ANN, why="a storm")
    assert [(step.action, step.device) for step in undo] == [(Action.OPEN, "T")]
    states = {room.kernel.situation.orders[order].state for order in (job.there, job.back)}
    assert states == {OrderState.ABORTED}
    back = orders.write(room.kernel, undo, ANN)
    assert orders.study(room.kernel, back, ANN).allowed


def test_marks_of_two_jobs_are_apart_and_authority_is_asked_for() -> None:
    room = Room(GRID)
    job = until(room, started(room), "tag")
    take_authority(room.kernel, "", BOB)
    assert "one authority" in rules(planned.advance(room.kernel, job, ANN)[1])
    take_authority(room.kernel, "", ANN)
    job, answer = planned.advance(room.kernel, job, ANN)
    assert answer.id.startswith(f"{job.name}-")


def test_a_sheet_that_is_not_feasible_is_not_written() -> None:
    room = Room(GRID)
    with pytest.raises(GridmendError, match="cannot be carried out"):
        planned.request(room.kernel, sheet_for("source.north"), ANN)
    assert not room.kernel.situation.orders


def test_der_in_the_zone_is_switched_off_before_its_tag_and_freed_after_it() -> None:
    grid = network(
        switches={"B": ("g", "a"), "S": ("b", "c")}, lines=[("a", "b")], loads=["b"],
        sources={"north": "g"}, following={"inside": "b"},
    ).with_changed("storage.inside", p_kw=40.0)  # fmt: skip
    asked = Request(("L1",), NOON, NOON + timedelta(hours=6), who="ann")
    sheet = draft(grid, Snapshot.normal(grid), asked)
    room = Room(grid)
    job = planned.request(room.kernel, sheet, ANN)
    approved(room, job)
    job = until(room, job, "work")
    snapshot = room.kernel.situation.snapshot
    assert snapshot.power_kw(grid, "storage.inside") == 0.0
    assert "storage.inside" in {tag.device for tag in room.kernel.situation.tags.values()}
    on = Step(Action.SET_POWER, "storage.inside", "", value=10.0)
    assert "tags" in rules(room.do(Action.SET_POWER, "storage.inside", value=on.value))
    job = until(room, job, "free")
    approved(room, job)
    job = until(room, job, "")
    assert room.kernel.situation.snapshot.power_kw(grid, "storage.inside") == 40.0
    assert not room.kernel.situation.tags
