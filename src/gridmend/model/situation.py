"""What stands now: positions with their age, tags, grounds, clearances, commands, authority."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from gridmend.model.arrays import Flags, Floats
from gridmend.model.command import Command
from gridmend.model.grid import Grid
from gridmend.model.plan import Step
from gridmend.model.snapshot import Snapshot

ANYWHERE = ""
"""The area of whatever is in no other."""


class Mode(StrEnum):
    """What an application may do by itself in an area."""

    OFF = "off"
    ADVISE = "advise"
    APPROVE = "approve"
    AUTOMATIC = "automatic"
    RESTORE_ONLY = "restore only"
    """By itself, but it opens nothing: what isolates has tripped, or people have opened it."""


ACTS = (Mode.AUTOMATIC, Mode.RESTORE_ONLY)
"""Modes in which a leave approves what an application orders."""


class OrderState(StrEnum):
    """How far a switching order has come."""

    DRAFT = "draft"
    STUDIED = "studied"
    APPROVED = "approved"
    ISSUED = "issued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    ABORTED = "aborted"
    SUSPENDED = "suspended"


_S = OrderState
ORDER_LIVE = (_S.STUDIED, _S.APPROVED, _S.ISSUED, _S.IN_PROGRESS)
ORDER_ENDED = (_S.COMPLETED, _S.ABORTED)
ORDER_FROM: dict[OrderState, tuple[OrderState, ...]] = {
    _S.STUDIED: (_S.DRAFT, _S.STUDIED, _S.SUSPENDED),
    _S.APPROVED: (_S.STUDIED,),
    _S.ISSUED: (_S.APPROVED,),
    _S.SUSPENDED: (_S.DRAFT, *ORDER_LIVE),
    _S.ABORTED: (_S.DRAFT, *ORDER_LIVE, _S.SUSPENDED),
}
"""From which states an order may come to each by somebody's word."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A warning on a device, written as `Grid.key` writes it: `hold` forbids to operate it,
    `hot_line` to close it again."""

    id: str
    device: str
    kind: str
    holder: str
    order: str = ""


@dataclass(frozen=True, slots=True)
class Ground:
    """A bus that is earthed for work."""

    id: str
    bus: str
    holder: str


@dataclass(frozen=True, slots=True)
class Clearance:
    """Leave to work on buses that must stay dead."""

    id: str
    holder: str
    buses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Select:
    """A device, written as `subject` writes it, that is picked to be operated once.

    `at_s` is when [s since 1970, UTC].
    """

    id: str
    key: str
    step: Step
    principal: str
    login: str
    epoch: int
    at_s: float


@dataclass(frozen=True, slots=True)
class Pending:
    """A command that is recorded and whose outcome is not known; `doubted` once that was said.

    `stood` tells that the device may have stood where it was told to before: seeing it there
    proves nothing of the frame. `buses` is the zone that a clearance was asked for, where it was
    recorded.
    """

    command: Command
    key: str
    at_s: float
    doubted: bool = False
    stood: bool = False
    buses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Authority:
    """Who has the say in an area; a higher epoch ends a lower one."""

    holder: str
    epoch: int


@dataclass(frozen=True, slots=True)
class LoopLeave:
    """Leave to close a loop at a device between sources until a time [s since 1970]."""

    device: str
    sources: tuple[str, ...]
    by: str
    expires_s: float


@dataclass(frozen=True, slots=True)
class SyncCheck:
    """What was measured across an open device, and when [s since 1970]."""

    device: str
    at_s: float
    dv_pu: float
    dangle_deg: float
    df_hz: float
    phasing_known: bool


@dataclass(frozen=True, slots=True)
class Order:
    """A switching order: ordered steps, who wrote and who approved it, how far it is."""

    id: str
    author: str
    area: str
    steps: tuple[Step, ...]
    state: OrderState = OrderState.DRAFT
    approver: str = ""
    application: str = ""
    done: int = 0
    """Steps that are confirmed."""
    studied_positions: str = ""
    """Digest of the positions that the study began from."""
    why: str = ""
    authors: tuple[str, ...] = ()
    """Everybody who wrote it or edited it."""

    def is_by(self, name: str) -> bool:
        """Whether somebody had a hand in writing it; upper and lower case are alike."""
        return name.casefold() in {self.author.casefold(), *(a.casefold() for a in self.authors)}


@dataclass(frozen=True, slots=True)
class Leave:
    """What a person allows an application to do in an area without asking, and up to what."""

    id: str
    by: str
    application: str
    area: str
    steps_most: int
    expires_s: float


def _none() -> Any:
    return field(default_factory=lambda: MappingProxyType(dict[str, Any]()))


@dataclass(frozen=True, eq=False)
class Situation:
    """The fold of a journal at an entry: what is known of the field and who is about what.

    Arrays follow the grid's tables: `position_known` [switches] whether the last report was
    good, `heard_s` [switches] when it was measured (nan for a device that never reports),
    `locked_out` [switches]. Mappings go by id (tags, grounds, clearances, selects, pending,
    orders, leaves), by device as `Grid.key` writes it (areas, loops, syncs, operations,
    ramps) or by area (authorities). `operations` are times [s] of late commanded operations.
    `sequence` is the last entry folded and `time_s` its time [s since 1970].
    """

    snapshot: Snapshot
    position_known: Flags
    heard_s: Floats
    locked_out: Flags
    tags: Mapping[str, Tag] = _none()
    grounds: Mapping[str, Ground] = _none()
    clearances: Mapping[str, Clearance] = _none()
    selects: Mapping[str, Select] = _none()
    pending: Mapping[str, Pending] = _none()
    ended: Mapping[str, float] = _none()
    """Ids of late commands that have an outcome, and when they were issued [s]."""
    authorities: Mapping[str, Authority] = _none()
    areas: Mapping[str, str] = _none()
    loops: Mapping[str, LoopLeave] = _none()
    syncs: Mapping[str, SyncCheck] = _none()
    operations: Mapping[str, tuple[float, ...]] = _none()
    ramps: Mapping[str, tuple[tuple[float, float], ...]] = _none()
    """Late commanded changes of DER: when [s] and by how much [kW]."""
    orders: Mapping[str, Order] = _none()
    leaves: Mapping[str, Leave] = _none()
    modes: Mapping[tuple[str, str], Mode] = _none()
    """Autonomy by application and area."""
    outlived: frozenset[str] = frozenset()
    """Devices that were closed by a leave for a loop, and still are though it has ended."""
    killed: frozenset[str] = frozenset()
    """Areas in which nothing automatic may act."""
    crews: Mapping[str, str] = _none()
    """Where each crew said it is."""
    faults: frozenset[str] = frozenset()
    """Elements that are known or suspected to be faulted."""
    fault_phases: Mapping[str, str] = _none()
    """Of those that are faulted on some phases alone, these."""
    sequence: int = 0
    time_s: float = float("nan")
    misread: tuple[str, ...] = ()
    """The last events that could not be read, in words."""

    @staticmethod
    def of(grid: Grid, snapshot: Snapshot | None = None) -> Situation:
        """Nothing has happened yet: positions are taken for granted, nobody has the say."""
        switches = len(grid.switches)
        return Situation(
            snapshot=snapshot or Snapshot.normal(grid),
            position_known=np.ones(switches, bool),
            heard_s=np.full(switches, np.nan),
            locked_out=np.zeros(switches, bool),
        )

    @cached_property
    def busy(self) -> Mapping[str, str]:
        """The command on each device that has one without an outcome."""
        return {pending.key: id for id, pending in self.pending.items()}

    @cached_property
    def orders_busy(self) -> frozenset[str]:
        """Orders of which a step has no outcome yet."""
        return frozenset(p.command.order for p in self.pending.values() if p.command.order)

    def with_snapshot(self, snapshot: Snapshot) -> Situation:
        """The same with other positions or demand."""
        return replace(self, snapshot=snapshot)

    def area_of(self, key: str) -> str:
        """The area in which a device lies, that is written as `Grid.key` writes it."""
        return self.areas.get(key, ANYWHERE)

    def tags_on(self, key: str) -> tuple[Tag, ...]:
        """The tags on a device, that is written as `Grid.key` writes it."""
        return tuple(tag for tag in self.tags.values() if tag.device == key)
