"""Who asks the live room: in what order they are heard, and what reaches them."""

import threading

import pytest

from gridmend.runtime.live import Busy, Desk
from gridmend.runtime.live.asking import URGENT_MOST, WAITING_MOST, Asking
from tests.runtime.live.conftest import Rooms

WALK = 5.0


def test_what_raises_reaches_the_asker_and_the_room_goes_on(rooms: Rooms) -> None:
    live = rooms.open()

    def breaks(_: Desk) -> None:
        raise ZeroDivisionError("of the asker")

    with pytest.raises(ZeroDivisionError, match="of the asker"):
        live.ask(breaks)
    number = live.view.number
    assert rooms.run(live, 10).number > number


def test_so_many_wait_and_no_more() -> None:
    asking = Asking()
    for _ in range(WAITING_MOST):
        asking.put(lambda desk: None)
    with pytest.raises(Busy):
        asking.put(lambda desk: None)
    asking.take()
    asking.put(lambda desk: None)


def test_who_is_urgent_has_a_place_and_goes_first_however_many_wait() -> None:
    asking = Asking()
    others = [asking.put(lambda desk: None) for _ in range(WAITING_MOST)]
    urgent = [asking.put(lambda desk: None, urgent=True) for _ in range(URGENT_MOST)]
    with pytest.raises(Busy):
        asking.put(lambda desk: None, urgent=True)
    with pytest.raises(Busy):
        asking.wait_for(urgent.pop(3), 0.0)
    taken = [asking.take() for _ in range(len(urgent) + len(others) + 1)]
    assert taken == [*urgent, *others, None]


def test_who_is_urgent_is_answered_while_those_behind_it_are_not(rooms: Rooms) -> None:
    live = rooms.open(wait=lambda _: None)
    begun, go, reading, read = (threading.Event() for _ in range(4))
    heard = list[str]()
    live.start()

    def holds(_: Desk) -> None:
        begun.set()
        go.wait(WALK)

    def reads(_: Desk) -> None:
        heard.append("read")
        reading.set()
        read.wait(4 * WALK)

    holder = threading.Thread(target=lambda: live.ask(holds))
    holder.start()
    assert begun.wait(WALK)
    slow = live._asking.put(reads)
    kill = live._asking.put(lambda desk: heard.append("kill"), urgent=True)
    go.set()
    assert reading.wait(WALK)
    assert heard == ["kill", "read"]
    assert kill.done.is_set() and not slow.done.is_set()
    read.set()
    holder.join(WALK)
    assert slow.done.wait(WALK)


def test_who_is_not_come_to_in_time_is_never_run(rooms: Rooms) -> None:
    live = rooms.open(wait=lambda _: None)
    begun, go, ran = threading.Event(), threading.Event(), list[str]()
    live.start()

    def holds(_: Desk) -> None:
        begun.set()
        go.wait(WALK)

    holder = threading.Thread(target=lambda: live.ask(holds))
    holder.start()
    assert begun.wait(WALK)
    with pytest.raises(Busy):
        live.ask(lambda desk: ran.append("late"), wait_s=0.0)
    go.set()
    holder.join(WALK)
    live.ask(lambda desk: ran.append("next"))
    assert ran == ["next"]


def test_who_asks_is_heard_while_a_plan_is_looked_for_and_not_amid_an_act(rooms: Rooms) -> None:
    live = rooms.open(wait=lambda _: None)
    live.start()
    room, heard = live._course.room, list[str]()
    solver, snapshot = room.kernel.bench.solver, live.view.situation.snapshot

    def works(_: Desk) -> list[str]:
        live._asking.put(lambda desk: heard.append("meanwhile"))
        solver.solve(snapshot)
        before = list(heard)
        with room.planning():
            solver.solve(snapshot)
        return before

    assert live.ask(works) == []
    assert heard == ["meanwhile"]
