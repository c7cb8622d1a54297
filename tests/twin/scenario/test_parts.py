from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import gridmend
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.network import Network
from gridmend.powerflow.shorts import Short, device_of
from gridmend.twin.resources import Resources
from gridmend.twin.scenario import parts
from gridmend.twin.scenario.happenings import FaultStrikes
from gridmend.twin.scenario.reading import read_scenario, read_text, with_changes
from gridmend.twin.scenario.scenario import Equipped, Scenario
from gridmend.twin.scenario.shorts import fault_of
from gridmend.twin.scenario.ways import endpoints_of, paths_of
from gridmend.twin.streams import Streams
from gridmend.twin.telemetry.points import points_of
from gridmend.twin.weather.strikes import expected_counts

HEAD = "name: x\ngrid: ieee123\nstart: 2026-07-15T12:30Z\nhours: 6\n"
STORM = (
    "weather: {storms: [{name: s, start: 0 h, x_m: 780, y_m: 630, radius_m: 9000, "
    "gust_m_per_s: 40, lightning_per_km2_h: 1, ice_mm_per_h: 5}], "
    "heat_waves: [{name: h, start: 0 h, lasts_s: 90000, rise_c: 20}]"
)


@pytest.fixture(scope="module")
def grid() -> Grid:
    return gridmend.read("ieee123")


def of(more: str) -> Scenario:
    return read_text(HEAD + more)


def faults(scenario: Scenario, grid: Grid) -> dict[str, float]:
    assets = parts.assets_of(scenario, grid)
    hazards = parts.hazards_of(scenario, assets)
    counts = expected_counts(assets, hazards, end_s=scenario.end_s)
    return {str(cause): float(each.sum()) for cause, each in counts.items()}


def test_so_many_faults_come_on_average_as_are_expected(grid: Grid) -> None:
    found = faults(of(STORM + ", faults_expected: 12}"), grid)
    assert sum(found.values()) == pytest.approx(12.0, rel=1e-9)


def test_every_cause_comes_so_many_times_as_often(grid: Grid) -> None:
    once, thrice = faults(of(STORM + "}"), grid), faults(of(STORM + ", faults_times: 3}"), grid)
    assert all(once[cause] > 0 for cause in ("tree", "wind", "lightning stroke", "ice", "heat"))
    for cause, count in once.items():
        assert thrice[cause] == pytest.approx(3 * count, rel=1e-9), cause
    assert sum(faults(of(STORM + ", faults_times: 0}"), grid).values()) == 0.0


def test_ordinary_faults_go_where_they_are_off_and_the_storms_stay(grid: Grid) -> None:
    with_, without = (
        faults(of(STORM + "}"), grid),
        faults(of(STORM + ", ordinary_faults: false}"), grid),
    )
    assert without["tree"] == without["animal"] == 0.0
    assert without["wind"] == with_["wind"] > 0


def test_clocks_and_calendar_begin_with_the_scenario() -> None:
    scenario = of("people: {pace: {detour: 2}, habits: {repeats_most: 2}}")
    assert (parts.pace_of(scenario).clock_h, parts.pace_of(scenario).detour) == (12.5, 2.0)
    assert (parts.habits_of(scenario).clock_h, parts.habits_of(scenario).repeats_most) == (12.5, 2)
    assert (parts.calendar_of(scenario).day, parts.calendar_of(scenario).hour) == (196, 12.5)
    leap = read_text("{name: x, grid: g, start: 2028-12-31}")
    assert parts.calendar_of(leap).day == 365


def test_a_critical_load_stands_for_all_customers_behind_it(grid: Grid) -> None:
    scenario = of("people: {critical: [{name: s1a, priority: 2, backup_h: 3}, {name: S2b/4}]}")
    found = parts.critical_of(scenario, grid)
    assert [one.name for one in found] == [*(f"S1a/{k}" for k in range(1, 14)), "S2b/4"]
    assert (found[12].priority, found[12].backup_h, found[13].priority) == (2, 3.0, 1)


def test_every_rtu_of_the_twin_is_among_the_endpoints(grid: Grid) -> None:
    units = set(points_of(Network.of(grid), Streams(1)).units)
    assert units <= set(endpoints_of(grid, Equipped())["rtus"])


def test_an_endpoints_own_way_rules_over_that_of_its_group(grid: Grid) -> None:
    scenario = of(
        "communications: {links: [{name: a, kind: mesh}, {name: b, kind: radio}], "
        "ways: {rtus: [a], meters: [a, b], indicators: [b], Switch.SW5: {links: [b], store: 3}}}"
    )
    paths = {path.endpoint: path for path in paths_of(scenario, grid)}
    assert paths["switch.sw5"].links == ("b",)
    assert (paths["switch.sw5"].store, paths["switch.sw4"].store) == (3, 100)
    assert paths["switch.sw4"].links == ("a",)
    assert paths["meter.s1a"].links == ("a", "b")
    assert paths["indicator.sw5"].links == ("b",)


