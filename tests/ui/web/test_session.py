from __future__ import annotations

import pytest

from gridmend.runtime.users.roles import Grant, Role
from gridmend.runtime.users.sessions import IDLE_S, csrf_of
from gridmend.ui.web.gate import COOKIE
from gridmend.ui.web.serving import Limits
from tests.ui.web.conftest import GOOD, MANY, House, house_of

SET_COOKIE = "set-cookie"


def test_a_person_sets_up_logs_in_is_given_a_role_and_logs_out(house: House) -> None:
    house.accounts.offer_setup("the token")
    with house.client() as browser:
        first = browser.get("/session").json()
        assert (first["user"], first["needs_setup"], first["csrf"]) == (None, True, "")
        wrong = {"token": "another", "name": "ada", "password": GOOD}
        assert browser.post("/setup", json=wrong).status_code == 403
        made = browser.post("/setup", json={**wrong, "token": "the token", "shown": "Ada L."})
        assert made.json() == {"name": "ada", "shown": "Ada L."}
        refused = browser.post("/session", json={"name": "ada", "password": "wrong words here"})
        assert refused.status_code == 401 and SET_COOKIE not in refused.headers
        entered = browser.post("/session", json={"name": "ada", "password": GOOD})
        said = entered.json()
        assert said["user"] == {"name": "ada", "shown": "Ada L."}
        assert said["permissions"] == {"": ["manage_users"]} and not said["needs_setup"]
        cookie = entered.headers[SET_COOKIE].lower()
        assert "httponly" in cookie and "samesite=strict" in cookie and "secure" not in cookie
        headers = {"X-CSRF": said["csrf"]}
        ben = {"name": "ben", "password": GOOD}
        assert browser.post("/users", json=ben, headers=headers).status_code == 200
        role = {"role": "operator", "area": "north"}
        granted = browser.post("/users/ben/grants", json=role, headers=headers)
        assert granted.json() == {"holds": True}
        waits = browser.post("/users/ben/grants", json={"role": "supervisor"}, headers=headers)
        assert waits.json() == {"holds": False}
        listed = {row["name"]: row for row in browser.get("/users").json()}
        assert listed["ben"]["grants"] == [role]
        assert browser.get("/users/pending").json()[0]["name"] == "ben"
        taken = "/users/ben/grants?role=operator&area=north"
        assert browser.delete(taken, headers=headers).status_code == 200
        assert browser.delete("/session", headers=headers).status_code == 200
        assert browser.get("/users").status_code == 401


def test_with_tls_the_cookie_goes_by_tls_alone_and_browsers_are_told_to_stay() -> None:
    house = house_of(secure=True)
    house.person("vera", Grant(Role.VIEWER))
    with house.client() as browser:
        entered = browser.post("/session", json={"name": "vera", "password": GOOD})
        cookie = entered.headers[SET_COOKIE]
        assert cookie.startswith("__Host-gridmend=")
        assert "secure" in cookie.lower() and "path=/" in cookie.lower()
        assert "domain" not in cookie.lower(), "a browser would not take it"
        token = cookie.partition("=")[2].partition(";")[0]
        # The transport of the test speaks no TLS, so the cookie is sent by hand.
        given = {"Cookie": f"__Host-gridmend={token}"}
        assert browser.get("/overview", headers=given).status_code == 200
        plain = {"Cookie": f"{COOKIE}={token}"}
        assert browser.get("/overview", headers=plain).status_code == 401
        out = browser.delete("/session", headers={**given, "X-CSRF": csrf_of(token)})
        assert out.headers[SET_COOKIE].startswith("__Host-gridmend=")
        assert "max-age" in entered.headers["strict-transport-security"]


@pytest.mark.parametrize(
    "peer, host, more",
    [
        ("10.0.0.9", "127.0.0.1:8080", {}),
        ("127.0.0.1", "rebound.example", {}),
        ("127.0.0.1", "127.0.0.1.rebound.example:8080", {}),
        ("127.0.0.1", "127.0.0.1:8080", {"X-Forwarded-For": "10.0.0.9"}),
        ("not an address", "localhost", {}),
    ],
)
def test_the_demonstration_operator_is_logged_in_on_this_machine_alone(
    peer: str, host: str, more: dict[str, str]
) -> None:
    house = house_of(demonstration=True)
    with house.client() as here:
        found = here.get("/session")
        said = found.json()
        assert said["user"]["name"] == "demonstration" and said["demonstration"] is True
        assert "operate" in said["permissions"][""] and "audit" not in said["permissions"][""]
        assert here.get("/overview").status_code == 200
        token = here.plain.cookies[COOKIE]
    with house.client(peer=peer) as elsewhere:
        headers = {"Host": host, **more}
        told = elsewhere.get("/session", headers=headers)
        assert told.json()["user"] is None and SET_COOKIE not in told.headers
        # Not even with a cookie that was taken from there.
        stolen = {**headers, **house.headers(token)}
        assert elsewhere.get("/overview", headers=stolen).status_code == 401
        assert elsewhere.get("/session", headers=stolen).json()["user"] is None


