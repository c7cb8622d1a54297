"""A small network as names and sets: what joins what, and what can feed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gridmend.model.grid import SINGULAR, Grid

TRANSMISSION = "*"
"""The bus that stands for whatever lies behind all sources."""
_REMEMBERED = 50_000

Parts = Mapping[str, int]


@dataclass(frozen=True, eq=False)
class Plant:
    """Switches and lines by the buses at their ends, sources and DER by their bus.

    Names are written as `Grid.key` writes them, buses in lower case.
    """

    switches: dict[str, tuple[str, str]]
    lines: dict[str, tuple[str, str]]
    sources: dict[str, str]
    der: dict[str, str]
    forming: frozenset[str]
    remote: frozenset[str]
    interrupts: dict[str, str]
    capacity_kva: dict[str, float]
    buses: frozenset[str]
    _parts: dict[Any, Parts] = field(default_factory=dict)

    @staticmethod
    def of(grid: Grid) -> Plant:
        """Read a grid's tables."""
        s = grid.switches
        names = [str(n).lower() for n in s["name"]]
        der: dict[str, str] = {}
        forming: set[str] = set()
        for table in ("generators", "pv_systems", "storages"):
            records = grid.table(table)
            for row, name in enumerate(records["name"]):
                key = f"{SINGULAR[table]}.{name}".lower()
                der[key] = str(records["bus"][row]).lower()
                if table != "pv_systems" and records["grid_forming"][row]:
                    forming.add(key)
        sources = [f"source.{n}".lower() for n in grid.sources["name"]]
        return Plant(
            dict(zip(names, _ends(s), strict=True)),
            dict(zip([f"line.{n}".lower() for n in grid.lines["name"]], _ends(grid.lines),
                     strict=True)),
            dict(zip(sources, [str(b).lower() for b in grid.sources["bus"]], strict=True)),
            der,
            frozenset(forming),
            frozenset(n for n, remote in zip(names, s["remote"], strict=True) if remote),
            dict(zip(names, [str(w) for w in s["interrupts"]], strict=True)),
            dict(zip(sources, [float(c) for c in grid.sources["capacity_kva"]], strict=True)),
            frozenset(str(b).lower() for b in grid.buses["name"]),
        )  # fmt: skip

    @property
    def feeders(self) -> dict[str, str]:
        """Every feeder of energy with its bus."""
        return {**self.sources, **self.der}

    def parts(self, closed: frozenset[str], on: frozenset[str] = frozenset()) -> Parts:
        """A number for each bus, equal where closed switches join them.

        `on` are sources that are joined behind, through the transmission.
        """
        key = (closed, on)
        found = self._parts.get(key)
        if found is None:
            if len(self._parts) > _REMEMBERED:
                self._parts.clear()
            edges = [*self.lines.values(), *(self.switches[s] for s in closed)]
            edges += [(TRANSMISSION, self.sources[s]) for s in on]
            found = self._parts[key] = _numbered([*self.buses, TRANSMISSION], edges)
        return found

    def fed(self, closed: frozenset[str], feeders: Iterable[str]) -> set[int]:
        """The parts in which some feeders of energy stand."""
        parts, at = self.parts(closed), self.feeders
        return {parts[at[f]] for f in feeders}

    def ends(self, device: str) -> tuple[str, str]:
        """The buses at both ends of a switch; of a source its bus, twice."""
        found = self.switches.get(device)
        return found if found is not None else (self.feeders[device],) * 2

    def at(self, element: str) -> set[str]:
        """The buses of a line or switch, or of a bus named `bus.…`."""
        name = element.lower()
        if name.startswith("bus."):
            return {name[4:]}
        return set(self.lines.get(name) or self.switches.get(name.removeprefix("switch.")) or ())


def _ends(table: Any) -> list[tuple[str, str]]:
    pairs = zip(table["bus1"], table["bus2"], strict=True)
    return [(str(one).lower(), str(other).lower()) for one, other in pairs]


def _numbered(buses: Iterable[str], edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    near: dict[str, list[str]] = {b: [] for b in buses}
    for one, other in edges:
        near[one].append(other)
        near[other].append(one)
    found: dict[str, int] = {}
    for number, start in enumerate(near):
        stack = [start]
        while stack:
            bus = stack.pop()
            if bus not in found:
                found[bus] = number
                stack += near[bus]
    return found
