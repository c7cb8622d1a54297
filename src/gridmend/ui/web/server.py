"""One process that serves: a port of its own, TLS by flag, and a clean end."""

from __future__ import annotations

import errno
import logging
import signal
import socket
import ssl
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI

from gridmend.model.errors import GridmendError
from gridmend.ui.web.patience import http_of, socket_of
from gridmend.ui.web.serving import Serving

CONNECTIONS_MOST = 600
KEEP_ALIVE_S = 15
END_S = 3
"""How long the end waits for answers that are under way."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Tls:
    """A certificate and its key, as PEM files."""

    cert: Path
    key: Path

    def check(self) -> None:
        """Raise `GridmendError` where they are not a certificate and its key."""
        for option, file in (("--tls-cert", self.cert), ("--tls-key", self.key)):
            if not file.is_file():
                raise GridmendError("there is no such file", where=f"{option} {file}",
                                    mend="name a PEM file")  # fmt: skip
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.cert, self.key, "")
        except (ssl.SSLError, OSError, ValueError) as problem:
            raise GridmendError(
                f"TLS cannot begin with these: {problem}",
                where=f"--tls-cert {self.cert}, --tls-key {self.key}",
                mend="give a certificate with its chain, and its key without a password, as PEM",
            ) from None


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens nowhere else; taken before anything slow is begun."""
    where = f"{host}:{port}"
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, kind, proto)
    except (OSError, UnicodeError) as problem:
        raise GridmendError(f"there is no address '{host}': {problem}", where="--host",
                            mend="give an address of this machine") from None  # fmt: skip
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(address)
        # Listening makes sure that nobody else does, before the slow part.
        made.listen(128)
    except OSError as problem:
        made.close()
        if problem.errno == errno.EADDRINUSE:
            what = f"port {port} is taken"
            mend = "end what listens there, or choose another: --port"
        else:
            what = f"nothing can listen there: {(problem.strerror or str(problem)).lower()}"
            mend = "choose an address of this machine, and a port from 1024 on"
        raise GridmendError(what, where=where, mend=mend) from None
    return made


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Server(uvicorn.Server):
    """Says when it is ready, lets streams go when it ends, and ends without a word."""

    def __init__(self, config: uvicorn.Config, serving: Serving, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.serving, self.ready = serving, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, and say so."""
        await super().startup(sockets)
        self.ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End; who listens to a stream would else be waited for."""
        self.serving.feed.end()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Ctrl-C and a polite kill end it well: they are not raised again afterwards."""

        def end(number: int, _: FrameType | None) -> None:
            self.force_exit = self.should_exit and number == signal.SIGINT
            self.should_exit = True

        try:
            before = {number: signal.signal(number, end) for number in _SIGNALS}
        except ValueError:
            # Not the main thread: a test, which ends it by `should_exit`.
            before = {}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def server_of(
    app: FastAPI, *, tls: Tls | None = None, ready: Callable[[], None] = lambda: None
) -> Server:
    """A server of an application, that is run with the sockets it listens on."""
    serving: Serving = app.state.serving
    patience = serving.patience
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    options: dict[str, Any] = {}
    if tls is not None:
        options = {"ssl_certfile": str(tls.cert), "ssl_keyfile": str(tls.key)}
    config = uvicorn.Config(
        app, http=http_of(patience, is_behind_proxy=serving.secure and tls is None),
        ws=socket_of(patience), loop="asyncio", lifespan="on",
        log_config=None, access_log=False, server_header=False, proxy_headers=False,
        limit_concurrency=CONNECTIONS_MOST, timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=END_S, h11_max_incomplete_event_size=patience.head_bytes,
        ws_max_size=4 * patience.message_bytes, ws_per_message_deflate=False,
        ws_ping_interval=20.0, ws_ping_timeout=20.0, **options,
    )  # fmt: skip
    return Server(config, serving, ready)
