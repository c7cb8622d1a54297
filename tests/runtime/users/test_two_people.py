"""What takes two people takes two, whoever is closed, given a password, or left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridmend.model.errors import GridmendError
from gridmend.runtime.journal import Journal
from gridmend.runtime.users import schema, stuck
from gridmend.runtime.users.accounts import Accounts, Forbidden
from gridmend.runtime.users.roles import Grant, Role
from tests.runtime.users.conftest import GOOD, Clock, as_before_revisions
from tests.runtime.users.test_accounts import Told, grants


def three_admins(accounts: Accounts) -> Grant:
    admin = Grant(Role.SECURITY_ADMIN)
    for name, second in (("ben", "ben"), ("cleo", "ben")):
        accounts.make("ada", name, GOOD)
        accounts.grant("ada", name, admin)
        accounts.confirm(second, name, admin)
    return admin


def test_an_account_that_was_closed_has_no_power_left_by_a_password_somebody_else_gave(
    accounts: Accounts,
) -> None:
    three_admins(accounts)
    supervisor = Grant(Role.SUPERVISOR)
    accounts.make("ada", "sue", GOOD)
    accounts.grant("ada", "sue", supervisor)
    accounts.confirm("ben", "sue", supervisor)
    accounts.set_active("ada", "sue", is_active=False)
    accounts.set_password("ada", "sue", GOOD + "!")
    accounts.set_active("ada", "sue", is_active=True)
    assert grants(accounts, "sue") == ()
    with pytest.raises(Forbidden):
        accounts.confirm("ada", "sue", supervisor)
    accounts.confirm("ben", "sue", supervisor)
    assert grants(accounts, "sue") == (supervisor,)


@pytest.mark.parametrize("how", ["password", "close", "revoke"])
def test_whoever_is_left_alone_among_admins_gets_no_other_by_confirming_as_them(
    accounts: Accounts, how: str
) -> None:
    admin = three_admins(accounts)
    for name in ("ben", "cleo"):
        if how == "password":
            accounts.set_password("ada", name, GOOD + "!")
        elif how == "close":
            accounts.set_active("ada", name, is_active=False)
        else:
            accounts.revoke("ada", name, admin)
            accounts.grant("ada", name, admin)
    accounts.make("ada", "eve", GOOD)
    accounts.grant("ada", "eve", admin)
    for name in ("eve",) if how == "close" else ("ben", "cleo", "eve"):
        for by in ("ada", name):
            with pytest.raises(Forbidden):
                accounts.confirm(by, name, admin)
        assert grants(accounts, name) == ()


def test_a_store_of_an_earlier_version_knows_who_was_admin_before(
    tmp_path: Path, clock: Clock
) -> None:
    url = str(tmp_path / "users.journal")
    with Journal.open(Path(url)):
        pass
    made = Accounts.open(url, clock)
    made.offer_setup("link")
    made.set_up("link", "ada", GOOD)
    admin = three_admins(made)
    with made.store.writing() as held:
        as_before_revisions(held)
        schema.admins.drop(held)
    made.store.close()
    again = Accounts.open(url, clock)
    for name in ("ben", "cleo"):
        again.set_password("ada", name, GOOD + "!")
    with pytest.raises(Forbidden):
        again.confirm("ben", "ben", admin)
    again.store.close()
    with pytest.raises(GridmendError, match="nobody proposed"):
        stuck.confirm(url, "eve", clock)
    stuck.confirm(url, "ben", clock)
    with pytest.raises(GridmendError, match="needs nobody") as refused:
        stuck.confirm(url, "cleo", clock)
    assert "'ben'" in (refused.value.mend or "")
    told: Told = []
    last = Accounts.open(url, clock, lambda kind, said, _: told.append((kind, said)))
    assert told[-1][0] == "role_granted" and told[-1][1]["confirmed_by"] == stuck.HERE
    last.confirm("ben", "cleo", admin)
    last.store.close()


def test_who_gave_the_password_is_no_second_person_for_what_another_proposed(
    accounts: Accounts,
) -> None:
    three_admins(accounts)
    supervisor = Grant(Role.SUPERVISOR)
    accounts.make("ada", "sue", GOOD)
    accounts.grant("cleo", "sue", supervisor)
    accounts.set_password("ada", "sue", GOOD + "!")
    for by in ("ada", "sue"):
        with pytest.raises(Forbidden):
            accounts.confirm(by, "sue", supervisor)
    accounts.confirm("cleo", "sue", supervisor)
    assert grants(accounts, "sue") == (supervisor,)
