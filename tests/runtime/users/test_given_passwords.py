"""A password that somebody else gave is marked as such until its owner sets another."""

from __future__ import annotations

import pytest

from gridmend.model.errors import GridmendError
from gridmend.runtime.users import passwords
from gridmend.runtime.users.accounts import Accounts, Forbidden
from gridmend.runtime.users.roles import Grant, Role
from gridmend.runtime.users.sessions import Sessions
from tests.runtime.users.conftest import GOOD
from tests.runtime.users.test_accounts import grants

OWN = "nine red kites at dusk"


def given_by(accounts: Accounts, name: str) -> str:
    return {account.name: account.given_by for account, _ in accounts.listed("ada")}[name]


def test_a_password_is_somebody_elses_until_its_owner_sets_another(accounts: Accounts) -> None:
    assert given_by(accounts, "ada") == "", "whoever sets up by the link chooses their own"
    assert accounts.make("ada", "ben", GOOD).given_by == "ada"
    assert given_by(accounts, "ben") == "ada"
    accounts.set_password("ben", "ben", OWN, present=GOOD)
    assert given_by(accounts, "ben") == ""
    accounts.set_password("ada", "ben", GOOD)
    assert given_by(accounts, "ben") == "ada"


def test_a_session_says_who_gave_the_password_and_a_login_or_a_newer_hash_changes_nothing(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions.accounts.make("ada", "ben", GOOD)
    for memory_kib in (64, 128):
        monkeypatch.setattr(passwords, "MEMORY_KIB", memory_kib)
        passwords.hasher.cache_clear()
        found = sessions.session(sessions.log_in("ben", GOOD, "a"))
        assert found is not None and found.given_by == "ada"
    own = sessions.session(sessions.set_own_password("ben", GOOD, OWN, place="a"))
    assert own is not None and own.given_by == ""
    first = sessions.session(sessions.log_in("ada", GOOD, "a"))
    assert first is not None and first.given_by == ""


def test_the_password_that_was_given_is_not_set_again_as_ones_own(accounts: Accounts) -> None:
    longest = (GOOD + " ") * 20
    for number, password in enumerate((GOOD, longest[: passwords.LETTERS_MOST])):
        name = f"person{number}"
        accounts.make("ada", name, password)
        for present in (password, (password + "x" * passwords.LETTERS_MOST)[:300]):
            with pytest.raises(GridmendError):
                accounts.set_password(name, name, password, present=present)
            assert given_by(accounts, name) == "ada"
    with pytest.raises(GridmendError, match="'ada' gave you this password"):
        accounts.set_password("person0", "person0", GOOD, present=GOOD)
    accounts.set_password("ada", "ada", GOOD, present=GOOD)


def test_a_change_that_is_refused_leaves_whose_the_password_is(accounts: Accounts) -> None:
    accounts.make("ada", "ben", GOOD)
    accounts.make("ada", "cleo", GOOD)
    with pytest.raises(Forbidden):
        accounts.set_password("ben", "ben", OWN, present="another one entirely")
    with pytest.raises(Forbidden):
        accounts.set_password("cleo", "ben", OWN)
    assert given_by(accounts, "ben") == "ada"


def test_setting_ones_own_confirms_nothing_that_takes_two_people(accounts: Accounts) -> None:
    supervisor = Grant(Role.SUPERVISOR)
    for name in ("ben", "sue"):
        accounts.make("ada", name, GOOD)
    accounts.grant("ada", "ben", Grant(Role.SECURITY_ADMIN))
    accounts.confirm("ben", "ben", Grant(Role.SECURITY_ADMIN))
    accounts.grant("ada", "sue", supervisor)
    accounts.confirm("ben", "sue", supervisor)
    accounts.set_password("ada", "sue", GOOD + "!")
    accounts.set_password("sue", "sue", OWN, present=GOOD + "!")
    assert grants(accounts, "sue") == ()
    for by in ("ada", "sue"):
        with pytest.raises(Forbidden):
            accounts.confirm(by, "sue", supervisor)
    accounts.confirm("ben", "sue", supervisor)
    assert grants(accounts, "sue") == (supervisor,)
