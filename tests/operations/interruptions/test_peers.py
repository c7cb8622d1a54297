"""The published range: the table is its source's, and a place among states is what it says."""

from __future__ import annotations

import csv
import io
import statistics

import pytest

from gridmend.model.errors import GridError
from gridmend.operations.interruptions.eia861 import TABLE
from gridmend.operations.interruptions.entries import Back, Out
from gridmend.operations.interruptions.ledger import fold
from gridmend.operations.interruptions.measures import Period, period
from gridmend.operations.interruptions.peers import YEAR_S, compared, doubts, place
from oracles.masters import data_folder

SOURCE = {
    "saidi_min": "SAIDI_All_Events", "saifi": "SAIFI_All_Events", "caidi_min": "CAIDI_All_Events",
}  # fmt: skip


@pytest.mark.skipif(data_folder() is None, reason="the EIA-861 table is not here")
@pytest.mark.parametrize("index", [*TABLE])
def test_least_median_and_greatest_of_each_year_are_those_of_the_source(index: str) -> None:
    folder = data_folder()
    assert folder is not None
    text = (folder / "outages" / "eia861_state_year.csv").read_text("utf-8").strip()
    rows = list(csv.DictReader(io.StringIO(text)))
    for year, (every, calm, count) in TABLE[index].items():
        here = [r for r in rows if r["Year"] == str(year)]
        values = [float(r[SOURCE[index]]) for r in here if r[SOURCE[index]].strip()]
        column = SOURCE[index].replace("All_Events", "Without_Major_Event_Days")
        quiet = [float(r[column]) for r in here if r[column].strip()]
        assert count == len(values)
        for deciles, told in ((every, values), (calm, quiet)):
            assert deciles[0] == pytest.approx(min(told), abs=0.051)
            assert deciles[5] == pytest.approx(statistics.median(told), abs=0.051)
            assert deciles[10] == pytest.approx(max(told), abs=0.051)
            assert list(deciles) == sorted(deciles)


def test_a_decile_is_higher_than_so_many_and_what_lies_between_is_between() -> None:
    every, calm, _ = TABLE["saidi_min"][2021]
    assert place("saidi_min", every[3], year=2021).higher_than_pct == pytest.approx(30.0)
    between = place("saidi_min", (calm[6] + calm[7]) / 2, year=2021, with_major=False)
    assert between.higher_than_pct == pytest.approx(65.0)
    assert "higher than in 65 % of US states in 2021 (without major event days" in str(between)
    assert place("saidi_min", 0.0, year=2021).higher_than_pct == 0.0
    assert "lower than in any" in str(place("saidi_min", 0.0, year=2021))
    assert "higher than in any" in str(place("saifi", 1e6))


def test_a_year_that_is_not_there_and_a_value_that_is_none_are_refused() -> None:
    with pytest.raises(GridError, match="1999"):
        place("saifi", 1.0, year=1999)
    with pytest.raises(GridError, match="nan"):
        place("saifi", float("nan"))


def _of(seconds: float, customers: int) -> Period:
    records = fold([Out(0.0, "e", (0,)), Back(9000.0, "e", (0,))], customer_count=1)
    return period(records, start_s=0.0, end_s=seconds, customer_count=customers)


def test_a_part_of_a_year_and_few_customers_are_said() -> None:
    whole = _of(YEAR_S, 5000)
    assert doubts(whole) == ()
    assert [p.index for p in compared(whole, whole)] == ["saidi_min", "saifi", "caidi_min"] * 2
    part = _of(YEAR_S / 12, 20)
    said = " ".join(doubts(part))
    assert "30.4 days" in said
    assert "20 customers" in said
    # minutes an interruption are of no length of time
    assert [p.index for p in compared(part, None)] == ["caidi_min"]
    dark = period(fold([Out(0.0, "e", (0,))], customer_count=1), start_s=0.0, end_s=YEAR_S,
                  customer_count=1)  # fmt: skip
    assert "still out" in " ".join(doubts(dark))
    assert "more than half" in " ".join(doubts(dark))
