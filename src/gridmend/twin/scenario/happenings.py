"""What a scenario has happen at given times: faults, links, devices, demand and sun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Growth:
    """What a fault becomes: its phases `after_s` it struck [s]."""

    after_s: float
    phases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FaultStrikes:
    """A fault on an element, `share` of the way along a line from its first bus.

    Without `phases` it is on all that the element has. Each phase is joined to ground through
    `r_ohm`, or where it is not `to_ground` to the others. One that is not `permanent` goes once
    the line was dead for a moment.
    """

    at_s: float
    element: str
    phases: tuple[str, ...] = ()
    share: float = 0.5
    r_ohm: float = 0.0
    to_ground: bool = True
    permanent: bool = True
    cause: str = "unknown"
    grows: tuple[Growth, ...] = ()


@dataclass(frozen=True, slots=True)
class LinkFails:
    """A link of communications is down for some minutes, unplanned."""

    at_s: float
    link: str
    down_min: float


@dataclass(frozen=True, slots=True)
class DeviceSticks:
    """A device does from now on not do what it is told."""

    at_s: float
    device: str


@dataclass(frozen=True, slots=True)
class DeviceFreed:
    """A stuck device does again what it is told."""

    at_s: float
    device: str


@dataclass(frozen=True, slots=True)
class DeviceMoves:
    """Somebody in the field opens or closes a switch by hand, without the control room."""

    at_s: float
    action: Literal["open", "close"]
    device: str


@dataclass(frozen=True, slots=True)
class DemandTurns:
    """All demand is multiplied by `scale`, for `lasts_min` or until the next of its kind."""

    at_s: float
    scale: float
    lasts_min: float | None = None


@dataclass(frozen=True, slots=True)
class SunTurns:
    """The sun is multiplied by `scale` (clouds), for `lasts_min` or until the next of its kind."""

    at_s: float
    scale: float
    lasts_min: float | None = None


Happening = (
    FaultStrikes | LinkFails | DeviceSticks | DeviceFreed | DeviceMoves | DemandTurns | SunTurns
)
