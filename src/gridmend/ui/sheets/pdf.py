"""A switching order set as a PDF by typst, on this machine alone."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from gridmend.model.errors import GridmendError
from gridmend.model.grid import Grid
from gridmend.operations.switching_orders.sheet import Sheet
from gridmend.ui.sheets.contents import contents
from gridmend.ui.sheets.diagram import diagram

PAPERS = {"a4": "a4", "letter": "us-letter"}


def pdf_of(sheet: Sheet, grid: Grid | None = None, *, paper: str = "a4") -> bytes:
    """The sheet as PDF; with its grid also with a picture of the zone.

    Names and reasons reach the page as data and never as markup. Nothing is fetched: the fonts
    are those that typst and Matplotlib bring. Raises `GridmendError` for an unknown paper.
    """
    return _set(sheet, grid, paper=paper, form="pdf")


def pages_of(sheet: Sheet, grid: Grid | None = None, *, paper: str = "a4") -> list[bytes]:
    """The same as pictures, a PNG a page."""
    found = _set(sheet, grid, paper=paper, form="png")
    return found if isinstance(found, list) else [found]


def _set(sheet: Sheet, grid: Grid | None, *, paper: str, form: Literal["pdf", "png"]) -> Any:
    import matplotlib
    import typst

    if paper.lower() not in PAPERS:
        raise GridmendError(
            f"there is no paper '{paper}'", where="--paper", mend=f"choose {' or '.join(PAPERS)}"
        )
    picture = diagram(grid, sheet) if grid is not None else ""
    shown = {**contents(sheet, diagram=picture), "paper": PAPERS[paper.lower()]}
    page = files("gridmend.ui.sheets").joinpath("sheet.typ").read_bytes()
    fonts: list[Any] = [str(Path(matplotlib.get_data_path()) / "fonts" / "ttf")]
    return typst.compile(
        page,
        format=form,
        sys_inputs={"sheet": json.dumps(shown)},
        font_paths=fonts,
        ignore_system_fonts=True,
        ppi=110.0 if form == "png" else None,
    )
