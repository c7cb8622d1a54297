from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.ui.pages.browsing import Screen, browser, screen, server

RESTORED_MS = 60_000
STEPS_MOST = 20
FAULTED = "l52"

WAITS_OR_IS_OVER = """(limit) => {
  const out = document.querySelector('[data-test=figure-customers-out] b')?.textContent ?? '';
  const approve = document.querySelector('[data-test=order-approve]:not(:disabled)');
  return approve !== null || Number(out.replace(/\\D/g, '')) <= limit;
}"""
APPROVED = """() => document.querySelector('[data-test=order-approve]') === null"""


def strike_by_mouse(shown: Screen) -> None:
    shown.at("open-search").click()
    shown.at("search").fill(FAULTED)
    shown.at("search-hit").first.click()
    shown.at("strike").click()
    shown.at("asked-act").click()


def strike_by_keyboard(shown: Screen) -> None:
    keys = shown.page.keyboard
    keys.press("Control+k")
    shown.at("search").wait_for()
    keys.type(FAULTED)
    shown.at("search-hit").first.wait_for()
    keys.press("Enter")
    shown.at("strike").wait_for()
    tab_to(shown, "strike")
    keys.press("Enter")
    shown.at("asked-act").wait_for()
    tab_to(shown, "asked-act")
    keys.press("Enter")


def tab_to(shown: Screen, name: str) -> None:
    """Go on with Tab until what has a name has the focus, and is seen to have it."""
    focused = "() => document.activeElement?.getAttribute('data-test')"
    for _ in range(150):
        if shown.page.evaluate(focused) == name:
            ring = shown.page.evaluate(
                "() => getComputedStyle(document.activeElement).outlineStyle"
            )
            assert ring not in ("none", ""), f"{name}: the focus is not seen"
            return
        shown.page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not come to {name}")


def acknowledge_by_mouse(shown: Screen) -> None:
    shown.at("acknowledge").click()


def acknowledge_by_keyboard(shown: Screen) -> None:
    shown.page.keyboard.press("Shift+A")


def approve_by_mouse(shown: Screen) -> None:
    shown.at("order-approve").first.click()


def approve_by_keyboard(shown: Screen) -> None:
    tab_to(shown, "order-approve")
    shown.page.keyboard.press("Enter")


def go_by_mouse(shown: Screen, page: str) -> None:
    shown.at(f"go-{page}").click()


def go_by_keyboard(shown: Screen, page: str) -> None:
    shown.page.keyboard.press("g")
    shown.page.keyboard.press({"outages": "u", "restoration": "r", "map": "m"}[page])


BY = {
    "mouse": (strike_by_mouse, acknowledge_by_mouse, go_by_mouse, approve_by_mouse),
    "keyboard": (strike_by_keyboard, acknowledge_by_keyboard, go_by_keyboard, approve_by_keyboard),
}


@pytest.mark.parametrize("by", BY)
def test_from_a_fault_to_supply_restored(by: str, bundle: Path, tmp_path: Path) -> None:
    strike, acknowledge, go, approve = BY[by]
    with browser(tmp_path) as context, server(tmp_path) as served:
        shown = screen(context, served.url)
        shown.open()
        assert shown.at("demonstration").inner_text() == "DEMONSTRATION – simulated field"
        assert shown.figure("customers-out") == 0

        strike(shown)
        shown.at("alarm").first.wait_for()
        shown.page.locator("[data-test=alarm][data-priority='1']").first.wait_for()
        everybody = 1158
        shown.until(
            "() => document.querySelector('[data-test=figure-customers-out] b').textContent !== '0'"
        )
        assert shown.figure("customers-out") == everybody
        acknowledge(shown)
        shown.page.locator("[data-test=alarm][data-state=acknowledged]").first.wait_for()

        go(shown, "outages")
        shown.at("outage").first.wait_for()
        go(shown, "restoration")
        shown.at("plan").first.wait_for()
        assert shown.at("plan-steps").first.locator("li").count() > 0
        assert shown.figure("customers-out") == everybody, "nothing is operated before approval"
        for _ in range(STEPS_MOST):
            shown.until(WAITS_OR_IS_OVER, everybody // 3, wait_ms=RESTORED_MS)
            if shown.figure("customers-out") <= everybody // 3:
                break
            approve(shown)
            shown.until(APPROVED)
        assert shown.figure("customers-out") <= everybody // 3

        go(shown, "map")
        shown.at("map-canvas").wait_for()
        assert shown.wrong == []
        machines = {urlsplit(asked).hostname for asked in shown.asked}
        assert machines == {"127.0.0.1"}, "a request left this machine"
