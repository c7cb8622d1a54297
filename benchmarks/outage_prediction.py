"""Outage prediction over simulated outages: is the device named at the first answer?

`python -m benchmarks.outage_prediction [--cases N] [--networks ieee123 ieee8500] [--only NAME]`
draws devices that fail, who is dark by the model's topology, and what of it is reported, all
without the code that predicts. The first answer is given two minutes after the first report of the
outage (the time for which the room of an exercise gathers reports); in the second minute the meters
that the prediction asks for were pinged in two rounds of at most 20.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np

import gridmend as gm
from gridmend.model.customers import customer_counts
from gridmend.model.event import Event
from gridmend.model.topology import Topology
from gridmend.operations.prediction.hearing import heard
from gridmend.operations.prediction.pings import pings, verification
from gridmend.operations.prediction.predict import predict
from gridmend.operations.prediction.reports import Reports
from gridmend.operations.prediction.tree import Tree
from gridmend.operations.prediction.zones import tree_of

START = datetime(2024, 6, 1, 12, tzinfo=UTC)
FIRST_S = 120.0
RATES = {"switch": 0.1, "breaker": 0.1, "recloser": 0.1, "source": 0.1, "lateral": 0.2,
         "transformer": 0.03, "load": 0.03, "service": 0.05}  # fmt: skip
"""Operations a year of one device in the simulation: assumed, and not those of the prediction."""
PARTIAL = 0.3
"""Share of laterals' and single-pole outages that take one phase of several."""


@dataclass(frozen=True)
class Truth:
    """A device that has opened these phases (none: all), or a load's own."""

    device: str
    kind: str
    branch: int = -1
    source: int = -1
    load: int = -1
    phases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Manner:
    """What of the truth is reported."""

    name: str
    gasp_lost: float = 0.3
    calls: float = 0.1
    wrong_address: float = 0.03
    false_gasps: float = 2e-4
    asks: int = 20
    indicators: bool = False
    scada: bool = False
    by_rate: bool = True
    faults: int = 1


@dataclass
class Bench:
    """A network, and the truth of who is dark by its own topology."""

    name: str
    laterals: bool = True
    tree: Tree = field(init=False)

    def __post_init__(self) -> None:
        self.grid = gm.read(self.name)
        self.topology = Topology.of(self.grid)
        self.normal = gm.Snapshot.normal(self.grid)
        self.tree = tree_of(self.topology, self.normal, laterals=self.laterals)
        self.counts = customer_counts(self.grid)
        self.meters = self.grid.loads.texts("name")
        self.lit = self.topology.supplied(self.topology.energised(self.normal))
        self.candidates = list(self._candidates())
        self._cache: dict[Truth, np.ndarray] = {}

    def _candidates(self) -> Iterator[Truth]:
        """Every device that has customers; what may fail is named by the tree, nothing else is
        taken from it."""
        w, topology = self.topology.wiring, self.topology
        branches = {name.lower(): k for k, name in enumerate(topology.branch_names)}
        for name, kind in zip(self.tree.heads, self.tree.kinds, strict=True):
            if kind == "source":
                truth = Truth(name, kind, source=self.grid.sources.row(name.partition(".")[2]))
            else:
                branch = branches.get(name, branches.get(f"switch.{name}", -1))
                truth = Truth(name, kind, branch=branch)
            if self.dark([truth]).any():
                yield truth
                edges = w.edge_branch == truth.branch
                phases = sorted({str(p) for p in w.node_phase[w.edge_from[edges]]})
                if kind in ("lateral", "fuse", "switch") and len(phases) > 1:
                    for phase in phases:
                        part = replace(truth, phases=(phase,))
                        if self.dark([part]).any():
                            yield part
        for row, meter in enumerate(self.meters):
            kind = "service" if self.counts[row] == 1 else "load"
            if self.lit[row] and self.counts[row]:
                yield Truth(f"load.{meter}".lower(), kind, load=row)

    def dark(self, truths: Sequence[Truth]) -> np.ndarray:
        """[loads] who is without supply, with some devices open."""
        w, topology = self.topology.wiring, self.topology
        closed, on = topology.closed(self.normal), self.normal.source_on.copy()
        own = np.zeros(len(self.meters), bool)
        for truth in truths:
            if truth.branch >= 0:
                here = w.edge_branch == truth.branch
                if truth.phases:
                    here &= np.isin(w.node_phase[w.edge_from], truth.phases)
                closed &= ~here
            if truth.source >= 0:
                on[truth.source] = False
            if truth.load >= 0:
                own[truth.load] = True
        live = topology.from_sources(closed, on)[0].tree >= 0
        return (self.lit & ~topology.supplied(live)) | own

    def weights(self, *, by_rate: bool) -> np.ndarray:
        """Chance of each candidate to be drawn."""
        found = np.empty(len(self.candidates))
        for k, one in enumerate(self.candidates):
            several = one.kind not in ("service", "load", "transformer")
            found[k] = RATES[one.kind] if by_rate else float(several)
            found[k] *= PARTIAL / 3 if one.phases else 1.0
        return found / found.sum()


