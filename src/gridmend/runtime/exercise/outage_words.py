"""What the outage desk writes into the journal."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import numpy as np

from gridmend.interlock.move import By
from gridmend.model.arrays import Flags
from gridmend.operations.prediction.answer import PredictedOutage
from gridmend.operations.prediction.remaining import Standing, remaining
from gridmend.operations.prediction.tree import Tree
from gridmend.runtime.control.kernel import Kernel
from gridmend.runtime.exercise.outage import Outage

DESK = By(application="outages")
"""Who tells what the desk finds; it operates nothing."""
STATED = 0.9
"""The share that the intervals which are told shall hold."""


def say_predicted(
    kernel: Kernel, found: PredictedOutage, number: int = 0, *, nested: bool = False, was: str = ""
) -> None:
    """Which device, how sure, who is out by it and since when; `was` is the device named before."""
    more = {"was": was} if was and was != found.device else {}
    now = kernel.now()
    if math.isfinite(found.start_s) and found.start_s < now.timestamp():
        more["since_utc"] = datetime.fromtimestamp(found.start_s, now.tzinfo).isoformat()
    kernel.say(
        "outage_predicted", DESK, outage=number, device=found.device, type=found.kind,
        probability=round(found.probability, 4), customers=found.customers,
        critical=found.critical, phases=list(found.phases), same=list(found.same),
        nested=nested, known=list(found.known), **more,
    )  # fmt: skip


def say_estimate(kernel: Kernel, one: Outage, known: Standing, tree: Tree) -> float:
    """When those who are out are likely to be back, and on what that rests; the end of the interval
    from now on [min]."""
    law, now = remaining(known), kernel.now()
    early_min, late_min = law.interval_min(STATED)

    def after(minutes: float) -> str:
        return (now + timedelta(minutes=round(minutes, 1))).isoformat()

    kernel.say(
        "restoration_estimated", DESK, outage=one.number, device=one.device, stage=one.stage,
        stated_pct=100 * STATED, early_utc=after(early_min), median_utc=after(law.median_min),
        late_utc=after(late_min), customers=int(tree.counts[one.loads].sum()),
        loads=[tree.loads[row] for row in np.flatnonzero(one.loads).tolist()],
        known={"ahead": known.ahead, "others": known.others, "crews": known.crews,
               "storm": known.storm, "calm": known.calm, "automated": known.automated,
               "elapsed_min": round(known.elapsed_min, 1),
               "crew_min": None if math.isnan(known.crew_min) else round(known.crew_min, 1)},
    )  # fmt: skip
    return late_min


def say_verified(kernel: Kernel, one: Outage, tree: Tree, *, out: Flags, unknown: Flags) -> None:
    """How many customers of an outage are known to be back, still out, or neither."""
    kernel.say(
        "restoration_verified", DESK, outage=one.number, device=one.device,
        back=int(tree.counts[one.named & ~out & ~unknown].sum()),
        out=int(tree.counts[out].sum()), unknown=int(tree.counts[unknown].sum()),
    )  # fmt: skip
