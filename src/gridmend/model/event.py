"""What happened: when, who says so, what brought it about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from gridmend.model.errors import GridmendError


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: when (UTC), who says so, what brought it about, and what it was.

    Raises `GridmendError` where the time is not in UTC.
    """

    time_utc: datetime
    source: str
    cause: str
    kind: str
    payload: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        if self.time_utc.utcoffset() != timedelta(0):
            raise GridmendError(
                f"the event '{self.kind}' is at {self.time_utc.isoformat()}, which is not UTC",
                where=f"source {self.source}",
                mend="give its time with timezone.utc",
            )
        object.__setattr__(self, "payload", MappingProxyType(dict(self.payload)))

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "time_utc": self.time_utc.isoformat(),
            "source": self.source,
            "cause": self.cause,
            "kind": self.kind,
            "payload": dict(self.payload),
        }

    def as_line(self) -> str:
        """The same as one line of JSON: equal events give equal lines."""
        return json.dumps(self.as_json(), sort_keys=True, ensure_ascii=False)

    def __str__(self) -> str:
        said = ", ".join(f"{key} {value}" for key, value in self.payload.items())
        return f"{self.time_utc:%H:%M:%S} {self.source}: {self.kind} {said}".rstrip()
