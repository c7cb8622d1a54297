"""The simulated field: plant, instruments and links on one virtual clock, ready to be operated."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from gridmend.model.errors import Finding, GridError
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.network import Network
from gridmend.twin.agenda import Agenda
from gridmend.twin.calling import Calling
from gridmend.twin.communications.links import Link
from gridmend.twin.communications.network import Communications
from gridmend.twin.communications.paths import Outage, Path
from gridmend.twin.crewing import Crewing
from gridmend.twin.endpoints import GROUPS, endpoints_of
from gridmend.twin.flagged import Flagged
from gridmend.twin.guards import Guards
from gridmend.twin.inverters.standard import NOMINAL_HZ, Category
from gridmend.twin.metered import Metered
from gridmend.twin.plant import Plant
from gridmend.twin.resources import Resources
from gridmend.twin.streams import Streams
from gridmend.twin.telecontrol import Telecontrol
from gridmend.twin.telemetry.indicators import Indicating, Indicators, pickups
from gridmend.twin.telemetry.meters import Metering, Meters
from gridmend.twin.telemetry.points import Class, points_of
from gridmend.twin.telemetry.scan import Scanner, Scanning
from gridmend.twin.world import World

FIBRE = Link.of_kind("fibre", "fibre")
"""The link over which everything goes that is given no other."""


@dataclass(frozen=True)
class Equipment:
    """What instruments and links a field has.

    `indicated` are the switches with fault indicators, all remote ones unless given. `over` are
    the names of the links that endpoints use, by endpoint or by one of `endpoints.GROUPS`, the
    nearest to the endpoint first; whatever is not named uses the first link. None leaves a part
    out.
    """

    scanning: Scanning = field(default_factory=Scanning)
    quality: Class = field(default_factory=Class)
    indicating: Indicating | None = field(default_factory=Indicating)
    indicated: Collection[str] | None = None
    metering: Metering | None = None
    rides_through: bool = True
    links: tuple[Link, ...] = (FIBRE,)
    over: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    outages: tuple[Outage, ...] = ()
    store: int = 100
    """Messages that an endpoint keeps while its path is down."""
    paths: tuple[Path, ...] | None = None
    """All paths, in place of `over` and `store`."""
    report_s: float = 5.0
    """How late an indicator reports."""
    categories: Mapping[str, Category] = field(default_factory=dict[str, Category])
    """How much DER ride through, by name; the others by `category`, or that of their table."""
    category: Category | None = None


@dataclass(eq=False)
class Field:
    """Everything below the control room. `telecontrol` is what may be met from above."""

    plant: Plant
    telecontrol: Telecontrol
    flagged: Flagged | None = None
    metered: Metered | None = None
    calling: Calling | None = None
    crewing: Crewing | None = None
    findings: tuple[Finding, ...] = ()
    """What was assumed of it."""

    @staticmethod
    def of(
        network: Network,
        series: Series,
        start_utc: datetime,
        streams: Streams,
        equipment: Equipment | None = None,
        positions: Snapshot | None = None,
    ) -> Field:
        """The field of a grid at the start of a series; with `positions`, its switches and sources
        stand there.

        Raises `GridError` for equipment at what is not there and for links that do not fit.
        """
        has = equipment or Equipment()
        world = World.of(network, series)
        peak = _peak(network, series)
        guards = Guards.of(network, world.topology, peak)
        resources, unridden = _resources(network, has, streams)
        plant = Plant(Agenda(), world, guards, resources=resources)
        if positions is not None:
            plant.stand(positions)
        scanner = Scanner.of(points_of(network, streams, has.quality), has.scanning, streams)
        switches = _indicated(network.grid, has)
        links = Communications(
            has.links,
            has.paths or _paths(network.grid, has, switches),
            streams,
            outages=has.outages,
            buses=[str(name).lower() for name in network.grid.buses["name"]],
        )
        telecontrol = Telecontrol(plant, scanner, links, start_utc)
        made = Field(plant, telecontrol, findings=(*guards.findings, *unridden))
        if has.indicating is not None:
            rows = np.array([network.grid.switches.row(name) for name in switches], np.int64)
            pickup_a = pickups(network, peak, rows, has.indicating)
            made.flagged = Flagged(
                telecontrol,
                Indicators.of(network, rows, has.indicating, streams, pickup_a),
                has.report_s,
            )
        if has.metering is not None:
            meters = Meters.of(network, has.metering, streams, world.flow)
            made.metered = Metered(telecontrol, meters)
        return made

    @property
    def grid(self) -> Grid:
        """What is there."""
        return self.plant.world.grid

    @property
    def agenda(self) -> Agenda:
        """The virtual clock."""
        return self.plant.agenda


def _peak(network: Network, series: Series) -> Flow:
    """The flow at the step with the most load, from which settings are assumed."""
    start, rows = series.start.load_kw, series.follows.get("load_kw")
    load_kw = np.full(len(series), float(start.sum()))
    if rows is not None:
        weight = np.bincount(rows + 1, start, len(series.factors) + 1)
        load_kw = weight[0] + weight[1:] @ series.factors
    return network.solve(series[int(np.argmax(load_kw))], controls="static")


def _resources(
    network: Network, has: Equipment, streams: Streams
) -> tuple[Resources | None, tuple[Finding, ...]]:
    """DER that ride through as IEEE 1547 has it, which is for 60 Hz."""
    if not has.rides_through:
        return None, ()
    if network.grid.frequency_hz != NOMINAL_HZ:
        what = f"DER do not ride through: IEEE 1547 is for {NOMINAL_HZ:g} Hz"
        return None, (Finding("note", what, network.grid.name, "nothing, or give settings"),)
    made = Resources.of(network, has.categories, streams, default=has.category)
    return made, made.fleet.findings()


def _indicated(grid: Grid, has: Equipment) -> tuple[str, ...]:
    """The switches with indicators, as the grid writes them."""
    if has.indicating is None:
        return ()
    names = grid.switches["name"]
    if has.indicated is None:
        return tuple(str(n) for n in names[grid.switches.flags("remote")])
    return tuple(str(names[grid.switches.row(name)]) for name in has.indicated)


def _paths(grid: Grid, has: Equipment, switches: tuple[str, ...]) -> tuple[Path, ...]:
    """A path for everything that speaks, and for what takes commands."""
    group_of = {
        name: group for group, names in endpoints_of(grid, switches).items() for name in names
    }
    first = (has.links[0].name,) if has.links else ()
    unknown = [name for name in has.over if name not in group_of and name not in GROUPS]
    if unknown:
        raise GridError(
            f"nothing speaks by the name {', '.join(sorted(unknown)[:5])}",
            where="over",
            mend=f"name an endpoint, or one of {', '.join(GROUPS)}",
        )
    return tuple(
        Path(name, has.over.get(name, has.over.get(group, first)), store=has.store)
        for name, group in group_of.items()
    )
