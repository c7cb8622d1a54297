"""The WebSocket of the map: frames out, at most a mode or a resync in."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field

from starlette.websockets import WebSocket, WebSocketDisconnect

from gridmend.runtime.live import Mode
from gridmend.runtime.users.roles import permitted
from gridmend.ui.web import wire
from gridmend.ui.web.feed import woken
from gridmend.ui.web.gate import (
    Staying,
    check_live,
    check_origin,
    check_own_password,
    let_in,
    serving_of,
)
from gridmend.ui.web.problems import Problem, problem_of, response_of
from gridmend.ui.web.serving import Caller, Serving
from gridmend.ui.web.table import SOCKET

MESSAGES_MOST, MESSAGES_S = 20, 10.0
"""What a page may send: so many messages in so long."""
_MODES = {mode.name.lower(): mode.value for mode in Mode}


class Unwelcome(Exception):
    """A message that is none."""


@dataclass(eq=False)
class Looker:
    """One socket: what it looks at, and which view it has; 0 is none."""

    wake: asyncio.Event
    mode: int = Mode.ENERGISED.value
    number: int = 0
    times_s: deque[float] = field(default_factory=lambda: deque(maxlen=MESSAGES_MOST))

    def heed(self, text: str, now_s: float, bytes_most: int) -> None:
        """Do what a message says; `Unwelcome` where it says nothing known, or too often."""
        if len(self.times_s) == MESSAGES_MOST and now_s - self.times_s[0] < MESSAGES_S:
            raise Unwelcome("too many messages")
        self.times_s.append(now_s)
        if len(text.encode("utf-8", "replace")) > bytes_most:
            raise Unwelcome("a message is too long")
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            raise Unwelcome("a message is no JSON") from None
        if not isinstance(said, dict) or len(said) != 1:
            raise Unwelcome("a message says one thing")
        mode = said.get("mode")
        if isinstance(mode, str) and mode in _MODES:
            if self.mode != _MODES[mode]:
                self.mode, self.number = _MODES[mode], 0
        elif said.get("resync") is True:
            self.number = 0
        else:
            raise Unwelcome("a message is not known")
        self.wake.set()


async def state(websocket: WebSocket) -> None:
    """Serve one socket until either side ends it."""
    serving = serving_of(websocket)
    try:
        caller = await _welcomed(serving, websocket)
    except Exception as error:
        await websocket.send_denial_response(response_of(problem_of(error)))
        return
    try:
        await websocket.accept(subprotocol=wire.PROTOCOL)
        with serving.feed.waking() as wake:
            looker = Looker(wake)
            wake.set()
            with suppress(WebSocketDisconnect):
                await _both(
                    _listen(serving, websocket, looker), _show(serving, websocket, looker, caller)
                )
    finally:
        serving.close_socket(caller.session.name)


async def _welcomed(serving: Serving, websocket: WebSocket) -> Caller:
    check_origin(websocket)
    caller = await let_in(serving, websocket)
    check_own_password(websocket, caller, SOCKET)
    held = permitted(caller.session.grants).values()
    if not any(SOCKET.permission in permissions for permissions in held):
        raise Problem(403, f"'{caller.session.name}' has not the permission 'view'")
    check_live(serving, SOCKET)
    if wire.PROTOCOL not in websocket.scope.get("subprotocols", ()):
        raise Problem(400, f"this socket speaks {wire.PROTOCOL}", where="Sec-WebSocket-Protocol")
    if not serving.open_socket(caller.session.name):
        raise Problem(429, "too many sockets are open", mend="close another page", retry_s=5.0)
    return caller


async def _both(*works: Coroutine[None, None, None]) -> None:
    """Until one of them ends; the others are ended then."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for result in ended:
        known = isinstance(result, asyncio.CancelledError | WebSocketDisconnect | OSError)
        if isinstance(result, BaseException) and not known:
            raise result


async def _listen(serving: Serving, websocket: WebSocket, looker: Looker) -> None:
    while True:
        message = await websocket.receive()
        if message["type"] != "websocket.receive":
            return
        try:
            text = message.get("text")
            if text is None:
                raise Unwelcome("a message is text")
            now_s = asyncio.get_running_loop().time()
            looker.heed(text, now_s, serving.patience.message_bytes)
        except Unwelcome as why:
            await websocket.close(1008, str(why))
            return


async def _show(
    serving: Serving, websocket: WebSocket, looker: Looker, caller: Caller
) -> None:  # fmt: skip
    staying = Staying(serving, websocket, caller)
    while not serving.feed.is_over:
        if not await staying.holds():
            await websocket.close(1008, "nobody is logged in any more")
            return
        await websocket.send_bytes(await _next(serving, looker))
        await woken(looker.wake, serving.limits.beat_s)


async def _next(serving: Serving, looker: Looker) -> bytes:
    """What a socket is sent now: a frame where there is a new one for it, else a heartbeat."""
    view, mode = serving.view, looker.mode
    if view.number == looker.number:
        return wire.heartbeat(
            mode=mode, revision=serving.live.geometry.revision, sequence=view.number,
            time_s=view.time_utc.timestamp(),
        )  # fmt: skip
    coded = await serving.channels.coded(view, mode)
    known = looker.number
    message = await serving.channels.message(coded, known)
    if looker.mode == mode and looker.number == known:
        looker.number = coded.number
    return message
