"""Dispatch by a plain rule, for runs without an operator."""

from __future__ import annotations

from collections.abc import Iterable

from gridmend.twin.people.crew import Job
from gridmend.twin.people.crews import Crews
from gridmend.twin.people.duty import State


def choose(jobs: Iterable[Job], crews: Crews, now_s: float) -> tuple[tuple[str, Job], ...]:
    """Which crews to send to which jobs now: pairs of a crew's name and a job.

    Jobs in order of priority, then of when a critical customer's own supply ends, then of
    customers (most first), then of name. To each goes the nearest able crew by travel time that
    adds a skill which is needed and not there or on its way, until all are; a job whose skills no
    idle crew completes waits, so that nobody is sent to wait. It sends nobody itself; crews do what
    is due up to `now_s`. The rule is our own.
    """
    crews.catch_up(now_s)
    free = {crew for crew in crews.names if crews.state(crew) is State.IDLE}
    sent: list[tuple[str, Job]] = []
    for job in sorted(jobs, key=_urgency):
        if not free:
            break
        team = _team(job, crews, free)
        free -= set(team)
        sent += [(crew, job) for crew in team]
    return tuple(sent)


def _urgency(job: Job) -> tuple[int, float, int, str]:
    return job.priority, job.needed_by_s, -job.customers, job.name


def _team(job: Job, crews: Crews, free: set[str]) -> list[str]:
    """The nearest crews that complete a job's skills; none where they do not."""
    able = [crew for crew in free if not crews.unable(crew, job)]
    able.sort(key=lambda crew: (crews.travel_s(crew, job), crew))
    missing = set(job.skills) - crews.skills_at(job.name)
    team: list[str] = []
    for crew in able:
        if missing & set(crews.skills(crew)):
            team.append(crew)
            missing -= set(crews.skills(crew))
    return [] if missing else team
