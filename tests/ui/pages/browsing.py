"""A real server with the pages, and a real browser in front of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, sync_playwright

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
]  # fmt: skip
SIZE = {"width": 1600, "height": 900}
WAIT_MS = 20_000
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
SETUP = re.compile(r"http://127\.0\.0\.1:\d+/#/setup\?token=[\w-]+")
LINES_MOST = 50


def chromium() -> str:
    """The browser; the test says that it skips where there is none."""
    named = os.environ.get("GRIDMEND_CHROMIUM")
    found = named or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("no Chromium: apt-get install chromium, or set GRIDMEND_CHROMIUM")
    return found


@dataclass(frozen=True)
class Server:
    """A control room over the twin, in a process of its own; `setup` is its one-time link."""

    url: str
    process: subprocess.Popen[str]
    setup: str = ""


@contextmanager
def server(folder: Path, *, command: str = "run", speed: float = 40) -> Iterator[Server]:
    """A control room that runs until this ends; by `serve`, one without any account yet; by
    `replay`, what a room recorded in the same folder."""
    arguments = [sys.executable, "-m", "gridmend.ui.cli", command, "--port", "0"]
    if command == "replay":
        arguments += [str(folder / "journal.db.recording")]
    else:
        arguments += ["ieee123", "--store", f"sqlite:///{folder / 'journal.db'}"]
    if command == "run":
        arguments += ["--speed", f"{speed:g}"]
    told = subprocess.PIPE
    with subprocess.Popen(arguments, stdout=told, stderr=subprocess.STDOUT, text=True) as run:
        try:
            assert run.stdout
            url = _told(run.stdout, ADDRESS)
            setup = _told(run.stdout, SETUP) if command == "serve" else ""
            yield Server(url, run, setup)
        finally:
            run.terminate()
            try:
                run.wait(timeout=20)
            except subprocess.TimeoutExpired:
                run.kill()


def _told(said: IO[str], wanted: re.Pattern[str]) -> str:
    lines = []
    for _ in range(LINES_MOST):
        line = said.readline()
        if not line:
            break
        lines.append(line)
        found = wanted.search(line)
        if found:
            return found[0]
    raise AssertionError("the server did not start:\n" + "".join(lines))


@dataclass
class Screen:
    """A page in the browser, and all that it asked for and complained about."""

    page: Page
    url: str
    asked: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def at(self, name: str) -> Locator:
        """What has a name for tests."""
        return self.page.locator(f"[data-test={name}]")

    def open(self, route: str = "") -> None:
        """Go to a page, and wait until the feed is live."""
        self.page.goto(f"{self.url}/{route}")
        self.page.wait_for_selector("[data-test=feed-state][data-state=live]", timeout=WAIT_MS)

    def figure(self, name: str) -> float:
        """A figure of the bar at the top; nan where it is a dash."""
        text = self.at(f"figure-{name}").locator("b").inner_text()
        digits = re.sub(r"[^\d.]", "", text)
        return float(digits) if digits else float("nan")

    def until(self, script: str, argument: Any = None, *, wait_ms: float = WAIT_MS) -> None:
        """Wait until a function of the page is true."""
        self.page.wait_for_function(script, arg=argument, timeout=wait_ms)


@contextmanager
def browser(folder: Path) -> Iterator[BrowserContext]:
    """A browser with a profile of its own."""
    with sync_playwright() as run:
        context = run.chromium.launch_persistent_context(
            str(folder / "profile"), executable_path=chromium(), headless=True, args=FLAGS,
            viewport=SIZE,  # type: ignore[arg-type]
        )  # fmt: skip
        context.set_default_timeout(WAIT_MS)
        try:
            yield context
        finally:
            context.close()


def screen(context: BrowserContext, url: str) -> Screen:
    """A new page that writes down what it asks for and what goes wrong."""
    page = context.new_page()
    made = Screen(page, url)
    page.on("request", lambda request: made.asked.append(request.url))
    page.on("websocket", lambda socket: made.asked.append(socket.url))
    page.on("pageerror", lambda error: made.wrong.append(f"error: {error}"))
    page.on(
        "response", lambda got: got.status >= 400 and made.wrong.append(f"{got.status} {got.url}")
    )
    page.on(
        "console",
        # What the software renderer says of its own pace is not ours.
        lambda said: said.type == "error" and "GL Driver" not in said.text
        and made.wrong.append(f"console: {said.text}"),
    )  # fmt: skip
    return made
