"""Endpoints of a grid, and the links that a scenario has each of them use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.twin import endpoints
from gridmend.twin.communications.paths import Path
from gridmend.twin.scenario.parts import indicator_rows
from gridmend.twin.scenario.scenario import Equipped, Scenario, Telecoms, Way


def endpoints_of(grid: Grid, equipped: Equipped) -> Mapping[str, tuple[str, ...]]:
    """By group, the endpoints of a grid with the indicators of a scenario.

    Raises `GridError` for an indicator at a switch that is not there.
    """
    names = grid.switches.texts("name")
    return endpoints.endpoints_of(grid, [names[row] for row in indicator_rows(equipped, grid)])


def way_of(telecoms: Telecoms, *, endpoint: str, group: str) -> Way | None:
    """Which links an endpoint uses: its own way, that of its group, or the one link that there
    is; None where nothing says."""
    by_name = {way.of.lower(): way for way in telecoms.ways}
    found = by_name.get(endpoint) or by_name.get(group)
    if found is None and len(telecoms.links) == 1:
        return Way(group, (telecoms.links[0].name,))
    return found


def paths_of(scenario: Scenario, grid: Grid) -> tuple[Path, ...]:
    """The path of every endpoint. Raises `GridError` for the first without one."""
    found: list[Path] = []
    for group, names in endpoints_of(grid, scenario.telemetry.indicators).items():
        for name in names:
            way = way_of(scenario.communications, endpoint=name, group=group)
            if way is None:
                raise GridError(
                    f"nothing says over which links '{name}' speaks",
                    where="communications.ways",
                    mend=f"add `{group}: [link, …]`, or a line for '{name}'",
                )
            found.append(Path(name, way.links, way.store))
    return tuple(found)


def without_way(telecoms: Telecoms, group: str, names: Iterable[str]) -> list[str]:
    """The endpoints of a group for which nothing says which links they use."""
    return [name for name in names if way_of(telecoms, endpoint=name, group=group) is None]
