"""A control room opened over a journal, a field and a key: started, or started again."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from gridmend.interlock.check import Bench
from gridmend.model.adapter import Adapter
from gridmend.model.errors import GridmendError
from gridmend.model.grid import Grid
from gridmend.model.situation import Situation
from gridmend.runtime.control.kernel import Kernel
from gridmend.runtime.control.readback import resume
from gridmend.runtime.fold import as_document, from_document
from gridmend.runtime.gateway import Gateway, Sent, Signer
from gridmend.runtime.gateway.sent import SENT
from gridmend.runtime.historian import Historian
from gridmend.runtime.journal import Journal

KEEP_EVERY = 10_000
"""Entries after which the situation is kept anew, so that a start folds no more than these."""


def open_room(
    grid: Grid,
    adapter: Adapter,
    journal: Journal,
    *,
    now: Callable[[], datetime],
    sent: Path | None = None,
    signer: Signer | None = None,
    bench: Bench | None = None,
    historian: Historian | None = None,
    pause: Callable[[str], None] | None = None,
) -> Kernel:
    """A kernel with its gateway in this process, and whatever the journal says already folded.

    Commands that a crash left without an outcome are given up where they never left, and read
    back else. `sent` is the gateway's own file of ids that are used up; without it a crash of
    this process forgets them, so that whatever waits for an outcome may have left. `signer` is the
    key of the adapter's world, a new one unless given. `now` is the clock.
    """
    bench = bench or Bench.of(grid)
    signer = signer or Signer.new(adapter.world)
    start = kept_situation(grid, journal)
    ids = Sent(sent, now_s=now().timestamp())
    gateway = Gateway(
        adapter, journal, bench, verifier=signer.verifier(), sent=ids, now=now, pause=pause,
        start=start,
    )  # fmt: skip
    kernel = Kernel(
        bench, journal, gateway, signer, now=now, start=start, historian=historian, pause=pause
    )
    for id in kernel.situation.pending if sent is None else ():
        ids.mark(id, SENT, kernel.now_s)
    resume(kernel)
    return kernel


def kept_situation(grid: Grid, journal: Journal) -> Situation | None:
    """The situation that was kept last, where it can be read; the rest is folded on it."""
    kept = journal.kept()
    if kept.document is None:
        return None
    try:
        found = from_document(grid, json.loads(kept.document))
    except (ValueError, GridmendError):
        return None
    return found if found.sequence == kept.sequence else None


def keep_situation(kernel: Kernel, journal: Journal) -> bool:
    """Keep the present situation where `KEEP_EVERY` entries have come since the last was kept."""
    if kernel.sequence - journal.kept().sequence < KEEP_EVERY:
        return False
    document = json.dumps(as_document(kernel.grid, kernel.situation)).encode()
    journal.keep(document, kernel.sequence)
    return True
