"""Cold-load pickup against figures worked by hand, and a horizon's own errors."""

from __future__ import annotations

from datetime import UTC, datetime
from math import exp, inf, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmend.formats.read import read
from gridmend.model.errors import GridmendError
from gridmend.model.series import Series, utc_times
from gridmend.model.snapshot import Snapshot
from gridmend.operations.cold_load import ColdLoad
from gridmend.operations.horizon import Horizon
from gridmend.operations.pace import Timing

COLD = ColdLoad()
HALF = np.array([0.5])


@pytest.mark.parametrize(
    ("out_min", "back_min", "factor"),
    [
        (0, 0, 1.0),
        (30, 0, 2.0),
        (30, 15, 2.0),
        (30, 45, 1 + exp(-1)),
        (300, 45, 1 + exp(-1)),
        (15, 0, 1.5),
        (15, 7.5, 1.5),
        (15, 37.5, 1 + 0.5 * exp(-1)),
        (3, 0, 1.1),
    ],
)
def test_pickup_is_what_the_formula_gives_by_hand(
    out_min: float, back_min: float, factor: float
) -> None:
    assert COLD.factor(HALF, out_min, back_min)[0] == pytest.approx(factor)


def test_a_load_picks_up_until_it_draws_five_per_cent_more() -> None:
    lasts = COLD.fades_min(HALF, np.array([30.0]))[0]
    assert lasts == pytest.approx(15 + 30 * log(1 / 0.05))
    assert COLD.factor(HALF, 30.0, lasts)[0] == pytest.approx(1.05)
    assert COLD.fades_min(HALF, np.array([1.0]))[0] == 0, "3.3 % is no pickup"


@given(st.floats(0, 600), st.floats(0, 60), st.floats(0, 600), st.floats(0, 60), st.floats(0, 1))
def test_pickup_grows_with_the_outage_and_fades_with_time(
    out_min: float, longer_min: float, back_min: float, later_min: float, share: float
) -> None:
    shares = np.array([share])
    here = COLD.factor(shares, out_min, back_min)[0]
    assert 1 <= here <= 1 + 2 * share
    assert COLD.factor(shares, out_min + longer_min, back_min)[0] >= here - 1e-12
    assert COLD.factor(shares, out_min, back_min + later_min)[0] <= here + 1e-12


def test_a_class_that_is_known_better_has_its_own_share() -> None:
    grid = read("ieee123")
    name = str(grid.loads["name"][0])
    grid = grid.with_changed(f"load.{name}", **{"class": "Pumps"})
    shares = ColdLoad(by_class={"pumps": 0.1}).shares(grid)
    assert shares[0] == 0.1
    assert (shares[1:] == 0.5).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"share": 1.5},
        {"undiversified_pu": 0.5},
        {"full_min": 0.0},
        {"decay_min": float("nan")},
        {"hold_min": -1.0},
        {"by_class": {"homes": 2.0}},
    ],
)
def test_figures_that_cannot_be_are_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(
        GridmendError, match=next(iter(wrong)) if "by_class" not in wrong else "homes"
    ):
        ColdLoad(**wrong)  # pyright: ignore[reportArgumentType]


def test_a_horizon_needs_an_end_and_a_bounded_forecast() -> None:
    snapshot = Snapshot.normal(read("ieee123"))
    with pytest.raises(GridmendError, match="finite"):
        Horizon(Timing(repair_min=inf))
    with pytest.raises(GridmendError, match="300 steps"):
        Horizon.scaled(snapshot, [1.0] * 300, step_min=1, timing=Timing(repair_min=600))
    assert len(Horizon.scaled(snapshot, [1.0] * 300, step_min=1).starts_min) == 180


def test_a_step_of_the_forecast_holds_until_the_next_and_the_last_until_the_repair() -> None:
    snapshot = Snapshot.normal(read("ieee123"))
    begin = datetime(2026, 7, 1, 16, 30, tzinfo=UTC)
    times = utc_times(begin, step_s=3600, steps=2)
    horizon = Horizon(Timing(), Series.scaled(snapshot, [1.0, 1.5], times))
    assert [horizon.piece(minute) for minute in (0, 59.9, 60, 119, 180)] == [0, 0, 1, 1, 1]
    assert horizon.powers(1)["load_kw"] == pytest.approx(1.5 * snapshot.load_kw)
    assert horizon.clock(45) == "17:15, 45 min after the fault"
    assert horizon.clock(150) == "19:00, 2.5 h after the fault"
