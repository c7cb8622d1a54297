from __future__ import annotations

import io
import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from pypdf import PdfReader

from gridmend.model.errors import GridmendError
from gridmend.ui.reports import Report, csv_of, html_of, pdf_of, read_csv
from gridmend.ui.reports.pages import ROWS_MOST, pages_of
from tests.operations.interruptions.feeder import stands, tripped
from tests.ui.reports.cases import DAY, HOSTILE, closed, daily, outages, still_open, worked


def text_of(report: Report) -> str:
    """The words of the PDF, without the places where long names may break."""
    pages = PdfReader(io.BytesIO(pdf_of(report))).pages
    said = "\n".join(page.extract_text() for page in pages)
    return re.sub(r"\s+", " ", said.replace("\u200b", ""))


@pytest.mark.parametrize("made", [outages, daily])
def test_csv_read_back_gives_the_figures_of_the_pdf(made) -> None:
    report = made(worked())
    said = text_of(report)
    for row in read_csv(csv_of(report))["figures"].rows:
        _, label, _, shown, unit, _, digest = row
        assert shown in said and label in said and digest[:12] in said
        assert f"{shown} {unit}".strip() in said
    assert "SIMULATED FIELD" in said and report.period in said


def test_the_pages_say_what_is_not_known_and_what_is_doubtful() -> None:
    report = outages(still_open())
    assert "not known to be restored" in text_of(report)
    for doubt in report.doubts:
        assert doubt in html_of(report)
    empty = outages(())
    assert "no outage began in the period" in text_of(empty)
    assert "no outage began in the period" in html_of(empty)


def test_a_pdf_is_the_same_each_time_and_an_unknown_paper_is_refused() -> None:
    report = outages(closed())
    assert pdf_of(report) == pdf_of(report)
    assert pdf_of(report, paper="letter") != pdf_of(report)
    with pytest.raises(GridmendError, match="no paper 'napkin'"):
        pdf_of(report, paper="napkin")
    assert all(page.startswith(b"\x89PNG") for page in pages_of(report))


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_html_fetches_nothing_runs_nothing_and_reads_names_as_text() -> None:
    page = html_of(daily(worked()))
    seen = _Seen()
    seen.feed(page)
    assert not {"script", "img", "link", "iframe", "object"} & set(seen.tags)
    assert all(link.startswith("#") for link in seen.links)
    assert "url(" not in page and "@import" not in page and "http" not in page
    assert HOSTILE in seen.words, "what a rule said is shown as it was said"
    targets = set(re.findall(r'id="([^"]+)"', page))
    assert {link.removeprefix("#") for link in seen.links} <= targets


def test_what_people_and_devices_said_is_no_markup_on_paper() -> None:
    said = text_of(daily(worked())).replace(" ", "")
    assert "#pagebreak()" in said and "<script>" in said


def test_a_long_table_is_cut_on_the_page_and_whole_in_the_csv() -> None:
    many = []
    for k in range(ROWS_MOST + 20):
        # Far enough from each other that none is the reclosing of another.
        many += [tripped(20.0 * k, "F1"), stands(20.0 * k + 6, "F1", "closed")]
    report = outages(tuple(many), end=DAY.end + timedelta(days=9))
    rows = len(report.by_name["outages"].rows)
    assert rows == ROWS_MOST + 20
    assert f"{rows - ROWS_MOST} more rows are in the CSV" in html_of(report)
    assert len(read_csv(csv_of(report))["outages"].rows) == rows
