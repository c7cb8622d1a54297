"""`gridmend convert`: a model from one format to another, or two models compared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def convert(
    path: Annotated[str, typer.Argument(help="Model file, folder or example.")],
    out: Annotated[
        Path | None, typer.Argument(help="Where to write it; the format follows from the name.")
    ] = None,
    compare: Annotated[
        str | None, typer.Option(help="Another model: say how it differs from PATH.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    root: Annotated[
        Path | None, typer.Option(help="Folder that files named inside the model must lie in.")
    ] = None,
) -> None:
    """Convert a model between formats (format from the name)."""
    from gridmend.model.errors import GridmendError
    from gridmend.ui import answer, screen
    from gridmend.ui.commands.check import counts
    from gridmend.ui.model_input import read_grid
    from gridmend.ui.output_file import same_file

    if out is None and compare is None:
        raise GridmendError(
            "there is nothing to do", where="gridmend convert", mend="name OUT, or --compare OTHER"
        )
    if out is not None and same_file(Path(path), out):
        raise GridmendError(
            f"{out} is also the input", where="OUT", mend="choose another name for the output"
        )
    if out is not None and not out.absolute().parent.is_dir():
        folder = out.absolute().parent
        raise GridmendError(f"there is no folder {folder}", where="OUT", mend=f"mkdir -p {folder}")
    grid = read_grid(path, root=root)
    said: dict[str, object] = {"counts": counts(grid)}
    if out is not None:
        from gridmend.formats.read import write

        write(grid, out)
        said["out"] = str(out)
    if compare is not None:
        from gridmend.model.difference import difference

        said["differences"] = [
            str(item) for item in difference(grid, read_grid(compare, root=root))
        ]
    if json:
        answer.say_json(said)
        return
    if out is not None:
        screen.show(f"wrote {out}: {len(grid.buses)} buses, {grid.customer_count()} customers")
    if compare is not None:
        differences = said["differences"]
        assert isinstance(differences, list)
        screen.show(*(differences or [f"{path} and {compare} are the same grid"]))
