"""A shift ends: what is open is offered, and the next shift takes it over as it stands."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from gridmend.interlock.move import By
from gridmend.model.errors import GridmendError
from gridmend.model.situation import ANYWHERE, ORDER_ENDED
from gridmend.runtime.control.kernel import Kernel


def open_business(kernel: Kernel) -> dict[str, Any]:
    """What one shift leaves to the next, by name: all that is neither ended nor normal."""
    s = kernel.situation
    switches = kernel.grid.switches["name"]
    return {
        "orders": {o.id: o.state.value for o in s.orders.values() if o.state not in ORDER_ENDED},
        "tags": {t.id: f"{t.kind} on {t.device}, {t.holder}" for t in s.tags.values()},
        "grounds": {g.id: f"{g.bus}, {g.holder}" for g in s.grounds.values()},
        "clearances": {c.id: f"{', '.join(c.buses)}, {c.holder}" for c in s.clearances.values()},
        "pending": {id: p.key for id, p in s.pending.items()},
        "faults": sorted(s.faults),
        "loops": [*s.loops, *sorted(s.outlived)],
        "locked_out": [str(switches[k]) for k in s.locked_out.nonzero()[0]],
        "unknown": [str(switches[k]) for k in (~s.position_known).nonzero()[0]],
        "killed": sorted(s.killed),
        "crews": dict(s.crews),
    }


def offer(
    kernel: Kernel, by: By, *, notes: str = "", alarms: Sequence[str] = (), area: str = ANYWHERE,
    to: str = "",
) -> str:  # fmt: skip
    """Offer what is open to the next shift; the offer's id. Only who has authority offers. Where
    `to` names somebody, nobody else accepts."""
    authority = kernel.situation.authorities.get(area)
    if authority is None or authority.holder not in (by.principal, by.login):
        held = authority.holder if authority is not None else "nobody"
        raise GridmendError(f"{held} has authority over area '{area}', not {by.principal}")
    business = open_business(kernel)
    name = f"h{kernel.sequence + 1}"
    kernel.say(
        "hand_over_offered", by, offer=name, by=by.principal, area=area, notes=notes,
        alarms=list(alarms), epoch=authority.epoch, business=business, digest=_digest(business),
        **({"to": to} if to else {}),
    )  # fmt: skip
    return name


def accept(kernel: Kernel, offer: str, by: By) -> int:
    """Take over what was offered, and with it authority; the new epoch.

    Raises `GridmendError` where nobody offered it, where it was the same person, or where what
    is open has changed since, so that it must be offered again.
    """
    found = _offered(kernel, offer)
    if found["by"] == by.principal or by.is_automatic or not by.principal:
        raise GridmendError("another person takes over what one person leaves")
    if found.get("to", by.principal) != by.principal:
        raise GridmendError(f"the offer {offer} is to {found['to']}, not to {by.principal}")
    kernel.take_in()
    if _digest(open_business(kernel)) != found["digest"]:
        raise GridmendError(
            "what is open has changed since it was offered", mend="offer it again, and read it"
        )
    area = found["area"]
    authority = kernel.situation.authorities[area]
    if authority.epoch != found["epoch"]:
        raise GridmendError(f"{authority.holder} took authority over area '{area}' meanwhile")
    epoch = authority.epoch + 1
    granted = {"area": area, "holder": by.principal, "epoch": epoch}
    kernel.record([
        kernel.event("hand_over_accepted", by, offer=offer, by=by.principal),
        kernel.event("authority_granted", by, **granted),
    ])  # fmt: skip
    return epoch


def _offered(kernel: Kernel, offer: str) -> Mapping[str, Any]:
    """The payload of an offer, whose id tells its entry."""
    number = int(offer[1:]) if offer[1:].isdecimal() else 0
    for entry in kernel.journal.read(max(number - 1, 0), number):
        if entry.event.kind == "hand_over_offered" and entry.event.payload["offer"] == offer:
            return entry.event.payload
    raise GridmendError(f"there is no offer '{offer}'")


def _digest(business: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(business, sort_keys=True).encode()).hexdigest()[:16]
