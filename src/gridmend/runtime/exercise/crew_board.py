"""What crews say, as the outage desk notes it: who is on duty, and how far which outage is."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime

from gridmend.model.event import Event

BEHIND = " behind "
"""What stands between a job and the device behind which it is."""
_OFF = ("is off duty", "is at base")
_WORDS = (("begins: repair", "repairing"), ("begins: patrol", "arrived"),
          ("on the way to", "assigned"))  # fmt: skip


@dataclass
class CrewBoard:
    """Crews on duty, the stage that the last word was of, and when jobs are said to end."""

    crews: set[str] = field(default_factory=set[str])
    last: tuple[str, str] = ("", "")
    """Device, and the stage of what is out behind it."""
    tripped: str = ""
    """The device that has opened last by itself."""
    _ends: dict[str, datetime] = field(default_factory=dict[str, datetime])

    @property
    def on_duty(self) -> int:
        """How many crews are known to be on duty."""
        return len(self.crews)

    def hear(self, event: Event) -> bool:
        """Take note; True where something has come to another stage."""
        said = event.payload
        if event.kind == "tripped":
            self.tripped = str(said["device"]).lower()
        elif event.kind == "fault_suspected" and "behind" in said:
            self.last = str(said["behind"]).lower(), "found"
            return True
        elif event.kind == "time_estimated" and said.get("stage") == "patrolled":
            device = _device(str(said["job"]))
            try:
                self._ends[device] = datetime.fromisoformat(str(said["end_utc"]))
            except ValueError:
                return False
        elif event.kind == "crew_said":
            return self._said(str(said["crew"]), str(said["job"]), str(said["text"]))
        return False

    def _said(self, crew: str, job: str, text: str) -> bool:
        if text in _OFF[:1] or text.startswith("goes:"):
            self.crews.discard(crew)
        else:
            self.crews.add(crew)
        device = _device(job)
        for words, stage in _WORDS:
            if device and text.startswith(words):
                self.last = device, stage
                return True
        return False

    def left_min(self, device: str, now: datetime) -> float:
        """How long the crew that works behind a device has said that it will take from now on
        [min]; nan where it has not said so, or the time has passed."""
        end = self._ends.get(device)
        if end is None or end.tzinfo is None or end <= now:
            return math.nan
        return (end - now).total_seconds() / 60


def _device(job: str) -> str:
    return job.rpartition(BEHIND)[2].lower() if BEHIND in job else ""
