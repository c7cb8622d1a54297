"""`gridmend demo`: a fault on the example network healed, as text and picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXAMPLE = "ieee123"


def demo(
    fault: Annotated[str, typer.Option(help="Line that fails at 17:30.")] = "L52",
    out: Annotated[
        Path, typer.Option(help="Folder for the picture; it is made where it is missing.")
    ] = Path("gridmend-demo"),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Heal a fault on the example network.

    A summer day by quarter-hours, then the same day with a permanent fault at 17:30: by the
    crew alone, and healed by switching, each step checked by power flow.
    """
    from gridmend.model.errors import GridmendError
    from gridmend.ui import answer

    if out.exists() and not out.is_dir():
        raise GridmendError(f"{out} is a file, not a folder", where="--out", mend="name a folder")
    if not out.absolute().parent.is_dir():
        raise GridmendError(
            f"there is no folder {out.absolute().parent}", where="--out", mend="make it first"
        )

    from gridmend.formats.read import read
    from gridmend.ui.demonstration import run_demonstration, show_demonstration

    found = run_demonstration(read(EXAMPLE), fault, out)
    if json:
        answer.say_json(found.as_json())
    else:
        show_demonstration(found)
