"""What goes wrong, said as what, where and how to mend: findings (values) and errors (raised)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing seen in a model: `error` means that it cannot be solved faithfully."""

    severity: Severity
    what: str
    where: str = ""
    mend: str = ""

    def __str__(self) -> str:
        lines = [f"{self.severity}: {self.what}"]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.mend:
            lines.append(f"  mend:  {self.mend}")
        return "\n".join(lines)


class GridmendError(Exception):
    """An error of the user's making or of the input: what, where and how to mend."""

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.mend = mend

    def __str__(self) -> str:
        text = self.what
        if self.where:
            text += f"\n  where: {self.where}"
        if self.mend:
            text += f"\n  mend:  {self.mend}"
        return text


class GridError(GridmendError):
    """The grid has no such thing, or a change would make it inconsistent."""


class FormatError(GridmendError):
    """A file cannot be read."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A mend that names the nearest known names; empty where nothing is near."""
    by_key = {k.lower(): k for k in known}
    close = get_close_matches(name.lower(), by_key, n=3, cutoff=0.6)
    return "the nearest names are " + ", ".join(by_key[k] for k in close) if close else ""
