"""Whoever has a password that somebody else gave sets their own before they may do anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from gridmend.client import Client, ProblemError
from gridmend.runtime.users.roles import Grant, Role
from gridmend.runtime.users.sessions import csrf_of
from gridmend.ui.web.gate import COOKIE
from gridmend.ui.web.table import ENDPOINTS, Endpoint, Where
from gridmend.ui.web.wire import Picture
from tests.ui.web.conftest import GOOD, ROOT, House, house_of, served
from tests.ui.web.stand_in import NORTH
from tests.ui.web.test_permissions import asked
from tests.ui.web.test_sockets import opened, until

OWN = "nine red kites at dusk"
ALL = tuple(Grant(role) for role in Role)
"""With all roles that there are, nothing is refused for want of a permission."""


@pytest.fixture(scope="module")
def inhabited() -> Iterator[House]:
    house = house_of()
    house.person("walter")
    yield house


def with_own(house: House, token: str, name: str) -> str:
    """The session of somebody who has replaced the password that was given, from a place of their
    own, as tries from one are limited."""
    with house.client(token, peer=f"{name}'s") as browser:
        body = {"present": GOOD, "password": OWN}
        done = browser.put(f"/users/{name}/password", json=body)
        assert done.status_code == 200, done.text
        return done.cookies[COOKIE]


@pytest.mark.parametrize(
    "entry",
    [e for e in ENDPOINTS if e.where is not Where.PUBLIC and e.path not in ("/session", "/stream")],
    ids=lambda e: f"{e.method} {e.path}",
)
def test_every_endpoint_is_refused_until_one_sets_ones_own_password_and_not_after(
    entry: Endpoint, inhabited: House
) -> None:
    house, name = inhabited, f"vera{ENDPOINTS.index(entry)}"
    token = house.person(name, *ALL, given_by="ada")
    path, body = asked(entry, NORTH, house)
    before = list(house.live.desk.said)
    with house.client(token) as browser:
        refused = browser.request(entry.method, ROOT + path, json=body)
    assert refused.status_code == 403, refused.text
    said = refused.json()
    assert said["where"] == "password" and "given by 'ada'" in said["detail"]
    assert f"PUT {ROOT}/users/{name}/password" in said["mend"]
    assert house.live.desk.said == before
    token = with_own(house, token, name)
    path, body = asked(entry, NORTH, house)
    with house.client(token) as browser:
        answer = browser.request(entry.method, ROOT + path, json=body)
    assert answer.status_code not in (401, 403), answer.text


def test_a_session_is_begun_read_and_ended_with_a_given_password_and_says_who_gave_it(
    house: House,
) -> None:
    house.person("ada", Grant(Role.SECURITY_ADMIN))
    house.accounts.make("ada", "ben", GOOD)
    with house.client() as browser:
        for own in ({"name": "ada", "password": GOOD}, None):
            said: dict[str, Any] = (
                browser.post("/session", json=own) if own else browser.get("/session")
            ).json()
            assert (said["must_change_password"], said["password_given_by"]) == (False, "")
        said = browser.post("/session", json={"name": "ben", "password": GOOD}).json()
        assert (said["must_change_password"], said["password_given_by"]) == (True, "ada")
        assert browser.get("/session").json() == said
        left = browser.delete("/session", headers={"X-CSRF": said["csrf"]})
        assert left.status_code == 200
        said = browser.get("/session").json()
        assert (said["user"], said["must_change_password"]) == (None, False)


def test_ones_own_password_is_another_than_the_given_one_and_opens_everything_in_that_browser(
    house: House,
) -> None:
    admin = house.person("ada", Grant(Role.SECURITY_ADMIN))
    given = {"name": "ben", "password": GOOD}
    with house.client(admin) as browser:
        browser.post("/users", json=given)
        browser.post("/users/ben/grants", json={"role": "viewer", "area": ""})
        listed = {row["name"]: row["must_change_password"] for row in browser.get("/users").json()}
        assert listed == {"ada": False, "ben": True}
    with house.client() as browser:
        headers = {"X-CSRF": browser.post("/session", json=given).json()["csrf"]}
        assert browser.get("/overview").status_code == 403
        body = {"present": GOOD, "password": GOOD}
        same = browser.put("/users/ben/password", json=body, headers=headers)
        assert same.status_code == 422 and "'ada' gave you this password" in same.json()["detail"]
        assert browser.get("/overview").status_code == 403
        body = {"present": GOOD, "password": OWN}
        done = browser.put("/users/ben/password", json=body, headers=headers)
        assert done.status_code == 200
        assert browser.get("/overview").status_code == 200
        said = browser.get("/session").json()
        assert not said["must_change_password"] and said["csrf"] == done.json()["csrf"]
    with house.client(admin) as browser:
        body = {"password": GOOD}
        assert browser.put("/users/ben/password", json=body).status_code == 200
    with house.client() as browser:
        assert browser.post("/session", json=given).json()["must_change_password"]
        assert browser.get("/overview").status_code == 403


def test_an_admin_with_a_given_password_gives_nobody_else_one(house: House) -> None:
    house.person("ben")
    token = house.person("cleo", Grant(Role.SECURITY_ADMIN), given_by="ada")
    with house.client(token) as browser:
        refused = browser.put("/users/ben/password", json={"password": OWN})
        assert refused.status_code == 403 and refused.json()["where"] == "password"
    token = with_own(house, token, "cleo")
    with house.client(token) as browser:
        assert browser.put("/users/ben/password", json={"password": OWN}).status_code == 200


def test_the_socket_and_the_stream_are_refused_until_one_sets_ones_own_and_come_after(
    house: House,
) -> None:
    token = house.person("vera", Grant(Role.VIEWER), given_by="ada")
    with served(house) as url:
        stream = {"url": f"{url}{ROOT}/stream", "timeout": 20}
        with pytest.raises(InvalidStatus) as refused, opened(house, url, token):
            pass
        assert refused.value.response.status_code == 403
        assert json.loads(refused.value.response.body or b"{}")["where"] == "password"
        with httpx.stream("GET", headers=house.headers(token), **stream) as told:
            assert told.status_code == 403
        body = {"present": GOOD, "password": OWN}
        place = f"{url}{ROOT}/users/vera/password"
        done = httpx.put(place, json=body, headers=house.headers(token), timeout=20)
        own = done.cookies[COOKIE]
        with opened(house, url, own) as socket:
            until(socket, Picture(), 1)
        with httpx.stream("GET", headers=house.headers(own), **stream) as told:
            assert next(told.iter_lines()).startswith("event: overview")


def test_a_script_with_a_given_password_sets_its_own_and_goes_on(house: House) -> None:
    house.person("vera", Grant(Role.VIEWER), given_by="ada")
    with served(house) as url, Client(url, name="vera", password=GOOD) as room:
        assert room.session["must_change_password"]
        with pytest.raises(ProblemError, match="given by 'ada'"):
            room.overview()
        room.set_password(GOOD, OWN)
        assert room.overview()["customers"] == 1500


def test_a_change_with_another_sessions_token_is_told_of_the_token_first(house: House) -> None:
    token = house.person("vera", Grant(Role.VIEWER), given_by="ada")
    headers = {**house.headers(token), "X-CSRF": csrf_of("another")}
    with house.client(token) as browser:
        refused = browser.post("/alarms/acknowledge", json={"ids": []}, headers=headers)
        assert refused.status_code == 403 and refused.json()["where"] == "X-CSRF"
