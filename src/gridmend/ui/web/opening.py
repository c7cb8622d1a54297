"""Opening a control room with its server, from a model and a store."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import FastAPI

from gridmend.model.errors import GridmendError
from gridmend.model.grid import Grid
from gridmend.runtime.journal.address import Address
from gridmend.runtime.live import Live
from gridmend.runtime.recording import Recording, recorded
from gridmend.runtime.users.accounts import Accounts
from gridmend.runtime.users.outbox import Teller
from gridmend.runtime.users.sessions import Sessions
from gridmend.ui.web.app import app_of
from gridmend.ui.web.recorded import Panels
from gridmend.ui.web.serving import About


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a control room is opened. `store` is where the journal and the accounts are kept,
    `recording` the folder of what was shown, where it is not beside the store."""

    store: str
    demonstration: bool = False
    secure: bool = False
    zone: str = "UTC"
    seed: int = 0
    speed: float = 1.0
    recording: Path | None = None


@dataclass(frozen=True, eq=False)
class Opened:
    """A control room that runs, and its application; `setup` is the token of the first account."""

    live: Live
    app: FastAPI
    setup: str = ""
    accounts: Accounts | None = field(default=None)


def check_zone(zone: str) -> None:
    """Raise `GridmendError` for a time zone that is none."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise GridmendError(
            f"there is no time zone '{zone}'", where="--zone", mend="write Europe/Vienna or UTC"
        ) from None


@contextmanager
def opened(grid: Grid, wanted: Wanted) -> Iterator[Opened]:
    """A control room over the twin of a grid, that runs until this ends."""
    live = Live.open(
        grid, wanted.store, clock=lambda: datetime.now(UTC), seed=wanted.seed, speed=wanted.speed
    )
    live.start()
    folder = wanted.recording or recording_folder(wanted.store)
    try:
        with recorded(live, Panels(), folder, must=wanted.recording is not None) as recorder:
            yield from _opened(live, wanted, recorder.recording)
    finally:
        live.stop()


def recording_folder(store: str) -> Path | None:
    """Where the recording of a store lies: beside its file; None, in memory, where it has none."""
    path = Address.of(store).path
    return None if path is None else path.with_name(path.name + ".recording")


def _opened(live: Live, wanted: Wanted, recording: Recording) -> Iterator[Opened]:
    accounts = Accounts.open(wanted.store, time.time, _teller(live))
    try:
        setup = ""
        if not wanted.demonstration and accounts.needs_setup():
            setup = secrets.token_urlsafe(24)
            accounts.offer_setup(setup)
        app = app_of(
            live, accounts, Sessions(accounts), grid=live.grid,
            about=About(version("gridmend"), zone=wanted.zone, journal_url=wanted.store),
            demonstration=wanted.demonstration, secure=wanted.secure, recording=recording,
        )  # fmt: skip
        yield Opened(live, app, setup, accounts)
    finally:
        accounts.store.close()


def _teller(live: Live) -> Teller:
    """Writes down in the journal what is changed of accounts, and who logged in."""

    def tell(kind: str, said: dict[str, str], once: str) -> None:
        live.ask(lambda desk: desk.tell(kind, said, once))

    return tell
