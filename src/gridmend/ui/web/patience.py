"""How long a peer is waited for, and how much it may have in hand."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from gridmend.ui.web.connections import Connections


@dataclass(frozen=True, slots=True)
class Patience:
    """Times [s] and numbers; a peer that keeps to none of them is let go of."""

    head_s: float = 10.0
    """For the head of a request, from its first byte or from the connection."""
    body_s: float = 10.0
    """For the whole body."""
    stall_s: float = 20.0
    """For a peer that takes nothing of what is sent."""
    unfinished_most: int = 128
    """Connections without a whole head; the longest waiting gives way to the next."""
    connections_each: int = 100
    """Connections of one address, streams among them; sockets are counted by account."""
    connections_near: int = 400
    """The same of this machine itself, or of a proxy."""
    idle_most: int = 200
    """Connections kept alive without a request; the longest idle gives way to the next."""
    body_bytes: int = 131_072
    head_bytes: int = 16_384
    message_bytes: int = 1024
    """Of what a page sends through the socket."""
    fragments_most: int = 16
    """Pieces of one message."""


@dataclass(eq=False)
class Waiting:
    """Connections of which no whole head has come, the longest waiting first."""

    patience: Patience
    held: OrderedDict[Any, asyncio.TimerHandle] = field(
        default_factory=OrderedDict[Any, asyncio.TimerHandle]
    )

    def begin(self, protocol: H11Protocol) -> None:
        """Wait for a head from now on, unless it is waited for already."""
        if protocol in self.held:
            return
        timer = protocol.loop.call_later(self.patience.head_s, self._drop, protocol)
        self.held[protocol] = timer
        while len(self.held) > self.patience.unfinished_most:
            self._drop(next(iter(self.held)))

    def end(self, protocol: H11Protocol) -> None:
        """It has come, or the connection is gone."""
        timer = self.held.pop(protocol, None)
        if timer is not None:
            timer.cancel()

    def _drop(self, protocol: H11Protocol) -> None:
        self.end(protocol)
        protocol.transport.abort()


def http_of(patience: Patience, *, is_behind_proxy: bool = False) -> type[H11Protocol]:
    """The protocol of HTTP connections, with patience."""
    waiting = Waiting(patience)
    known = Connections(
        patience.connections_each, patience.connections_near, patience.idle_most, is_behind_proxy
    )

    class Patient(H11Protocol):
        stalled: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            if not known.begin(self, self.address):
                self.transport.abort()
                return
            waiting.begin(self)

        @property
        def address(self) -> str:
            return self.client[0] if self.client else ""

        def data_received(self, data: bytes) -> None:
            if self.transport.is_closing():
                # What a connection that was let go had sent already is not begun any more.
                return
            known.work(self)
            super().data_received(data)
            self.look()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self.look()
            is_idle = self.conn.their_state is h11.IDLE and self not in waiting.held
            if is_idle and not self.transport.is_closing():
                known.rest(self, self.address)

        def look(self) -> None:
            if self.conn.their_state is not h11.IDLE:
                waiting.end(self)
            elif self.conn.trailing_data[0] and not self.transport.is_closing():
                waiting.begin(self)

        def handle_websocket_upgrade(self, event: h11.Request) -> None:
            waiting.end(self)
            # From here on it is another protocol's, which never tells of its end here.
            known.end(self, self.address)
            _cancel(self)
            super().handle_websocket_upgrade(event)

        def pause_writing(self) -> None:
            self.flow.pause_writing()
            _stall(self, patience.stall_s)

        def resume_writing(self) -> None:
            _cancel(self)
            self.flow.resume_writing()

        def connection_lost(self, exc: Exception | None) -> None:
            waiting.end(self)
            known.end(self, self.address)
            _cancel(self)
            super().connection_lost(exc)

    return Patient


def socket_of(patience: Patience) -> type[WebSocketsSansIOProtocol]:
    """The protocol of WebSockets, with patience."""

    class Patient(WebSocketsSansIOProtocol):
        stalled: asyncio.TimerHandle | None = None

        def handle_cont(self, event: Frame) -> None:
            if len(self.frames) >= patience.fragments_most:
                self.transport.abort()
                return
            super().handle_cont(event)

        def handle_ping(self) -> None:
            # Who takes nothing in any more gets no answers heaped up for it.
            if not self.writable.is_set():
                self.transport.abort()
                return
            super().handle_ping()

        def pause_writing(self) -> None:
            super().pause_writing()
            _stall(self, patience.stall_s)

        def resume_writing(self) -> None:
            _cancel(self)
            super().resume_writing()

        def connection_lost(self, exc: Exception | None) -> None:
            _cancel(self)
            super().connection_lost(exc)

    return Patient


def _stall(protocol: Any, stall_s: float) -> None:
    _cancel(protocol)
    protocol.stalled = protocol.loop.call_later(stall_s, protocol.transport.abort)


def _cancel(protocol: Any) -> None:
    if protocol.stalled is not None:
        protocol.stalled.cancel()
        protocol.stalled = None
