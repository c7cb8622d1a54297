"""The live room: it heals with a person's approval, starts again where it was, and is asked."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from gridmend.model.errors import GridmendError
from gridmend.model.plan import Action, OutcomeState, Step
from gridmend.runtime.journal import Journal
from gridmend.runtime.live import Desk, Live, LiveStopped, Mode, View
from gridmend.runtime.live.opening import OPERATOR
from tests.runtime.live.conftest import ANNA, BEN, Rooms


def shown(view: View) -> tuple[object, ...]:
    """All of a view that two runs may be compared by."""
    frames = tuple(b.tobytes() for mode in Mode for b in view.states.frame(mode))
    return (view.overview, frames, view.alarms, view.outages, view.plans, view.orders, view.areas,
            view.modes, view.unsure, view.sequence, view.number)  # fmt: skip


def waiting(view: View) -> list[str]:
    return [order.id for order in view.orders if order.state == "studied"]


def kinds(live: Live, kind: str) -> list[dict[str, object]]:
    entries = live.ask(lambda desk: desk.entries(0, 1000, kind=kind))
    return [dict(entry.event.payload) for entry in entries]


def struck(rooms: Rooms, live: Live) -> View:
    """Until the order that heals a fault waits."""
    live.ask(lambda desk: desk.strike("line.l52", ANNA))
    return rooms.until(live, lambda view: bool(waiting(view)))


def test_equal_seeds_on_one_clock_give_equal_views(rooms: Rooms) -> None:
    first, second = (rooms.open(seed=7) for _ in range(2))
    for live in (first, second):
        live.ask(lambda desk: desk.strike("line.l52", ANNA))
    for k in range(1, 13):
        time_utc = first.view.time_utc.replace(microsecond=0) + timedelta(seconds=10 * k)
        assert shown(first.step_to(time_utc)) == shown(second.step_to(time_utc))


def test_a_fault_ends_in_one_order_that_waits_and_its_approval_brings_customers_back(
    rooms: Rooms,
) -> None:
    live = rooms.open()
    view = struck(rooms, live)
    out = view.overview.customers_out
    assert out > 1000
    assert view.plans[0].waits_for_approval
    assert view.plans[0].order == waiting(view)[0]
    rooms.run(live, 120)
    assert live.view.overview.customers_out == out
    assert not kinds(live, "commanded")
    (order,) = waiting(live.view)
    assert live.ask(lambda desk: desk.approve(order, ANNA)).allowed
    restored = live.view.plans[0].plans[0].plan.customers_restored
    rooms.until(live, lambda view: view.overview.customers_out == out - restored)
    assert restored > 900
    rooms.run(live, 240)
    left = [row for row in live.view.outages if row.over is None]
    assert [(row.device, row.customers) for row in left] == [("sw1", out - restored)], (
        "who is back is no outage of anything else"
    )
    assert not live._course.field.plant.world.is_faulted
    assert [row.state for row in live.view.orders] == ["completed"]


@pytest.mark.parametrize(
    "element", ["line.l35", "line.l105", "line.l13", "line.l67", "sw2", "sw3", "sw4"]
)
def test_whatever_strikes_what_is_approved_never_feeds_a_fault(rooms: Rooms, element: str) -> None:
    live = rooms.open()
    live.ask(lambda desk: desk.strike(element, ANNA))
    rooms.until(live, lambda view: view.overview.customers_out > 0)
    rooms.run(live, 30)
    tripped = len(kinds(live, "tripped"))
    for _ in range(30):
        for order in waiting(live.view):
            live.ask(lambda desk, order=order: desk.approve(order, ANNA))
        rooms.run(live, 20)
        assert not live._course.field.plant.world.is_faulted
    assert len(kinds(live, "tripped")) == tripped


def test_who_knows_that_a_switch_is_faulted_is_shown_plans_that_part_both_its_sides(
    rooms: Rooms,
) -> None:
    live = rooms.open()
    live.ask(lambda desk: desk.strike("sw3", ANNA))
    rooms.until(live, lambda view: bool(view.situation.faults))
    rooms.run(live, 10)
    best = live.ask(lambda desk: desk.plans("switch.sw3", ANNA)).plans[0].plan
    assert best.customers_out > 1000, "it heals what stands, and does not say that nothing trips"
    assert best.customers_restored > 0
    moved = {(step.action, step.device.lower()) for step in best.steps}
    assert (Action.OPEN, "sw2") in moved, "one of those that part the section before the switch"
    assert (Action.CLOSE, "sw1") not in moved
    assert (Action.OPEN, "sw3") not in moved, "nothing rests on the faulted switch"


def test_a_device_is_selected_looked_ahead_at_and_operated_once(rooms: Rooms) -> None:
    live = rooms.open()
    step = Step(Action.OPEN, "Sw3", "")
    refused = live.ask(lambda desk: desk.select(step, ANNA, "a pole is to be moved"))
    assert [r.rule for r in refused.answer.refusals] == ["one authority"]
    live.ask(lambda desk: desk.take_authority("", ANNA))
    picked = live.ask(lambda desk: desk.select(step, ANNA, "a pole is to be moved"))
    assert picked.look_ahead.allowed
    assert picked.look_ahead.customers_out > 0
    assert live.ask(lambda desk: desk.element("sw3"))["selected_by"] == "anna"

    def go(desk: Desk) -> object:
        return desk.operate(picked.answer.id, ANNA, "command-1")

    first, again = live.ask(go), live.ask(go)
    assert first == again
    assert first.outcome is not None
    assert first.outcome.state is OutcomeState.CONFIRMED
    assert live.view.overview.customers_out == picked.look_ahead.customers_out
    (commanded,) = kinds(live, "commanded")
    assert (commanded["principal"], commanded["login"]) == ("anna", "anna@1")
    assert commanded["step"]["why"] == "a pole is to be moved"


def test_a_reason_is_asked_for_and_a_strange_command_is_refused(rooms: Rooms) -> None:
    live = rooms.open()
    live.ask(lambda desk: desk.take_authority("", ANNA))
    with pytest.raises(GridmendError, match="needs a reason"):
        live.ask(lambda desk: desk.select(Step(Action.OPEN, "sw3", ""), ANNA, "  "))
    with pytest.raises(GridmendError, match="no id of a command"):
        live.ask(lambda desk: desk.operate("s1", ANNA, "c 5"))


def test_a_restart_in_the_middle_of_a_select_loses_nothing_and_operates_nothing(
    rooms: Rooms, tmp_path: Path
) -> None:
    store = tmp_path / "journal.db"
    live = rooms.open(store)
    live.ask(lambda desk: desk.take_authority("", ANNA))
    tag = live.ask(lambda desk: desk.tag("sw5", "hold", ANNA, "work at the pole")).id
    step = Step(Action.OPEN, "sw3", "")
    select = live.ask(lambda desk: desk.select(step, ANNA, "to be moved")).answer.id
    before = live.view
    live.stop()
    again = rooms.open(store)
    now = again.view.situation
    assert (now.snapshot.open_phases == before.situation.snapshot.open_phases).all()
    assert now.tags[tag] == before.situation.tags[tag]
    assert now.selects[select] == before.situation.selects[select]
    assert now.authorities[""].holder == "anna"
    assert again.ask(lambda desk: desk.element("sw5"))["tags"][0]["reason"] == "work at the pole"
    rooms.run(again, 12)
    late = again.ask(lambda desk: desk.operate(select, ANNA, "command-1"))
    assert {r.rule for r in late.refusals} == {"select before operate"}
    assert not kinds(again, "commanded")
    assert again.view.overview.customers_out == 0


def test_a_restart_finds_the_field_where_its_switches_stood_and_says_what_is_lost(
    rooms: Rooms, tmp_path: Path
) -> None:
    store = tmp_path / "journal.db"
    live = rooms.open(store)
    view = struck(rooms, live)
    out, order = view.overview.customers_out, waiting(view)[0]
    live.stop()
    again = rooms.open(store)
    rooms.run(again, 200)
    assert again.view.overview.customers_out == out
    assert [(o.device, o.customers) for o in again.view.outages if not o.over] == [("sw1", out)]
    world = again._course.field.plant.world
    assert (world.snapshot.open_phases == again.view.situation.snapshot.open_phases).all()
    assert not again._course.field.plant.faults
    (said,) = kinds(again, "field_restarted")
    assert said["lost"] == sorted(again.view.situation.faults) != []
    assert waiting(again.view) == [order]
    assert not kinds(again, "commanded")
    again.ask(lambda desk: desk.repair(said["lost"][0], ANNA))
    rooms.until(again, lambda view: view.overview.customers_out == 0)
    rooms.until(again, lambda view: all(outage.over for outage in view.outages))


def test_a_person_with_authority_wins_over_the_simulated_operator(rooms: Rooms) -> None:
    live = rooms.open()
    live.ask(lambda desk: desk.set_mode("restoration", "off", ANNA))
    live.ask(lambda desk: desk.take_authority("", ANNA))
    live.ask(lambda desk: desk.strike("line.l52", ANNA))
    rooms.until(live, lambda view: view.overview.customers_out > 0)
    rooms.run(live, 60)
    live.ask(lambda desk: desk.repair("line.l52", ANNA))
    rooms.run(live, 900)
    assert live.view.overview.customers_out > 0
    assert not kinds(live, "commanded")
    live.ask(lambda desk: desk.give_back("", ANNA))
    rooms.until(live, lambda view: view.overview.customers_out == 0)
    assert {c["principal"] for c in kinds(live, "commanded")} == {OPERATOR.principal}


def test_authority_is_given_back_by_its_holder_only(rooms: Rooms) -> None:
    live = rooms.open()
    live.ask(lambda desk: desk.take_authority("", ANNA))
    with pytest.raises(GridmendError, match="anna has authority"):
        live.ask(lambda desk: desk.give_back("", BEN))


def test_a_shift_is_handed_to_whom_it_was_offered(rooms: Rooms) -> None:
    live = rooms.open()
    live.ask(lambda desk: desk.take_authority("", ANNA))
    offer = live.ask(lambda desk: desk.offer(ANNA, to="ben", note="quiet"))
    (shown_offer,) = live.ask(lambda desk: desk.business())["offers"]
    assert (shown_offer["id"], shown_offer["to"], shown_offer["notes"]) == (offer, "ben", "quiet")
    cara = type(BEN)("cara", "cara@3")
    with pytest.raises(GridmendError, match="to ben"):
        live.ask(lambda desk: desk.accept(offer, cara))
    live.ask(lambda desk: desk.accept(offer, BEN))
    assert live.view.areas[0].holder == "ben"


def test_an_earth_is_ordered_and_a_crew_says_when_it_is_there(rooms: Rooms) -> None:
    live = rooms.open()
    live.ask(lambda desk: desk.take_authority("", ANNA))
    live.ask(lambda desk: desk.select(Step(Action.OPEN, "sw3", ""), ANNA, "work"))
    select = next(iter(live.view.situation.selects))
    live.ask(lambda desk: desk.operate(select, ANNA, "command-1"))
    ties = [name for name in rooms.grid.switches if name.lower() not in ("sw1", "sw2")]
    for name in ties:
        assert live.ask(lambda desk, name=name: desk.tag(name, "hold", ANNA, "work")).allowed
    bus = live.ask(lambda desk: desk.element("sw3"))["bus2"]
    assert live.ask(lambda desk: desk.ground(bus, ANNA, "work at the line")).allowed
    assert any("earth" in text for text in live.view.unsure)
    rooms.until(live, lambda view: bool(view.situation.grounds))
    (ground,) = live.view.situation.grounds.values()
    assert ground.holder == "anna"
    assert live.ask(lambda desk: desk.unground(ground.id, ANNA)).allowed
    rooms.until(live, lambda view: not view.situation.grounds)


def test_an_alarm_is_raised_acknowledged_and_shelved(rooms: Rooms) -> None:
    live = rooms.open()
    live.ask(lambda desk: desk.strike("line.l52", ANNA))
    rooms.until(live, lambda view: view.overview.unacknowledged > 0)
    alarm = next(a for a in live.view.alarms if a.state.value == "unacknowledged")
    live.ask(lambda desk: desk.acknowledge([alarm.id], ANNA))
    seen = next(a for a in live.view.alarms if a.id == alarm.id)
    assert seen.acknowledged_by == "anna"
    assert kinds(live, "alarm_acknowledged")[0]["login"] == "anna@1"
    hour = timedelta(hours=1)
    live.ask(lambda desk: desk.shelve(alarm.id, ANNA, lasts=hour, reason="known"))
    assert next(a for a in live.view.alarms if a.id == alarm.id).state.value == "shelved"
    live.ask(lambda desk: desk.unshelve(alarm.id, ANNA))


def test_what_is_told_again_of_an_account_is_written_down_once_also_after_a_restart(
    rooms: Rooms, tmp_path: Path
) -> None:
    said = {"name": "ben", "by": "ada"}
    for _ in range(2):
        live = rooms.open(tmp_path / "room.db")
        live.ask(lambda desk: desk.tell("account_made", said, "4711"))
        live.ask(lambda desk: desk.tell("account_made", said, "4711"))
        assert len(kinds(live, "account_made")) == 1
        live.ask(lambda desk: desk.tell("login_refused", {"name": "x", "place": "y"}))
        live.stop()
    with Journal.open(tmp_path / "room.db", read_only=True) as journal:
        assert journal.verify().flaws == ()
        told = [
            e.event.kind
            for e in journal.read()
            if e.event.kind in ("account_made", "login_refused")
        ]
    assert sorted(told) == ["account_made", "login_refused", "login_refused"]


def test_stop_in_the_middle_leaves_a_journal_that_verifies(rooms: Rooms, tmp_path: Path) -> None:
    store = tmp_path / "journal.db"
    told = threading.Event()

    def wait(_: float) -> None:
        rooms.clock.now += timedelta(seconds=1)

    live = rooms.open(store, wait=wait)
    live.ask(lambda desk: desk.strike("line.l52", ANNA))
    live.subscribe(lambda view: told.set() if view.overview.customers_out else None)
    live.start()
    assert told.wait(30)
    live.stop()
    with pytest.raises(LiveStopped):
        live.ask(lambda desk: desk.view)
    with Journal.open(store, read_only=True) as journal:
        found = journal.verify()
    assert not found.flaws
    assert found.entries > 10
    live.stop()


def test_views_cannot_be_written_to(rooms: Rooms) -> None:
    live = rooms.open()
    arrays = [b for mode in Mode for b in live.view.states.frame(mode)]
    arrays += [*live.geometry.arrays().values(), live.view.situation.snapshot.open_phases]
    for array in arrays:
        assert not array.flags.writeable
    with pytest.raises(AttributeError):
        live.view.number = 5  # pyright: ignore[reportAttributeAccessIssue]


def test_who_follows_the_room_is_told_of_each_view_and_cannot_stop_it(rooms: Rooms) -> None:
    live = rooms.open()
    numbers: list[int] = []

    def breaks(_: View) -> None:
        raise RuntimeError("of the follower")

    live.subscribe(breaks)
    end = live.subscribe(lambda view: numbers.append(view.number))
    rooms.run(live, 30)
    assert numbers == [2, 3, 4]
    end()
    rooms.run(live, 10)
    assert numbers == [2, 3, 4]


@pytest.mark.parametrize("speed", [-1.0, 61.0, float("nan")])
def test_time_goes_neither_backward_nor_faster_than_it_may(rooms: Rooms, speed: float) -> None:
    live = rooms.open()
    with pytest.raises(GridmendError, match="as fast"):
        live.set_speed(speed)
    live.set_speed(0)
    assert live.speed == 0


def test_a_plan_that_a_person_asks_for_becomes_an_order_that_another_approves(rooms: Rooms) -> None:
    live = rooms.open()
    live.ask(lambda desk: desk.set_mode("restoration", "off", ANNA))
    live.ask(lambda desk: desk.take_authority("", BEN))
    found = live.ask(lambda desk: desk.plans("line.l52", ANNA))
    assert len(found.plans) > 1
    restored = [row.plan.customers_restored for row in found.plans]
    assert restored == sorted(restored, reverse=True)
    order = live.ask(lambda desk: desk.order_of_plan(found.plans[0].id, ANNA))
    assert live.view.plans[0].order == order.id
    same = live.ask(lambda desk: desk.approve(order.id, ANNA))
    assert {r.rule for r in same.refusals} <= {"two people", "order"}
    with pytest.raises(GridmendError, match="no plan"):
        live.ask(lambda desk: desk.plan("p0-1"))
