"""A thin client of the control room's API, for scripts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from gridmend.model.errors import GridmendError

if TYPE_CHECKING:
    import httpx

ROOT = "/api/v1"
TRIES_MOST = 4
"""How often what may be asked twice is asked, where the server is away or busy."""
PAUSE_S, PAUSE_MOST_S = 0.5, 10.0


class ProblemError(GridmendError):
    """What the server answered where it did not do what was asked: `status` says of which kind it
    is, and `refusals` the rules that forbid it."""

    def __init__(self, said: Mapping[str, Any], status: int) -> None:
        detail = str(said.get("detail") or f"the server answered {status}")
        super().__init__(
            detail, where=str(said.get("where") or ""), mend=str(said.get("mend") or "")
        )
        self.status = status
        self.refusals = tuple(said.get("refusals") or ())


@dataclass(frozen=True, eq=False)
class StateFrame:
    """Two bytes an element, in the order of `Client.names`, and of when they are."""

    mode: int
    number: int
    time_s: float
    values: NDArray[np.uint8]
    flags: NDArray[np.uint8]


class Client:
    """Somebody who is logged in at a control room; used in a `with` statement.

    Without a name it is the demonstration operator, where the server has one. `verify` is False
    or a file of certificates for a server whose certificate is your own. Raises `ProblemError` for
    what the server refuses, and `GridmendError` where it is not reached.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        *,
        name: str = "",
        password: str = "",
        verify: bool | str = True,
        timeout_s: float = 30.0,
        transport: Any = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        import httpx

        self.url, self._pause, self._verify = url.rstrip("/"), pause, verify
        self._http: httpx.Client = httpx.Client(
            base_url=self.url + ROOT, timeout=timeout_s, verify=verify, transport=transport
        )
        try:
            if name:
                said = self.post("/session", name=name, password=password)
            else:
                said = self.get("/session")
            if said["user"] is None:
                raise GridmendError(
                    "this server logs nobody in without a password", where=self.url,
                    mend="give name= and password=",
                )  # fmt: skip
        except BaseException:
            self._http.close()
            raise
        self.session: dict[str, Any] = said
        self._http.headers["X-CSRF"] = said["csrf"]

    # Any endpoint.

    def get(self, path: str, **query: Any) -> Any:
        """What an endpoint answers, as plain values; asked again where the server is away."""
        return self._asked("GET", path, tries=TRIES_MOST, params=query or None).json()

    def post(self, path: str, **body: Any) -> Any:
        """Have something done, once; it is not asked again by itself."""
        return self._asked("POST", path, tries=1, json=body).json()

    def put(self, path: str, **body: Any) -> Any:
        """Have something changed."""
        return self._asked("PUT", path, tries=1, json=body).json()

    def delete(self, path: str, **query: Any) -> Any:
        """Have something taken away."""
        return self._asked("DELETE", path, tries=1, params=query or None).json()

    # The network.

    def overview(self) -> dict[str, Any]:
        """The figures of the whole."""
        return self.get("/overview")

    def names(self) -> dict[str, list[str]]:
        """The names of `elements` and `buses`, in the order of geometry and states."""
        return self.get("/network/names")

    def geometry(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Where everything stands: the header, and the arrays by name."""
        block = self._asked("GET", "/network/geometry", tries=TRIES_MOST).content
        size = int.from_bytes(block[:4], "little")
        head = json.loads(block[4 : 4 + size])
        arrays = {
            one["name"]: np.frombuffer(
                block, np.dtype(one["dtype"]).newbyteorder("<"),
                int(np.prod(one["shape"])), 4 + size + one["offset"],
            ).reshape(one["shape"])
            for one in head["arrays"]
        }  # fmt: skip
        return head, arrays

    def element(self, key: str) -> dict[str, Any]:
        """All about one device."""
        return self.get(f"/network/elements/{quote(key)}")

    def search(self, text: str, limit: int = 20) -> list[dict[str, Any]]:
        """Elements and buses by a part of their name."""
        return self.get("/network/search", q=text, limit=limit)

    def states(self, mode: str = "energised") -> Iterator[StateFrame]:
        """The map as it changes, a frame a second at most, until whoever asks has seen enough."""
        import ssl

        from websockets.exceptions import ConnectionClosed, InvalidHandshake
        from websockets.sync.client import connect

        from gridmend.ui.web.wire import HEARTBEAT, PROTOCOL, Picture

        cookie = "; ".join(f"{name}={value}" for name, value in self._http.cookies.items())
        options: dict[str, Any] = {
            "additional_headers": {"Cookie": cookie}, "subprotocols": [PROTOCOL],
            "compression": None, "max_size": 2**26,
        }  # fmt: skip
        if self.url.startswith("https"):
            given = self._verify if isinstance(self._verify, str) else None
            options["ssl"] = ssl.create_default_context(cafile=given)
            if self._verify is False:
                options["ssl"].check_hostname = False
                options["ssl"].verify_mode = ssl.CERT_NONE
        where = "ws" + self.url.removeprefix("http") + ROOT + "/state"
        picture = Picture()
        try:
            with connect(where, **options) as socket:
                socket.send(json.dumps({"mode": mode}))
                for message in socket:
                    if not isinstance(message, bytes) or not picture.apply(message):
                        socket.send(json.dumps({"resync": True}))
                        continue
                    head = picture.head
                    if head is not None and head.kind != HEARTBEAT:
                        yield StateFrame(
                            head.mode, head.sequence, head.time_s, picture.values, picture.flags
                        )
        except (OSError, ConnectionClosed, InvalidHandshake) as problem:
            raise GridmendError(
                f"the states do not come: {problem}", where=where, mend="ask again"
            ) from None

    # What is watched, and what is done.

    def alarms(self) -> dict[str, Any]:
        """The alarms that are shown."""
        return self.get("/alarms")

    def acknowledge(self, ids: Sequence[str]) -> None:
        """Say that alarms are seen."""
        self.post("/alarms/acknowledge", ids=list(ids))

    def outages(self) -> list[dict[str, Any]]:
        """Outages, with who is out and when they are likely to be back."""
        return self.get("/outages")

    def plans(self, fault: str = "") -> Any:
        """The newest plans by fault, or those for one fault from what stands now."""
        return self.post("/plans", fault=fault) if fault else self.get("/plans")

    def orders(self) -> list[dict[str, Any]]:
        """Switching orders."""
        return self.get("/orders")

    def bring(self, order: str, to: str, **more: Any) -> dict[str, Any]:
        """Bring an order on: `study`, `approve`, `issue`, `step`, `carry-out`, `suspend`, `abort`
        (the last two with `why`)."""
        return self.post(f"/orders/{quote(order, safe='')}/{to}", **more)

    def select(
        self, device: str, action: str, reason: str, value: float | None = None
    ) -> dict[str, Any]:  # fmt: skip
        """Pick a device for one operation, and look ahead; `select` names it for ten seconds."""
        return self.post(
            f"/devices/{quote(device)}/select", action=action, reason=reason, value=value
        )

    def operate(self, select: str, command: str = "") -> dict[str, Any]:
        """Carry out what was selected. Asked again by itself where no answer comes: the server does
        a command once, by its id, which is made here unless one is given."""
        body = {"command": command or str(uuid4())}
        path = f"/selects/{quote(select, safe='')}/operate"
        return self._asked("POST", path, tries=TRIES_MOST, json=body).json()

    def set_password(self, present: str, password: str) -> None:
        """Change one's own password; every other session of the account ends."""
        name = quote(self.session["user"]["name"], safe="")
        said = self.put(f"/users/{name}/password", present=present, password=password)
        self._http.headers["X-CSRF"] = said["csrf"]

    def trends(self, names: Sequence[str], **period: str) -> Any:
        """Figures over time as a `pyarrow.Table`; `start` and `end` are ISO 8601 with a zone."""
        import pyarrow as pa

        media = {"Accept": "application/vnd.apache.arrow.stream"}
        query = {"names": ",".join(names), **period}
        found = self._asked("GET", "/trends", tries=TRIES_MOST, params=query, headers=media)
        return pa.ipc.open_stream(found.content).read_all()

    def journal(self, after: int = 0, limit: int = 100, **only: str) -> list[dict[str, Any]]:
        """Entries of the journal; `kind` and `device` choose among them."""
        return self.get("/journal", after=after, limit=limit, **only)

    def strike(self, element: str) -> None:
        """Have a fault strike the simulated field."""
        self.post("/exercise/faults", element=element)

    def close(self) -> None:
        """Let the connection go; the session ends by itself."""
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()

    def _asked(self, method: str, path: str, *, tries: int, **options: Any) -> httpx.Response:
        import httpx

        for at in range(1, tries + 1):
            wait_s = min(PAUSE_S * 2 ** (at - 1), PAUSE_MOST_S)
            try:
                found = self._http.request(method, path, **options)
            except httpx.TransportError as problem:
                if at == tries:
                    raise GridmendError(
                        f"the control room is not reached: {problem}", where=self.url,
                        mend="start it: gridmend run",
                    ) from None  # fmt: skip
                self._pause(wait_s)
                continue
            if found.status_code in (429, 503) and at < tries:
                given = found.headers.get("Retry-After", "")
                self._pause(min(float(given), PAUSE_MOST_S) if given.isdigit() else wait_s)
                continue
            if found.is_success:
                return found
            raise ProblemError(_said(found), found.status_code)
        raise AssertionError("every try has ended before")


def _said(found: httpx.Response) -> Mapping[str, Any]:
    try:
        said = found.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
