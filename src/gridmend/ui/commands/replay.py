"""`gridmend replay`: a recording in the browser, read-only."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

HOST = "127.0.0.1"


def replay(
    folder: Annotated[Path, typer.Argument(help="Folder of a recording.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes one that is free.")] = 8080,
    model: Annotated[
        str | None, typer.Option(help="The model, where it is not in the recording.")
    ] = None,
    zone: Annotated[str, typer.Option(help="Time zone of what is shown.")] = "UTC",
    open_browser: Annotated[bool, typer.Option("--open", help="Open a browser.")] = False,
) -> None:
    """Show what a control room showed, for this machine alone.

    The folder is one that gridmend storm --record wrote, or that of a control room: it lies beside
    its journal and ends in .recording. Nothing can be changed, and every page says NOT LIVE.
    """
    begun = perf_counter()
    from gridmend.ui.web.opening import check_zone
    from gridmend.ui.web.replay_alone import opened_replay
    from gridmend.ui.web.server import bound, server_of

    check_zone(zone)
    with bound(HOST, port) as listening:
        from gridmend.ui import screen
        from gridmend.ui.model_input import read_solvable_grid

        grid = read_solvable_grid(model, root=None) if model is not None else None
        url = f"http://{HOST}:{listening.getsockname()[1]}"
        with opened_replay(folder, grid, zone) as app:

            def ready() -> None:
                took = perf_counter() - begun
                screen.show(f"NOT LIVE – a recording: {folder}")
                screen.show(f"it is at {url} (ready after {took:.1f} s; Ctrl-C ends it)")
                if open_browser:
                    import webbrowser

                    webbrowser.open(url)

            server_of(app, ready=ready).run([listening])
    screen.say("the replay has ended")