def test_without_a_demonstration_nobody_is_logged_in_by_itself(house: House) -> None:
    with house.client() as browser:
        assert browser.get("/session").json()["user"] is None
        assert browser.get("/session").json()["demonstration"] is False


def test_a_session_ends_by_idleness_and_a_role_that_is_taken_away_is_gone_at_once(
    house: House,
) -> None:
    house.person("ada", Grant(Role.SECURITY_ADMIN))
    token = house.person("ben", Grant(Role.OPERATOR))
    with house.client(token) as browser:
        device = house.live.desk.outage.device
        body = {"action": "open", "reason": "for work"}
        assert browser.post(f"/devices/{device}/select", json=body).status_code == 200
        house.accounts.revoke("ada", "ben", Grant(Role.OPERATOR))
        assert browser.post(f"/devices/{device}/select", json=body).status_code == 403
        assert browser.get("/overview").status_code == 403
        house.clock.now_s += IDLE_S + 1
        assert browser.get("/overview").status_code == 401


def test_tries_are_limited_and_it_is_said_for_how_long() -> None:
    house = house_of(limits=Limits(reads=(5, 10.0), changes=(2, 10.0), strangers=(4, 10.0)))
    token = house.person("ben", Grant(Role.OPERATOR))
    with house.client(token) as browser:
        answers = [browser.get("/overview") for _ in range(6)]
        assert [a.status_code for a in answers] == [200] * 5 + [429]
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 11
        # One who asks too much does not keep another from working, nor himself from acting.
        other = house.headers(house.person("eve", Grant(Role.VIEWER)))
        assert browser.get("/overview", headers=other).status_code == 200
        kills = [browser.post("/applications/kill", json={}).status_code for _ in range(3)]
        assert kills == [200, 200, 429]
        house.clock.now_s += 10.5
        assert browser.get("/overview").status_code == 200
    with house.client() as stranger:
        answers = [stranger.get("/session").status_code for _ in range(5)]
        assert answers == [200] * 4 + [429]


def test_guessing_a_password_is_slowed_down_in_the_same_words(house: House) -> None:
    house.person("vera", Grant(Role.VIEWER))
    with house.client() as browser:
        told = []
        for name in ("vera", "nobody"):
            body = {"name": name, "password": "not the right words"}
            found = [browser.post("/session", json=body) for _ in range(6)]
            assert [a.status_code for a in found] == [401] * 5 + [429]
            assert "retry-after" in found[-1].headers
            told.append(found[0].json()["detail"])
        assert told[0] == told[1]
    assert MANY


def test_ones_own_password_needs_the_present_one_and_ends_every_other_session(
    house: House,
) -> None:
    here, elsewhere = (house.person("vera", Grant(Role.VIEWER)) for _ in range(2))
    body = {"password": "nine red kites at dusk"}
    path = "/users/vera/password"
    with house.client(here) as browser:
        for present in ({}, {"present": "a guess of mine"}):
            refused = browser.put(path, json={**body, **present})
            assert refused.status_code == 403 and refused.json()["where"] == "present"
        done = browser.put(path, json={**body, "present": GOOD})
        assert done.status_code == 200
        token = done.cookies[COOKIE]
        assert token != here and done.json()["csrf"] == csrf_of(token)
    for old in (here, elsewhere):
        with house.client(old) as left:
            assert left.get("/overview").status_code == 401
    with house.client(token) as browser:
        assert browser.get("/overview").status_code == 200


def test_who_logs_in_again_in_a_browser_leaves_no_session_behind(house: House) -> None:
    house.person("vera", Grant(Role.VIEWER))
    with house.client() as browser:
        body = {"name": "vera", "password": GOOD}
        browser.post("/session", json=body)
        first = browser.plain.cookies[COOKIE]
        browser.post("/session", json=body)
        assert browser.plain.cookies[COOKIE] != first
    with house.client(first) as left:
        assert left.get("/overview").status_code == 401


def test_every_answer_says_what_a_browser_may_do_with_it(house: House) -> None:
    with house.client() as browser:
        for path in ("/api/v1/session", "/api/v1/overview", "/api/v1/openapi.json", "/", "/none"):
            headers = browser.request("GET", path).headers
            policy = headers["content-security-policy"]
            assert "default-src 'self'" in policy and "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert "server" not in headers
        assert browser.get("/overview").headers["cache-control"] == "no-store"
