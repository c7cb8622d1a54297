"""How often something may be tried: room that fills again with time, for each who tries."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

KEYS_MOST = 100_000
"""Who is remembered; the longest unseen are forgotten first, and have their room again."""


@dataclass(eq=False)
class RateLimit:
    """At most `most` tries at once, and one more every `every_s` [s]. It knows no clock."""

    most: int
    every_s: float
    _seen: OrderedDict[str, tuple[float, float]] = field(
        default_factory=OrderedDict[str, tuple[float, float]]
    )

    def wait_s(self, key: str, now_s: float) -> float:
        """Take one try, where there is room: 0; else how long until there is [s]. A clock that goes
        back gives no room."""
        room, since_s = self._seen.pop(key, (float(self.most), now_s))
        room = min(self.most, room + max(now_s - since_s, 0.0) / self.every_s)
        is_free = room >= 1.0
        self._seen[key] = (room - 1.0 if is_free else room, max(now_s, since_s))
        while len(self._seen) > KEYS_MOST:
            self._seen.popitem(last=False)
        return 0.0 if is_free else (1.0 - room) * self.every_s

    def forget(self, key: str) -> None:
        """Give a key all its room again."""
        self._seen.pop(key, None)
