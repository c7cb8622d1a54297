"""Pages as a printer lays them out: paper is white, and takes no canvas of WebGL."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.ui.pages.browsing import Screen, browser, screen, server

A4_PX = 718
"""Between the margins, at 96 points an inch."""


@pytest.fixture(scope="module")
def shown(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    folder = tmp_path_factory.mktemp("paper")
    with browser(folder) as context, server(folder, speed=40) as served:
        yield screen(context, served.url)


def on_paper(shown: Screen, *, starts: bool) -> None:
    """What Chromium does around a printing, which `emulate_media` alone does not."""
    shown.page.evaluate(f"() => dispatchEvent(new Event('{'before' if starts else 'after'}print'))")
    shown.page.emulate_media(media="print" if starts else "screen")


def test_the_map_is_printed_on_white_with_its_mode_and_time(shown: Screen) -> None:
    shown.open()
    assert not shown.at("map-paper").is_visible()
    on_paper(shown, starts=True)
    image = Image.open(io.BytesIO(shown.at("map-paper").screenshot()))
    drawn = np.asarray(image.convert("RGB"), float)
    assert np.median(drawn) == 255, "white, in the dark theme too"
    assert 0.003 < (drawn.min(axis=2) < 200).mean() < 0.5, "and not a blank sheet"
    assert shown.at("paper-title").inner_text().startswith("Voltage, 20")
    assert shown.at("legend").is_visible() and not shown.at("map-canvas").is_visible()
    on_paper(shown, starts=False)
    assert shown.at("map-canvas").is_visible() and not shown.at("map-paper").is_visible()
    assert shown.page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_a_trend_fits_the_sheet(shown: Screen) -> None:
    shown.page.goto(f"{shown.page.url.partition('#')[0]}#/trends")
    shown.at("chart").first.wait_for()
    wide = shown.page.locator("[data-test=chart] canvas").first
    assert wide.bounding_box()["width"] > A4_PX  # type: ignore[index]
    on_paper(shown, starts=True)
    assert wide.bounding_box()["width"] < A4_PX  # type: ignore[index]
    on_paper(shown, starts=False)
    assert wide.bounding_box()["width"] > A4_PX  # type: ignore[index]


def test_a_long_table_begins_on_the_first_sheet(shown: Screen) -> None:
    shown.page.goto(f"{shown.page.url.partition('#')[0]}#/journal")
    shown.page.locator(".card table").first.wait_for()
    on_paper(shown, starts=True)
    kept = shown.page.evaluate(
        "getComputedStyle(document.querySelector('.card:has(table)')).breakInside"
    )
    on_paper(shown, starts=False)
    assert kept == "auto"
