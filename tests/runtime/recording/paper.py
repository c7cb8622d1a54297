"""Views of paper: a few elements, and panels that are texts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np

from gridmend.runtime.live import Mode, Overview, View
from gridmend.runtime.recording import PARTS, Identity, Shot

START = datetime(2026, 11, 27, 17, tzinfo=UTC)
START_S = START.timestamp()
N = 17
PAPER = Identity("paper", N, "a" * 64)


def shot(at_s: float, draw: int = 0, *, number: int = 1, out: int = 0, **more: Any) -> Shot:
    """What is shown at a time after the start; equal draws show the same."""
    random = np.random.default_rng(draw)
    states = random.integers(0, 256, (8, N)).astype(np.uint8)
    parts = {name: f'["{name} {draw % 5}"]' for name in PARTS}
    return Shot(START_S + at_s, number, out, parts, states, **more)


class PaperStates:
    """Bytes that depend on a seed alone."""

    def __init__(self, draw: int) -> None:
        random = np.random.default_rng(draw)
        self.values = random.integers(0, 251, (len(Mode), N)).astype(np.uint8)
        self.flags = random.integers(0, 256, N).astype(np.uint8)

    def frame(self, mode: int) -> tuple[Any, Any]:
        return self.values[int(mode)], self.flags


def view(at_s: float, number: int, *, states: int = 0, out: int = 0, **rows: Any) -> View:
    """A view with these rows."""
    time = START + timedelta(seconds=at_s)
    overview = Overview(
        time=time, number=number, sequence=number, load_kw=1.0, source_kw=1.0, loss_kw=0.0,
        der_kw=0.0, customers=100, customers_out=out, critical_out=0, v_min_pu=1.0, v_max_pu=1.0,
        worst_bus="", converged=True,
    )  # fmt: skip
    none: Any = SimpleNamespace()
    paper: Any = PaperStates(states)
    return View(
        sequence=number, time_utc=time, number=number, situation=none, flow=none,
        converged=True, states=paper, overview=overview, **rows,
    )  # fmt: skip


def coded(view: View) -> Mapping[str, str]:
    """The panels of a view of paper."""
    rows = {name: repr(getattr(view, name)) for name in PARTS if name != "overview"}
    return {"overview": repr(view.overview.customers_out), **rows}
