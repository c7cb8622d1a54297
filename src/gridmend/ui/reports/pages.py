"""A report as PDF, by typst on this machine alone, and as one HTML file."""

from __future__ import annotations

import json
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from gridmend.model.errors import GridmendError
from gridmend.ui.reports.report import NOT_KNOWN, Report, Sheet, Value
from gridmend.ui.sheets.pdf import PAPERS

ROWS_MOST = 400
"""Rows of a table on a page; the CSV has all."""
WORDS = {
    "min": "[min]", "pct": "[%]", "mwh": "[MWh]", "kw": "[kW]", "s": "[s]",
}  # fmt: skip
"""Units at the end of a heading."""


def pdf_of(report: Report, *, paper: str = "a4") -> bytes:
    """The report as PDF. What it says reaches the page as data and never as markup.

    Raises `GridmendError` for an unknown paper.
    """
    return _set(report, paper=paper, form="pdf")


def pages_of(report: Report, *, paper: str = "a4") -> list[bytes]:
    """The same as pictures, a PNG a page."""
    found = _set(report, paper=paper, form="png")
    return found if isinstance(found, list) else [found]


def html_of(report: Report) -> str:
    """The report as one HTML file: no script, nothing fetched, fit to print."""
    style = files("gridmend.ui.reports").joinpath("report.css").read_text("utf-8")
    figures = "".join(
        f'<div class="figure"><b>{escape(f.text)}</b> <span class="unit">{escape(f.unit)}</span>'
        f'<span>{escape(f.label)}</span><a href="#{escape(f.of)}" title="'
        f'{escape(report.by_name[f.of].digest)}">{report.by_name[f.of].digest[:12]}</a></div>'
        for f in report.figures
    )
    doubts = "".join(f"<li>{escape(doubt)}</li>" for doubt in report.doubts)
    banner = '<p class="simulated">SIMULATED FIELD</p>' if report.is_simulated else ""
    about = f"{report.network} · {report.period}"
    journal = f"<p>{escape(report.asked.journal)}</p>" if report.asked.journal else ""
    body = (
        f"{banner}<h1>{escape(report.title)}</h1><p>{escape(about)}</p>{journal}"
        f'<section class="figures">{figures}</section>'
        + (f"<section><h2>Data quality</h2><ul>{doubts}</ul></section>" if doubts else "")
        + "".join(_table(sheet) for sheet in report.sheets)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(report.title)} – {escape(about)}</title><style>{style}</style></head>"
        f"<body><main>{body}</main></body></html>\n"
    )


def _table(sheet: Sheet) -> str:
    head = "".join(
        f"<th{_numeric(sheet, k)}>{escape(heading(name))}</th>"
        for k, name in enumerate(sheet.headings)
    )
    rows = "".join(
        "<tr>"
        + "".join(f"<td{_numeric(sheet, k)}>{escape(shown(v))}</td>" for k, v in enumerate(row))
        + "</tr>"
        for row in sheet.rows[:ROWS_MOST]
    )
    more = len(sheet.rows) - ROWS_MOST
    left = f"<p>{more:,} more rows are in the CSV.</p>" if more > 0 else ""
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{left}"
    return (
        f'<section id="{escape(sheet.name)}"><h2>{escape(sheet.title)}</h2>'
        + (f'<div class="wide">{table}</div>' if sheet.rows else f"<p>{escape(sheet.empty)}</p>")
        + f'<p class="source"><code>{escape(sheet.query)}</code><br>sha256 '
        f"<code>{sheet.digest}</code></p></section>"
    )


def _numeric(sheet: Sheet, column: int) -> str:
    return ' class="n"' if is_numeric(sheet, column) else ""


def is_numeric(sheet: Sheet, column: int) -> bool:
    """Whether a column holds numbers."""
    values = [row[column] for row in sheet.rows if row[column] is not None]
    return bool(values) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in values
    )


def heading(name: str) -> str:
    """A column's name in words, with its unit in brackets."""
    words = name.split("_")
    unit = WORDS.get(words[-1], "") if len(words) > 1 else ""
    said = " ".join([*words[:-1], unit] if unit else words)
    return said[:1].upper() + said[1:]


def shown(value: Value) -> str:
    """A value of a table as people read it."""
    if value is None:
        return NOT_KNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.4g}"
    return value


def _set(report: Report, *, paper: str, form: Literal["pdf", "png"]) -> Any:
    import matplotlib
    import typst

    if paper.lower() not in PAPERS:
        raise GridmendError(
            f"there is no paper '{paper}'", where="--paper", mend=f"choose {' or '.join(PAPERS)}"
        )
    page = files("gridmend.ui.reports").joinpath("report.typ").read_bytes()
    fonts: list[Any] = [str(Path(matplotlib.get_data_path()) / "fonts" / "ttf")]
    return typst.compile(
        page,
        format=form,
        sys_inputs={"report": json.dumps(_said(report) | {"paper": PAPERS[paper.lower()]})},
        font_paths=fonts,
        ignore_system_fonts=True,
        ppi=90.0 if form == "png" else None,
    )


def _said(report: Report) -> dict[str, Any]:
    return {
        "title": report.title,
        "network": report.network,
        "period": report.period,
        "journal": report.asked.journal,
        "simulated": report.is_simulated,
        "doubts": list(report.doubts),
        "figures": [
            [f.text, f.unit, f.label, report.by_name[f.of].title,
             report.by_name[f.of].digest[:12]]
            for f in report.figures
        ],
        "sheets": [
            {
                "title": sheet.title,
                "headings": [heading(name) for name in sheet.headings],
                "numeric": [is_numeric(sheet, k) for k in range(len(sheet.headings))],
                "rows": [[shown(value) for value in row] for row in sheet.rows[:ROWS_MOST]],
                "more": max(len(sheet.rows) - ROWS_MOST, 0),
                "empty": sheet.empty,
                "query": sheet.query,
                "digest": sheet.digest,
            }
            for sheet in report.sheets
        ],
    }  # fmt: skip
