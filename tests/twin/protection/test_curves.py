"""Curves and the disk that turns by them, worked by hand (the table of docs/protection.md)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.model.errors import GridmendError
from gridmend.twin.protection.curves import OPENDSS, STANDARD, Curve, curve, definite, through
from gridmend.twin.protection.device import whole_s
from gridmend.twin.protection.element import Element

ALL = [*STANDARD.values(), *OPENDSS.values(), definite(0.3)]


@pytest.mark.parametrize(
    ("name", "dial", "multiple", "time_s"),
    [
        ("ieee_very_inverse", 2.0, 5.0, 2.616167),  # 2 (19.61 / 24 + 0.491)
        ("ieee_moderately_inverse", 1.0, 3.0, 2.432210),  # 0.0515 / 0.02221541 + 0.114
        ("ieee_extremely_inverse", 0.5, 10.0, 0.203274),  # 0.5 (28.2 / 99 + 0.1217)
        ("iec_standard_inverse", 0.1, 10.0, 0.297060),  # 0.014 / 0.04712855
        ("iec_very_inverse", 0.2, 4.0, 0.9),  # 0.2 · 13.5 / 3
        ("iec_extremely_inverse", 0.3, 5.0, 1.0),  # 0.3 · 80 / 24
    ],
)
def test_a_standard_curve_takes_the_time_worked_by_hand(
    name: str, dial: float, multiple: float, time_s: float
) -> None:
    assert curve(name).set_to(dial=dial).time_s(multiple) == pytest.approx(time_s, abs=1e-6)


def test_between_points_a_curve_is_straight_on_log_log_paper() -> None:
    # Slope ln(0.7 / 6) / ln 2.5 = -2.344708; 6 · 1.6 ^ -2.344708.
    assert OPENDSS["d"].time_s(1.6) == pytest.approx(1.99319, abs=1e-5)
    assert OPENDSS["d"].time_s([0.99, 1.0, 2.5, 14, 50]).tolist() == pytest.approx(
        [math.inf, 6, 0.7, 0.02, 0.02]
    )


def test_what_is_added_comes_after_the_dial_and_the_least_response_last() -> None:
    slow = curve("iec_very_inverse")
    assert slow.set_to(dial=0.1, adder_s=0.02).time_s(28) == pytest.approx(0.07)
    assert slow.set_to(dial=0.1, adder_s=0.02, minimum_s=0.1).time_s(28) == pytest.approx(0.1)


def test_a_disk_that_sees_two_currents_adds_up_its_shares() -> None:
    disk = Element(curve("ieee_very_inverse"), 100.0, "disk")
    disk.see(0.0, 300.0)
    assert disk.due_s == pytest.approx(2.94225)  # 19.61 / 8 + 0.491
    disk.see(1.0, 500.0)
    assert disk.progress == pytest.approx(1 / 2.94225)
    assert disk.due_s == pytest.approx(1.863497, abs=2e-6)  # 1 + 0.660124 · 1.308083


def test_a_disk_comes_back_by_its_reset_time_and_an_electronic_one_at_once() -> None:
    disk = Element(curve("ieee_very_inverse"), 100.0, "disk")
    electronic = Element(curve("ieee_very_inverse").at_once(), 100.0, "electronic")
    for element in (disk, electronic):
        element.see(0.0, 300.0)
        element.see(1.0, 50.0)
    assert electronic.at(1.0) == 0
    # From full travel 21.6 / (1 - 0.25) = 28.8 s, so 2 s take 0.069444 off 0.339876.
    disk.see(3.0, 500.0)
    assert disk.progress == pytest.approx(0.270432, abs=1e-6)
    assert disk.due_s == pytest.approx(3.954336, abs=2e-6)
    disk.see(3.5, 0.0)
    assert disk.at(1000.0) == 0


@pytest.mark.parametrize(
    ("name", "constant_s"),
    [
        ("ieee_moderately_inverse", 4.85),
        ("ieee_very_inverse", 21.6),
        ("ieee_extremely_inverse", 29.1),
        ("iec_very_inverse", 0.0),
    ],
)
def test_the_way_back_has_the_constant_of_the_standard_and_goes_by_the_dial(
    name: str, constant_s: float
) -> None:
    assert curve(name).set_to(dial=3).reset_time_s(0.0) == pytest.approx(3 * constant_s)
    assert curve(name).reset_time_s(0.5) == pytest.approx(constant_s / 0.75)


def test_what_is_due_is_due_at_the_whole_microsecond_after() -> None:
    assert whole_s(0.1234561) == 0.123457
    assert whole_s(0.1 + 0.2) == 0.3
    assert whole_s(30_000_000.3) == 30_000_000.3
    assert math.isinf(whole_s(math.inf))


@settings(deadline=None)
@given(
    st.sampled_from(ALL),
    st.floats(0.01, 20),
    st.lists(st.floats(0, 1e6), min_size=2, max_size=20),
)
def test_a_larger_current_never_operates_later_and_none_below_pickup(
    one: Curve, dial: float, multiples: list[float]
) -> None:
    times = one.set_to(dial=dial).time_s(np.sort(multiples))
    assert (times[1:] <= times[:-1]).all()
    assert np.isinf(times[np.sort(multiples) < 1]).all()
    assert (times > 0).all()


@settings(deadline=None)
@given(
    st.sampled_from(ALL),
    st.lists(st.tuples(st.floats(0.001, 3), st.floats(1, 5000)), min_size=1, max_size=12),
)
def test_progress_is_monotone_while_picked_up_and_never_leaves_its_bounds(
    one: Curve, flows: list[tuple[float, float]]
) -> None:
    element = Element(one, 100.0, "element")
    now_s = 0.0
    for passed_s, i_a in flows:
        element.see(now_s, i_a)
        looks = [element.at(now_s + passed_s * k / 7) for k in range(8)]
        assert all(0 <= look <= 1 for look in looks)
        turned = np.diff(looks)
        assert (turned >= 0).all() if element.picked_up else (turned <= 0).all()
        if i_a < 100:
            assert math.isinf(element.due_s)
        now_s += passed_s


@pytest.mark.parametrize(
    ("multiple", "points_s", "said"),
    [
        ((), (), "0 multiples"),
        ((1, 2), (1,), "2 multiples and 1 times"),
        ((2, 1), (1, 1), "do not rise"),
        ((1, 2), (1, 2), "operates later"),
        ((1, math.nan), (2, 1), "not a number"),
        ((1, 2), (1, 0), "not a number"),
    ],
)
def test_points_that_make_no_curve_are_refused(
    multiple: tuple[float, ...], points_s: tuple[float, ...], said: str
) -> None:
    with pytest.raises(GridmendError, match=said):
        through("bad", multiple=multiple, points_s=points_s)


@pytest.mark.parametrize("setting", ["dial", "adder_s", "minimum_s"])
@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_a_setting_that_cannot_be_meant_is_refused_by_its_name(setting: str, value: float) -> None:
    with pytest.raises(GridmendError, match=f"{setting} of 'iec_very_inverse'") as refused:
        curve("iec_very_inverse").set_to(**{setting: value})
    assert "give a number" in refused.value.mend


def test_an_unknown_curve_is_refused_with_the_nearest() -> None:
    with pytest.raises(GridmendError) as refused:
        curve("ieee_very_invers")
    assert "ieee_very_inverse" in refused.value.mend
