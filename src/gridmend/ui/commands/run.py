"""`gridmend run`: the twin and its control room, at http://127.0.0.1:8080."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

EXAMPLE = "ieee123"
HOST = "127.0.0.1"


def run(
    path: Annotated[str, typer.Argument(help="Model file, folder or example.")] = EXAMPLE,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes one that is free.")] = 8080,
    store: Annotated[
        str | None,
        typer.Option(help="Where the journal is kept; without it, in your data folder."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides what chance brings.")] = 0,
    speed: Annotated[
        float, typer.Option(min=0, max=60, help="How fast time goes; 0 is paused.")
    ] = 1.0,
    zone: Annotated[str, typer.Option(help="Time zone of what is shown.")] = "UTC",
    recording: Annotated[
        Path | None, typer.Option(help="Folder of what was shown; else beside the journal.")
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Open a browser.")] = False,
) -> None:
    """Open the control room over a simulated field, for this machine alone.

    A demonstration operator is logged in without a password. Everything is simulated, and every
    page says so. It goes on until Ctrl-C; what was done is in the journal, and is there again the
    next time.
    """
    begun = perf_counter()
    from gridmend.ui.web.keeping import alone, store_of
    from gridmend.ui.web.opening import Wanted, check_zone, opened
    from gridmend.ui.web.server import bound, server_of

    check_zone(zone)
    with bound(HOST, port) as listening:
        from gridmend.ui import screen
        from gridmend.ui.model_input import read_solvable_grid

        grid = read_solvable_grid(path, root=None)
        kept = store or store_of(path)
        url = f"http://{HOST}:{listening.getsockname()[1]}"

        def ready() -> None:
            took = perf_counter() - begun
            screen.show(f"DEMONSTRATION – simulated field: {grid.name}")
            screen.show(f"the control room is at {url} (ready after {took:.1f} s; Ctrl-C ends it)")
            screen.say(f"journal: {kept}")
            if open_browser:
                import webbrowser

                webbrowser.open(url)

        wanted = Wanted(
            kept, demonstration=True, zone=zone, seed=seed, speed=speed, recording=recording
        )
        with alone(kept), opened(grid, wanted) as room:
            server_of(room.app, ready=ready).run([listening])
    screen.say("the control room has ended")
