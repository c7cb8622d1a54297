"""The gate before every endpoint: session, CSRF, rate, permission, area, by the one table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends
from starlette.requests import HTTPConnection, Request

from gridmend.runtime.users.roles import Permission, permitted
from gridmend.runtime.users.sessions import is_csrf
from gridmend.ui.web.areas import areas_of
from gridmend.ui.web.problems import Problem, documented, not_live
from gridmend.ui.web.serving import Caller, Serving, login_of, peer_of
from gridmend.ui.web.table import BY_PLACE, CHANGES, OF_A_RECORDING, ROOT, Endpoint, Where

COOKIE, COOKIE_BY_TLS = "gridmend", "__Host-gridmend"
"""By TLS no other host of the domain, and nothing without TLS, can set it (RFC 6265bis, 4.1.3)."""
HEADER = "x-csrf"


def serving_of(request: HTTPConnection) -> Serving:
    """The server's parts."""
    return request.app.state.serving


def caller_of(request: Request) -> Caller:
    """Who asks, once the gate let them in."""
    return request.state.caller


Served = Annotated[Serving, Depends(serving_of)]
Calling = Annotated[Caller, Depends(caller_of)]


def endpoint(
    router: APIRouter, method: str, path: str, *, statuses: tuple[int, ...] = (), **options: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Put a function behind the gate, as the table says of this place."""
    entry = BY_PLACE[method, path]
    known = {429, 503, *statuses}
    if entry.where is not Where.PUBLIC:
        known |= {401, 403}
    if method in CHANGES:
        known |= {400, 403, 408, 413, 422}
    elif path not in OF_A_RECORDING:
        known |= {404}
    if "{" in path:
        known |= {422}
    plain = path.replace("{key}", "{key:path}")

    def put(fn: Callable[..., Any]) -> Callable[..., Any]:
        router.add_api_route(
            plain, fn, methods=[method], dependencies=[Depends(_gate(entry))],
            responses=documented(*known), **options,
        )  # fmt: skip
        return fn

    return put


def _gate(entry: Endpoint) -> Callable[[Request], Awaitable[None]]:
    async def gate(request: Request) -> None:
        serving = serving_of(request)
        if entry.method in CHANGES:
            check_origin(request)
        if entry.where is Where.PUBLIC:
            check_rate(serving, None, request)
            return
        caller = await let_in(serving, request)
        check_rate(serving, caller, request)
        if entry.method in CHANGES:
            _check_csrf(request, caller)
        check_own_password(request, caller, entry)
        await _check_permission(serving, request, caller, entry)
        check_live(serving, entry)
        request.state.caller = caller

    return gate


def cookie_of(serving: Serving) -> str:
    """The name of the cookie that holds a session's token."""
    return COOKIE_BY_TLS if serving.secure else COOKIE


def token_of(serving: Serving, connection: HTTPConnection) -> str:
    """The token that a browser sends; empty where it sends none."""
    return connection.cookies.get(cookie_of(serving), "")[:200]


async def let_in(serving: Serving, connection: HTTPConnection) -> Caller:
    """Who is logged in; a 401 where nobody is."""
    token = token_of(serving, connection)
    session = None
    if token:
        session = await serving.lanes.store.run(lambda: serving.session_of(connection, token))
    if session is None:
        check_rate(serving, None, connection)
        raise Problem(401, "nobody is logged in", mend="log in: POST /api/v1/session")
    return Caller(session, login_of(token), token)


async def still(serving: Serving, connection: HTTPConnection, caller: Caller) -> bool:
    """Whether somebody is logged in yet, and may still see something."""
    token = caller.token
    found = await serving.lanes.store.run(
        lambda: serving.session_of(connection, token, is_use=False)
    )
    if found is None:
        return False
    return any(Permission.VIEW in held for held in permitted(found.grants).values())


class Staying:
    """Whether somebody who listens may go on: asked anew once anything was changed of accounts and
    sessions, and now and then, as sessions end by themselves."""

    def __init__(self, serving: Serving, connection: HTTPConnection, caller: Caller) -> None:
        self._serving, self._connection, self._caller = serving, connection, caller
        self._rights: object = None
        self._checked_s = serving.clock()

    async def holds(self) -> bool:
        """Whether they may; it costs nothing where nothing has changed."""
        serving, now_s = self._serving, self._serving.clock()
        is_due = now_s - self._checked_s > serving.limits.check_s
        if serving.rights is self._rights and not is_due:
            return True
        self._rights, self._checked_s = serving.rights, now_s
        return await still(serving, self._connection, self._caller)


def check_live(serving: Serving, entry: Endpoint) -> None:
    """Refuse to tell what is so now where there is nothing but a recording: the room behind it was
    never started, and what it would say is no reading."""
    if serving.is_replay and entry.path not in OF_A_RECORDING:
        raise not_live(entry.path)


def check_own_password(connection: HTTPConnection, caller: Caller, entry: Endpoint) -> None:
    """Refuse all but logging out and setting one's own password to whoever has one that somebody
    else gave, and so knows: what is done with it could be either's."""
    session, place = caller.session, (entry.method, entry.path)
    if not session.given_by or place == ("DELETE", "/session"):
        return
    is_own = connection.path_params.get("name") == session.name
    if place == ("PUT", "/users/{name}/password") and is_own:
        return
    raise Problem(
        403, f"the password of '{session.name}' was given by '{session.given_by}'",
        where="password", mend=f"set your own: PUT {ROOT}/users/{session.name}/password",
    )  # fmt: skip


def check_origin(connection: HTTPConnection) -> None:
    """Refuse what another site's page sends, as browsers say it."""
    headers = connection.headers
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
    foreign = site not in ("none", "same-origin")
    if origin is not None and urlsplit_host(origin) != headers.get("host", "").lower():
        foreign = True
    if foreign:
        raise Problem(403, "another site's page asked for this", where="Origin")


def urlsplit_host(origin: str) -> str:
    """The host and port of an origin; empty where it is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def check_rate(serving: Serving, caller: Caller | None, connection: HTTPConnection) -> None:
    """Take one try, or say when there is another."""
    now_s = serving.clock()
    if caller is None:
        wait_s = serving.strangers.wait_s(peer_of(connection), now_s)
    else:
        is_change = connection.scope.get("method") in CHANGES
        limit = serving.changes if is_change else serving.reads
        wait_s = limit.wait_s(caller.login, now_s)
    if wait_s > 0:
        raise Problem(429, "too much was asked for", mend="ask less often", retry_s=wait_s)


def _check_csrf(request: Request, caller: Caller) -> None:
    if not is_csrf(caller.token, request.headers.get(HEADER, "")):
        raise Problem(
            403, "the header X-CSRF is not this session's", where="X-CSRF",
            mend="send the csrf that GET /api/v1/session answers",
        )  # fmt: skip


async def _check_permission(
    serving: Serving, request: Request, caller: Caller, entry: Endpoint
) -> None:
    if entry.permission is None or entry.where is Where.ACCOUNTS:
        return
    session = caller.session
    if entry.where is Where.EVERYWHERE:
        allowed = session.may(entry.permission)
    else:
        anywhere = any(entry.permission in held for held in permitted(session.grants).values())
        allowed = anywhere
        if anywhere and entry.where is not Where.SOME:
            for area in await areas_of(serving, request, entry.where, session.name):
                if not session.may(entry.permission, area):
                    allowed = False
                    break
    if not allowed:
        raise Problem(
            403, f"'{session.name}' has not the permission '{entry.permission}' here",
            mend="ask a security admin for a role that has it",
        )  # fmt: skip
