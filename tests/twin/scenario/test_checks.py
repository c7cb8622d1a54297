from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import gridmend
from gridmend.model.errors import Finding
from gridmend.model.grid import Grid
from gridmend.powerflow.network import Network
from gridmend.twin.people.crew import Crew
from gridmend.twin.scenario.checks import check_scenario
from gridmend.twin.scenario.reading import read_scenario, read_text
from gridmend.twin.scenario.scenario import Scenario

HEAD = "name: x\ngrid: ieee123\nstart: 2026-07-15T12:00Z\nhours: 6\n"
CREW = "{name: a, truck: T1}"


@pytest.fixture(scope="module")
def grid() -> Grid:
    return gridmend.read("ieee123")


@pytest.fixture(scope="module")
def network(grid: Grid) -> Network:
    return Network.of(grid)


def of(more: str) -> Scenario:
    return read_text(HEAD + more, file="x.yaml")


def found(more: str, grid: Grid) -> tuple[Finding, ...]:
    return check_scenario(of(more), grid)


def test_a_scenario_with_nothing_in_it_has_nothing_wrong(grid: Grid, network: Network) -> None:
    assert check_scenario(of(""), grid, network) == ()


@pytest.mark.parametrize(
    ("more", "what", "mend"),
    [
        ("happenings: [{at: 17:30, fault: {element: L999}}]", "no element 'L999'", "nearest"),
        ("happenings: [{at: 17:30, fault: {element: L1, phases: a}}]", "no phase a", "are b"),
        ("happenings: [{at: 17:30, fault: {element: S1a}}]", "cannot be on", "name a line"),
        ("happenings: [{at: 17:30, fault: {element: L1, to_ground: false}}]", "two of them", "two"),
        (
            "happenings: [{at: 17:30, fault: {element: L1, grows: [{after: 1 s, phases: c}]}}]",
            "no phase c", "are b",
        ),
        (
            "happenings: [{at: 17:30, fault: {element: L52, phases: a, grows: "
            "[{after: 2 s, phases: a b}, {after: 1 s, phases: a b c}]}}]", "grows 1 s", "order",
        ),
        ("happenings: [{at: 11:59, stuck: Sw2}]", "before the start", "12:00"),
        ("happenings: [{at: 18:01, stuck: Sw2}]", "after the end", "18:00"),
        ("happenings: [{after: -1 s, stuck: Sw2}]", "before the start", "12:00"),
        ("happenings: [{at: 17:30, stuck: Sw99}]", "no element 'Sw99'", "Sw9"),
        ("stuck: [Sw99]", "no element 'Sw99'", "Sw9"),
        ("happenings: [{at: 17:30, freed: Sw2}]", "never stuck", "stuck before"),
        ("happenings: [{at: 17:30, switch: open, device: L52}]", "no switch 'L52'", "switch"),
        ("happenings: [{at: 17:30, link: fiber, down_min: 1}]", "no link 'fiber'", "fibre"),
        ("communications: {links: [{name: t, kind: mesh, bus: 6000}]}", "bus '6000'", "nearest"),
        (
            "communications: {links: [{name: t, kind: mesh}, {name: t, kind: radio}], "
            "ways: {rtus: [t], meters: [t], indicators: [t]}}", "two links", "own name",
        ),
        (
            "communications: {links: [{name: t, kind: mesh}, {name: u, kind: mesh}], "
            "ways: {rtus: [t], indicators: [t]}}", "meter.s1a, meter.s2b", "meters: [link",
        ),
        ("communications: {ways: {rtu: [fibre]}}", "no endpoint 'rtu'", "rtus"),
        ("communications: {ways: {rtus: [fibre, fibre]}}", "fibre, fibre", "each once"),
        ("communications: {ways: {switch.sw1: [fiber]}}", "no link 'fiber'", "fibre"),
        ("communications: {outages: [{link: fiber, start: 1 h, end: 2 h}]}", "no link", "fibre"),
        ("communications: {outages: [{link: fibre, start: 7 h, end: 8 h}]}", "after the run", ""),
        ("communications: {links: []}", "there is no link", "add one"),
        ("telemetry: {indicators: {at: [Sw1, Sw99]}}", "no switch 'Sw99'", "Sw9"),
        ("telemetry: {indicators: {at: [Sw1, switch.sw1]}}", "named twice", "once"),
        (f"people: {{crews: [{CREW}, {{name: b, truck: T1}}]}}", "in truck 'T1'", "another truck"),
        ("people: {crews: [{name: a, truck: b, speed_kmh: 900}]}", "900", "130"),
        ("people: {critical: [{name: S999}]}", "no customer or load 'S999'", "S"),
        ("people: {critical: [{name: S1a/14}]}", "no customer '14'", "from 1 to 13"),
        ("people: {critical: [{name: S1a}, {name: s1a/3}]}", "critical twice", "once"),
        ("people: {commercial: [S999]}", "no load 'S999'", "S"),
        ("people: {pace: {repair: {tree: [[1, 0], [1, 0]]}}}", "unknown cause", "unknown:"),
        ("der: {named: {roof: II}}", "no resource 'roof'", ""),
        ("der: {named: {L52: II}}", "'L52' is no distributed resource", "generator"),
        ("weather: {vegetation: {L999: 2}}", "no line 'L999'", "nearest"),
        ("weather: {faults_expected: 3, faults_times: 2}", "both", "leave one"),
        ("weather: {faults_expected: 3, ordinary_faults: false}", "neither weather", "add a storm"),
        (
            "weather: {faults_times: 1000000, storms: [{name: s, start: 0 h, x_m: 780, y_m: 630, "
            "radius_m: 9000, gust_m_per_s: 60}]}", "the weather brings", "lower",
        ),
        (
            "weather: {storms: [{name: s, start: 7 h, x_m: 1, y_m: 1, radius_m: 9, "
            "gust_m_per_s: 9}]}", "outside of the run", "live between",
        ),
        ("demand: {surges: [{start: 15:00, end: 14:00, scale: 2}]}", "before it starts", "after"),
        ("demand: {surges: [{start: 19:00, end: 20:00, scale: 2}]}", "outside", "within"),
        ("demand: {step_min: 0.0001}", "steps of demand", "longer"),
        ("demand: {shape: {shapes: none.csv, map: m.csv}}", "none.csv", ""),
        ("grid_changes: {pv: [{bus: 999, phases: a, panel_kw: 1, rating_kva: 1}]}", "'999'", ""),
        ("grid_changes: {pv: [{bus: 2, phases: a b, panel_kw: 1, rating_kva: 1}]}",
         "no phase a", "are b"),
        ("expect: [{measure: saidi, most: 4}]", "'saidi' cannot be measured", "saidi_min"),
        ("expect: [{measure: saidi_min}]", "nothing is expected", "least"),
        ("expect: [{measure: saidi_min, least: 4, most: 3}]", "no number is", "below"),
        ("expect: [{measure: saidi_min, has: [L52]}]", "has no names", "tripped"),
        ("expect: [{measure: tripped, has: [Sw99]}]", "no element 'Sw99'", "Sw9"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_line_before_the_run(
    grid: Grid, more: str, what: str, mend: str
) -> None:
    findings = found(more, grid)
    mine = [finding for finding in findings if what in finding.what]
    assert mine, "\n".join(map(str, findings))
    assert mend in mine[0].mend
    assert mine[0].mend
    assert mine[0].where.startswith("x.yaml:5, "), mine[0].where


def test_all_that_is_wrong_is_told_at_once(grid: Grid) -> None:
    more = (
        "stuck: [Sw99]\n"
        "expect: [{measure: speed, most: 1}]\n"
        "people: {commercial: [S999]}\n"
        "communications: {links: [{name: t, kind: mesh, bus: x}]}\n"
    )
    lines = sorted(finding.where.split(",")[0] for finding in found(more, grid))
    assert lines == ["x.yaml:5", "x.yaml:6", "x.yaml:7", "x.yaml:8"]


def test_a_fault_is_judged_by_the_network_as_by_the_tables(grid: Grid, network: Network) -> None:
    for table in (grid.lines, grid.switches, grid.transformers):
        for name in table:
            for phase in "abc":
                text = f"happenings: [{{at: 17:30, fault: {{element: {table.schema.row}.{name}, "
                text += f"phases: {phase}, permanent: false}}}}]"
                scenario = of(text)
                by_tables = check_scenario(scenario, grid)
                assert by_tables == check_scenario(scenario, grid, network), text


def test_a_crew_is_missed_where_a_fault_stays(grid: Grid) -> None:
    fault = "happenings: [{at: 17:30, fault: {element: L52}}]"
    assert [f.severity for f in found(fault, grid)] == ["warning"]
    assert found(f"{fault}\npeople: {{crews: [{CREW}]}}", grid) == ()
    assert found(fault.replace("L52", "L52, permanent: false"), grid) == ()


def test_a_device_may_be_freed_that_was_stuck_from_the_beginning_or_later(grid: Grid) -> None:
    freed = "happenings: [{at: 13:00, stuck: switch.sw2}, {at: 14:00, freed: Sw2}]"
    assert found(freed, grid) == ()
    assert found("stuck: [SW2]\nhappenings: [{at: 14:00, freed: Sw2}]", grid) == ()


def test_a_scenario_that_was_made_in_python_is_held_to_the_same_bounds(grid: Grid) -> None:
    good = of("")
    assert check_scenario(replace(good, hours=-1.0), grid)[0].what == "-1.0 cannot be"
    wrong = replace(good, people=replace(good.people, crews=(Crew("a", "T", x_m=float("nan")),)))
    assert "no number" in check_scenario(wrong, grid)[0].what


def test_pv_that_a_scenario_builds_can_be_named_by_it(grid: Grid) -> None:
    pv = "grid_changes: {pv: [{bus: 7, phases: a b c, panel_kw: 9, rating_kva: 9, name: roof}]}\n"
    assert found(pv + "der: {named: {roof: II}}", grid) == ()
    twice = pv.replace("]}", ", {bus: 13, phases: a, panel_kw: 9, rating_kva: 9, name: Roof}]}")
    assert "two PV systems" in found(twice, grid)[0].what


def test_shapes_of_files_lie_beside_the_scenario_and_must_cover_it(
    grid: Grid, tmp_path: Path
) -> None:
    (tmp_path / "s.csv").write_text("hour,home\n" + "".join(f"{k},0.5\n" for k in range(7)))
    (tmp_path / "m.csv").write_text("load,shape\n*,home\n")
    text = HEAD + "demand: {step_min: 60, shape: {shapes: s.csv, map: m.csv}}\n"
    (tmp_path / "x.yaml").write_text(text)
    assert check_scenario(read_scenario(tmp_path / "x.yaml"), grid) == ()
    (tmp_path / "x.yaml").write_text(text.replace("hours: 6", "hours: 8"))
    assert len(check_scenario(read_scenario(tmp_path / "x.yaml"), grid)) == 1
