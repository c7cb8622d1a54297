"""A distribution utility's network twin, control room and planning bench in one package."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gridmend.client import Client
    from gridmend.formats.examples import examples
    from gridmend.formats.read import read, write
    from gridmend.model.check import check_grid
    from gridmend.model.difference import difference
    from gridmend.model.errors import Finding, GridmendError
    from gridmend.model.event import Event
    from gridmend.model.flow import Flow
    from gridmend.model.grid import Grid
    from gridmend.model.plan import Plan, Step
    from gridmend.model.snapshot import Snapshot
    from gridmend.powerflow.short_circuit import short_circuit
    from gridmend.powerflow.solve import solve
    from gridmend.runtime.day import Day, Fault, Restoration, run_day

__all__ = [
    "Client",
    "Day",
    "Event",
    "Fault",
    "Finding",
    "Flow",
    "Grid",
    "GridmendError",
    "Plan",
    "Restoration",
    "Snapshot",
    "Step",
    "check_grid",
    "difference",
    "examples",
    "read",
    "run_day",
    "short_circuit",
    "solve",
    "write",
]

_HOMES = {
    "Client": "gridmend.client",
    "Day": "gridmend.runtime.day",
    "Event": "gridmend.model.event",
    "Fault": "gridmend.runtime.day",
    "Finding": "gridmend.model.errors",
    "Flow": "gridmend.model.flow",
    "Grid": "gridmend.model.grid",
    "GridmendError": "gridmend.model.errors",
    "Plan": "gridmend.model.plan",
    "Restoration": "gridmend.runtime.day",
    "Snapshot": "gridmend.model.snapshot",
    "Step": "gridmend.model.plan",
    "check_grid": "gridmend.model.check",
    "difference": "gridmend.model.difference",
    "examples": "gridmend.formats.examples",
    "read": "gridmend.formats.read",
    "run_day": "gridmend.runtime.day",
    "short_circuit": "gridmend.powerflow.short_circuit",
    "solve": "gridmend.powerflow.solve",
    "write": "gridmend.formats.read",
}


def __getattr__(name: str) -> Any:
    # A name is imported when it is first used, so that `import gridmend` stays quick.
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'gridmend' has no attribute '{name}'")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
