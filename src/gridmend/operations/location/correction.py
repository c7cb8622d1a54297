"""An operator's correction: where the fault was, and how right the location had been."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gridmend.model.errors import GridError, nearest
from gridmend.operations.location.answer import Location
from gridmend.operations.location.places import Places


@dataclass(frozen=True, slots=True)
class Correction:
    """Where a fault was found, against what had been said.

    `section_rank` and `line_rank` count from 1, 0 where it was not among them; `is_covered` whether
    the true section was in the 90 % set, `is_within` whether the true distance was in the interval
    of 90 %. `off_m` is the way along lines from the likeliest place to the true one, and
    `accuracy_pct` 100 less `off_m` in per cent of the length from the source to the furthest end.
    """

    line: str
    share: float
    section_rank: int
    section_probability: float
    line_rank: int
    line_probability: float
    is_covered: bool
    is_within: bool
    off_m: float
    accuracy_pct: float

    def payload(self) -> dict[str, Any]:
        """The same as a journal's event carries it."""
        return asdict(self)


def correct(places: Places, said: Location, line: str, share: float = 0.5) -> Correction:
    """Score a location once the fault is found on `line`, at `share` from its first bus.

    The error is that of IEEE Std C37.114, as a share of the line's total length. Raises `GridError`
    for a line that is not fed or a share outside 0 to 1.
    """
    key = line.lower() if line.lower().startswith("line.") else f"line.{line.lower()}"
    names = {places.name(k): k for k in range(len(places.row))}
    if key not in names:
        mend = nearest(key, names) or "name a line that was fed before the fault"
        raise GridError(f"no fault can have been on '{line}'", mend=mend)
    if not 0 <= share <= 1:
        raise GridError(f"a line has no place at {share} of its length", mend="give 0 to 1")
    k = names[key]
    outward = places.share(k, share)
    section = _rank([any(x.line == key for x in s.lines) for s in said.sections])
    rank = _rank([x.line == key for x in said.lines])
    off_m, longest_m = 0.0, float(places.away_m.max())
    if said.sections:
        best = said.sections[0].lines[0]
        top = names[best.line]
        off_m = places.between_m((top, places.share(top, best.share[1])), (k, outward))
    away_m = float(places.away_m[places.up[k]] + outward * places.length_m[k])
    low, _, high = said.away_m
    return Correction(
        line=key,
        share=share,
        section_rank=section,
        section_probability=said.sections[section - 1].probability if section else 0.0,
        line_rank=rank,
        line_probability=said.lines[rank - 1].probability if rank else 0.0,
        is_covered=any(x.line == key for s in said.credible() for x in s.lines),
        is_within=bool(low <= away_m <= high),
        off_m=off_m,
        accuracy_pct=float(np.clip(100 - 100 * off_m / longest_m, 0, 100)) if longest_m else 100.0,
    )


def _rank(hits: list[bool]) -> int:
    return hits.index(True) + 1 if True in hits else 0
