"""Fault location: the chance of every section and line, from all that is known of a fault."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.model.errors import Finding
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.location.answer import Location
from gridmend.operations.location.doubts import doubts
from gridmend.operations.location.evidence import Evidence
from gridmend.operations.location.kinds import KINDS, chosen
from gridmend.operations.location.likelihood import Instruments
from gridmend.operations.location.model import Model
from gridmend.operations.location.places import End, Places, cut, end_of
from gridmend.operations.location.report import located, nowhere
from gridmend.operations.location.search import pairs_of, weigh
from gridmend.operations.location.settings import Assumptions
from gridmend.operations.location.watch import Watch, watch
from gridmend.powerflow.network import Network


@dataclass(frozen=True, eq=False)
class Locator:
    """A grid made ready to locate faults that strike at one state of it; `borders` are the ends of
    elements at which its sections part."""

    model: Model
    borders: tuple[End, ...]
    assumed: Assumptions
    way: Floats

    @staticmethod
    def of(
        grid: Grid,
        snapshot: Snapshot | None = None,
        *,
        borders: Iterable[str] = (),
        assumed: Assumptions | None = None,
        network: Network | None = None,
        topology: Topology | None = None,
        flow: Flow | None = None,
    ) -> Locator:
        """Solve and factor a grid as it stood when the fault struck.

        Parameters
        ----------
        snapshot
            Positions and demand before the fault; the normal ones unless given. Controls settle.
        borders
            Elements at which sections part, beside every switch and every device in the evidence:
            `line.l52`, or `line.l52@2` for its second end.
        flow
            The solution before the fault, of `network`, if it is known.

        Raises
        ------
        GridError
            For a border that is not there, and where the grid is no network.
        """
        network = network or Network.of(grid)
        flow = flow or network.solve(snapshot or Snapshot.normal(grid))
        assumed = assumed or Assumptions()
        places = Places.of(topology or Topology.of(grid), flow.snapshot)
        switches = [("switches", row, 1) for row in range(len(grid.switches))]
        named = [end_of(grid, border) for border in borders]
        for line in assumed.rates:
            grid.find(line)
        return Locator(
            Model.of(network, flow, places),
            tuple(dict.fromkeys((*switches, *named))),
            assumed,
            _way(places, network, assumed),
        )

    def locate(self, evidence: Evidence) -> Location:
        """Where a fault is, by the evidence.

        Bayes' rule over every fed line, kind of fault, place along the line and resistance. The
        prior of a line is its length times its rate. Readings that cannot be used, and evidence
        that contradicts itself, are findings of the answer.
        """
        seen = watch(evidence, self.model, self.assumed)
        line, kind = self._pairs(evidence, seen)
        if not len(line):
            what = "no line with phase a, b or c is fed: there is nowhere to look"
            mend = "give the positions that stood when the fault struck"
            findings = (*seen.findings, Finding("warning", what, mend=mend))
            return nowhere(findings)
        tools = Instruments.of(self.model, seen)
        found = weigh(
            self.model, tools, line=line, kind=kind, log_prior=self._prior(line, kind),
            way=self.way, assumed=self.assumed,
        )  # fmt: skip
        informed = bool(seen.readings or seen.flags)
        findings = (*seen.findings, *doubts(self.model, tools, seen, found))
        if not informed:
            what = "nothing that can be used is known: the answer is the prior, by length and rate"
            findings = (*findings, Finding("note", what))
        sections = cut(self.model.places, (*self.borders, *seen.borders))
        return located(self.model.places, sections, found, findings, informed=informed)

    def _pairs(self, evidence: Evidence, seen: Watch) -> tuple[Ints, Ints]:
        """Lines and kinds that may be; the known type is passed over where no line allows it."""
        line, kind = pairs_of(self.model, chosen(evidence.phases, evidence.to_ground))
        if not len(line) and (evidence.phases is not None or evidence.to_ground is not None):
            line, kind = pairs_of(self.model, np.arange(len(KINDS)))
            if len(line):
                said = " ".join(evidence.phases or ("any",))
                seen.warn(
                    f"the type of fault is not used: no fed line allows phases {said}", said,
                    "name phases of a b c; a fault between phases has two or more",
                )  # fmt: skip
        return line, kind

    def _prior(self, line: Ints, kind: Ints) -> Floats:
        """[pairs] logarithm of the chance of a pair before any evidence."""
        places = self.model.places
        rates = {name.lower().removeprefix("line."): r for name, r in self.assumed.rates.items()}
        names = [str(n).lower() for n in places.grid.lines["name"][places.row]]
        weight = places.length_m * np.array([rates.get(name, 1.0) for name in names])
        share = np.array([k.share for k in KINDS])[kind]
        of_line = np.bincount(line, share, len(places.row))
        if not weight[line].sum() > 0:
            weight = np.ones_like(weight)
        with np.errstate(divide="ignore"):
            return np.log(weight[line] / weight.sum() * share / of_line[line])


def locate(
    grid: Grid,
    evidence: Evidence,
    snapshot: Snapshot | None = None,
    *,
    borders: Iterable[str] = (),
    assumed: Assumptions | None = None,
) -> Location:
    """Where a fault is, by the evidence; see `Locator`, which serves many faults of one state."""
    return Locator.of(grid, snapshot, borders=borders, assumed=assumed).locate(evidence)


def _way(places: Places, network: Network, assumed: Assumptions) -> Floats:
    """[lines, 2] standard deviations of the impedance of the way to a line, as shares of it.

    What each line has for itself averages out over the way, by the sum of squares of its parts; the
    second is of that alone, as if all of the error were.
    """
    size = np.zeros(len(places.grid.lines))
    for rows, nodes, at in network.primitives.alike("lines"):
        here, half = np.isin(rows, places.row), nodes.shape[1] // 2
        series = -network.primitives.values[at[here]][:, :half, half:]
        size[rows[here]] = np.abs(np.linalg.inv(series)[:, 0, 0])
    w, buses = places.topology.wiring, len(places.grid.buses)
    total, squares = np.zeros(buses), np.zeros(buses)
    for bus in places.order.tolist():
        branch = places.via[bus]
        if branch >= 0:
            own = size[w.branch_row[branch]] if w.branch_table[branch] == "lines" else 0.0
            total[bus] = total[places.parent[bus]] + own
            squares[bus] = squares[places.parent[bus]] + own**2
    own = size[places.row]
    whole = total[places.up] + own
    share = (squares[places.up] + own**2) / np.maximum(whole, 1e-12) ** 2
    common = assumed.impedance_common
    both = np.sqrt(np.stack([common + (1 - common) * share, share], axis=1))
    return assumed.impedance_error / 3**0.5 * both
