"""Switching orders: how far each is, and what makes it rest."""

from __future__ import annotations

from dataclasses import replace

from gridmend.model.command import Command, same_deed, step_of
from gridmend.model.errors import GridmendError
from gridmend.model.event import Event
from gridmend.model.situation import (
    ANYWHERE,
    ORDER_ENDED,
    ORDER_FROM,
    ORDER_LIVE,
    Order,
    OrderState,
)
from gridmend.runtime.fold.state import State

ENDED_KEPT = 200
"""Orders that have ended and are still shown; the journal has them all."""


def _written(state: State, event: Event) -> None:
    p = event.payload
    before: Order | None = state.read("orders").get(p["order"])
    if before is not None and before.state in ORDER_ENDED:
        raise GridmendError(f"the order '{p['order']}' is {before.state}", mend="write a new one")
    done = before.done if before else 0
    steps = tuple(step_of(step) for step in p["steps"])
    if before is not None and steps[:done] != before.steps[:done]:
        raise GridmendError(f"steps of the order '{p['order']}' that are done were edited")
    authors = (*(before.authors if before else ()), p["author"], p.get("principal", ""))
    state.write("orders")[p["order"]] = Order(
        p["order"], p["author"], p["area"], steps, application=p.get("application", ""),
        done=done, authors=tuple(dict.fromkeys(name for name in authors if name)),
    )  # fmt: skip


def _studied(state: State, event: Event) -> None:
    digest = event.payload["positions"]
    _said(state, event, OrderState.STUDIED, studied_positions=digest, approver="", why="")


def _approved(state: State, event: Event) -> None:
    order, by = _order(state, event), event.payload["by"]
    if order.is_by(by):
        raise GridmendError(f"{by} wrote the order '{order.id}' and cannot approve it")
    _said(state, event, OrderState.APPROVED, approver=by)


def _issued(state: State, event: Event) -> None:
    _said(state, event, OrderState.ISSUED)


def _suspended(state: State, event: Event) -> None:
    _said(state, event, OrderState.SUSPENDED, why=event.payload["why"])


def _aborted(state: State, event: Event) -> None:
    _said(state, event, OrderState.ABORTED, why=event.payload.get("why", ""))


def _order(state: State, event: Event) -> Order:
    order: Order | None = state.read("orders").get(event.payload["order"])
    if order is None:
        raise GridmendError(f"there is no order '{event.payload['order']}'")
    return order


def _said(state: State, event: Event, to: OrderState, **changes: object) -> None:
    """Somebody brings an order to another state, where that follows on the present one."""
    order = _order(state, event)
    if order.state not in ORDER_FROM[to]:
        raise GridmendError(f"the order '{order.id}' is {order.state} and cannot become {to}")
    _to(state, order.id, to, **changes)


def begun(state: State, command: Command) -> None:
    """A step of an order has been commanded."""
    order = state.read("orders").get(command.order)
    if order is not None and order.state is OrderState.ISSUED:
        _to(state, command.order, OrderState.IN_PROGRESS)


def ended(state: State, command: Command, is_confirmed: bool) -> None:
    """A step of an order has an outcome: the next may follow, or the order rests."""
    order: Order | None = state.read("orders").get(command.order)
    if order is None or order.state is OrderState.ABORTED:
        return
    if not is_confirmed:
        if order.state in ORDER_LIVE:
            why = f"step {command.number} failed"
            _to(state, command.order, OrderState.SUSPENDED, why=why)
        return
    at = command.number - 1
    if at != order.done or at >= len(order.steps) or not same_deed(order.steps[at], command.step):
        # The order was edited meanwhile: what was done is no step of it.
        return
    _to(state, command.order, order.state, done=command.number)
    rests = (OrderState.IN_PROGRESS, OrderState.SUSPENDED)
    if command.number == len(order.steps) and order.state in rests:
        _to(state, command.order, OrderState.COMPLETED)


def topology_changed(state: State, device: str, *, by: set[str]) -> None:
    """Orders of an area rest where a device in it changed that no step of theirs moves now."""
    area = state.read("areas").get(device, ANYWHERE)
    for key, order in list(state.read("orders").items()):
        if order.state in ORDER_LIVE and key not in by and area in (order.area, ANYWHERE):
            why = f"{device} changed after the study"
            _to(state, key, OrderState.SUSPENDED, why=why)


def _to(state: State, order: str, to: OrderState, **changes: object) -> None:
    state.change("orders", order, lambda found: replace(found, state=to, **changes))
    if to in ORDER_ENDED:
        ended = [k for k, found in state.read("orders").items() if found.state in ORDER_ENDED]
        for old in ended[:-ENDED_KEPT]:
            state.drop("orders", old)


HANDLERS = {
    "order_written": _written,
    "order_studied": _studied,
    "order_approved": _approved,
    "order_issued": _issued,
    "order_suspended": _suspended,
    "order_aborted": _aborted,
}
