"""What is out of order now, as judged on a flow and a situation."""

from __future__ import annotations

from dataclasses import dataclass

from gridmend.operations.alarms.kinds import KINDS


def id_of(kind: str, device: str) -> str:
    """The id of the alarm of a kind on a device: kinds of a family share it."""
    return f"{KINDS[kind].family.replace(' ', '-')}:{device}"


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing out of order: `device` is where the alarm is, `at` the worst element there.

    Where `is_beyond` is False the value is inside its limit by less than the dead band: that
    raises nothing, and keeps what stands from clearing.
    """

    kind: str
    device: str
    what: str = ""
    at: str = ""
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    area: str = ""
    """Where the alarm is of an area or an order and not of a device."""
    is_beyond: bool = True

    @property
    def id(self) -> str:
        """The id of its alarm."""
        return id_of(self.kind, self.device)
