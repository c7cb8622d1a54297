"""The files of a native grid: a folder or a zip file, read within bounds and never extracted."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from gridmend.model.errors import FormatError

ABOUT = "grid.json"
"""The file that makes a folder a native grid."""

FILE_LIMIT_BYTES = 2 * 1024**3
"""The largest file that is read."""

ENTRY_LIMIT = 1000
"""The most files that a zip may hold."""

RATIO_LIMIT = 250
"""How much smaller than its contents a zip of more than 64 MiB may be: beyond it is a bomb."""

_SMALL_BYTES = 64 * 1024**2
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def read_files(path: Path) -> dict[str, bytes]:
    """`grid.json` and every `.csv` of a folder or zip, by file name; `FormatError` otherwise."""
    try:
        files = _from_folder(path) if path.is_dir() else _from_zip(path)
    except FileNotFoundError:
        mend = "give the folder or zip file that `gridmend convert` wrote"
        raise FormatError(f"there is no '{path}'", mend=mend) from None
    except OSError as problem:
        raise FormatError(
            f"'{path}' cannot be read: {(problem.strerror or str(problem)).lower()}",
            where=str(path),
            mend="check the path and its permissions",
        ) from problem
    if ABOUT not in files:
        raise FormatError(
            f"'{path}' is not a native grid: it has no {ABOUT}",
            where=str(path),
            mend="give a folder or zip file that `gridmend convert` wrote",
        )
    return files


def write_files(out: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder, or a zip where the name ends in `.zip`; a grid written there before goes.

    Raises `FormatError` rather than mix its files with those of a folder that is no grid.
    """
    try:
        if out.suffix.lower() == ".zip":
            _write_zip(out, files)
        else:
            _write_folder(out, files)
    except OSError as problem:
        raise FormatError(
            f"'{out}' cannot be written: {(problem.strerror or str(problem)).lower()}",
            where=str(out.absolute().parent),
            mend="choose another place, or free space there",
        ) from problem


def _wanted(name: str) -> bool:
    return name == ABOUT or name.lower().endswith(".csv")


def _from_folder(path: Path) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for file in sorted(path.iterdir()):
        if not _wanted(file.name) or not file.is_file():
            continue
        if file.stat().st_size > FILE_LIMIT_BYTES:
            raise _too_large(file.name, str(path))
        files[file.name] = file.read_bytes()
    return files


def _from_zip(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [e for e in archive.infolist() if not e.is_dir()]
            _guard(path, entries)
            parent = _parent(path, entries)
            return {
                PurePosixPath(e.filename).name: archive.read(e)
                for e in entries
                if str(PurePosixPath(e.filename).parent) == parent
                and _wanted(PurePosixPath(e.filename).name)
            }
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as problem:
        raise FormatError(
            f"'{path}' is not a zip file that can be read: {problem}",
            where=str(path),
            mend="write it again with `gridmend convert`, without password",
        ) from problem


def _guard(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > ENTRY_LIMIT:
        raise FormatError(
            f"the zip holds {len(entries)} files; a grid has at most {ENTRY_LIMIT}",
            where=str(path),
            mend="give a zip file that `gridmend convert` wrote",
        )
    seen: set[str] = set()
    for entry in entries:
        parts = PurePosixPath(entry.filename.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or ":" in parts.parts[0]:
            raise FormatError(
                f"the zip's entry '{entry.filename}' points outside of it",
                where=str(path),
                mend="do not trust this file; ask its sender for another",
            )
        if entry.filename in seen:
            raise FormatError(
                f"the zip holds '{entry.filename}' twice",
                where=str(path),
                mend="write it again with `gridmend convert`",
            )
        seen.add(entry.filename)
    size = sum(e.file_size for e in entries)
    packed = sum(e.compress_size for e in entries)
    if size > FILE_LIMIT_BYTES or (size > _SMALL_BYTES and size > RATIO_LIMIT * packed):
        raise _too_large(f"{size} bytes out of {packed}", str(path))


def _parent(path: Path, entries: list[zipfile.ZipInfo]) -> str:
    found = [PurePosixPath(e.filename) for e in entries]
    parents = [str(f.parent) for f in found if f.name == ABOUT]
    if len(parents) > 1:
        raise FormatError(
            f"the zip holds {len(parents)} grids: in {', '.join(sorted(parents))}",
            where=str(path),
            mend="give one zip file a grid",
        )
    return parents[0] if parents else "."


def _too_large(what: str, where: str) -> FormatError:
    return FormatError(
        f"{what} is more than a grid's tables can be",
        where=where,
        mend="unpack it and give the folder, where you trust it",
    )


def _write_zip(out: Path, files: Mapping[str, bytes]) -> None:
    partial = out.with_name(out.name + ".partial")
    out.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            # A fixed date, so that equal grids are equal files.
            entry = zipfile.ZipInfo(name, _ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    partial.replace(out)


def _write_folder(out: Path, files: Mapping[str, bytes]) -> None:
    if out.exists() and not out.is_dir():
        raise FormatError(
            f"'{out}' is a file", where=str(out), mend="give a folder, or a name ending in .zip"
        )
    if out.is_dir() and any(out.iterdir()) and not (out / ABOUT).is_file():
        raise FormatError(
            f"the folder '{out}' holds other files and no grid",
            where=str(out),
            mend="give an empty or new folder",
        )
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        partial = out / (name + ".partial")
        partial.write_bytes(content)
        partial.replace(out / name)
    for file in out.iterdir():
        if file.suffix.lower() == ".csv" and file.name not in files:
            file.unlink()
