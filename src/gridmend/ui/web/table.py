"""Every endpoint with what it takes to use it, stated once; the gate asks nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from gridmend.runtime.users.roles import Permission

P = Permission
ROOT = "/api/v1"


class Where(StrEnum):
    """In which area a permission is asked for."""

    PUBLIC = "public"
    """Of nobody: no session is needed."""
    SESSION = "session"
    """Of whoever is logged in."""
    SOME = "some"
    """In any area: who sees one area sees the network around it."""
    EVERYWHERE = "everywhere"
    ACCOUNTS = "accounts"
    """Whoever is logged in; the accounts judge by themselves, as some may do it for themselves."""
    PATH_AREA = "the area in the path"
    BODY_AREA = "the area in the body"
    DEVICE = "the area of the device in the path"
    BODY_DEVICE = "the area of the device in the body"
    SELECT = "the area of the selected device"
    ORDER = "the area of the order"
    PLAN = "the area of what the plan moves"
    TAG = "the area of the tagged device"
    GROUND = "the area of the earthed bus"
    ALARM = "the area of the alarm"
    BODY_ALARMS = "the areas of all these alarms"
    OFFER = "the area that is handed over"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method and a path (below `/api/v1`), the permission, and where it is asked for."""

    method: str
    path: str
    permission: Permission | None
    where: Where


