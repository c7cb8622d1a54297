from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridmend.model.errors import GridmendError
from gridmend.runtime.journal import Journal
from gridmend.runtime.users import keeping, passwords
from gridmend.runtime.users.accounts import SETUP_S, Accounts, Forbidden
from gridmend.runtime.users.roles import POWERFUL, Grant, Permission, Role, clash, may
from tests.runtime.users.conftest import GOOD, Clock

Told = list[tuple[str, dict[str, str]]]


def grants(accounts: Accounts, name: str) -> tuple[Grant, ...]:
    with accounts.store.reading() as held:
        return keeping.grants_of(held, name)


def test_a_set_up_link_is_good_once_for_an_hour_and_never_once_somebody_manages_users(
    clock: Clock,
) -> None:
    made = Accounts.open("sqlite://", clock)
    assert made.needs_setup()
    with pytest.raises(Forbidden):
        made.set_up("guessed", "eve", GOOD)
    made.offer_setup("old")
    clock.now_s += SETUP_S + 1
    with pytest.raises(Forbidden):
        made.set_up("old", "eve", GOOD)
    made.offer_setup("one")
    made.offer_setup("two")
    with pytest.raises(Forbidden):
        made.set_up("one", "eve", GOOD)
    made.set_up("two", "ada", GOOD)
    with pytest.raises(Forbidden):
        made.set_up("two", "eve", GOOD)
    with pytest.raises(Forbidden):
        made.offer_setup("three")
    assert not made.needs_setup()


def test_a_set_up_that_fails_leaves_the_link_and_no_account(clock: Clock) -> None:
    made = Accounts.open("sqlite://", clock)
    made.offer_setup("link")
    for name, password in (("Ada Lovelace", GOOD), ("ada", "short"), ("a", GOOD)):
        with pytest.raises(GridmendError):
            made.set_up("link", name, password)
    made.set_up("link", "ada", GOOD)
    assert [account.name for account, _ in made.listed("ada")] == ["ada"]


def test_whoever_gives_somebody_a_password_gains_none_of_their_power(accounts: Accounts) -> None:
    for name in ("ben", "cleo", "sue"):
        accounts.make("ada", name, GOOD)
    admin, supervisor = Grant(Role.SECURITY_ADMIN), Grant(Role.SUPERVISOR)
    accounts.grant("ada", "ben", admin)
    accounts.confirm("ben", "ben", admin)
    accounts.grant("ada", "cleo", admin)
    accounts.confirm("ben", "cleo", admin)
    accounts.grant("ada", "sue", supervisor)
    accounts.grant("ada", "sue", Grant(Role.VIEWER))
    accounts.confirm("ben", "sue", supervisor)
    accounts.set_password("ada", "sue", GOOD + "!")
    assert grants(accounts, "sue") == (Grant(Role.VIEWER),)
    accounts.set_password("ada", "cleo", GOOD + "!")
    for by in ("ada", "sue", "cleo"):
        with pytest.raises(Forbidden):
            accounts.confirm(by, "sue", supervisor)
    accounts.confirm("ben", "sue", supervisor)
    assert supervisor in grants(accounts, "sue")
    accounts.set_password("sue", "sue", GOOD + "?", present=GOOD + "!")
    assert supervisor in grants(accounts, "sue"), "one's own password changes nothing"


def test_a_powerful_role_holds_once_a_second_person_confirms_it(accounts: Accounts) -> None:
    for name in ("ben", "cleo"):
        accounts.make("ada", name, GOOD)
    admin, supervisor = Grant(Role.SECURITY_ADMIN), Grant(Role.SUPERVISOR, "north")
    # ada is alone: who is to become the second admin confirms it
    assert not accounts.grant("ada", "ben", admin)
    assert grants(accounts, "ben") == ()
    with pytest.raises(Forbidden):
        accounts.confirm("ada", "ben", admin)
    accounts.confirm("ben", "ben", admin)
    assert grants(accounts, "ben") == (admin,)
    assert not accounts.grant("ben", "cleo", supervisor)
    for by in ("ben", "cleo"):
        with pytest.raises(Forbidden):
            accounts.confirm(by, "cleo", supervisor)
    accounts.confirm("ada", "cleo", supervisor)
    assert grants(accounts, "cleo") == (supervisor,)
    assert accounts.pending("ada") == []


def test_once_there_are_two_admins_nobody_confirms_their_own_role(accounts: Accounts) -> None:
    admin = Grant(Role.SECURITY_ADMIN)
    for name in ("ben", "cleo"):
        accounts.make("ada", name, GOOD)
    accounts.grant("ada", "ben", admin)
    accounts.confirm("ben", "ben", admin)
    accounts.grant("ada", "cleo", admin)
    with pytest.raises(Forbidden):
        accounts.confirm("cleo", "cleo", admin)


def test_nobody_without_the_right_changes_anything_and_nobody_changes_their_own(
    accounts: Accounts,
) -> None:
    accounts.make("ada", "ben", GOOD)
    viewer = Grant(Role.VIEWER)
    for refused in (
        lambda: accounts.make("ben", "eve", GOOD),
        lambda: accounts.make("nobody", "eve", GOOD),
        lambda: accounts.grant("ben", "ada", viewer),
        lambda: accounts.grant("ada", "ada", viewer),
        lambda: accounts.revoke("ada", "ada", Grant(Role.SECURITY_ADMIN)),
        lambda: accounts.set_active("ada", "ada", is_active=False),
        lambda: accounts.set_password("ben", "ada", GOOD + " again"),
        lambda: accounts.listed("ben"),
        lambda: accounts.pending("ben"),
    ):
        with pytest.raises(Forbidden):
            refused()
    assert accounts.listed("ada")[1][1] == ()


