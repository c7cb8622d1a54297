"""The scenarios that ship with the package."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from gridmend.formats.examples import FOLDER as EXAMPLES
from gridmend.model.errors import FormatError, nearest

FOLDER = EXAMPLES / "scenarios"
"""Where they lie, one file each."""
_BESIDE_MOST = 1000


def scenarios() -> tuple[str, ...]:
    """The names of the scenarios that ship, each of which `read_scenario` takes."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.yaml")))


def shipped(name: str) -> Path:
    """The file of a scenario that ships, whatever the case of its name; `FormatError` with the
    nearest names where there is none."""
    for known in scenarios():
        if name.lower() == known.lower():
            return FOLDER / f"{known}.yaml"
    near = nearest(name[:200], scenarios()) or _beside(name)
    raise FormatError(
        f"there is no file or scenario '{name[:200]}'",
        where=str(Path.cwd()),
        mend=near or f"the scenarios that ship are {', '.join(scenarios()) or 'not installed'}",
    )


def _beside(name: str) -> str:
    """A mend with the nearest files of the folder that was named."""
    try:
        there = sorted(islice(Path(name).parent.iterdir(), _BESIDE_MOST))
    except (OSError, ValueError):
        return ""
    near = nearest(Path(name).name[:200], [f.name for f in there if f.suffix in (".yaml", ".yml")])
    return f"in {Path(name).parent} {near}" if near else ""
