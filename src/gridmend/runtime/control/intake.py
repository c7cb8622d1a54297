"""What the field says, sorted: what changes anything is an event, what repeats is telemetry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from gridmend.model.errors import GridmendError
from gridmend.model.event import Event
from gridmend.model.vocabulary import checked
from gridmend.runtime.fold import Folding

SCANNED_MOST = 1000
"""Devices that one event of a scan names."""
OPEN, CLOSED = 1.0, 0.0
"""How the historian writes positions."""


@dataclass
class Sorted:
    """`repeats` say again where devices stand, and come before the `events`, which change it."""

    events: list[Event] = field(default_factory=list[Event])
    repeats: list[Event] = field(default_factory=list[Event])


def sort(said: Iterable[Event], folding: Folding) -> Sorted:
    """Tell repeats from what is new, against what stands and what changed before in the same go.

    What cannot be read is recorded too, as a note, and changes nothing.
    """
    found = Sorted()
    moved: set[str] = set()
    for event in said:
        readable = _readable(event)
        device = str(readable.payload.get("device", "")).lower()
        if readable.kind == "status" and device not in moved and folding.repeats(readable):
            found.repeats.append(readable)
            continue
        # A device may be named with its class; what repeats never is.
        moved |= {device, device.partition(".")[2]}
        found.events.append(readable)
    return found


def scans(repeats: Iterable[Event]) -> Iterator[Event]:
    """Repeats as few events that name the devices which stand where they stood."""
    devices: list[str] = []
    last: Event | None = None
    for event in repeats:
        is_new = last is not None and (event.time_utc, event.source) != (last.time_utc, last.source)
        if last is not None and (is_new or len(devices) == SCANNED_MOST):
            yield _scan(last, devices)
            devices = []
        devices.append(str(event.payload["device"]))
        last = event
    if last is not None:
        yield _scan(last, devices)


def _scan(event: Event, devices: list[str]) -> Event:
    return Event(event.time_utc, event.source, event.cause, "scanned", {"devices": devices})


def _readable(event: Event) -> Event:
    try:
        checked(event).as_line()
        return event
    except GridmendError as problem:
        said = f"{problem.what}: {dict(event.payload)!r}"[:500]
        text = said.encode("utf-8", "replace").decode()
        return Event(event.time_utc, "control room", event.source, "note", {"text": text})
