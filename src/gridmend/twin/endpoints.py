"""Everything in a grid that speaks over links or takes commands, by the names that it goes by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from gridmend.model.grid import Grid
from gridmend.twin import flagged, metered
from gridmend.twin.inverters.fleet import DEFAULT_CATEGORY

GROUPS = ("rtus", "meters", "indicators", "der")
"""Endpoints that may be named together."""


def endpoints_of(grid: Grid, indicated: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """By group, the endpoints in service; `indicated` are the switches with indicators.

    RTUs stand at remote switches, regulators, capacitor banks and sources; a meter at every load,
    and each DER answers for itself.
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
    der = [
        grid.key(f"{table}.{grid.table(table)['name'][row]}")
        for table in DEFAULT_CATEGORY
        for row in np.flatnonzero(grid.table(table).flags("in_service"))
    ]
    return {
        "rtus": tuple(name.lower() for name in rtus),
        "meters": tuple(metered.endpoint_of(loads[row]) for row in on),
        "indicators": tuple(flagged.endpoint_of(name) for name in indicated),
        "der": tuple(der),
    }
