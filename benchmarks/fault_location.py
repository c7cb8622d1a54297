"""Fault location over seeded faults: how often the section is right, and how far off it is.

`python -m benchmarks.fault_location [--cases N] [--seed S]` prints the tables of
`docs/fault-location.md`. The field is a grid of its own, with other impedances and demand than the
model's and the fault as an element in a line cut in two, solved by the power flow; the inference
sees what instruments with errors read of it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

import gridmend as gm
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.operations.location.answer import Location
from gridmend.operations.location.correction import Correction, correct
from gridmend.operations.location.evidence import Evidence, Passage, Recording, Sag
from gridmend.operations.location.kinds import KINDS, Kind
from gridmend.operations.location.locate import Locator
from gridmend.operations.location.placement import spread
from gridmend.operations.location.places import PHASES, end_of
from gridmend.powerflow.network import Network
from gridmend.powerflow.primitive import line_matrices

Phasors = dict[str, complex]

PICKUP_A = 30.0
MISSED, FALSE = 0.02, 0.01
CLASS_PCT, METER_PCT = 1.0, 0.5
IMPEDANCE, LOAD, R_MOST_OHM = 0.2, 0.2, 50.0
INDICATORS = {"ieee34": 12, "ieee123": 14}
"""Beside those at closed switches; `placement.spread` says where."""
METERS = 8


@dataclass(frozen=True)
class Case:
    """One fault: line, share of its length, kind, resistance, and the errors of the model."""

    line: str
    share: float
    kind: Kind
    r_ohm: float
    is_common: bool


@dataclass(frozen=True)
class Field:
    """What is told of a feeder: where its relay, its indicators and its meters are."""

    locator: Locator
    relay: str
    indicators: tuple[str, ...]
    meters: tuple[str, ...]

    @property
    def grid(self) -> Grid:
        """The model of it."""
        return self.locator.model.network.grid


def field_of(name: str) -> Field:
    """A shipped feeder with its instruments; the relay is at the first switch or line."""
    grid = gm.read(name)
    plain = Locator.of(grid)
    closed = np.flatnonzero(plain.model.flow.snapshot.open_phases == 0)
    live = plain.model.flow.energised
    nodes = plain.model.network.terminals
    fed = {
        int(r)
        for t, r, n in zip(nodes.table, nodes.row, nodes.node, strict=True)
        if t == "switches" and n >= 0 and live[n]
    }
    switches = [str(grid.switches["name"][k]) for k in closed.tolist() if k in fed]
    relay = "source.source" if name == "ieee34" else "sw1"
    more = spread(plain.model.places, INDICATORS[name], beside=switches)
    indicators = tuple(s for s in (*switches, *more) if s.lower() != relay)
    locator = Locator.of(grid, borders=(*switches, *more))
    places = locator.model.places
    every = np.linspace(0, len(places.row) - 1, METERS).astype(int)
    by_away = np.argsort(places.away_m[places.down], kind="stable")[every]
    meters = tuple(str(grid.buses["name"][places.down[k]]) for k in by_away.tolist())
    return Field(locator, relay, indicators, meters)


def drawn(field: Field, rng: np.random.Generator, *, is_common: bool) -> Case:
    """A fault anywhere by length, of a kind that the line allows, through 0 to 50 ohm evenly."""
    places, ends = field.locator.model.places, field.locator.model.built.ends
    line = int(rng.choice(len(places.row), p=places.length_m / places.length_m.sum()))
    kinds = [k for k in KINDS if ends.has[line, list(k.at)].all()]
    share = np.array([k.share for k in kinds])
    kind = kinds[int(rng.choice(len(kinds), p=share / share.sum()))]
    return Case(
        places.name(line), float(rng.uniform()), kind, float(rng.uniform(0, R_MOST_OHM)), is_common
    )


def true_grid(grid: Grid, case: Case, rng: np.random.Generator) -> Grid:
    """The field: the model with other impedances and demand."""
    lines = grid.lines
    off = np.full(len(lines), rng.uniform(-IMPEDANCE, IMPEDANCE))
    if not case.is_common:
        off = rng.uniform(-IMPEDANCE, IMPEDANCE, len(lines))
    z, c = zip(*(line_matrices(grid, row) for row in range(len(lines))), strict=True)
    for column, part in (("r_ohm_per_km", np.real), ("x_ohm_per_km", np.imag)):
        values = [part(one) * (1 + e) for one, e in zip(z, off, strict=True)]
        lines = lines.with_column(column, values)
    lines = lines.with_column("c_nf_per_km", list(c))
    factor = 1 + rng.uniform(-LOAD, LOAD, len(grid.loads))
    loads = grid.loads.with_column("p_kw", grid.loads.numbers("p_kw") * factor)
    loads = loads.with_column("q_kvar", grid.loads.numbers("q_kvar") * factor)
    return grid.with_tables(lines=lines, loads=loads)


def faulted(grid: Grid, case: Case) -> Grid:
    """The field with a line cut in two and the fault's resistances at the cut."""
    name = case.line.partition(".")[2]
    one = grid.lines.record(name)
    name, length = str(one["name"]), float(one["length_m"])
    phases = str(one["phases1"])
    base = float(grid.buses["base_kv"][grid.buses.row(str(one["bus1"]))])
    share = min(max(case.share, 1e-4), 1 - 1e-4)
    grid = grid.with_rows("buses", {"name": "the_fault", "base_kv": base})
    grid = grid.with_changed(case.line, bus2="the_fault", phases2=phases, length_m=share * length)
    rest = {**one, "name": "the_rest", "bus1": "the_fault", "length_m": (1 - share) * length}
    grid = grid.with_rows("lines", rest)
    pairs = [(p, "g") for p in case.kind.phases]
    if not case.kind.to_ground:
        pairs = list(combinations(case.kind.phases, 2))
    rows = [
        {
            "name": f"the_fault_{a}{b}", "bus1": "the_fault", "phases1": a,
            "bus2": "the_fault", "phases2": b, "r_ohm": max(case.r_ohm, 1e-4),
        }
        for a, b in pairs
    ]  # fmt: skip
    return grid.with_rows("faults", *rows)


