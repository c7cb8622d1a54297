"""The API over a real room: an operator from a fault to supply, and a restart amid it."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gridmend.model.grid import Grid
from gridmend.operations.alarms.alarm import Alarm
from gridmend.runtime.live import Live, Overview
from gridmend.runtime.live import rows as room_rows
from gridmend.runtime.users.accounts import Accounts
from gridmend.runtime.users.roles import Grant, Role
from gridmend.ui.web import wire
from gridmend.ui.web.answers import operation, orders, watch
from gridmend.ui.web.serving import About
from tests.ui.web.conftest import Browser, Clock, House, house_of
from tests.ui.web.stand_in import grid_of

START = datetime(2026, 6, 1, 15, tzinfo=UTC)


@dataclass
class Desk:
    """A real room on a clock that a test moves, and the server above it."""

    grid: Grid
    store: str
    now: datetime = START

    def open(self) -> House:
        live = Live.open(self.grid, self.store, clock=lambda: self.now)
        clock = Clock()
        told: list[Any] = []
        accounts = Accounts.open(
            "sqlite://", clock, lambda kind, said, _: told.append((kind, said))
        )
        about = About("0.test", journal_url=self.store)
        return house_of(live=live, grid=live.grid, accounts=accounts, clock=clock, about=about)

    def run(self, house: House, holds: Callable[[Any], bool], most_s: float = 1200.0) -> Any:
        """Let the room go on until something holds; it must, in so long."""
        end = self.now + timedelta(seconds=most_s)
        while not holds(house.live.view):
            assert self.now < end, "it never came"
            self.now += timedelta(seconds=10)
            house.live.step_to(self.now)
        return house.live.view


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(grid_of(), str(tmp_path / "journal.db"))


@pytest.fixture
def room(desk: Desk) -> Iterator[House]:
    house = desk.open()
    yield house
    house.live.stop()


def supervisor(house: House) -> Browser:
    return house.client(house.person("sue", Grant(Role.SUPERVISOR), Grant(Role.ENGINEER)))


def test_a_fault_is_alarmed_planned_approved_and_healed_over_the_api(
    desk: Desk, room: House
) -> None:
    with supervisor(room) as page:
        assert page.post("/exercise/faults", json={"element": "line.l52"}).status_code == 200
        desk.run(room, lambda view: bool(view.plans and view.outages))
        alarms = page.get("/alarms").json()["alarms"]
        grave = [alarm for alarm in alarms if alarm["priority"] == 1]
        assert grave and grave[0]["state"] == "unacknowledged"
        assert page.post("/alarms/acknowledge", json={"ids": [grave[0]["id"]]}).status_code == 200
        known = {alarm["id"]: alarm for alarm in page.get("/alarms").json()["alarms"]}
        assert known[grave[0]["id"]]["acknowledged_by"] == "sue"
        outage = page.get("/outages").json()[0]
        out = page.get("/overview").json()["customers_out"]
        assert out > 0 and outage["customers"] > 0
        fault = page.get("/plans").json()[0]
        plan = fault["plans"][0]
        assert fault["waits_for_approval"] and plan["customers_restored"] > 0
        assert page.get(f"/orders/{fault['order']}/sheet.pdf").content.startswith(b"%PDF-")
        read = page.get(f"/orders/{fault['order']}").json()
        stale = page.post(f"/orders/{fault['order']}/approve", json={"version": "0" * 16})
        assert stale.status_code == 409 and "edited since" in stale.text
        version = {"version": read["version"]}
        approved = page.post(f"/orders/{fault['order']}/approve", json=version)
        assert approved.json()["approver"] == "sue"
        desk.run(room, lambda view: view.overview.customers_out < out)
        left = desk.run(
            room, lambda v: v.overview.customers_out <= out - plan["customers_restored"]
        )
        assert left.overview.customers_out == out - plan["customers_restored"]
        kinds = {entry["kind"] for entry in page.get("/journal?limit=1000").json()}
        assert {"order_approved", "commanded", "outcome", "alarm_acknowledged"} <= kinds
        assert page.get("/journal/verify").json()["ok"]


def test_a_person_takes_authority_and_operates_a_device_once(desk: Desk, room: House) -> None:
    del desk
    with supervisor(room) as page:
        device = "sw2"
        body = {"action": "open", "reason": "for work"}
        without = page.post(f"/devices/{device}/select", json=body)
        assert without.status_code == 409
        assert without.json()["refusals"][0]["rule"] == "one authority"
        assert page.post("/areas/-/authority", json={}).status_code == 200
        ahead = page.post(f"/devices/{device}/look-ahead", json=body).json()
        picked = page.post(f"/devices/{device}/select", json=body).json()
        assert picked["look_ahead"]["customers_out"] == ahead["customers_out"] > 0
        assert page.get(f"/network/elements/{device}").json()["selected_by"] == "sue"
        path = f"/selects/{picked['select']}/operate"
        done = [page.post(path, json={"command": "once-and-only"}).json() for _ in range(3)]
        assert done[0]["outcome"] == "confirmed" and done[1:] == done[:1] * 2
        assert page.get(f"/network/elements/{device}").json()["position"] == "open"
        commanded = page.get("/journal?kind=commanded&limit=1000").json()
        assert len(commanded) == 1 and commanded[0]["payload"]["principal"] == "sue"


def test_a_server_that_begins_anew_amid_a_select_operates_nothing_and_knows_what_was_done(
    desk: Desk,
) -> None:
    first = desk.open()
    body = {"action": "open", "reason": "for work"}
    with supervisor(first) as page:
        page.post("/areas/-/authority", json={})
        done = page.post("/devices/sw2/select", json=body).json()["select"]
        path = f"/selects/{done}/operate"
        assert page.post(path, json={"command": "before-it"}).json()["outcome"] == "confirmed"
        picked = page.post("/devices/sw4/select", json=body).json()["select"]
    first.live.stop()
    again = desk.open()
    try:
        with supervisor(again) as page:
            told = page.post(path, json={"command": "before-it"}).json()
            assert told.get("outcome") == "confirmed", told
            late = page.post(f"/selects/{picked}/operate", json={"command": "after-it"})
            assert late.status_code in (404, 409), "another session than the one that selected"
            assert page.get("/network/elements/sw4").json()["position"] == "closed"
            assert page.get("/network/elements/sw2").json()["position"] == "open"
            assert len(page.get("/journal?kind=commanded&limit=1000").json()) == 1
    finally:
        again.live.stop()


@contextmanager
def held(house: House) -> Iterator[threading.Thread]:
    """The room is at something that does not end before this does."""
    entered, leave = threading.Event(), threading.Event()

    def long(_: object) -> None:
        entered.set()
        leave.wait(20)

    holder = threading.Thread(target=house.live.ask, args=(long,))
    holder.start()
    assert entered.wait(20)
    try:
        yield holder
    finally:
        leave.set()
        holder.join(20)


def test_the_journal_is_read_without_the_room_and_nobody_there_is_held_up(
    desk: Desk, room: House
) -> None:
    del desk
    with supervisor(room) as page:
        page.post("/areas/-/authority", json={})
        body = {"action": "open", "reason": "for work"}
        picked = page.post("/devices/sw2/select", json=body).json()["select"]
        path = f"/selects/{picked}/operate"
        done = page.post(path, json={"command": "once-and-only"}).json()
        every = page.get("/journal?limit=1000").json()
        room.app.state.serving.commands._begun.clear()  # as after a restart
        with held(room) as holder:
            assert page.get("/journal?limit=1000").json() == every
            few = page.get("/journal?limit=3&after=2").json()
            assert few == every[2:5]
            told = page.get("/journal?kind=commanded&device=sw2").json()
            assert [one["kind"] for one in told] == ["commanded"]
            assert page.get("/journal?kind=never").json() == []
            recalled = page.post(path, json={"command": "once-and-only"}).json()
            assert recalled["outcome"] == done["outcome"] == "confirmed"
            assert holder.is_alive()


def test_taps_and_capacitors_are_set_to_a_whole_number_however_it_is_written(
    desk: Desk, room: House
) -> None:
    grid = desk.grid
    tap, bank = (str(grid.table(name)["name"][0]) for name in ("tap_controls", "capacitors"))
    with supervisor(room) as page:
        for device, action in ((tap, "set_tap"), (bank, "set_capacitor")):
            for value in (0, 0.0):
                body = {"action": action, "value": value, "reason": "voltage"}
                found = page.post(f"/devices/{device}/look-ahead", json=body)
                assert found.status_code == 200, found.text
            body["value"] = 0.5
            found = page.post(f"/devices/{device}/look-ahead", json=body)
            assert found.status_code == 422 and "whole number" in found.text
    line = orders.StepGiven.model_validate_json(
        '{"action": "set_tap", "device": "x", "value": 5.0}'
    )
    assert isinstance(line.value, int)
    power = orders.StepGiven.model_validate_json(
        '{"action": "set_power", "device": "x", "value": 5}'
    )
    assert isinstance(power.value, float)


def test_everything_that_pages_read_is_answered_over_a_real_room(desk: Desk, room: House) -> None:
    with supervisor(room) as page:
        names = page.get("/network/names").json()["elements"]
        network = page.get("/network").json()
        assert network["elements"] == len(names)
        for key in dict.fromkeys(names):
            found = page.get(f"/network/elements/{key}")
            assert found.status_code == 200, found.text
            for way in ("up", "down"):
                assert page.get(f"/network/trace?key={key}&direction={way}").status_code == 200
        drawn = [page.get(f"/network/oneline/{feeder}").json() for feeder in network["feeders"]]
        assert any(one["nodes"] and one["edges"] for one in drawn)
        desk.run(room, lambda view: view.number > 12)
        known = page.get("/trends").json()["known"]
        some = page.get("/trends?names=" + ",".join(list(known)[:20])).json()
        assert some["times"] and set(some["series"]) == set(list(known)[:20])
        view = room.live.view
        for mode in range(7):
            values, flags = view.states.frame(mode)
            assert len(values) == len(flags) == len(names)
            sent = wire.full(values, flags, mode=mode, revision=1, sequence=1, time_s=0.0)
            assert np.array_equal(wire.read(sent)[1], np.concatenate([values, flags]))


def test_a_replay_shows_what_was_known_at_each_time_and_guesses_no_voltage(
    desk: Desk, room: House
) -> None:
    with supervisor(room) as page:
        known: list[tuple[datetime, Any]] = []
        for number in range(12):
            if number == 2:
                page.post("/exercise/faults", json={"element": "line.l52"})
            desk.now += timedelta(seconds=10)
            view = room.live.step_to(desk.now)
            known.append((view.time_utc, view.states.frame(0)))
        said = page.get("/replay/span").json()
        assert said["start"].startswith("2026-06-01T15:00:00") and said["end"] > said["start"]
        changed = {values.tobytes() for _, (values, _) in known}
        assert len(changed) > 1, "nothing happened that could be replayed"
        for time, (values, flags) in reversed(known):
            query = "?mode=energised&time=" + time.isoformat().replace("+00:00", "Z")
            head, plain = wire.read(page.get("/replay" + query).content)
            assert head.n == len(values) and head.time_s == time.timestamp()
            assert np.array_equal(plain[: head.n], values)
            assert np.array_equal(plain[head.n :], flags)
        query = query.replace("energised", "voltage")
        head, plain = wire.read(page.get("/replay" + query).content)
        assert set(plain[: head.n].tolist()) == {255}
        assert page.get("/replay?time=yesterday").status_code == 422
        early = page.get("/replay?time=2020-01-01T00:00:00Z")
        assert wire.read(early.content)[0].sequence == 0


def test_nothing_that_the_room_says_of_a_row_is_left_out_of_the_answer() -> None:
    pairs = [
        (Overview, watch.Overview), (Alarm, watch.Alarm), (room_rows.OutageRow, watch.Outage),
        (room_rows.FaultPlans, orders.Plans), (room_rows.OrderRow, orders.Order),
        (room_rows.OrderStep, orders.OrderStep), (room_rows.AreaRow, operation.AreaAnswer),
        (room_rows.ModeRow, operation.ModeRow), (room_rows.LookAhead, operation.LookAhead),
    ]  # fmt: skip
    called = {"raised_utc": "raised", "cleared_utc": "cleared", "acknowledged_utc": "acknowledged",
              "shelved_until_utc": "shelved_until"}  # fmt: skip
    for row, answer in pairs:
        said = {called.get(f.name, f.name) for f in dataclasses.fields(row)}
        assert said <= set(answer.model_fields), (row, said - set(answer.model_fields))
