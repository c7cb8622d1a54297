"""What the room writes down of accounts and of its own pace, in whose name."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from gridmend.interlock.move import By
from gridmend.model.situation import Select
from gridmend.runtime.control.kernel import Kernel
from gridmend.runtime.journal import AlreadyRecorded


def of_account(kernel: Kernel, kind: str, said: Mapping[str, str], once: str) -> None:
    """A change of accounts, or a login; what comes again under the same id is written once."""
    event = kernel.event(kind, By(said.get("by") or said.get("name", "")), **said)
    with suppress(AlreadyRecorded):
        kernel.record([event], once=(f"account {once}",) if once else ())


def of_speed(kernel: Kernel, before: float, after: float, by: By | Select, why: str) -> None:
    """Another speed of the twin, set by somebody or by what they have selected."""
    if before != after:
        who, speeds = By(by.principal, by.login), {"before": before, "after": after}
        kernel.say("speed_set", who, by=who.principal, why=why, **speeds)
