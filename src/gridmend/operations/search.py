"""The search for the best configuration: most customers first, each refuted by power flow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridmend.model.plan import Violation
from gridmend.operations.configurations import LIVE, Configuration, Tie, Ways, fullest
from gridmend.operations.shedding import Shedding, Trial
from gridmend.operations.trial import Case, Found, Refused, merit_of, positions, tried, weight_of

EQUALS_MOST = 3
"""Plans of equal merit whose losses are compared."""

SHED_AFTER = 4
"""Refusals after which a plan is made from the nearest one, for the search to improve on."""

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


def search(case: Case, ways: Ways, *, plans_most: int, out_of_time: Callable[[], bool]) -> Search:
    """Go through ways by merit until the best that the interlock allows is known.

    Merit: weight of the customers restored, then fewer switches moved by hand, then fewer
    moved at all, then fewer ties; of equals, the lower losses. Nothing that ranks above the best
    plan found is left untried unless time runs out, which `bound` then shows. After
    `SHED_AFTER` refusals a plan is also made from the one that came nearest, so that the search
    has one to improve on.
    """
    found: list[Found] = []
    refused: list[Refused] = []
    exact: set[frozenset[int]] = set()
    tried_since = 0
    while (way := ways.take(PARTS_MOST - ways.parts)) is not None:
        merit, here = way
        best = min((f.merit for f in found), default=None)
        if best is not None and merit > best:
            if len(found) >= plans_most or tried_since >= ALTERNATIVES_TRIED:
                break
            tried_since += 1
        elif best is not None and len(found) >= EQUALS_MOST:
            break
        if out_of_time():
            ways.give_back(merit, here)
            break
        if frozenset(here.closed) not in exact:
            exact.add(frozenset(here.closed))
            sharper = (-weight_of(case, here), *merit[1:])
            if sharper != merit:
                ways.give_back(sharper, here)
                continue
        came = tried(case, here, merit)
        if isinstance(came, Found):
            found.append(came)
            continue
        refused.append(came)
        if len(refused) == SHED_AFTER and not found:
            found += _shed(case, ways, min(refused, key=lambda r: r.excess))
    if not found:
        found += _shed(case, ways, min(refused, key=lambda r: r.excess, default=None))
    # What was made from another may have been met again in the queue.
    distinct = {f.configuration.closed: f for f in found}
    ranked = sorted(distinct.values(), key=lambda f: (f.merit, f.loss_kw))
    most = -ranked[0].merit[0] if ranked else 0.0
    left = -ways.best[0] if ways.best is not None else 0.0
    return Search(tuple(ranked), tuple(refused), max(most, left))


def by_section(case: Case, values: NDArray[Any]) -> dict[int, float]:
    """Of each section the sum over the loads that are out, as if supplied on all phases."""
    rows, nodes = case.topology.wiring.load_nodes
    section = np.full(len(values), -1, np.int64)
    section[rows] = case.isolation.sections.of_bus[case.topology.wiring.node_bus[nodes]]
    inside = case.out & (section >= 0)
    sums = np.bincount(section[inside], values[inside], case.isolation.sections.count)
    return dict(enumerate(sums.tolist()))


def _shed(case: Case, ways: Ways, nearest: Refused | None) -> list[Found]:
    """A plan made from a way that was refused, by leaving sections out."""
    made: dict[frozenset[int], Found | Refused] = {}

    def attempt(here: Configuration) -> Trial:
        key = frozenset(here.closed)
        if key not in made:
            made[key] = tried(case, here, merit_of(case, here, weight_of(case, here)))
        found = made[key]
        if isinstance(found, Found):
            return Trial(holds=True)
        return Trial(holds=False, worst=found.worst, excess=found.excess)

    def source_of(here: Configuration, violation: Violation) -> int | None:
        fed_by = case.topology.fed_by(positions(case, here))
        nodes = case.topology.nodes_of(violation.element)
        known = fed_by[nodes][fed_by[nodes] >= 0]
        return int(known[0]) if len(known) else None

    shedding = Shedding(
        ways.among,
        kw=by_section(case, case.flow.snapshot.load_kw),
        weights=ways.weights,
        sources=_sources(case, ways.among),
        source_of=source_of,
        attempt=attempt,
    )
    here = shedding.made(nearest.configuration if nearest else fullest(ways.among))
    found = made[frozenset(here.closed)] if here is not None else None
    return [found] if isinstance(found, Found) else []


def _sources(case: Case, among: list[Tie]) -> dict[int, int]:
    """The source [row] behind each switch between something live and something dead."""
    w, topology = case.topology.wiring, case.topology
    fed_by = topology.fed_by(case.isolation.isolated)
    edges, rows = topology.switch_edges
    best = np.maximum(fed_by[w.edge_from[edges]], fed_by[w.edge_to[edges]])
    entering = {t.switch for t in among if LIVE in (t.one, t.two)}
    return {
        int(row): int(source)
        for row, source in zip(rows.tolist(), best.tolist(), strict=True)
        if row in entering and source >= 0
    }
