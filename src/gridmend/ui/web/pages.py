"""The pages as they were bundled, and what is said where they are not."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from gridmend.ui.web.table import ROOT, methods_at

FOLDER = Path(__file__).with_name("static")
_NAMED_BY_CONTENT = re.compile(r"[.-][A-Z0-9]{8}\.[a-z0-9]+$")
"""As the bundler names what never changes under its name."""
MISSING = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Gridmend: no pages</title>
<h1>The pages are not built</h1>
<p>This is a checkout without its bundle; the API works: <a href="/api/v1/openapi.json">/api/v1</a>.
<p>Build them once with <code>python pages/build.py</code>, or install a wheel, which has them.
"""


class Pages:
    """Serves the bundle; every other path is not there."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder
        self._files = StaticFiles(directory=folder, html=True, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            raise HTTPException(404)
        if scope["path"].startswith(ROOT + "/"):
            raise HTTPException(405 if methods_at(scope["path"].removeprefix(ROOT)) else 404)
        if not (self.folder / "index.html").is_file():
            if scope["path"] != "/":
                raise HTTPException(404)
            await HTMLResponse(MISSING, 503)(scope, receive, send)
            return
        found = await self._found(scope)
        await found(scope, receive, send)

    async def _found(self, scope: Scope) -> Response:
        try:
            found = await self._files.get_response(self._files.get_path(scope), scope)
        except (ValueError, OSError):
            # A name that no file can have.
            raise HTTPException(404) from None
        is_for_good = _NAMED_BY_CONTENT.search(scope["path"]) is not None
        age = "public, max-age=31536000, immutable" if is_for_good else "no-cache"
        found.headers["Cache-Control"] = age
        return found
