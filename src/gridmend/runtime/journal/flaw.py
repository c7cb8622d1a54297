"""A flaw: one thing in a journal that is not as it was recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong, at which entry where it is known, and what to do about it."""

    sequence: int | None
    what: str
    mend: str

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {"sequence": self.sequence, "what": self.what, "mend": self.mend}

    def __str__(self) -> str:
        at = "" if self.sequence is None else f"entry {self.sequence}: "
        return f"{at}{self.what}\n  mend:  {self.mend}"
