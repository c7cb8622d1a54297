"""What the outage desk takes for the state of supply: tree, reports and prediction in step."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import numpy as np

from gridmend.model.arrays import Flags
from gridmend.model.event import Event
from gridmend.model.snapshot import Snapshot
from gridmend.operations.prediction.answer import Prediction
from gridmend.operations.prediction.carried import carried
from gridmend.operations.prediction.hearing import heard, restored
from gridmend.operations.prediction.likelihood import CLOCKS_S
from gridmend.operations.prediction.predict import BELIEVED, Working, predict
from gridmend.operations.prediction.reports import Reports
from gridmend.operations.prediction.tree import Tree
from gridmend.operations.prediction.zones import tree_of
from gridmend.runtime.control.kernel import Kernel

DOUBT = 0.02
"""Chances from here to one less this are asked about."""


@dataclass
class Picture:
    """The grid as a tree at the positions that stood when something was switched last.

    What has opened by itself since is closed in this tree: that it opened is what a prediction
    says. Once somebody switches, it stands open like all that is known: ties are closed around
    it. `home` is the tree at the normal positions.
    """

    kernel: Kernel
    equipped: Collection[str] = ()
    home: Tree = field(init=False)
    tree: Tree = field(init=False)
    reports: Reports = field(init=False)
    prediction: Prediction = field(init=False)
    working: Working | None = None
    _base: Snapshot = field(init=False)
    _commanded: set[str] = field(default_factory=set[str])
    _closed_s: dict[str, float] = field(default_factory=dict[str, float])
    """Since when devices have said that they are closed [s]."""
    _reporting: list[str] = field(init=False)

    def __post_init__(self) -> None:
        grid = self.kernel.grid
        self._base = Snapshot.normal(grid)
        topology = self.kernel.bench.site.topology
        self.home = self.tree = tree_of(topology, self._base)
        names = zip(grid.switches.texts("name"), grid.switches.flags("remote"), strict=True)
        self._reporting = [name.lower() for name, is_remote in names if is_remote]
        in_service = np.flatnonzero(grid.loads.flags("in_service"))
        meters = grid.loads["name"][in_service].tolist()
        self.reports = Reports.of(
            self.tree, grid, reporting=self._reporting, equipped=self.equipped, metered=meters
        )
        self.look(())

    def note(self, event: Event) -> None:
        """A command is sent, or a device has opened or closed."""
        said = event.payload
        name = str(said.get("device", "")).lower()
        if event.kind == "status" and said["position"] == "closed":
            self._closed_s.setdefault(name, event.time_utc.timestamp())
        elif event.kind in ("status", "tripped"):
            self._closed_s.pop(name, None)
        if event.kind == "commanded":
            self._commanded.add(str(said["step"].get("device", "")).lower())
        elif event.kind == "tripped":
            self._commanded.discard(name)

    def look(self, events: Iterable[Event]) -> Prediction:
        """Take in events, and predict anew."""
        now_s, events = self.kernel.now().timestamp(), list(events)
        self._follow(now_s)
        self.reports = heard(self.tree, self.reports, events, now_s)
        for event in events:
            self._by_hand(event, now_s)
        self.prediction, self.working = predict(self.tree, self.reports, now_s, last=self.working)
        return self.prediction

    @property
    def supplied(self) -> Flags:
        """[loads] who has supply by the positions that are known."""
        topology = self.kernel.bench.site.topology
        return topology.supplied(topology.energised(self.kernel.situation.snapshot))

    @property
    def out(self) -> Flags:
        """[loads] who is without supply: by prediction, and where nothing feeds them by the
        positions."""
        is_dark = self.prediction.dark >= BELIEVED
        return np.where(self.tree.is_fed, is_dark, ~self.supplied)

    @property
    def doubtful(self) -> Flags:
        """[loads] of whom it is not clear whether they have supply."""
        found = (self.prediction.dark > DOUBT) & (self.prediction.dark < 1 - DOUBT)
        for one in self.prediction.unconfirmed:
            row = self.home.load_rows.get(one.device.lower().partition("/")[0], -1)
            if row >= 0:
                found[row] = True
        return found

    def _by_hand(self, event: Event, now_s: float) -> None:
        """A crew says that a device is closed, of which nobody had said that it was open."""
        said = event.payload
        if event.kind != "status" or not event.cause.startswith("crew "):
            return
        name = str(said.get("device", "")).lower()
        if name in self.tree.rows and said.get("position") == "closed":
            at_s = min(event.time_utc.timestamp(), now_s)
            self.reports = restored(self.tree, self.reports, name, at_s)

    def _follow(self, now_s: float) -> None:
        """Make the tree anew where it was switched, or where something is closed again: from there
        on all that is known to stand open is no prediction any more."""
        grid, known, base = self.kernel.grid, self.kernel.situation.snapshot, self._base
        names = [name.lower() for name in grid.switches.texts("name")]
        commanded = np.array([name in self._commanded for name in names], bool)
        differs = known.open_phases != base.open_phases
        back = differs & (base.open_phases > 0)
        sources_back = known.source_on & ~base.source_on
        if not ((differs & commanded) | back).any() and not sources_back.any():
            return
        self._base = base.with_open_phases(known.open_phases).with_sources(known.source_on)
        old = self.tree
        self.tree = tree_of(self.kernel.bench.site.topology, self._base)
        self.working = None
        self.reports = carried(
            self.reports, old, self.tree, grid, reporting=self._reporting, equipped=self.equipped
        )
        closed = [names[row] for row in np.flatnonzero(back & (known.open_phases == 0)).tolist()]
        sources = grid.sources.texts("name")
        closed += [f"source.{sources[row]}".lower() for row in np.flatnonzero(sources_back)]
        for name in closed:
            if name in self.tree.rows:
                at_s = min(self._closed_s.get(name, now_s) - CLOCKS_S, now_s)
                self.reports = restored(self.tree, self.reports, name, at_s)
