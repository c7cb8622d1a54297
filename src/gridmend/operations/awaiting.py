"""The order in which ways are tried: by merit, but those that seem unfit later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush

from gridmend.operations.asked import by_section, fed_kw, source_of, sources_behind
from gridmend.operations.burden import Unfit, burden_kw
from gridmend.operations.configurations import Configuration, Merit
from gridmend.operations.trial import Case, Refused
from gridmend.operations.ways import Ways

LATE_EVERY = 32
"""Ways put off, after which the best of them is tried: a power flow takes about as long as to make
so many ways."""

EQUALS_SEEN = 64
"""Ways of equal merit that are put in order."""

PARTS_MOST = 20_000
"""Parts of trees that are looked at; what is left then shows in the bound."""

Late = tuple[Merit, int, Configuration]


@dataclass(eq=False)
class Awaiting:
    """Ways in the order in which they are tried: by merit; of equals, once one was refused, the one
    whose most burdened source has the least to feed; those that seem unfit later, `late_most` of
    them.

    Last of all, and only for more weight than the best plan's, come those that are alike to one of
    which a voltage was too high: with `alike_too`.

    `kw` is of each section, `sources` the source behind each switch that may enter one, `fed_kw`
    what those feed without it.
    """

    case: Case
    ways: Ways
    kw: Mapping[int, float]
    sources: Mapping[int, int]
    fed_kw: Mapping[int, float]
    late_most: int = 0
    alike_too: bool = True
    _unfit: Unfit = field(default_factory=Unfit)
    _equals: list[tuple[Merit, Configuration]] = field(
        default_factory=list[tuple[Merit, Configuration]]
    )
    _late: list[Late] = field(default_factory=list[Late])
    _alike: list[Late] = field(default_factory=list[Late])
    _number: int = 0
    _since: int = 0
    _refused: bool = False

    @staticmethod
    def of(case: Case, ways: Ways) -> Awaiting:
        """Nothing tried yet."""
        kw = by_section(case, case.flow.snapshot.load_kw)
        return Awaiting(case, ways, kw, sources_behind(case, ways.among), fed_kw(case))

    def take(self, best: Merit | None) -> tuple[Merit, Configuration, bool] | None:
        """The next way, and whether it was put off before. One that was comes where it may be
        better than the `best` plan found, and many more were put off or nothing else may be; or
        where nothing else is left."""
        ahead = self._ahead
        is_behind = ahead is None or (best is not None and ahead > best)
        is_due = is_behind or self._since >= LATE_EVERY
        late = self._taken_late(best) if is_due else None
        if late is not None:
            return late
        way = self._next()
        return self._taken_late(best, is_end=True) if way is None else (*way, False)

    @property
    def _ahead(self) -> Merit | None:
        """What no way can better that was not put off; None where none is left."""
        merits = [merit for merit in (self.ways.best, *(m for m, _ in self._equals[:1])) if merit]
        return min(merits, default=None)

    def _next(self) -> tuple[Merit, Configuration] | None:
        """The next way by merit; of equals the lightest, once one was refused."""
        if not self._refused and not self._equals:
            return self.ways.take(PARTS_MOST - self.ways.parts)
        if not self._equals or self._ahead != self._equals[0][0]:
            self._equals = sorted(self._taken(), key=self._strain) + self._equals
        return self._equals.pop(0) if self._equals else None

    def _taken(self) -> list[tuple[Merit, Configuration]]:
        """Ways of the best merit."""
        taken = list[tuple[Merit, Configuration]]()
        while len(taken) < EQUALS_SEEN:
            if taken and self.ways.best != taken[0][0]:
                break
            way = self.ways.take(PARTS_MOST - self.ways.parts)
            if way is None:
                break
            if taken and way[0] != taken[0][0]:
                self.ways.give_back(*way)
                break
            taken.append(way)
        return taken

    def _strain(self, way: tuple[Merit, Configuration]) -> float:
        """What the source has to feed that has the most [kW]."""
        asked = self._asked(way[1]).items()
        return max((kw + self.fed_kw.get(s, 0.0) for s, kw in asked), default=0.0)

    def _taken_late(
        self, best: Merit | None, *, is_end: bool = False
    ) -> tuple[Merit, Configuration, bool] | None:
        """The next of those put off that may be better, or of all where nothing else is left; while
        any more may be tried."""
        while (queue := self._due(best, is_end=is_end)) is not None:
            merit, _, here = heappop(queue)
            if queue is self._late and self._unfit.is_alike(self._asked(here)):
                self._put(self._alike, merit, here)
                continue
            self.late_most -= 1
            self._since = 0
            return merit, here, True
        return None

    def _due(self, best: Merit | None, *, is_end: bool = False) -> list[Late] | None:
        """Of those put off, the queue in which is the next to be tried."""
        late, alike = self._late, self._alike
        if not self.late_most:
            return None
        is_late = bool(late) and (is_end or best is None or late[0][0] < best)
        is_alike = self.alike_too and bool(alike) and (best is None or alike[0][0][0] < best[0])
        if is_late and is_alike:
            return alike if alike[0][0][0] < late[0][0][0] else late
        return late if is_late else alike if is_alike else None

    def may_better(self, best: Merit) -> bool:
        """Whether a way that was put off, and is to be tried, may be better than that."""
        return self._due(best) is not None

    def _asked(self, here: Configuration) -> dict[int, float]:
        return burden_kw(self.ways.among, here, self.kw, self.sources)

    def put_off(self, merit: Merit, here: Configuration) -> bool:
        """Put a way off where it seems unfit."""
        if not self._unfit.seems(self._asked(here)):
            return False
        self._put(self._late, merit, here)
        self._since += 1
        return True

    def _put(self, queue: list[Late], merit: Merit, here: Configuration) -> None:
        self._number += 1
        heappush(queue, (merit, self._number, here))

    def give_back(self, merit: Merit, here: Configuration, *, is_late: bool) -> None:
        """Rank a way that was taken again, by what it is found to be worth."""
        if is_late:
            self.late_most += 1
            self._since = LATE_EVERY
            self._put(self._late, merit, here)
        else:
            self.ways.give_back(merit, here)

    def learn(self, came: Refused) -> None:
        """A way was refused, for something that a source feeds."""
        self._refused = True
        source = source_of(self.case, came.configuration, came.worst) if came.worst else None
        asked = self._asked(came.configuration)
        if source is not None and source in asked:
            self._unfit.learn_by(source, asked[source], came.worst, came.excess)

    @property
    def left(self) -> float:
        """The most that a way restores which was not tried."""
        ahead = [self._ahead, *(queue[0][0] for queue in (self._late, self._alike) if queue)]
        return max((-merit[0] for merit in ahead if merit is not None), default=0.0)
