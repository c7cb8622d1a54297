from __future__ import annotations

import asyncio
import threading

import httpx
import pytest

from gridmend.runtime.users.roles import Grant, Role
from tests.ui.web.conftest import ROOT, House
from tests.ui.web.stand_in import NORTH, SOUTH

NOWHERE = "nroth"


def test_applications_are_killed_while_every_thread_for_questions_is_taken(house: House) -> None:
    token, leave = house.person("ben", Grant(Role.OPERATOR)), threading.Event()
    desk = house.app.state.serving.lanes.desk
    with house.client(token) as browser:

        async def killed() -> tuple[httpx.Response, bool]:
            held = [asyncio.ensure_future(desk.run(lambda: leave.wait(20))) for _ in range(60)]
            await asyncio.sleep(0)
            answer = await browser.plain.post(ROOT + "/applications/kill", json={})
            is_held = not any(one.done() for one in held)
            leave.set()
            await asyncio.gather(*held)
            return answer, is_held

        answer, is_held = browser.runner.run(killed())
    assert answer.status_code == 200 and is_held
    assert house.live.urgently == [True], "in the room it goes first, too"
    assert house.live.desk.said == [("kill", "", "ben")]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/applications/kill", {"area": NOWHERE}),
        ("POST", "/applications/revive", {"area": NOWHERE}),
        ("PUT", "/applications/healing/mode", {"mode": "advise", "area": NOWHERE}),
        ("POST", f"/areas/{NOWHERE}/authority", {}),
        ("POST", "/handover", {"to": "eve", "note": "quiet", "area": NOWHERE}),
    ],
)
def test_an_area_that_is_not_there_is_told_and_nothing_is_done(
    house: House, method: str, path: str, body: dict[str, str]
) -> None:
    token = house.person("sue", Grant(Role.SUPERVISOR))
    with house.client(token) as browser:
        answer = browser.request(method, ROOT + path, json=body)
        assert answer.status_code == 404 and NOWHERE in answer.json()["detail"]
        assert house.live.desk.said == []
        for area in (NORTH, ""):
            known = path.replace(NOWHERE, area or "-")
            given = {key: area if key == "area" else said for key, said in body.items()}
            assert browser.request(method, ROOT + known, json=given).status_code == 200
    assert len(house.live.desk.said) == 2


def test_who_may_stop_applications_may_not_for_that_let_them_act_again(house: House) -> None:
    operator = house.person("ben", Grant(Role.OPERATOR))
    supervisor = house.person("sue", Grant(Role.SUPERVISOR))
    with house.client() as browser:
        for token, status in ((operator, 403), (supervisor, 200)):
            headers = house.headers(token)
            assert browser.post("/applications/kill", json={}, headers=headers).status_code == 200
            answer = browser.post("/applications/revive", json={}, headers=headers)
            assert answer.status_code == status


def test_reports_which_tell_of_everything_are_for_those_who_may_see_everything(
    house: House,
) -> None:
    query = "?start=2026-06-01T00:00:00Z&end=2026-06-02T00:00:00Z&day=2026-06-01"
    with house.client() as browser:
        for area, is_let_in in ((NORTH, False), (SOUTH, False), ("", True)):
            headers = house.headers(house.person(f"v-{area}", Grant(Role.VIEWER, area)))
            for report in ("outages", "daily"):
                answer = browser.get(f"/reports/{report}.csv{query}", headers=headers)
                assert (answer.status_code != 403) == is_let_in, answer.text


def test_who_sets_the_speed_of_an_exercise_is_written_down_before_it_is_set(house: House) -> None:
    token = house.person("eva", Grant(Role.ENGINEER))
    with house.client(token) as browser:
        assert browser.post("/exercise/speed", json={"speed": 30}).json() == {"speed": 30}
    assert house.live.speed == 30
    assert house.live.desk.said == [("speed", "1", "30", "eva")]
