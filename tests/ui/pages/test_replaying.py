"""Back to an outage that is over: every panel shows that time, and no change leaves the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Request

from tests.ui.pages.browsing import Screen, browser, screen, server
from tests.ui.pages.conftest import PAGES
from tests.ui.pages.test_in_browser import pixels
from tests.ui.pages.test_restoring import (
    APPROVED,
    FAULTED,
    STEPS_MOST,
    WAITS_OR_IS_OVER,
    strike_by_mouse,
)

EVERYBODY = 1158
RESTORED_MS = 60_000
REPLAYED = ["map", "alarms", "outages", "restoration", "orders", "oneline", "trends", "replay"]
API = "/api/v1/"
SUPPLY = "document.querySelector('[data-test=device-supply]')"
CUSTOMERS = "document.querySelector('[data-test=figure-customers-out] b').textContent"


@dataclass
class Story:
    """A room in which somebody was out, and is back."""

    url: str
    context: BrowserContext
    folder: Path

    def shown(self) -> Screen:
        made = screen(self.context, self.url)
        made.open()
        return made


@pytest.fixture(scope="module")
def story(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("story")
    with browser(folder) as context, server(folder) as served:
        made = Story(served.url, context, folder)
        shown = made.shown()
        strike_by_mouse(shown)
        shown.until(f"() => {CUSTOMERS} !== '0'")
        shown.page.goto(f"{served.url}/#/restoration")
        for _ in range(STEPS_MOST):
            shown.until(WAITS_OR_IS_OVER, EVERYBODY // 3, wait_ms=RESTORED_MS)
            if shown.figure("customers-out") <= EVERYBODY // 3:
                break
            shown.at("order-approve").first.click()
            shown.until(APPROVED)
        shown.page.close()
        yield made


def enter(shown: Screen) -> None:
    """Into the replay, and to the fault."""
    shown.page.keyboard.press("g")
    shown.page.keyboard.press("p")
    shown.at("scrubber").wait_for()
    go_to_the_fault(shown)


def go_to_the_fault(shown: Screen) -> None:
    shown.page.locator("[data-test=mark][data-kind=fault] [data-test=mark-go]").first.click()
    shown.until(f"() => {CUSTOMERS}.replace(/\\D/g, '') === '{EVERYBODY}'")


def test_map_alarms_outages_and_orders_show_the_time_of_the_outage(story: Story) -> None:
    shown = story.shown()
    assert shown.figure("customers-out") <= EVERYBODY // 3
    enter(shown)
    assert "NOT LIVE – replay of" in shown.at("not-live").inner_text()
    assert shown.at("feed-state").inner_text() == "NOT LIVE"
    at = shown.at("replay-time").get_attribute("aria-valuetext")
    assert at and at in shown.at("not-live").inner_text()
    shown.page.goto(f"{story.url}/#/map")
    shown.page.keyboard.press("1")
    shown.until(f"() => {CUSTOMERS}.replace(/\\D/g, '') === '{EVERYBODY}'")
    dead = pixels(shown)
    assert shown.page.locator("[data-test=alarm][data-state=unacknowledged]").count() > 0
    shown.page.goto(f"{story.url}/#/outages")
    shown.at("outage").first.wait_for()
    assert shown.at("outage-over").count() == 0, "it is not over at that time"
    shown.page.goto(f"{story.url}/#/orders")
    shown.at("page-orders").wait_for()
    assert shown.page.locator("[data-test=order][data-state=completed]").count() == 0
    shown.page.goto(f"{story.url}/#/map")
    shown.page.keyboard.press("Home")
    shown.until(f"() => {CUSTOMERS} === '0'")
    alive = pixels(shown)
    assert np.abs(dead - alive).max(axis=2)[100:500].mean() > 0.05, "the map is another then"
    assert shown.at("alarm").count() == 0
    assert shown.wrong == []
    shown.page.close()


def test_the_device_at_hand_shows_what_it_carried_then_under_its_short_name(story: Story) -> None:
    shown = story.shown()
    enter(shown)
    shown.page.goto(f"{story.url}/#/map/{FAULTED.upper()}")
    shown.until(f"() => {SUPPLY}?.textContent === 'de-energised'")
    assert shown.at("device-current").inner_text().startswith("0.0\u00a0A"), "nothing flows"
    assert shown.at("device-voltage").inner_text() == "–"
    shown.page.keyboard.press("Home")
    shown.until(f"() => {SUPPLY}?.textContent === 'energised'")
    current = shown.at("device-current").inner_text()
    assert float(current.split("\u00a0")[0].replace("\u202f", "")) > 1
    assert "pu" in shown.at("device-voltage").inner_text()
    shown.page.goto(f"{story.url}/#/map/nowhere")
    shown.page.locator("[data-test=device-then] [role=alert]").wait_for()
    shown.page.close()


def test_nothing_leaves_the_page_in_a_replay_and_going_back_is_seen(story: Story) -> None:
    shown = story.shown()
    changes: list[str] = []

    def heard(request: Request) -> None:
        if request.method != "GET":
            changes.append(f"{request.method} {request.url}")

    shown.page.on("request", heard)
    enter(shown)
    for route in REPLAYED:
        shown.page.goto(f"{story.url}/#/{route}")
        shown.at(f"page-{route}").wait_for()
        assert shown.at("not-live").count() == 1, f"{route} does not say that it is not live"
        for name in ("acknowledge", "plan-now", "plan-again", "plan-order", "order-new",
                     "order-approve", "order-abort", "take-authority", "strike"):  # fmt: skip
            for control in shown.at(name).all():
                assert control.is_disabled(), f"{route}: {name} can be done in the past"
    for key in ("a", "Shift+A", "s"):
        shown.page.keyboard.press(key)
    # Whatever calls it: what would change something is refused before it leaves.
    shown.at("log-out").click()
    shown.at("note").filter(has_text="replay").wait_for()
    assert changes == []
    shown.page.goto(f"{story.url}/#/handover")
    shown.at("of-now").wait_for()
    shown.page.goto(f"{story.url}/#/map")
    shown.at("back-to-live").click()
    shown.at("not-live").wait_for(state="detached")
    assert shown.at("feed-state").inner_text() == "LIVE"
    shown.until(f"() => Number({CUSTOMERS}.replace(/\\D/g, '')) <= {EVERYBODY // 3}")
    shown.page.get_by_text("Live again").wait_for()
    assert shown.at("acknowledge").count() == 1 and shown.at("scrubber").count() == 0
    assert shown.wrong == []
    shown.page.close()


def test_a_replay_plays_steps_from_mark_to_mark_and_is_driven_by_keys(story: Story) -> None:
    shown = story.shown()
    enter(shown)
    kinds = [one.get_attribute("data-kind") for one in shown.at("mark").all()]
    assert kinds[0] == "trip" and {"fault", "plan", "approval", "restored"} <= set(kinds)

    def now() -> float:
        return float(shown.at("replay-time").input_value())

    shown.at("replay-time").focus()
    shown.page.keyboard.press("Home")
    first = now()
    shown.page.keyboard.press("ArrowRight")
    assert now() == first + 10_000
    shown.page.keyboard.press("Shift+ArrowRight")
    assert now() == first + 70_000
    times = [now() for _ in (1, 2) if shown.page.keyboard.press(".") is None]
    shown.page.keyboard.press(",")
    assert now() == times[0] < times[1]
    shown.page.keyboard.press("End")
    assert now() == float(shown.at("replay-time").get_attribute("max") or 0)
    shown.page.keyboard.press("Home")
    shown.at("replay-pace").select_option("600")
    shown.at("replay-play").click()
    shown.until(f"() => Number(document.querySelector('[data-test=replay-time]').value) > {first}")
    shown.at("replay-play").click()
    shown.until("() => document.querySelector('[data-test=replay-play]').innerText === 'Play'")
    shown.page.close()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_nothing_serious_in_a_replay(story: Story, theme: str) -> None:
    axe = (PAGES / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    shown = story.shown()
    if theme == "light":
        shown.at("theme").click()
    enter(shown)
    found = {}
    for route in [*REPLAYED, "handover"]:
        shown.page.goto(f"{story.url}/#/{route}")
        shown.at(f"page-{route}").wait_for()
        shown.page.evaluate(axe)
        told: list[dict[str, Any]] = shown.page.evaluate(
            "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
        )
        grave = [
            f"{each['id']}: {each['nodes'][0]['html'][:160]}"
            for each in told
            if each["impact"] in ("serious", "critical")
        ]
        if grave:
            found[route] = grave
    shown.page.evaluate("() => localStorage.clear()")
    shown.page.close()
    assert not found, found


def test_what_the_pages_show_is_what_the_api_says_was_shown(story: Story) -> None:
    shown = story.shown()
    enter(shown)
    at = int(float(shown.at("replay-time").input_value()))
    time = shown.page.evaluate("ms => new Date(ms).toISOString()", at)
    said = shown.page.evaluate(
        "async time => (await fetch(`/api/v1/replay/panels?time=${time}`)).json()",
        time,
    )
    assert shown.figure("customers-out") == said["overview"]["customers_out"]
    assert shown.figure("load") == pytest.approx(said["overview"]["load_kw"], abs=1)
    shown.page.goto(f"{story.url}/#/alarms")
    assert shown.at("alarm").count() == len(said["alarms"]["alarms"])
    shown.page.close()


OF_THE_PAST = ("session", "network", "network/names", "network/geometry", "network/search",
               "network/oneline", "network/substations", "trends", "replay")  # fmt: skip


def test_a_recording_alone_is_shown_on_every_page_and_asked_for_nothing_of_now(
    story: Story,
) -> None:
    with server(story.folder, command="replay") as served:
        shown = screen(story.context, served.url)
        # Straight to a device: not even the first look may be at now.
        shown.page.goto(f"{served.url}/#/map/line.{FAULTED}")
        shown.at("device-then").wait_for()
        shown.at("scrubber").wait_for()
        assert shown.at("back-to-live").count() == 0
        shown.page.goto(f"{served.url}/#/replay")
        go_to_the_fault(shown)
        shown.page.goto(f"{served.url}/#/map/line.{FAULTED}")
        shown.until(f"() => {SUPPLY}?.textContent === 'de-energised'")
        for route in [*REPLAYED, "journal", "handover", "reports"]:
            shown.page.goto(f"{served.url}/#/{route}")
            shown.at(f"page-{route}").wait_for()
            assert shown.at("not-live").count() == 1, route
            assert shown.figure("customers-out") == EVERYBODY
        asked = {urlsplit(url).path.removeprefix("/api/v1/") for url in shown.asked if API in url}
        strange = {path for path in asked if not path.startswith(OF_THE_PAST)}
        assert not strange, "of now, or not there"
        assert not [path for path in asked if path.endswith("/figures")]
        assert "replay/panels" in asked and "network/substations" in asked
        assert shown.wrong == []
        shown.page.close()
