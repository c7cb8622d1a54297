from __future__ import annotations

import base64
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.runtime.live.geometry import Geometry
from gridmend.ui.web.routes.network import packed
from tests.ui.pages.conftest import Asking

KINDS = ("line", "switch", "source")


def shape(n: int, seed: int) -> Geometry:
    """Pieces of line at random, with a switch at every seventh and one source."""
    rng = np.random.default_rng(seed)
    start = rng.uniform(-500, 500, (n, 2))
    step = rng.normal(0, 30, (n, 2))
    step[:: max(n // 3, 1)] *= 20
    kind = np.zeros(n, np.uint8)
    kind[::7] = 1
    kind[-1] = 2
    step[-1] = 0
    xy = np.hstack([start, start + step]).astype(np.float32)
    ends = xy.reshape(-1, 2)
    return Geometry(
        xy=xy, kind=kind, phases=rng.integers(1, 8, n, np.uint8), feeder=np.zeros(n, np.uint8),
        tier=rng.integers(0, 4, n, np.uint8), bus1=np.arange(n, dtype=np.uint32),
        bus2=np.arange(1, n + 1, dtype=np.uint32), names=tuple(f"line.l{k}" for k in range(n)),
        buses=tuple(f"b{k}" for k in range(n + 1)), kinds=KINDS, feeders=("feeder.f",),
        extent=(*(float(x) for x in ends.min(0)), *(float(x) for x in ends.max(0))),
        revision=77, table=np.full(n, "lines", object), row=np.arange(n), terminal=np.zeros(n, int),
    )  # fmt: skip


def message(geometry: Geometry) -> str:
    return base64.b64encode(packed(geometry)).decode()


@pytest.mark.parametrize("n", [1, 2, 7, 1023, 1025])
def test_the_geometry_is_read_as_the_server_has_it(ask: Asking, n: int) -> None:
    geometry = shape(n, n)
    (told,) = ask({"do": "geometry", "message": message(geometry)})
    assert (told["n"], told["revision"], told["kinds"]) == (n, 77, list(KINDS))
    assert told["extent"] == list(geometry.extent)
    for name, array in geometry.arrays().items():
        assert np.array_equal(np.array(told[name], array.dtype), array.reshape(-1)), name


def test_a_geometry_that_ends_too_soon_is_refused(ask: Asking) -> None:
    whole = packed(shape(50, 1))
    for cut in (len(whole) - 1, len(whole) // 2, 3):
        with pytest.raises(ValueError, match="Error"):
            ask({"do": "geometry", "message": base64.b64encode(whole[:cut]).decode()})


def distances(geometry: Geometry, at: tuple[float, float]) -> np.ndarray:
    """How far each element is from a point; a device is where its middle is."""
    a, b = geometry.xy[:, :2].astype(float), geometry.xy[:, 2:].astype(float)
    d, p = b - a, np.array(at)
    long = np.maximum((d**2).sum(1), 1e-30)
    t = np.clip(((p - a) * d).sum(1) / long, 0, 1)
    t[geometry.kind > 0] = 0.5
    return np.hypot(*(a + t[:, None] * d - p).T)


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 400), st.integers(0, 2**31), st.floats(1, 200))
def test_what_is_picked_is_what_is_nearest(ask: Asking, n: int, seed: int, reach: float) -> None:
    geometry = shape(n, seed)
    rng = np.random.default_rng(seed)
    points = [tuple(map(float, each)) for each in rng.uniform(-650, 650, (12, 2))]
    question: dict[str, Any] = {"do": "pick", "message": message(geometry), "reach": reach}
    (found,) = ask({**question, "points": points})
    favour = np.where(geometry.kind > 0, 0.4, 1.0)
    for at, row in zip(points, found, strict=True):
        far = distances(geometry, at)
        within = far <= reach
        if row < 0:
            assert not (far < reach - 1e-6).any()
        else:
            assert within[row] or far[row] == pytest.approx(reach, abs=1e-6)
            assert far[row] * favour[row] <= (far * favour)[within].min() + 1e-6


STATES = ["unacknowledged", "acknowledged", "returned", "shelved"]
alarm = st.fixed_dictionaries({
    "priority": st.integers(1, 4), "state": st.sampled_from(STATES),
    "group": st.sampled_from(["", "g1", "g2"]),
    "raised": st.integers(0, 9).map(lambda s: f"2026-01-01T00:00:0{s}Z"),
})  # fmt: skip


@settings(max_examples=8, deadline=None)
@given(st.lists(alarm, max_size=25))
def test_the_worst_alarm_stands_first_and_none_is_lost_or_told_twice(
    ask: Asking, drawn: list[dict[str, Any]]
) -> None:
    alarms = [{**each, "id": f"a{k}"} for k, each in enumerate(drawn)]
    by = {each["id"]: each for each in alarms}
    question = {"do": "ordered", "alarms": alarms}
    flat, grouped = ask({**question, "grouped": False}, {**question, "grouped": True})
    for listed in (flat, grouped):
        assert sorted(listed) == sorted(by)
    weight = [(by[name]["state"] == "shelved", by[name]["priority"]) for name in flat]
    assert weight == sorted(weight)
    assert flat[:1] == grouped[:1]
    # Alarms of one cause stand together.
    groups = [by[name]["group"] or name for name in grouped]
    changes = sum(one != other for one, other in pairwise(groups))
    assert not groups or changes == len(set(groups)) - 1


def test_search_finds_a_name_by_its_beginning_first_and_by_any_part_of_it(ask: Asking) -> None:
    names = ["line.l52", "line.l520", "switch.sw52", "line.l1", "transformer.xl52"]
    found = ask(
        {"do": "names", "text": "L52", "among": names, "most": 9},
        {"do": "names", "text": "sw", "among": names, "most": 9},
        {"do": "names", "text": "line.l1", "among": names, "most": 9},
        {"do": "names", "text": "nothing", "among": names, "most": 9},
        {"do": "names", "text": "l", "among": names, "most": 2},
    )  # fmt: skip
    assert found[0] == ["line.l52", "line.l520", "transformer.xl52"]
    assert found[1] == ["switch.sw52"]
    assert found[2] == ["line.l1"]
    assert found[3] == []
    assert len(found[4]) == 2


def test_every_page_has_a_key_of_its_own(ask: Asking) -> None:
    (told,) = ask({"do": "keys"})
    keys = [page["key"] for page in told["pages"]]
    assert len(set(keys)) == len(keys)
    assert len({each["keys"] for each in told["keys"]}) == len(told["keys"])


def test_an_address_that_no_page_has_opens_the_map(ask: Asking) -> None:
    hashes = ["", "#/", "#/nowhere", "#/orders/o%2F3", "#/setup?token=a%2Bb", "#/map/line.l52"]
    told = ask(*({"do": "route", "hash": each} for each in hashes))
    assert [each["page"] for each in told] == ["map", "map", "map", "orders", "setup", "map"]
    assert told[3]["rest"] == "o/3"
    assert told[4]["query"] == {"token": "a+b"}
    assert told[5]["rest"] == "line.l52"


def test_what_is_not_known_is_a_dash_and_never_a_nought(ask: Asking) -> None:
    for name in ("number", "power", "perUnit", "percent", "length", "temperature", "age", "clock"):
        (told,) = ask({"do": "format", "name": name, "of": [None]})
        assert told == ["–"], name


def test_figures_are_shown_in_the_units_that_are_set(ask: Asking) -> None:
    si, us, cold, warm, load = ask(
        {"do": "format", "name": "length", "of": [1609.344], "units": "si"},
        {"do": "format", "name": "length", "of": [1609.344], "units": "us"},
        {"do": "format", "name": "temperature", "of": [25], "units": "si"},
        {"do": "format", "name": "temperature", "of": [25], "units": "us"},
        {"do": "format", "name": "power", "of": [3.25, 950, 12_340, -12_340]},
    )
    assert (si, us) == (["1.61 km"], ["1.00 mi"])
    assert (cold, warm) == (["25 °C"], ["77 °F"])
    assert load == ["3.3 kW", "950 kW", "12.3 MW", "-12.3 MW"]


def test_times_are_told_in_utc_where_that_is_set(ask: Asking) -> None:
    times = ["2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z", 0]
    (told,) = ask({"do": "format", "name": "dateAndTime", "of": times, "zone": "utc"})
    assert told == ["2026-03-29 00:59:59", "2026-03-29 01:00:00", "1970-01-01 00:00:00"]


def told(i_a: float | None = 120.4, p_kw: float | None = 650.0, **more: Any) -> dict[str, Any]:
    return {"i_a": i_a, "p_kw": p_kw, "q_kvar": -200.0, "taps": [], "steps_on": None,
            "steps": None, **more}  # fmt: skip


def test_a_flow_says_which_way_it_goes_and_is_a_dash_where_it_is_not_known(ask: Asking) -> None:
    flags = ask({"do": "constants"})[0]["FLAG"]
    asked = [
        (told(), 0, True), (told(p_kw=-650), 0, True), (told(), 0, False),
        (told(p_kw=-12_000), 0, False), (told(0.0, 0.0), 0, True), (told(None, None), 0, True),
        (told(), flags["unsure"], True), (None, 0, True),
    ]  # fmt: skip
    shown = ask(*({"do": "flow", "of": of, "flags": f, "isLevel": level} for of, f, level in asked))
    assert shown == ["120 A  650 kW →", "120 A  650 kW ←", "120 A  650 kW ↓", "120 A  12.0 MW ↑",
                     "0.0 A  0.0 kW", "–", "–", "–"]  # fmt: skip
    assert ask({"do": "given", "of": told()}) == ["120 A  200 kvar"]


def test_taps_and_steps_are_told_where_there_are_any(ask: Asking) -> None:
    asked = [told(taps=[6, 0, -4]), told(steps_on=1, steps=1), told(steps_on=0, steps=1),
             told(steps_on=2, steps=3), told(), None]  # fmt: skip
    shown = ask(*({"do": "setting", "of": of} for of in asked))
    assert shown == ["tap +6 / 0 / −4", "on", "off", "2 of 3 steps on", "", ""]


def test_trends_are_named_as_people_say_them(ask: Asking) -> None:
    names = ["load_kw", "sw1.i_a", "source.source.v_pu", "something_else"]
    (shown,) = ask({"do": "format", "name": "trendName", "of": names})
    assert shown == ["Load", "sw1 current", "source voltage", "something else"]


SIZES = [(652, 398), (836, 418), (1024, 634), (1156, 598), (1848, 998)]
MODES = {"left": 10, "top": 10, "right": 490, "bottom": 42}


def before(width: float, height: float) -> list[dict[str, float]]:
    """What stands before a map: the modes, the tools, and the legend."""
    tools = {"left": width - 42, "top": 10, "right": width - 10, "bottom": 150}
    legend = {"left": 10, "top": height - 100, "right": 312, "bottom": height - 10}
    return [MODES, tools, legend]


@pytest.mark.parametrize("seed", range(6))
def test_no_point_of_a_whole_network_is_behind_what_stands_before_the_map(
    ask: Asking, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    xy = rng.normal(size=(200, 4)) * [*(2, 1) * 2] + rng.normal(size=(200, 1)) * 3
    asked = [{"do": "fit", "xy": xy.ravel().tolist(), "width": w, "height": h, "boxes": b}
             for w, h in SIZES for b in (before(w, h), [])]  # fmt: skip
    for question, found in zip(asked, ask(*asked), strict=True):
        points = np.array(found["points"]).reshape(-1, 2)
        x = found["x"] + found["scale"] * points[:, 0]
        y = found["y"] - found["scale"] * points[:, 1]
        width, height = float(question["width"]), float(question["height"])
        assert x.min() >= 0 and y.min() >= 0 and x.max() <= width and y.max() <= height
        for box in question["boxes"]:
            inside = (x > box["left"]) & (x < box["right"]) & (y > box["top"])
            assert not (inside & (y < box["bottom"])).any()
        # As large as it may be: a third larger would not find room.
        bare = min(width / np.ptp(points[:, 0]), height / np.ptp(points[:, 1]))
        assert found["scale"] > 0.4 * bare
