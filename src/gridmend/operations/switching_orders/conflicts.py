"""Orders that stand in each other's way: by device, by zone, by what stands when all are done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

import numpy as np

from gridmend.interlock.check import Bench
from gridmend.interlock.limits import excess_pu, sentence, worsened
from gridmend.model.customers import customer_counts
from gridmend.model.errors import Finding
from gridmend.model.grid import Grid
from gridmend.model.sections import loop_count
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.switching_orders.booked import Booked
from gridmend.operations.switching_orders.forecast import Forecast

NAMED_MOST = 4


def conflicts(
    grid: Grid,
    demand: Snapshot | Series,
    orders: Sequence[Booked],
    *,
    bench: Bench | None = None,
) -> tuple[Finding, ...]:
    """Every way in which orders of overlapping times disturb each other, a finding each.

    Two orders that move or tag one device, clear one zone, or need a device as the other holds it;
    and where none of that is so, what stands when all orders of an instant are carried out: who
    is out whom no order puts out, which limits are broken that no order breaks alone, loops and
    sources joined. Power flow is at the hardest hour that the orders share. An `error` forbids,
    a `warning` asks for agreement. Orders that only touch in time do not overlap.
    """
    found: list[Finding] = []
    pairs = [(one, other) for one, other in combinations(orders, 2) if one.overlaps(other)]
    clashing: set[frozenset[str]] = set()
    for one, other in pairs:
        here = list(_between(grid, one, other))
        found += here
        if any(finding.severity == "error" for finding in here):
            clashing.add(frozenset((one.name, other.name)))
    bench = bench or Bench.of(grid)
    troubled: list[frozenset[str]] = []
    for together in (*pairs, *_together(orders)):
        names = frozenset(order.name for order in together)
        if names in clashing or any(pair <= names for pair in (*clashing, *troubled)):
            continue
        here = list(_combined(bench, Forecast(demand), together))
        found += here
        if here:
            troubled.append(names)
    return tuple(dict.fromkeys(found))


def _between(grid: Grid, one: Booked, other: Booked) -> Iterator[Finding]:
    """What two orders say of the same devices and buses."""
    where = f"{one.name} and {other.name}"
    for key in sorted(set(one.stands) & set(other.stands)):
        yield from _at_device(one, other, key, str(grid.switches["name"][grid.switches.row(key)]))
    for device in sorted(one.off & other.off):
        yield Finding("warning", f"both disconnect {device}", where, "tell both holders")
    shared = sorted(one.zone & other.zone)
    if shared:
        more = f" and {len(shared) - NAMED_MOST} more" if len(shared) > NAMED_MOST else ""
        named = ", ".join(shared[:NAMED_MOST])
        yield Finding("error", f"both clear bus {named}{more}: two crews would work in one zone,"
                      " each with a clearance", where, "make them one order")  # fmt: skip


def _at_device(one: Booked, other: Booked, key: str, device: str) -> Iterator[Finding]:
    """What two orders want of one device."""
    where = f"{one.name} and {other.name}"
    apart = "let one of them end before the other begins, or make them one order"
    for first, second in ((one, other), (other, one)):
        if key in first.held and not second.stands[key]:
            yield Finding(
                "error",
                f"{second.name} closes {device}, which {first.name} holds open and tagged",
                where, apart,
            )  # fmt: skip
    if one.stands[key] is other.stands[key]:
        both = key in one.held and key in other.held
        how = "both tag" if both else "both move or hold"
        if key in one.moved and key in other.moved:
            yield Finding("error", f"{how} {device}: the first that is undone moves it under"
                          " the other", where, apart)  # fmt: skip
        elif key in one.moved or key in other.moved:
            mover, holder = (one, other) if key in one.moved else (other, one)
            yield Finding("error", f"{mover.name} moves {device}, which {holder.name} relies"
                          " on as it stands", where, apart)  # fmt: skip
        else:
            yield Finding("warning", f"{how} {device}: it stays open until both tags are"
                          " lifted", where, "tell both holders")  # fmt: skip
    elif key not in one.held and key not in other.held:
        yield Finding("error", f"one opens {device} and the other closes it", where, apart)


def _together(orders: Sequence[Booked]) -> list[tuple[Booked, ...]]:
    """Sets of three orders or more that stand at one instant."""
    sets: list[tuple[Booked, ...]] = []
    for start in dict.fromkeys(order.begin for order in orders):
        here = tuple(order for order in orders if order.begin <= start < order.end)
        if len(here) > 2:
            sets.append(here)
    return sets


@dataclass(frozen=True, eq=False)
class _Stood:
    """What stands with some orders carried out."""

    out: np.ndarray
    worse: frozenset[tuple[str, str]]
    words: str
    loops: int
    joined: int
    converged: bool


def _combined(bench: Bench, forecast: Forecast, orders: Sequence[Booked]) -> Iterator[Finding]:
    """What all of some orders lead to together, and none of them alone."""
    begin = max(order.begin for order in orders)
    end = min(order.end for order in orders)
    hour, snapshot = forecast.worst(begin, end)
    alone = [_stood(bench, snapshot, (order,)) for order in orders]
    whole = _stood(bench, snapshot, orders)
    where = " and ".join(order.name for order in orders)
    at = _said(hour, forecast)
    more = whole.out & ~np.any([one.out for one in alone], axis=0)
    customers = int(customer_counts(bench.site.grid)[more].sum())
    apart = "let one of them end before the other begins"
    if more.any():
        yield Finding("error", f"together they put out {customers:,} customers whom none of them"
                      " puts out alone: one takes away what another feeds them by",
                      where, apart)  # fmt: skip
    if not whole.converged:
        yield Finding("error", f"together they leave a network without a solution{at}",
                      where, apart)  # fmt: skip
    elif whole.worse - frozenset[tuple[str, str]]().union(*(one.worse for one in alone)):
        yield Finding("error", f"together they break a limit that none of them breaks alone{at}:"
                      f" {whole.words}", where, apart)  # fmt: skip
    if whole.loops > max(one.loops for one in alone) or whole.joined > max(
        one.joined for one in alone
    ):
        yield Finding("error", "together they close a loop, or join two sources",
                      where, apart)  # fmt: skip


def _said(hour: datetime, forecast: Forecast) -> str:
    return f" at {hour:%Y-%m-%d %H:%M} UTC" if isinstance(forecast.given, Series) else ""


def _stood(bench: Bench, snapshot: Snapshot, orders: Sequence[Booked]) -> _Stood:
    grid, topology = bench.site.grid, bench.site.topology
    there = snapshot
    for order in orders:
        switches = {k: v for k, v in order.stands.items() if k in grid.switches.index}
        there = there.with_switches(grid, switches)
        for der in order.off:
            if not der.startswith("source."):
                there = there.with_power(grid, der, 0.0)
    before = bench.solver.solve(snapshot, controls="static")
    after = bench.solver.solve(there, controls="static", near=before)
    accepted = bench.reader.read(before).violations
    worse = worsened(accepted, bench.reader.read(after).violations, bench.limits)
    worst = max(worse, key=excess_pu, default=None)
    return _Stood(
        out=_supplied(topology, snapshot) & ~_supplied(topology, there),
        worse=frozenset((v.limit, v.element) for v in worse) if after.converged else frozenset(),
        words=sentence(worst) if worst is not None and after.converged else "",
        loops=loop_count(topology, there),
        joined=int((topology.islands(there)[1] - 1).clip(0).sum()),
        converged=after.converged or not after.energised.any(),
    )


def _supplied(topology: Topology, snapshot: Snapshot) -> np.ndarray:
    return topology.supplied(topology.energised(snapshot))
