"""Logging in and out, and setting up."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from fastapi import APIRouter, Request, Response

from gridmend.runtime.users.roles import permitted
from gridmend.runtime.users.sessions import Session
from gridmend.ui.web.answers.identity import Done, LogIn, Server, SessionAnswer, SetUp, User
from gridmend.ui.web.gate import Calling, Served, cookie_of, endpoint, token_of
from gridmend.ui.web.serving import Serving, is_demonstrated, peer_of

router = APIRouter(tags=["session"])


@endpoint(router, "GET", "/session")
async def session(request: Request, response: Response, serving: Served) -> SessionAnswer:
    """Who is logged in. The demonstration operator is, on this machine, without a password."""
    token = token_of(serving, request)
    found = await serving.lanes.store.run(lambda: serving.session_of(request, token))
    demonstration = serving.demonstration
    if found is None and demonstration is not None and is_demonstrated(request):
        token = demonstration.log_in()
        found = demonstration.session(token)
        set_cookie(serving, response, token)
    return await _answer(serving, found)


@endpoint(router, "POST", "/session", statuses=(401,))
async def log_in(
    given: LogIn, request: Request, response: Response, serving: Served
) -> SessionAnswer:
    """Begin a session; one that the browser has had ends."""
    place, before = peer_of(request), token_of(serving, request)

    def work() -> tuple[str, Session | None]:
        token = serving.sessions.log_in(given.name, given.password, place, before)
        return token, serving.sessions.session(token)

    token, found = await serving.lanes.hashing.run(work)
    if serving.demonstration is not None:
        serving.demonstration.log_out(before)
    set_cookie(serving, response, token)
    return await _answer(serving, found)


@endpoint(router, "DELETE", "/session")
async def log_out(response: Response, serving: Served, caller: Calling) -> Done:
    """End the session."""
    if serving.demonstration is not None:
        serving.demonstration.log_out(caller.token)
        serving.rights_changed()
    await serving.lanes.store.run(lambda: serving.sessions.log_out(caller.token))
    response.delete_cookie(cookie_of(serving), **_cookie(serving))
    return Done()


@endpoint(router, "POST", "/setup")
async def set_up(given: SetUp, serving: Served) -> User:
    """Make the first account, a security admin's, by the one-time link."""
    made = await serving.lanes.hashing.run(
        lambda: serving.accounts.set_up(given.token, given.name, given.password, given.shown)
    )
    return User.of(made)


def set_cookie(serving: Serving, response: Response, token: str) -> None:
    """Have the browser keep a session's token where no script reads it."""
    response.set_cookie(cookie_of(serving), token, **_cookie(serving))


def _cookie(serving: Serving) -> dict[str, Any]:
    return {"httponly": True, "samesite": "strict", "secure": serving.secure, "path": "/"}


async def _answer(serving: Serving, found: Session | None) -> SessionAnswer:
    view, about = serving.view, serving.about
    needs_setup = False
    if found is None:
        needs_setup = await serving.lanes.store.run(serving.accounts.needs_setup)
    permissions = permitted(found.grants) if found is not None else {}
    given_by = found.given_by if found is not None else ""
    return SessionAnswer(
        user=User(name=found.name, shown=found.shown) if found is not None else None,
        permissions={area: sorted(p.value for p in held) for area, held in permissions.items()},
        csrf=found.csrf if found is not None else "",
        demonstration=serving.demonstration is not None,
        needs_setup=needs_setup,
        must_change_password=bool(given_by),
        password_given_by=given_by,
        server=Server(
            name=serving.grid.name, version=about.version, world=about.world,
            time=view.time_utc.astimezone(UTC), speed=view.speed, zone=about.zone,
            revision=serving.live.geometry.revision, is_replay=serving.is_replay,
        ),
    )  # fmt: skip
