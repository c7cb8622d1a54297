"""Something that is out, as a foreman sees it: the device behind which it is, and its jobs."""

from __future__ import annotations

from dataclasses import dataclass, field

from gridmend.model.snapshot import Snapshot
from gridmend.twin.people.crew import Job, JobKind


@dataclass
class Incident:
    """What is out behind a device, and how far its mending has come.

    `stage` is wait, field, close or over. `jobs` are under way or wait for a crew; `found` is what
    patrols have named and nobody has mended yet, `patrolled` what they have walked, `tries` how
    often the device was closed in vain.
    """

    device: str
    due_s: float
    is_heard: bool
    """Whether the device itself said that it locked out."""
    before: Snapshot
    stage: str = "wait"
    jobs: dict[str, Job] = field(default_factory=dict[str, Job])
    found: list[str] = field(default_factory=list[str])
    patrolled: set[str] = field(default_factory=set[str])
    tries: int = 0
    reported: int = 0
    """Customers who said that they are out, where no device tells who is."""
    sought: tuple[str, ...] = ()
    """The elements of a suspected section, where it is only looked whether that is damaged."""

    def give(self, job: Job) -> None:
        """A job of its own, or one that another incident gave already."""
        self.stage = "field"
        self.jobs[job.name] = job

    def mending(self, element: str) -> Job | None:
        """The job of the repair of an element."""
        repairs = (job for job in self.jobs.values() if job.kind is JobKind.REPAIR)
        return next((job for job in repairs if element in job.elements), None)

    def mended(self, element: str) -> bool:
        """An element is mended; True where that was the last thing to do."""
        if element not in self.found:
            return False
        self.found.remove(element)
        job = self.mending(element)
        if job is not None:
            del self.jobs[job.name]
        return self.stage == "field" and not self.jobs
