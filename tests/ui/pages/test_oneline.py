"""One-line diagrams in a browser: by keyboard alone, without a word over another, and live."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from tests.ui.pages.browsing import Screen, browser, screen, server
from tests.ui.pages.conftest import PAGES

STATION, FEEDER = "#/oneline/substation%2F150", "#/oneline/feeder%2F123"
TEXTS = """() => [...document.querySelectorAll('.oneline text')].map((text) => {
  const { x, y, width, height } = text.getBBox();
  return [text.textContent, x, y, width, height]; })"""
FOCUSED = "() => document.activeElement?.getAttribute('aria-label') ?? ''"
STOPS_MOST = 60


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture(scope="module")
def shown(
    bundle: Path, context: BrowserContext, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Screen]:
    with server(tmp_path_factory.mktemp("server"), speed=1) as running:
        made = screen(context, running.url)
        yield made
        made.page.close()


def turn_to(shown: Screen, route: str) -> None:
    shown.page.goto("about:blank")
    shown.open(route)
    shown.at("oneline-said").wait_for()
    shown.until("() => !document.querySelector('.oneline [aria-label*=\"not known\"]')")


@pytest.mark.parametrize("route", [STATION, FEEDER])
def test_no_word_of_a_diagram_is_over_another_as_the_browser_draws_it(
    shown: Screen, route: str
) -> None:
    turn_to(shown, route)
    texts = shown.page.evaluate(TEXTS)
    assert len(texts) > 8
    # A line of text is higher than its letters.
    slack_px = 3.0
    over = [
        (one[0], other[0])
        for one, other in combinations(texts, 2)
        if one[1] < other[1] + other[3] and other[1] < one[1] + one[3]
        and one[2] + slack_px < other[2] + other[4] and other[2] + slack_px < one[2] + one[4]
    ]  # fmt: skip
    assert over == []
    assert any(" A  " in text[0] and "kW" in text[0] for text in texts)


def test_everything_of_a_substation_is_reached_by_keyboard_and_leads_on(shown: Screen) -> None:
    turn_to(shown, STATION)
    shown.at("oneline").focus()
    stops: list[str] = []
    for _ in range(STOPS_MOST):
        shown.page.keyboard.press("Tab")
        stops.append(shown.page.evaluate(FOCUSED))
        if stops[-1].startswith("Sw1 breaker"):
            break
    for wanted in ("123: one-line of feeder 123", "Sw9 tie: open", "reg1a regulator"):
        assert wanted in stops
    shown.page.keyboard.press("Enter")
    shown.at("page-map").wait_for()
    shown.at("device-title").get_by_text("sw1").wait_for()
    turn_to(shown, STATION)
    shown.at("oneline-feeder-link").focus()
    shown.page.keyboard.press("Enter")
    shown.page.wait_for_selector("[data-test=oneline-edge][data-key=sw2]")
    shown.at("oneline-beside").get_by_text("150").click()
    shown.at("oneline-bay").wait_for()
    assert shown.wrong == []


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_nothing_serious_on_a_substation(shown: Screen, theme: str) -> None:
    shown.page.evaluate("(theme) => localStorage.setItem('gridmend.theme', theme)", theme)
    turn_to(shown, STATION)
    shown.page.evaluate((PAGES / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8"))
    told = shown.page.evaluate(
        "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
    )
    assert [one["id"] for one in told if one["impact"] in ("serious", "critical")] == []


def test_an_opened_head_is_seen_on_the_bay_with_who_is_out(shown: Screen) -> None:
    turn_to(shown, STATION)
    customers = str(shown.at("oneline-bay").text_content()).split(" customers")[0]
    assert "none out" in str(shown.at("oneline-bay").text_content())
    send = """async ([path, body]) => {
      const { csrf } = await (await fetch('/api/v1/session')).json();
      const answer = await fetch('/api/v1' + path, { method: 'POST', body: JSON.stringify(body),
        headers: { 'X-CSRF': csrf, 'Content-Type': 'application/json' } });
      return answer.json(); }"""
    shown.page.evaluate(send, ["/areas/-/authority", {}])
    asked = {"action": "open", "value": None, "reason": "for the test"}
    held = shown.page.evaluate(send, ["/devices/sw1/select", asked])
    command = {"command": "open-the-head"}
    done = shown.page.evaluate(send, [f"/selects/{held['select']}/operate", command])
    assert done["outcome"] == "confirmed"
    shown.until(
        "() => /\\d out/.test(document.querySelector('[data-test=oneline-bay]').textContent)"
    )
    text = str(shown.at("oneline-bay").text_content())
    assert "de-energised" in text and customers.split()[-1] in text
    label = shown.page.locator("[data-key=sw1]").get_attribute("aria-label")
    assert label and "open" in label and "not in its normal position" in label
