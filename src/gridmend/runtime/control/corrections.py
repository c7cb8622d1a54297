"""Corrections of the interruption ledger, signed by a person: further events, nothing undone."""

from __future__ import annotations

from typing import Any

from gridmend.interlock.move import By
from gridmend.model.errors import GridmendError, nearest
from gridmend.model.plan import Refusal
from gridmend.operations.interruptions.entries import Out
from gridmend.operations.interruptions.roster import roster_of
from gridmend.operations.interruptions.told import told
from gridmend.runtime.control.kernel import Answer, Kernel


def deny(kernel: Kernel, interruption: str, by: By, *, customer: str) -> Answer:
    """A customer, called back, says that it never was out in an interruption.

    Its minutes in it are taken off, once, however often this is said. Raises `GridmendError` for an
    interruption that the journal does not tell of and a customer who is not in the model.
    """
    _known(kernel, interruption)
    roster = roster_of(kernel.bench.site.topology, (customer,))
    if not roster.whole(customer):
        raise GridmendError(
            f"there is no customer '{customer}'",
            mend=nearest(customer, (*roster.known, *roster.grouped)) or "name it as the model does",
        )
    return _said(kernel, "interruption_denied", interruption, by, customer=customer)


def blame(
    kernel: Kernel, interruption: str, by: By, *, cause: str, planned: bool | None = None
) -> Answer:
    """An interruption had another cause; with `planned` given it was planned, or was not.

    Raises `GridmendError` for an interruption that the journal does not tell of and an empty cause.
    """
    _known(kernel, interruption)
    if not cause.strip():
        raise GridmendError("a cause needs a name", mend="say tree, animal, equipment, …")
    said: dict[str, Any] = {} if planned is None else {"planned": planned}
    cause = cause.strip()
    return _said(kernel, "interruption_blamed", interruption, by, cause=cause, **said)


def merge(kernel: Kernel, interruption: str, by: By, *, into: str) -> Answer:
    """An interruption is a part of another, and takes its device and cause.

    Raises `GridmendError` where the journal does not tell of either, or both are one.
    """
    _known(kernel, interruption, into)
    if interruption == into:
        raise GridmendError(f"'{into}' cannot be a part of itself", mend="name the other one")
    return _said(kernel, "interruption_merged", interruption, by, into=into)


def _known(kernel: Kernel, *names: str) -> None:
    events = (entry.event for entry in kernel.journal.read(0))
    found = told(kernel.bench.site.topology, events)
    known = {entry.event for entry in found.entries if isinstance(entry, Out)}
    for name in names:
        if name not in known:
            raise GridmendError(
                f"the journal tells of no interruption '{name}'",
                mend=nearest(name, known) or "see them with: gridmend interruptions PATH --store",
            )


def _said(kernel: Kernel, kind: str, interruption: str, by: By, **said: Any) -> Answer:
    if by.is_automatic or not by.principal:
        why = "a correction of the ledger is signed by a person"
        return kernel.refuse(by, [Refusal("autonomy", 1, interruption, why)], command=kind)
    kernel.say(kind, by, interruption=interruption, by=by.principal, **said)
    return Answer(id=interruption)