def test_roles_that_nobody_has_both_of_are_refused_also_while_one_waits(
    accounts: Accounts,
) -> None:
    accounts.make("ada", "ben", GOOD)
    accounts.grant("ada", "ben", Grant(Role.SECURITY_ADMIN))
    with pytest.raises(GridmendError, match="at once"):
        accounts.grant("ada", "ben", Grant(Role.OPERATOR, "north"))


def test_every_change_is_told_with_who_made_it_and_no_secret(
    accounts: Accounts, told: Told
) -> None:
    accounts.make("ada", "ben", GOOD)
    accounts.grant("ada", "ben", Grant(Role.VIEWER))
    accounts.revoke("ada", "ben", Grant(Role.VIEWER))
    accounts.set_active("ada", "ben", is_active=False)
    accounts.set_password("ada", "ben", GOOD + "!")
    kinds = [kind for kind, _ in told]
    assert kinds == [
        "account_made", "role_granted", "account_made", "role_granted", "role_revoked",
        "account_closed", "password_set",
    ]  # fmt: skip
    assert all(said["by"] in ("ada", "setup") for _, said in told)
    assert GOOD not in repr(told) and "argon2" not in repr(told)


@pytest.mark.parametrize(
    "password",
    ["", "short", "x" * 12, "password1234", "Password-2026", "123456789012", "abcdefghijklm",
     "ada-and-friends", "gridmendgridmend", "y" * 300],
)  # fmt: skip
def test_a_password_that_is_guessed_first_is_refused(password: str) -> None:
    with pytest.raises(GridmendError):
        passwords.check(password, "ada")


@pytest.mark.parametrize("password", [GOOD, "blå himmel över ån", "correct horse battery staple"])
def test_some_words_are_a_password_and_only_it_is_right(password: str) -> None:
    passwords.check(password, "ada")
    kept = passwords.hashed(password)
    assert kept.startswith("$argon2id$") and password not in kept
    assert passwords.verified(kept, password)
    assert not passwords.verified(kept, password + " ")
    assert not passwords.verified("no hash at all", password)


def test_accounts_live_in_the_journals_own_file(tmp_path: Path, clock: Clock) -> None:
    file = tmp_path / "grid.journal"
    with Journal.open(file):
        pass
    made = Accounts.open(str(file), clock)
    made.offer_setup("link")
    made.set_up("link", "ada", GOOD)
    made.store.close()
    with Journal.open(file) as journal:
        assert journal.verify().flaws == ()
    again = Accounts.open(str(file), clock)
    assert not again.needs_setup()
    again.store.close()


def test_an_account_that_is_closed_has_no_right_left_and_has_them_again_once_opened(
    accounts: Accounts,
) -> None:
    admin = Grant(Role.SECURITY_ADMIN)
    accounts.make("ada", "ben", GOOD)
    accounts.grant("ada", "ben", admin)
    accounts.confirm("ben", "ben", admin)
    accounts.set_active("ada", "ben", is_active=False)
    assert grants(accounts, "ben") == ()
    with pytest.raises(Forbidden):
        accounts.make("ben", "eve", GOOD)
    accounts.set_active("ada", "ben", is_active=True)
    assert grants(accounts, "ben") == (admin,)


NAMES = ("ada", "ben", "cleo")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("grant", "confirm", "revoke", "close", "open", "password")),
        st.sampled_from(NAMES),
        st.sampled_from(NAMES),
        st.builds(Grant, st.sampled_from(Role), st.sampled_from(("", "north"))),
    ),
    max_size=25,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(STEPS)
def test_whatever_is_tried_no_right_is_had_alone_and_somebody_manages_users(
    steps: list[tuple[str, str, str, Grant]],
) -> None:
    told: Told = []
    accounts = Accounts.open("sqlite://", Clock(), lambda kind, said, _: told.append((kind, said)))
    accounts.offer_setup("first")
    accounts.set_up("first", "ada", GOOD)
    for name in ("ben", "cleo"):
        accounts.make("ada", name, GOOD)
    for what, by, name, grant in steps:
        try:
            if what in ("close", "open"):
                accounts.set_active(by, name, is_active=what == "open")
            elif what == "password":
                accounts.set_password(by, name, GOOD + "!", present=GOOD)
            else:
                getattr(accounts, what)(by, name, grant)
        except GridmendError:
            continue
    held = {name: grants(accounts, name) for name in NAMES}
    for name, own in held.items():
        assert clash(own) == ""
        for grant in own:
            said = [s for kind, s in told if kind == "role_granted" and s["name"] == name
                    and s["role"] == grant.role and s["area"] == grant.area]  # fmt: skip
            assert said and said[-1]["by"] != name
            if grant.role in POWERFUL and said[-1]["by"] != "setup":
                assert said[-1]["confirmed_by"] != said[-1]["by"]
                since = told[told.index(("role_granted", said[-1])) :]
                assert not any(
                    kind == "password_set" and s["name"] == name != s["by"] for kind, s in since
                )
    own = [s for kind, s in told if kind == "role_granted" and s.get("confirmed_by") == s["name"]]
    assert len(own) <= 1, "only the second admin ever confirms their own role"
    assert any(may(own, Permission.MANAGE_USERS) for own in held.values())
