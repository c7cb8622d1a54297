"""What checks find in a scenario, each with the line of its key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from gridmend.model.errors import Finding, GridmendError, Severity
from gridmend.model.grid import Grid
from gridmend.powerflow.network import Network
from gridmend.twin.scenario.scenario import Scenario


@dataclass(eq=False)
class Checking:
    """One check of a scenario against its grid, changes included; findings gather in place."""

    scenario: Scenario
    grid: Grid
    network: Network | None = None
    findings: list[Finding] = field(default_factory=list[Finding])

    def error(self, key: str, what: str, mend: str) -> None:
        """What forbids the run."""
        self._note("error", key, what, mend)

    def warn(self, key: str, what: str, mend: str) -> None:
        """What is likely a slip of the pen."""
        self._note("warning", key, what, mend)

    def found(self, key: str, finding: Finding) -> None:
        """What another check has found."""
        self._note(finding.severity, key, _said(finding.where, finding.what), finding.mend)

    @contextmanager
    def at(self, key: str) -> Iterator[None]:
        """A problem that is raised within is an error at a key."""
        try:
            yield
        except GridmendError as problem:
            self.error(key, _said(problem.where, problem.what), problem.mend or "mend it there")

    def _note(self, severity: Severity, key: str, what: str, mend: str) -> None:
        self.findings.append(Finding(severity, what, self.scenario.source.where(key), mend))


def _said(where: str, what: str) -> str:
    return f"{where}: {what}" if where else what
