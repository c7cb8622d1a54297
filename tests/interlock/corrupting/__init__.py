"""Ways to make a lawful journal unlawful, each with the rule that it breaks and where."""

from __future__ import annotations

from tests.interlock.corrupting import (
    allowing,
    authority,
    ordering,
    recording,
    resting,
    selecting,
    working,
)
from tests.interlock.corrupting.edits import Corruption, Events, NotHereError

__all__ = ["ALL", "Corruption", "Events", "NotHereError"]

ALL = [
    found
    for group in (selecting, authority, ordering, working, allowing, resting, recording)
    for found in vars(group).values()
    if isinstance(found, Corruption)
]
