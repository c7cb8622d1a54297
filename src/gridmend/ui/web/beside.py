"""The room's journal, read beside the room so that who reads it holds up nobody there."""

from __future__ import annotations

from gridmend.runtime.journal import Journal
from gridmend.ui.web.problems import Problem
from gridmend.ui.web.serving import Serving


def is_beside(serving: Serving) -> bool:
    """Whether the journal can be read beside the room; one in memory is read by the room alone."""
    return serving.about.journal_url not in ("", "sqlite://")


def opened_journal(serving: Serving) -> Journal:
    """The room's journal to be read beside it, without holding it up."""
    if not is_beside(serving):
        raise Problem(404, "the journal is in memory, and is read by the room alone",
                      mend="start with --store FILE")  # fmt: skip
    return Journal.open(serving.about.journal_url, read_only=True)
