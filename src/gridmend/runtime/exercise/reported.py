"""Who reports to be without supply though nothing known explains it, and what they share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from gridmend.model.arrays import Flags
from gridmend.model.customers import customer_counts
from gridmend.model.event import Event
from gridmend.model.snapshot import Snapshot
from gridmend.runtime.control.kernel import Kernel
from gridmend.twin.guard_places import GUARDING

WAIT_S = 120.0
"""How long reports of customers and meters are gathered before a place is looked for."""
REPORTS_LEAST = 2
"""Reports that make an outage of more than one house."""
WITHOUT = ("no power", "still no power")
"""What callers say whose supply is gone."""


@dataclass
class Reported:
    """Reports of customers and meters that are gathered. `is_open` tells of which of some devices
    an incident is open, which then explains who lies behind."""

    kernel: Kernel
    is_open: Callable[[set[str]], bool]
    _since: dict[int, float] = field(default_factory=dict[int, float])
    """Loads that were reported to be without supply, and when first [s]."""
    _seen: tuple[Snapshot, Flags] | None = None

    def hear(self, event: Event, now_s: float) -> None:
        """Somebody is without supply, or has it again."""
        said = event.payload
        if event.kind == "meter_returned":
            self._since.pop(self._load(str(said["meter"])), None)
            return
        if event.kind == "customer_called":
            if str(said["text"]) not in WITHOUT:
                return
            row = self._load(str(said["customer"]).rpartition("/")[0])
        else:
            row = self._load(str(said["meter"]))
        if row >= 0 and not self._explained(row):
            self._since.setdefault(row, now_s)

    def due_s(self) -> float:
        """When a place is looked for [s]; inf where nobody reports."""
        return min(self._since.values(), default=math.inf) + WAIT_S

    def clear(self) -> None:
        """Forget all reports: what was said is of before."""
        self._since.clear()

    def places(self) -> dict[str, int]:
        """The nearest devices that all who report have in common, and how many customers these
        are; one house is left alone. The reports are done with then."""
        names = self.kernel.grid.loads["name"]
        rows = [row for row in self._since if not self._explained(row)]
        chains = [(self._devices(str(names[row])), row) for row in rows]
        self.clear()
        chains = [(chain, row) for chain, row in chains if chain]
        customers, found = customer_counts(self.kernel.grid), dict[str, int]()
        while len(chains) >= REPORTS_LEAST:
            counts: dict[str, int] = {}
            for chain, _ in chains:
                for device in chain:
                    counts[device] = counts.get(device, 0) + 1
            deepest = max((chain for chain, _ in chains), key=len)
            device = next((d for d in deepest if counts[d] >= REPORTS_LEAST), "")
            if not device:
                break
            found[device] = sum(int(customers[row]) for chain, row in chains if device in chain)
            chains = [(chain, row) for chain, row in chains if device not in chain]
        return found

    def _load(self, meter: str) -> int:
        return self.kernel.grid.loads.index.get(meter.lower(), -1)

    def _explained(self, row: int) -> bool:
        """Whether a load is known to be out, or an incident is open behind whose device it lies."""
        if not self._supplied()[row]:
            return True
        return self.is_open(set(self._devices(str(self.kernel.grid.loads["name"][row]))))

    def _supplied(self) -> Flags:
        """[loads] who has supply by the positions that are known; found once while they stand."""
        topology, snapshot = self.kernel.bench.site.topology, self.kernel.situation.snapshot
        if self._seen is None or self._seen[0] is not snapshot:
            self._seen = snapshot, topology.supplied(topology.energised(snapshot))
        return self._seen[1]

    def _devices(self, load: str) -> list[str]:
        """Devices on a load's way to its source that may have opened, nearest first."""
        grid, topology = self.kernel.grid, self.kernel.bench.site.topology
        up = topology.up(Snapshot.normal(grid), f"load.{load}")
        w = topology.wiring
        rows = w.branch_row[up][w.branch_table[up] == "switches"].tolist()
        kinds, names = grid.switches["kind"], grid.switches["name"]
        found = [str(names[row]).lower() for row in rows if kinds[row] in GUARDING]
        # The first switch behind the source stands for the breaker that a model leaves out.
        if rows and str(names[rows[-1]]).lower() not in found:
            found.append(str(names[rows[-1]]).lower())
        return found
