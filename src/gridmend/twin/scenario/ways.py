"""Endpoints of a grid, and the links that a scenario has each of them use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.twin import flagged, metered
from gridmend.twin.communications.paths import Path
from gridmend.twin.inverters.fleet import DEFAULT_CATEGORY
from gridmend.twin.scenario.parts import indicator_rows
from gridmend.twin.scenario.scenario import Equipped, Scenario, Telecoms, Way


def endpoints_of(grid: Grid, equipped: Equipped) -> Mapping[str, tuple[str, ...]]:
    """By group, the endpoints that speak over links, by the names that the twin gives them.

    RTUs stand at remote switches, regulators, capacitor banks and sources; a meter at every load,
    indicators where the scenario has them, and each DER answers for itself. Raises `GridError` for
    an indicator at a switch that is not there.
    """
    switches = grid.switches
    remote = switches.flags("remote") & switches.flags("in_service")
    regulated = {name.lower() for name in grid.tap_controls.texts("transformer")}
    capacitors = np.flatnonzero(grid.capacitors.flags("in_service"))
    rtus = [
        *(f"switch.{switches['name'][row]}" for row in np.flatnonzero(remote)),
        *(f"transformer.{name}" for name in sorted(regulated)),
        *(f"capacitor.{grid.capacitors['name'][row]}" for row in capacitors),
        *(f"source.{name}" for name in grid.sources),
    ]
    loads = grid.loads.texts("name")
    on = np.flatnonzero(grid.loads.flags("in_service"))
    named = [switches.texts("name")[row] for row in indicator_rows(equipped, grid)]
    der = [
        grid.key(f"{table}.{grid.table(table)['name'][row]}")
        for table in DEFAULT_CATEGORY
        for row in np.flatnonzero(grid.table(table).flags("in_service"))
    ]
    return {
        "rtus": tuple(name.lower() for name in rtus),
        "meters": tuple(metered.endpoint_of(loads[row]) for row in on),
        "indicators": tuple(flagged.endpoint_of(name) for name in named),
        "der": tuple(der),
    }


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
