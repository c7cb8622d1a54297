from __future__ import annotations

import io
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Route

from tests.ui.pages.browsing import Screen, Server, browser, screen, server
from tests.ui.pages.conftest import PAGES

ROUTES = [
    "map", "oneline", "alarms", "outages", "restoration", "orders", "trends", "journal",
    "replay", "handover", "der", "planner", "reports",
]  # fmt: skip
SWITCH = "sw3"


@pytest.fixture(scope="module")
def served(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server(tmp_path_factory.mktemp("server"), speed=1) as running:
        yield running


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture
def shown(context: BrowserContext, served: Server) -> Iterator[Screen]:
    made = screen(context, served.url)
    yield made
    made.page.evaluate("() => localStorage.clear()")
    made.page.close()


def pixels(shown: Screen) -> np.ndarray:
    """The map as it is on the screen, without the feed in the middle of a frame."""
    image = Image.open(io.BytesIO(shown.at("map").screenshot()))
    return np.asarray(image.convert("RGB"), float)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_network_is_drawn_and_not_a_blank_sheet(shown: Screen, theme: str) -> None:
    shown.open()
    if theme == "light":
        shown.at("theme").click()
    shown.page.keyboard.press("0")
    drawn = pixels(shown)[120:500, 500:1000]
    ground = np.median(drawn.reshape(-1, 3), axis=0)
    away = np.abs(drawn - ground).max(axis=2) > 30
    assert (ground.mean() < 60) == (theme == "dark")
    assert 0.005 < away.mean() < 0.5, "lines cover a little of the map, and not nothing"
    shown.page.keyboard.press("7")
    shown.page.wait_for_selector("[data-test=mode-feeder][aria-checked=true]")
    assert shown.wrong == []


def test_a_feed_that_stands_still_is_seen_to_within_two_seconds_and_a_bit(
    shown: Screen, served: Server
) -> None:
    shown.open()
    # Looked at often enough to say when it was first seen.
    shown.page.evaluate("""() => { window.staleAt = 0; const began = performance.now();
      const look = setInterval(() => { if (document.querySelector('[data-test=stale]')) {
        window.staleAt = performance.now() - began; clearInterval(look); } }, 20); }""")
    served.process.send_signal(signal.SIGSTOP)
    try:
        shown.at("stale").wait_for()
        assert "NO LIVE DATA" in shown.at("stale").inner_text()
        assert shown.at("feed-state").inner_text() == "STALE"
        assert shown.page.locator("header.top[data-stale=yes]").count() == 1
        assert shown.page.evaluate("() => window.staleAt") < 5_000, "two seconds, on a busy machine"
    finally:
        served.process.send_signal(signal.SIGCONT)
    shown.page.wait_for_selector("[data-test=feed-state][data-state=live]")
    shown.at("stale").wait_for(state="detached")


def select(shown: Screen) -> None:
    """Pick the switch, take the say, and select it to be opened."""
    pick_and_select(shown)
    shown.at("look-ahead").wait_for()


def pick_and_select(shown: Screen) -> None:
    shown.page.keyboard.press("Control+k")
    shown.at("search").fill(SWITCH)
    shown.at("search-hit").first.click()
    shown.at("operation").wait_for()
    if shown.at("take-authority").count():
        shown.at("take-authority").click()
    shown.at("operate-reason").fill("test of the pages")
    shown.at("select-open").click()


def position(shown: Screen) -> str:
    return shown.at("device-position").inner_text()


def test_a_device_is_selected_looked_ahead_and_left_alone(shown: Screen) -> None:
    shown.open()
    select(shown)
    assert "customers" in shown.at("look-ahead").inner_text()
    assert "left" in shown.at("select-left").inner_text()
    shown.page.keyboard.press("Escape")
    shown.at("operate").wait_for(state="detached")
    assert position(shown) == "closed"
    assert shown.wrong == []


def test_escape_lets_go_of_the_select_however_soon_it_is_pressed(shown: Screen) -> None:
    shown.open()
    shown.page.evaluate("""() => new MutationObserver((_, watch) => {
      if (!document.querySelector('[data-test=look-ahead]')) return;
      watch.disconnect(); window.escaped = true;
      dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }));
    }).observe(document.body, { childList: true, subtree: true })""")
    pick_and_select(shown)
    shown.page.wait_for_function("() => window.escaped")
    shown.at("look-ahead").wait_for(state="detached")
    assert position(shown) == "closed", "the select is let go of, the device is still at hand"


def test_a_reload_in_the_middle_of_a_select_operates_nothing(shown: Screen) -> None:
    shown.open()
    select(shown)
    shown.page.reload()
    shown.open(f"#/map/{SWITCH}")
    shown.at("device-position").wait_for()
    assert position(shown) == "closed"
    assert shown.at("operated").count() == 0
    # a dash until the state has come
    shown.at("figure-customers-out").locator("b", has_text=re.compile(r"\d")).wait_for()
    assert shown.figure("customers-out") == 0


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_nothing_serious_on_any_page(shown: Screen, theme: str) -> None:
    axe = (PAGES / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    shown.open()
    if theme == "light":
        shown.at("theme").click()
    found = {}
    for route in ROUTES:
        shown.page.goto(f"{shown.url}/#/{route}")
        shown.at(f"page-{route}").wait_for()
        shown.page.wait_for_load_state("networkidle") if route == "trends" else None
        shown.page.evaluate(axe)
        told = shown.page.evaluate(
            "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
        )
        grave = [
            f"{each['id']}: {each['nodes'][0]['html'][:160]} ({len(each['nodes'])})"
            for each in told
            if each["impact"] in ("serious", "critical")
        ]
        if grave:
            found[route] = grave
    assert not found, found


def test_every_page_opens_by_its_keys_without_a_complaint(shown: Screen) -> None:
    first, *others = zip(ROUTES, "moaurstjphdlf", strict=True)
    shown.open()
    # The map is there at the beginning: its key is seen to work at the end.
    for route, key in [*others, first]:
        shown.page.keyboard.press("g")
        shown.page.keyboard.press(key)
        shown.at(f"page-{route}").wait_for()
    shown.page.keyboard.press("?")
    shown.at("keys").wait_for()
    shown.page.keyboard.press("Escape")
    shown.at("keys").wait_for(state="hidden")
    assert shown.wrong == []


def test_a_device_is_operated_and_read_back(shown: Screen) -> None:
    shown.open()
    select(shown)
    shown.at("operate").click()
    shown.page.wait_for_selector("[data-test=operated][data-outcome=confirmed]")
    shown.at("operate-done").click()
    shown.until(
        "() => document.querySelector('[data-test=device-position]').textContent === 'open'"
    )
    shown.until(
        "() => document.querySelector('[data-test=figure-customers-out] b').textContent !== '0'"
    )
    shown.at("device-marks").get_by_text("not in its normal position").wait_for()
    assert shown.wrong == []


def test_what_the_room_is_not_certain_of_is_on_the_screen(shown: Screen) -> None:
    doubts = ["sw3 was not heard for 40 s", "the recording lags"]

    def doubting(route: Route) -> None:
        told = route.fetch()
        route.fulfill(response=told, json=told.json() | {"unsure": doubts})

    shown.page.route("**/api/v1/overview", doubting)
    shown.page.route("**/api/v1/stream", lambda route: route.abort())
    shown.open()
    assert "2 things are not certain" in shown.at("unsure-open").inner_text()
    shown.at("unsure-open").focus()
    shown.page.keyboard.press("Enter")
    for doubt in doubts:
        shown.page.get_by_text(doubt).wait_for()
