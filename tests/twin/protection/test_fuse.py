"""Fuses: melting by hand, clearing, damage, cooling, and what goes wrong."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.model.errors import GridmendError
from gridmend.twin.protection.curves import OPENDSS, through
from gridmend.twin.protection.fuse import Fuse, FuseSettings
from tests.twin.protection.playing import told

MELT = OPENDSS["klink"]
CLEAR = through(
    "clear", multiple=(2, 2.2, 3, 4, 6, 30), points_s=(330, 24, 4.5, 1.5, 0.45, 0.05)
)  # fmt: skip


def _fuse(**more: object) -> Fuse:
    given_: dict[str, object] = {
        "name": "F", "rated_a": 40.0, "melt": MELT, "clear": CLEAR, **more,
    }  # fmt: skip
    return Fuse(FuseSettings(**given_))  # type: ignore[arg-type]


def test_a_link_melts_and_is_clear_at_the_times_of_its_curves() -> None:
    fuse = _fuse()
    fuse.see(0.0, [240.0, 10.0, 10.0])  # 6 times the rating
    acts = fuse.act(1.0)
    assert told(acts) == [("melted", 0.41), ("open", 0.45)]
    # 240² · 0.41 and 240² · 0.45.
    assert [act.energy_a2s for act in acts] == pytest.approx([23_616, 25_920])
    assert [act.phases for act in acts] == [(0,), (0,)]
    assert fuse.closed == (False, True, True)
    assert math.isinf(fuse.due_s())


def test_two_pulses_without_cooling_add_up_to_the_energy_that_melts() -> None:
    fuse = _fuse(cooling_s=math.inf)
    fuse.see(0.0, [240.0, 0.0, 0.0])
    fuse.see(0.2, [0.0, 0.0, 0.0])
    assert fuse.progress(5.0)[0] == pytest.approx(0.2 / 0.41)
    fuse.see(5.0, [240.0, 0.0, 0.0])
    assert fuse.act(5.21)[0].kind == "melted"


def test_a_link_cools_to_a_third_in_its_time_and_at_once_where_so_set() -> None:
    for cooling_s, left in ((60.0, 0.2 / 0.41 / math.e), (0.0, 0.0)):
        fuse = _fuse(cooling_s=cooling_s)
        fuse.see(0.0, [240.0, 0.0, 0.0])
        fuse.see(0.2, [0.0, 0.0, 0.0])
        assert fuse.progress(60.2)[0] == pytest.approx(left)


def test_a_link_that_nearly_melted_is_damaged_and_stays_weaker() -> None:
    fuse = _fuse(cooling_s=1.0)
    fuse.see(0.0, [240.0, 0.0, 0.0])
    fuse.see(0.35, [0.0, 0.0, 0.0])  # came to 0.35 / 0.41 = 85.37 %
    (damaged,) = fuse.act(0.35)
    assert (damaged.kind, damaged.why) == ("damaged", "came to 85 % of melting")
    assert fuse.damaged == (True, False, False)
    fuse.see(1000.0, [240.0, 240.0, 0.0])
    # What it came above 75 % stays: (1 - 0.103659) · 0.41 = 0.3675.
    acts = fuse.act(1000.41)
    assert told(acts, "melted") == [("melted", 1000.3675), ("melted", 1000.41)]


def test_a_link_that_came_to_less_than_the_share_is_as_new() -> None:
    fuse = _fuse(cooling_s=1.0)
    fuse.see(0.0, [240.0, 0.0, 0.0])
    fuse.see(0.3, [0.0, 0.0, 0.0])  # 73 %
    assert fuse.act(0.3) == ()
    assert fuse.damaged == (False, False, False)
    assert fuse.progress(1000.0)[0] == pytest.approx(0, abs=1e-12)


def test_an_arc_goes_out_when_another_device_takes_the_current_away() -> None:
    fuse = _fuse()
    fuse.see(0.0, [240.0] * 3)
    assert told(fuse.act(0.41)) == [("melted", 0.41)] * 3
    fuse.see(0.42, [0.0] * 3)
    assert told(fuse.act(0.42)) == [("open", 0.42)] * 3


def test_a_new_link_is_cold_whole_and_closed() -> None:
    fuse = _fuse()
    fuse.see(0.0, [240.0, 0.0, 0.0])
    fuse.act(0.45)
    fuse.see(0.45, [0.0] * 3)
    fuse.replace(100.0, phases=[0])
    assert fuse.closed == (True,) * 3
    fuse.see(100.0, [240.0, 0.0, 0.0])
    assert fuse.due_s() == pytest.approx(100.41)


def test_a_link_that_is_replaced_in_time_has_all_of_its_melting_before_it() -> None:
    fuse = _fuse()
    fuse.see(0.0, [240.0, 0.0, 0.0])
    fuse.replace(0.2, phases=[0])
    (melted,) = fuse.act(0.61)
    assert melted.energy_a2s == pytest.approx(240**2 * 0.41)


def test_a_bridged_fuse_does_not_melt_and_one_may_blow_without_cause() -> None:
    fuse = _fuse()
    fuse.fail(0.0, blind=True)
    fuse.see(0.0, [4000.0] * 3)
    assert math.isinf(fuse.due_s())
    fuse = _fuse()
    fuse.blow(1.0, phases=[2])
    (blown,) = fuse.act(1.0)
    assert (blown.kind, blown.phases, blown.why) == ("open", (2,), "without cause")


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0.001, 5), st.floats(0, 2000)), min_size=1, max_size=20
    ),
    st.sampled_from([0.0, 10.0, math.inf]),
)  # fmt: skip
def test_a_link_never_melts_below_its_curve_and_opens_once(
    flows: list[tuple[float, float]], cooling_s: float
) -> None:
    def run() -> list[tuple[str, float]]:
        fuse, now_s, kinds = (
            _fuse(cooling_s=cooling_s, conductors=1),
            0.0,
            list[tuple[str, float]](),
        )
        for passed_s, i_a in flows:
            fuse.see(now_s, [i_a if fuse.closed[0] else 0.0])
            now_s += passed_s
            while fuse.due_s() <= now_s:
                due_s = fuse.due_s()
                kinds += [(act.kind, act.time_s) for act in fuse.act(due_s)]
                fuse.see(due_s, [i_a if fuse.closed[0] else 0.0])
            assert 0 <= fuse.progress(now_s)[0] <= 1
        return kinds

    kinds = run()
    assert kinds == run()
    names = [kind for kind, _ in kinds]
    assert names.count("melted") <= 1
    assert names.count("open") <= 1
    assert names.count("damaged") <= 1
    if max(i_a for _, i_a in flows) < 2 * 40:
        assert names == []
    shares = sum(t / float(MELT.time_s(i / 40)) for t, i in flows)
    if shares < 1 and cooling_s == 0:
        assert "melted" not in names


@settings(deadline=None)
@given(st.floats(0, 1e5), st.floats(0, 1e5))
def test_a_larger_current_never_melts_a_link_later(one_a: float, other_a: float) -> None:
    due: list[float] = []
    for i_a in sorted((one_a, other_a)):
        fuse = _fuse(conductors=1)
        fuse.see(0.0, [i_a])
        due.append(fuse.due_s())
    assert due[1] <= due[0]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"rated_a": 0.0}, "rated_a"),
        ({"damaged_share": 1.5}, "damaged_share"),
        ({"cooling_s": math.nan}, "cooling_s"),
        ({"conductors": 0}, "conductors"),
        ({"melt": CLEAR, "clear": MELT}, "clear before it melts"),
    ],
)
def test_a_fuse_that_cannot_be_meant_is_refused(more: dict[str, object], said: str) -> None:
    with pytest.raises(GridmendError, match=said):
        _fuse(**more)
