"""Which devices the field in memory has, and where each stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from gridmend.model.deed import carried_out, subject
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.plan import MOVES, POWERS, SWITCHING, Action, Step
from gridmend.model.snapshot import Snapshot


@dataclass(frozen=True, eq=False)
class Points:
    """Positions of every device; a step gives new ones."""

    grid: Grid
    snapshot: Snapshot

    def after(self, step: Step) -> Points:
        """The positions once a step is carried out; `GridError` where a device does not do that."""
        if step.action not in MOVES:
            raise GridError(f"no device carries out '{step.action}'", mend="it is work for a crew")
        return replace(self, snapshot=carried_out(step, self.grid, self.snapshot))

    def report(self, step: Step) -> tuple[str, dict[str, Any]]:
        """Kind and payload of the event that says where the device of a step stands."""
        key = subject(self.grid, step)
        name = key.partition(".")[2]
        if step.action in SWITCHING:
            return "status", {"device": key, "position": self.position(key)}
        if step.action in POWERS:
            return "power", {"device": key, "p_kw": self.snapshot.power_kw(self.grid, key)}
        positions = self.snapshot.positions(self.grid)
        if step.action is Action.SET_TAP:
            steps = {n.lower(): at for n, at in positions["taps"].items()}
            return "tapped", {"device": name, "step": steps[name]}
        banks = {n.lower(): at for n, at in positions["capacitors"].items()}
        return "banked", {"device": name, "steps_on": banks[name]}

    def position(self, key: str) -> str:
        """Where a switch or source stands: open or closed."""
        if key in self.grid.switches.index:
            return "open" if self.snapshot.is_open(self.grid, key) else "closed"
        on = bool(self.snapshot.source_on[self.grid.sources.row(key.partition(".")[2])])
        return "closed" if on else "open"

    def devices(self) -> list[str]:
        """Every switch and source, as `Grid.key` writes it."""
        sources = [f"source.{name}".lower() for name in self.grid.sources["name"]]
        return [str(name).lower() for name in self.grid.switches["name"]] + sources
