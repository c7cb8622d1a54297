"""A run as its control room has it: the ledger of its journal, beside that of the truth."""

from __future__ import annotations

from collections.abc import Mapping

from gridmend.model.topology import Topology
from gridmend.operations.interruptions.ledger import Records, fold
from gridmend.operations.interruptions.measures import Period, period
from gridmend.operations.interruptions.told import Told, told
from gridmend.runtime.exercise.exercise import Exercise
from gridmend.runtime.exercise.measures import indices_of
from gridmend.twin.scenario.expectations import Measured


def recorded_ledger(run: Exercise) -> tuple[Told, Records, Period | None]:
    """What the journal of a run tells of supply, folded and counted over the run.

    The period is None where nobody is served.
    """
    known = told(Topology.of(run.grid), run.events)
    records = fold(known.entries, customer_count=len(known.roster))
    begun_s, customers = run.scenario.start.timestamp(), run.grid.customer_count()
    if not customers:
        return known, records, None
    counted = period(
        records,
        start_s=begun_s,
        end_s=begun_s + run.scenario.end_s,
        customer_count=customers,
        customers=known.roster.customers,
    )
    return known, records, counted


def as_recorded(run: Exercise) -> Mapping[str, Measured]:
    """The measures of supply as the journal's ledger has them, by their names.

    They differ from the truth by what nobody told: clocks that are apart, devices that do not
    report and are found open by a crew, customers whose meters and telephones are silent.
    """
    _, _, counted = recorded_ledger(run)
    return {} if counted is None else indices_of(counted)
