from __future__ import annotations

import csv
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from gridmend.model.errors import GridmendError
from gridmend.twin.inverters.settings import (
    EnterService,
    FrequencyTrip,
    Settings,
    VoltageTrip,
    findings,
)
from gridmend.twin.inverters.standard import (
    REGIONS,
    SHALL_TRIP,
    TRIP_NAMES,
    VOLTAGE_TRIPS,
    Category,
    Mode,
    ceases_beyond_pu,
    frequency_ride_through_s,
    region_of,
    ride_through_s,
)


@pytest.fixture(scope="session")
def standard_values(data_dir: Path) -> dict[str, str]:
    path = data_dir / "ieee1547" / "settings_with_standard_values.csv"
    if not path.is_file():
        pytest.skip("the settings of OpenDER are not here: they belong in ieee1547 of the data")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {row[0]: row[1] for row in csv.reader(file)}


def test_defaults_are_those_of_the_settings_file_of_opender(
    standard_values: dict[str, str],
) -> None:
    category = standard_values["NP_ABNORMAL_OP_CAT"].removeprefix("CAT_")
    settings = Settings.of(category)
    for name in TRIP_NAMES:
        unit, own = ("V", "v_pu") if name in VOLTAGE_TRIPS else ("F", "f_hz")
        trip = getattr(settings, name)
        assert getattr(trip, own) == float(standard_values[f"{name.upper()}_TRIP_{unit}-AS"])
        assert trip.clearing_s == float(standard_values[f"{name.upper()}_TRIP_T-AS"])
    theirs = {
        "v_low_pu": "ES_V_LOW", "v_high_pu": "ES_V_HIGH", "f_low_hz": "ES_F_LOW",
        "f_high_hz": "ES_F_HIGH", "delay_s": "ES_DELAY", "ramp_s": "ES_RAMP_RATE",
        "random_s": "ES_RANDOMIZED_DELAY",
    }  # fmt: skip
    for own, key in theirs.items():
        assert getattr(settings.enter_service, own) == float(standard_values[f"{key}-AS"]), own


@pytest.mark.parametrize("category", list(Category))
def test_defaults_are_within_their_own_ranges(category: Category) -> None:
    assert findings(Settings.of(category)) == ()
    for name, row in SHALL_TRIP[category].items():
        for figure in (row.threshold, row.clearing_s):
            assert figure.low <= figure.default <= figure.high, name


@pytest.mark.parametrize(
    ("category", "v_pu", "mode", "least_s"),
    [
        ("I", 1.21, Mode.CEASE, 0.0),
        ("I", 1.20, Mode.PERMISSIVE, 0.2),
        ("I", 1.175, Mode.PERMISSIVE, 0.5),
        ("I", 1.15, Mode.PERMISSIVE, 1.0),
        ("I", 1.10, Mode.CONTINUOUS, math.inf),
        ("I", 0.88, Mode.CONTINUOUS, math.inf),
        ("I", 0.80, Mode.MANDATORY, 0.7 + 4 * 0.10),
        ("I", 0.70, Mode.MANDATORY, 0.7),
        ("I", 0.50, Mode.PERMISSIVE, 0.16),
        ("I", 0.49, Mode.CEASE, 0.0),
        ("II", 0.75, Mode.MANDATORY, 3.0 + 8.7 * 0.10),
        ("II", 0.65, Mode.MANDATORY, 3.0),
        ("II", 0.64, Mode.PERMISSIVE, 0.32),
        ("II", 0.44, Mode.PERMISSIVE, 0.16),
        ("II", 0.29, Mode.CEASE, 0.0),
        ("III", 1.21, Mode.CEASE, 0.0),
        ("III", 1.11, Mode.CESSATION, 12.0),
        ("III", 0.87, Mode.MANDATORY, 20.0),
        ("III", 0.69, Mode.MANDATORY, 10.0),
        ("III", 0.50, Mode.MANDATORY, 10.0),
        ("III", 0.49, Mode.CESSATION, 1.0),
        ("III", 0.0, Mode.CESSATION, 1.0),
    ],
)
def test_ride_through_is_that_of_the_tables_worked_by_hand(
    category: str, v_pu: float, mode: Mode, least_s: float
) -> None:
    assert region_of(Category(category), v_pu).mode is mode
    assert ride_through_s(Category(category), v_pu) == pytest.approx(least_s)


@pytest.mark.parametrize(
    ("f_hz", "least_s"),
    [(61.9, 0), (61.8, 299), (61.21, 299), (61.2, math.inf), (58.8, math.inf), (58.7, 299),
     (57.0, 299), (56.9, 0)],
)  # fmt: skip
def test_frequency_ride_through_is_that_of_table_19(f_hz: float, least_s: float) -> None:
    assert frequency_ride_through_s(f_hz) == least_s


@pytest.mark.parametrize("category", list(Category))
def test_the_regions_of_a_category_cover_all_voltages_without_a_gap(category: Category) -> None:
    rows = REGIONS[category]
    assert rows[0].high_pu == math.inf
    assert rows[-1].low_pu == 0.0
    assert all(above.low_pu == below.high_pu for above, below in pairwise(rows))


