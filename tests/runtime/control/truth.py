"""What is really so in a small network: told from its tables and positions alone."""

from __future__ import annotations

from collections.abc import Iterable

from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot


class Truth:
    """Buses, what joins them, and what may feed them; every element has all its phases."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.lines = [
            (str(a).lower(), str(b).lower())
            for a, b in zip(grid.lines["bus1"], grid.lines["bus2"], strict=True)
        ]
        self.switches = {
            str(n).lower(): (str(a).lower(), str(b).lower())
            for n, a, b in zip(
                grid.switches["name"], grid.switches["bus1"], grid.switches["bus2"], strict=True
            )
        }
        self.feeders = {
            f"{kind}.{n}".lower(): str(bus).lower()
            for kind, table in (
                ("source", grid.sources), ("generator", grid.generators),
                ("storage", grid.storages),
            )
            for n, bus in zip(table["name"], table["bus"], strict=True)
        }  # fmt: skip
        self.forming = {
            f"generator.{n}".lower()
            for n, able in zip(
                grid.generators["name"], grid.generators.flags("grid_forming"), strict=True
            )
            if able
        }

    def closed(self, snapshot: Snapshot) -> frozenset[str]:
        """The switches that conduct."""
        bits = zip(self.switches, snapshot.open_phases.tolist(), strict=True)
        return frozenset(name for name, phases in bits if phases == 0)

    def parts(self, closed: Iterable[str]) -> dict[str, str]:
        """Each bus with the first of its part."""
        parent: dict[str, str] = {}

        def root(bus: str) -> str:
            while parent.setdefault(bus, bus) != bus:
                bus = parent[bus]
            return bus

        for one, other in (*self.lines, *(self.switches[name] for name in closed)):
            parent[root(one)] = root(other)
        return {bus: root(bus) for bus in list(parent)}

    def fed(self, closed: Iterable[str], guarded: Iterable[str], buses: Iterable[str]) -> str:
        """A feeder of energy that reaches one of some buses; empty where none does."""
        parts = self.parts(closed)
        apart = set(guarded)
        for bus in buses:
            here = parts.get(bus.lower(), bus.lower())
            for name, at in self.feeders.items():
                if name not in apart and parts.get(at, at) == here:
                    return f"{name} reaches {bus}"
        return ""

    def loops(self, closed: frozenset[str], on: Iterable[str]) -> int:
        """Meshes, the transmission behind the sources that are on counted as one bus."""
        edges = [*self.lines, *(self.switches[name] for name in closed)]
        edges += [("transmission", self.feeders[name]) for name in on]
        parent: dict[str, str] = {}

        def root(bus: str) -> str:
            while parent.setdefault(bus, bus) != bus:
                bus = parent[bus]
            return bus

        found = 0
        for one, other in edges:
            a, b = root(one), root(other)
            found += a == b
            parent[a] = b
        return found

    def live_parts(
        self, closed: frozenset[str], on: Iterable[str], apart: Iterable[str]
    ) -> set[str]:
        """The parts that something energises by itself."""
        parts = self.parts(closed)
        able = [*on, *(self.forming - set(apart))]
        return {parts.get(self.feeders[name], self.feeders[name]) for name in able}
