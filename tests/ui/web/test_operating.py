from __future__ import annotations

import asyncio
import threading

import httpx
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from gridmend.model.event import Event
from gridmend.runtime.users.roles import Grant, Role
from tests.ui.web.conftest import ROOT, House, house_of, served
from tests.ui.web.paper import START
from tests.ui.web.stand_in import NORTH, given, switches

OPEN = {"action": "open", "reason": "for work"}


def operations(house: House) -> list[tuple[str, ...]]:
    return [said for said in house.live.desk.said if said[0] == "operate"]


def test_a_device_is_selected_looked_ahead_and_operated_by_whoever_signed(house: House) -> None:
    token, device = house.person("ben", Grant(Role.OPERATOR)), switches()[0]
    with house.client(token) as browser:
        picked = browser.post(f"/devices/{device.upper()}/select", json=OPEN).json()
        ahead = picked["look_ahead"]
        assert ahead["allowed"] and ahead["customers_out"] == 7
        assert ahead["loading_max_pct"] is None, "what is not known is null"
        assert picked["expires"] == "2026-06-01T12:00:10Z"
        body = {"command": "page-1-command-1"}
        done = browser.post(f"/selects/{picked['select']}/operate", json=body).json()
        assert (done["command"], done["outcome"]) == ("page-1-command-1", "confirmed")
    assert house.live.desk.said == [
        ("select", device, "ben"), ("operate", device, "page-1-command-1")
    ]  # fmt: skip


def test_what_the_rules_forbid_is_a_conflict_that_names_rule_device_and_why(house: House) -> None:
    token, device = house.person("ben", Grant(Role.OPERATOR)), switches()[0]
    with house.client(token) as browser:
        answer = browser.post(f"/devices/{device}/select", json={**OPEN, "action": "close"})
        assert answer.status_code == 409
        assert answer.headers["content-type"] == "application/problem+json"
        said = answer.json()
        assert said["refusals"] == [
            {"rule": "tag", "device": device, "why": "a tag hangs on it"}
        ]  # fmt: skip
        assert (said["status"], said["title"]) == (409, "Conflict")


@drawn(st.lists(st.sampled_from(["same", "late", "other select", "reload"]), max_size=8))
@settings(max_examples=15, deadline=None)
def test_a_command_is_done_at_most_once_however_often_it_is_asked_for(acts: list[str]) -> None:
    house = house_of()
    token, device = house.person("ben", Grant(Role.OPERATOR)), switches()[0]
    with house.client(token) as browser:
        picked = browser.post(f"/devices/{device}/select", json=OPEN).json()["select"]
        path, body = f"/selects/{picked}/operate", {"command": "one-command"}
        first = browser.post(path, json=body)
        assert first.json()["outcome"] == "confirmed"
        for act in acts:
            if act == "reload":
                assert browser.get("/session").status_code == 200
            elif act == "other select":
                another = browser.post(f"/devices/{device}/select", json=OPEN).json()["select"]
                found = browser.post(f"/selects/{another}/operate", json=body)
                assert found.status_code == 409
            else:
                found = browser.post(path, json=body)
                assert (found.status_code, found.json()) == (200, first.json())
        assert len(operations(house)) == 1


def test_the_same_command_at_the_same_time_is_done_once_and_answered_to_both(house: House) -> None:
    token, device = house.person("ben", Grant(Role.OPERATOR)), switches()[0]
    with house.client(token) as browser:
        picked = browser.post(f"/devices/{device}/select", json=OPEN).json()["select"]
        path, body = ROOT + f"/selects/{picked}/operate", {"command": "one-command"}

        async def twenty() -> list[httpx.Response]:
            asked = [browser.plain.post(path, json=body) for _ in range(20)]
            return list(await asyncio.gather(*asked))

        answers = browser.runner.run(twenty())
        assert {a.status_code for a in answers} == {200}
        assert {a.json()["outcome"] for a in answers} == {"confirmed"}
    assert len(operations(house)) == 1


