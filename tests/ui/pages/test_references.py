"""Pictures of the pages that are kept beside the tests, and compared with what is drawn now."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from playwright.sync_api import BrowserContext, Route

from tests.ui.pages.browsing import Screen, browser, screen, server

FOLDER = Path(__file__).with_name("references")
IS_WRITING = os.environ.get("GRIDMEND_REFERENCES") == "write"
SIZE = (1280, 720)
LARGEST_BYTES = 120_000
REDUCED = 2
BLUR_PX = 1.5
FURTHEST = 14
"""How far a colour may be from that of the reference, of 255, in the worst channel."""
SHARE_PCT = 0.5
"""How much of a picture may be further away."""
SWITCH = "sw3"

# Fonts differ between machines, and the clock and the load from one run to the next.
STILL = """
* { -webkit-text-fill-color: transparent !important; caret-color: transparent !important;
    animation: none !important; transition: none !important; }
svg text { fill: transparent !important; }
canvas.names, .figures, .counts, .clock, .status > span { visibility: hidden !important; }
"""
FONTS = [
    "* { font-family: serif !important; }",
    "* { font-family: monospace !important; letter-spacing: -0.08em; }",
]
LOOKS = [
    "canvas.net { visibility: hidden; }",
    "canvas.net { translate: 6px 0; }",
    ":root { --panel: #5a3030 !important; }",
    ".rail { display: none !important; }",
]
PIN = """(css) => { const sheet = new CSSStyleSheet(); sheet.replaceSync(css);
  document.adoptedStyleSheets = [sheet]; }"""
SEND = """async ([path, body]) => {
  const { csrf } = await (await fetch('/api/v1/session')).json();
  const answer = await fetch('/api/v1' + path, { method: 'POST', body: JSON.stringify(body),
    headers: { 'X-CSRF': csrf, 'Content-Type': 'application/json' } });
  if (!answer.ok) throw new Error(path + ': ' + await answer.text());
  return answer.json(); }"""


def alarm(priority: int, state: str = "unacknowledged") -> dict[str, object]:
    return {
        "id": f"{state}-{priority}", "priority": priority, "condition": "loading_high",
        "device": f"line.l{50 + priority}", "what": "loaded beyond its rating",
        "value": 100 + priority, "limit": 100, "unit": "%", "area": "123",
        "raised": f"2030-01-01T12:0{priority}:00+00:00", "cleared": None, "state": state,
        "acknowledged_by": "operator", "shelved_until": "2030-01-01T13:00:00+00:00",
        "shelved_reason": "known", "group": None, "count": 1,
    }  # fmt: skip


ALARMS = {
    "alarms": [*(alarm(priority) for priority in range(1, 5)), alarm(2, "acknowledged"),
               alarm(3, "shelved")],
    "flood": False,
    "rate": {"per_10_min": 4, "target": 1},
}  # fmt: skip


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture(scope="module")
def still(
    bundle: Path, context: BrowserContext, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Screen]:
    """A room in which one switch was opened before time was stopped."""
    with server(tmp_path_factory.mktemp("server"), speed=1) as running:
        made = screen(context, running.url)
        width, height = SIZE
        made.page.set_viewport_size({"width": width, "height": height})

        def told(route: Route) -> None:
            route.fulfill(body=json.dumps(ALARMS), content_type="application/json")

        made.page.route("**/api/v1/alarms", told)
        made.open()
        send(made, "/areas/-/authority")
        asked = {"action": "open", "value": None, "reason": "for the picture"}
        held = send(made, f"/devices/{SWITCH}/select", asked)
        done = send(made, f"/selects/{held['select']}/operate", {"command": "for-the-picture"})
        assert done["outcome"] == "confirmed"
        made.until(
            "() => document.querySelector('[data-test=figure-customers-out] b').textContent !== '0'"
        )
        send(made, "/exercise/speed", {"speed": 0})
        yield made
        made.page.close()


def send(shown: Screen, path: str, body: dict[str, object] | None = None) -> dict[str, str]:
    return shown.page.evaluate(SEND, [path, body or {}])


def turn_to(shown: Screen, name: str, theme: str) -> None:
    """Open a page in a theme, and wait until it shows what it has to."""
    shown.page.evaluate("(theme) => localStorage.setItem('gridmend.theme', theme)", theme)
    # Another address, or else the browser only moves within the page.
    shown.page.goto("about:blank")
    with shown.page.expect_websocket() as socket:
        shown.open(f"#/{name}")
    shown.at(f"page-{name}").wait_for()
    shown.until("() => document.querySelectorAll('[data-test=alarm]').length === 6")
    if name == "map":
        with socket.value.expect_event("framereceived", is_energised):
            shown.page.keyboard.press("1")


def is_energised(frame: bytes | str) -> bool:
    """Whether a frame is a state, and no heartbeat, of the mode that no load changes."""
    return isinstance(frame, bytes) and frame[4] < 3 and frame[5] == 0


def picture(shown: Screen, style: str = "") -> Image.Image:
    """The first of two looks in a row that are alike, as it is drawn when the browser has time."""
    shown.page.evaluate(PIN, STILL + style)
    last = b""
    for _ in range(20):
        now = shown.page.screenshot(animations="disabled")
        if now == last:
            return Image.open(io.BytesIO(now)).convert("RGB")
        last = now
        shown.page.evaluate("() => new Promise((done) => setTimeout(done, 200))")
    raise AssertionError("the picture does not come to rest")


def apart_pct(one: Image.Image, other: Image.Image) -> float:
    """How much of two pictures differs, once what is finer than a letter's edge is gone [%]."""
    soft = [
        np.asarray(each.reduce(REDUCED).filter(ImageFilter.GaussianBlur(BLUR_PX)), np.int16)
        for each in (one, other)
    ]
    return 100 * float((np.abs(soft[0] - soft[1]).max(axis=2) > FURTHEST).mean())


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("name", ["map", "alarms"])
def test_a_page_looks_as_its_reference_does(still: Screen, name: str, theme: str) -> None:
    path = FOLDER / f"{name}-{theme}.png"
    turn_to(still, name, theme)
    drawn = picture(still)
    if IS_WRITING:
        drawn.save(path, optimize=True)
    assert path.is_file(), "made by GRIDMEND_REFERENCES=write, and kept once it was looked at"
    assert path.stat().st_size < LARGEST_BYTES
    with Image.open(path) as kept:
        assert kept.size == drawn.size == SIZE
        found_pct = apart_pct(kept.convert("RGB"), drawn)
    assert found_pct < SHARE_PCT, (
        f"{path.name}: {found_pct:.2f} % of it is another colour; where that is meant, look at "
        "what GRIDMEND_REFERENCES=write makes of it, and keep that"
    )
    assert still.wrong == []


def test_another_font_is_no_difference_and_another_look_is(still: Screen) -> None:
    turn_to(still, "map", "dark")
    with Image.open(FOLDER / "map-dark.png") as file:
        kept = file.convert("RGB")
    for style in FONTS:
        assert apart_pct(kept, picture(still, style)) < SHARE_PCT, style
    for style in LOOKS:
        assert apart_pct(kept, picture(still, style)) >= SHARE_PCT, style


def test_the_line_to_an_open_switch_is_dead_on_the_side_that_is(still: Screen) -> None:
    still.open("#/oneline")
    edges = still.at("oneline")
    halves = edges.locator(f"[data-key={SWITCH}] path.edge")
    still.until("(key) => document.querySelector(`[data-key=${key}] .edge.dead`) !== null", SWITCH)
    dead = [" dead" in str(each.get_attribute("class")) for each in halves.all()]
    assert dead == [False, True], "live from the supply to the switch, and dead behind it"
    label = str(edges.locator(f"[data-key={SWITCH}]").get_attribute("aria-label"))
    assert "open" in label and "de-energised on one side" in label
    supplied = edges.locator("[data-key=sw1] path.edge.dead, [data-key=sw2] path.edge.dead")
    assert supplied.count() == 0
