"""The gateway in a process of its own, behind a socket that only its user may open."""

from __future__ import annotations

import os
import socket
from io import BufferedRWPair
from pathlib import Path
from typing import Any
from uuid import uuid4

from gridmend.model.errors import GridmendError
from gridmend.model.event import Event
from gridmend.runtime.gateway.frame import Frame, frame_of
from gridmend.runtime.gateway.gateway import Gateway, Reply
from gridmend.runtime.gateway.wire import LINE_MOST, line_of, reply_as_json, reply_of, said_in

ANSWER_S = 15.0
"""Time in which a gateway answers; later its command is in doubt."""


UNREAD_MOST = 1_000_000
"""Events kept for a control room that does not collect them; more stops the gateway, loudly."""


class Outbox:
    """Events until the control room says that it has them; `boot` tells one life from another."""

    def __init__(self, gateway: Gateway, boot: str) -> None:
        self.boot = boot
        self._gateway = gateway
        self._kept: list[Event] = []
        self._first = 1

    def beyond(self, boot: str, seen: int) -> dict[str, Any]:
        """The events after those seen; those are let go."""
        if boot == self.boot and seen >= self._first:
            self._kept = self._kept[seen + 1 - self._first :]
            self._first = seen + 1
        self._kept += self._gateway.events()
        if len(self._kept) > UNREAD_MOST:
            raise GridmendError(f"more than {UNREAD_MOST} events were not collected")
        last = self._first + len(self._kept) - 1
        told = [event.as_json() for event in self._kept]
        return {"boot": self.boot, "last": last, "events": told}


def serve(gateway: Gateway, path: Path) -> None:
    """Answer one control room after another at a socket, until `stop` is said.

    A control room that goes away leaves the gateway as it is; the next one goes on, and has the
    events that the last one did not say it has.
    """
    outbox = Outbox(gateway, uuid4().hex)
    with _listening(path) as server:
        while True:
            connection, _ = server.accept()
            with connection, connection.makefile("rwb") as stream:
                try:
                    if not _answered(gateway, outbox, stream):
                        return
                except OSError:
                    continue


class GatewayClient:
    """A gateway in another process, as `control.kernel.Hand` wants it."""

    def __init__(self, path: Path, *, answer_s: float = ANSWER_S) -> None:
        self._path, self._answer_s = path, answer_s
        self._socket: socket.socket | None = None
        self._stream: BufferedRWPair | None = None
        self._boot, self._seen = "", 0

    def send(self, frame: Frame) -> Reply:
        """Have a frame carried out. Raises `GridmendError` where no answer comes: the command
        stays pending, and is read back or settled."""
        return reply_of(self._ask({"do": "send", "frame": frame.as_line()}))

    def withdraw(self, command: str) -> bool:
        """Make sure that a command is not sent any more; True where it may have been."""
        return bool(self._ask({"do": "withdraw", "command": command})["sent"])

    def events(self) -> tuple[Event, ...]:
        """What the field said since it was last asked."""
        said = self._ask({"do": "events", "boot": self._boot, "seen": self._seen})
        events = tuple(Event.from_json(told) for told in said["events"])
        self._boot, self._seen = str(said["boot"]), int(said["last"])
        return events

    def stop(self) -> None:
        """Have the gateway end."""
        self._ask({"do": "stop"})
        self.close()

    def close(self) -> None:
        """Let go of the socket."""
        for held in (self._stream, self._socket):
            if held is not None:
                held.close()
        self._socket = self._stream = None

    def _ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        try:
            stream = self._opened()
            stream.write(line_of(asked))
            stream.flush()
            line = stream.readline(LINE_MOST)
            if not line.endswith(b"\n"):
                raise OSError("it hung up")
        except OSError as problem:
            self.close()
            raise GridmendError(
                f"the gateway does not answer: {problem}",
                where=str(self._path),
                mend="start it again; what was sent meanwhile is read back or settled",
            ) from problem
        said = said_in(line)
        if "problem" in said:
            raise GridmendError(f"the gateway says: {said['problem']}", where=str(self._path))
        return said

    def _opened(self) -> BufferedRWPair:
        stream = self._stream
        if stream is None:
            self._socket = _unix()
            self._socket.settimeout(self._answer_s)
            self._socket.connect(str(self._path))
            stream = self._stream = self._socket.makefile("rwb")
        return stream


def _answered(gateway: Gateway, outbox: Outbox, stream: BufferedRWPair) -> bool:
    """Answer one control room until it goes; False where it said `stop`."""
    while line := stream.readline(LINE_MOST):
        try:
            asked = said_in(line)
            said = _done(gateway, outbox, asked)
        except (GridmendError, ArithmeticError, LookupError, TypeError, ValueError) as problem:
            asked, said = {}, {"problem": str(problem)}
        stream.write(line_of(said))
        stream.flush()
        if asked.get("do") == "stop":
            return False
    return True


def _done(gateway: Gateway, outbox: Outbox, asked: dict[str, Any]) -> dict[str, Any]:
    match asked.get("do"):
        case "send":
            return reply_as_json(gateway.send(frame_of(asked["frame"])))
        case "withdraw":
            return {"sent": gateway.withdraw(str(asked["command"]))}
        case "events":
            return outbox.beyond(str(asked["boot"]), int(asked["seen"]))
        case "stop":
            return {}
        case other:
            raise GridmendError(f"a gateway does not do {other!r}")


def _listening(path: Path) -> socket.socket:
    server = _unix()
    path.unlink(missing_ok=True)
    before = os.umask(0o177)
    try:
        server.bind(str(path))
    except OSError as problem:
        server.close()
        raise GridmendError(
            f"the gateway cannot listen: {problem.strerror}", where=str(path),
            mend="give a path in a folder that can be written, shorter than 100 letters",
        ) from problem  # fmt: skip
    finally:
        os.umask(before)
    server.listen(1)
    return server


def _unix() -> socket.socket:
    if not hasattr(socket, "AF_UNIX"):
        raise GridmendError(
            "this system has no local sockets", mend="keep the gateway in the same process"
        )
    return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
