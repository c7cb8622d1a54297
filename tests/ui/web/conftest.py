from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import httpx
import pytest
import sqlalchemy as sql
from fastapi import FastAPI

from gridmend.runtime.users import keeping, passwords, schema
from gridmend.runtime.users.accounts import Accounts
from gridmend.runtime.users.roles import Grant
from gridmend.runtime.users.sessions import Sessions, csrf_of
from gridmend.ui.web.app import app_of
from gridmend.ui.web.gate import COOKIE
from gridmend.ui.web.server import bound, server_of
from gridmend.ui.web.serving import About, Limits
from tests.ui.web.stand_in import PaperLive, grid_of

GOOD = "six grey herons at noon"
ROOT = "/api/v1"
MANY = (1_000_000, 1e-6)
"""A limit that nobody meets."""


@pytest.fixture(autouse=True, scope="package")
def quick_hashes() -> Iterator[None]:
    """Hashing at full strength would take a fifth of a second each time."""
    patched = pytest.MonkeyPatch()
    patched.setattr(passwords, "MEMORY_KIB", 64)
    passwords.hasher.cache_clear()
    passwords.nobodys.cache_clear()
    yield
    patched.undo()
    passwords.hasher.cache_clear()
    passwords.nobodys.cache_clear()


@dataclass
class House:
    """A server over a room of paper, with who may come in."""

    app: FastAPI
    live: Any
    accounts: Accounts
    clock: Any

    def person(self, name: str, *grants: Grant, given_by: str = "") -> str:
        """Somebody with these grants who is logged in, with a password of their own or one that
        somebody gave: the session's token."""
        token = secrets.token_urlsafe(16)
        now_s = self.accounts.clock()
        with self.accounts.store.writing() as held:
            table = schema.accounts
            if not held.execute(sql.select(table).where(table.c.name == name)).first():
                held.execute(sql.insert(table).values(
                    name=name, shown=name.title(), password=passwords.hashed(GOOD),
                    is_active=True, made_s=now_s, given_by=given_by,
                ))  # fmt: skip
            for grant in grants:
                keeping.put_grant(held, name, grant, by="test", confirmed_by="test")
            held.execute(sql.insert(schema.sessions).values(
                digest=sha256(token.encode()).digest(), name=name, begun_s=now_s, seen_s=now_s,
            ))  # fmt: skip
        return token

    @staticmethod
    def headers(token: str) -> dict[str, str]:
        """What the browser of a session sends with everything."""
        return {"Cookie": f"{COOKIE}={token}", "X-CSRF": csrf_of(token)}

    def client(self, token: str = "", peer: str = "127.0.0.1") -> Browser:
        """A browser; it sends the session's cookie and token with everything."""
        return Browser(self.app, self.headers(token) if token else {}, peer)


class Browser:
    """Asks an application in one loop, until it is closed. Cookies are kept."""

    def __init__(self, app: FastAPI, headers: dict[str, str], peer: str) -> None:
        self.runner, self.app = asyncio.Runner(), app
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(peer, 50001))
        self.plain = httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8080", headers=headers
        )

    def __enter__(self) -> Browser:
        async def begin() -> None:
            self.app.state.serving.feed.begin()

        self.runner.run(begin())
        return self

    def __exit__(self, *_: object) -> None:
        self.app.state.serving.feed.end()
        self.runner.run(self.plain.aclose())
        self.runner.close()

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.runner.run(self.plain.request(method, path, **options))

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", ROOT + path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", ROOT + path, **options)

    def put(self, path: str, **options: Any) -> httpx.Response:
        return self.request("PUT", ROOT + path, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        return self.request("DELETE", ROOT + path, **options)


class Clock:
    """Seconds since 1970, as a test says."""

    now_s = 1_780_000_000.0

    def __call__(self) -> float:
        return self.now_s


def house_of(**options: Any) -> House:
    """A house with bounds that no test meets, unless it says so."""
    clock = options.pop("clock", None) or Clock()
    live = options.pop("live", None) or PaperLive()
    accounts = options.pop("accounts", None) or Accounts.open("sqlite://", clock)
    many = Limits(MANY, MANY, MANY, beat_s=0.05)
    app = app_of(
        live, accounts, Sessions(accounts), grid=options.pop("grid", None) or grid_of(),
        about=options.pop("about", About("0.test")), clock=clock,
        limits=options.pop("limits", many), **options,
    )  # fmt: skip
    return House(app, live, accounts, clock)


@pytest.fixture
def house() -> House:
    return house_of()


@contextmanager
def served(house: House) -> Iterator[str]:
    """The house's server, in a thread of its own, on a port that is free: its address."""
    up = threading.Event()
    server = server_of(house.app, ready=up.set)
    with bound("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        assert up.wait(20)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()