def solved(grid: Grid, case: Case) -> tuple[Flow, Flow]:
    """The field before the fault, its controls settled, and with it, they standing as they were."""
    before = Network.of(grid).solve()
    broken = faulted(grid, case)
    at = Snapshot.normal(broken).at_positions_of(before.snapshot)
    return before, Network.of(broken).solve(at, controls="off")


def currents(flow: Flow, grid: Grid, device: str) -> Phasors:
    """Into the conductors of a device."""
    table, row, end = end_of(grid, device)
    t = flow.terminals
    at = np.flatnonzero((t.table == table) & (t.row == row) & (t.terminal == end) & (t.node >= 0))
    return {str(t.phase[k]): complex(flow.i_a[k]) for k in at if t.phase[k] in PHASES}


def voltages_pu(flow: Flow, grid: Grid, bus: str) -> dict[str, float]:
    """Of the phases at a bus."""
    at = np.flatnonzero(flow.nodes.bus == grid.buses.row(bus))
    return {str(flow.nodes.phase[k]): float(flow.v_pu[k]) for k in at}


def observed(
    field: Field, before: Flow, during: Flow, rng: np.random.Generator
) -> tuple[Recording, tuple[Passage, ...], tuple[Sag, ...]]:
    """What instruments read, with their errors."""
    grid = field.grid

    def read(value: complex, pct: float) -> float:
        return abs(value) * float(np.exp(rng.normal(0, pct / 100)))

    now, was = (currents(f, grid, field.relay) for f in (during, before))
    relay = Recording(
        field.relay,
        {p: read(i, CLASS_PCT) for p, i in now.items()},
        before_a={p: read(i, CLASS_PCT) for p, i in was.items()},
        error_pct=CLASS_PCT,
    )
    passages: list[Passage] = []
    for name in field.indicators:
        now, was = (currents(f, grid, name) for f in (during, before))
        seen = {}
        for phase in now:
            passed = abs(now[phase]) - abs(was[phase]) > PICKUP_A
            up = rng.uniform() >= MISSED if passed else rng.uniform() < FALSE
            seen[phase] = "flagged" if up else "clear"
        passages.append(Passage(name, seen, MISSED, FALSE, PICKUP_A))
    sags = tuple(
        Sag(bus, {p: read(v, METER_PCT) for p, v in voltages_pu(during, grid, bus).items()},
            METER_PCT)
        for bus in field.meters
    )  # fmt: skip
    return relay, tuple(passages), sags


