"""Flows that stand: what instruments see of a plant is where each instant came to rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gridmend.model.flow import Flow
from gridmend.twin.plant import Plant

_TICK_S = 1e-6
"""The agenda's times are whole microseconds: one later an instant is over."""


@dataclass(eq=False)
class Instants:
    """Shows `see` the last flow of every instant of a plant, with the time of that instant.

    A plant shows its watchers every flow, also those between two things that happen at one time.
    They last no time, so no instrument sees them. What stands is shown a microsecond later, or
    before the first flow of a later instant.
    """

    plant: Plant
    see: Callable[[float, Flow], None]
    _last: tuple[float, Flow] | None = None

    def __post_init__(self) -> None:
        self.plant.watchers.append(self._watch)

    def catch_up(self) -> None:
        """Show what stood before now, if that is not done yet."""
        if self._last is not None and self._last[0] < self.plant.now_s:
            (now_s, flow), self._last = self._last, None
            self.see(now_s, flow)

    def _watch(self, now_s: float, flow: Flow) -> None:
        self.catch_up()
        if self._last is None:
            self.plant.agenda.at(now_s + _TICK_S, self.catch_up)
        self._last = now_s, flow
