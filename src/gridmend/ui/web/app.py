"""The application: everything that one server answers, put together."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from gridmend.model.errors import GridmendError
from gridmend.model.grid import Grid
from gridmend.runtime.live import Live
from gridmend.runtime.recording import Recording
from gridmend.runtime.users.accounts import Accounts
from gridmend.runtime.users.sessions import Sessions
from gridmend.ui.web.demonstration import Demonstration
from gridmend.ui.web.envelope import Envelope
from gridmend.ui.web.pages import Pages
from gridmend.ui.web.patience import Patience
from gridmend.ui.web.problems import Problem, ProblemAnswer, handle_problems
from gridmend.ui.web.read_only import ReadOnly
from gridmend.ui.web.routes import (
    control,
    history,
    network,
    operation,
    orders,
    replay,
    reports,
    session,
    stream,
    users,
    watching,
)
from gridmend.ui.web.serving import About, Limits, Serving
from gridmend.ui.web.sockets import state
from gridmend.ui.web.table import BY_PLACE, ROOT, SOCKET

SWEEP_S = 600.0
_LOG = logging.getLogger("gridmend.web")
_MODULES = (
    session,
    users,
    watching,
    stream,
    network,
    orders,
    operation,
    control,
    history,
    replay,
    reports,
)


def app_of(
    live: Live,
    accounts: Accounts,
    sessions: Sessions,
    *,
    grid: Grid,
    about: About,
    demonstration: bool = False,
    clock: Callable[[], float] = time.time,
    limits: Limits | None = None,
    patience: Patience | None = None,
    secure: bool = False,
    pages: Pages | None = None,
    recording: Recording | None = None,
    is_replay: bool = False,
) -> FastAPI:
    """The application over a live room.

    `demonstration` logs an operator in on this machine without a password. `clock` tells the time
    [s] by which tries are counted; `secure` is for a server that speaks TLS. `recording` is what
    the room showed; with `is_replay` there is nothing else, and nothing can be changed.
    """
    serving = Serving(
        live=live, grid=grid, accounts=accounts, sessions=sessions, about=about,
        demonstration=Demonstration() if demonstration else None, clock=clock,
        limits=limits or Limits(), patience=patience or Patience(), secure=secure,
        recording=recording, is_replay=is_replay,
    )  # fmt: skip

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        serving.feed.begin()
        sweeping = asyncio.create_task(_sweep(serving))
        yield
        sweeping.cancel()
        serving.feed.end()

    app = FastAPI(
        title="Gridmend", version=about.version, openapi_url=f"{ROOT}/openapi.json",
        docs_url=None, redoc_url=None, lifespan=lifespan,
        description="The control room over a distribution network. See docs/api.md.",
    )  # fmt: skip
    app.state.serving = serving
    handle_problems(app)
    api = APIRouter(prefix=ROOT)
    for module in _MODULES:
        api.include_router(module.router)
    api.add_api_websocket_route(SOCKET.path, state)
    _check_behind_gate()
    app.include_router(api)
    app.mount("/", pages or Pages())
    if is_replay:
        app.add_middleware(ReadOnly)
    app.add_middleware(Envelope, patience=serving.patience, secure=secure)
    _document_problems(app)
    return app


async def _sweep(serving: Serving) -> None:
    """Take away sessions that have ended, now and then."""
    while True:
        await asyncio.sleep(SWEEP_S)
        try:
            await serving.lanes.store.run(serving.sessions.sweep)
        except (GridmendError, Problem) as problem:
            # A store that is busy is swept the next time.
            _LOG.warning("sessions were not swept: %s", problem)


def _check_behind_gate() -> None:
    """Every endpoint stands in the table, and the other way round; a mistake is found at once."""
    found = {
        (method, route.path_format)
        for module in _MODULES
        for route in module.router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    apart = found ^ set(BY_PLACE)
    if apart:
        raise AssertionError(f"not in the table of endpoints, or nowhere else: {sorted(apart)}")


def _document_problems(app: FastAPI) -> None:
    """Put the problem details that all endpoints name into the OpenAPI."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = plain()
            schemas = found.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = ProblemAnswer.model_json_schema(
                ref_template="#/components/schemas/{model}"
            )
            schemas |= schemas["Problem"].pop("$defs", {})
        return app.openapi_schema or {}

    app.openapi = openapi
