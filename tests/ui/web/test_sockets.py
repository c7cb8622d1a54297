from __future__ import annotations

import json
import random
from contextlib import ExitStack, suppress

import httpx
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from gridmend.runtime.users.roles import Grant, Role
from gridmend.ui.web import wire
from gridmend.ui.web.serving import Limits
from gridmend.ui.web.wire import Picture
from tests.ui.web.conftest import GOOD, MANY, ROOT, House, house_of, served


def opened(house: House, url: str, token: str, **options: object) -> ClientConnection:
    """A socket of somebody's page."""
    cookie = house.headers(token)["Cookie"]
    given = {"subprotocols": [wire.PROTOCOL], "compression": None, **options}
    headers = {"Cookie": cookie, **given.pop("headers", {})}  # type: ignore[dict-item]
    return connect(url.replace("http", "ws") + "/api/v1/state", additional_headers=headers, **given)  # type: ignore[arg-type]


def until(socket: ClientConnection, picture: Picture, number: int, mode: int = 0) -> list[int]:
    """Take frames in until the picture is that of a view; the kinds that came."""
    kinds: list[int] = []
    for _ in range(2000):
        message = socket.recv(timeout=20)
        assert isinstance(message, bytes)
        assert picture.apply(message)
        assert picture.head is not None
        kinds.append(picture.head.kind)
        if (picture.head.sequence, picture.head.mode) == (number, mode):
            return kinds
    raise AssertionError("the view did not come")


def test_a_page_sees_each_view_as_it_is_and_changes_its_mode(house: House) -> None:
    token = house.person("vera", Grant(Role.VIEWER))
    with served(house) as url, opened(house, url, token) as socket:
        assert socket.subprotocol == wire.PROTOCOL
        picture = Picture()
        assert until(socket, picture, 1)[0] == wire.FULL
        for _ in range(6):
            view = house.live.tick()
            kinds = until(socket, picture, view.number)
            assert kinds[-1] == wire.DELTA and wire.FULL not in kinds
            values, flags = view.states.frame(0)
            assert np.array_equal(picture.values, values)
            assert np.array_equal(picture.flags, flags)
        socket.send(json.dumps({"mode": "voltage"}))
        assert wire.FULL in until(socket, picture, view.number, mode=1)
        assert np.array_equal(picture.values, view.states.frame(1)[0])
        socket.send(json.dumps({"resync": True}))
        kinds = []
        while wire.FULL not in kinds:
            kinds = until(socket, picture, view.number, mode=1)
        assert np.array_equal(picture.flags, view.states.frame(1)[1])


def test_silence_is_a_heartbeat_with_the_time_of_what_is_known(house: House) -> None:
    token = house.person("vera", Grant(Role.VIEWER))
    with served(house) as url, opened(house, url, token) as socket:
        picture = Picture()
        until(socket, picture, 1)
        for _ in range(3):
            message = socket.recv(timeout=20)
            assert isinstance(message, bytes) and picture.apply(message)
            head = picture.head
            assert head is not None and (head.kind, head.n) == (wire.HEARTBEAT, 0)
            assert head.time_s == house.live.view.time_utc.timestamp()


def test_a_socket_is_refused_to_strangers_to_the_unpermitted_and_to_other_sites(
    house: House,
) -> None:
    viewer = house.person("vera", Grant(Role.VIEWER))
    customer = house.person("carl", Grant(Role.CUSTOMER))
    with served(house) as url:
        for token, options, status in (
            ("nobody", {}, 401),
            (customer, {}, 403),
            (viewer, {"headers": {"Origin": "https://elsewhere.example"}}, 403),
            (viewer, {"subprotocols": ["another"]}, 400),
        ):
            with pytest.raises(InvalidStatus) as refused, opened(house, url, token, **options):
                pass
            assert refused.value.response.status_code == status
            assert json.loads(refused.value.response.body or b"{}")["status"] == status


def test_whoever_logs_out_sees_nothing_more() -> None:
    limits = Limits(MANY, MANY, MANY, beat_s=0.05, check_s=-1.0)
    house = house_of(limits=limits)
    token = house.person("vera", Grant(Role.VIEWER))
    with served(house) as url, opened(house, url, token) as socket:
        until(socket, Picture(), 1)
        house.app.state.serving.sessions.log_out(token)
        with pytest.raises(ConnectionClosed) as closed:
            for _ in range(1000):
                socket.recv(timeout=20)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1008


def lose(house: House, token: str, how: str) -> None:
    """Vera may not listen any more."""
    accounts = house.accounts
    if how == "log out":
        house.app.state.serving.sessions.log_out(token)
    elif how == "deactivation":
        accounts.set_active("ada", "vera", is_active=False)
    elif how == "a lost right":
        accounts.revoke("ada", "vera", Grant(Role.VIEWER))
    else:
        accounts.set_password("ada", "vera", GOOD + " again")


