from __future__ import annotations

import math

import pytest

from gridmend.twin.scenario.expectations import Expectation, Measured, judge


@pytest.mark.parametrize(
    ("expected", "value", "is_met"),
    [
        (Expectation("saidi_min", most=60), 60.0, True),
        (Expectation("saidi_min", most=60), 60.1, False),
        (Expectation("saidi_min", least=10), 10.0, True),
        (Expectation("saidi_min", least=10), 9.9, False),
        (Expectation("saidi_min", least=10, most=60), 61.0, False),
        (Expectation("hurt", is_=0), 0, True),
        (Expectation("hurt", is_=0), 1, False),
        (Expectation("energy_mwh", is_=0.3), 0.1 + 0.2, True),
        (Expectation("tripped", is_=2), ["Sw1", "Sw1"], True),
        (Expectation("tripped", is_=2), {"Sw1"}, False),
        (Expectation("tripped", most=1), ["Sw1", "Sw1"], False),
        (Expectation("tripped", has=("SW1",)), ("switch.sw1", "recloser.r"), True),
        (Expectation("repaired", has=("line.L52", "L1")), ["line.l52"], False),
        (Expectation("tripped", has=("Sw1",)), [], False),
        (Expectation("saidi_min", most=60), math.nan, False),
        (Expectation("saidi_min", least=1), math.inf, False),
    ],
)
def test_a_run_is_judged_by_each_limit(
    expected: Expectation, value: Measured, is_met: bool
) -> None:
    findings = judge([expected], {expected.measure: value})
    assert (findings == ()) == is_met
    assert all(f.severity == "error" and expected.measure in f.where for f in findings)


def test_what_was_not_measured_is_not_met() -> None:
    (finding,) = judge([Expectation("hurt", is_=0)], {"hurts": 0})
    assert "was not measured" in finding.what
    assert "hurts" in finding.mend


def test_a_finding_says_what_it_is_and_what_was_expected() -> None:
    (finding,) = judge([Expectation("saidi_min", least=10, most=60)], {"saidi_min": 75.0})
    assert finding.what == "saidi_min is 75; expected is saidi_min at least 10 and at most 60"


def test_all_that_is_not_met_is_told() -> None:
    expected = [Expectation("tripped", most=1, has=("Sw2",)), Expectation("hurt", is_=0)]
    found = judge(expected, {"tripped": ["Sw1", "Sw1"], "hurt": 3})
    assert len(found) == 3
