"""Orders that were written and never approved: so many a writer, and not for ever."""

from __future__ import annotations

from datetime import timedelta

from gridmend.interlock.move import By
from gridmend.model.errors import GridmendError
from gridmend.model.situation import Order, OrderState
from gridmend.runtime.control import orders
from gridmend.runtime.control.kernel import SOURCE, Kernel
from gridmend.runtime.live.chronicle import Chronicle

EACH_MOST = 50
"""Of one writer; so what all together may hold is bounded by the accounts."""
UNTOUCHED = timedelta(days=30)
"""A draft of which nothing was said for so long is given up when the next is written."""
KEEPER = By(SOURCE, "kernel")
"""In whose name: no account can be called so."""
_DRAFTS = (OrderState.DRAFT, OrderState.STUDIED, OrderState.SUSPENDED)


def make_room(kernel: Kernel, chronicle: Chronicle, by: By) -> None:
    """Give up drafts that nobody touched for long. Raises `GridmendError` where whoever writes
    another has too many all the same.

    A draft of which it is not known any more when it was touched is left, and counts.
    """
    now = kernel.now()
    standing = [one for one in kernel.situation.orders.values() if is_draft(one)]
    mine = 0
    for one in standing:
        touched = chronicle.touched.get(one.id)
        if touched is not None and now - touched > UNTOUCHED:
            why = f"a draft that nobody touched for {UNTOUCHED.days} days"
            orders.abort(kernel, one.id, KEEPER, why=why)
        else:
            mine += one.author == (by.application or by.principal)
    if mine >= EACH_MOST:
        raise GridmendError(
            f"{mine} drafts of orders by {by.principal} stand", where="orders",
            mend="have some approved, or give them up",
        )  # fmt: skip


def is_draft(order: Order) -> bool:
    """Whether nobody approved it since it was written, and nothing of it is done."""
    return order.state in _DRAFTS and not order.done and not order.approver
