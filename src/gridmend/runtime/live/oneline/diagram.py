"""The one-line diagrams of a room, each made when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gridmend.model.errors import GridmendError, nearest
from gridmend.runtime.live.oneline.feeder_sheet import FeederSketch
from gridmend.runtime.live.oneline.sheet_figures import figures
from gridmend.runtime.live.oneline.sketch import Ground, Sheet
from gridmend.runtime.live.oneline.station_sheet import StationSketch
from gridmend.runtime.live.views import Views

KEPT_MOST = 32
"""Diagrams that are kept made."""


class NoDiagramError(GridmendError):
    """There is no such feeder or substation."""


class Diagrams:
    """The diagrams of one room; asked in its thread.

    A feeder or substation that is not there raises `NoDiagramError`.
    """

    def __init__(self, views: Views) -> None:
        self._views, self._ground = views, Ground(views)
        self._made: dict[tuple[str, str], Sheet] = {}

    def listed(self) -> list[dict[str, Any]]:
        """The substations, with the feeders that each normally feeds."""
        each = self._ground.stations.each
        return [{"name": one.name, "feeders": list(one.feeders)} for one in each]

    def feeder(self, name: str) -> dict[str, Any]:
        """A feeder from its head outward, laid out."""
        return self._feeder(name).answer

    def station(self, name: str) -> dict[str, Any]:
        """A substation from its source down to its bays, laid out."""
        return self._station(name).answer

    def feeder_figures(self, name: str) -> dict[str, Any]:
        """What flows in a feeder now."""
        return figures(self._views, self._feeder(name))

    def station_figures(self, name: str) -> dict[str, Any]:
        """What flows in a substation now."""
        return figures(self._views, self._station(name))

    def _feeder(self, name: str) -> Sheet:
        labels = self._views.geometry.feeders
        return self._kept("feeder", labels, name, lambda k: FeederSketch(self._ground, k).sheet())

    def _station(self, name: str) -> Sheet:
        each = self._ground.stations.each
        names = [one.name for one in each]
        return self._kept(
            "substation", names, name, lambda k: StationSketch(self._ground, each[k]).sheet()
        )

    def _kept(
        self, what: str, names: Sequence[str], name: str, make: Callable[[int], Sheet]
    ) -> Sheet:
        folded = [one.lower() for one in names]
        if name.lower() not in folded:
            raise NoDiagramError(f"there is no {what} '{name}'", mend=nearest(name, names))
        key = what, name.lower()
        if key not in self._made:
            while len(self._made) >= KEPT_MOST:
                del self._made[next(iter(self._made))]
            self._made[key] = make(folded.index(key[1]))
        return self._made[key]
