"""What was changed is told, also where the process ended between the change and its telling."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sql

from gridmend.model.errors import GridmendError
from gridmend.runtime.users import outbox, schema
from gridmend.runtime.users.accounts import Accounts
from gridmend.runtime.users.roles import Grant, Role
from tests.runtime.users.conftest import GOOD, Clock

Told = list[tuple[str, dict[str, str], str]]


class Ear:
    """Is told of changes; `fails` before it has heard, `dies` after."""

    def __init__(self) -> None:
        self.heard: Told = []
        self.fails = self.dies = False

    def __call__(self, kind: str, said: dict[str, str], once: str) -> None:
        if self.fails:
            raise GridmendError("the journal cannot be written now")
        self.heard.append((kind, said, once))
        if self.dies:
            raise KeyboardInterrupt


def _begun(path: Path, ear: Ear, clock: Clock) -> Accounts:
    path.touch()
    made = Accounts.open(str(path), clock, ear)
    made.offer_setup("first")
    made.set_up("first", "ada", GOOD, "Ada L.")
    ear.heard.clear()
    return made


def test_a_change_that_was_not_told_is_told_at_the_next_start_in_its_order(
    tmp_path: Path, clock: Clock
) -> None:
    ear = Ear()
    accounts = _begun(tmp_path / "users.db", ear, clock)
    ear.fails = True
    accounts.make("ada", "ben", GOOD)
    accounts.grant("ada", "ben", Grant(Role.OPERATOR, "north"))
    assert not ear.heard
    accounts.store.close()
    again = Ear()
    clock.now_s += 3600
    Accounts.open(str(tmp_path / "users.db"), clock, again)
    assert [kind for kind, _, _ in again.heard] == ["account_made", "role_granted"]
    said = again.heard[0][1]
    assert (said["name"], said["by"]) == ("ben", "ada")
    assert said["changed_utc"] == "1970-01-12T13:46:40+00:00", "it says that it was earlier"
    Accounts.open(str(tmp_path / "users.db"), clock, again)
    assert len(again.heard) == 2


def test_what_may_have_been_told_is_told_again_under_the_same_id(
    tmp_path: Path, clock: Clock
) -> None:
    ear = Ear()
    accounts = _begun(tmp_path / "users.db", ear, clock)
    ear.dies = True
    with pytest.raises(KeyboardInterrupt):
        accounts.make("ada", "ben", GOOD)
    accounts.store.close()
    again = Ear()
    Accounts.open(str(tmp_path / "users.db"), clock, again)
    (first,), (second,) = ear.heard, again.heard
    assert first == second and first[2]


def test_what_waits_goes_with_the_next_change(tmp_path: Path, clock: Clock) -> None:
    ear = Ear()
    accounts = _begun(tmp_path / "users.db", ear, clock)
    ear.fails = True
    accounts.make("ada", "ben", GOOD)
    ear.fails = False
    accounts.make("ada", "cleo", GOOD)
    assert [said["name"] for _, said, _ in ear.heard] == ["ben", "cleo"]
    assert len({once for _, _, once in ear.heard}) == 2


def test_a_change_that_is_refused_is_not_told(tmp_path: Path, clock: Clock) -> None:
    ear = Ear()
    accounts = _begun(tmp_path / "users.db", ear, clock)
    with pytest.raises(GridmendError):
        accounts.grant("ada", "nobody", Grant(Role.VIEWER))
    accounts.deliver()
    assert not ear.heard


def test_nothing_is_changed_any_more_where_so_much_waits(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = Ear()
    accounts = _begun(tmp_path / "users.db", ear, clock)
    monkeypatch.setattr(outbox, "WAITING_MOST", 2)
    ear.fails = True
    accounts.make("ada", "ben", GOOD)
    accounts.make("ada", "cleo", GOOD)
    with pytest.raises(GridmendError, match="wait to be written") as refused:
        accounts.make("ada", "dora", GOOD)
    assert refused.value.mend
    with accounts.store.reading() as held:
        names = held.execute(sql.select(schema.accounts.c.name)).scalars().all()
    assert "dora" not in names
