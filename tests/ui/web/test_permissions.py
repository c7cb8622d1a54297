from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, product
from typing import Any

import pytest

from gridmend.interlock.move import By
from gridmend.model.plan import Action, Step
from gridmend.runtime.users import keeping
from gridmend.runtime.users.roles import APART, PERMITS, Grant, Role
from gridmend.ui.web.demonstration import GRANTS
from gridmend.ui.web.table import CHANGES, ENDPOINTS, Endpoint, Where
from tests.ui.web.conftest import GOOD, ROOT, Browser, House, house_of
from tests.ui.web.stand_in import NORTH, SOUTH, switches

AREAS = ("", NORTH, SOUTH)
_NUMBERS = count()


def asked(entry: Endpoint, area: str, house: House) -> tuple[str, dict[str, Any] | None]:
    """A request of an endpoint that acts in an area, and its body."""
    device = {"": switches()[2], NORTH: switches()[0], SOUTH: switches()[1]}[area]
    step = {"action": "open", "device": device}
    select = {"action": "open", "reason": "for work"}
    path = entry.path
    if "{id}" in path:
        kind = path.split("/")[1]
        names = {
            "orders": f"o-{area}", "alarms": f"a {area}", "tags": f"t {area}", "grounds": "g",
            "plans": "p1.1", "handover": "h1", "selects": selected(house, device),
        }  # fmt: skip
        path = path.replace("{id}", names[kind])
    if path.endswith("/confirm"):
        with house.accounts.store.writing() as held:
            grant = Grant(Role.SUPERVISOR)
            keeping.put_grant(held, "walter", grant, by="ada", confirmed_by="")
    name = "healing" if path.startswith("/applications") else "walter"
    fills = {"{key}": device, "{area}": area or "-", "{feeder}": "f1", "{name}": name}
    for blank, value in fills.items():
        path = path.replace(blank, value)
    bodies: dict[str, Any] = {
        "/session": {"name": "walter", "password": GOOD},
        "/setup": {"token": "x", "name": "walter", "password": GOOD},
        "/users": {"name": f"n{next(_NUMBERS)}", "password": GOOD},
        "/users/{name}/grants": {"role": "viewer", "area": ""},
        "/users/{name}/grants/confirm": {"role": "supervisor", "area": ""},
        "/users/{name}/password": {"password": GOOD},
        "/users/{name}/active": {"active": True},
        "/alarms/acknowledge": {"ids": [f"a {area}"]},
        "/alarms/{id}/shelve": {"minutes": 5, "reason": "known"},
        "/plans": {"fault": device},
        "/orders": {"title": "work", "area": area, "steps": [step]},
        "/orders/{id}": {"title": "work", "steps": [step]},
        "/orders/{id}/approve": {"version": "v1"},
        "/orders/{id}/step": {"number": 1},
        "/orders/{id}/suspend": {"why": "later"},
        "/orders/{id}/abort": {"why": "never"},
        "/devices/{key}/look-ahead": select,
        "/devices/{key}/select": select,
        "/selects/{id}/operate": {"command": f"command-{area}-1"},
        "/tags": {"device": device, "kind": "hold", "reason": "work"},
        "/grounds": {"bus": "bus.1", "reason": "work"},
        "/handover": {"to": "ben", "note": "all quiet", "area": area},
        "/applications/{name}/mode": {"mode": "advise", "area": area},
        "/applications/kill": {"area": area},
        "/applications/revive": {"area": area},
        "/exercise/faults": {"element": device},
        "/exercise/repairs": {"element": device},
        "/exercise/speed": {"speed": 1},
    }  # fmt: skip
    if entry.path == "/network/search":
        path += "?q=l"
    if entry.path == "/network/trace":
        path += f"?key={device}&direction=up"
    if entry.path in ("/replay", "/replay/panels", "/replay/elements/{key}"):
        path += "?time=2026-06-01T00:00:00Z"
    if entry.path.startswith("/reports"):
        path = path.replace("{form}", "csv") + "?start=2026-06-01T00:00:00Z&day=2026-06-01"
        path += "&end=2026-06-02T00:00:00Z"
    if (entry.method, entry.path) == ("DELETE", "/users/{name}/grants"):
        path += "?role=viewer"
    return path, bodies.get(entry.path) if entry.method in CHANGES else None


def selected(house: House, device: str) -> str:
    """A select of somebody on a device, made without the server."""
    step = Step(Action.OPEN, device, "")
    return house.live.ask(lambda desk: desk.select(step, By("x", "y"), "")).answer.id