def event(kind: str, at_s: float, **payload: object) -> Event:
    """An event of the simulated field."""
    return Event(START + timedelta(seconds=at_s), "field", "study", kind, dict(payload))


def reports_of(
    bench: Bench, truths: Sequence[Truth], dark: np.ndarray, how: Manner, rng: np.random.Generator
) -> list[tuple[float, Event]]:  # fmt: skip
    """What arrives, and when [s]."""
    found: list[tuple[float, Event]] = []
    meters = bench.meters
    for row in np.flatnonzero(dark & (rng.random(len(dark)) >= how.gasp_lost)).tolist():
        at = float(rng.exponential(10.0) + rng.uniform(0, 5))
        found.append((at, event("meter_gasped", rng.normal(0, 1.0), meter=meters[row])))
    for row in rng.choice(len(meters), rng.poisson(how.false_gasps * len(meters))).tolist():
        at = float(rng.uniform(0, FIRST_S))
        found.append((at, event("meter_gasped", at, meter=meters[row])))
    owners = np.repeat(np.arange(len(meters)), bench.counts)
    number = np.concatenate([np.arange(1, n + 1) for n in bench.counts]) if len(owners) else owners
    calling = np.flatnonzero(dark[owners] & (rng.random(len(owners)) < how.calls))
    for at_who in calling.tolist():
        at = float(20 + rng.exponential(180.0))
        who = at_who if rng.random() >= how.wrong_address else int(rng.integers(len(owners)))
        name = f"{meters[owners[who]]}/{number[who]}"
        found.append((at, event("customer_called", at, customer=name, text="no power")))
    found += instruments(bench, truths, how, rng)
    return found


def instruments(
    bench: Bench, truths: Sequence[Truth], how: Manner, rng: np.random.Generator
) -> list[tuple[float, Event]]:  # fmt: skip
    """What indicators and SCADA at switches say: the fault lies just behind the device."""
    found: list[tuple[float, Event]] = []
    switches = bench.grid.switches
    names = [n.lower() for n in switches.texts("name")]
    if how.indicators:
        passed: set[str] = set()
        for truth in truths:
            element = f"load.{bench.meters[truth.load]}" if truth.load >= 0 else truth.device
            if truth.kind in ("service", "load"):
                continue
            up = bench.topology.up(bench.normal, element) if truth.branch >= 0 else []
            w = bench.topology.wiring
            for branch in (*np.asarray(up, int).tolist(), truth.branch):
                if branch >= 0 and w.branch_table[branch] == "switches":
                    passed.add(names[int(w.branch_row[branch])])
        for name, text in zip(names, switches.texts("phases1"), strict=True):
            if rng.random() < (0.95 if name in passed else 0.002):
                said = event("fault_indicated", 0.0, device=name, phases=text.split())
                found.append((10.0, said))
    if how.scada:
        for truth in truths:
            if truth.device in names and rng.random() < 0.99:
                found.append((5.0, event("status", 0.0, device=truth.device, position="open")))
    return found


@dataclass(frozen=True)
class Score:
    """How one case went."""

    kind: str
    customers: int
    seen: bool
    right: bool
    strict: bool
    others: int
    partial: bool
    seconds: float


def answer_of(
    bench: Bench, dark: np.ndarray, arrivals: list[tuple[float, Event]], how: Manner,
    rng: np.random.Generator, reports: Reports,
):  # fmt: skip
    """The first answer, and how long one prediction took [s]."""
    tree, start = bench.tree, START.timestamp()
    done, last, taken = -1.0, None, []
    own = {at for at, e in arrivals for row in reporter(bench, e) if dark[row]}
    own |= {at for at, e in arrivals if e.kind == "status"}
    begun = min(own, default=0.0)
    for wait in (60.0, 90.0, FIRST_S) if how.asks else (FIRST_S,):
        now = begun + wait
        new = [e for at, e in arrivals if done < at <= now]
        reports = heard(tree, reports, new, start + now)
        begin = time.perf_counter()
        prediction, last = predict(tree, reports, start + now, last=last)
        taken.append(time.perf_counter() - begin)
        done = now
        if wait < FIRST_S:
            ask = [p.meter for p in pings(tree, reports, last, start + now, most=how.asks)]
            reports = heard(tree, reports, answers(bench, ask, dark, now, rng), start + now + 20)
    return prediction, done, reports, float(np.median(taken))


