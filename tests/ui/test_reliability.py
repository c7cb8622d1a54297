"""`gridmend reliability`: its keys, its tables, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.planning import rbts
from tests.ui.conftest import Said

Gridmend = Callable[..., Said]


@pytest.fixture
def sections(tmp_path: Path) -> Path:
    return rbts.write(tmp_path)


def test_the_answer_has_every_key_of_the_design_and_adds_up(
    gridmend: Gridmend, sections: Path
) -> None:
    said = gridmend("reliability", sections, "--json")
    assert said.code == 0
    found = said.json
    assert {"saifi", "saidi_h", "caidi_h", "asai", "ens_mwh", "method", "seconds"} <= set(found)
    assert (found["saifi"], found["saidi_h"], found["caidi_h"], found["ens_mwh"]) == pytest.approx(
        (0.2482, 3.613, 14.55, 37.746), rel=5e-4
    )
    assert found["customers"] == 1908 and len(found["load_points"]) == 22
    given = found["contributions"]
    for key in ("saifi", "saidi_h", "maifi", "ens_mwh"):
        total = sum(share[key] for share in given["elements"].values())
        assert total + given["other_elements"][key] == pytest.approx(found[key])
        assert sum(share[key] for share in given["causes"].values()) == pytest.approx(found[key])
    weighted = sum(p["per_year"] * p["customers"] for p in found["load_points"])
    assert weighted / 1908 == pytest.approx(found["saifi"])
    assert "assumed" in found["method"] and found["assumed"]


def test_a_shipped_example_is_predicted_by_named_default_rates(gridmend: Gridmend) -> None:
    said = gridmend("reliability", "ieee8500", "--json")
    assert said.code == 0
    found = said.json
    assert found["customers"] == 2354 and len(found["contributions"]["elements"]) == 100
    assert "no failure data" in found["assumed"][0]
    assert found["maifi"] > found["saifi"] > 0


def test_options_change_what_they_say(gridmend: Gridmend, sections: Path) -> None:
    def saidi_h(*options: object) -> float:
        return gridmend("reliability", sections, *options, "--json").json["saidi_h"]

    base = saidi_h()
    assert saidi_h("--replace") == pytest.approx(base - 0.015 * 190 * 1906 / 1908)
    assert saidi_h("--transfers", "none") > base
    assert saidi_h("--switching-h", 0.5) < base
    assert saidi_h("--temporary-pct", 50) > base


def test_a_person_reads_indices_contributions_and_what_is_assumed(
    gridmend: Gridmend, sections: Path
) -> None:
    said = gridmend("reliability", sections)
    assert said.code == 0
    for word in ("SAIFI", "0.2482", "3.613", "14.55", "37.746", "transformer.1", "by cause"):
        assert word in said.out
    assert "assumed: ties are taken to have room" in said.out


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (("--transfers", "perhaps"), "transfers cannot be 'perhaps'"),
        (("--switching-h", "-1"), "switching_h cannot be -1"),
        (("--temporary-pct", "100"), "temporary_pct cannot be 100"),
        (("--transfers", "checked"), "cannot be solved"),
    ],
)
def test_a_users_error_exits_2_in_json_too(
    gridmend: Gridmend, sections: Path, options: tuple[str, ...], what: str
) -> None:
    said = gridmend("reliability", sections, *options, "--json")
    assert said.code == 2
    assert what in said.json["error"]["what"] and said.json["error"]["mend"]


def test_a_grid_that_serves_nobody_exits_2(gridmend: Gridmend, sections: Path) -> None:
    points = sections.with_name("rbts_bus2_load_points.csv")
    header, *rows = points.read_text().splitlines()
    cells = [row.split(",") for row in rows]
    nobody = [",".join([*row[:4], "0", *row[5:]]) for row in cells]
    points.write_text("\n".join([header, *nobody]))
    said = gridmend("reliability", sections)
    assert said.code == 2 and "nobody is served" in said.err
