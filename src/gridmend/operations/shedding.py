"""A way made from one that was refused: sections are left out until it holds, then taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gridmend.model.plan import Violation
from gridmend.operations.burden import Unfit, burden_kw, rooted, share_kept
from gridmend.operations.configurations import (
    LIVE,
    NOTHING,
    Configuration,
    Tie,
    configuration_of,
    grown,
)

ROUNDS_MOST = 12
"""How often sections are left out before it is given up."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of trying a way: whether it holds, and what stood in its way most, by how much."""

    holds: bool
    worst: Violation | None = None
    excess: float = 0.0


@dataclass(eq=False)
class Shedding:
    """Makes ways from others; it remembers how much was too much from which side.

    `kw`, `weights` are of each section, as if supplied on all phases, and `kvar` what capacitors
    there are rated at; `worth` is what a way brings back in truth. `sources` is the source behind
    each switch that may enter a dead section; `source_of` says which source feeds what a violation
    is on, and `section_of` in which section that is, None for none.
    """

    among: list[Tie]
    kw: Mapping[int, float]
    weights: Mapping[int, float]
    kvar: Mapping[int, float]
    sources: Mapping[int, int]
    worth: Callable[[Configuration], float]
    source_of: Callable[[Configuration, Violation], int | None]
    section_of: Callable[[Violation], int | None]
    attempt: Callable[[Configuration], Trial]
    _unfit: Unfit = field(default_factory=Unfit)

    def made(self, start: Configuration) -> Configuration | None:
        """A way that holds, by leaving out sections of one that does not; None where none does."""
        here, trial = start, self.attempt(start)
        for _ in range(ROUNDS_MOST):
            if trial.holds:
                return self._widened(here)
            if not here.closed:
                return None
            here = self._lightened(here, trial)
            trial = self.attempt(here)
        if not trial.holds:
            here = NOTHING
            if not self.attempt(here).holds:
                return None
        return self._widened(here)

    def _lightened(self, here: Configuration, trial: Trial) -> Configuration:
        """The same with so many of its outer sections left out as the violation asks for."""
        if trial.worst is not None and trial.worst.limit == "voltage_high":
            lowered = self._lowered(here, trial.worst)
            if lowered is not None:
                return lowered
        enters, parent = rooted(self.among, here)
        source = self.source_of(here, trial.worst) if trial.worst is not None else None
        concerned = {k for k in here.sections if self.sources.get(enters[k]) == source}
        fed_kw = sum(self.kw.get(k, 0.0) for k in concerned)
        if source is not None and concerned:
            self._unfit.learn(source, fed_kw)
        if not concerned:
            concerned = set(here.sections)
            fed_kw = sum(self.kw.get(k, 0.0) for k in concerned)
        wanted_kw = fed_kw * share_kept(trial.worst, trial.excess)
        kept = set(here.sections)
        while concerned:
            inner = {parent[k] for k in kept}
            leaves = sorted(concerned - inner)
            worth = {k: self.weights.get(k, 0.0) / max(self.kw.get(k, 0.0), 1e-9) for k in leaves}
            least = min(leaves, key=lambda k: (worth[k], k))
            kept.discard(least)
            concerned.discard(least)
            fed_kw -= self.kw.get(least, 0.0)
            if fed_kw <= wanted_kw:
                break
        return _kept_of(self.among, here, kept)

    def _lowered(self, here: Configuration, worst: Violation) -> Configuration | None:
        """The same without what raises a voltage that is too high: of the sections with capacitors
        that the same source feeds, the one whose customers are fewest for its kvar; else without
        the section it is in. With either goes what lies beyond; None where it is neither."""
        enters, parent = rooted(self.among, here)
        source = self.source_of(here, worst)

        def beyond(root: int) -> set[int]:
            found = {root}
            for k in enters:  # outward from what is live
                found |= {k} if parent[k] in found else set()
            return found

        raising = {
            k: sum(self.weights.get(one, 0.0) for one in beyond(k)) / self.kvar[k]
            for k in here.sections
            if self.kvar.get(k, 0.0) > 0.0 and self.sources.get(enters[k]) == source
        }
        struck = min(raising, key=lambda k: (raising[k], k)) if raising else self.section_of(worst)
        if struck not in here.sections:
            return None
        return _kept_of(self.among, here, set(here.sections) - beyond(struck))

    def _widened(self, start: Configuration) -> Configuration:
        """The same with every section that can be added one by one, those first that bring somebody
        back; others may lead on, and are left out again where they do not.

        Bounded: each section is joined at most once, and each switch refused at most once.
        """
        best, worth, hopeless, kept = start, self.worth(start), set[int](), start
        while True:
            wider = list[tuple[bool, int, float, Configuration]]()
            for here in grown(self.among, best):
                if not hopeless & (set(here.closed) - set(best.closed)):
                    gain = self.worth(here) - worth
                    wider.append((not gain > 0, len(here.to_close), -gain, here))
            for is_vain, _, less, here in sorted(wider, key=lambda entry: entry[:3]):
                if not self._is_unfit(here) and self.attempt(here).holds:
                    best, worth = here, worth - less
                    kept = kept if is_vain else here
                    break
                hopeless |= set(here.closed) - set(best.closed)
            else:
                return kept

    def _is_unfit(self, here: Configuration) -> bool:
        return self._unfit.seems(burden_kw(self.among, here, self.kw, self.sources))


def _kept_of(among: list[Tie], here: Configuration, kept: set[int]) -> Configuration:
    by_switch = {t.switch: t for t in among}
    reached = {LIVE}
    tree: list[Tie] = []
    for switch in here.closed:
        tie = by_switch[switch]
        new = tie.two if tie.one in reached else tie.one
        if new in kept and (tie.one in reached or tie.two in reached):
            tree.append(tie)
            reached.add(new)
    return configuration_of(among, tuple(tree), frozenset(reached))
