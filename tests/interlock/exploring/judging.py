"""Which commands the interlock allows in what is known, each judged as the control room does."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gridmend.interlock.admission import admit
from gridmend.interlock.check import forbidden
from gridmend.interlock.move import By, Move
from gridmend.interlock.policy import Policy
from gridmend.interlock.site import Site
from gridmend.interlock.standing import Standing, after, standing
from gridmend.model.command import Command, World
from gridmend.model.deed import subject
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.plan import MOVES, Action, Step
from gridmend.model.situation import LoopLeave, Select, Situation, SyncCheck
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.powerflow.network import Network
from gridmend.runtime.fold import fold
from tests.interlock.exploring.knowledge import HERE, NOON, NOW, Known, Place, said

POLICY = Policy()
NOW_S = NOW.timestamp()
JOINING = {"radiality", "synchronism"}


@dataclass(frozen=True, eq=False)
class Room:
    """A control room over one network: what judges a command in a situation."""

    grid: Grid
    site: Site
    flow: Flow

    @staticmethod
    def of(grid: Grid) -> Room:
        """Compile a network; its flow is that without load."""
        idle = Snapshot.normal(grid)
        for table in ("generators", "storages"):
            for name in grid.table(table)["name"]:
                idle = idle.with_power(grid, name, 0.0)
        return Room(grid, Site.of(Topology.of(grid)), Network.of(grid).solve(idle))

    @cached_property
    def start(self) -> Situation:
        """Someone has the say; nothing else has happened."""
        return fold(self.grid, [said("authority_granted", area="", holder="ann", epoch=1)])

    @cached_property
    def keys(self) -> dict[tuple[Action, str], str]:
        """Devices as `subject` writes them."""
        return {}

    def key(self, step: Step) -> str:
        """The device of a step, as `subject` writes it."""
        at = (step.action, step.device)
        if at not in self.keys:
            self.keys[at] = subject(self.grid, step)
        return self.keys[at]


class Desk:
    """A person before what is known: which commands are allowed."""

    def __init__(self, room: Room, place: Place, known: Known) -> None:
        self.room = room
        self.situation = fold(room.grid, place.journal(known), room.start)
        self.standing: Standing = standing(room.site, self.situation, NOW_S, POLICY)
        sources = tuple(place.plant.sources)
        self.told: dict[tuple[Step, str], set[str]] = {}
        self.leaves = {d: LoopLeave(d, sources, "boss", NOW_S + 600) for d in place.devices}
        self.checks = {d: SyncCheck(d, NOW_S - 1, 0.0, 0.0, 0.0, True) for d in place.devices}

    def refusals(
        self, step: Step, who: str = "ann", situation: Situation | None = None
    ) -> set[str]:
        """The rules that refuse a step."""
        at = (step, who)
        if situation is None and at in self.told:
            return self.told[at]
        found = self._refusals(step, who, situation)
        if situation is None:
            self.told[at] = found
        return found

    def _refusals(self, step: Step, who: str, situation: Situation | None) -> set[str]:
        room, found = self.room, situation or self.situation
        key = room.key(step)
        command = Command(
            "new", step, who, HERE["login"], area="", epoch=1, issued_utc=NOON, select="x"
        )
        if step.action in MOVES:
            select = Select("x", key, step, who, HERE["login"], 1, NOW_S - 1)
            found = changed(found, selects={"x": select})
        told = {r.rule for r in admit(command, room.grid, found, NOW_S, world=World.LIVE)}
        by = By(who, HERE["login"])
        then = after(step, self.standing, who)
        move = Move(step, key, self.standing, then, by, POLICY, room.flow, found, NOW_S)
        return told | {rule for rule, _ in forbidden(move)}

    def ways_to_close(self, step: Step) -> Iterator[tuple[bool, bool]]:
        """With which of a loop leave and a check of synchronism closing is allowed: the least."""
        told = self.refusals(step)
        if not told:
            yield False, False
        if not told or told - JOINING:
            return
        for leave, check_ in ((True, False), (False, True), (True, True)):
            found = changed(
                self.situation,
                loops=self.leaves if leave else {}, syncs=self.checks if check_ else {},
            )  # fmt: skip
            if not self.refusals(step, situation=found):
                yield leave, check_
                return


def changed(situation: Situation, **fields: Any) -> Situation:
    """The same with other fields, made without the cost of a check of each."""
    found = copy(situation)
    found.__dict__.update(fields)
    return found
