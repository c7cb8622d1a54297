"""The search for the best configuration: most customers first, each refuted by power flow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridmend.model.plan import Violation
from gridmend.operations.burden import TooMuch, burden_kw, share_kept
from gridmend.operations.configurations import (
    LIVE,
    Configuration,
    Merit,
    Tie,
    Ways,
    fullest,
)
from gridmend.operations.shedding import Shedding, Trial
from gridmend.operations.trial import (
    Case,
    Found,
    Refused,
    merit_of,
    positions,
    refused_at_once,
    tried,
    weight_of,
)

EQUALS_MOST = 3
"""Plans of equal merit whose losses are compared."""

SHED_AFTER = 4
"""Refusals after which a plan is made from the nearest one, for the search to improve on."""

LATE_EVERY = 32
"""Ways put off, after which the best of them is tried: a power flow takes about as long as to make
so many ways."""

PARTS_MOST = 20_000
"""Parts of trees that are looked at; what is left then shows in the bound."""

ALTERNATIVES_TRIED = 20
"""Lesser configurations that are tried for further plans once the best is known."""


@dataclass(frozen=True, eq=False)
class Search:
    """Feasible ways, best first; why others were refused; and the most that was not refuted."""

    found: tuple[Found, ...]
    refused: tuple[Refused, ...]
    bound: float
    """Weight that no other way can exceed."""


def search(
    case: Case,
    ways: Ways,
    *,
    plans_most: int,
    out_of_time: Callable[[], bool],
    late_most: int = PARTS_MOST,
) -> Search:
    """Go through ways by merit until the best that the interlock allows is known.

    Merit: weight of the customers restored, then fewer switches moved by hand, then fewer
    moved at all, then fewer ties; of equals, the lower losses. Nothing that ranks above the best
    plan found is left untried unless time runs out, which `bound` then shows. After
    `SHED_AFTER` refusals a plan is also made from the one that came nearest, so that the search
    has one to improve on. A way that asks of a source at least as much as one that was refused for
    it comes later, the best of them after each `LATE_EVERY`; `late_most` of those are tried.
    """
    found: list[Found] = []
    refused: list[Refused] = []
    exact: set[frozenset[int]] = set()
    queue = _Queue.of(case, ways, late_most)
    tried_since = 0
    while (way := queue.take(min((f.merit for f in found), default=None))) is not None:
        merit, here, is_late = way
        best = min((f.merit for f in found), default=None)
        if best is not None and merit > best:
            if len(found) >= plans_most or tried_since >= ALTERNATIVES_TRIED:
                break
            tried_since += 1
        elif merit == best and len(found) >= EQUALS_MOST:
            if not queue.may_better(merit):
                break
            continue
        if out_of_time():
            ways.give_back(merit, here)
            break
        if any(set(f.configuration.closed) == set(here.closed) for f in found):
            continue  # made from another way before
        if not is_late and queue.put_off(merit, here):
            continue
        if frozenset(here.closed) not in exact:
            exact.add(frozenset(here.closed))
            sharper = (-weight_of(case, here), *merit[1:])
            if sharper != merit:
                queue.give_back(sharper, here, is_late=is_late)
                continue
        came = tried(case, here, merit)
        if isinstance(came, Found):
            found.append(came)
            continue
        refused.append(came)
        queue.learn(came)
        if len(refused) == SHED_AFTER and not found:
            found += _shed(case, ways, min(refused, key=lambda r: r.excess))
    if not found:
        found += _shed(case, ways, min(refused, key=lambda r: r.excess, default=None))
    ranked = sorted(found, key=lambda f: (f.merit, f.loss_kw))
    most = -ranked[0].merit[0] if ranked else 0.0
    return Search(tuple(ranked), tuple(refused), max(most, queue.left))


@dataclass(eq=False)
class _Queue:
    """Ways in the order in which they are tried: by merit, but those that seem too much later."""

    case: Case
    ways: Ways
    kw: dict[int, float]
    sources: dict[int, int]
    late_most: int
    _too_much: TooMuch = field(default_factory=TooMuch)
    _late: list[tuple[Merit, int, Configuration]] = field(
        default_factory=list[tuple[Merit, int, Configuration]]
    )
    _number: int = 0
    _since: int = 0

    @staticmethod
    def of(case: Case, ways: Ways, late_most: int) -> _Queue:
        kw = by_section(case, case.flow.snapshot.load_kw)
        return _Queue(case, ways, kw, _sources(case, ways.among), late_most)

    def take(self, best: Merit | None) -> tuple[Merit, Configuration, bool] | None:
        """The next way, and whether it was put off before. One that was comes where it may be
        better than the `best` plan found, and many more were put off or nothing else may be; or
        where nothing else is left."""
        ahead = self.ways.best
        is_behind = ahead is None or (best is not None and ahead > best)
        is_due = is_behind or self._since >= LATE_EVERY
        if self._late and is_due and (best is None or self.may_better(best)):
            late = self._taken_late()
            if late is not None:
                return late
        way = self.ways.take(PARTS_MOST - self.ways.parts)
        return self._taken_late() if way is None else (*way, False)

    def _taken_late(self) -> tuple[Merit, Configuration, bool] | None:
        if not self._late or not self.late_most:
            return None
        self.late_most -= 1
        self._since = 0
        merit, _, here = heappop(self._late)
        return merit, here, True

    def may_better(self, best: Merit) -> bool:
        """Whether a way that was put off, and is to be tried, may be better than that."""
        return bool(self._late and self.late_most) and self._late[0][0] < best

    def put_off(self, merit: Merit, here: Configuration) -> bool:
        """Put a way off where it seems too much."""
        if not self._too_much.seems(burden_kw(self.ways.among, here, self.kw, self.sources)):
            return False
        self._put_late(merit, here)
        self._since += 1
        return True

    def _put_late(self, merit: Merit, here: Configuration) -> None:
        self._number += 1
        heappush(self._late, (merit, self._number, here))

    def give_back(self, merit: Merit, here: Configuration, *, is_late: bool) -> None:
        """Rank a way that was taken again, by what it is found to be worth."""
        if is_late:
            self.late_most += 1
            self._since = LATE_EVERY
            self._put_late(merit, here)
        else:
            self.ways.give_back(merit, here)

    def learn(self, came: Refused) -> None:
        """A way was refused, for something that a source feeds."""
        source = _source_of(self.case, came.configuration, came.worst) if came.worst else None
        fed = burden_kw(self.ways.among, came.configuration, self.kw, self.sources)
        if source is not None and source in fed:
            share = share_kept(came.worst, came.excess)
            self._too_much.learn(source, fed[source], share)

    @property
    def left(self) -> float:
        """The most that a way restores which was not tried."""
        ahead = [self.ways.best, self._late[0][0] if self._late else None]
        return max((-merit[0] for merit in ahead if merit is not None), default=0.0)


def by_section(case: Case, values: NDArray[Any]) -> dict[int, float]:
    """Of each section the sum over the loads that are out, as if supplied on all phases."""
    rows, nodes = case.topology.wiring.load_nodes
    section = np.full(len(values), -1, np.int64)
    section[rows] = case.isolation.sections.of_bus[case.topology.wiring.node_bus[nodes]]
    inside = case.out & (section >= 0)
    sums = np.bincount(section[inside], values[inside], case.isolation.sections.count)
    return dict(enumerate(sums.tolist()))


def _shed(case: Case, ways: Ways, nearest: Refused | None) -> list[Found]:
    """A plan made from a way that was refused, by leaving sections out.

    What a way ends in tells whether it holds; where no order of steps leads to what is made so,
    the orders tell for each.
    """
    start = nearest.configuration if nearest else fullest(ways.among)
    for judged in (refused_at_once, _refused_in_steps):
        here = _shedding(case, ways, judged).made(start)
        if here is None:
            return []
        found = tried(case, here, merit_of(case, here, weight_of(case, here)))
        if isinstance(found, Found):
            return [found]
    return []


def _shedding(
    case: Case, ways: Ways, judged: Callable[[Case, Configuration], Refused | None]
) -> Shedding:
    """What leaves sections out, and how it is told whether a way holds."""

    def attempt(here: Configuration) -> Trial:
        refused = judged(case, here)
        if refused is None:
            return Trial(holds=True)
        return Trial(holds=False, worst=refused.worst, excess=refused.excess)

    return Shedding(
        ways.among,
        kw=by_section(case, case.flow.snapshot.load_kw),
        weights=ways.weights,
        sources=_sources(case, ways.among),
        worth=lambda here: weight_of(case, here),
        source_of=lambda here, violation: _source_of(case, here, violation),
        attempt=attempt,
    )


def _refused_in_steps(case: Case, here: Configuration) -> Refused | None:
    """Why no order of its steps leads to a way, if none does."""
    came = tried(case, here, merit_of(case, here, weight_of(case, here)))
    return came if isinstance(came, Refused) else None


def _source_of(case: Case, here: Configuration, violation: Violation) -> int | None:
    """The source [row] that feeds what a violation is on."""
    fed_by = case.topology.fed_by(positions(case, here))
    nodes = case.topology.nodes_of(violation.element)
    known = fed_by[nodes][fed_by[nodes] >= 0]
    return int(known[0]) if len(known) else None


def _sources(case: Case, among: list[Tie]) -> dict[int, int]:
    """The source [row] behind each switch between something live and something dead, and each that
    may form an island."""
    w, topology = case.topology.wiring, case.topology
    fed_by = topology.fed_by(case.isolation.isolated)
    edges, rows = topology.switch_edges
    seen = case.isolation.poles.seen[w.edge_from[edges]]
    edges, rows = edges[seen], rows[seen]
    best = np.maximum(fed_by[w.edge_from[edges]], fed_by[w.edge_to[edges]])
    entering = {t.switch for t in among if LIVE in (t.one, t.two)}
    found = {
        int(row): int(source)
        for row, source in zip(rows.tolist(), best.tolist(), strict=True)
        if row in entering and source >= 0
    }
    formers = case.devices.formers
    return found | {number: formers[number].source for number in entering & formers.keys()}
