"""`gridmend replay` serves a recording alone, and says what is wrong with a folder that is none."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI

from gridmend.runtime.historian import Historian
from gridmend.runtime.live import Live
from gridmend.runtime.recording import Recorder, recording_of
from gridmend.runtime.recording.attaching import TRENDS, Beside
from gridmend.ui.cli import main
from gridmend.ui.web.recorded import Panels
from gridmend.ui.web.replay_alone import opened_replay
from tests.runtime.live.conftest import ANNA, START, Clock
from tests.ui.web.conftest import Browser, quick_hashes
from tests.ui.web.stand_in import grid_of

__all__ = ["quick_hashes"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recording of a room in which a fault struck."""
    made, clock = tmp_path_factory.mktemp("room") / "journal.db.recording", Clock()
    live = Live.open(grid_of(), "sqlite://", clock=clock)
    recording = recording_of(live, made)
    recorder, beside = Recorder(recording, Panels()), Beside(live, made)
    for number in range(30):
        if number == 3:
            live.ask(lambda desk: desk.strike("line.l52", ANNA))
        clock.now += timedelta(seconds=10)
        recorder.take(live.step_to(clock.now))
        beside(live.view)
    beside.close()
    recording.close()
    live.stop()
    return made


def test_a_recording_is_served_with_all_that_it_showed_and_refuses_changes(folder: Path) -> None:
    with opened_replay(folder, None, "UTC") as app, page_of(app) as page:
        session = page.get("/session").json()
        assert session["server"]["is_replay"] and session["user"]
        span = page.get("/replay/span").json()
        assert span["start"].startswith((START + timedelta(seconds=10)).isoformat()[:19])
        fault = next(mark for mark in span["marks"] if mark["kind"] == "fault")
        shown = page.get(f"/replay/panels?time={fault['time']}").json()
        assert shown["overview"]["customers_out"] > 1000 and shown["outages"] and shown["alarms"]
        assert page.get("/network/geometry").status_code == 200
        for of_now in ("/overview", "/alarms", "/stream", "/network/elements/sw1"):
            got = page.get(of_now)
            assert got.status_code == 404 and "only a recording is open" in got.json()["detail"]
        trend = page.get("/trends?names=customers_out").json()
        assert max(one or 0 for one in trend["series"]["customers_out"]) > 1000
        refused = page.post("/exercise/faults", json={"element": "line.l13"})
        assert refused.status_code == 403 and "recording" in refused.json()["detail"]


def test_the_trends_of_a_recording_are_those_that_were_recorded_alone(folder: Path) -> None:
    recorded = list[float]()
    for day in sorted((folder / TRENDS).iterdir()):
        with Historian.open(day, read_only=True) as historian:
            for table in historian.read():
                rows = table.to_pylist()
                recorded += [row["value"] for row in rows if row["point"] == "load_kw"]
    with opened_replay(folder, None, "UTC") as app, page_of(app) as page:
        assert page.get("/session").status_code == 200
        trend = page.get("/trends?names=load_kw").json()
    assert len(recorded) > 3 and recorded[-1] != recorded[0]
    shown = [one for one in trend["series"]["load_kw"] if one is not None]
    assert shown == pytest.approx(recorded)


def page_of(app: FastAPI) -> Browser:
    return Browser(app, {}, "127.0.0.1")


def test_looking_at_a_recording_changes_no_byte_of_it(folder: Path) -> None:
    def bytes_of() -> dict[str, bytes]:
        return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}

    before = bytes_of()
    with opened_replay(folder, None, "UTC") as app, page_of(app) as page:
        assert page.get("/session").status_code == 200
        assert page.get("/replay/span").status_code == 200
    assert bytes_of() == before


@pytest.mark.parametrize(
    ("name", "said"),
    [("nothing", "there is no such folder"), ("empty", "this is no folder of a recording")],
)
def test_a_folder_that_is_no_recording_is_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["replay", str(tmp_path / name), "--port", "0"]) == 2
    assert said in capsys.readouterr().err


def test_a_recording_of_another_model_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(folder), "--model", "ieee13", "--port", "0"]) == 2
    assert "the model is another" in capsys.readouterr().err


def test_a_recording_without_its_model_says_so(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in folder.glob("*.gmrec"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    assert main(["replay", str(tmp_path), "--port", "0"]) == 2
    assert "--model" in capsys.readouterr().err
