"""Who is back, and by which means, after a fault: by itself, by remote switches, by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmend.model.sections import Sections, sections
from gridmend.model.snapshot import Snapshot, conductor_mask
from gridmend.model.topology import Topology
from gridmend.operations.configurations import ties
from gridmend.operations.fault import Isolation

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Devices:
    """[switches] what each can do.

    `operable` are no fuses; `remote` those of them that the control room operates; `automatic`
    sectionalisers, which open while dead; `reclosing` close again by themselves after a trip;
    `tie` are normally open.
    """

    operable: Flags
    remote: Flags
    automatic: Flags
    reclosing: Flags
    tie: Flags
    fuse: Flags


def devices(topology: Topology) -> Devices:
    """What each switch of a grid can do.

    A relay or recloser with settings recloses where they allow more than one trip; a recloser
    without has four, and any other device that trips is taken to reclose, fuses excepted.
    """
    grid = topology.grid
    kinds = np.array(grid.switches.texts("kind"), object)
    fuse = kinds == "fuse"
    reclosing = ~fuse
    settings = grid.protections
    for at, switch in enumerate(settings.texts("switch")):
        row = grid.switches.index.get(switch.lower())
        if row is not None and not fuse[row]:
            reclosing[row] = trips_most(settings["kind"][at], int(settings["shots"][at])) > 1
    return Devices(
        operable=~fuse,
        remote=grid.switches.flags("remote") & ~fuse,
        automatic=kinds == "sectionaliser",
        reclosing=reclosing,
        tie=grid.switches.flags("normally_open"),
        fuse=fuse,
    )


def trips_most(kind: str, shots: int) -> int:
    """Trips up to lock-out, of a kind's own where none are given; see the table protections."""
    return shots or (4 if kind == "recloser" else 1)


@dataclass(frozen=True, eq=False)
class Fault:
    """A fault that protection has cleared, and what was live before it.

    `buses` are those of the faulted element, both sides of a switch; `was_live` [nodes].
    """

    topology: Topology
    isolation: Isolation
    buses: Ints
    was_live: Flags

    @property
    def tripped(self) -> Flags:
        """[switches] what protection opened."""
        grid = self.topology.grid
        found = np.zeros(len(grid.switches), bool)
        found[[grid.switches.row(n) for n in self.isolation.opened_by_protection]] = True
        return found


@dataclass(frozen=True, eq=False)
class Cut:
    """The faulted zone [sections], and the snapshot in which it is cut off at some switches."""

    sections: Sections
    zone: Flags
    isolated: Snapshot


def cut_by_hand(fault: Fault) -> Cut:
    """The zone as operations isolate it, at every switch that can be operated."""
    found = fault.isolation
    return Cut(found.sections, found.zone, found.isolated)


def cut_at(fault: Fault, separators: Flags) -> Cut:
    """The zone that some switches can cut off, beside those that protection has opened."""
    topology, tripped = fault.topology, fault.isolation.tripped
    found = sections(topology, separators=separators, snapshot=tripped)
    zone = np.zeros(found.count, bool)
    zone[found.of_bus[fault.buses]] = True
    at_zone = np.append(zone, False)[found.ends]
    border = separators & (at_zone.sum(axis=1) == 1)
    positions = tripped.open_phases.copy()
    positions[border] = conductor_mask(topology.grid.switches)[border]
    isolated = tripped.with_open_phases(positions)
    return Cut(found, zone, isolated)


def back(fault: Fault, cut: Cut, *, usable: Flags) -> Flags:
    """[loads] who has supply once the zone is cut off and every usable switch that may close has
    closed: what restoration calls restorable, limits aside. Nothing that was dead is energised."""
    topology = fault.topology
    section = cut.sections.of_bus[topology.wiring.node_bus]
    live, was_live = np.zeros((2, cut.sections.count), bool)
    live[section[topology.energised(cut.isolated)]] = True
    was_live[section[fault.was_live]] = True
    among = ties(
        cut.sections.ends,
        live=live,
        banned=cut.zone | ~was_live,
        usable=usable,
        closed=cut.isolated.open_phases == 0,
    )
    positions = cut.isolated.open_phases.copy()
    positions[[tie.switch for tie in among]] = 0
    snapshot = cut.isolated.with_open_phases(positions)
    return topology.supplied(topology.energised(snapshot))
