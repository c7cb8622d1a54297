from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest

from gridmend.model.errors import Finding, GridmendError
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.operations.switching_orders import Kind, Request, Sheet, draft
from gridmend.ui.sheets.contents import contents
from gridmend.ui.sheets.diagram import diagram
from gridmend.ui.sheets.pdf import pages_of, pdf_of
from tests.interlock.networks import network

NINE = datetime(2026, 12, 1, 9, tzinfo=UTC)
HOSTILE = 'x #pagebreak() #panic("no") $a$ [b] \\ _c_ *d* `e` "f" <g> @h ~ // é 杆 💥'


def site(s1: str = "S1") -> Grid:
    return network(
        switches={"B1": ("g", "a"), s1: ("b", "c")}, lines=[("a", "b"), ("c", "d")],
        sources={"north": "g"}, following={"sun": "d"}, loads=["b", "d"],
    )  # fmt: skip


def sheet_of(grid: Grid, **more: object) -> Sheet:
    asked = Request(("L1",), NINE, NINE + timedelta(hours=5), who="ann", reason="a pole")
    return draft(grid, Snapshot.normal(grid), replace(asked, **more))


def test_the_page_has_every_line_with_time_on_the_clock_of_the_request() -> None:
    chicago = ZoneInfo("America/Chicago")
    sheet = sheet_of(site(), zone=chicago)
    said = contents(sheet)
    assert [row["number"] for row in said["lines"]] == [str(ln.number) for ln in sheet.lines]
    assert said["lines"][0]["time"] == "03:00"
    head = dict(said["head"])
    assert head["Window"] == "Tue 01 Dec 2026 03:00 CST to Tue 01 Dec 2026 08:00 CST"
    assert head["Isolated by"] == "B1, S1"
    assert head["Out for the work"] == "20 of 20 customers"
    assert said["signers"] == ["Prepared", "Checked", "Approved", "Issued"]
    assert said["digest"] == sheet.digest
    assert {"hang tag", "place ground", "issue clearance", "lift tag"} <= {
        row["action"] for row in said["lines"]
    }
    assert any("not measured" in note for note in said["notes"])


def test_every_figure_of_a_line_has_its_unit_beside_it() -> None:
    sheet = sheet_of(site())
    said = contents(sheet)
    for line, row in zip(sheet.lines, said["lines"], strict=True):
        assert row["out"] == f"{line.customers_out:,} cust."
        for shown, known, unit in (
            (row["v"], line.v_min_pu, "pu"), (row["load"], line.loading_max_pct, "%"),
        ):  # fmt: skip
            assert shown == "–" if known is None else shown.split()[1] == unit
    assert any(row["v"].endswith(" pu") for row in said["lines"])
    assert dict(said["head"])["Not supplied"].endswith(" customer minutes by the planned times")


def test_it_prints_as_a_pdf_of_its_own_that_is_the_same_each_time() -> None:
    grid = site()
    sheet = sheet_of(grid)
    for paper in ("a4", "letter"):
        printed = pdf_of(sheet, grid, paper=paper)
        assert printed.startswith(b"%PDF-") and printed.rstrip().endswith(b"%%EOF")
        assert printed == pdf_of(sheet, grid, paper=paper)
    assert pdf_of(sheet, paper="a4") != pdf_of(sheet, paper="letter")
    with pytest.raises(GridmendError, match="no paper 'napkin'"):
        pdf_of(sheet, paper="napkin")


def test_what_a_user_writes_is_text_on_the_page_and_never_markup() -> None:
    grid = site(s1=HOSTILE)
    conflict = (Finding("error", HOSTILE, HOSTILE),)
    plain = sheet_of(site(), crews=("crew",))
    hostile = replace(
        sheet_of(grid, reason=HOSTILE, who=HOSTILE, crews=(HOSTILE,)),
        network=HOSTILE, findings=conflict, compared=("other",),
    )  # fmt: skip
    assert hostile.feasible
    pages = pages_of(hostile, grid)
    assert 1 <= len(pages) <= len(pages_of(plain, site())) + 3
    calm = HOSTILE.replace("#pagebreak()", "=pagebreak()").replace("#panic", "=panic")
    renamed = site(s1=calm)
    calmed = replace(
        sheet_of(renamed, reason=calm, who=calm, crews=(calm,)),
        network=calm, findings=(Finding("error", calm, calm),), compared=("other",),
    )  # fmt: skip
    assert len(pages) == len(pages_of(calmed, renamed))


def test_signs_that_hide_or_turn_text_are_shown() -> None:
    said = contents(sheet_of(site(), reason="a\u202eb\x00c\u200bd"))
    assert dict(said["head"])["Reason"] == "a\ufffdb\ufffdc\ufffdd"


def test_a_sheet_that_is_not_to_be_carried_out_says_so() -> None:
    grid = site()
    sheet = draft(grid, Snapshot.normal(grid), Request(("bus.g",), NINE, NINE + timedelta(hours=5)))
    assert contents(sheet)["problem"].startswith("no switch parts bus.g")
    assert pages_of(sheet, grid) != pages_of(replace(sheet, problem=""), grid)


def test_an_emergency_is_seen_at_once() -> None:
    grid = site()
    urgent = sheet_of(grid, kind=Kind.EMERGENCY)
    assert contents(urgent)["title"] == "Emergency switching order"
    assert pages_of(urgent)[0] != pages_of(sheet_of(grid))[0]


def test_conflicts_and_that_nobody_looked_for_them_are_told() -> None:
    sheet = sheet_of(site())
    assert dict(contents(sheet)["head"])["Conflicts"] == "not looked for"
    looked = replace(sheet, compared=("o1", "o2"))
    assert dict(contents(looked)["head"])["Conflicts"] == "0 with 2 other orders"
    found = replace(looked, findings=(Finding("error", "both move Sw4", "o1 and o2"),))
    assert contents(found)["conflicts"] == ["error, o1 and o2: both move Sw4"]


def test_the_picture_shows_the_zone_in_colour_and_nothing_where_there_is_none() -> None:
    grid = site()
    sheet = sheet_of(grid)
    drawn = diagram(grid, sheet)
    assert drawn.startswith("<?xml") and "#d55e00" in drawn.lower()
    assert drawn == diagram(grid, sheet)
    assert diagram(grid, replace(sheet, zone=())) == ""


def test_the_page_asks_for_nothing_from_elsewhere() -> None:
    page = files("gridmend.ui.sheets").joinpath("sheet.typ").read_text(encoding="utf-8")
    for word in ("@preview", "@local", "import", "http", "read("):
        assert word not in page, word
