"""What is out of order in a situation: clearances, orders that wait, authority, lost devices."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import numpy as np

from gridmend.model.situation import ANYWHERE, OrderState, Situation
from gridmend.operations.alarms.condition import Condition
from gridmend.operations.alarms.places import Places


def standing(
    places: Places, situation: Situation, now: datetime, *, stale_s: float
) -> tuple[Condition, ...]:
    """Everything in a situation that wants an alarm at a time."""
    return (
        *_clearances(places, situation),
        *_orders(situation),
        *_authority(situation),
        *_devices(places, situation, now.timestamp(), stale_s),
    )


def _clearances(places: Places, situation: Situation) -> Iterator[Condition]:
    """A bus where people work that has voltage, and work without a ground."""
    if not situation.clearances:
        return
    index = places.grid.buses.index
    live = places.topology.energised_buses(situation.snapshot)
    grounded = {ground.bus.lower() for ground in situation.grounds.values()}
    for one in situation.clearances.values():
        names = [bus.lower().removeprefix("bus.") for bus in one.buses]
        hot = [bus for bus in names if bus in index and live[index[bus]]]
        who = f"the clearance {one.id} of {one.holder}"
        if hot:
            more = f" and {len(hot) - 1:,} more" if len(hot) > 1 else ""
            what = f"bus {hot[0]}{more} is energised under {who}"
            yield Condition("clearance_energised", one.id, what, f"bus.{hot[0]}", area=ANYWHERE)
        if not grounded & {*names, *(f"bus.{name}" for name in names)}:
            what = f"{who} has no ground on any of its buses"
            yield Condition("clearance_without_ground", one.id, what, area=ANYWHERE)


def _orders(situation: Situation) -> Iterator[Condition]:
    """Orders that an application wrote and that nobody has approved."""
    for order in situation.orders.values():
        if order.application and order.state is OrderState.STUDIED:
            what = f"{order.application} waits for approval of the order {order.id}"
            what += f", {len(order.steps)} steps"
            yield Condition("approval_waits", order.id, what, area=order.area)


def _authority(situation: Situation) -> Iterator[Condition]:
    """Areas that nobody has the say in."""
    areas = {*situation.areas.values(), *situation.authorities}
    for area in sorted(areas or {ANYWHERE}):
        authority = situation.authorities.get(area)
        if authority is None or not authority.holder:
            place = f"in area {area}" if area else "outside all areas"
            yield Condition("authority_missing", area, f"nobody has authority {place}", area=area)


def _devices(
    places: Places, situation: Situation, now_s: float, stale_s: float
) -> Iterator[Condition]:
    """Devices that were not heard of for long, and those whose position is not known."""
    age_s = now_s - situation.heard_s
    names = places.heads
    with np.errstate(invalid="ignore"):
        lost = np.isfinite(age_s) & (age_s > stale_s)
    lost &= places.grid.switches.flags("remote")
    for row in np.flatnonzero(lost).tolist():
        what = f"{names[row]} was last heard of {age_s[row] / 60:.0f} min ago"
        yield Condition(
            "communication_lost", names[row], what, names[row], float(age_s[row]), stale_s, "s"
        )
    for row in np.flatnonzero(~situation.position_known).tolist():
        yield Condition(
            "position_unknown", names[row], f"where {names[row]} stands is not known", names[row]
        )
