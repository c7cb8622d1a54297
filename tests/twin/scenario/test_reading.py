from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from gridmend.model.errors import Finding, FormatError
from gridmend.twin.communications.links import Link
from gridmend.twin.scenario.happenings import DemandTurns, DeviceMoves, FaultStrikes, LinkFails
from gridmend.twin.scenario.reading import ScenarioError, read_scenario, read_text, read_values
from gridmend.twin.scenario.scenario import Scenario, Way
from gridmend.twin.scenario.tree import BYTES_MOST

HEAD = "name: x\ngrid: ieee123\nstart: 2026-07-15T12:00Z\n"


def read(more: str) -> Scenario:
    return read_text(HEAD + more, file="x.yaml")


def refused(text: str, *, what: str) -> Finding:
    """The first finding that says this, of a text that is refused."""
    with pytest.raises(ScenarioError) as caught:
        read_text(text, file="x.yaml")
    found = [f for f in caught.value.findings if what in f.what]
    assert found, str(caught.value)
    assert all(f.mend and f.where for f in caught.value.findings), str(caught.value)
    return found[0]


def line_of(finding: Finding) -> int:
    return int(finding.where.split(",")[0].removeprefix("x.yaml:"))


@pytest.mark.parametrize(
    ("when", "seconds"),
    [
        ('at: "17:30"', 19_800.0),
        ("at: 17:30", 19_800.0),
        ("at: 17:30:05", 19_805.0),
        ("at: 2026-07-15T17:30Z", 19_800.0),
        ("at: 2026-07-15T17:30:00.5+02:00", 12_600.5),
        ("at: 2026-07-16", 43_200.0),
        ("after: 90 min", 5_400.0),
        ("after: 1.5h", 5_400.0),
        ("at: 30 s", 30.0),
        ("at: 06:00", -21_600.0),
    ],
)
def test_a_time_is_a_clock_of_the_first_day_a_time_in_utc_or_how_long_after_the_start(
    when: str, seconds: float
) -> None:
    assert read(f"happenings: [{{{when}, demand: 2}}]").happenings == (DemandTurns(seconds, 2.0),)


def test_happenings_are_read_each_as_what_it_is() -> None:
    found = read(
        "happenings:\n"
        "- {after: 1 s, link: fibre, down_min: 5}\n"
        "- {after: 2 s, switch: open, device: Sw2}\n"
        "- {after: 3 s, fault: {element: L52, phases: [a, b], permanent: false}}\n"
    ).happenings
    assert found == (
        LinkFails(1.0, "fibre", 5.0),
        DeviceMoves(2.0, "open", "Sw2"),
        FaultStrikes(3.0, "L52", ("a", "b"), permanent=False),
    )


def test_names_that_yaml_takes_for_something_else_stay_names() -> None:
    found = read("stuck: [no, 12, 1e5, 012, null]\ncommunications: {ways: {60: [off]}}")
    assert found.stuck == ("no", "12", "1e5", "012", "null")
    assert found.communications.ways == (Way("60", ("off",)),)


def test_a_link_has_the_defaults_of_its_kind() -> None:
    found = read("communications: {links: [{name: t, kind: cellular, loss: 0.5}]}")
    assert found.communications.links == (Link.of_kind("t", "cellular", loss=0.5),)


def test_every_mistake_is_told_at_once_in_the_order_of_the_lines() -> None:
    text = (
        HEAD + "hours: 6 days\nsed: 4\ndemand: {scale: -1}\nhappenings: [{at: 25:00, stuck: a}]\n"
    )
    with pytest.raises(ScenarioError) as caught:
        read_text(text, file="x.yaml")
    places = [finding.where.split(",")[0] for finding in caught.value.findings]
    assert places == [f"x.yaml:{line}" for line in (4, 5, 6, 7)]
    assert "and 3 more" in caught.value.what


