from __future__ import annotations

import csv
import hashlib
import io
from datetime import timedelta

import pytest

from gridmend.model.errors import GridmendError
from gridmend.model.topology import Topology
from gridmend.operations.interruptions.account import account
from gridmend.ui.reports import Asked, csv_of, read_csv
from tests.operations.interruptions.feeder import NOON, feeder
from tests.ui.reports.cases import DAY, closed, daily, outages, said, still_open, values, worked


def test_the_figures_of_an_outage_report_are_those_worked_by_hand() -> None:
    found = values(outages(closed()))
    assert found == {
        "outages": 2, "customers": 40, "customers_interrupted": 40,
        "customer_minutes": pytest.approx(20 * 60), "saifi": pytest.approx(0.5),
        "saidi_min": pytest.approx(30.0), "caidi_min": pytest.approx(60.0),
        "maifi_e": pytest.approx(1.0), "open_at_end": 0,
        "not_supplied_mwh": pytest.approx((200 * 1.0 + 400 / 60) / 1000, rel=1e-6),
    }  # fmt: skip


def test_the_figures_are_those_of_the_ledger_and_its_shares_add_up_to_them() -> None:
    report = outages(closed())
    ledger = account(Topology.of(feeder()), closed(), from_utc=DAY.start, to_utc=DAY.end)
    found = values(report)
    assert found["saidi_min"] == ledger.found.saidi_min
    assert found["not_supplied_mwh"] == ledger.not_supplied_mwh
    for name in ("by_cause", "by_device", "by_feeder"):
        rows = report.by_name[name].rows
        assert sum(float(row[5] or 0) for row in rows) == pytest.approx(found["saidi_min"])
        assert sum(float(row[4] or 0) for row in rows) == pytest.approx(found["saifi"])


def test_an_outage_that_is_not_over_is_said_to_be_and_counts_to_what_is_known() -> None:
    report = outages(still_open())
    (row,) = report.by_name["outages"].rows
    assert row[2] is None and row[3] is None and row[9] == "not known to be restored"
    found = values(report)
    assert found["open_at_end"] == 20
    assert found["customer_minutes"] == pytest.approx(20 * 120), "and not to the end of the day"
    doubts = " ".join(report.doubts)
    assert "20 customers are not known to be restored" in doubts
    assert "The journal ends at 2026-07-15 14:00:00+00:00" in doubts
    assert "cause of 1 outages is not known" in doubts


def test_an_outage_that_ended_after_the_period_says_so() -> None:
    report = outages(closed(), end=NOON + timedelta(minutes=30))
    (row,) = report.by_name["outages"].rows
    assert row[3] == pytest.approx(60.0) and row[9] == "restored after the period"


def test_a_period_without_an_outage_is_a_report_of_zeros_that_says_so() -> None:
    quiet = outages(closed(), start=NOON + timedelta(hours=6), end=NOON + timedelta(hours=7))
    found = values(quiet)
    assert (found["outages"], found["saidi_min"], found["customer_minutes"]) == (0, 0.0, 0.0)
    assert quiet.head.rows[6][:4] == ("caidi_min", "CAIDI", None, "not known")
    assert not quiet.by_name["outages"].rows
    nothing = outages(())
    assert values(nothing)["outages"] == 0
    assert any("The journal is empty" in doubt for doubt in nothing.doubts)


@pytest.mark.parametrize("hours", [0, -1])
def test_a_period_that_is_none_is_refused(hours: int) -> None:
    with pytest.raises(GridmendError, match="cannot be of"):
        outages(closed(), end=DAY.start + timedelta(hours=hours))
    with pytest.raises(GridmendError, match="no time zone"):
        outages(closed(), zone="Mars/Olympus")


