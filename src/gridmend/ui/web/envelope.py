"""What stands around every request and answer: bodies within bounds, and security headers."""

from __future__ import annotations

import asyncio

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gridmend.ui.web.patience import Patience
from gridmend.ui.web.problems import Problem, response_of

POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_YEAR_S = 31_536_000


class Envelope:
    """Reads each body whole before anything else is done, and puts headers on each answer."""

    def __init__(self, app: ASGIApp, *, patience: Patience, secure: bool) -> None:
        self.app, self.patience = app, patience
        self.headers = dict(HEADERS)
        if secure:
            self.headers["Strict-Transport-Security"] = f"max-age={_YEAR_S}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    found.setdefault(name, value)
                found.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            body = await self._body(scope, receive)
        except Problem as problem:
            answer = response_of(problem)
            # What is left of the body is not read, so the connection cannot go on.
            answer.headers["Connection"] = "close"
            await answer(scope, receive, with_headers)
            return
        if body is None:
            return
        given = False

        async def whole() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, whole, with_headers)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        """The body; None where who sent it is gone."""
        most = self.patience.body_bytes
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if length.isdigit() and int(length[:20]) > most:
            raise _too_long(most)
        parts: list[bytes] = []
        size, more = 0, True
        try:
            async with asyncio.timeout(self.patience.body_s):
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > most:
                        raise _too_long(most)
                    more = message.get("more_body", False)
        except TimeoutError:
            raise Problem(408, "the request did not come to its end in time") from None
        return b"".join(parts)


def _too_long(most: int) -> Problem:
    return Problem(413, f"a request has at most {most:,} bytes", mend="send less at a time")
