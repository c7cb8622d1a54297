"""Server-sent events: what has changed, in words so short that each page reads what it shows."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from gridmend.runtime.live import View
from gridmend.ui.web.feed import woken
from gridmend.ui.web.gate import Calling, Served, Staying, endpoint
from gridmend.ui.web.problems import Problem
from gridmend.ui.web.routes.watching import overview_of
from gridmend.ui.web.serving import Caller, Serving

router = APIRouter(tags=["watching"])
PARTS: tuple[str, ...] = ("alarms", "outages", "orders", "plans", "authority")
MEDIA = "text/event-stream"


@endpoint(
    router, "GET", "/stream",
    response_class=StreamingResponse,
    openapi_extra={"responses": {"200": {"content": {MEDIA: {"schema": {"type": "string"}}}}}},
)  # fmt: skip
async def stream(request: Request, serving: Served, caller: Calling) -> StreamingResponse:
    """`overview` with its figures, and each other part with the number of the view it changed in.

    A comment comes every second, so that silence is seen.
    """
    if not serving.open_socket(caller.session.name):
        raise Problem(429, "too many streams are open", mend="close another page", retry_s=5.0)
    return StreamingResponse(_told(request, serving, caller), media_type=MEDIA)


async def _told(request: Request, serving: Serving, caller: Caller) -> AsyncIterator[bytes]:
    beat_s, staying = serving.limits.beat_s, Staying(serving, request, caller)
    number, seen = 0, dict.fromkeys(PARTS, -1)
    try:
        with serving.feed.waking() as wake:
            while not serving.feed.is_over and await staying.holds():
                view = serving.view
                if view.number != number:
                    number = view.number
                    yield _events(view, seen)
                else:
                    yield b": \n\n"
                await woken(wake, beat_s)
    finally:
        serving.close_socket(caller.session.name)


def _events(view: View, seen: dict[str, int]) -> bytes:
    """What is new in a view for somebody who has seen these generations."""
    said = [_event("overview", view.number, overview_of(view).model_dump_json())]
    for part in PARTS:
        generation = view.generations.get(part, view.number)
        if generation != seen[part]:
            seen[part] = generation
            said.append(_event(part, view.number, json.dumps({"number": view.number})))
    return "".join(said).encode()


def _event(name: str, number: int, data: str) -> str:
    return f"event: {name}\nid: {number}\ndata: {data}\n\n"
