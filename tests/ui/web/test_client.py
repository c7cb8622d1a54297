from __future__ import annotations

import subprocess
import sys
from itertools import islice
from typing import Any

import httpx
import numpy as np
import pytest

import gridmend
from gridmend.client import ProblemError
from gridmend.model.errors import GridmendError
from gridmend.runtime.users.roles import Grant, Role
from tests.ui.web.conftest import GOOD, House, house_of, served
from tests.ui.web.paper import PaperGeometry
from tests.ui.web.stand_in import switches


def test_a_script_sees_the_network_and_operates_a_device() -> None:
    house = house_of(demonstration=True)
    with served(house) as url, gridmend.Client(url) as room:
        assert room.session["user"]["name"] == "demonstration"
        assert room.overview()["customers"] == 1500 and room.overview()["der_kw"] is None
        head, arrays = room.geometry()
        assert head["revision"] == PaperGeometry.revision
        for name, array in PaperGeometry().arrays().items():
            assert np.array_equal(arrays[name], array) and arrays[name].dtype == array.dtype
        assert room.names()["elements"] == list(PaperGeometry.names)
        assert room.search("l1")[0]["key"] == "line.l1"
        assert room.element(switches()[0])["i_a"] == {"a": 1.5}
        picked = room.select(switches()[0], "open", "for work")
        assert room.operate(picked["select"])["outcome"] == "confirmed"
        with pytest.raises(ProblemError) as refused:
            room.select(switches()[0], "close", "back to normal")
        assert refused.value.status == 409 and refused.value.refusals[0]["rule"] == "tag"
        order = room.orders()[0]["id"]
        assert room.bring(order, "study")["state"] == "studied"
        assert room.bring(order, "suspend", why="later")["state"] == "suspended"
        table = room.trends(["load_kw"])
        assert table.column_names == ["time", "load_kw"]
        assert table["load_kw"].to_pylist() == [1.0, None]
        assert table.schema.field("load_kw").metadata == {b"unit": b"kW"}
        assert [entry["kind"] for entry in room.journal()] == ["note", "tripped", "tripped"]


def test_a_script_follows_the_states(house: House) -> None:
    house.person("vera", Grant(Role.VIEWER))
    with served(house) as url, gridmend.Client(url, name="vera", password=GOOD) as room:
        frames = room.states("voltage")
        first = next(frames)
        while first.mode != 1:
            first = next(frames)
        view = house.live.tick()
        frame = next(f for f in frames if f.number == view.number)
        assert np.array_equal(frame.values, view.states.frame(1)[0])
        assert np.array_equal(frame.flags, view.states.frame(1)[1])
        assert list(islice(frames, 0)) == []
        frames.close()  # type: ignore[attr-defined]


def test_a_wrong_password_and_a_server_that_is_not_there_are_said(house: House) -> None:
    house.person("vera", Grant(Role.VIEWER))
    with served(house) as url:
        with pytest.raises(ProblemError, match="do not belong together") as refused:
            gridmend.Client(url, name="vera", password="not the right words")
        assert refused.value.status == 401
        with pytest.raises(GridmendError, match="without a password"):
            gridmend.Client(url)
    pauses: list[float] = []
    with pytest.raises(GridmendError, match="not reached"):
        gridmend.Client(url, pause=pauses.append)
    assert len(pauses) == 3


class Flaky(httpx.BaseTransport):
    """Does what is asked, and now and then loses the answer or says that it is busy."""

    def __init__(self, url: str, troubles: list[str]) -> None:
        self.under, self.url, self.troubles = httpx.HTTPTransport(), url, troubles

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        found = self.under.handle_request(request)
        found.read()
        if not request.url.path.endswith("/operate") or not self.troubles:
            return found
        trouble = self.troubles.pop(0)
        if trouble == "lost":
            raise httpx.ReadError("the answer was lost")
        return httpx.Response(503, headers={"Retry-After": "1"}, json={"detail": "busy"})


@pytest.mark.parametrize("troubles", [["lost"], ["lost", "lost", "busy"], ["busy", "lost"]])
def test_a_lost_answer_is_asked_for_again_and_the_device_is_operated_once(
    troubles: list[str],
) -> None:
    house = house_of(demonstration=True)
    with served(house) as url:
        transport: Any = Flaky(url, list(troubles))
        with gridmend.Client(url, transport=transport, pause=lambda _: None) as room:
            picked = room.select(switches()[0], "open", "for work")
            assert room.operate(picked["select"])["outcome"] == "confirmed"
    assert [said[0] for said in house.live.desk.said].count("operate") == 1


def test_importing_the_package_brings_neither_server_nor_client() -> None:
    code = (
        "import sys, gridmend; assert 'Client' in dir(gridmend);"
        "print([m for m in ('fastapi', 'uvicorn', 'httpx', 'websockets') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