def test_the_figures_of_a_day_are_those_of_its_events() -> None:
    report = daily(worked())
    found = values(report)
    assert found["outages"] == 2 and found["saidi_min"] == pytest.approx(30.0)
    assert (found["commands"], found["commands_failed"]) == (2, 1)
    assert (found["orders"], found["refused"]) == (1, 1)
    # Two trips, one command that failed, and what was refused to automation.
    assert (found["alarms"], found["alarms_urgent"]) == (4, 0)
    assert {row[0]: row[3] for row in report.by_name["alarms"].rows} == {
        "tripped": 2, "command_failed": 1, "refused": 1,
    }  # fmt: skip
    outcome = {row[1]: row[5] for row in report.by_name["commands"].rows}
    assert outcome == {"c1": "failed", "c2": "no outcome yet"}
    ((name, by, steps, approved, state, *_),) = report.by_name["orders"].rows
    assert (name, by, steps, approved, state) == ("o1", "flisr", 2, "ann", "suspended")
    left = {(row[0], row[1]) for row in report.by_name["open"].rows}
    assert left == {("order", "o1"), ("command", "c2"), ("tag", "t1")}
    assert found["open"] == 3


def test_what_was_done_before_or_after_the_day_is_not_counted_in_it() -> None:
    report = daily(worked(), start=NOON + timedelta(minutes=6), end=NOON + timedelta(minutes=8))
    found = values(report)
    assert (found["commands"], found["orders"], found["refused"], found["alarms"]) == (1, 0, 1, 1)
    left = {(row[0], row[1]) for row in report.by_name["open"].rows}
    assert ("alarm", "trip:s2") in left and ("tag", "t1") not in left


def test_a_simulated_field_is_said_to_be_one() -> None:
    twin = daily(worked())
    assert twin.is_simulated and "simulated" in twin.doubts[0]
    assert not outages(closed()).is_simulated
    assert "No command in the journal tells" in outages(closed()).doubts[0]
    real = outages(worked(), is_simulated=False)
    assert not real.is_simulated and not any("simulated" in doubt for doubt in real.doubts)


def test_each_figure_names_its_query_and_the_hash_of_its_data() -> None:
    for report in (outages(closed()), daily(worked())):
        for name, _, _, _, _, query, digest in report.head.rows:
            figure = next(f for f in report.figures if f.name == name)
            sheet = report.by_name[figure.of]
            assert str(query).startswith("gridmend ") and "--store journal.db" in str(query)
            assert digest == hashlib.sha256(sheet.text.encode()).hexdigest()


def test_times_are_on_the_clock_of_the_utility() -> None:
    report = outages(closed(), zone="America/Chicago")
    assert report.by_name["outages"].rows[0][1] == "2026-07-15 07:00:00-05:00"
    assert report.period.endswith("(America/Chicago)")


@pytest.mark.parametrize("made", [outages, daily])
def test_csv_read_back_gives_the_figures_and_its_hashes_can_be_checked_by_anyone(made) -> None:
    report = made(worked())
    text = csv_of(report)
    assert text == csv_of(made(worked())), "twice the same"
    read = read_csv(text)
    assert {row[0]: row[3] for row in read["figures"].rows} == {
        figure.name: figure.text for figure in report.figures
    }
    for part in text.split("\n\n"):
        head, _, body = part.partition("\n")
        name, _, _, digest = next(csv.reader(io.StringIO(head)))
        whole = body if body.endswith("\n") else body + "\n"
        assert hashlib.sha256(whole.encode()).hexdigest() == digest, name
    with pytest.raises(GridmendError, match="not what its hash says"):
        read_csv(text.replace("S2", "S9").replace("s2", "s9"))
    with pytest.raises(GridmendError, match="no table"):
        read_csv("hello\n")


def test_entries_that_cannot_be_read_are_left_out_and_said() -> None:
    odd = (
        said(30, "commanded", command="c9"), said(31, "refused", command="c9", rules=[3, ["a"]]),
        said(32, "order_written", order="o2"), said(33, "outcome", command=7, state="failed"),
    )  # fmt: skip
    report = daily(tuple(sorted((*worked(), *odd), key=lambda event: event.time_utc)))
    whole = {k: v for k, v in values(report).items() if k != "refused"}
    assert whole == {k: v for k, v in values(daily(worked())).items() if k != "refused"}
    assert any("entries cannot be read" in doubt for doubt in report.doubts)


def test_a_period_needs_its_zone() -> None:
    with pytest.raises(GridmendError, match="with their zone"):
        Asked(NOON.replace(tzinfo=None), NOON)
