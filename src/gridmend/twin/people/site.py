"""The place of a job: what hinders work there, and how much of it there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gridmend.twin.people.crew import Job
from gridmend.twin.people.work import Pace, work_s
from gridmend.twin.streams import Streams


class Site(Protocol):
    """What crews meet where their jobs are."""

    def hinders(self, job: Job) -> str:
        """Why a crew that is there does not begin or go on, in words; empty where nothing does."""
        ...

    def work_s(self, job: Job, *, is_there: bool) -> float:
        """How long a job takes [s]: as foreseen when a crew leaves, as it is when one begins."""
        ...


@dataclass(frozen=True, slots=True)
class AsSaid:
    """Every job is what it says, and nothing hinders it."""

    pace: Pace
    streams: Streams

    def hinders(self, job: Job) -> str:
        """Nothing does."""
        return ""

    def work_s(self, job: Job, *, is_there: bool) -> float:
        """`work.work_s`, both times the same."""
        return work_s(job, self.pace, self.streams)
