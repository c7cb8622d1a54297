"""`gridmend serve` over PostgreSQL, from the first start to a restart."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gridmend.client import Client
from gridmend.runtime.journal.keys import VARIABLE, make_key
from tests.runtime.journal.journals import on_server, server
from tests.ui.web.conftest import GOOD
from tests.ui.web.test_commands import SETUP, started

OWN = "nine red kites at dusk"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[str]:
    """The URL of a store of its own, gone afterwards."""
    url, why = server()
    if not url:
        pytest.skip(why)
    schema = "test_" + re.sub(r"[^a-z0-9]", "_", str(tmp_path).lower())[-50:]
    with on_server() as cursor:
        cursor.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
    yield f"{url}?schema={schema}"
    with on_server() as cursor:
        cursor.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')


def test_a_room_over_a_server_is_set_up_operated_and_is_there_again(
    gridmend: Callable[..., Any], store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_key(tmp_path / "journal.key")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "journal.key"))
    command = ("serve", "ieee123", "--port", 0, "--store", store)
    with started(*command, ends=signal.SIGTERM) as (url, lines):
        link = SETUP.search(lines[-1])
        assert link
        given = {"token": link.group(1), "name": "ada", "password": GOOD}
        assert httpx.post(f"{url}/api/v1/setup", json=given, timeout=20).status_code == 200
        with Client(url, name="ada", password=GOOD) as admin:
            admin.post("/users", name="ben", password=GOOD)
            assert admin.post("/users/ben/grants", role="operator", area="")["holds"]
        with Client(url, name="ben", password=GOOD) as room:
            room.set_password(GOOD, OWN)
            room.post("/areas/-/authority")
            picked = room.select("sw3", "open", "for work")
            assert room.operate(picked["select"], "command-1")["outcome"] == "confirmed"
    with started(*command, ends=signal.SIGTERM, is_set_up=True) as (url, lines):
        assert not SETUP.search(" ".join(lines))
        with Client(url, name="ben", password=OWN) as room:
            assert room.element("sw3")["position"] == "open"
            again = room.operate(picked["select"], "command-1")
            assert again["outcome"] == "confirmed", "it is known, and not done again"
    said = gridmend("journal", "verify", "--store", store, "--json")
    assert said.code == 0 and json.loads(said.out)["ok"]
    shown = gridmend("journal", "show", "--store", store, "--json").out
    assert shown.count("account_made") == 2 and shown.count("role_granted") == 2


def test_without_its_key_a_room_over_a_server_says_how_to_name_one(
    gridmend: Callable[..., Any], store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    said = gridmend("serve", "ieee13", "--port", 0, "--store", store)
    assert said.code == 2
    assert VARIABLE in said.err and "key" in said.err
    assert "Traceback" not in said.err
