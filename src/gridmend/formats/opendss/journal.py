"""What the reader saw: findings as they come, like ones counted together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from gridmend.model.errors import Finding, Severity, nearest

Where = tuple[Path, int]

MAXIMUM_FINDINGS = 1000
MAXIMUM_SUGGESTIONS = 20
MAXIMUM_CANDIDATES = 4000


@dataclass(slots=True)
class Journal:
    """Collects findings; the same remark on many elements becomes one with a count."""

    root: Path
    found: dict[Finding, None] = field(default_factory=dict[Finding, None])
    dropped: dict[Severity, int] = field(default_factory=dict[Severity, int])
    counted: dict[tuple[Severity, str, str], list[str]] = field(
        default_factory=dict[tuple[Severity, str, str], list[str]]
    )
    totals: dict[tuple[Severity, str, str], int] = field(
        default_factory=dict[tuple[Severity, str, str], int]
    )
    _suggested: int = 0

    def add(self, severity: Severity, what: str, where: Where | str = "", mend: str = "") -> None:
        """One finding; beyond the bound only its severity is counted."""
        place = where if isinstance(where, str) else self.place(where)
        if len(self.found) >= MAXIMUM_FINDINGS:
            self.dropped[severity] = self.dropped.get(severity, 0) + 1
            return
        self.found[Finding(severity, what, place, mend)] = None

    def count(self, severity: Severity, what: str, name: str = "", mend: str = "") -> None:
        """One more of a remark that is said once, with how many and the first few names."""
        key = (severity, what, mend)
        self.totals[key] = self.totals.get(key, 0) + 1
        names = self.counted.setdefault(key, [])
        if name and len(names) < 5:
            names.append(name)

    def nearest(self, name: str, known: Iterable[str]) -> str:
        """The nearest known names, for the first few asked: the search is slow on large models."""
        self._suggested += 1
        if self._suggested > MAXIMUM_SUGGESTIONS or len(name) > 100:
            return ""
        candidates = [word for word, _ in zip(known, range(MAXIMUM_CANDIDATES), strict=False)]
        return nearest(name, candidates)

    def place(self, where: Where) -> str:
        """File and line, the file as seen from the model's folder."""
        path, row = where
        shown = path.relative_to(self.root) if path.is_relative_to(self.root) else path.name
        return f"{shown}:{row}" if row else str(shown)

    def findings(self) -> tuple[Finding, ...]:
        """All findings, errors first."""
        listed = list(self.found)
        for key, total in self.totals.items():
            severity, what, mend = key
            names = self.counted[key]
            more = f", and {total - len(names)} more" if names and total > len(names) else ""
            listed.append(Finding(severity, f"{what}: {total}", ", ".join(names) + more, mend))
        for severity, total in self.dropped.items():
            listed.append(Finding(severity, f"{total} more findings of this severity are left out"))
        order: dict[Severity, int] = {"error": 0, "warning": 1, "note": 2}
        return tuple(sorted(listed, key=lambda finding: order[finding.severity]))
