"""Make the example networks: published OpenDSS models as native folders, each with its source."""

from __future__ import annotations

import math
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import ieee123
import neighbours8500

from gridmend.formats import native, opendss
from gridmend.model.errors import Finding
from gridmend.model.grid import Grid

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "src" / "gridmend" / "examples"
LICENCE = "BSD-3-Clause, Electric Power Research Institute"
FROM = "EPRI OpenDSS distribution (https://sourceforge.net/projects/electricdss)"


@dataclass(frozen=True)
class Example:
    """One network: its folder here, its master file there, and what was changed."""

    name: str
    title: str
    master: str
    document: str
    changes: tuple[str, ...] = ()
    made: Callable[[Grid], Grid] = lambda grid: grid
    coordinates: str = ""
    """A file beside the master of a bus and its coordinates a line, where it reads none."""


TEST_FEEDERS = "IEEE PES test feeders, https://cmte.ieee.org/pes-testfeeders/resources/"

EXAMPLES = (
    Example("ieee13", "IEEE 13-node test feeder", "ieee/13Bus/IEEE13Nodeckt.dss", TEST_FEEDERS),
    Example(
        "ieee34",
        "IEEE 34-node test feeder",
        "ieee/34Bus/ieee34Mod1.dss",
        TEST_FEEDERS,
        coordinates="IEEE34_BusXY.csv",
    ),
    Example("ieee37", "IEEE 37-node test feeder", "ieee/37Bus/ieee37.dss", TEST_FEEDERS),
    Example(
        "ieee123",
        "IEEE 123-node test feeder with switches, ties and neighbours",
        "ieee/123Bus/IEEE123Switches.dss",
        TEST_FEEDERS,
        ieee123.STATED,
        ieee123.with_assumptions,
        "BusCoords.dat",
    ),
    Example(
        "ieee8500",
        "IEEE 8500-node test feeder, unbalanced secondary loads",
        "ieee/8500-Node/Master-unbal.dss",
        "R. F. Arritt and R. C. Dugan, The IEEE 8500-node test feeder, IEEE PES T&D 2010",
    ),
    Example(
        "ieee8500x3",
        "three IEEE 8500-node feeders with remote switches and ties",
        "ieee/8500-Node/Master-unbal.dss",
        "R. F. Arritt and R. C. Dugan, The IEEE 8500-node test feeder, IEEE PES T&D 2010",
        neighbours8500.STATED,
        neighbours8500.side_by_side,
    ),
    Example(
        "ckt5",
        "EPRI circuit 5: a utility's 12.47 kV feeder",
        "epri/ckt5/Master_ckt5.dss",
        "EPRI test circuits, in the OpenDSS distribution",
    ),
)


def build(example: Example, feeders: Path, out: Path) -> Grid:
    """Write one example's folder: tables, licence and source."""
    master = feeders / example.master
    grid = opendss.read(master, root=feeders)
    if example.coordinates:
        grid = _placed(grid, master.with_name(example.coordinates))
    grid = example.made(grid)
    stated = f"{example.master}, {FROM}; {example.document}"
    findings = tuple(_without_folder(finding, feeders) for finding in grid.findings)
    grid = replace(grid, provenance=stated, findings=findings)
    folder = out / example.name
    if folder.exists():
        shutil.rmtree(folder)
    about = {"title": example.title, "source": stated, "licence": LICENCE}
    native.write(grid, folder, about=about)
    shutil.copyfile(feeders / "License.txt", folder / "LICENSE.txt")
    (folder / "LICENSE.txt").chmod(0o644)
    (folder / "SOURCE.md").write_text(_source(example), encoding="utf-8")
    return grid


def _placed(grid: Grid, file: Path) -> Grid:
    """The grid with the coordinates of a file of `bus x y` lines."""
    places = {
        words[0].lower(): (float(words[1]), float(words[2]))
        for words in (line.replace(",", " ").split() for line in file.read_text().splitlines())
        if len(words) == 3
    }
    nowhere = (math.nan, math.nan)
    xy = [places.get(bus.lower(), nowhere) for bus in grid.buses]
    buses = grid.buses.with_column("x", [x for x, _ in xy]).with_column("y", [y for _, y in xy])
    return grid.with_tables(buses=buses)


def _without_folder(finding: Finding, feeders: Path) -> Finding:
    """A finding that names files from the data folder on, whatever machine this ran on."""
    here = f"{feeders.resolve()}{os.sep}"
    texts = [t.replace(here, "") for t in (finding.what, finding.where, finding.mend)]
    return Finding(finding.severity, *texts)


def _source(example: Example) -> str:
    changes = example.changes or (
        "Nothing is added or changed: ratings are the file's own, and a load stands for one "
        "customer unless the file says otherwise.",
    )
    return "\n".join(
        [
            f"# {example.title}",
            "",
            f"Converted from `{example.master}` of the {FROM} by `tools/build_examples.py`.",
            f"Document: {example.document}.",
            "Licence: `LICENSE.txt` beside this file (BSD-3-Clause, EPRI).",
            "",
            "## What was changed or assumed",
            "",
            *(f"- {change}" for change in changes),
            "",
        ]
    )


def main() -> None:
    """Make all examples, or those named on the command line."""
    data = Path(os.environ.get("GRIDMEND_DATA", ROOT.parent / "shared" / "data"))
    wanted = set(sys.argv[1:]) or {example.name for example in EXAMPLES}
    for example in EXAMPLES:
        if example.name in wanted:
            grid = build(example, (data / "feeders").resolve(), OUT)
            print(f"{example.name}: {len(grid.buses)} buses, {grid.customer_count()} customers")


if __name__ == "__main__":
    main()
