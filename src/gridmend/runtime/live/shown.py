"""Rows of a view: outages, plans, orders, areas and modes as they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gridmend.interlock.admission import LEAVE
from gridmend.model.grid import SINGULAR
from gridmend.model.plan import Plan
from gridmend.model.situation import ANYWHERE, ORDER_ENDED, Order, OrderState
from gridmend.operations.prediction.answer import PredictedOutage
from gridmend.runtime.control.kernel import Kernel
from gridmend.runtime.control.orders import version_of
from gridmend.runtime.exercise.case import Case
from gridmend.runtime.exercise.healing import NAME, Healing
from gridmend.runtime.exercise.outages import OutageDesk
from gridmend.runtime.live.chronicle import Chronicle, Told
from gridmend.runtime.live.rows import (
    AreaRow,
    FaultPlans,
    ModeRow,
    OrderRow,
    OrderStep,
    OutageRow,
    Pings,
    PlanRow,
    Suspected,
)

SHOWN_MOST = 200
"""Rows of each list that a view has, the newest first."""
CANDIDATES_MOST = 5


def outage_rows(chronicle: Chronicle, desk: OutageDesk) -> tuple[OutageRow, ...]:
    """Outages, the newest first, those that are over last."""
    predicted = {one.device: one for one in desk.picture.prediction.outages}
    open_ = {one.device: one.number for one in chronicle.open_outages() if not one.nested}
    told = list(chronicle.outages.values())[::-1]
    told.sort(key=lambda one: one.over is not None)
    return tuple(_outage(one, predicted.get(one.device), open_) for one in told[:SHOWN_MOST])


def _outage(one: Told, predicted: PredictedOutage | None, open_: Mapping[str, int]) -> OutageRow:
    candidates = (Suspected(one.device, one.chance or 0.0),)
    if predicted is not None and one.over is None:
        others = predicted.alternatives[:CANDIDATES_MOST]
        candidates += tuple(Suspected(a.device, a.probability) for a in others)
    within = next((str(n) for n in open_.values() if n != one.number), "") if one.nested else ""
    return OutageRow(
        id=str(one.number), device=one.device, chance=one.chance, candidates=candidates,
        customers=one.customers, critical=one.critical, began=one.began, stage=one.stage,
        cause=one.cause, back_by=one.back_by, crews=tuple(sorted(one.crews)), calls=one.calls,
        pings=Pings(one.asked, one.asked - one.answered, one.answered), nested_in=within,
        over=one.over,
    )  # fmt: skip


def order_rows(kernel: Kernel, chronicle: Chronicle) -> tuple[OrderRow, ...]:
    """Orders, the newest first."""
    orders = list(kernel.situation.orders.values())[::-1]
    return tuple(order_row(kernel, chronicle, order) for order in orders[:SHOWN_MOST])


def order_row(kernel: Kernel, chronicle: Chronicle, order: Order) -> OrderRow:
    """One order with the state of each step."""
    busy = order.id in kernel.situation.orders_busy
    steps = tuple(
        OrderStep(k, step.action.value, step.device, step.why, step.value,
                  _state(order, k, busy=busy), step.phases)
        for k, step in enumerate(order.steps, 1)
    )  # fmt: skip
    first = order.steps[0]
    title = chronicle.titles.get(order.id) or f"{first}: {first.why}"
    approver = "a leave" if order.approver.startswith(LEAVE) else order.approver
    return OrderRow(
        id=order.id, title=title, author=order.author, approver=approver,
        application=order.application, area=order.area, state=order.state.value,
        done=order.done, steps=steps, why=order.why, written=chronicle.written.get(order.id),
        version=version_of(order),
    )  # fmt: skip


def _state(order: Order, number: int, *, busy: bool) -> str:
    if number <= order.done:
        return "done"
    if order.state in ORDER_ENDED:
        return "given up"
    if number == order.done + 1:
        return "under way" if busy else "next"
    return "waits"


def healing_rows(
    healing: Healing | None, kernel: Kernel, chronicle: Chronicle
) -> tuple[FaultPlans, ...]:
    """The newest plan of each case of self-healing, the newest case first."""
    if healing is None:
        return ()
    planned = [c for c in healing.cases if c.plan is not None and (c.device or c.plan.steps)]
    return tuple(_case(case, healing, kernel, chronicle) for case in planned[-SHOWN_MOST:][::-1])


def _case(case: Case, healing: Healing, kernel: Kernel, chronicle: Chronicle) -> FaultPlans:
    assert case.plan is not None
    order = kernel.situation.orders.get(case.order)
    waits = order is not None and order.state is OrderState.STUDIED and not case.is_over
    id = f"case-{case.number}-{case.tries}"
    made = chronicle.proposed.get(case.plan.fault, healing.room.now())
    fault = _fault(case, case.plan.fault, kernel, chronicle)
    return FaultPlans(
        id=id, fault=fault, device=case.device, made=made,
        planned_for=case.plan.fault if fault != case.plan.fault else "",
        plans=(PlanRow(f"{id}-1", 1, bare(case.plan)),), order=case.order,
        waits_for_approval=waits,
        outcome=chronicle.stops.get(case.device, "") if case.is_over else "",
    )  # fmt: skip


def _fault(case: Case, planned: str, kernel: Kernel, chronicle: Chronicle) -> str:
    """Where a case is, as alarms and outages say it: a plan is made for any element of a section,
    and another of it may be suspected since, as a crew has seen it."""
    section = next((s.elements for s in case.suspects if planned.lower() in s.elements), ())
    told = {key: chronicle.suspected[key] for key in section if key in chronicle.suspected}
    newest = max(told, key=told.__getitem__, default=planned.lower())
    if newest == planned.lower():
        return planned
    table, row = kernel.grid.find(newest)
    return f"{SINGULAR[table]}.{kernel.grid.table(table)['name'][row]}"


def bare(plan: Plan) -> Plan:
    """A plan without how long it took to make."""
    return replace(plan, seconds=0.0)


def area_rows(kernel: Kernel) -> tuple[AreaRow, ...]:
    """Every area that has devices or a holder; what is in no other first."""
    situation = kernel.situation
    counts: dict[str, int] = {ANYWHERE: 0}
    for area in situation.areas.values():
        counts[area] = counts.get(area, 0) + 1
    counts[ANYWHERE] = len(kernel.grid.switches) - sum(counts.values())
    rows: list[AreaRow] = []
    for area in sorted({*counts, *situation.authorities}):
        held = situation.authorities.get(area)
        holder, epoch = (held.holder, held.epoch) if held else ("", 0)
        rows.append(AreaRow(area, counts.get(area, 0), holder, epoch))
    return tuple(rows)


def mode_rows(kernel: Kernel) -> tuple[ModeRow, ...]:
    """What each application may do by itself; self-healing always has a row."""
    situation = kernel.situation
    known = {(NAME, ANYWHERE), *situation.modes}
    return tuple(
        ModeRow(name, area, str(situation.modes.get((name, area), "off")),
                bool(situation.killed & {area, ANYWHERE}))
        for name, area in sorted(known)
    )  # fmt: skip
