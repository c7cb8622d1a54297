"""Plans written out from what a search found: steps with reasons, who is back, who waits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmend.model.deed import is_remote
from gridmend.model.plan import Plan, Refusal, Verdict
from gridmend.operations import reasons
from gridmend.operations.customers import critical_counts
from gridmend.operations.islands import islands
from gridmend.operations.search import Search
from gridmend.operations.trial import Case, Found, restored

Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a search found, with what it is measured against."""

    case: Case
    found: Search
    reach: frozenset[int]
    restorable: Flags
    bound: float


def plan_of(outcome: Outcome, way: Found, seconds: float) -> Plan:
    case = outcome.case
    final, reading = way.judgement.flows[-1].snapshot, way.judgement.readings[-1]
    back = restored(case, final)
    devices, grid = case.devices, case.topology.grid
    tied = [
        devices.names[k]
        for k in way.configuration.to_close
        if devices.normally_open[k] and k not in devices.formers
    ]
    without = devices.moved(final, dict.fromkeys(tied, True))
    by_tie = back & ~restored(case, without)
    weight = float(case.weights[back].sum())
    critical = critical_counts(grid)
    gap_pct = 100 * (outcome.bound - weight) / outcome.bound if outcome.bound > 0 else 0.0
    return Plan(
        fault=case.isolation.fault,
        steps=reasons.explained(case, way),
        verdict=way.judgement.verdict,
        customers_out=int(case.counts[case.out].sum()),
        customers_restorable=int(case.counts[outcome.restorable].sum()),
        customers_restored=int(case.counts[back].sum()),
        customers_restored_by_tie=int(case.counts[by_tie].sum()),
        customers_moved=reasons.moved(case, way),
        load_kw_restored=float(final.load_kw[back].sum()),
        v_min_pu=reading.v_min_pu,
        loading_max_pct=reading.loading_max_pct,
        gap_pct=max(gap_pct, 0.0),
        seconds=seconds,
        left_out=reasons.left_out(case, way, outcome.found, outcome.reach),
        notes=case.isolation.notes,
        critical_out=int(critical[case.out].sum()),
        critical_restored=int(critical[back].sum()),
        by_hand=sum(not is_remote(grid, step.device) for step in way.steps),
        loss_kw=way.loss_kw,
        ahead=way.ahead,
        islands=islands(case, way),
        phases=case.isolation.poles.phases,
    )


def unhealed(case: Case, seconds: float) -> Plan:
    """The answer where no switch has a part: a load or a capacitor, cleared by its own fuse."""
    return Plan(
        fault=case.isolation.fault,
        steps=(),
        verdict=Verdict(),
        customers_out=int(case.counts[case.out].sum()),
        v_min_pu=case.start.v_min_pu,
        loading_max_pct=case.start.loading_max_pct,
        gap_pct=0.0,
        seconds=seconds,
        left_out=_waiting(case),
        notes=case.isolation.notes,
        critical_out=_critical_out(case),
        phases=case.isolation.poles.phases,
    )


def nothing(outcome: Outcome, seconds: float) -> Plan:
    """The answer where no way at all is allowed, not even to isolate the fault."""
    case = outcome.case
    refused = outcome.found.refused
    why = refused[-1].why if refused else "the search ended before any way was tried"
    return Plan(
        fault=case.isolation.fault,
        steps=(),
        verdict=Verdict((Refusal("look-ahead", 0, case.isolation.fault, why),)),
        customers_out=int(case.counts[case.out].sum()),
        customers_restorable=int(case.counts[outcome.restorable].sum()),
        gap_pct=100.0 if outcome.bound > 0 else 0.0,
        seconds=seconds,
        left_out=(
            f"{reasons.people(int(case.counts[case.out].sum()))}: nothing is done, for {why}",
        ),
        notes=case.isolation.notes,
        critical_out=_critical_out(case),
        phases=case.isolation.poles.phases,
    )


def _critical_out(case: Case) -> int:
    return int(critical_counts(case.topology.grid)[case.out].sum())


def _waiting(case: Case) -> tuple[str, ...]:
    """Who waits for the repair of something that is cleared by its own fuse."""
    customers = int(case.counts[case.out].sum())
    if not customers:
        return ()
    return (f"{reasons.people(customers)} on {case.isolation.fault}: until it is repaired",)
