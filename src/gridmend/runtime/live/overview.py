"""The figures of the whole network at an instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Overview:
    """What stands at the top of every page. Powers and voltages are calculated, and None where the
    flow did not converge or nothing is energised.

    `alarms` counts those that are shown, by priority; `stale` counts devices that report and were
    not heard of in time, of `devices` that report; `data_age_s` is the age of the oldest report
    among the others, None where nothing reports.
    """

    time: datetime
    number: int
    sequence: int
    load_kw: float | None
    source_kw: float | None
    loss_kw: float | None
    der_kw: float | None
    customers: int
    customers_out: int
    critical_out: int
    v_min_pu: float | None
    v_max_pu: float | None
    worst_bus: str
    converged: bool
    alarms: Mapping[str, int] = field(default_factory=dict[str, int])
    unacknowledged: int = 0
    stale: int = 0
    devices: int = 0
    data_age_s: float | None = None
