"""What keeps a link up: the supply that feeds it, its battery, and planned outages."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from gridmend.twin.communications.links import Link
from gridmend.twin.communications.paths import Outage


@dataclass(slots=True)
class Standing:
    """Whether one link is up; a small state machine, changed by `cut`, `restore` and `plan`.

    It begins with supply and a full battery. Between two changes all is closed-form: a battery
    of `charge_s` [s of running] at `since_s` loses one second each second without supply, and
    gains `battery_s`/`recharge_s` with it. A link whose battery ran empty boots when supply is
    back, and is up at `ready_s`. An interruption of no length does nothing.
    """

    link: Link
    live: bool = True
    charge_s: float = -1.0
    since_s: float = 0.0
    ready_s: float = -math.inf
    outages: list[Outage] = field(default_factory=list[Outage])

    def __post_init__(self) -> None:
        if self.charge_s < 0:
            self.charge_s = self.link.battery_s

    def charge_at(self, now_s: float) -> float:
        """How long the battery would last from now [s]."""
        passed_s = now_s - self.since_s
        if not self.live:
            return max(0.0, self.charge_s - passed_s)
        if not self.link.battery_s:
            return 0.0
        gained_s = passed_s * self.link.battery_s / self.link.recharge_s
        return min(self.link.battery_s, self.charge_s + gained_s)

    @property
    def empty_s(self) -> float:
        """When the battery runs empty, to the microsecond; inf with supply."""
        return math.inf if self.live else round(self.since_s + self.charge_s, 6)

    def cut(self, now_s: float) -> None:
        """Supply is lost."""
        if self.live:
            self.charge_s, self.since_s, self.live = self.charge_at(now_s), now_s, False

    def restore(self, now_s: float) -> None:
        """Supply is back."""
        if self.live:
            return
        if now_s > self.empty_s:
            self.ready_s = round(now_s + self.link.boot_s, 6)
        self.charge_s, self.since_s, self.live = self.charge_at(now_s), now_s, True

    def plan(self, outage: Outage, now_s: float) -> None:
        """It will be down as planned; what is over is forgotten."""
        self.outages = [o for o in self.outages if o.end_s > now_s]
        self.outages.append(outage)

    def is_up(self, now_s: float) -> bool:
        """Whether it carries messages."""
        if now_s >= self.empty_s or now_s < self.ready_s:
            return False
        return not any(o.start_s <= now_s < o.end_s for o in self.outages)

    def next_change_s(self, now_s: float) -> float:
        """The next time after now when it may go down or come back by itself; inf where none."""
        planned = (t for o in self.outages for t in (o.start_s, o.end_s))
        times = (self.empty_s, self.ready_s, *planned)
        return min((t for t in times if t > now_s), default=math.inf)