def test_a_page_that_is_loaded_anew_amid_a_select_loses_nothing_and_operates_nothing(
    house: House,
) -> None:
    token, device = house.person("ben", Grant(Role.OPERATOR)), switches()[0]
    with house.client(token) as browser:
        picked = browser.post(f"/devices/{device}/select", json=OPEN).json()["select"]
    with house.client(token) as again:
        assert again.get("/session").json()["user"]["name"] == "ben"
        assert operations(house) == []
        body = {"command": "after-the-reload"}
        done = again.post(f"/selects/{picked}/operate", json=body)
        assert done.json()["outcome"] == "confirmed"
    assert len(operations(house)) == 1


def test_a_select_belongs_to_the_login_that_made_it(house: House) -> None:
    grant, device = Grant(Role.OPERATOR), switches()[0]
    mine, others = house.person("ben", grant), house.person("eve", grant)
    elsewhere = house.person("ben", grant)
    with house.client(mine) as browser:
        picked = browser.post(f"/devices/{device}/select", json=OPEN).json()["select"]
        body = {"command": "somebody-elses"}
        for token in (others, elsewhere):
            headers = house.headers(token)
            found = browser.post(f"/selects/{picked}/operate", json=body, headers=headers)
            assert found.status_code == 409
    assert operations(house) == []


def test_a_command_that_whoever_asked_did_not_wait_for_is_done_and_answered_later(
    house: House,
) -> None:
    token, device = house.person("ben", Grant(Role.OPERATOR)), switches()[0]
    with served(house) as url, httpx.Client(base_url=url, headers=house.headers(token)) as page:
        picked = page.post(f"{ROOT}/devices/{device}/select", json=OPEN).json()["select"]
        path, body = f"{ROOT}/selects/{picked}/operate", {"command": "given-up-on"}
        with house.live.turn:  # The room is at something else.
            with pytest.raises(httpx.ReadTimeout):
                page.post(path, json=body, timeout=0.3)
            assert operations(house) == []
        done = page.post(path, json=body, timeout=20)
        assert done.json()["outcome"] == "confirmed"
    assert len(operations(house)) == 1


def test_a_room_that_is_busy_says_so_and_the_same_command_may_be_asked_again(house: House) -> None:
    token, device = house.person("ben", Grant(Role.OPERATOR)), switches()[0]
    with house.client(token) as browser:
        picked = browser.post(f"/devices/{device}/select", json=OPEN).json()["select"]
        path, body = f"/selects/{picked}/operate", {"command": "one-command"}
        house.live.busy = True
        answer = browser.post(path, json=body)
        assert answer.status_code == 503 and "retry-after" in answer.headers
        house.live.busy = False
        assert browser.post(path, json=body).json()["outcome"] == "confirmed"
    assert len(operations(house)) == 1


def test_a_command_of_before_the_server_began_anew_is_told_from_the_journal_and_not_repeated(
    house: House,
) -> None:
    token, other = house.person("ben", Grant(Role.OPERATOR, NORTH)), house.person("eve")
    desk, command = house.live.desk, "before-the-restart"
    desk.events.append(given("s9", command, NORTH, "ben"))
    house.live.tick()
    with house.client(token) as browser:
        path, body = "/selects/s9/operate", {"command": command}
        doubted = browser.post(path, json=body).json()
        assert (doubted["command"], doubted["outcome"]) == (command, "in_doubt")
        ended = {"command": f"ben:{command}", "state": "failed", "detail": "it is stuck"}
        desk.events.append(Event(START, "control room", "ben", "outcome", ended))
        told = browser.post(path, json=body).json()
        assert (told["outcome"], told["detail"]) == ("failed", "it is stuck")
        assert browser.post("/selects/s8/operate", json=body).status_code == 404
        headers = house.headers(other)
        assert browser.post(path, json=body, headers=headers).status_code == 403
    assert operations(house) == []


def test_threads_that_hold_the_room_leave_what_is_only_looked_at_alone(house: House) -> None:
    token = house.person("vera", Grant(Role.VIEWER))
    entered, leave = threading.Event(), threading.Event()

    def long(_: object) -> None:
        entered.set()
        leave.wait(20)

    asking = threading.Thread(target=house.live.ask, args=(long,))
    asking.start()
    assert entered.wait(20)
    try:
        with house.client(token) as browser:
            for path in ("/overview", "/alarms", "/outages", "/plans", "/orders", "/areas"):
                assert browser.get(path).status_code == 200
    finally:
        leave.set()
        asking.join(20)
