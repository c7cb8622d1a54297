from __future__ import annotations

import pytest
import sqlalchemy as sql
from hypothesis import given
from hypothesis import strategies as st

from gridmend.runtime.users import passwords, schema
from gridmend.runtime.users.accounts import Forbidden
from gridmend.runtime.users.limits import RateLimit
from gridmend.runtime.users.roles import Grant, Permission, Role
from gridmend.runtime.users.sessions import (
    IDLE_S,
    LONGEST_S,
    LoginRefused,
    Sessions,
    csrf_of,
    is_csrf,
)
from tests.runtime.users.conftest import GOOD, Clock


def test_whoever_logs_in_has_what_is_granted_at_this_moment(sessions: Sessions) -> None:
    accounts = sessions.accounts
    accounts.make("ada", "ben", GOOD, "Ben O.")
    token = sessions.log_in("ben", GOOD, "desk 1")
    found = sessions.session(token)
    assert found is not None and (found.name, found.shown, found.grants) == ("ben", "Ben O.", ())
    accounts.grant("ada", "ben", Grant(Role.OPERATOR, "north"))
    now = sessions.session(token)
    assert now is not None and now.may(Permission.OPERATE, "north")
    assert not now.may(Permission.OPERATE, "south") and not now.may(Permission.OPERATE)
    accounts.revoke("ada", "ben", Grant(Role.OPERATOR, "north"))
    gone = sessions.session(token)
    assert gone is not None and not gone.may(Permission.OPERATE, "north")


def test_a_session_ends_by_idleness_by_age_by_log_out_and_with_its_account(
    sessions: Sessions, clock: Clock
) -> None:
    accounts = sessions.accounts
    accounts.make("ada", "ben", GOOD)
    idle = sessions.log_in("ben", GOOD, "a")
    clock.now_s += IDLE_S + 1
    assert sessions.session(idle) is None
    busy = sessions.log_in("ben", GOOD, "a")
    for _ in range(int(LONGEST_S / 1000)):
        clock.now_s += 1000
        assert sessions.session(busy) is not None
    clock.now_s += 1000
    assert sessions.session(busy) is None
    out = sessions.log_in("ben", GOOD, "a")
    sessions.log_out(out)
    assert sessions.session(out) is None
    other = sessions.log_in("ben", GOOD, "a")
    accounts.set_active("ada", "ben", is_active=False)
    assert sessions.session(other) is None
    with pytest.raises(LoginRefused):
        sessions.log_in("ben", GOOD, "a")
    accounts.set_active("ada", "ben", is_active=True)
    last = sessions.log_in("ben", GOOD, "a")
    accounts.set_password("ada", "ben", GOOD + " 2")
    assert sessions.session(last) is None
    assert sessions.session("") is None and sessions.session("guess") is None


def test_the_store_holds_no_token_and_no_password(sessions: Sessions) -> None:
    token = sessions.log_in("ada", GOOD, "a")
    with sessions.accounts.store.reading() as held:
        rows = [held.execute(sql.select(table)).all() for table in schema.metadata.sorted_tables]
    assert token not in repr(rows) and GOOD not in repr(rows)


def test_a_wrong_name_and_a_wrong_password_are_refused_in_the_same_words(
    sessions: Sessions,
) -> None:
    said: set[str] = set()
    for name, password in (("ada", "wrong words here"), ("nobody", GOOD), ("", "")):
        with pytest.raises(LoginRefused) as refused:
            sessions.log_in(name, password, "a")
        said.add(str(refused.value))
    assert len(said) == 1


def test_guessing_is_slowed_by_name_and_by_place_and_does_not_lock_others_out(
    sessions: Sessions, clock: Clock
) -> None:
    sessions.accounts.make("ada", "ben", GOOD)
    for _ in range(5):
        with pytest.raises(LoginRefused, match="belong together"):
            sessions.log_in("ada", "wrong", "a place")
    with pytest.raises(LoginRefused, match="too many") as limited:
        sessions.log_in("ada", GOOD, "a place")
    assert 0 < limited.value.wait_s <= 30
    assert sessions.log_in("ben", GOOD, "a place")
    assert sessions.log_in("ada", GOOD, "another place"), "a stranger keeps nobody out elsewhere"
    clock.now_s += limited.value.wait_s
    assert sessions.log_in("ada", GOOD, "a place")
    said: list[str] = []
    for k in range(110):
        with pytest.raises(LoginRefused) as refused_there:
            sessions.log_in("cleo", "wrong", f"place {k}")
        said.append(str(refused_there.value))
    assert "belong together" in said[99] and "too many" in said[-1]
    tries = 0
    with pytest.raises(LoginRefused, match="too many"):
        for tries in range(1000):
            try:
                sessions.log_in(f"name{tries}", "wrong", "one place")
            except LoginRefused as refused:
                if refused.wait_s:
                    raise
    assert tries == 20


def test_a_stranger_cannot_fill_the_journal_and_speaks_in_nobodys_name(sessions: Sessions) -> None:
    told: list[tuple[str, dict[str, str]]] = []
    sessions.accounts.tell = lambda kind, said, _: told.append((kind, said))
    for _ in range(200):
        with pytest.raises(LoginRefused):
            sessions.log_in("ada", "wrong", "a place")
    assert 5 < len(told) <= 10
    assert {said["by"] for _, said in told} == {"a stranger"}


