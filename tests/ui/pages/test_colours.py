from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest

from tests.ui.pages.colour_sight import (
    DEUTERANOPIA,
    PROTANOPIA,
    apart,
    contrast,
    lab,
    linear,
    seen,
)
from tests.ui.pages.conftest import PAGES, Asking

SIGHTS = {"usual": np.eye(3), "deuteranopia": DEUTERANOPIA, "protanopia": PROTANOPIA}
MEANING = ("normal", "low", "high", "p1", "p2", "p3", "p4", "stale")
LEAST_APART = 10.0
"""CIEDE2000 at which two colours beside each other are taken for different at a glance."""
THEMES = ("dark", "light")
TEXT, SIGN = 4.5, 3.0
"""Least contrast of text, and of what else must be seen (WCAG 2.2, AA)."""


@pytest.mark.parametrize("pair", [
    # Sharma, Wu & Dalal, Color Res. Appl. 30(1), 2005, table 1: pairs 1, 7, 9, 17 and 25.
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, 0, 0), (50, -1, 2), 2.3669),
    ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
    ((50, 2.5, 0), (73, 25, -18), 27.1492),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
])  # fmt: skip
def test_the_distance_of_two_colours_is_as_published(
    pair: tuple[tuple[float, ...], tuple[float, ...], float],
) -> None:
    one, other, expected = pair
    assert apart(np.array(one), np.array(other)) == pytest.approx(expected, abs=2e-4)


@pytest.mark.parametrize("theme", THEMES)
def test_voltages_alarms_and_what_is_stale_stay_apart_for_every_sight(
    ask: Asking, theme: str
) -> None:
    (told,) = ask({"do": "colours"})
    colours = {name: linear(told[theme][name]) for name in MEANING}
    for sight, matrix in SIGHTS.items():
        shown = {name: lab(seen(colour, matrix)) for name, colour in colours.items()}
        for one, other in combinations(MEANING, 2):
            distance = apart(shown[one], shown[other])
            assert distance >= LEAST_APART, f"{theme}, {sight}: {one} and {other}, {distance:.1f}"


@pytest.mark.parametrize("theme", THEMES)
def test_what_is_barely_outside_a_limit_is_told_from_what_is_inside(
    ask: Asking, theme: str
) -> None:
    # 0.9488 and 1.0528 pu: one step beyond 0.95 and 1.05.
    inside, low, high = ask(
        {"do": "colour", "theme": theme, "mode": "voltage", "values": [125, 93, 158], "limits": {}}
    )[0]
    assert inside[1] is False
    assert low[1] is True
    assert high[1] is True
    for sight, matrix in SIGHTS.items():
        normal, *outside = (
            lab(seen(linear("#" + bytes(each[0]).hex()), matrix)) for each in (inside, low, high)
        )
        for each in outside:
            assert apart(normal, each) >= LEAST_APART, f"{theme}, {sight}"


def test_a_value_at_its_limit_is_inside_it(ask: Asking) -> None:
    values = list(range(251))
    (told,) = ask(
        {"do": "colour", "theme": "dark", "mode": "voltage", "values": values, "limits": {}}
    )
    for value, (_, is_loud) in zip(values, told, strict=True):
        v_pu = 0.80 + 0.0016 * value
        assert is_loud == (v_pu < 0.95 - 0.0008 or v_pu > 1.05 + 0.0008), v_pu
    (loading,) = ask(
        {"do": "colour", "theme": "dark", "mode": "loading", "values": values, "limits": {}}
    )
    assert [is_loud for _, is_loud in loading] == [0.8 * value > 100 for value in values]


@pytest.mark.parametrize(
    "mode", ["energised", "voltage", "loading", "phase", "der", "hosting", "feeder"]
)
def test_what_has_no_figure_never_looks_like_a_figure_outside_its_limits(
    ask: Asking, mode: str
) -> None:
    for theme in THEMES:
        (told,) = ask({"do": "colour", "theme": theme, "mode": mode, "values": [255], "limits": {}})
        assert told[0][1] is False


def style_of(theme: str) -> dict[str, str]:
    sheet = (PAGES / "src" / "style" / "base.css").read_text(encoding="utf-8")
    block = re.search(
        r":root \{(.*?)\}" if theme == "dark" else r'\[data-theme="light"\] \{(.*?)\}', sheet, re.S
    )
    assert block
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block[1]))


@pytest.mark.parametrize("theme", THEMES)
def test_text_and_signs_have_the_contrast_that_wcag_asks_for(ask: Asking, theme: str) -> None:
    (told,) = ask({"do": "colours"})
    style, colours = style_of(theme), told[theme]
    grounds = {name: linear(style[name]) for name in ("bg", "panel", "raised")}
    grounds["map"] = linear(colours["ground"])
    for ground, shade in grounds.items():
        for name in ("text", "soft", "good"):
            assert contrast(linear(style[name]), shade) >= TEXT, f"{theme}: {name} on {ground}"
        for name in ("p1", "p2", "p3", "p4", "accent"):
            assert contrast(linear(colours[name]), shade) >= TEXT, f"{theme}: {name} on {ground}"
        assert contrast(linear(style["edge"]), shade) >= SIGN, f"{theme}: edge on {ground}"
    for name in ("normal", "low", "high", "stale", "dead", "text", "trace", "accent"):
        assert contrast(linear(colours[name]), grounds["map"]) >= SIGN, f"{theme}: {name} on map"
    # The number within the shape of an alarm, and the words of a button that acts.
    for name in ("p1", "p2", "p3", "p4"):
        assert contrast(linear(style["bg"]), linear(colours[name])) >= TEXT, f"{theme}: {name}"
    assert contrast(linear(style["on-accent"]), linear(colours["accent"])) >= TEXT