_W = Where
_ROWS: tuple[tuple[str, str, Permission | None, Where], ...] = (
    ("GET", "/session", None, _W.PUBLIC),
    ("POST", "/session", None, _W.PUBLIC),
    ("DELETE", "/session", None, _W.SESSION),
    ("POST", "/setup", None, _W.PUBLIC),
    ("GET", "/users", P.MANAGE_USERS, _W.EVERYWHERE),
    ("POST", "/users", P.MANAGE_USERS, _W.EVERYWHERE),
    ("GET", "/users/pending", P.MANAGE_USERS, _W.ACCOUNTS),
    ("POST", "/users/{name}/grants", P.MANAGE_USERS, _W.EVERYWHERE),
    ("DELETE", "/users/{name}/grants", P.MANAGE_USERS, _W.EVERYWHERE),
    ("POST", "/users/{name}/grants/confirm", P.MANAGE_USERS, _W.ACCOUNTS),
    ("PUT", "/users/{name}/password", P.MANAGE_USERS, _W.ACCOUNTS),
    ("PUT", "/users/{name}/active", P.MANAGE_USERS, _W.EVERYWHERE),
    ("GET", "/overview", P.VIEW, _W.SOME),
    ("GET", "/network", P.VIEW, _W.SOME),
    ("GET", "/network/geometry", P.VIEW, _W.SOME),
    ("GET", "/network/names", P.VIEW, _W.SOME),
    ("GET", "/network/elements/{key}", P.VIEW, _W.SOME),
    ("GET", "/network/search", P.VIEW, _W.SOME),
    ("GET", "/network/trace", P.VIEW, _W.SOME),
    ("GET", "/network/oneline/{feeder}", P.VIEW, _W.SOME),
    ("GET", "/network/oneline/{feeder}/figures", P.VIEW, _W.SOME),
    ("GET", "/network/substations", P.VIEW, _W.SOME),
    ("GET", "/network/substations/{substation}", P.VIEW, _W.SOME),
    ("GET", "/network/substations/{substation}/figures", P.VIEW, _W.SOME),
    ("GET", "/alarms", P.VIEW, _W.SOME),
    ("POST", "/alarms/acknowledge", P.ACKNOWLEDGE, _W.BODY_ALARMS),
    ("POST", "/alarms/{id}/shelve", P.ACKNOWLEDGE, _W.ALARM),
    ("POST", "/alarms/{id}/unshelve", P.ACKNOWLEDGE, _W.ALARM),
    ("GET", "/stream", P.VIEW, _W.SOME),
    ("GET", "/outages", P.VIEW, _W.SOME),
    ("GET", "/plans", P.VIEW, _W.SOME),
    ("POST", "/plans", P.WRITE_ORDERS, _W.BODY_DEVICE),
    ("POST", "/plans/{id}/order", P.WRITE_ORDERS, _W.PLAN),
    ("GET", "/orders", P.VIEW, _W.SOME),
    ("POST", "/orders", P.WRITE_ORDERS, _W.BODY_AREA),
    ("GET", "/orders/{id}", P.VIEW, _W.SOME),
    ("PUT", "/orders/{id}", P.WRITE_ORDERS, _W.ORDER),
    ("POST", "/orders/{id}/study", P.WRITE_ORDERS, _W.ORDER),
    ("POST", "/orders/{id}/approve", P.APPROVE_ORDERS, _W.ORDER),
    ("POST", "/orders/{id}/issue", P.EXECUTE_ORDERS, _W.ORDER),
    ("POST", "/orders/{id}/step", P.EXECUTE_ORDERS, _W.ORDER),
    ("POST", "/orders/{id}/carry-out", P.EXECUTE_ORDERS, _W.ORDER),
    ("POST", "/orders/{id}/suspend", P.EXECUTE_ORDERS, _W.ORDER),
    ("POST", "/orders/{id}/abort", P.EXECUTE_ORDERS, _W.ORDER),
    ("GET", "/orders/{id}/sheet.pdf", P.VIEW, _W.SOME),
    ("POST", "/devices/{key}/look-ahead", P.VIEW, _W.SOME),
    ("POST", "/devices/{key}/select", P.OPERATE, _W.DEVICE),
    ("DELETE", "/selects/{id}", P.OPERATE, _W.SELECT),
    ("POST", "/selects/{id}/operate", P.OPERATE, _W.SELECT),
    ("POST", "/tags", P.WORK, _W.BODY_DEVICE),
    ("DELETE", "/tags/{id}", P.WORK, _W.TAG),
    ("POST", "/grounds", P.WORK, _W.BODY_DEVICE),
    ("DELETE", "/grounds/{id}", P.WORK, _W.GROUND),
    ("GET", "/areas", P.VIEW, _W.SOME),
    ("POST", "/areas/{area}/authority", P.TAKE_AUTHORITY, _W.PATH_AREA),
    ("DELETE", "/areas/{area}/authority", P.TAKE_AUTHORITY, _W.PATH_AREA),
    ("GET", "/handover", P.VIEW, _W.SOME),
    ("POST", "/handover", P.TAKE_AUTHORITY, _W.BODY_AREA),
    ("POST", "/handover/{id}/accept", P.TAKE_AUTHORITY, _W.OFFER),
    ("GET", "/applications", P.VIEW, _W.SOME),
    ("PUT", "/applications/{name}/mode", P.SET_MODES, _W.BODY_AREA),
    ("POST", "/applications/kill", P.KILL, _W.BODY_AREA),
    ("POST", "/applications/revive", P.SET_MODES, _W.BODY_AREA),
    ("GET", "/trends", P.VIEW, _W.SOME),
    ("GET", "/journal", P.VIEW, _W.SOME),
    ("GET", "/journal/verify", P.VIEW, _W.SOME),
    ("GET", "/replay", P.VIEW, _W.SOME),
    ("GET", "/replay/span", P.VIEW, _W.SOME),
    ("GET", "/replay/panels", P.VIEW, _W.SOME),
    ("GET", "/replay/elements/{key}", P.VIEW, _W.SOME),
    ("GET", "/reports/outages.{form}", P.REPORT, _W.EVERYWHERE),
    ("GET", "/reports/daily.{form}", P.REPORT, _W.EVERYWHERE),
    ("POST", "/exercise/faults", P.STUDY, _W.BODY_DEVICE),
    ("POST", "/exercise/repairs", P.STUDY, _W.BODY_DEVICE),
    ("POST", "/exercise/speed", P.STUDY, _W.EVERYWHERE),
)
ENDPOINTS = tuple(Endpoint(*row) for row in _ROWS)
BY_PLACE = MappingProxyType({(e.method, e.path): e for e in ENDPOINTS})
SOCKET = Endpoint("WEBSOCKET", "/state", P.VIEW, Where.SOME)
OF_A_RECORDING = frozenset({
    "/session", "/users", "/users/pending", "/network", "/network/geometry", "/network/names",
    "/network/search", "/network/oneline/{feeder}", "/network/substations",
    "/network/substations/{substation}", "/trends", "/replay", "/replay/span", "/replay/panels",
    "/replay/elements/{key}",
})  # fmt: skip
"""What a server of a recording alone answers: who asks, what the network is, and what was. All else
tells what is so now, and behind a recording nothing is."""


def _shape(path: str) -> re.Pattern[str]:
    # A device may have a slash in its name.
    return re.compile(re.sub(r"\{\w+\}", "[^/]+", path.replace("{key}", ".+")))


_SHAPES = tuple((_shape(entry.path), entry.method) for entry in ENDPOINTS)


def methods_at(path: str) -> list[str]:
    """The methods that a path below `/api/v1` knows."""
    return sorted({method for shape, method in _SHAPES if shape.fullmatch(path)})


CHANGES = frozenset({"POST", "PUT", "DELETE", "PATCH"})
"""Methods that need the session's CSRF token."""
