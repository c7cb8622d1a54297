"""The contract of whatever carries out steps: the field, its twin, or an exercise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from gridmend.model.command import World
from gridmend.model.event import Event
from gridmend.model.plan import Outcome, Step


@runtime_checkable
class Adapter(Protocol):
    """Steps in, events out; it decides nothing.

    `carry_out` returns within a bounded time and never raises for what the field does: a
    device that refuses is a failed outcome, one that does not answer an outcome in doubt. A
    confirmed outcome is one that was read back from the device. `events` hands over what
    happened since it was last asked, in order, each event once; it never blocks.
    """

    @property
    def world(self) -> World:
        """Where its steps have an effect."""
        ...

    def carry_out(self, step: Step) -> Outcome:
        """Carry out one step and say what became of it."""
        ...

    def events(self) -> Sequence[Event]:
        """What happened since it was last asked."""
        ...