def test_what_a_page_asks_by_itself_does_not_keep_a_session_from_ending(
    sessions: Sessions, clock: Clock
) -> None:
    left, used = sessions.log_in("ada", GOOD, "a"), sessions.log_in("ada", GOOD, "a")
    for _ in range(3):
        clock.now_s += IDLE_S / 2
        assert sessions.session(used) is not None
        sessions.session(left, is_use=False)
    assert sessions.session(left) is None


def test_a_password_kept_at_old_settings_is_kept_anew_at_the_next_login(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "MEMORY_KIB", 128)
    passwords.hasher.cache_clear()
    sessions.log_in("ada", GOOD, "a")
    with sessions.accounts.store.reading() as held:
        kept = held.execute(sql.select(schema.accounts.c.password)).scalar_one()
    assert "m=128" in kept and passwords.verified(kept, GOOD)


def test_sessions_that_ended_are_swept_away(sessions: Sessions, clock: Clock) -> None:
    sessions.log_in("ada", GOOD, "a")
    clock.now_s += IDLE_S + 1
    fresh = sessions.log_in("ada", GOOD, "a")
    assert sessions.sweep() == 1
    assert sessions.session(fresh) is not None


def test_what_goes_with_a_change_is_of_this_session_alone() -> None:
    assert is_csrf("token", csrf_of("token"))
    assert not is_csrf("token", csrf_of("other")) and not is_csrf("token", "ä")


@given(st.lists(st.floats(0, 5), max_size=60))
def test_no_more_is_let_through_than_the_room_and_what_time_gives(gaps: list[float]) -> None:
    limit, now_s, through = RateLimit(most=3, every_s=2.0), 0.0, 0
    for gap in gaps:
        now_s += gap
        wait_s = limit.wait_s("k", now_s)
        through += wait_s == 0
        assert through <= 3 + now_s / 2.0 + 1e-9
        assert 0 <= wait_s <= 2.0
    limit.forget("k")
    assert limit.wait_s("k", now_s) == 0


def test_a_long_rest_gives_no_more_room_than_there_was() -> None:
    limit = RateLimit(most=3, every_s=2.0)
    assert limit.wait_s("k", 0.0) == 0
    assert [limit.wait_s("k", 9e6) == 0 for _ in range(5)] == [True, True, True, False, False]
    # a clock that goes back gives none either
    assert limit.wait_s("k", 0.0) > 0


@pytest.mark.parametrize("change", ["password", "active"])
def test_a_login_that_was_verified_before_a_change_begins_no_session_after_it(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    accounts = sessions.accounts
    accounts.make("ada", "ben", GOOD)
    real = passwords.verified

    def verified(kept: str, password: str) -> bool:
        found = real(kept, password)
        if change == "password":
            accounts.set_password("ada", "ben", GOOD + " 2")
        else:
            accounts.set_active("ada", "ben", is_active=False)
        return found

    monkeypatch.setattr(passwords, "verified", verified)
    with pytest.raises(LoginRefused, match="belong together"):
        sessions.log_in("ben", GOOD, "a")
    with accounts.store.reading() as held:
        assert not held.execute(sql.select(schema.sessions)).all()


def test_ones_own_password_needs_the_present_one_and_ends_all_sessions_for_a_new_one(
    sessions: Sessions, told: list[tuple[str, dict[str, str]]]
) -> None:
    sessions.accounts.make("ada", "ben", GOOD)
    here, elsewhere = sessions.log_in("ben", GOOD, "a"), sessions.log_in("ben", GOOD, "b")
    with pytest.raises(Forbidden, match="present password") as refused:
        sessions.set_own_password("ben", "another one", GOOD + " 2", place="a")
    assert told[-1][0] == "login_refused" and told[-1][1]["name"] == "ben"
    assert refused.value.mend
    assert sessions.session(elsewhere) is not None
    new = sessions.set_own_password("ben", GOOD, GOOD + " 2", place="a")
    found = sessions.session(new)
    assert found is not None and found.name == "ben"
    assert sessions.session(here) is None, "a copy of the token is good no more"
    assert sessions.session(elsewhere) is None
    with pytest.raises(LoginRefused):
        sessions.log_in("ben", GOOD, "a")
    assert sessions.log_in("ben", GOOD + " 2", "a")


def test_guessing_the_present_password_from_a_session_is_slowed_as_a_login_is(
    sessions: Sessions,
) -> None:
    sessions.accounts.make("ada", "ben", GOOD)
    for _ in range(5):
        with pytest.raises(Forbidden):
            sessions.set_own_password("ben", "a guess", GOOD + " 2", place="a")
    with pytest.raises(LoginRefused, match="too many tries"):
        sessions.set_own_password("ben", GOOD, GOOD + " 2", place="a")


def test_who_logs_in_anew_leaves_no_old_session_behind(sessions: Sessions) -> None:
    old = sessions.log_in("ada", GOOD, "a")
    new = sessions.log_in("ada", GOOD, "a", instead=old)
    assert sessions.session(old) is None and sessions.session(new) is not None
    with pytest.raises(LoginRefused):
        sessions.log_in("ada", "wrong", "a", instead=new)
    assert sessions.session(new) is not None, "a try that failed ends nothing"