@pytest.mark.parametrize("how", ["log out", "deactivation", "a lost right", "another password"])
def test_a_socket_and_a_stream_end_with_the_change_and_nobody_elses_do(how: str) -> None:
    # So long that neither a beat nor a check by the clock comes.
    house = house_of(limits=Limits(MANY, MANY, MANY, beat_s=600.0, check_s=1e9))
    house.person("ada", Grant(Role.SECURITY_ADMIN))
    token, other = (house.person(name, Grant(Role.VIEWER)) for name in ("vera", "olga"))
    with ExitStack() as held:
        url = held.enter_context(served(house))
        hers, others = (held.enter_context(opened(house, url, each)) for each in (token, other))
        told = held.enter_context(
            httpx.stream("GET", f"{url}{ROOT}/stream", headers=house.headers(token), timeout=20)
        )
        lines = told.iter_lines()
        assert next(lines).startswith("event: overview")
        until(hers, Picture(), 1)
        picture = Picture()
        until(others, picture, 1)
        lose(house, token, how)
        with pytest.raises(ConnectionClosed) as closed:
            for _ in range(10):
                hers.recv(timeout=20)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1008
        assert not [line for line in lines if line.startswith("event: overview")]
        view = house.live.tick()
        until(others, picture, view.number)


def noise(draw: random.Random) -> str | bytes:
    """Something that no page sends."""
    choices: list[str | bytes] = [
        "", "{", "[]", "null", "1e999", "{}", '{"mode":1}', '{"mode":"colour"}',
        '{"mode":"voltage","resync":true}', '{"resync":false}', '{"resync":1}', "[" * 900,
        '{"mode":"' + "x" * draw.randint(1, 2000) + '"}', '{"\\ud800":true}',
        draw.randbytes(draw.randint(0, 1200)), bytes(32), "voltage",
        "".join(chr(draw.randint(1, 0xD7FF)) for _ in range(draw.randint(1, 300))),
    ]  # fmt: skip
    return draw.choice(choices)


def test_a_thousand_malformed_messages_end_their_sockets_and_nobody_elses(house: House) -> None:
    token = house.person("vera", Grant(Role.VIEWER))
    draw = random.Random(7)
    serving = house.app.state.serving
    with served(house) as url, opened(house, url, token) as other:
        picture = Picture()
        until(other, picture, 1)
        sent = 0
        while sent < 1000:
            with suppress(ConnectionClosed), opened(house, url, token) as socket:
                for _ in range(5):
                    sent += 1
                    socket.send(noise(draw))
                with pytest.raises(ConnectionClosed) as closed:
                    for _ in range(100):
                        socket.recv(timeout=20)
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code in (1008, 1009)
        view = house.live.tick()
        until(other, picture, view.number)
        assert np.array_equal(picture.values, view.states.frame(0)[0])
        assert sum(serving.open_sockets.values()) == 1


def test_more_than_twenty_messages_in_ten_seconds_end_a_socket(house: House) -> None:
    token = house.person("vera", Grant(Role.VIEWER))
    with served(house) as url, opened(house, url, token) as socket:
        for k in range(21):
            socket.send(json.dumps({"mode": ("voltage", "loading")[k % 2]}))
        with pytest.raises(ConnectionClosed) as closed:
            for _ in range(100):
                socket.recv(timeout=20)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1008


def test_fifty_sockets_see_the_same_and_one_person_has_only_so_many() -> None:
    house = house_of(limits=Limits(MANY, MANY, MANY, sockets_each=5, beat_s=0.05))
    tokens = [house.person(f"v{k}", Grant(Role.VIEWER)) for k in range(10)]
    with served(house) as url, ExitStack() as held:
        sockets = [held.enter_context(opened(house, url, tokens[k % 10])) for k in range(50)]
        pictures = [Picture() for _ in sockets]
        for _ in range(3):
            view = house.live.tick()
            for socket, picture in zip(sockets, pictures, strict=True):
                until(socket, picture, view.number)
                assert np.array_equal(picture.values, view.states.frame(0)[0])
        with pytest.raises(InvalidStatus) as refused:
            held.enter_context(opened(house, url, tokens[0]))
        assert refused.value.response.status_code == 429
        elsewhere = house.person("v0", Grant(Role.VIEWER))
        with pytest.raises(InvalidStatus) as refused:
            held.enter_context(opened(house, url, elsewhere))
        assert refused.value.response.status_code == 429, "another login is the same person"
