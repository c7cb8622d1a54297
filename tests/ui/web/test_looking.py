"""What the pages read: the network, alarms, outages, plans, history, and what they are told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest

from gridmend.runtime.journal import Journal
from gridmend.runtime.live.rows import OrderStep
from gridmend.runtime.users.roles import Grant, Role
from gridmend.ui.web.order_sheet import contents_of_order
from gridmend.ui.web.pages import MISSING, Pages
from gridmend.ui.web.serving import About, Limits
from tests.ui.web.conftest import MANY, ROOT, House, house_of, served
from tests.ui.web.paper import START, PaperGeometry
from tests.ui.web.stand_in import NORTH, PaperLive, switches


@pytest.fixture
def viewer(house: House) -> Any:
    token = house.person("vera", Grant(Role.VIEWER))
    with house.client(token) as browser:
        yield browser


def test_the_geometry_is_a_length_a_header_and_aligned_arrays(viewer: Any) -> None:
    answer = viewer.get("/network/geometry")
    block = answer.content
    size = int.from_bytes(block[:4], "little")
    assert (size + 4) % 8 == 0
    head = json.loads(block[4 : 4 + size])
    assert (head["revision"], head["kinds"], head["extent"]) == (4711, ["line", "switch"],
                                                                [0.0, 0.0, 1.0, 1.0])  # fmt: skip
    for one in head["arrays"]:
        assert one["offset"] % 8 == 0
        expected = PaperGeometry().arrays()[one["name"]]
        found = np.frombuffer(block, one["dtype"], expected.size, 4 + size + one["offset"])
        assert np.array_equal(found.reshape(one["shape"]), expected)
    assert answer.headers["content-encoding"] == "gzip"
    plain = viewer.get("/network/geometry", headers={"Accept-Encoding": "identity"})
    assert plain.content == block and "content-encoding" not in plain.headers


def test_what_does_not_change_is_sent_once(viewer: Any) -> None:
    for path in ("/network/geometry", "/network/names"):
        first = viewer.get(path)
        tag = first.headers["etag"]
        again = viewer.get(path, headers={"If-None-Match": f'"other", {tag}'})
        assert (again.status_code, again.content) == (304, b"")
        assert "immutable" not in first.headers["cache-control"]
        named = viewer.get(f"{path}?revision=4711")
        assert "immutable" in named.headers["cache-control"]
    names = viewer.get("/network/names").json()
    assert names == {"elements": list(PaperGeometry.names), "buses": list(PaperGeometry.buses)}


def test_figures_that_are_not_known_are_null_and_never_a_guess(viewer: Any) -> None:
    said = viewer.get("/overview").json()
    assert said["der_kw"] is None and said["load_kw"] == 3490.0
    assert said["time"] == "2026-06-01T12:00:00Z" and said["unsure"] == ["one RTU is silent"]
    element = viewer.get(f"/network/elements/{switches()[0]}").json()
    assert element["heard_age_s"] is None and element["i_a"] == {"a": 1.5}
    trend = viewer.get("/trends?names=load_kw").json()
    assert trend["series"] == {"load_kw": [1.0, None]} and trend["units"] == {"load_kw": "kW"}


def test_what_is_not_there_is_a_404_with_what_and_how_to_mend(viewer: Any) -> None:
    for path in ("/network/elements/line.l999", "/network/oneline/f9", "/orders/o9",
                 "/network/trace?key=nothing&direction=up"):  # fmt: skip
        answer = viewer.get(path)
        assert answer.status_code == 404, path
        said = answer.json()
        assert said["title"] == "Not Found" and said["detail"]
        assert set(said) == {"type", "title", "status", "detail", "where", "mend"}
    assert viewer.get("/trends?names=nothing").status_code == 422
    assert viewer.get("/trends?start=yesterday").json()["where"] == "query.start"


def test_alarms_outages_plans_and_orders_are_as_the_room_has_them(viewer: Any) -> None:
    alarms = viewer.get("/alarms").json()
    assert [a["area"] for a in alarms["alarms"]] == ["north", "south"]
    assert alarms["alarms"][0]["state"] == "unacknowledged" and alarms["rate"]["target"] == 10
    outage = viewer.get("/outages").json()[0]
    assert outage["pings"] == {"asked": 3, "silent": 2, "answered": 1}
    plans = viewer.get("/plans").json()[0]
    plan = plans["plans"][0]
    assert (plan["customers_restored"], plan["operations"], plan["allowed"]) == (30, 2, True)
    assert plan["steps"][1]["action"] == "close" and plan["steps"][1]["v_min_pu"] == 0.97
    assert viewer.get("/orders").json()[0]["steps"][0]["state"] == "waits"
    edge = viewer.get("/network/oneline/f1").json()["edges"][0]
    assert (edge["from"], edge["to"]) == ("b1", "b2")


def test_history_in_bulk_comes_as_arrow(viewer: Any) -> None:
    media = "application/vnd.apache.arrow.stream"
    answer = viewer.get("/trends?names=load_kw,v_min_pu", headers={"Accept": media})
    assert answer.headers["content-type"] == media
    table = pa.ipc.open_stream(answer.content).read_all()
    assert table.column_names == ["time", "load_kw", "v_min_pu"]
    assert table["time"].to_pylist()[0] == START


def test_whoever_does_not_audit_sees_no_logins_and_of_areas_their_own(house: House) -> None:
    seen = {}
    for name, grant in (("ann", Grant(Role.AUDITOR)), ("vera", Grant(Role.VIEWER)),
                        ("nora", Grant(Role.OPERATOR, NORTH))):  # fmt: skip
        with house.client(house.person(name, grant)) as browser:
            seen[name] = [e["sequence"] for e in browser.get("/journal?limit=2").json()]
            seen[name] += [e["sequence"] for e in browser.get("/journal?after=2").json()]
    assert seen == {"ann": [1, 2, 3, 4], "vera": [1, 3, 3, 4], "nora": [3, 3]}


def test_the_chain_is_verified_beside_the_room_and_reports_name_their_data(tmp_path: Path) -> None:
    store = tmp_path / "journal.db"
    Journal.open(store).close()
    house = house_of(about=About("0.test", journal_url=str(store)))
    with house.client(house.person("ann", Grant(Role.AUDITOR))) as browser:
        assert browser.get("/journal/verify").json() == {"ok": True, "entries": 0, "flaws": []}
        page = browser.get("/reports/daily.html?day=2026-06-01")
        policy = page.headers["content-security-policy"]
        assert page.status_code == 200 and "default-src 'none'" in policy
        assert "'unsafe-inline'" not in policy and "sha256-" in policy
        period = "start=2026-06-01T00:00:00Z&end=2026-06-02T00:00:00Z"
        table = browser.get(f"/reports/outages.csv?{period}")
        assert table.headers["content-type"].startswith("text/csv") and "sha256" in table.text
        printed = browser.get(f"/reports/outages.pdf?{period}")
        assert printed.content.startswith(b"%PDF-")
        long = "start=2020-06-01T00:00:00Z&end=2026-06-02T00:00:00Z"
        assert browser.get(f"/reports/outages.pdf?{long}").status_code == 422


def test_an_order_is_printed(viewer: Any) -> None:
    answer = viewer.get("/orders/o-/sheet.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")


def test_a_printed_order_says_that_it_is_an_exercise_and_what_may_not_be_carried_out_yet() -> None:
    order = PaperLive().desk.order("o-")
    about: Any = {"network": "n", "time_utc": START, "zone": "Europe/Vienna"}
    for state, word in (("approved", "approved, not issued"), ("issued", "")):
        shown = contents_of_order(replace(order, state=state), **about, simulated=False)
        assert word in shown["note"] and bool(shown["note"]) == bool(word)
        shown = contents_of_order(replace(order, state=state), **about, simulated=True)
        assert shown["note"].startswith("SIMULATED FIELD")
    assert "14:00:00 CEST" in shown["printed"] and shown["head"][0] == ["Title", "–"]


def test_a_printed_order_has_each_figure_with_its_unit() -> None:
    order = PaperLive().desk.order("o-")
    asked = [("set_power", 250.0), ("limit", 0.0), ("set_tap", -3.0), ("set_capacitor", 1.0),
             ("set_capacitor", 2.0), ("open", None)]  # fmt: skip
    steps = tuple(
        OrderStep(number, action, "x", "", value, "waits")
        for number, (action, value) in enumerate(asked, 1)
    )
    shown = contents_of_order(
        replace(order, steps=steps, done=0), network="n", time_utc=START, zone="UTC",
        simulated=False,
    )  # fmt: skip
    assert [line["action"] for line in shown["lines"]] == [
        "set power 250 kW", "limit 0 kW", "set tap to position -3", "set capacitor 1 step on",
        "set capacitor 2 steps on", "open",
    ]  # fmt: skip
    assert dict(shown["head"])["Done"] == "0 of 6 steps"


def events(answer: httpx.Response) -> Any:
    """Each event of a stream as name, id and data; None for a comment."""
    block: dict[str, str] = {}
    for line in answer.iter_lines():
        if line.startswith(":"):
            yield None
        elif line:
            name, _, value = line.partition(": ")
            block[name] = value
        elif block:
            yield block["event"], int(block["id"]), json.loads(block["data"])
            block = {}


def test_a_stream_tells_what_changed_and_that_it_lives() -> None:
    house = house_of(limits=Limits(MANY, MANY, MANY, beat_s=0.05))
    headers = house.headers(house.person("vera", Grant(Role.VIEWER)))
    with served(house) as url, httpx.stream(
        "GET", f"{url}{ROOT}/stream", headers=headers, timeout=20
    ) as answer:  # fmt: skip
        assert answer.headers["content-type"].startswith("text/event-stream")
        told = events(answer)
        first = [next(told) for _ in range(6)]
        assert {e[0] for e in first} == {"overview", "alarms", "outages", "orders", "plans",
                                         "authority"}  # fmt: skip
        assert first[0][2]["customers"] == 1500 and first[1][2] == {"number": 1}
        assert next(told) is None
        number = house.live.tick().number
        later = next(e for e in told if e is not None)
        assert later[:2] == ("overview", number), "what has not changed is not told again"
        assert next(told) is None


def bundle(folder: Path) -> Path:
    (folder / "assets").mkdir()
    (folder / "index.html").write_text("<!doctype html><title>pages</title>")
    (folder / "assets" / "main-AB12CD34.js").write_text("1")
    (folder / "icon.svg").write_text("<svg/>")
    return folder


def test_pages_are_served_with_caching_that_fits_their_names(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    static = tmp_path / "static"
    static.mkdir()
    house = house_of(pages=Pages(bundle(static)))
    with house.client() as browser:
        page = browser.request("GET", "/")
        assert "pages" in page.text and page.headers["cache-control"] == "no-cache"
        script = browser.request("GET", "/assets/main-AB12CD34.js")
        assert "immutable" in script.headers["cache-control"]
        icon = browser.request("GET", "/icon.svg")
        assert icon.headers["cache-control"] == "no-cache"
        tag = {"If-None-Match": icon.headers["etag"]}
        assert browser.request("GET", "/icon.svg", headers=tag).status_code == 304
        for path in ("/none", "/../secret", "/%2e%2e/secret", "/assets/%00", "/" + "a" * 5000,
                     "/api/v1/none", "/assets/../../secret"):  # fmt: skip
            assert browser.request("GET", path).status_code == 404, path
        assert browser.request("POST", "/").status_code == 405


def test_without_a_bundle_it_is_said_how_to_make_one(tmp_path: Path) -> None:
    house = house_of(pages=Pages(tmp_path / "nowhere"))
    with house.client() as browser:
        page = browser.request("GET", "/")
        assert (page.status_code, page.text) == (503, MISSING)
