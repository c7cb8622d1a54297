from __future__ import annotations

import json
import socket
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import httpx
import pytest

from gridmend.runtime.users.roles import Grant, Role
from gridmend.ui.web.patience import Patience
from tests.ui.web.conftest import ROOT, House, house_of, served

SHORT = Patience(head_s=0.3, body_s=0.3, stall_s=600.0, unfinished_most=20)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[House, str]]:
    """A server with little patience, so that a test need not have much."""
    house = house_of(patience=SHORT)
    with served(house) as url:
        yield house, url


@contextmanager
def wire(url: str, *, receives: int | None = None) -> Iterator[socket.socket]:
    """A bare connection, which may have room for little that is not read yet."""
    host, port = url.removeprefix("http://").split(":")
    with socket.socket() as made:
        if receives is not None:
            # Before it connects: a window that shrinks later may lose even the other's reset.
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
        made.settimeout(20)
        made.connect((host, int(port)))
        yield made


def ended(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    said = b""
    try:
        while chunk := connection.recv(65536):
            said += chunk
    except ConnectionError:
        pass
    return said


def is_well(house: House, url: str) -> None:
    """Somebody else is served."""
    headers = house.headers(house.person("vera", Grant(Role.VIEWER)))
    assert httpx.get(f"{url}{ROOT}/overview", headers=headers, timeout=20).status_code == 200


def test_a_head_that_does_not_come_is_not_waited_for(server: tuple[House, str]) -> None:
    house, url = server
    with ExitStack() as held:
        slow = [held.enter_context(wire(url)) for _ in range(10)]
        for connection in slow:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ")
        is_well(house, url)
        assert [ended(connection) for connection in slow] == [b""] * 10


def test_of_many_unfinished_heads_the_oldest_give_way_and_others_are_served(
    server: tuple[House, str],
) -> None:
    house, url = server
    with ExitStack() as held:
        slow = [held.enter_context(wire(url)) for _ in range(200)]
        for connection in slow:
            try:
                connection.sendall(b"POST /api/v1/session HTTP/1.1\r\n")
            except ConnectionError:
                continue
        is_well(house, url)
        for connection in slow:
            ended(connection)


def test_a_second_head_on_the_same_connection_is_not_waited_for_either(
    server: tuple[House, str],
) -> None:
    _, url = server
    with wire(url) as connection:
        connection.sendall(b"GET /none HTTP/1.1\r\nHost: x\r\n\r\nGET /none HTT")
        assert ended(connection).startswith(b"HTTP/1.1 404")


def test_a_body_that_comes_by_drops_is_a_408(server: tuple[House, str]) -> None:
    house, url = server
    head = b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    with wire(url) as connection:
        connection.sendall(head + b'Content-Length: 1000\r\n\r\n{"name"')
        is_well(house, url)
        assert ended(connection).startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("how", ["announced", "in pieces"])
def test_a_body_that_is_too_long_is_a_413_and_is_not_kept(
    server: tuple[House, str], how: str
) -> None:
    house, url = server
    head = b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    with wire(url) as connection:
        if how == "announced":
            connection.sendall(head + b"Content-Length: 1000000000\r\n\r\n")
        else:
            connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
            piece = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
            try:
                for _ in range(200):
                    connection.sendall(piece)
            except (ConnectionError, TimeoutError):
                pass
        said = ended(connection)
        # The connection may be gone before the answer is read; never is it taken in.
        assert said == b"" or said.startswith(b"HTTP/1.1 413")
        assert how != "announced" or said
    is_well(house, url)


@pytest.mark.parametrize(
    "noise",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"\r\n" * 500,
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 5000, b"GET /" + b"a" * 70000,
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /%00%ff/../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ],
    ids=range(9),
)  # fmt: skip
def test_what_is_no_request_is_answered_with_a_refusal_or_an_end(
    server: tuple[House, str], noise: bytes
) -> None:
    house, url = server
    with wire(url) as connection:
        with suppress(ConnectionError):
            connection.sendall(noise)
        said = ended(connection)
        assert said == b"" or said.startswith((b"HTTP/1.1 4", b"HTTP/1.1 503"))
    is_well(house, url)


@pytest.mark.parametrize(
    "body",
    ["[" * 60_000, '{"a":' * 20_000, "1" * 100_000, '"\\ud800"',
     '{"name": "\\u0000", "\\ud800": 1}', "NaN",
     '{"name": "ada", "password": NaN}', "\xff\xfe", ""],
    ids=range(9),
)  # fmt: skip
def test_json_that_is_none_is_refused_as_a_problem(house: House, body: str) -> None:
    token = house.person("ben", Grant(Role.OPERATOR))
    with house.client(token) as browser:
        for path in ("/session", "/alarms/acknowledge", "/devices/x/select", "/orders"):
            found = browser.post(
                path, content=body.encode("latin-1", "replace"),
                headers={"Content-Type": "application/json"},
            )  # fmt: skip
            assert found.status_code in (400, 404, 422), found.text
            assert json.loads(found.content)["status"] == found.status_code


def test_a_page_that_takes_nothing_in_is_let_go_and_memory_stays_bounded(
    server: tuple[House, str],
) -> None:
    house, url = server
    serving = house.app.state.serving
    cookie = house.headers(house.person("vera", Grant(Role.VIEWER)))["Cookie"].encode()
    head = (
        b"GET /api/v1/state HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Protocol: gridmend.state.v1\r\nCookie: " + cookie + b"\r\n\r\n"
    )
    ping = b"\x89\xfd\x00\x00\x00\x00" + b"p" * 125
    with wire(url, receives=4096) as connection:
        connection.sendall(head)
        assert connection.recv(1024).startswith(b"HTTP/1.1 101")
        tracemalloc.start()
        try:
            # Pings whose answers nobody reads: an endless heap, were they kept.
            with pytest.raises(OSError):
                for _ in range(100_000):
                    connection.sendall(ping * 64)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 20e6
    for _ in range(2000):
        is_well(house, url)
        if not serving.open_sockets:
            break
    assert not serving.open_sockets
