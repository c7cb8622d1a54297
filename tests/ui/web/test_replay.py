"""The API of a replay: what was shown is answered again, and nothing is guessed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import InvalidStatus

from gridmend.runtime.live import Mode
from gridmend.runtime.recording import MemoryPlace, Recorder, Recording, identity_of
from gridmend.runtime.users.roles import Grant, Role
from gridmend.ui.web import wire
from gridmend.ui.web.recorded import Panels
from gridmend.ui.web.table import CHANGES, ENDPOINTS, ROOT
from tests.ui.web.conftest import Browser, House, house_of, served
from tests.ui.web.stand_in import grid_of
from tests.ui.web.test_real_room import START, Desk
from tests.ui.web.test_sockets import opened

PANELS = ("overview", "alarms", "outages", "plans", "orders", "areas")


class Filmed:
    """A real room with its recording, and the server above it."""

    def __init__(self, folder: Path) -> None:
        self.desk = Desk(grid_of(), str(folder / "journal.db"))
        self.house = self.desk.open()
        self.live = self.house.live
        identity = identity_of(self.live.grid.name, self.live.geometry)
        self.recording = Recording(MemoryPlace(), identity)
        self.recorder = Recorder(self.recording, Panels())
        self.house.app.state.serving.recording = self.recording

    def step(self, seconds: float) -> Any:
        self.desk.now += timedelta(seconds=seconds)
        view = self.live.step_to(self.desk.now)
        self.recorder.take(view)
        return view

    def page(self) -> Browser:
        token = self.house.person("sam", Grant(Role.SUPERVISOR), Grant(Role.ENGINEER))
        return self.house.client(token)


@pytest.fixture
def filmed(tmp_path: Path) -> Iterator[Filmed]:
    made = Filmed(tmp_path)
    yield made
    made.live.stop()


def written(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def test_panels_and_all_seven_modes_are_answered_as_they_were_shown(filmed: Filmed) -> None:
    shown: list[tuple[datetime, Any, dict[str, Any]]] = []
    with filmed.page() as page:
        for number in range(14):
            if number == 2:
                page.post("/exercise/faults", json={"element": "line.l52"})
            view = filmed.step(10)
            shown.append((view.time_utc, view, {p: page.get(f"/{p}").json() for p in PANELS}))
        assert any(said["outages"] for _, _, said in shown), "nothing happened"
        assert any(said["plans"] for _, _, said in shown)
        for time, view, live in reversed(shown):
            said = page.get(f"/replay/panels?time={written(time)}").json()
            assert said["recorded_at"] <= said["time"] == written(time)
            for panel in PANELS[1:]:
                assert said[panel] == live[panel], panel
            for name in ("customers_out", "load_kw", "v_min_pu", "alarms", "unsure", "converged"):
                assert said["overview"][name] == live["overview"][name]
            assert said["unsure"] == []
            for mode in Mode:
                query = f"?mode={mode.name.lower()}&time={written(time)}"
                head, plain = wire.read(page.get("/replay" + query).content)
                values, flags = view.states.frame(mode)
                assert head.time_s == time.timestamp() and head.mode == mode
                assert np.array_equal(plain, np.concatenate([values, flags]))


def test_what_was_not_recorded_is_null_and_its_voltages_are_unknown(filmed: Filmed) -> None:
    filmed.step(10)
    early = written(START - timedelta(hours=1))
    with filmed.page() as page:
        said = page.get(f"/replay/panels?time={early}").json()
        assert said["recorded_at"] is None
        assert all(said[panel] is None for panel in PANELS)
        assert said["unsure"] == ["nothing was recorded at this time"]
        head, plain = wire.read(page.get(f"/replay?mode=voltage&time={early}").content)
        assert set(plain[: head.n].tolist()) == {255}
        assert page.get("/replay/panels?time=yesterday").status_code == 422
        assert page.get("/replay/panels?time=0001-01-01T00:00:00Z").status_code == 422


def test_one_device_is_answered_as_it_was_with_who_held_it(filmed: Filmed) -> None:
    """Against the same device, asked while it was so; figures are kept in steps."""
    with filmed.page() as page:
        place = {"device": "l52", "kind": "hold", "reason": "work on L52"}
        quiet = filmed.step(10)
        before = page.get("/network/elements/line.l52").json()
        page.post("/areas/-/authority", json={})
        tag = page.post("/tags", json=place)
        assert tag.status_code == 200, tag.text
        tagged = filmed.step(10)
        page.post("/exercise/faults", json={"element": "line.l52"})
        for _ in range(14):
            out = filmed.step(10)
        after = page.get("/network/elements/line.l52").json()

        def then(view: Any, key: str = "line.l52") -> dict[str, Any]:
            return page.get(f"/replay/elements/{key}?time={written(view.time_utc)}").json()

        was = then(quiet)
        assert was["key"] == then(quiet, "l52")["key"] == "line.l52", "a short name is understood"
        assert was["supply"] == "energised" and was["live_phases"] == "a b c"
        worst = max(before["v_pu"].values(), key=lambda v: abs(v - 1))
        assert was["v_pu"] == pytest.approx(worst, abs=0.002), "of either end"
        assert was["loading_pct"] == pytest.approx(before["loading_pct"], abs=0.41)
        assert was["rating_a"] == before["rating_a"]
        assert was["i_a"] == pytest.approx(
            max(before["i_a"].values()), abs=0.0041 * before["rating_a"]
        )
        assert (was["tags"], was["tagged"], was["faulted"], was["beyond"]) == (
            [],
            False,
            False,
            False,
        )
        held = then(tagged)
        assert held["tagged"]
        assert [(t["kind"], t["holder"]) for t in held["tags"]] == [("hold", "sam")]
        dead = then(out)
        assert dead["faulted"] == after["faulted"] is True
        assert dead["supply"] == "de-energised" and dead["live_phases"] == ""
        assert dead["feeder"] == "" and was["feeder"] != ""
        assert dead["v_pu"] is None
        assert then(quiet)["tags"] == [], "what came later is not told of then"


def test_one_device_of_a_time_not_recorded_has_no_figures(filmed: Filmed) -> None:
    filmed.step(10)
    early = written(START - timedelta(hours=1))
    ahead = written(START + timedelta(hours=1))
    with filmed.page() as page:
        told = page.get(f"/replay/elements/line.l52?time={early}").json()
        assert told["recorded_at"] is None and told["supply"] is not None
        assert (told["v_pu"], told["loading_pct"], told["i_a"]) == (None, None, None)
        assert told["unsure"] == [
            "nothing was recorded at this time: positions are as the journal tells"
        ]
        told = page.get(f"/replay/elements/line.l52?time={ahead}").json()
        assert told["supply"] is None and told["tagged"] is None and told["tags"] is None
        assert "nothing is known of this time" in told["unsure"]
        assert page.get(f"/replay/elements/line.nowhere?time={early}").status_code == 404
        assert page.get("/replay/elements/line.l52?time=yesterday").status_code == 422


def test_without_a_journal_it_is_said_that_nobody_knows_who_held_a_device(filmed: Filmed) -> None:
    view = filmed.step(10)
    house = house_of(live=filmed.live, grid=grid_of(), recording=filmed.recording)
    with house.client(house.person("ann", Grant(Role.VIEWER))) as page:
        said = page.get(f"/replay/elements/line.l52?time={written(view.time_utc)}").json()
        assert said["v_pu"] is not None and said["tagged"] is False
        assert said["tags"] is None and said["grounds"] is None
        assert any("who held a tag" in each for each in said["unsure"])


def test_a_time_that_the_room_has_not_come_to_is_not_recorded(filmed: Filmed) -> None:
    view = filmed.step(10)
    with filmed.page() as page:
        for ahead_s, is_known in ((0.0, True), (0.9, True), (1.1, False), (60.0, False)):
            time = written(view.time_utc + timedelta(seconds=ahead_s))
            said = page.get(f"/replay/panels?time={time}").json()
            assert (said["recorded_at"] is not None) == is_known, ahead_s
            head, plain = wire.read(page.get(f"/replay?mode=energised&time={time}").content)
            assert (set(plain[: head.n].tolist()) != {255}) == is_known, ahead_s


def test_a_room_in_memory_is_replayed_from_its_recording_alone(filmed: Filmed) -> None:
    view = filmed.step(10)
    house = house_of(live=filmed.live, grid=grid_of(), recording=filmed.recording)
    with house.client(house.person("ann", Grant(Role.VIEWER))) as page:
        now, early = written(view.time_utc), written(START - timedelta(hours=1))
        _, plain = wire.read(page.get(f"/replay?mode=voltage&time={now}").content)
        assert np.array_equal(plain, np.concatenate(view.states.frame(Mode.VOLTAGE)))
        head, plain = wire.read(page.get(f"/replay?mode=energised&time={early}").content)
        assert set(plain[: head.n].tolist()) == {255} and set(plain[head.n :].tolist()) == {8}
        span = page.get("/replay/span").json()
        assert span["start"] == span["recorded_start"]
        started = datetime.fromisoformat(span["start"])
        assert timedelta(0) <= started - view.time_utc <= timedelta(milliseconds=1)


def test_the_span_has_marks_and_a_curve_of_who_was_out(filmed: Filmed) -> None:
    with filmed.page() as page:
        filmed.step(10)
        page.post("/exercise/faults", json={"element": "line.l52"})
        for _ in range(14):
            filmed.step(10)
        span = page.get("/replay/span").json()
        assert span["end"] == written(filmed.live.view.time_utc)
        kinds = [mark["kind"] for mark in span["marks"]]
        for mark in span["marks"]:
            # As a browser reads it: to the millisecond.
            cut = mark["time"][:23].removesuffix("Z") + "Z"
            then = page.get(f"/replay/panels?time={cut}").json()
            if mark["kind"] == "fault":
                assert [one for one in then["outages"] if one["over"] is None]
        assert kinds[0] == "trip" and {"fault", "plan"} <= set(kinds)
        assert all(span["start"] <= mark["time"] <= span["end"] for mark in span["marks"])
        curve = span["curve"]
        assert len(curve["times"]) == len(curve["customers_out"]) <= 400
        out = filmed.live.view.overview.customers_out
        assert max(one or 0 for one in curve["customers_out"]) >= out > 0


def test_what_another_version_recorded_is_null_and_told(filmed: Filmed) -> None:
    strange: dict[str, str] = dict.fromkeys(PANELS, '{"strange": 1}')
    filmed.recorder._coder = lambda _: strange
    view = filmed.step(10)
    with filmed.page() as page:
        said = page.get(f"/replay/panels?time={written(view.time_utc)}").json()
        assert all(said[panel] is None for panel in PANELS)
        assert len(said["unsure"]) == len(PANELS)
        assert "another version" in said["unsure"][0]


def alone(filmed: Filmed) -> tuple[House, str]:
    """A server of the recording alone, and somebody who may look at everything."""
    house = house_of(live=filmed.live, grid=grid_of(), recording=filmed.recording, is_replay=True)
    return house, house.person("sam", Grant(Role.SUPERVISOR), Grant(Role.SECURITY_ADMIN))


def test_in_a_replay_alone_every_change_is_refused(filmed: Filmed) -> None:
    filmed.step(10)
    house, token = alone(filmed)
    sequence = filmed.live.view.sequence
    with house.client(token) as page:
        assert page.get("/session").json()["server"]["is_replay"] is True
        for entry in ENDPOINTS:
            if entry.method in CHANGES:
                got = page.request(entry.method, ROOT + entry.path, json={})
                assert got.status_code == 403 and "recording" in got.json()["detail"], entry
        assert page.get("/replay/span").status_code == 200
    assert filmed.live.view.sequence == sequence


OF_THE_PAST = {
    "/session": "", "/users": "", "/users/pending": "", "/network": "", "/network/geometry": "",
    "/network/names": "", "/network/search": "?q=sw", "/network/oneline/{feeder}": "",
    "/network/substations": "", "/network/substations/{substation}": "", "/trends": "",
    "/replay": f"?time={written(START)}", "/replay/span": "",
    "/replay/panels": f"?time={written(START)}",
    "/replay/elements/{key}": f"?time={written(START)}",
}  # fmt: skip
"""What a recording alone answers, and how it is asked."""


def test_a_replay_alone_says_of_what_is_so_now_that_only_a_recording_is_open(
    filmed: Filmed,
) -> None:
    filmed.step(10)
    house, token = alone(filmed)
    documented = house.app.openapi()["paths"]
    shape = filmed.live.geometry
    station = filmed.live.ask(lambda desk: desk.diagrams.listed())[0]["name"]
    names = {"feeder": shape.feeders[0], "substation": station, "key": "line.l52", "form": "csv"}
    with house.client(token) as page:
        for entry in ENDPOINTS:
            if entry.method != "GET":
                continue
            path = entry.path.format_map(names | {"id": "o-1"})
            got = page.get(path + OF_THE_PAST.get(entry.path, ""))
            if entry.path in OF_THE_PAST:
                assert got.status_code == 200, (entry, got.text)
                continue
            problem = got.json()
            assert got.status_code == 404, entry
            assert "only a recording is open" in problem["detail"], entry
            assert problem["where"] == ROOT + entry.path
            assert "/replay/panels?time=" in problem["mend"]
            assert "404" in documented[ROOT + entry.path]["get"]["responses"], entry


def test_a_replay_alone_has_no_socket_that_would_tell_what_is_so_now(filmed: Filmed) -> None:
    filmed.step(10)
    house, token = alone(filmed)
    with served(house) as url, pytest.raises(InvalidStatus) as refused:
        opened(house, url, token)
    assert refused.value.response.status_code == 404
    assert b"only a recording is open" in refused.value.response.body
