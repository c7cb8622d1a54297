"""Forms of single values: how each is read from a tree, and written again."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Final, Protocol

from gridmend.model.errors import Finding, nearest
from gridmend.twin.scenario import times
from gridmend.twin.scenario.tree import Node, Pairs, Scalar, kind_of

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,19}", re.ASCII)


class Bad(Enum):
    """What stands for a value that could not be read; a finding says why."""

    BAD = "bad"


BAD: Final = Bad.BAD


@dataclass(eq=False)
class Reading:
    """One reading of a scenario: where it is from, when the run starts, and what was found."""

    file: str
    start: datetime
    noted: list[tuple[int, Finding]] = field(default_factory=list[tuple[int, Finding]])
    """Findings with the line of each."""
    lines: dict[str, int] = field(default_factory=dict[str, int])

    def refuse(self, what: str, at: str, node: Node, mend: str) -> Bad:
        """Note an error at a key."""
        place = f"{self.file}:{node.line}" if self.file and node.line else self.file
        where = f"{place}, {at}" if place and at else place or at
        self.noted.append((node.line, Finding("error", what, where, mend)))
        return BAD

    def findings(self) -> tuple[Finding, ...]:
        """All that was noted, line by line."""
        return tuple(finding for _, finding in sorted(self.noted, key=lambda one: one[0]))


class Form(Protocol):
    """How a value is read and written."""

    def read(self, node: Node, at: str, reading: Reading) -> Any:
        """The value, or `BAD` with a finding noted."""
        ...

    def plain(self, value: Any) -> Any:
        """The value as maps, lists, text, numbers and flags."""
        ...


def scalar(node: Node, at: str, reading: Reading, mend: str) -> Scalar | Bad:
    """A node that is a single value."""
    if not isinstance(node, Scalar):
        return reading.refuse(f"{kind_of(node)} stands where one value should", at, node, mend)
    if not node.text.strip() and not node.is_text:
        return reading.refuse("there is no value", at, node, f"{mend}, or leave the key out")
    return node


@dataclass(frozen=True, slots=True)
class Text:
    """Text: a name in one line, or where it has `lines` any."""

    most: int = 200
    least: int = 1
    lines: bool = False

    def read(self, node: Node, at: str, reading: Reading) -> str | Bad:
        found = scalar(node, at, reading, "give a text")
        if isinstance(found, Bad):
            return BAD
        text = found.text
        if not self.least <= len(text) <= self.most or (self.least and not text.strip()):
            mend = f"give {self.least} to {self.most} characters"
            return reading.refuse(f"a text of {len(text)} characters", at, node, mend)
        if not all(c.isprintable() or (self.lines and c == "\n") for c in text):
            mend = "leave out control characters" + ("" if self.lines else " and ends of lines")
            return reading.refuse("a text with characters that cannot be shown", at, node, mend)
        return text

    def plain(self, value: Any) -> str:
        return str(value)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words."""

    values: tuple[Any, ...]

    def read(self, node: Node, at: str, reading: Reading) -> Any:
        words = {str(value): value for value in self.values}
        mend = f"give one of {', '.join(words)}"
        found = scalar(node, at, reading, mend)
        if isinstance(found, Bad):
            return BAD
        if found.text not in words:
            near = nearest(found.text[:60], words)
            return reading.refuse(
                f"{kind_of(node)} is none of what can be chosen", at, node, near or mend
            )
        return words[found.text]

    def plain(self, value: Any) -> str:
        return str(value)


