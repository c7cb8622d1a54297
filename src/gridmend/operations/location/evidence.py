"""What is known of a fault: recorded currents, sags, and devices that saw its current or not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gridmend.model.errors import GridError

Value = float | complex
"""A magnitude, or a phasor where it is complex."""

State = Literal["flagged", "clear", "failed", "absent"]
"""What a device says of a phase; one that has failed or is absent says nothing."""

ANY = "any"
"""The phase of a device that does not say on which phase it saw a current."""

Basis = Literal["rise", "current"]
"""What a device compares with its pickup: by how much the magnitude of the current rose, or the
magnitude itself."""


def _share(where: str, **shares: float) -> None:
    for name, value in shares.items():
        if not 0 <= value <= 1:
            raise GridError(f"{name} is {value}", where=where, mend="give a share, 0 to 1")


def _above(where: str, **values: float) -> None:
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise GridError(f"{name} is {value}", where=where, mend="give more than 0")


@dataclass(frozen=True, slots=True)
class Recording:
    """What a relay or recloser recorded while the fault stood.

    `device` is a switch, line, transformer or source, `@2` added for its second end. Of each
    phase: `current_a` into it [A], `voltage_v` to ground [V], and the load `before_a` [A]; a
    magnitude or a phasor. `error_pct` is one standard
    deviation of a reading; half an ampere, and 0.2 % of the rated voltage, go with each per cent.
    """

    device: str
    current_a: Mapping[str, Value] = field(default_factory=dict[str, Value])
    voltage_v: Mapping[str, Value] = field(default_factory=dict[str, Value])
    before_a: Mapping[str, float] = field(default_factory=dict[str, float])
    error_pct: float = 1.0

    def __post_init__(self) -> None:
        _above(f"recording of {self.device}", error_pct=self.error_pct)


@dataclass(frozen=True, slots=True)
class Passage:
    """Whether a fault's current passed a device: an indicator, a trip or a counter that moved.

    `seen` says it of each phase, or of `any` where the device does not tell them apart; `missed`
    and `false` how often it is wrong: the share of passages that leave nothing, and of other faults
    that leave something. `pickup_a` is what its `basis` must exceed [A].
    """

    device: str
    seen: Mapping[str, State]
    missed: float = 0.02
    false: float = 0.01
    pickup_a: float = 30.0
    basis: Basis = "rise"

    def __post_init__(self) -> None:
        where = f"passage at {self.device}"
        _share(where, missed=self.missed, false=self.false)
        _above(where, pickup_a=self.pickup_a)
        for phase, state in self.seen.items():
            if state not in ("flagged", "clear", "failed", "absent"):
                mend = "say flagged, clear, failed or absent"
                raise GridError(f"phase {phase} cannot be '{state}'", where=where, mend=mend)
        if self.basis not in ("rise", "current"):
            raise GridError(f"a basis cannot be '{self.basis}'", where=where, mend="rise, current")


@dataclass(frozen=True, slots=True)
class Sag:
    """Voltages that a meter saw while the fault stood: `v_pu` of each phase at a bus."""

    bus: str
    v_pu: Mapping[str, float]
    error_pct: float = 1.0

    def __post_init__(self) -> None:
        _above(f"sag at {self.bus}", error_pct=self.error_pct)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of one fault; the order of anything in it does not matter.

    `phases` and `to_ground` are the fault's type where it is known, at the place of the fault.
    """

    recordings: tuple[Recording, ...] = ()
    passages: tuple[Passage, ...] = ()
    sags: tuple[Sag, ...] = ()
    phases: tuple[str, ...] | None = None
    to_ground: bool | None = None


def tripped(device: str, *, pickup_a: float = 100.0) -> Passage:
    """A device that opened by its own protection: it saw the fault's current.

    Use it for the device nearest to the fault that did. Assumed: a trip on what is no fault beyond
    it, and none on what is, happens once in a thousand times.
    """
    return Passage(device, {ANY: "flagged"}, missed=0.001, false=0.001, pickup_a=pickup_a)


def counted(device: str, count: int, *, pickup_a: float = 100.0) -> Passage:
    """What the counter of a recloser or sectionaliser advanced by; with 0 no current passed.

    Assumed: a counter misses one passage in a hundred. Raises `GridError` for a negative count.
    """
    if count < 0:
        raise GridError(f"a count cannot advance by {count}", where=device, mend="give 0 or more")
    seen: State = "flagged" if count else "clear"
    return Passage(device, {ANY: seen}, missed=0.01, false=0.002, pickup_a=pickup_a)
