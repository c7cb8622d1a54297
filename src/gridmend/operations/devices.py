"""What a plan moves: switches, and sources that stand for a resource in island mode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmend.model.grid import Grid
from gridmend.model.islanding import Former, formers
from gridmend.model.snapshot import Snapshot
from gridmend.operations.poles import Poles

Flags = NDArray[np.bool_]

_SOURCE = "source."


@dataclass(frozen=True, eq=False)
class Devices:
    """Switches by their rows, then the sources that may form an island, numbered on.

    All arrays and `names` are [devices]; a source is named with its class, as a step names it.
    `normally_open` are ties and these sources; `formers` the resources by their number.
    """

    grid: Grid
    poles: Poles
    names: tuple[str, ...]
    remote: Flags
    normally_open: Flags
    formers: Mapping[int, Former]

    @staticmethod
    def of(poles: Poles) -> Devices:
        """Those of a grid, of which some poles move. Sources take commands from afar, and are there
        where all poles move."""
        grid = poles.topology.grid
        able = [one for one in formers(grid) if one.power_kw > 0 and one.energy_kwh > 0]
        able = able if not poles.phases else []
        first, switches = len(grid.switches), grid.switches
        always = np.ones(len(able), bool)
        return Devices(
            grid=grid,
            poles=poles,
            names=(
                *switches.texts("name"),
                *(f"{_SOURCE}{grid.sources['name'][one.source]}" for one in able),
            ),
            remote=np.concatenate([switches.flags("remote"), always]),
            normally_open=np.concatenate([switches.flags("normally_open"), always]),
            formers=dict(enumerate(able, first)),
        )

    def moved(self, snapshot: Snapshot, positions: Mapping[str, bool]) -> Snapshot:
        """Several at once: name to True where it is open, or the source off."""
        rows = {self.names[number]: one.source for number, one in self.formers.items()}
        switches = {name: at for name, at in positions.items() if name not in rows}
        found = self._switched(snapshot, switches)
        if len(switches) == len(positions):
            return found
        source_on = found.source_on.copy()
        for name in rows.keys() & positions.keys():
            source_on[rows[name]] = not positions[name]
        return found.with_sources(source_on)

    def _switched(self, snapshot: Snapshot, positions: Mapping[str, bool]) -> Snapshot:
        if not self.poles.phases:
            return snapshot.with_switches(self.grid, positions)
        for name, is_open in positions.items():
            row = self.grid.switches.row(name)
            snapshot = snapshot.with_poles(row, int(self.poles.bits[row]), is_open=is_open)
        return snapshot
