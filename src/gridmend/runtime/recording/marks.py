"""Marks of a time line: what is new in a view against the one before it."""

from __future__ import annotations

from gridmend.runtime.live import View
from gridmend.runtime.recording.shot import Mark

_TRIPS = frozenset({"tripped", "locked_out"})


def marks_between(before: View, after: View) -> tuple[Mark, ...]:
    """Trips, outages, plans, approvals and customers who are back, each once."""
    now_s = after.time_utc.timestamp()
    found = _trips(before, after, now_s)
    known = {one.id: one for one in before.outages}
    for outage in after.outages:
        held = known.get(outage.id)
        device, count = _short(outage.device), f"{outage.customers:,} customers"
        if held is None and outage.over is None:
            found.append(Mark(now_s, "fault", f"{device} opened: {count} out"))
        if outage.over is not None and held is not None and held.over is None:
            found.append(Mark(now_s, "restored", f"the outage at {device} is over"))
    # A case has another id with every try; its order is what a person waits for.
    planned = {(one.fault, one.order) for one in before.plans}
    for plan in after.plans:
        if (plan.fault, plan.order) not in planned:
            found.append(Mark(now_s, "plan", f"{_short(plan.fault)}: a plan is ready"))
    approved = {one.id for one in before.orders if one.approver}
    for order in after.orders:
        if order.approver and order.id not in approved:
            found.append(Mark(now_s, "approval", f"{order.title}, by {order.approver}"[:200]))
    back = before.overview.customers_out - after.overview.customers_out
    if back > 0:
        left = f"{after.overview.customers_out:,} are out"
        found.append(Mark(now_s, "restored", f"{back:,} customers are back, {left}"))
    return tuple(found)


def _trips(before: View, after: View, now_s: float) -> list[Mark]:
    known = {one.id for one in before.alarms}
    fresh = (one for one in after.alarms if one.id not in known and one.condition in _TRIPS)
    return [Mark(now_s, "trip", one.what[:200]) for one in fresh]


def _short(key: str) -> str:
    return key.rpartition(".")[2] or key