def test_an_endpoint_without_links_is_refused(grid: Grid) -> None:
    two = of("communications: {links: [{name: a, kind: mesh}, {name: b, kind: radio}]}")
    with pytest.raises(GridError, match=r"switch\.sw1"):
        paths_of(two, grid)
    assert {path.links for path in paths_of(of(""), grid)} == {("fibre",)}


def test_indicators_stand_where_they_are_asked_for(grid: Grid) -> None:
    def names(at: str) -> list[str]:
        equipped = of(f"telemetry: {{indicators: {{at: {at}}}}}").telemetry.indicators
        return [str(grid.switches["name"][row]) for row in parts.indicator_rows(equipped, grid)]

    assert names("[sw3, switch.Sw1]") == ["Sw1", "Sw3"]
    assert names("none") == []
    local = grid.with_changed("Sw2", remote=False).with_changed("Sw3", in_service=False)
    for at, count in (("all", len(grid.switches) - 1), ("remote", len(grid.switches) - 2)):
        assert len(parts.indicator_rows(Equipped(at), local)) == count  # type: ignore[arg-type]


def test_a_fault_without_phases_is_on_all_that_the_element_has(grid: Grid) -> None:
    network = Network.of(grid)
    for element, phases in (("l1", ("b",)), ("XFM1", ("a", "b", "c")), ("switch.sw8", ("a",))):
        fault = fault_of(FaultStrikes(0.0, element), grid)
        assert fault.short.phases == phases
        assert device_of(network, fault.short) == grid.find(element)


def test_a_fault_has_the_phases_and_the_place_that_are_given(grid: Grid) -> None:
    given = FaultStrikes(0.0, "L52", ("c", "a"), 0.3, 2.0, to_ground=False, cause="tree")
    fault = fault_of(given, grid)
    assert fault.short == Short("line.l52", ("c", "a"), 2.0, to_ground=False, share=0.3)
    assert (fault.is_permanent, fault.cause) == (True, "tree")
    assert fault_of(FaultStrikes(0.0, "XFM1", share=0.3), grid).short.share == 0.0


def test_a_file_of_times_is_read_from_the_start_of_the_scenario_on(
    grid: Grid, tmp_path: Path
) -> None:
    rows = "".join(f"2026-07-15T{hour:02d}:30,{hour}\n" for hour in range(24))
    (tmp_path / "s.csv").write_text("time,home\n" + rows)
    (tmp_path / "m.csv").write_text("load,shape\nS1a,home\n")
    text = HEAD + "demand: {step_min: 60, shape: {shapes: s.csv, map: m.csv}}\n"
    scenario = read_text(text, file=str(tmp_path / "x.yaml"))
    (profile,) = parts.profiles_of(scenario, grid).values()
    assert list(profile.p) == [12.0, 13.0, 14.0, 15.0, 16.0, 17.0]


def test_pv_is_built_at_its_bus_and_gives_its_power(grid: Grid) -> None:
    scenario = of(
        "grid_changes: {pv: [{bus: 7, phases: a b c, panel_kw: 90, rating_kva: 100}, "
        "{bus: 2, phases: b, panel_kw: 10, rating_kva: 10}]}"
    )
    built = with_changes(grid, scenario)
    assert len(grid.pv_systems) == 0
    assert list(built.pv_systems) == ["pv_7", "pv_2_b"]
    kv = built.pv_systems.numbers("kv")
    assert kv == pytest.approx([4.16, 4.16 / math.sqrt(3)])
    network = Network.of(built)
    flow = gridmend.solve(built, Snapshot.normal(built))
    assert flow.converged
    assert Snapshot.normal(built).pv_kw == pytest.approx([90.0, 10.0])
    assert np.nanmax(np.abs(Resources.of(network).taps.v_pu(flow) - 1.0)) < 0.1
    with pytest.raises(GridError, match="already"):
        with_changes(built, scenario)


def test_pv_on_the_legs_of_a_service_has_their_voltage() -> None:
    grid = gridmend.read("ieee8500")
    bus = grid.loads.texts("bus")[0]
    text = f"grid_changes: {{pv: [{{bus: {bus}, phases: s1 s2, panel_kw: 5, rating_kva: 5}}]}}"
    built = with_changes(grid, of(text))
    assert built.pv_systems.numbers("kv")[0] == pytest.approx(0.24, rel=1e-2)
    flow = gridmend.solve(built, Snapshot.normal(built))
    assert flow.converged
    assert np.nanmax(np.abs(Resources.of(Network.of(built)).taps.v_pu(flow) - 1.0)) < 0.15


def test_what_ships_is_expected_as_its_comments_say(grid: Grid) -> None:
    storm = read_scenario("wind-storm")
    assert sum(faults(storm, grid).values()) == pytest.approx(10.0)
    sunday = read_scenario("high-pv-sunday")
    assert sum(pv.panel_kw for pv in sunday.grid_changes.pv) == 2400.0