@dataclass(frozen=True, slots=True)
class Number:
    """A finite number within bounds, the unit being that of its key."""

    least: float = -math.inf
    most: float = math.inf
    above: float = -math.inf
    endless: bool = False
    """Whether it may be inf."""

    def read(self, node: Node, at: str, reading: Reading) -> float | Bad:
        mend = f"give a number{self._bounds()}"
        found = scalar(node, at, reading, mend)
        if isinstance(found, Bad):
            return BAD
        text = found.text.strip()
        if self.endless and text.lower() in ("inf", ".inf") and not found.is_text:
            return math.inf
        value = float(text) if _NUMBER.fullmatch(text) and not found.is_text else math.nan
        if math.isnan(value):
            return reading.refuse(f"{kind_of(node)} is no number", at, node, _alone(found, mend))
        if not (self.least <= value <= self.most and value > self.above) or math.isinf(value):
            return reading.refuse(f"{text[:60]} cannot be", at, node, mend)
        return value

    def plain(self, value: Any) -> float:
        return float(value)

    def _bounds(self) -> str:
        low = f" above {self.above:g}" if self.above > -math.inf else ""
        if self.least > -math.inf:
            low = (
                f" of {self.least:g} or more" if self.most == math.inf else f" from {self.least:g}"
            )
        high = f" to {self.most:g}" if self.least > -math.inf else f" up to {self.most:g}"
        return low + (high if self.most < math.inf else "")


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number within bounds."""

    least: int = 0
    most: int = 10**9

    def read(self, node: Node, at: str, reading: Reading) -> int | Bad:
        mend = f"give a whole number from {self.least} to {self.most}"
        found = scalar(node, at, reading, mend)
        if isinstance(found, Bad):
            return BAD
        if found.is_text or not _WHOLE.fullmatch(found.text.strip()):
            return reading.refuse(
                f"{kind_of(node)} is no whole number", at, node, _alone(found, mend)
            )
        value = int(found.text)
        if not self.least <= value <= self.most:
            return reading.refuse(f"{value} cannot be", at, node, mend)
        return value

    def plain(self, value: Any) -> int:
        return int(value)


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    def read(self, node: Node, at: str, reading: Reading) -> bool | Bad:
        found = scalar(node, at, reading, "give true or false")
        if isinstance(found, Bad):
            return BAD
        if found.is_text or found.text not in ("true", "false"):
            what = f"{kind_of(node)} is neither true nor false"
            return reading.refuse(what, at, node, "give true or false")
        return found.text == "true"

    def plain(self, value: Any) -> bool:
        return bool(value)


@dataclass(frozen=True, slots=True)
class Time:
    """A time, as seconds from the start; where it is `after`, only one that goes by."""

    after: bool = False

    def read(self, node: Node, at: str, reading: Reading) -> float | Bad:
        mend = "write a number and its unit, such as 90 min" if self.after else times.FORM
        found = scalar(node, at, reading, mend)
        if isinstance(found, Bad):
            return BAD
        text = found.text
        seconds = times.span_s(text) if self.after else times.seconds_of(text, reading.start)
        if seconds is None:
            return reading.refuse(f"{kind_of(node)} is no time", at, node, mend)
        return seconds

    def plain(self, value: Any) -> str:
        return times.written(float(value))


@dataclass(frozen=True, slots=True)
class Instant:
    """A time in UTC."""

    def read(self, node: Node, at: str, reading: Reading) -> datetime | Bad:
        found = scalar(node, at, reading, times.INSTANT_FORM)
        if isinstance(found, Bad):
            return BAD
        instant = times.instant_of(found.text)
        if instant is None:
            what = f"{kind_of(node)} is no time from {times.YEARS[0]} to {times.YEARS[1]}"
            return reading.refuse(what, at, node, times.INSTANT_FORM)
        return instant

    def plain(self, value: Any) -> str:
        return value.isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Words:
    """Some of a few words, as `a b c` or as a list: phases, or skills."""

    values: tuple[str, ...]
    least: int = 1

    def read(self, node: Node, at: str, reading: Reading) -> tuple[str, ...] | Bad:
        mend = f"give {self.least} or more of {' '.join(self.values)}, each once"
        if isinstance(node, Pairs):
            return reading.refuse("a map stands where words should", at, node, mend)
        parts: Sequence[Any] = node.text.split() if isinstance(node, Scalar) else node.items
        words = tuple(
            p if isinstance(p, str) else p.text if isinstance(p, Scalar) else "a list"
            for p in parts
        )
        unknown = [word for word in words if word not in self.values]
        if unknown or len(set(words)) != len(words) or len(words) < self.least:
            said = f"'{unknown[0][:60]}'" if unknown else f"'{' '.join(words)[:60]}'"
            return reading.refuse(f"{said} cannot be here", at, node, mend)
        return words

    def plain(self, value: Any) -> str:
        return " ".join(value)


def _alone(found: Scalar, mend: str) -> str:
    if found.is_text and _NUMBER.fullmatch(found.text.strip()):
        return f"{mend}, without quotes"
    if re.match(r"[+-]?[\d.]+\s*[^\d\s.]", found.text):
        return f"{mend}: the number alone, as the name of the key says its unit"
    return mend
