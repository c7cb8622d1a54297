"""What a user sets of the field in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gridmend.model.command import World


class Answer(StrEnum):
    """How a device answers a command."""

    OBEYS = "obeys"
    REFUSES = "refuses"
    """It does not move and says so."""
    DEAF = "deaf"
    """It does not move and does not answer."""
    MUTE = "mute"
    """It moves, and the answer is lost; a later scan shows its position."""
    LATE = "late"
    """It does not answer, and moves when it is told `let_through`."""


@dataclass(frozen=True, slots=True)
class MemorySettings:
    """The world it stands in, and devices that do not simply obey, by name in lower case."""

    world: World = World.TRAINING
    answers: Mapping[str, Answer] = field(default_factory=dict[str, Answer])
