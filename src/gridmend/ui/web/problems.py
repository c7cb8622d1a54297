"""Errors as RFC 9457 problem details: what, where, how to mend, and the rules that refused."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from gridmend.model.errors import GridError, GridmendError
from gridmend.model.plan import Refusal
from gridmend.runtime.live.errors import Busy, LiveStopped
from gridmend.runtime.users.accounts import Forbidden
from gridmend.runtime.users.sessions import LoginRefused
from gridmend.ui.web.table import ROOT, methods_at

MEDIA = "application/problem+json"
LETTERS_MOST = 1000
"""Of one text in an answer: what somebody sent is not sent back at length."""
FINDINGS_MOST = 10
_LOG = logging.getLogger("gridmend.web")


class Refused(BaseModel):
    """A rule that forbids something."""

    rule: str
    device: str
    why: str


class ProblemAnswer(BaseModel):
    """The problem details that every error is answered with."""

    model_config = ConfigDict(title="Problem")

    type: str
    title: str
    status: int
    detail: str
    where: str = ""
    mend: str = ""
    refusals: list[Refused] | None = None


class Problem(Exception):
    """Something that is answered with an error status."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        where: str = "",
        mend: str = "",
        refusals: Iterable[Refusal] | None = None,
        retry_s: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.where, self.mend = status, detail, where, mend
        self.refusals = None if refusals is None else tuple(refusals)
        self.retry_s = retry_s


def refused(refusals: Iterable[Refusal]) -> Problem:
    """What the interlock forbids, with every rule."""
    listed = tuple(refusals)
    said = "; ".join(f"{r.rule}, {r.device}: {r.why}" for r in listed[:FINDINGS_MOST])
    return Problem(409, f"refused: {said}", refusals=listed)


def missing(what: str, name: str, mend: str = "") -> Problem:
    """There is no such thing."""
    return Problem(404, f"there is no {what} '{name[:80]}'", mend=mend)


def not_live(path: str) -> Problem:
    """Only a recording is open, and what is asked for is of now."""
    return Problem(
        404, "only a recording is open here: nothing is known of now", where=ROOT + path,
        mend=f"GET {ROOT}/replay/panels?time=… and {ROOT}/replay?time=… tell what was shown at a"
        f" time, and {ROOT}/replay/span from when to when",
    )  # fmt: skip


def problem_of(error: Exception) -> Problem:
    """The problem that an error of the room or of the accounts is."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, LoginRefused):
        wait_s = error.wait_s or None
        return Problem(429 if wait_s else 401, error.what, mend=error.mend, retry_s=wait_s)
    if isinstance(error, GridmendError):
        status = 422
        if isinstance(error, Forbidden):
            status = 403
        elif isinstance(error, Busy | LiveStopped):
            status = 503
        elif isinstance(error, GridError):
            status = 404
        retry_s = 1.0 if isinstance(error, Busy) else None
        return Problem(status, error.what, where=error.where, mend=error.mend, retry_s=retry_s)
    _LOG.error("an error of Gridmend itself", exc_info=error)
    return Problem(500, "an error of Gridmend itself", mend="please report it with the log")


def response_of(problem: Problem) -> Response:
    """The answer that a problem is sent as."""
    shown: dict[str, Any] = {
        "type": "about:blank",
        "title": _title(problem.status),
        "status": problem.status,
        "detail": _text(problem.detail),
        "where": _text(problem.where),
        "mend": _text(problem.mend),
    }
    if problem.refusals is not None:
        shown["refusals"] = [
            {"rule": r.rule, "device": r.device, "why": _text(r.why)} for r in problem.refusals
        ]
    headers = {}
    if problem.retry_s is not None:
        headers["Retry-After"] = str(max(1, round(problem.retry_s + 0.5)))
    return JSONResponse(shown, problem.status, headers, media_type=MEDIA)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What the OpenAPI says of these statuses."""
    return {
        status: {
            "description": _title(status),
            "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted(set(statuses))
    }


def handle_problems(app: FastAPI) -> None:
    """Have every error answered as a problem."""

    async def known(_: Request, error: Exception) -> Response:
        return response_of(problem_of(error))

    async def of_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        found = Problem(error.status_code, str(error.detail or _title(error.status_code)))
        answer = response_of(found)
        for name, value in (error.headers or {}).items():
            answer.headers[name] = value
        known = methods_at(request.url.path.removeprefix(ROOT))
        if error.status_code == 405 and known:
            # The framework names those of the first endpoint alone.
            answer.headers["Allow"] = ", ".join(known)
        return answer

    async def of_validation(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return response_of(_unreadable(error.errors()))

    app.add_exception_handler(Problem, known)
    app.add_exception_handler(GridmendError, known)
    app.add_exception_handler(ValidationError, known)
    app.add_exception_handler(Exception, known)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(RequestValidationError, of_validation)


def _unreadable(errors: Iterable[Mapping[str, Any]]) -> Problem:
    listed = list(errors)
    places = [".".join(str(part) for part in error.get("loc", ())) for error in listed]
    said = [
        f"{place}: {error.get('msg', 'not valid')}"
        for place, error in zip(places[:FINDINGS_MOST], listed, strict=False)
    ]
    where = places[0] if places else ""
    return Problem(422, "; ".join(said), where=where, mend="see /api/v1/openapi.json")


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def _text(said: str) -> str:
    """What can be sent: half a Unicode character, which a request may hold, cannot."""
    return said[:LETTERS_MOST].encode("utf-8", "replace").decode()
