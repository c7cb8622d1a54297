"""The documentation: generated pages are up to date, and links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gridmend.model.schema import SCHEMAS

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").rglob("*.md"))


def test_generated_pages_are_what_the_code_says() -> None:
    check = [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"]
    result = subprocess.run(check, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_page_of_units_has_every_table_and_column() -> None:
    page = (ROOT / "docs" / "units.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    for schema in SCHEMAS:
        documented = re.findall(r"^\| `(\w+)` \|", sections[schema.name], re.MULTILINE)
        assert documented == [column.name for column in schema.columns], schema.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    anchors = {f"#{name}" for name in re.findall(r"^## (\w+)$", text, re.MULTILINE)}
    for link in re.findall(r"\]\(([^)]+)\)", text):
        if link.startswith("#"):
            assert link in anchors, f"{page.name}: {link}"
        elif "://" not in link:
            assert (page.parent / link.split("#")[0]).is_file(), f"{page.name}: {link}"


def test_every_room_has_a_page() -> None:
    rooms = {f.parent.name for f in (ROOT / "src" / "gridmend").glob("*/__init__.py")}
    missing = {room for room in rooms if not (ROOT / "docs" / f"{room}.md").is_file()}
    assert not missing, f"docs/<room>.md is missing for {', '.join(sorted(missing))}"


PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
WITH_CODE = [page for page in PAGES if PYTHON.search(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: page.stem)
def test_what_a_page_shows_in_python_runs_as_written(page: Path, tmp_path: Path) -> None:
    for code in PYTHON.findall(page.read_text(encoding="utf-8")):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout


@pytest.mark.parametrize("room", ["model", "formats", "powerflow", "interlock", "operations"])
def test_a_rooms_page_says_its_limits_or_formats_and_how_it_is_checked(room: str) -> None:
    page = (ROOT / "docs" / f"{room}.md").read_text(encoding="utf-8")
    assert "## How it is checked" in page
    assert PYTHON.search(page)