def answers(
    bench: Bench, ask: Sequence[str], dark: np.ndarray, now: float, rng: np.random.Generator
) -> list[Event]:  # fmt: skip
    """What meters say that are asked: 5 % of those with supply are not reached."""
    lit = [bool(not dark[bench.grid.loads.row(name)]) for name in ask]
    reached = (rng.random(len(ask)) >= 0.05).tolist()
    return [
        event("meter_pinged", now + 10, meter=name, answered=is_lit and is_reached)
        for name, is_lit, is_reached in zip(ask, lit, reached, strict=True)
    ]  # fmt: skip


def first_answers(bench: Bench, how: Manner, cases: int, seed: int) -> list[Score]:
    """Cases of one manner."""
    rng = np.random.default_rng(seed)
    chance = bench.weights(by_rate=how.by_rate)
    found: list[Score] = []
    blank = Reports.of(
        bench.tree, bench.grid,
        reporting=bench.grid.switches.texts("name") if how.scada else (),
        equipped=bench.grid.switches.texts("name") if how.indicators else (),
    )  # fmt: skip
    while len(found) < cases:
        picks = rng.choice(len(bench.candidates), how.faults, replace=False, p=chance)
        truths = [bench.candidates[int(k)] for k in picks]
        each = [bench.dark([one]) for one in truths]
        if how.faults > 1 and (each[0] & each[1]).any():
            continue
        dark = np.any(each, axis=0)
        arrivals = reports_of(bench, truths, dark, how, rng)
        prediction, until, _, seconds = answer_of(bench, dark, arrivals, how, rng, blank)
        seen = {row for at, e in arrivals if at <= until for row in reporter(bench, e)}
        named = [{one.device, *one.same} for one in prediction.outages]
        tops = {one.device for one in prediction.outages}
        for truth, own in zip(truths, each, strict=True):
            told = bool(own[list(seen)].any()) if seen else False
            told |= how.scada and any(
                e.kind == "status" and e.payload["device"] == truth.device for _, e in arrivals
            )
            right = [names for names in named if truth.device in names]
            found.append(
                Score(
                    truth.kind, int(bench.counts[own].sum()), told, bool(right),
                    truth.device in tops, max(len(named) - len(truths), 0), bool(truth.phases),
                    seconds,
                )
            )  # fmt: skip
    return found


def reporter(bench: Bench, said: Event) -> list[int]:
    """The load that an event speaks of."""
    if said.kind == "meter_gasped":
        return [bench.grid.loads.row(str(said.payload["meter"]))]
    if said.kind == "customer_called":
        return [bench.grid.loads.row(str(said.payload["customer"]).rpartition("/")[0])]
    return []


def share(flags: Sequence[bool]) -> str:
    """A share in per cent with its 95 % interval by Wilson."""
    n = len(flags)
    if not n:
        return "none"
    p, z = float(np.mean(flags)), 1.96
    middle = (p + z * z / 2 / n) / (1 + z * z / n)
    half = z * np.sqrt(p * (1 - p) / n + z * z / 4 / n / n) / (1 + z * z / n)
    return f"{100 * p:5.1f} % ({100 * (middle - half):.1f}–{100 * (middle + half):.1f}, n {n})"


def tell(name: str, scores: list[Score]) -> None:
    """Print one line of figures, and one a kind."""
    seen = [s for s in scores if s.seen]
    print(f"{name}: reported {share([s.seen for s in scores])}")
    print(f"    right, of those reported {share([s.right for s in seen])};"
          f" strictly {share([s.strict for s in seen])};"
          f" of all {share([s.right for s in scores])}")  # fmt: skip
    several = [s for s in seen if s.customers > 1]
    print(f"    with several customers {share([s.right for s in several])};"
          f" others named {np.mean([s.others for s in scores]):.3f} a case;"
          f" {1000 * np.median([s.seconds for s in scores]):.0f} ms a prediction")  # fmt: skip
    for kind in sorted({s.kind for s in scores}):
        print(f"      {kind:12s} {share([s.right for s in seen if s.kind == kind])}")
    print(f"      one phase of several {share([s.right for s in seen if s.partial])}", flush=True)


