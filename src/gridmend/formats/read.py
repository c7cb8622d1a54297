"""One way in and out: a path or an example's name, the format told by what is there."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from gridmend.formats import branch_tables, native
from gridmend.formats.examples import FOLDER, example, examples
from gridmend.formats.native_files import ABOUT
from gridmend.formats.section_tables import is_section_table
from gridmend.formats.section_tables import read as read_sections
from gridmend.model.errors import FormatError, nearest
from gridmend.model.grid import Grid

SUPPORTED = "an OpenDSS file (.dss), a native folder or .zip, a *_branch.csv or a *_sections.csv"
"""What can be read."""

BESIDE_MOST = 1000
"""Files of a folder among which a name that is not there is looked for."""


def read(
    path_or_example: str | Path, *, root: Path | None = None, example_folder: Path = FOLDER
) -> Grid:
    """Read a grid from a file, a folder or the name of an example.

    Parameters
    ----------
    path_or_example
        A `.dss` file; a folder with one `Master*.dss` or one `.dss` in all; a native folder or
        `.zip`; a `*_branch.csv` with its `*_bus.csv` beside it, a `*_sections.csv` with its
        `*_load_points.csv`; or the name of an example. What exists as a path is taken as one.
    root
        Folder beyond which an OpenDSS file may not redirect.
    example_folder
        Where examples are looked for.

    Raises
    ------
    FormatError
        Where nothing is there, or it cannot be read: what, where and how to mend.
    """
    path = Path(path_or_example)
    if not str(path_or_example).strip():
        raise FormatError("the name of the model is empty", mend=f"give {SUPPORTED}")
    try:
        there = path.exists()
    except (OSError, ValueError):
        there = False
    if not there:
        return _read_example(path, str(path_or_example), example_folder)
    if path.is_dir():
        return native.read(path) if (path / ABOUT).is_file() else _read_dss(_master(path), root)
    if path.suffix.lower() == ".zip":
        return native.read(path)
    if path.suffix.lower() == ".dss":
        return _read_dss(path, root)
    if path.name == ABOUT:
        return native.read(path.parent)
    if branch_tables.is_branch_table(path):
        return branch_tables.read(path)
    if is_section_table(path):
        return read_sections(path)
    raise FormatError(
        f"'{path.name}' is of no format that can be read", where=str(path), mend=f"give {SUPPORTED}"
    )


def write(grid: Grid, out: str | Path) -> None:
    """Write a grid in the format that the name of `out` says: a native folder or `.zip`.

    Raises `FormatError` for other formats, or where it cannot be written.
    """
    path = Path(out)
    if path.is_dir() or path.suffix.lower() in ("", ".zip"):
        native.write(grid, path)
        return
    raise FormatError(
        f"there is no writer for '{path.suffix}'",
        where=str(path),
        mend="give a folder, or a name ending in .zip",
    )


def _read_example(path: Path, name: str, folder: Path) -> Grid:
    known = [found.name for found in examples(folder)]
    if name.lower() in (found.lower() for found in known):
        return native.read(example(name, folder).path)
    listed = ", ".join(known) or "not installed"
    near = nearest(name[:200], known) or _beside(path)
    raise FormatError(
        f"there is no file, folder or example '{name[:200]}'",
        where=str(Path.cwd()),
        mend=near or f"give {SUPPORTED}; the examples are {listed}",
    )


def _beside(path: Path) -> str:
    """A mend with the nearest names of what can be read in the folder of a path."""
    try:
        there = sorted(islice(path.parent.iterdir(), BESIDE_MOST))
    except (OSError, ValueError):
        return ""
    near = nearest(path.name[:200], [f.name for f in there if f.suffix.lower() in (".dss", ".zip")])
    return f"in {path.parent} {near}" if near else ""


def _read_dss(path: Path, root: Path | None) -> Grid:
    from gridmend.formats import opendss

    return opendss.read(path, root=root)


def _master(folder: Path) -> Path:
    scripts = sorted(f for f in folder.iterdir() if f.suffix.lower() == ".dss" and f.is_file())
    masters = [f for f in scripts if f.name.lower().startswith("master")]
    for only in (masters, scripts):
        if len(only) == 1:
            return only[0]
    if masters:
        which, mend = masters, "give the one that you mean as a file"
        what = f"'{folder}' holds {len(masters)} master files"
    elif scripts:
        which, mend = scripts, "give the file that makes the circuit"
        what = f"'{folder}' holds no Master*.dss"
    else:
        which, mend = [], f"give {SUPPORTED}"
        what = f"'{folder}' holds no grid: neither {ABOUT} nor a .dss file"
    shown = ", ".join(f.name for f in which[:12]) + (", …" if len(which) > 12 else "")
    raise FormatError(what, where=f"{folder}: {shown}" if which else str(folder), mend=mend)
