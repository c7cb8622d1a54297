"""Reading the files of a model: inside its own tree only, in bounded size, in either case."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gridmend.model.errors import FormatError

MAXIMUM_FILE_BYTES = 512 * 1024 * 1024
MAXIMUM_LINE_BYTES = 10 * 1024 * 1024
MAXIMUM_TOTAL_BYTES = 1024 * 1024 * 1024
MAXIMUM_FILES = 2000


@dataclass(slots=True)
class ModelFiles:
    """The files of one model, below `root`; counts what was read so that reading ends."""

    root: Path
    files_read: int = 0
    bytes_read: int = 0
    _folders: dict[Path, dict[str, str]] = field(default_factory=dict[Path, dict[str, str]])

    def find(self, name: str, folder: Path) -> Path:
        """The file of that name seen from a folder, whatever the case and the slashes.

        Raises `FormatError` where it is missing, no plain file, or outside the model's tree.
        """
        wanted = Path(name.replace("\\", "/").replace("\0", " ").strip())
        try:
            path = self._resolved(folder / wanted)
            if path is None:
                raise FormatError(
                    f"there is no file '{name[:200]}'",
                    mend=f"put it below {self.root}, or correct the name",
                )
            if not path.is_relative_to(self.root):
                raise FormatError(
                    f"'{name[:200]}' lies outside the model's folder",
                    mend="move it beside the model, or pass root= to allow a wider tree",
                )
            if not path.is_file():
                raise FormatError(f"'{name[:200]}' is not a plain file")
        except (OSError, ValueError, RuntimeError) as problem:
            raise FormatError(f"'{name[:200]}' cannot be opened: {problem}") from problem
        return path

    def _resolved(self, path: Path) -> Path | None:
        if path.exists():
            return path.resolve()
        at = Path(path.anchor) if path.is_absolute() else Path()
        for part in path.parts[1 if path.is_absolute() else 0 :]:
            if part == "..":
                at = at.resolve().parent
                continue
            step = at / part
            if not step.exists():
                other = self._entries(at).get(part.lower())
                if other is None:
                    return None
                step = at / other
            at = step
        return at.resolve()

    def _entries(self, folder: Path) -> dict[str, str]:
        if folder not in self._folders:
            # Only folders of the model are listed: a name elsewhere must be exact to be refused.
            inside = folder.resolve().is_relative_to(self.root) and folder.is_dir()
            names = [entry.name for entry in folder.iterdir()] if inside else []
            self._folders[folder] = {entry.lower(): entry for entry in names}
        return self._folders[folder]

    def lines(self, path: Path) -> Iterator[str]:
        """The lines of a text file, read as they are asked for; NUL bytes are white space.

        Raises `FormatError` for a file or line beyond the bounds.
        """
        self._count(path)
        with path.open("rb") as stream:
            row = 0
            while raw := stream.readline(MAXIMUM_LINE_BYTES + 1):
                row += 1
                if len(raw) > MAXIMUM_LINE_BYTES:
                    raise FormatError(
                        f"a line is longer than {MAXIMUM_LINE_BYTES:,} bytes",
                        where=f"{path.name}:{row}",
                        mend="split the line with '~', or move its array to a file",
                    )
                if row == 1:
                    raw = raw.removeprefix(b"\xef\xbb\xbf")
                yield decoded(raw)

    def content(self, path: Path) -> bytes:
        """All bytes of a file, for arrays that a model keeps in files."""
        self._count(path)
        return path.read_bytes()

    def _count(self, path: Path) -> None:
        size = path.stat().st_size
        self.files_read += 1
        self.bytes_read += size
        if size > MAXIMUM_FILE_BYTES:
            raise FormatError(
                f"the file has {size:,} bytes, more than {MAXIMUM_FILE_BYTES:,}", where=path.name
            )
        if self.files_read > MAXIMUM_FILES or self.bytes_read > MAXIMUM_TOTAL_BYTES:
            raise FormatError(
                f"the model reads {self.files_read:,} files of {self.bytes_read:,} bytes in all",
                where=path.name,
                mend=f"the bounds are {MAXIMUM_FILES:,} files and {MAXIMUM_TOTAL_BYTES:,} bytes",
            )


def decoded(raw: bytes) -> str:
    """UTF-8 text, else Latin-1, NUL bytes as blanks."""
    if b"\0" in raw:
        raw = raw.replace(b"\0", b" ")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
