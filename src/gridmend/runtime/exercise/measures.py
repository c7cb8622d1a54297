"""What is measured of a run: supply, voltage, energy, and what protection, crews and links did."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from gridmend.model.event import Event
from gridmend.model.flow import Flow
from gridmend.operations.interruptions.measures import Period
from gridmend.powerflow.results import load_kva
from gridmend.runtime.course import Course
from gridmend.runtime.sample import Sample, sample, served_nodes
from gridmend.twin.communications.ledger import Way
from gridmend.twin.scenario.expectations import Measured

STANDS_S = 10.0
"""How long a voltage must stand to count: the dip of a fault is over by then. Assumed."""
WAYS: tuple[Way, ...] = ("up", "down")


class Measures:
    """It watches a course, and gives what was measured at its end.

    Energies are integrals over flows that stand, each held until the next. What customers without
    supply would have taken is their demand of that time, with nothing for what they catch up on.
    """

    def __init__(self, course: Course) -> None:
        self.course = course
        self._served = served_nodes(course.grid, course.flow)
        self._lowest, self._highest = np.inf, -np.inf
        self._kwh, self._lost_kwh = 0.0, 0.0
        self._since_s, self._kw, self._lost_kw = 0.0, 0.0, 0.0
        self._stands: Sample | None = None
        self._enter(0.0, course.flow)
        course.watchers.append(self._enter)

    def taken(self, ledger: Period | None, events: Iterable[Event]) -> dict[str, Measured]:
        """The measures of a run that ends now; `ledger` is its period, None where nobody is
        served, and `events` all that the control room recorded."""
        course, field = self.course, self.course.field
        self._count(field.agenda.now_s)
        messages = field.telecontrol.links.ledger(field.agenda.now_s)
        found: dict[str, Measured] = {
            "energy_mwh": self._kwh / 1000,
            "not_supplied_mwh": self._lost_kwh / 1000,
            "customers_out_at_end": course.ledger.customers_out,
            "customers_out_most": max(n for _, n in course.ledger.curve),
            "messages_lost": sum(messages.total(way).lost for way in WAYS),
        }
        if np.isfinite(self._lowest):
            found |= {"lowest_v_pu": self._lowest, "highest_v_pu": self._highest}
        if ledger is not None:
            found |= indices_of(ledger)
        return found | self._counted(events)

    def _counted(self, events: Iterable[Event]) -> dict[str, Measured]:
        """What happened in truth, and what the control room recorded."""
        truth: dict[str, list[Any]] = {}
        for one in self.course.field.plant.happened:
            truth.setdefault(one.kind, []).append(one.payload)
        known: dict[str, list[Any]] = {}
        for event in events:
            known.setdefault(event.kind, []).append(event.payload)
        moved = {said["command"] for said in known.get("outcome", ())
                 if said["state"] == "confirmed"}  # fmt: skip
        return {
            "faults": [said["element"] for said in truth.get("fault_struck", ())],
            "tripped": [said["device"] for said in truth.get("open", ())],
            "repaired": [said["element"] for said in truth.get("repaired", ())],
            "switched": [
                said["step"]["device"] for said in known.get("commanded", ())
                if said["command"] in moved
            ],
            "calls": len(known.get("customer_called", ())),
            "gasps": len(known.get("meter_gasped", ())),
            "flags": [said["device"] for said in known.get("fault_indicated", ())],
            "refused": len(known.get("refused", ())),
            "unsolved": len(truth.get("unsolved", ())),
            "hurt": len(truth.get("hurt", ())),
        }  # fmt: skip

    def _enter(self, now_s: float, flow: Flow) -> None:
        self._count(now_s)
        world = self.course.field.plant.world
        self._kw = float(np.nan_to_num(load_kva(flow).real)) if flow.converged else 0.0
        loads = self.course.grid.loads.flags("in_service") & ~world.supplied()
        self._lost_kw = float(world.snapshot.load_kw[loads].sum())
        self._stands = sample(world.topology, flow, self._served, self.course.now)

    def _count(self, now_s: float) -> None:
        """Energy up to now, at the powers that stood; and voltage, where it stood long enough."""
        lasted_s = now_s - self._since_s
        self._kwh += self._kw * lasted_s / 3600
        self._lost_kwh += self._lost_kw * lasted_s / 3600
        self._since_s = now_s
        if lasted_s >= STANDS_S and self._stands and np.isfinite(self._stands.v_min_pu):
            self._lowest = min(self._lowest, self._stands.v_min_pu)
            self._highest = max(self._highest, self._stands.v_max_pu)


def indices_of(ledger: Period) -> dict[str, Measured]:
    """What a ledger comes to, by the names of measures."""
    return {
        "saidi_min": ledger.saidi_min,
        "saifi": ledger.saifi,
        "caidi_min": ledger.caidi_min or 0.0,
        "customer_minutes": ledger.customer_minutes,
        "customers_interrupted": ledger.customers_interrupted,
    }
