from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gridmend.formats.read import read
from gridmend.model.errors import GridmendError
from gridmend.operations.indices import Interruption
from gridmend.planning.evidence.cases import Case
from gridmend.planning.evidence.outcome import Group, Outcome, _groups, outcome_of, replayed
from gridmend.planning.evidence.setting import Setting
from gridmend.planning.evidence.study import summary
from gridmend.ui.evidence_store import OUTCOMES, keep, opened

START = datetime(2026, 1, 1, tzinfo=UTC)


def out(load: str, begin_min: float, end_min: float, customers: int = 5) -> Interruption:
    begin, end = (START + timedelta(minutes=x) for x in (begin_min, end_min))
    return Interruption(customers, begin, end, load)


def test_a_fault_that_automation_isolates_costs_fewer_minutes_and_never_the_same_twice() -> None:
    grid = read("ieee123")
    (found,) = replayed(Case("fault", 0, 1), [Setting()], grid)
    assert found.plans and found.automated < 0.5 * found.crew
    assert found.unsolved == found.hurt == 0
    customers = sum(group.customers for group in found.groups)
    assert customers <= grid.customer_count()
    minutes = sum(g.customers * g.crew_min for g in found.groups)
    # the groups have momentary interruptions too, and hundredths of a minute
    assert minutes == pytest.approx(found.crew, rel=0.01)
    assert outcome_of(found.as_json()) == found


def test_crews_alone_hear_no_more_than_automation_does() -> None:
    grid = read("ieee123")
    (heard,) = replayed(Case("fault", 0, 1), [Setting(loss=0.5)], grid)
    base, beside = replayed(Case("fault", 0, 1), [Setting(), Setting(loss=0.5)], grid)
    assert beside == heard
    assert heard.crew != base.crew


def test_time_to_be_back_counts_from_where_crews_left_a_load_out_for_long() -> None:
    alone = [out("s1", 0.0, 0.1), out("s1", 0.5, 90.0), out("s2", 0.5, 90.0), out("s3", 1, 2)]
    automated = [out("s1", 0.0, 0.1), out("s1", 0.5, 2.5), out("s4", 5.0, 7.0)]
    found = _groups(alone, automated)
    assert set(found) == {
        Group(5, 89.6, 2.1, 2.0),  # s1
        Group(5, 89.5, 0.0, 0.0),  # s2: never out with automation
        Group(5, 1.0, 0.0, 0.0),  # s3
        Group(5, 0.0, 2.0, 0.0),  # s4: out with automation alone
    }


def test_a_case_without_a_solution_or_with_somebody_hurt_is_named_and_not_counted() -> None:
    def one(number: int, **wrong: int) -> Outcome:
        return Outcome(Case("fault", number, 1), Setting(), 100.0, 10.0, (),
                       **{"unsolved": 0, "hurt": 0, **wrong},
                       open_at_end=0, plans=1, refused=0)  # fmt: skip

    said = summary([one(0), one(1), one(2, unsolved=3), one(3, hurt=1)], seed=1)
    assert said["faults"]["cases"] == 2 and said["storms"] is None
    assert [case["number"] for case in said["not_counted"]] == [2, 3]


def test_a_study_goes_on_from_what_is_kept_and_leaves_out_a_line_cut_off(tmp_path: Path) -> None:
    study = {"grid": "g", "seed": 1}
    found = Outcome(
        Case("storm", 0, 1), Setting(loss=0.2), 5.0, 1.0, (Group(3, 9.0, 1.0, 0.5),), 0, 0, 2, 1, 4
    )
    assert opened(tmp_path / "a", study) == []
    keep(tmp_path / "a", [found, found])
    lines = tmp_path / "a" / OUTCOMES
    lines.write_text(lines.read_text() + '{"kind": "sto')
    assert opened(tmp_path / "a", study) == [found, found]
    keep(tmp_path / "a", [found])
    assert len(opened(tmp_path / "a", study)) == 3


def test_a_folder_of_another_study_or_of_other_things_is_refused(tmp_path: Path) -> None:
    opened(tmp_path / "a", {"grid": "g", "seed": 1})
    with pytest.raises(GridmendError, match="seed differ"):
        opened(tmp_path / "a", {"grid": "g", "seed": 2})
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "letters.txt").write_text("dear")
    with pytest.raises(GridmendError, match="not empty"):
        opened(tmp_path / "b", {"grid": "g", "seed": 1})
    (tmp_path / "a" / OUTCOMES).write_text('{"kind": "fault"}\n')
    with pytest.raises(GridmendError, match="line 1"):
        opened(tmp_path / "a", {"grid": "g", "seed": 1})
