"""A time-overcurrent element: a disk that turns with the current and comes back."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gridmend.twin.protection.curves import Curve
from gridmend.twin.protection.device import whole_s

LEAST_S = 1e-6
"""The clock's step: nothing operates within it."""


@dataclass(slots=True)
class Element:
    """A disk: `progress` goes from 0 (at rest) to 1 (operated). Mutable.

    Under constant current it turns at 1 / t(I), so that progress is the integral of dt / t(I)
    (IEEE Std C37.112-2018, 4: the dynamics of an induction relay). Below pickup it comes back in
    the curve's reset time, or at once where the curve has none.
    """

    curve: Curve
    pickup_a: float
    label: str
    progress: float = 0.0
    due_s: float = math.inf
    _since_s: float = 0.0
    _per_s: float = 0.0

    @property
    def picked_up(self) -> bool:
        """Whether it turns towards its operation."""
        return self._per_s > 0

    def at(self, now_s: float) -> float:
        """Its progress at a time since it was last told the current."""
        turned = self.progress + self._per_s * (now_s - self._since_s)
        if self.due_s <= now_s:
            return 1.0
        return min(max(turned, 0.0), 1.0)

    def see(self, now_s: float, i_a: float) -> None:
        """From now on this current flows through it [A]."""
        if i_a < self.pickup_a and self.progress == 0 and self._per_s <= 0:
            self._since_s, self._per_s, self.due_s = now_s, 0.0, math.inf
            return
        self.progress = self.at(now_s)
        self._since_s = now_s
        multiple = i_a / self.pickup_a
        time_s = float(self.curve.time_s(multiple)) if multiple >= 1 else math.inf
        if math.isfinite(time_s):
            time_s = max(time_s, LEAST_S)
            self._per_s = 1 / time_s
            self.due_s = whole_s(now_s + (1 - self.progress) * time_s)
            return
        self.due_s = math.inf
        back_s = self.curve.reset_time_s(multiple)
        if back_s == 0:
            self.progress, self._per_s = 0.0, 0.0
        else:
            self._per_s = -1 / back_s