@pytest.mark.parametrize("v_pu", [-0.1, math.nan])
def test_what_is_no_voltage_is_in_no_region(v_pu: float) -> None:
    with pytest.raises(ValueError, match="no voltage"):
        region_of(Category.I, v_pu)


def test_current_ceases_beyond_the_voltages_of_the_tables() -> None:
    found = [ceases_beyond_pu(c, where_permitted=p) for c in Category for p in (False, True)]
    assert found == [(0.5, 1.2), (0.7, 1.1), (0.3, 1.2), (0.65, 1.1), (0.5, 1.1), (0.5, 1.1)]


def test_a_setting_outside_its_range_is_found_with_where_and_how_to_mend() -> None:
    settings = replace(Settings.of("II"), uv1=VoltageTrip(0.89, 1.0), of2=FrequencyTrip(61.5, 0.2))
    found = findings(settings, "pv_system.roof")
    assert [finding.what for finding in found] == [
        "uv1.v_pu is 0.89, outside its range of 0 to 0.88",
        "uv1.clearing_s is 1, outside its range of 2 to 21",
        "of2.f_hz is 61.5, outside its range of 61.8 to 66",
    ]
    assert found[0].where == "pv_system.roof; IEEE Std 1547-2018, Table 12 (6.4.1)"
    assert "default is 0.7" in found[0].mend


def test_what_cannot_be_adjusted_and_is_is_found() -> None:
    settings = replace(Settings.of("I"), ov2=VoltageTrip(1.25, 0.16))
    assert [f.what for f in findings(settings)] == ["ov2.v_pu is 1.25 and not adjustable"]


def test_the_range_of_a_setting_depends_on_the_category() -> None:
    slow = VoltageTrip(0.88, 50.0)
    assert findings(replace(Settings.of("III"), uv1=slow)) == ()
    assert len(findings(replace(Settings.of("II"), uv1=slow))) == 1


def test_times_and_windows_outside_the_standard_are_found() -> None:
    window = EnterService(v_low_pu=0.96, f_high_hz=61.05, delay_s=601, ramp_s=0)
    settings = replace(
        Settings.of("III"), enter_service=window, cease_s=0.16, restore_s=1, island_s=6
    )
    names = {finding.what.split(" ")[0] for finding in findings(settings)}
    assert names == {
        "enter_service.v_low_pu", "enter_service.f_high_hz", "enter_service.delay_s",
        "enter_service.ramp_s", "cease_s", "restore_s", "island_s",
    }  # fmt: skip


def test_a_randomised_delay_stands_in_for_the_ramp() -> None:
    instead = replace(Settings.of("II"), enter_service=EnterService(ramp_s=0, random_s=300))
    both = replace(Settings.of("II"), enter_service=EnterService(random_s=300))
    assert findings(instead) == ()
    assert [finding.severity for finding in findings(both)] == ["note"]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -0.1])
def test_numbers_that_cannot_be_are_refused_with_their_name(bad: float) -> None:
    with pytest.raises(GridmendError, match="v_pu is"):
        VoltageTrip(bad, 1.0)
    with pytest.raises(GridmendError, match="f_hz is"):
        FrequencyTrip(bad, 1.0)
    with pytest.raises(GridmendError, match="clearing_s is"):
        VoltageTrip(1.2, bad)
    with pytest.raises(GridmendError, match="delay_s is"):
        EnterService(delay_s=bad)
    with pytest.raises(GridmendError, match="cease_s is"):
        replace(Settings.of("I"), cease_s=bad)


def test_a_clearing_time_of_nothing_is_refused() -> None:
    with pytest.raises(GridmendError, match="clearing_s is 0"):
        FrequencyTrip(62.0, 0)


def test_a_window_in_which_it_would_trip_is_refused() -> None:
    for change in (
        {"uv1": VoltageTrip(0.93, 2)}, {"ov1": VoltageTrip(1.04, 2)},
        {"uf2": FrequencyTrip(59.6, 1)}, {"of1": FrequencyTrip(60.05, 300)},
    ):  # fmt: skip
        with pytest.raises(GridmendError, match="window to enter service"):
            replace(Settings.of("II"), **change)


def test_a_window_in_which_current_would_cease_is_refused() -> None:
    wide = VoltageTrip(1.2, 13)
    window = EnterService(v_high_pu=1.15)
    assert replace(Settings.of("II"), ov1=wide, enter_service=window).ov1 is wide
    for category, permitted in (("III", False), ("II", True)):
        with pytest.raises(GridmendError, match="where current must cease"):
            replace(
                Settings.of(category),
                ov1=wide, enter_service=window, ceases_where_permitted=permitted,
            )  # fmt: skip


def test_an_empty_window_is_refused() -> None:
    with pytest.raises(GridmendError, match=r"v_low_pu 1\.1 is not below"):
        EnterService(v_low_pu=1.1)


def test_an_unknown_category_is_refused() -> None:
    with pytest.raises(GridmendError, match="no category 'IV'"):
        Settings.of("IV")