SAGS_EVERY = 8
"""Of so many cases two are also located with sags, which takes longer."""

MANNERS = ("currents", "currents and sags", "currents and indicators", "all")


def study(name: str, cases: int, seed: int) -> Iterator[tuple[Case, str, Location, Correction]]:
    """Every case in every manner; half with one error of all impedances, half one of each."""
    field = field_of(name)
    where = field.locator.model.places
    rng = np.random.default_rng(seed)
    for k in range(cases):
        case = drawn(field, rng, is_common=k % 2 == 0)
        before, during = solved(true_grid(field.grid, case, rng), case)
        if not (before.converged and during.converged):
            print(f"{name}: case {k} did not converge: {case}", file=sys.stderr)
            continue
        relay, passages, sags = observed(field, before, during, rng)
        for manner, evidence in zip(
            MANNERS,
            (
                Evidence((relay,)),
                Evidence((relay,), sags=sags),
                Evidence((relay,), passages),
                Evidence((relay,), passages, sags),
            ),
            strict=True,
        ):
            if evidence.sags and k % SAGS_EVERY not in (0, 1):
                continue
            found = field.locator.locate(evidence)
            yield case, manner, found, correct(where, found, case.line, case.share)


def row(label: str, found: list[tuple[Case, str, Location, Correction]]) -> str:
    """A line of the table."""
    fixes = [one[3] for one in found]
    n = max(len(fixes), 1)
    top1 = 100 * sum(f.section_rank == 1 for f in fixes) / n
    top3 = 100 * sum(1 <= f.section_rank <= 3 for f in fixes) / n
    covered = 100 * sum(f.is_covered for f in fixes) / n
    inside = 100 * sum(f.is_within for f in fixes) / n
    size = np.mean([len(one[2].credible()) for one in found])
    off = np.median([f.off_m for f in fixes])
    accuracy = np.mean([f.accuracy_pct for f in fixes])
    return (
        f"| {label} | {n} | {top1:.1f} | {top3:.1f} | {covered:.1f} | {size:.1f} | {inside:.1f}"
        f" | {off:.0f} | {accuracy:.1f} |"
    )


HEAD = """
| | cases | top-1 section [%] | top-3 [%] | true section in the 90 % set [%] | sections in it |\
 true distance in the 90 % interval [%] | median off [m] | mean accuracy [%] |
|---|---:|---:|---:|---:|---:|---:|---:|---:|"""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--feeders", nargs="*", default=["ieee34", "ieee123"])
    asked = parser.parse_args()
    for name in asked.feeders:
        start_s = time.perf_counter()
        found = list(study(name, asked.cases, asked.seed))
        print(f"\n{name}, {time.perf_counter() - start_s:.0f} s{HEAD}")
        for manner in MANNERS:
            mine = [one for one in found if one[1] == manner]
            print(row(manner, mine))
            print(row(f"{manner}; one error", [one for one in mine if one[0].is_common]))
            print(row(f"{manner}; each its own", [one for one in mine if not one[0].is_common]))
            print(row(f"{manner}; below 5 ohm", [one for one in mine if one[0].r_ohm < 5]))


if __name__ == "__main__":
    main()
