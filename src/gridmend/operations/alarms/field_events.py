"""What the field and the outage desk say, as alarms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gridmend.model.event import Event
from gridmend.operations.alarms.condition import id_of
from gridmend.operations.alarms.raising import TEXT_MOST, Handler, Said, cleared, raised

if TYPE_CHECKING:
    from gridmend.operations.alarms.alarms import Alarms


def _tripped(alarms: Alarms, event: Event) -> Alarms:
    key = alarms.places.key(event.payload["device"])
    is_locked = event.payload.get("locked_out") is True
    kind = "locked_out" if is_locked else "tripped"
    what = f"{key} tripped and locked out" if is_locked else f"{key} tripped"
    why = event.payload.get("why")
    if is_locked and isinstance(why, str) and why:
        # the device has not said so itself
        what = f"{key} is taken for locked out: {why}"[:TEXT_MOST]
    return raised(alarms, Said(kind, key, what, event.time_utc))


def _position(alarms: Alarms, event: Event) -> Alarms:
    """A device says where it stands, or has moved."""
    p = event.payload
    if p.get("quality", "good") != "good":
        return alarms
    key = str(p["device"]).lower()
    trip, loop = id_of("tripped", key), id_of("loop_outlived", key)
    if trip not in alarms.entries and loop not in alarms.entries:
        key = alarms.places.key(key)
        trip, loop = id_of("tripped", key), id_of("loop_outlived", key)
    position = p.get("position") or p.get("action")
    if position in ("closed", "close") and not p.get("open_phases"):
        entry = alarms.entries.get(trip)
        if entry is not None and _measured(p, event.time_utc) >= entry.raised_utc:
            return cleared(alarms, trip, event.time_utc)
    elif position == "open":
        return cleared(alarms, loop, event.time_utc)
    return alarms


def _lockout_reset(alarms: Alarms, event: Event) -> Alarms:
    key = alarms.places.key(event.payload["device"])
    entry = alarms.entries.get(id_of("tripped", key))
    if entry is None or not entry.stands or entry.kind != "locked_out":
        return alarms
    what = f"{key} tripped; its lock-out is reset"
    return raised(alarms, Said("tripped", key, what, event.time_utc, eases=True))


def _fault_indicated(alarms: Alarms, event: Event) -> Alarms:
    key = alarms.places.key(event.payload["device"])
    phases = " ".join(str(phase) for phase in event.payload["phases"][:4])
    what = f"the indicator at {key} saw a fault, phase {phases}"[:TEXT_MOST]
    return raised(alarms, Said("fault_indicated", key, what, event.time_utc))


def _fault_suspected(alarms: Alarms, event: Event) -> Alarms:
    key = alarms.places.key(event.payload["element"])
    behind = str(event.payload.get("behind", ""))
    near = (alarms.places.key(behind),) if behind else ()
    what = f"{key} may be faulted"
    return raised(alarms, Said("fault_suspected", key, what, event.time_utc, near=near, eases=True))


def _repaired(alarms: Alarms, event: Event) -> Alarms:
    key = alarms.places.key(event.payload["element"])
    return cleared(alarms, id_of("fault_suspected", key), event.time_utc)


def _outage_predicted(alarms: Alarms, event: Event) -> Alarms:
    p = event.payload
    was = str(p.get("was", ""))
    if was:
        alarms = cleared(alarms, id_of("outage", alarms.places.key(was)), event.time_utc)
    if p.get("type") == "service" or p["customers"] <= 0:
        # One customer alone is of the outage desk, and no alarm.
        return alarms
    key = alarms.places.key(p["device"])
    critical = p.get("critical", 0)
    kind = "outage_critical" if isinstance(critical, int) and critical > 0 else "outage"
    what = f"{p['customers']:,} customers out by {key}"
    if kind == "outage_critical":
        what += f", {critical:,} of them critical"
    near = (alarms.places.key(was),) if was else ()
    return raised(
        alarms,
        Said(kind, key, what, event.time_utc, value=float(p["customers"]), unit="customers",
             near=near, eases=True),
    )  # fmt: skip


def _restoration_verified(alarms: Alarms, event: Event) -> Alarms:
    if event.payload["out"] > 0:
        return alarms
    key = alarms.places.key(event.payload["device"])
    return cleared(alarms, id_of("outage", key), event.time_utc)


def _plan_stopped(alarms: Alarms, event: Event) -> Alarms:
    p = event.payload
    if p.get("anew") is True:
        return alarms
    device = str(p.get("device", ""))
    key = alarms.places.key(device) if device else ""
    what = f"restoration was given up: {p.get('why', '')}"[:TEXT_MOST]
    return raised(alarms, Said("plan_stopped", key, what, event.time_utc))


def _measured(payload: Mapping[str, Any], time_utc: datetime) -> datetime:
    """When a report was measured, at the latest when it was told."""
    stated = payload.get("measured_utc")
    return time_utc if stated is None else min(datetime.fromisoformat(stated), time_utc)


HANDLERS: Mapping[str, Handler] = MappingProxyType({
    "tripped": _tripped,
    "status": _position,
    "switched": _position,
    "lockout_reset": _lockout_reset,
    "fault_indicated": _fault_indicated,
    "fault_suspected": _fault_suspected,
    "repaired": _repaired,
    "outage_predicted": _outage_predicted,
    "restoration_verified": _restoration_verified,
    "plan_stopped": _plan_stopped,
})  # fmt: skip