def acts_in(entry: Endpoint, area: str) -> set[str]:
    """The areas in which a request of `asked` acts."""
    fixed = {
        Where.EVERYWHERE: {""}, Where.PLAN: {NORTH, SOUTH}, Where.OFFER: {NORTH}, Where.GROUND: {""}
    }  # fmt: skip
    if entry.path == "/grounds":
        return {""}
    return fixed.get(entry.where, {area})


def is_permitted(entry: Endpoint, role: Role, held: str, area: str) -> bool:
    """What the table of roles says of a cell; stated apart from the gate."""
    if entry.where in (Where.PUBLIC, Where.SESSION):
        return True
    if entry.permission not in PERMITS[role]:
        return False
    if entry.where is Where.ACCOUNTS:
        return held == ""
    return entry.where is Where.SOME or held == "" or acts_in(entry, area) == {held}


@dataclass
class Town:
    """A server, a browser, and somebody of each role in each area."""

    house: House
    browser: Browser
    tokens: dict[tuple[Role, str], str]

    def log_in(self, role: Role, held: str) -> str:
        name = f"p-{role.value}-{held or 'all'}"
        self.tokens[role, held] = self.house.person(name, Grant(role, held))
        return self.tokens[role, held]


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    house = house_of()
    house.person("walter")
    with house.client() as browser:
        made = Town(house, browser, {})
        for role, held in product(Role, AREAS):
            made.log_in(role, held)
        yield made


@pytest.mark.parametrize(
    "entry", [e for e in ENDPOINTS if e.path != "/stream"], ids=lambda e: f"{e.method} {e.path}"
)
def test_every_role_may_do_in_every_area_what_the_table_permits_and_nothing_else(
    entry: Endpoint, town: Town
) -> None:
    house = town.house
    for role, held, area in product(Role, AREAS, AREAS):
        if area == "" and entry.where in (Where.ALARM, Where.BODY_ALARMS, Where.TAG):
            continue  # there is none outside the two areas
        path, body = asked(entry, area, house)
        headers = house.headers(town.tokens[role, held])
        answer = town.browser.request(entry.method, ROOT + path, json=body, headers=headers)
        cell = f"{role} of '{held}' in '{area}': {answer.status_code} {answer.text}"
        assert answer.status_code < 500, cell
        if entry.where is not Where.PUBLIC:
            is_let_in = answer.status_code not in (401, 403)
            assert is_let_in == is_permitted(entry, role, held, area), cell
        if entry.path == "/session" and entry.method in CHANGES:
            # Who logs in as somebody else leaves no session behind either.
            town.log_in(role, held)


@pytest.mark.parametrize(
    "entry",
    [e for e in ENDPOINTS if e.where is not Where.PUBLIC],
    ids=lambda e: f"{e.method} {e.path}",
)
def test_nobody_gets_anything_without_a_session(entry: Endpoint, town: Town) -> None:
    path, body = asked(entry, NORTH, town.house)
    before = list(town.house.live.desk.said)
    answer = town.browser.request(entry.method, ROOT + path, json=body)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert town.house.live.desk.said == before


@pytest.mark.parametrize(
    "entry", [e for e in ENDPOINTS if e.method in CHANGES], ids=lambda e: f"{e.method} {e.path}"
)
def test_nothing_is_changed_without_the_token_of_the_session_or_by_another_site(
    entry: Endpoint, town: Town
) -> None:
    # With all roles that there are, it is not for want of a permission.
    token = town.house.person("every", *(Grant(role) for role in Role))
    path, body = asked(entry, NORTH, town.house)
    before = list(town.house.live.desk.said)
    wrong = [{"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}]
    if entry.where is not Where.PUBLIC:
        other = town.house.headers("another token")["X-CSRF"]
        wrong += [{"X-CSRF": ""}, {"X-CSRF": "0" * 64}, {"X-CSRF": other}]
    for header in wrong:
        headers = {**town.house.headers(token), **header}
        answer = town.browser.request(entry.method, ROOT + path, json=body, headers=headers)
        assert answer.status_code == 403, (header, answer.text)
    assert town.house.live.desk.said == before


def test_the_demonstration_operator_has_no_two_roles_that_nobody_has_both_of() -> None:
    roles = {grant.role for grant in GRANTS}
    assert not any(pair <= roles for pair in APART)
