"""What crews meet at a plant: the damage that there is in truth, and conductors that are live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.model.flow import Flow
from gridmend.model.grid import SINGULAR
from gridmend.twin.people.crew import Job, JobKind
from gridmend.twin.people.work import Pace, work_s
from gridmend.twin.places import buses_of, found
from gridmend.twin.plant import Fault, Plant
from gridmend.twin.streams import Streams
from gridmend.twin.weather.assets import AssetKind, Assets
from gridmend.twin.weather.causes import Cause

DEAD_S = 120.0
"""How long conductors must have been dead before anybody works on them. Assumed: a recloser that
will close again has done so by then, and a crew tests and secures meanwhile."""
NEED_DEAD = (JobKind.REPAIR, JobKind.ISOLATE, JobKind.GROUND)
"""Work that nobody does at live conductors. Work under voltage is not modelled."""
REPAIRED_AS: Mapping[str, str] = {
    Cause.WIND_TREE: "tree",
    Cause.WIND: "tree",
    Cause.ICE: "tree",
    Cause.LIGHTNING: "equipment",
    Cause.STROKE: "equipment",
    Cause.HEAT: "equipment",
    Cause.DIG_IN: "equipment",
}
"""By which figures of `people.work.REPAIR` damage of a cause is repaired, where it has none of its
own; what stands in neither is `unknown`. Assumed."""
ASSET_OF = {"switches": "switch", "transformers": "transformer", "reactors": "substation"}
"""The asset of `people.work.ASSET` by table; lines are lines or cables."""


@dataclass(frozen=True, slots=True)
class Met:
    """What a crew met when it began: faults by number, and what it says of them."""

    faults: tuple[int, ...]
    text: str = ""


@dataclass(eq=False)
class Damage:
    """A `people.site.Site` over a plant. Only permanent faults are damage: what an arc alone was
    leaves nothing to be found."""

    plant: Plant
    pace: Pace
    streams: Streams
    _met: dict[str, Met] = field(default_factory=dict[str, Met])
    _nodes: dict[str, Ints] = field(default_factory=dict[str, Ints])
    _live_s: Floats = field(init=False)
    """[nodes] until when each was live; -inf for never."""
    _stood: Flow = field(init=False)

    def __post_init__(self) -> None:
        self._stood = self.plant.world.flow
        self._live_s = np.full(len(self._stood.energised), -np.inf)

    def see(self, now_s: float, flow: Flow) -> None:
        """From a time on a flow stands."""
        self._live_s[self._stood.energised] = now_s
        self._stood = flow

    def hinders(self, job: Job) -> str:
        """Work that needs dead conductors waits for them, unless there is nothing to repair."""
        if job.kind not in NEED_DEAD or (job.kind is JobKind.REPAIR and not self._on_any(job)):
            return ""
        for name in job.elements:
            if self.is_live(name):
                return f"{self.key(name)} is live"
            if self.plant.now_s < self._live_until_s(name) + DEAD_S:
                return f"{self.key(name)} is dead for too short a time"
        return ""

    def work_s(self, job: Job, *, is_there: bool) -> float:
        """How long a job takes [s]. A crew that is there sees what there is, and keeps it in mind.

        All damage on an element is repaired one after the other; where there is none, a crew that
        leaves reckons with an unknown cause, and one that is there has nothing to do.
        """
        if job.kind is JobKind.PATROL:
            walked, met = self._walked(job)
            needed_s = work_s(walked, self.pace, self.streams)
        elif job.kind is JobKind.REPAIR:
            met = Met(tuple(self._on_any(job)))
            needed_s = sum(self._repair_s(job, n) for n in met.faults)
            if not met.faults and not is_there:
                needed_s = self._repair_s(job, None)
        else:
            met, needed_s = Met(()), work_s(job, self.pace, self.streams)
        if is_there:
            self._met[job.name] = met
        return needed_s

    def standing(self, job: Job) -> tuple[int, ...]:
        """The faults that a crew met when it began a job, as far as they still stand."""
        return tuple(n for n in self._met[job.name].faults if n in self.plant.faults)

    def said(self, job: Job) -> str:
        """What a patrol says at its end."""
        return self._met[job.name].text if self.standing(job) else "nothing found"

    def on(self, element: str) -> dict[int, Fault]:
        """The damage on an element, by number, in the order in which it came."""
        grid = self.plant.world.grid
        at = found(grid, element)
        return {
            number: fault
            for number, fault in self.plant.faults.items()
            if fault.is_permanent and found(grid, fault.short.element) == at
        }

    def is_live(self, element: str, flow: Flow | None = None) -> bool:
        """Whether any conductor of an element or bus has voltage, now or in a flow."""
        flow = flow or self.plant.world.flow
        return bool(flow.energised[self._conductors(element)].any())

    def _live_until_s(self, element: str) -> float:
        nodes = self._conductors(element)
        until_s = self._live_s[nodes].max(initial=-np.inf)
        # What stands at this instant may not have been shown yet.
        return self.plant.now_s if self._stood.energised[nodes].any() else float(until_s)

    def key(self, element: str) -> str:
        """An element as crews say it: with its class, in lower case."""
        if element.lower().startswith("bus."):
            return element.lower()
        grid = self.plant.world.grid
        table, row = found(grid, element)
        return f"{SINGULAR[table]}.{grid.table(table)['name'][row]}".lower()

    def _on_any(self, job: Job) -> dict[int, Fault]:
        return {number: fault for name in job.elements for number, fault in self.on(name).items()}

    def _conductors(self, element: str) -> Ints:
        if element not in self._nodes:
            topology, nodes = self.plant.world.topology, self.plant.world.flow.nodes
            here, wiring = topology.nodes_of(element), topology.wiring
            mine = np.isin(nodes.bus, wiring.node_bus[here])
            mine &= np.isin(nodes.phase.astype(str), wiring.node_phase[here].astype(str))
            self._nodes[element] = np.flatnonzero(mine)
        return self._nodes[element]

    @cached_property
    def _cables(self) -> frozenset[str]:
        assets = Assets.of(self.plant.world.grid, metres_per_unit=1.0)
        cables = np.flatnonzero(assets.are(AssetKind.CABLE))
        return frozenset(assets.names[k].lower() for k in cables.tolist())

    def _repair_s(self, job: Job, number: int | None) -> float:
        """One damage of a job. What it takes belongs to the damage: whoever mends it, in whatever
        run of the same strikes, the draw is the same."""
        fault = None if number is None else self.plant.faults[number]
        cause = "unknown" if fault is None else REPAIRED_AS.get(fault.cause, fault.cause)
        key = self.key(job.elements[0] if fault is None else fault.short.element)
        asset = "cable" if key in self._cables else "line"
        table, _ = found(self.plant.world.grid, key)
        name = job.name
        if fault is not None:
            assert number is not None
            before = self._struck_before(key, number)
            name = f"damage of {key} at {fault.short.share:.6f}" + f"/{before}" * bool(before)
        known = cause if cause in self.pace.repair else "unknown"
        one = replace(job, name=name, cause=known, asset=ASSET_OF.get(table, asset))
        return work_s(one, self.pace, self.streams)

    def _struck_before(self, key: str, number: int) -> int:
        """How often an element was struck before a fault of this number."""
        struck = (one.payload for one in self.plant.happened if one.kind == "fault_struck")
        return sum(
            int(said["fault"]) < number and self.key(str(said["element"])) == key for said in struck
        )

    def _walked(self, job: Job) -> tuple[Job, Met]:
        """A patrol with its length and the first damage on its way, and what is said of that."""
        grid = self.plant.world.grid
        ends = [buses_of(grid, name) for name in job.elements]
        passed: set[str] = set(ends[1]) if len(ends) > 1 else set()
        way_m, first, met = 0.0, None, Met(())
        for at, (name, buses) in enumerate(zip(job.elements, ends, strict=True)):
            length_m = self._length_m(name)
            # It enters where it comes from; the first element where the second is not.
            back = len(buses) == 2 and (buses[0] in passed if at == 0 else buses[1] in passed)
            back &= len(buses) == 2 and not set(buses) <= passed
            passed = set(buses) if at == 0 else passed | set(buses)
            spots = sorted(
                (length_m * (1 - f.short.share if back else f.short.share), number, f.cause)
                for number, f in self.on(name).items()
            )
            if spots and first is None:
                along_m, number, cause = spots[0]
                first = way_m + along_m
                text = f"{self.key(name)}: {cause or 'damage'}"
                if length_m:
                    text += f", {along_m:.0f} m from bus {buses[1 if back else 0]}"
                met = Met((number,), text)
            way_m += length_m
        return replace(job, length_m=way_m, fault_at_m=first), met

    def _length_m(self, element: str) -> float:
        """The length of a line; of all else, and of a line that has none, 0."""
        grid = self.plant.world.grid
        table, row = found(grid, element)
        length_m = float(grid.lines.numbers("length_m")[row]) if table == "lines" else 0.0
        return length_m if length_m > 0 else 0.0
