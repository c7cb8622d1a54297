from __future__ import annotations

import json
import socket
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import httpx
import pytest

from gridmend.runtime.users.roles import Grant, Role
from gridmend.ui.web.connections import Connections
from gridmend.ui.web.patience import Patience
from gridmend.ui.web.server import CONNECTIONS_MOST
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


def answered(connection: socket.socket) -> bytes:
    """Ask for something small and leave the connection open; what is answered, empty where none."""
    try:
        connection.sendall(b"GET /api/v1/session HTTP/1.1\r\nHost: x\r\n\r\n")
        return connection.recv(65536)
    except ConnectionError:
        return b""


def is_open(connection: socket.socket) -> bool:
    """Whether the other side has not closed, once all that it sent is read."""
    connection.setblocking(False)
    try:
        while connection.recv(65536):
            pass
    except BlockingIOError:
        return True
    except ConnectionError:
        return False
    return False


def test_of_many_idle_connections_the_longest_idle_give_way_and_others_are_served() -> None:
    house = house_of(patience=Patience(idle_most=20))
    with served(house) as url, ExitStack() as held:
        idle: list[socket.socket] = []
        # More than the server has room for in all.
        for _ in range(CONNECTIONS_MOST + 40):
            idle.append(held.enter_context(wire(url)))
            assert answered(idle[-1]).startswith(b"HTTP/1.1 ")
        is_well(house, url)
        kept = [is_open(connection) for connection in idle]
        assert sum(kept) <= 20
        assert not any(kept[:10])
        assert all(kept[-10:]), "the newest are kept"


def test_who_has_too_many_connections_gives_way_with_its_own_and_not_with_others() -> None:
    class Line:
        def __init__(self) -> None:
            self.transport, self.is_open = self, True

        def close(self) -> None:
            self.is_open = False

    known = Connections(each_most=3, near_most=5, idle_most=100)
    others, own = [Line() for _ in range(3)], [Line() for _ in range(5)]
    for line in others:
        assert known.begin(line, "192.0.2.7")
        known.rest(line, "192.0.2.7")
    for line in own[:3]:
        assert known.begin(line, "192.0.2.9")
    assert not known.begin(own[3], "192.0.2.9"), "none of its own is idle"
    known.rest(own[1], "192.0.2.9")
    assert known.begin(own[3], "192.0.2.9")
    assert [line.is_open for line in own] == [True, False, True, True, True]
    assert all(line.is_open for line in others)
    known.end(own[0], "192.0.2.9")
    assert known.begin(own[4], "192.0.2.9")
    near = [Line() for _ in range(6)]
    assert [known.begin(line, "127.0.0.1") for line in near] == [True] * 5 + [False]


def test_a_head_that_does_not_come_is_not_waited_for(server: tuple[House, str]) -> None:
    house, url = server
    with ExitStack() as held:
        slow = [held.enter_context(wire(url)) for _ in range(10)]
        for connection in slow:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ")
        is_well(house, url)
        assert [ended(connection) for connection in slow] == [b""] * 10


def test_of_many_unfinished_heads_the_oldest_give_way_and_others_are_served() -> None:
    # So patient that none is let go for its time.
    house = house_of(patience=Patience(head_s=600.0, unfinished_most=20))
    with served(house) as url, ExitStack() as held:
        slow = [held.enter_context(wire(url)) for _ in range(200)]
        for connection in slow:
            with suppress(ConnectionError):
                connection.sendall(b"POST /api/v1/session HTTP/1.1\r\n")
        is_well(house, url)
        kept = [is_open(connection) for connection in slow]
        assert sum(kept) <= 20
        assert not any(kept[:100])
        assert all(kept[-10:]), "the newest are waited for"


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
