"""When the outage desk looks: reports are gathered, but not for ever; what locked out is told."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

GATHER_S = 60.0
"""How long reports are gathered before they are made into a prediction, and between two."""
SETTLE_S, SETTLE_MOST_S = 30.0, 180.0
"""A look waits so long after the last word of meters and devices, and at most so long after the
first: with reports still under way a breaker looks like many fuses."""
LOOK_S = 900.0
"""How often open outages are looked at, though nothing was heard."""
LOCKED_S = 2.0
"""So soon is told of a device that says that it has locked out: no reports are waited for."""


@dataclass
class Looks:
    """The times of the desk's looks [s]."""

    locked: dict[str, float] = field(default_factory=dict[str, float])
    """Devices that have locked out and were not told of yet, and when they are to be."""
    _due_s: float = math.inf
    _looked_s: float = -math.inf
    _first_s: float = math.inf
    """When the first news since the last look came."""
    _last_s: float = -math.inf
    """When a meter or device spoke last."""

    def spoke(self, now_s: float) -> None:
        """A meter or a device has spoken; more may follow."""
        self._last_s = now_s

    def news(self, now_s: float) -> None:
        """What was heard may change the answer."""
        self._first_s = min(self._first_s, now_s)
        self.again(max(now_s, self._looked_s) + GATHER_S)

    def again(self, at_s: float) -> None:
        """A look is wanted at a time, or before."""
        self._due_s = min(self._due_s, at_s)

    def looked(self, now_s: float) -> None:
        """All that was heard is looked at."""
        self._looked_s = now_s
        self._due_s = self._first_s = math.inf

    def whole_s(self, now_s: float, late_s: float, *, are_open: bool) -> float:
        """When all is looked at again; `late_s` is when the first interval that was told ends."""
        again_s = self._looked_s + LOOK_S if are_open else math.inf
        soonest_s = max(min(late_s, again_s), self._looked_s + GATHER_S)
        quiet_s = min(self._last_s + SETTLE_S, self._first_s + SETTLE_MOST_S)
        return max(min(self._due_s, soonest_s), quiet_s, now_s)

    def locked_out(self, device: str, now_s: float) -> None:
        """A device has opened and says that it stays so."""
        self.locked.setdefault(device, now_s + LOCKED_S)

    @property
    def telling_s(self) -> float:
        """When the next of them is to be told of."""
        return min(self.locked.values(), default=math.inf)

    def told(self, now_s: float) -> set[str]:
        """The devices that are to be told of now."""
        found = {device for device, at_s in self.locked.items() if at_s <= now_s}
        for device in found:
            del self.locked[device]
        return found