def nested(bench: Bench, cases: int, seed: int, *, gasp_lost: float, most: int) -> None:
    """Two devices on one way open at once; the upper is closed after half an hour. Is the lower
    one named within five minutes, asking at most `most` meters in each of six rounds?"""
    rng, tree, start = np.random.default_rng(seed), bench.tree, START.timestamp()
    how = Manner("nested", gasp_lost=gasp_lost)
    blank = Reports.of(tree, bench.grid, reporting=())
    uppers = [c for c in bench.candidates if c.kind not in ("service", "load", "transformer")
              and not c.phases]  # fmt: skip
    lowers = [c for c in bench.candidates if not c.phases]
    weight = np.array([RATES[c.kind] for c in lowers])
    dark_of = {c.device: bench.dark([c]) for c in uppers}
    found: list[tuple[str, bool, int, int]] = []
    while len(found) < cases:
        upper = uppers[int(rng.integers(len(uppers)))]
        lower = lowers[int(rng.choice(len(lowers), p=weight / weight.sum()))]
        below, above = bench.dark([lower]), dark_of[upper.device]
        if lower.device == upper.device or (below & ~above).any() or below.sum() == above.sum():
            continue
        arrivals = reports_of(bench, [upper], above, how, rng)
        _, until, reports, _ = answer_of(bench, above, arrivals, how, rng, blank)
        closed = 1800.0
        late = [e for at, e in arrivals if until < at <= closed]
        said = event("switched", closed, device=upper.device, action="close")
        reports = heard(tree, reports, [*late, said], start + closed)
        back = np.flatnonzero(above & ~below & (rng.random(len(above)) >= 0.3))
        asked, now, last = 0, closed, None
        pending = [(closed + float(rng.exponential(20.0)), bench.meters[r]) for r in back.tolist()]
        for _ in range(6):
            new = [
                event("meter_returned", at, meter=m) for at, m in pending if now < at <= now + 50
            ]
            now += 50
            reports = heard(tree, reports, new, start + now)
            prediction, last = predict(tree, reports, start + now, last=last)
            ask = verification(tree, reports, last, upper.device, start + now, most=most).ask
            asked += len(ask)
            told = answers(bench, [p.meter for p in ask], below, now - 9, rng)
            reports = heard(tree, reports, told, start + now + 2)
        prediction, last = predict(tree, reports, start + now, last=last)
        named = [{one.device, *one.same} for one in prediction.outages]
        right = any(lower.device in names for names in named)
        found.append((lower.kind, right, asked, len(named) - int(right)))
    print(f"{bench.name} nested, {100 * gasp_lost:.0f} % of gasps lost, {most} pings a round:"
          f" found {share([r for _, r, _, _ in found])};"
          f" {np.mean([a for *_, a, _ in found]):.0f} pings, {np.mean([o for *_, o in found]):.3f}"
          " others a case")  # fmt: skip
    for kind in sorted({k for k, *_ in found}):
        print(f"      {kind:12s} {share([r for k, r, *_ in found if k == kind])}", flush=True)


def rush(bench: Bench, gasps: int, seconds: int) -> None:
    """A source goes, and so many gasps arrive evenly over a time: how long after a second's end is
    its prediction there?"""
    rng, tree, start = np.random.default_rng(4), bench.tree, START.timestamp()
    reports, last = Reports.of(tree, bench.grid, reporting=()), None
    who = rng.choice(len(bench.meters), gasps)
    lags: list[float] = []
    for second, rows in enumerate(np.array_split(who, seconds)):
        events = [
            event("meter_gasped", float(second), meter=bench.meters[r]) for r in rows.tolist()
        ]
        begin = time.perf_counter()
        reports = heard(tree, reports, events, start + second + 1)
        prediction, last = predict(tree, reports, start + second + 1, last=last)
        lags.append(time.perf_counter() - begin)
    print(f"{bench.name}: {gasps} gasps in {seconds} s: lag after a second median"
          f" {1000 * float(np.median(lags)):.0f} ms, greatest {1000 * max(lags):.0f} ms;"
          f" named {[one.device for one in prediction.outages[:3]]}", flush=True)  # fmt: skip


MANNERS = (
    Manner("30 % lost, by rates"),
    Manner("60 % lost, by rates", gasp_lost=0.6),
    Manner("30 % lost, switches and fuses", by_rate=False),
    Manner("60 % lost, switches and fuses", gasp_lost=0.6, by_rate=False),
    Manner("30 % lost, by rates, no pings", asks=0),
    Manner("60 % lost, by rates, no pings", gasp_lost=0.6, asks=0),
    Manner("30 % lost, switches and fuses, no pings", by_rate=False, asks=0),
    Manner("60 % lost, switches and fuses, no pings", gasp_lost=0.6, by_rate=False, asks=0),
    Manner("30 % lost, indicators and SCADA", indicators=True, scada=True),
    Manner("30 % lost, two at once", faults=2),
    Manner("30 % lost, ten times the false gasps", false_gasps=2e-3),
)


def main() -> None:
    """Print the study."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=250)
    parser.add_argument("--networks", nargs="+", default=["ieee123", "ieee8500"])
    parser.add_argument("--only", default="")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    for name in asked.networks:
        bench = Bench(name)
        for how in MANNERS:
            if asked.only in how.name:
                scores = first_answers(bench, how, asked.cases, asked.seed)
                tell(f"{name}, {how.name}", scores)
        if asked.only in "rush":
            rush(bench, 10_000, 60)
        if asked.only in "nested":
            for lost in (0.3, 0.6):
                nested(bench, asked.cases, asked.seed, gasp_lost=lost, most=300)


if __name__ == "__main__":
    main()
