"""A server of a recording alone: the same pages, and nothing behind them that goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI

from gridmend.model.errors import GridmendError
from gridmend.model.grid import Grid
from gridmend.runtime.live import Live
from gridmend.runtime.recording import RecordingError, identity_of, model_of
from gridmend.runtime.recording.attaching import TRENDS
from gridmend.runtime.recording.kept_trends import KeptTrends
from gridmend.runtime.recording.model import opened_alone
from gridmend.runtime.users.accounts import Accounts
from gridmend.runtime.users.sessions import Sessions
from gridmend.ui.web.app import app_of
from gridmend.ui.web.serving import About


@contextmanager
def opened_replay(folder: Path, model: Grid | None, zone: str) -> Iterator[FastAPI]:
    """The application over a recording, until this ends.

    A room of its network is opened at the recording's end and never started: it answers what the
    network is, and its clock stands. Raises `RecordingError` where the folder is no recording, or
    its network another than the model's.
    """
    recording, end = opened_alone(folder)
    grid = model or model_of(folder)
    live = Live.open(grid, "sqlite://", clock=lambda: end)
    try:
        identity = identity_of(live.grid.name, live.geometry)
        if identity.fingerprint != recording.identity.fingerprint:
            raise RecordingError(
                f"this is a recording of '{recording.identity.network}', and the model is another",
                where=str(folder), mend="name the model that it was recorded with: --model PATH",
            )  # fmt: skip
        trends = live.ask(lambda desk: desk.trends)
        trends.forget()
        kept = KeptTrends(folder / TRENDS, trends)
        kept.bring_back()
        accounts = Accounts.open("sqlite://", time.time, _nobody)
        try:
            yield app_of(
                live, accounts, Sessions(accounts), grid=live.grid,
                about=About(version("gridmend"), zone=zone), demonstration=True,
                recording=recording, is_replay=True,
            )  # fmt: skip
        finally:
            accounts.store.close()
    finally:
        live.stop()


def _nobody(*said: object) -> None:
    raise GridmendError(f"nothing is written down of a recording: {said[0]}")
