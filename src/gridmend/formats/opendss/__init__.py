"""Reading models in the language of OpenDSS, without running anything they ask for."""

from __future__ import annotations

from pathlib import Path

from gridmend.formats.opendss.assembly import assemble
from gridmend.formats.opendss.files import ModelFiles
from gridmend.formats.opendss.given import Context
from gridmend.formats.opendss.journal import Journal
from gridmend.formats.opendss.script import Script
from gridmend.model.errors import FormatError, GridError
from gridmend.model.grid import Grid

__all__ = ["read"]


def read(path: Path, *, root: Path | None = None) -> Grid:
    """The grid of an OpenDSS model, with a finding for all that was not taken as it stands.

    Parameters
    ----------
    path
        The master file.
    root
        The folder below which every file of the model must lie; by default the folder above
        the master's own.

    Raises
    ------
    FormatError
        Where the file is missing, beyond the bounds in size, or defines no circuit.
    """
    path = Path(path)
    try:
        master = path.resolve(strict=True)
        plain = master.is_file()
    except (OSError, RuntimeError, ValueError) as problem:
        raise FormatError(f"'{path}' cannot be opened: {problem}") from problem
    if not plain:
        raise FormatError(f"'{path}' is not a plain file", mend="name the model's master file")
    files = ModelFiles(master.parent.parent if root is None else Path(root).resolve())
    journal = Journal(master.parent)
    script = Script(files, journal)
    try:
        script.run(master)
    except OSError as problem:
        raise FormatError(f"a file of the model cannot be read: {problem}") from problem
    if not script.store.circuit:
        raise FormatError(
            "the model defines no circuit",
            where=master.name,
            mend="an OpenDSS model has a line 'New Circuit.name'; is this its master file?",
        )
    context = Context(script.store, journal, files)
    try:
        return assemble(context, script.store.circuit, f"OpenDSS model {master.name}")
    except GridError as problem:
        raise FormatError(problem.what, where=master.name, mend=problem.mend) from problem
