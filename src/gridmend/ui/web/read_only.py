"""In front of a recording: whatever would change something is refused, whoever asks.

What only looks, and would tell what is so now, the gate refuses."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from gridmend.ui.web.problems import Problem, response_of
from gridmend.ui.web.table import CHANGES


class ReadOnly:
    """Lets through what only looks."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["method"] in CHANGES:
            refusal = Problem(
                403, "this is a recording, in which nothing can be changed", where=scope["path"],
                mend="open the control room itself: gridmend run",
            )  # fmt: skip
            await response_of(refusal)(scope, receive, send)
            return
        await self.app(scope, receive, send)
