"""What the journal's ledger says beside the truth, and by what they differ."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gridmend.model.event import Event
from gridmend.runtime.exercise.as_recorded import as_recorded, recorded_ledger
from gridmend.runtime.exercise.exercise import Exercise, rehearse
from gridmend.twin.scenario.reading import read_scenario


@pytest.fixture(scope="module")
def healed() -> Exercise:
    return rehearse(read_scenario("tree-on-l52"), parts=1)


def test_the_journal_counts_a_shipped_scenario_as_the_truth_has_it_but_for_its_clocks(
    healed: Exercise,
) -> None:
    known, records, found = recorded_ledger(healed)
    assert found is not None
    said = as_recorded(healed)
    for measure in ("saifi", "customers_interrupted"):
        assert said[measure] == healed.measures[measure]
    # devices say when they moved by clocks of their own, which are apart by a second or so
    apart_min = float(said["saidi_min"]) - float(healed.measures["saidi_min"])  # type: ignore[arg-type]
    assert abs(apart_min) < 2 / 60
    assert abs(apart_min) > 0
    # all of it is one event by the device that tripped: reclosing, isolation, ties, the way back
    assert {e.partition("@")[0] for e in records.events} == {"sw1"}
    assert not records.planned.any()
    assert found.maifi_e < found.maifi
    assert int(known.roster.customers.sum()) == healed.grid.customer_count()


def test_what_nobody_told_is_missing_in_the_record_and_nothing_else(healed: Exercise) -> None:
    def silent(event: Event) -> bool:
        return event.kind in ("tripped", "meter_gasped", "customer_called")

    kept = tuple(e for e in healed.events if not silent(e))
    known, records, found = recorded_ledger(replace(healed, events=kept))
    assert found is not None
    truth = float(healed.measures["customer_minutes"])  # type: ignore[arg-type]
    assert found.customer_minutes < truth
    # the record may lack interruptions, never have some of who had supply all along
    _, full, _ = recorded_ledger(healed)
    out = {known.roster.names[n] for n in np.unique(records.customer)}
    everybody = {known.roster.names[n] for n in np.unique(full.customer)}
    assert out <= everybody


def test_a_quiet_day_has_nothing_in_either() -> None:
    run = rehearse(read_scenario("quiet-day"), parts=1)
    assert as_recorded(run)["customer_minutes"] == run.measures["customer_minutes"] == 0.0
