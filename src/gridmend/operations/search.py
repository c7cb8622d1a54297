"""The search for the best configuration: most customers first, each refuted by power flow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gridmend.operations.asked import (
    by_section,
    kvar_by_section,
    section_of,
    source_of,
    sources_behind,
)
from gridmend.operations.awaiting import PARTS_MOST, Awaiting
from gridmend.operations.configurations import Configuration, Merit, fullest
from gridmend.operations.shedding import Shedding, Trial
from gridmend.operations.trial import (
    Case,
    Found,
    Refused,
    merit_of,
    refused_at_once,
    tried,
    weight_of,
)
from gridmend.operations.ways import Ways

EQUALS_TRIED = 2
"""Ways of the best merit of which one holds that are tried, to compare losses: more where more
plans are asked for."""

EQUALS_LOOKS = 30
"""Looks of controls at the states of a plan, above which its equals are left alone: they would
take as many."""

SHED_AFTER = 4
"""Refusals after which a plan is made from the nearest one, for the search to improve on."""

ALTERNATIVES_TRIED = 20
"""Lesser configurations that are tried for further plans once the best is known."""


@dataclass(frozen=True, eq=False)
class Search:
    """Feasible ways, best first; why others were refused; and the most that was not refuted."""

    found: tuple[Found, ...]
    refused: tuple[Refused, ...]
    bound: float
    """Weight that no other way can exceed."""


@dataclass(eq=False)
class Searching:
    """A search that may be gone on with, for `plans_most` plans; `found` are what it has."""

    case: Case
    ways: Ways
    plans_most: int
    awaiting: Awaiting
    found: list[Found] = field(default_factory=list[Found])
    _refused: list[Refused] = field(default_factory=list[Refused])
    _exact: set[frozenset[int]] = field(default_factory=set[frozenset[int]])
    _untold: float = 0.0
    _alternatives: int = 0
    _equals: int = 0
    _has_shed: bool = False

    @staticmethod
    def of(case: Case, ways: Ways, plans_most: int) -> Searching:
        """Nothing tried yet."""
        return Searching(case, ways, plans_most, Awaiting.of(case, ways))

    def on(
        self,
        out_of_time: Callable[[], bool],
        late_most: int = PARTS_MOST,
        *,
        alike_too: bool = True,
    ) -> Search:
        """Go through ways by merit until the best that the interlock allows is known.

        Merit: weight of the customers restored, then fewer switches moved by hand, then fewer
        moved at all, then fewer ties; of equals, the lower losses. Nothing that ranks above the
        best plan found is left untried unless time runs out, which `bound` then shows. After
        `SHED_AFTER` refusals, or where none is left that does not seem unfit, a plan is also made
        from the one that came nearest, so that the search has one to improve on. A way that asks of
        a source about as much as one that was refused for it, or no more than one of which a
        voltage was too high, comes later, the best of them after some others; `late_most` of those
        are tried. One that asks practically the same as one of which a voltage was too high is
        tried to restore more, not to save switching, and that with `alike_too`.
        """
        awaiting, found = self.awaiting, self.found
        awaiting.late_most, awaiting.alike_too = late_most, alike_too
        while (way := awaiting.take(self._best)) is not None:
            merit, here, is_late = way
            if is_late and self._refused and not (found or self._has_shed):
                awaiting.give_back(merit, here, is_late=True)
                self._shed()
                continue
            if self._is_enough(merit):
                if self._best is None or not awaiting.may_better(self._best):
                    break
                continue
            if merit == self._best and self._equals >= max(EQUALS_TRIED, self.plans_most):
                if not awaiting.may_better(merit):
                    break
                continue
            if out_of_time():
                self.ways.give_back(merit, here)
                break
            if any(set(f.configuration.closed) == set(here.closed) for f in found):
                continue  # made from another way before
            if not is_late and awaiting.put_off(merit, here):
                continue
            sharper = self._sharper(merit, here)
            if sharper != merit:
                awaiting.give_back(sharper, here, is_late=is_late)
                continue
            self._try(here, merit)
        if not found:
            self._shed()
        ranked = sorted(found, key=lambda f: (f.merit, f.loss_kw))
        most = -ranked[0].merit[0] if ranked else 0.0
        return Search(tuple(ranked), tuple(self._refused), max(most, awaiting.left, self._untold))

    @property
    def _best(self) -> Merit | None:
        """The merit of the best plan found."""
        return min((f.merit for f in self.found), default=None)

    def _is_enough(self, merit: Merit) -> bool:
        """Whether ways are at hand that are less than the best plan, and no more are asked for."""
        best = self._best
        if best is None or merit <= best:
            return False
        if len(self.found) >= self.plans_most or self._alternatives >= ALTERNATIVES_TRIED:
            return True
        self._alternatives += 1
        return False

    def _sharper(self, merit: Merit, here: Configuration) -> Merit:
        """A merit by what a way is truly worth, which is asked once."""
        if frozenset(here.closed) in self._exact:
            return merit
        self._exact.add(frozenset(here.closed))
        return (-weight_of(self.case, here), *merit[1:])

    def _try(self, here: Configuration, merit: Merit) -> None:
        """Put a way to the test, and learn from what came of it."""
        best, came = self._best, tried(self.case, here, merit)
        if best is None or merit < best:
            self._equals = _seen_of(came)
        elif merit == best:
            self._equals += 1
        if isinstance(came, Found):
            self.found.append(came)
            return
        self._refused.append(came)
        if not came.is_proved:
            self._untold = max(self._untold, -merit[0])
        self.awaiting.learn(came)
        if len(self._refused) >= SHED_AFTER and not self.found:
            self._shed()

    def _shed(self) -> None:
        """Make a plan from the way that came nearest, once."""
        if not self._has_shed:
            self._has_shed = True
            nearest = min(self._refused, key=lambda r: r.excess, default=None)
            self.found += _shed(self.case, self.ways, nearest)


def _seen_of(came: Found | Refused) -> int:
    """How many equals count as tried beside a plan, itself among them."""
    if isinstance(came, Refused):
        return 0
    looks = sum(flow.control_iterations for flow in came.judgement.flows)
    return 1 if looks <= EQUALS_LOOKS else EQUALS_TRIED


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
        kvar=kvar_by_section(case),
        sources=sources_behind(case, ways.among),
        worth=lambda here: weight_of(case, here),
        source_of=lambda here, violation: source_of(case, here, violation),
        section_of=lambda violation: section_of(case, violation),
        attempt=attempt,
    )


def _refused_in_steps(case: Case, here: Configuration) -> Refused | None:
    """Why no order of its steps leads to a way, if none does."""
    came = tried(case, here, merit_of(case, here, weight_of(case, here)))
    return came if isinstance(came, Refused) else None
