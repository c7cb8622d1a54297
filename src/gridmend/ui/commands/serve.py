"""`gridmend serve`: the control room for people with accounts."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gridmend.ui.web.server import Tls

EXAMPLE = "ieee123"


def serve(
    path: Annotated[str, typer.Argument(help="Model file, folder or example.")] = EXAMPLE,
    host: Annotated[str, typer.Option(help="Address that is listened on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes one that is free.")] = 8080,
    store: Annotated[
        str | None,
        typer.Option(help="A SQLite file, or postgresql://USER@HOST/DATABASE."),
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(help="Certificate with its chain, as PEM.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="The certificate's key, as PEM.")] = None,
    behind_tls: Annotated[
        bool, typer.Option("--behind-tls", help="TLS ends at a proxy before this server.")
    ] = False,
    zone: Annotated[str, typer.Option(help="Time zone of what is shown.")] = "UTC",
    seed: Annotated[int, typer.Option(min=0, help="Decides what chance brings.")] = 0,
    recording: Annotated[
        Path | None, typer.Option(help="Folder of what was shown; else beside the journal.")
    ] = None,
) -> None:
    """Open the control room for people with accounts, over a simulated field.

    At the first start it prints a link that makes the first account, once and within an hour;
    there is no default password. Beyond this machine it is spoken to by TLS alone.
    """
    begun = perf_counter()
    from gridmend.ui.web.keeping import alone, store_of
    from gridmend.ui.web.opening import Wanted, check_zone, opened
    from gridmend.ui.web.server import bound, server_of

    check_zone(zone)
    tls = _tls(host, tls_cert, tls_key, behind_tls=behind_tls)
    with bound(host, port) as listening:
        from gridmend.ui import screen
        from gridmend.ui.model_input import read_solvable_grid

        grid = read_solvable_grid(path, root=None)
        kept = store or store_of(path)
        shown = f"[{host}]" if ":" in host else host
        scheme = "https" if tls else "http"
        url = f"{scheme}://{shown}:{listening.getsockname()[1]}"
        is_secure = tls is not None or behind_tls
        wanted = Wanted(kept, secure=is_secure, zone=zone, seed=seed, recording=recording)
        with alone(kept), opened(grid, wanted) as room:

            def ready() -> None:
                took = perf_counter() - begun
                screen.show(f"simulated field: {grid.name}")
                screen.show(f"the control room is at {url} (ready after {took:.1f} s)")
                if room.setup:
                    screen.show("make the first account, once and within an hour:")
                    screen.show(f"  {url}/#/setup?token={room.setup}")

            server_of(room.app, tls=tls, ready=ready).run([listening])
    screen.say("the control room has ended")


def _tls(host: str, cert: Path | None, key: Path | None, *, behind_tls: bool) -> Tls | None:
    """The certificate, where one is given; refused where passwords would go in the open."""
    from gridmend.model.errors import GridmendError
    from gridmend.ui.web.server import Tls, is_loopback

    if cert is not None and key is not None:
        tls = Tls(cert, key)
        tls.check()
        return tls
    if cert is not None or key is not None:
        raise GridmendError(
            "a certificate and its key go together", where="--tls-cert, --tls-key",
            mend="give both",
        )  # fmt: skip
    if not is_loopback(host) and not behind_tls:
        raise GridmendError(
            "passwords would go over the network in the open", where=f"--host {host}",
            mend="give --tls-cert and --tls-key, or --behind-tls where a proxy ends TLS",
        )  # fmt: skip
    return None
