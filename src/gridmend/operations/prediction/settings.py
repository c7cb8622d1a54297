"""What outage prediction assumes of devices, meters, customers and instruments."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from gridmend.model.errors import GridError

SHARES = (
    "gasp_lost", "false_gasp", "return_lost", "false_return", "ping_lost", "ping_false",
    "unreachable", "deaf", "calls",
    "false_call", "status_missed", "status_false", "flag_missed", "flag_false",
)  # fmt: skip
"""Settings that are probabilities, all strictly between 0 and 1."""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Assumed unless measured on the utility's own records; each is a probability or a rate.

    A meter without supply sends no last gasp that arrives (`gasp_lost`), one with supply sends a
    false one while reports of one kind of day are gathered (`false_gasp`). No gasp of all behind a
    source arrives (`deaf`: what collects them is out itself). A meter whose supply is back says so
    (`return_lost`, `false_return`). A ping of a meter with supply has no answer (`ping_lost`), one
    without supply seems to have (`ping_false`), and one stays out of reach however often it is
    asked (`unreachable`, unless it has spoken before). A customer without supply calls (`calls`),
    one with supply is taken for one without (`false_call`: a wrong address). A device that reports
    its position does not report that it opened (`status_missed`), or says so falsely
    (`status_false`). An indicator misses a fault (`flag_missed`) or sees one that is not there
    (`flag_false`).

    `gasp_s`, `call_s`, `return_s`: mean time until a report arrives [s]. `window_h`: the time whose
    failures are the prior odds against false reports; `failure_multiple` raises all rates, as in a
    storm. `nested`: failures to be expected behind a device that is closed after an outage.
    `gang_share`: share of a ganged device's outages that take one phase only (a conductor broken
    beside it); `phase_share`, `pair_share`: of a fuse's that take one phase, or two.
    Rates are operations a year: `line_per_km` by the length of line that a device feeds directly.
    `rates` are a utility's own, by device as the tree names it.

    Raises `GridError` for a probability outside 0 to 1, or a time or rate that cannot be.
    """

    gasp_lost: float = 0.3
    false_gasp: float = 3e-5
    return_lost: float = 0.3
    false_return: float = 1e-4
    ping_lost: float = 0.05
    ping_false: float = 1e-3
    unreachable: float = 2e-4
    deaf: float = 0.01
    calls: float = 0.1
    false_call: float = 5e-5
    status_missed: float = 0.01
    status_false: float = 1e-7
    flag_missed: float = 0.05
    flag_false: float = 0.002
    gasp_s: float = 15.0
    return_s: float = 30.0
    call_s: float = 240.0
    window_h: float = 24.0
    failure_multiple: float = 1.0
    nested: float = 1.0
    gang_share: float = 0.05
    phase_share: float = 0.7
    pair_share: float = 0.1
    line_per_km: float = 0.1
    device_rate: float = 0.1
    transformer_rate: float = 0.03
    service_rate: float = 0.05
    source_rate: float = 0.1
    rates: Mapping[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        for name in SHARES:
            value = getattr(self, name)
            if not (math.isfinite(value) and 0 < value < 1):
                raise GridError(f"{name} is {value}", mend="give a probability between 0 and 1")
        for name in ("gang_share", "phase_share", "pair_share"):
            value = getattr(self, name)
            if not (math.isfinite(value) and 0 <= value <= 1):
                raise GridError(f"{name} is {value}", mend="give a share, 0 to 1")
        if self.phase_share + self.pair_share > 1:
            raise GridError("phase_share and pair_share add to more than 1")
        known = {*SHARES, "gang_share", "phase_share", "pair_share", "rates"}
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name not in known and not (math.isfinite(value) and value > 0):
                raise GridError(f"{one.name} is {value}", mend="give more than 0")
        for device, rate in self.rates.items():
            if not (math.isfinite(rate) and rate >= 0):
                raise GridError(f"the rate of {device} is {rate}", mend="give 0 or more a year")
