"""Where a fault is, as chances: of each section and line, how far along, and what to doubt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gridmend.model.errors import Finding

Interval = tuple[float, float, float]
"""Low end, median and high end of an interval that holds 90 % of the mass."""


@dataclass(frozen=True, slots=True)
class LineChance:
    """How likely the fault is on a line, and where if it is: `share` of the line from its first bus
    and `away_m` along lines from the source [m], each as an interval of 90 %."""

    line: str
    probability: float
    share: Interval
    away_m: Interval

    def __str__(self) -> str:
        low, middle, high = (100 * x for x in self.share)
        return (
            f"{self.line}: {100 * self.probability:.1f} %, at {middle:.0f} % of its length"
            f" ({low:.0f} to {high:.0f}), {self.away_m[1]:.0f} m from the source"
        )


@dataclass(frozen=True, slots=True)
class SectionChance:
    """How likely the fault is in a section, named by the device through which it is fed, empty at a
    source; its `lines`, the likeliest first."""

    behind: str
    probability: float
    lines: tuple[LineChance, ...]


@dataclass(frozen=True, slots=True)
class Location:
    """Sections and lines by their chance, the likeliest first; each set's chances sum to 1.

    `kinds` is the chance of each type of fault, as `a-g` or `bc`; `r_ohm` its resistance and
    `away_m` its distance along lines from the source, as intervals of 90 %. `findings` say what was
    not used and what contradicts; `informed` is False where all that is known is the prior.
    """

    sections: tuple[SectionChance, ...]
    lines: tuple[LineChance, ...]
    kinds: Mapping[str, float]
    r_ohm: Interval
    away_m: Interval
    findings: tuple[Finding, ...]
    informed: bool

    def credible(self, share: float = 0.9) -> tuple[SectionChance, ...]:
        """The fewest sections that hold this share of the chance."""
        held, found = 0.0, list[SectionChance]()
        for one in self.sections:
            if held >= share:
                break
            found.append(one)
            held += one.probability
        return tuple(found)

    def of_line(self, line: str) -> float:
        """The chance of a line, as `line.l52`; 0 where it is not fed."""
        return next((x.probability for x in self.lines if x.line == line.lower()), 0.0)

    def __str__(self) -> str:
        rows = ["no line is fed: nothing to locate"] if not self.sections else []
        for one in self.sections[:3]:
            behind = f"behind {one.behind}" if one.behind else "at the source"
            rows.append(f"{100 * one.probability:5.1f} %  {behind}; {one.lines[0]}")
        rows += [str(finding) for finding in self.findings]
        return "\n".join(rows)
