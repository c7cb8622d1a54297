"""What each failure does: which loads are out, and what brings them back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gridmend.model.deed import carried_out
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.fault import isolate
from gridmend.planning.reliability.modes import Modes
from gridmend.planning.reliability.places import Places, places
from gridmend.planning.reliability.reach import (
    Devices,
    Fault,
    back,
    cut_at,
    cut_by_hand,
    devices,
    trips_most,
)
from gridmend.planning.reliability.settings import Settings

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

STAGES = ("automatic", "remote", "hand", "repair")
"""What brings loads back, the quickest first."""


@dataclass(frozen=True, eq=False)
class Effects:
    """Effects, each shared by all elements whose failure does the same.

    `of_element` [elements] counts into them, -1 where a failure puts nobody out. `back_by` are
    matrices [effects, loads] of ones, one for each of `STAGES`, apart from each other: who is out
    until then. `temporary_h` [effects]: how long a temporary fault keeps loads out. Where fuses are
    saved, `before_fuse` [effects] counts into `tripping` [devices, loads], who is off while the
    device before the fuse trips and recloses; -1 where none does.
    """

    of_element: Ints
    back_by: tuple[csr_matrix, ...]
    temporary_h: Floats
    before_fuse: Ints
    tripping: csr_matrix
    notes: tuple[str, ...]
    shape: tuple[int, int]
    """How many effects, and how many loads."""
    devices: int
    """How many devices save fuses."""


@dataclass(frozen=True, eq=False)
class _Study:
    """What every effect of a grid is worked out from."""

    topology: Topology
    before: Snapshot
    devices: Devices
    settings: Settings
    was_live: Flags
    supplied: Flags
    planned: Callable[[str], Flags] | None
    """[loads] who is supplied after the switching plan for a fault; None where not asked."""


@dataclass(frozen=True, eq=False)
class _Effect:
    """One effect: [loads] masks, one for each of `STAGES`."""

    back_by: tuple[Flags, ...]
    temporary_h: float
    fuse_blew: bool
    notes: tuple[str, ...]

    @property
    def out(self) -> Flags:
        return np.any(self.back_by, axis=0)


def effects(
    topology: Topology,
    before: Snapshot,
    modes: Modes,
    settings: Settings,
    *,
    planned: Callable[[str], Flags] | None = None,
) -> Effects:
    """What the failure of every element does, from positions before it.

    Elements of one section between switches, fuses included, share an effect: protection,
    isolation and what can be reached are traced once, by `operations.fault.isolate` and the ties
    of `operations.configurations`. What a single fuse feeds, and what hangs on a transformer
    with a fuse of its own, waits for the repair and needs no tracing. Checked against `isolate`
    element by element, and against a plain search on random trees.
    """
    live = topology.energised(before)
    study = _Study(
        topology, before, devices(topology), settings, live, topology.supplied(live), planned
    )
    at = places(topology, before, modes, own_fuses=settings.transformer_fuses)
    traced = [_traced(study, name) for name in at.traced]
    back_by = _matrices(study, at, traced)
    temporary_h = np.full(at.count, settings.switching_h)
    temporary_h[: len(traced)] = [effect.temporary_h for effect in traced]
    before_fuse, tripping = np.full(at.count, -1), csr_matrix((0, len(study.supplied)))
    if settings.fuse_saving:
        by_fuse = at.fused.copy()
        by_fuse[: len(traced)] = [effect.fuse_blew for effect in traced]
        before_fuse, tripping = _saved(study, at, np.flatnonzero(by_fuse))
        temporary_h[before_fuse >= 0] = 0.0
    notes = dict.fromkeys(note for effect in traced for note in effect.notes)
    return Effects(
        of_element=at.of_element,
        back_by=back_by,
        temporary_h=temporary_h,
        before_fuse=before_fuse,
        tripping=tripping,
        notes=tuple(notes),
        shape=(at.count, len(study.supplied)),
        devices=int(before_fuse.max(initial=-1)) + 1,
    )


def _traced(study: _Study, name: str) -> _Effect:
    """One failure from the trip to the repair."""
    topology, can = study.topology, study.devices
    found = isolate(topology.grid, study.before, name, topology=topology)
    buses = np.unique(topology.wiring.node_bus[topology.nodes_of(name)])
    fault = Fault(topology, found, buses, study.was_live)
    tripped = fault.tripped
    out = study.supplied & ~topology.supplied(topology.energised(found.tripped))
    wanted = ~can.tie if study.settings.transfers == "none" else np.ones(len(can.tie), bool)
    masks = [np.zeros(len(out), bool)]
    if can.automatic.any():
        cut = cut_at(fault, can.automatic)
        masks[0] = back(fault, cut, usable=tripped & can.reclosing & wanted)
    if can.remote.any():
        moved = can.remote | (tripped & can.reclosing & can.automatic.any())
        cut = cut_at(fault, can.remote | can.automatic)
        masks.append(back(fault, cut, usable=moved & wanted))
    else:
        masks.append(masks[0])
    masks.append(
        back(fault, cut_by_hand(fault), usable=(can.operable | tripped) & wanted) | masks[1]
    )
    if study.planned is not None and (out & masks[2]).any():
        planned = study.planned(name)
        masks[1:] = [mask & (planned | masks[0]) for mask in masks[1:]]
    masks.append(np.ones(len(out), bool))
    stages: list[Flags] = []
    waiting = out
    for mask in masks:
        stages.append(waiting & mask)
        waiting = waiting & ~mask
    temporary_h = _temporary_h(study, fault)
    assumed = tuple(
        f"{', '.join(found.opened_by_protection)}: the first switch after the source is taken "
        "for the feeder's breaker, for the model has no breaker, recloser or fuse there"
        for note in found.notes
        if "taken for the feeder's breaker" in note
    )
    return _Effect(tuple(stages), temporary_h, bool((tripped & can.fuse).any()), assumed)


def _temporary_h(study: _Study, fault: Fault) -> float:
    """How long a temporary fault keeps loads out: 0 where all that tripped recloses by itself."""
    can, settings = study.devices, study.settings
    tripped = fault.tripped
    grid = study.topology.grid
    locked = tripped & ~can.reclosing
    if (locked & ~can.remote).any():
        return settings.switching_h
    relays = zip(
        *(grid.protections.texts(c) for c in ("source", "kind")),
        grid.protections.counts("shots").tolist(),
        strict=True,
    )
    off = {name.lower() for name in fault.isolation.sources_off}
    stays_off = any(s.lower() in off and trips_most(k, n) <= 1 for s, k, n in relays)
    return settings.remote_min / 60 if locked.any() or stays_off else 0.0


def _matrices(study: _Study, at: Places, traced: list[_Effect]) -> tuple[csr_matrix, ...]:
    """[effects, loads] for each stage: the traced ones first, then those behind one fuse."""
    shape = (at.count, len(study.supplied))
    pairs = [
        np.argwhere(np.array([effect.back_by[stage] for effect in traced]).reshape(-1, shape[1]))
        for stage in range(len(STAGES))
    ]
    here = at.behind[study.supplied[at.behind[:, 1]]]
    pairs[-1] = np.concatenate([pairs[-1], here])
    return tuple(_ones(found, shape) for found in pairs)


def _ones(pairs: Ints, shape: tuple[int, int]) -> csr_matrix:
    made = csr_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=shape)
    made.sum_duplicates()
    made.data[:] = 1.0
    return made


def _saved(study: _Study, at: Places, by_fuse: Ints) -> tuple[Ints, csr_matrix]:
    """[effects] which device before a fuse saves it, -1 where none, and [devices, loads] who is
    off while it trips.

    Elements between the same devices other than fuses are cleared by the same of them.
    """
    grid, can = study.topology.grid, study.devices
    kinds = np.where(can.fuse, "disconnect", grid.switches["kind"]).astype(object)
    without = grid.with_tables(switches=grid.switches.with_column("kind", kinds))
    topology = Topology.of(without)
    number: dict[int, int] = {}
    off: list[Flags] = []
    before_fuse = np.full(at.count, -1, np.int64)
    for effect in by_fuse.tolist():
        piece = int(at.piece[effect])
        if piece not in number:
            found = isolate(without, study.before, at.example[effect], topology=topology)
            tripped = [grid.switches.row(name) for name in found.opened_by_protection]
            saves = bool(tripped) and can.reclosing[tripped].all() and not found.sources_off
            number[piece] = len(off) if saves else -1
            if saves:
                live = topology.energised(found.tripped)
                off.append(study.supplied & ~topology.supplied(live))
        before_fuse[effect] = number[piece]
    shape = (len(off), len(study.supplied))
    return before_fuse, csr_matrix(np.array(off, float).reshape(shape))


def planned_by(topology: Topology, before: Snapshot) -> Callable[[str], Flags]:
    """A function from a fault to [loads] who is supplied after the best switching plan for it,
    within limits, at a snapshot's demand: each answer takes power flows."""
    from gridmend.operations.restoration import propose
    from gridmend.powerflow.network import Network

    grid, network = topology.grid, Network.of(topology.grid)
    # how long a battery would have to last differs from failure to failure
    modes = zip(grid.sources["name"], grid.sources.texts("resource"), strict=True)
    islands = [f"source.{name}" for name, resource in modes if resource]

    def planned(fault: str) -> Flags:
        proposal = propose(
            grid, before, fault, banned=islands, plans_most=1, network=network, topology=topology
        )
        final = proposal.isolation.tripped
        for step in proposal.plans[0].steps:
            final = carried_out(step, grid, final)
        return topology.supplied(topology.energised(final))

    return planned
