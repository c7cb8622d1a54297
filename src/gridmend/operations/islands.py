"""The islands that a plan forms: who is carried, by what, and for how long."""

from __future__ import annotations

from math import isfinite

import numpy as np
from numpy.typing import NDArray

from gridmend.model.plan import Given, Island
from gridmend.operations.trial import Case, Found

Flags = NDArray[np.bool_]


def islands(case: Case, way: Found) -> tuple[Island, ...]:
    """Those that a way forms, in the order in which they are formed."""
    devices, sources = case.devices, case.topology.grid.sources
    last = way.judgement.flows[-1]
    supplied = case.topology.supplied(case.topology.energised(last.snapshot))
    fed_by = case.topology.fed_by(last.snapshot)
    rows, nodes = case.topology.wiring.load_nodes
    given = {one.device: one for one in way.ahead.given} if way.ahead else {}
    kw = -last.power_kva("sources").real
    found: list[Island] = []
    for number in (k for k in way.configuration.to_close if k in devices.formers):
        former, name = devices.formers[number], devices.names[number]
        here = np.zeros(len(supplied), bool)
        here[rows[fed_by[nodes] == former.source]] = True
        what = given.get(name, Given(name, float(kw[former.source])))
        found.append(
            Island(
                source=name,
                resource=str(sources["resource"][former.source]),
                customers=int(case.counts[supplied & here].sum()),
                power_kw=former.power_kw,
                energy_kwh=former.energy_kwh if isfinite(former.energy_kwh) else None,
                peak_kw=what.peak_kw,
                used_kwh=what.used_kwh,
                until_min=way.ahead.until_min if way.ahead else None,
            )
        )
    return tuple(found)