@pytest.mark.parametrize(
    ("more", "what", "mend"),
    [
        ("hours: 6 days", "'6 days' is no number", "the number alone"),
        ('hours: "6"', "'6' is no number", "without quotes"),
        ("hours: .nan", "is no number", "number"),
        ("hours: .inf", "is no number", "number"),
        ("hours: 1e999", "cannot be", "number"),
        ("hours: -3", "-3 cannot be", "above 0"),
        ("hours: [6]", "a list stands where one value should", "number"),
        ("hours:", "there is no value", "leave the key out"),
        ("seed: 1.5", "'1.5' is no whole number", "whole number"),
        ("seed: " + "9" * 5000, "no whole number", "whole number"),
        ('grid_changes: {pv: [{bus: "", phases: a}]}', "a text of 0 characters", "1 to 120"),
        (f"stuck: [{'x' * 121}]", "a text of 121 characters", "1 to 120"),
        ("people: {crews: [{name: a, truck: b, x_m: 1e999}]}", "1e999 cannot be", "number"),
        ("policy: heal", "'heal' is none of what can be chosen", "healing"),
        ("tellemetry: {}", "there is no key 'tellemetry'", "telemetry"),
        ("demand: {scael: 2}", "there is no key 'scael' in demand", "scale"),
        ("demand: 4", "'4' stands where a map should", "scale"),
        ("demand: {shape: [1, -2]}", "-2 cannot be", "from 0"),
        ("stuck: {a: b}", "a map stands where a list should", "- "),
        ("stuck: Sw1", "'Sw1' stands where a list should", "- "),
        ("realism: {loss: no}", "'no' is neither true nor false", "true or false"),
        ("sun: {scale: 2}", "2 cannot be", "from 0 to 1"),
        ("hours: 3\nhours: 4", "the key 'hours' stands twice, first in line 4", "leave one"),
        ("happenings: [{at: noon, stuck: a}]", "'noon' is no time", "17:30"),
        ("happenings: [{at: 24:00, stuck: a}]", "'24:00' is no time", "17:30"),
        ("happenings: [{after: 90, stuck: a}]", "'90' is no time", "90 min"),
        ("happenings: [{after: 90 m, stuck: a}]", "'90 m' is no time", "90 min"),
        ("happenings: [{at: 2026-02-30, stuck: a}]", "is no time", "2026-07-15T17:30Z"),
        ("happenings: [{stuck: a}]", "nothing says when", "after: 90 min"),
        ("happenings: [{at: 17:30, after: 1 h, stuck: a}]", "both at and after", "at"),
        ("happenings: [{at: 17:30, stuck: a, freed: a}]", "stuck and freed happens", "one of"),
        ("happenings: [{at: 17:30, falt: {}}]", "nothing happens", "fault"),
        ("happenings: [{at: 17:30, fault: {phases: a}}]", "'element' is missing", "element"),
        ("happenings: [{at: 17:30, fault: {element: L1, phases: a d}}]", "'d' cannot", "a b c"),
        ("happenings: [{at: 17:30, fault: {element: L1, share: 2}}]", "2 cannot be", "0 to 1"),
        ("happenings: [{at: 17:30, fault: {element: L1}, r_ohm: 2}]", "beside a fault", "map"),
        ("communications: {links: [{name: a, kind: radio, loss: 3}]}", "loss is 3.0", "0 to 1"),
        ("communications: {links: [{name: a, kind: wire}]}", "'wire' is none of", "fibre"),
        ("communications: {ways: {rtus: radio}}", "stands where a map should", "links"),
        ("telemetry: {scan_s: 0}", "a scan every 0", "millisecond"),
        ("weather: {without: [rain]}", "'rain' is none", ""),
        ("people: {crews: [{name: a}]}", "'truck' is missing", "truck"),
        ("<<: {hours: 3}", "there is no key '<<'", ""),
        ("about: \"\\ud800\"", "cannot be shown", "control"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_its_line_and_how_to_mend_it(
    more: str, what: str, mend: str
) -> None:
    found = refused(HEAD + more, what=what)
    assert line_of(found) == 4 + more.count("\n")
    assert mend in found.mend


@pytest.mark.parametrize(
    ("more", "what", "mend"),
    [
        ("about: !!python/object:os.system x", "the tag", "leave it out"),
        ("about: &a x\nstuck: [*a]", "anchors and aliases", "write the value out"),
        ("stuck: [*a]", "anchors and aliases", "write the value out"),
        ("? [a, b]\n: 3", "a list or a map cannot be a key", "name"),
        ("---\nname: y", "a second document begins", "leave one"),
        ("about: ]", "it cannot be read", "mend the line"),
    ],
)
def test_what_yaml_has_and_a_scenario_needs_not_is_refused(more: str, what: str, mend: str) -> None:
    found = refused(HEAD + more, what=what)
    assert line_of(found) == 4
    assert mend in found.mend


@pytest.mark.parametrize(
    "text",
    [
        b"", b"\n\n", b"# nothing\n", b"- a\n- b\n", b"42", b"\x00\x01\x02\xff\xfe" * 50,
        bytes(range(256)), b"\xff" * 9, b"\t\t:\t", b"{" * 5000, b"[" * 200_000, b"- " * 50_000,
        b"a: " * 1000, b"? " * 50_000, b"".join(b" " * k + b"a:\n" for k in range(200)),
        b'name: "\\U00110000"',
        b"&a [*a, *a]", b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n", b"%YAML 9.9\n---\na: b",
        b"%YAML 1." + b"9" * 5000 + b"\n---\na: b", b"x" * (BYTES_MOST + 1), b"'" * 99_999,
        b"!!binary x", b"a" * 200_000 + b": b", b"[" + b"a," * 100_000 + b"]",
    ],
    ids=lambda text: repr(text[:12]),
)  # fmt: skip
def test_hostile_text_is_refused_soon(text: bytes) -> None:
    began = time.monotonic()
    refused_bytes(text)
    assert time.monotonic() - began < 20


def refused_bytes(text: bytes) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_text(text, file="x.yaml")
    assert all(f.where.startswith("x.yaml") and f.mend for f in caught.value.findings)


def test_values_that_are_no_plain_ones_are_refused() -> None:
    good: dict[str, object] = {"name": "x", "grid": "g", "start": "2026-01-01"}
    assert read_values(good).name == "x"
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    for bad in ({"stuck": {1, 2}}, {"about": object()}, {"stuck": deep}, {"hours": float("nan")}):
        with pytest.raises(ScenarioError):
            read_values({**good, **bad})


def test_a_file_that_is_none_is_told_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "storm.yaml").write_text(HEAD)
    with pytest.raises(FormatError, match="no file or scenario") as caught:
        read_scenario(tmp_path / "strom.yaml")
    assert "storm.yaml" in caught.value.mend
    with pytest.raises(FormatError) as caught:
        read_scenario("wind-strom")
    assert "wind-storm" in caught.value.mend
    for odd in ("", "a\0b", "x" * 5000, str(tmp_path)):
        with pytest.raises(FormatError):
            read_scenario(odd)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(FormatError):
        read_scenario(tmp_path / "pipe.yaml")


def test_a_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    with (tmp_path / "huge.yaml").open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(ScenarioError, match="at most"):
        read_scenario(tmp_path / "huge.yaml")
