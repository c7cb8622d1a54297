"""Faults of a scenario on a grid: which element, which phases, and what cannot be."""

from __future__ import annotations

from collections.abc import Iterator

from gridmend.model.errors import GridError
from gridmend.model.grid import SINGULAR, Grid
from gridmend.powerflow.network import Network
from gridmend.powerflow.shorts import Short, device_of
from gridmend.twin.plant import Fault
from gridmend.twin.scenario.happenings import FaultStrikes
from gridmend.twin.strikes import faulted, phases_of


def fault_of(happening: FaultStrikes, grid: Grid) -> Fault:
    """The fault that strikes the plant. Raises `GridError` for what cannot be."""
    table, row = faulted(happening.element, grid)
    phases = happening.phases or phases_of(grid, table, row)
    name = f"{SINGULAR[table]}.{grid.table(table)['name'][row]}".lower()
    short = Short(
        name,
        phases,
        happening.r_ohm,
        happening.to_ground,
        happening.share if table == "lines" else 0.0,
    )
    grows = tuple((growth.after_s, growth.phases) for growth in happening.grows)
    return Fault(short, happening.permanent, happening.cause, grows)


def wrong_with(
    happening: FaultStrikes, grid: Grid, network: Network | None
) -> Iterator[tuple[str, GridError]]:
    """All that is wrong with a fault, each with the key that it is about."""
    try:
        table, row = faulted(happening.element, grid)
    except GridError as problem:
        yield "element", problem
        return
    there = phases_of(grid, table, row)
    before_s = 0.0
    for k, growth in enumerate(happening.grows):
        if growth.after_s <= before_s:
            what = f"it grows {growth.after_s:g} s after it struck, and not before {before_s:g} s"
            yield f"grows[{k}]", GridError(what, mend="give times above 0, in their order")
        before_s = max(before_s, growth.after_s)
    stages = [("phases", happening.phases), *(
        (f"grows[{k}].phases", growth.phases) for k, growth in enumerate(happening.grows)
    )]  # fmt: skip
    is_known = True
    for key, phases in stages:
        missing = [phase for phase in phases if phase not in there]
        if missing:
            what = f"'{happening.element}' has no phase {' '.join(missing)}"
            yield key, GridError(what, mend=f"its phases are {' '.join(there)}")
        count = len(phases or there)
        if not happening.to_ground and count < 2 and not missing:
            what = "a fault between phases needs two of them"
            yield key, GridError(what, mend="name two phases, or let to_ground be true")
        is_known = is_known and not missing
    if network is not None and is_known:
        yield from _on_network(happening, grid, network)


def _on_network(
    happening: FaultStrikes, grid: Grid, network: Network
) -> Iterator[tuple[str, GridError]]:
    try:
        device_of(network, fault_of(happening, grid).short)
    except GridError as problem:
        yield "element", problem
