from __future__ import annotations

from functools import partial
from typing import Any

from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Step
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.twin.communications.links import Link
from gridmend.twin.communications.network import Communications
from gridmend.twin.communications.paths import Outage
from gridmend.twin.plant import Fault
from gridmend.twin.streams import Streams
from gridmend.twin.telecontrol import Telecontrol, paths_over
from gridmend.twin.telemetry.scan import Scanner
from tests.twin.test_telecontrol import NOON, WIRE, telecontrol

SEED = 1


def instrumented(
    grid: Grid, *, outages: tuple[Outage, ...] = (), store: int = 0,
    demand: list[float] | None = None, **mesh: Any,
) -> Telecontrol:  # fmt: skip
    """An adapter whose RTUs speak over a wire, and whose meters and indicators over a `mesh`."""
    plain = telecontrol(grid, seed=SEED, **WIRE)
    plain.plant.watchers.clear()
    if demand is not None:
        normal = Snapshot.normal(grid)
        plain.plant.world.series = Series.scaled(normal, demand, step_s=900.0)
    names = [f"meter.{n}".lower() for n in grid.loads["name"]]
    names += [f"indicator.{n}".lower() for n in grid.switches["name"]]
    links = Communications(
        (*plain.links.links, Link.of_kind("mesh", "fibre", **{**WIRE, **mesh})),
        (*plain.links.paths, *paths_over(names, "mesh", store=store)),
        Streams(SEED),
        outages=outages,
    )
    # the plain adapter has read the first scan
    scanner = Scanner.of(plain.points, plain.scanner.scanning, Streams(SEED))
    return Telecontrol(plain.plant, scanner, links, NOON)


def at(field: Telecontrol, time_s: float, action: Action, device: str) -> None:
    """A device is operated at a time, by hand."""
    field.plant.agenda.at(time_s, partial(_operate, field, Step(action, device, "")))


def strike(field: Telecontrol, time_s: float, fault: Fault) -> None:
    """A fault strikes at a time."""
    field.plant.agenda.at(time_s, partial(_strike, field, fault))


def repair(field: Telecontrol, time_s: float) -> None:
    """Every fault is mended at a time."""
    field.plant.agenda.at(time_s, partial(_repair, field))


def _operate(field: Telecontrol, step: Step) -> None:
    field.plant.operate(step)


def _strike(field: Telecontrol, fault: Fault) -> None:
    field.plant.strike(fault)


def _repair(field: Telecontrol) -> None:
    for number in field.plant.faults:
        field.plant.repair(number)
