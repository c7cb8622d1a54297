"""A call: what it is in truth, and the part of it that the control room hears."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CallKind(StrEnum):
    """What a call is in truth; the control room hears the text alone."""

    OUTAGE = "outage"
    REPEAT = "repeat"
    OWN_FUSE = "own_fuse"
    TROUBLE = "trouble"
    DENIAL = "denial"
    COMPLAINT = "complaint"


SUPPLIED = (CallKind.OWN_FUSE, CallKind.TROUBLE, CallKind.DENIAL, CallKind.COMPLAINT)
"""Kinds of call that come from customers who have supply; the others come from who has none."""
TEXTS = {
    CallKind.OUTAGE: "no power",
    CallKind.REPEAT: "still no power",
    # A blown fuse in the house sounds like an outage: only a look at the meter tells.
    CallKind.OWN_FUSE: "no power",
    CallKind.TROUBLE: "lights flicker",
    CallKind.DENIAL: "said to be restored, but no power",
    CallKind.COMPLAINT: "complains of the time without power",
}


@dataclass(frozen=True, slots=True)
class Heard:
    """What the control room has of a call: when, the address that was said, and the words."""

    time_s: float
    customer: str
    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `true` and `kind` are for the record of truth and never for the control room."""

    time_s: float
    said: str
    true: str
    kind: CallKind
    text: str

    def heard(self) -> Heard:
        """The part that the control room hears."""
        return Heard(self.time_s, self.said, self.text)


@dataclass(frozen=True, slots=True)
class Counts:
    """Calls that were planned; planned = made + called_off + waiting."""

    planned: int
    made: int
    called_off: int
    waiting: int
