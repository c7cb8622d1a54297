"""Alarms by ISA-18.2 and EEMUA 191: a fold of the journal, and conditions judged on a flow.

    alarms = Alarms.of(grid)
    for entry in journal.read(0):
        alarms = alarms.heard(entry.event, entry.sequence)      # cheap; frozen in, frozen out
    judge = Judge.of(grid)                                      # once a grid
    found = conditions(grid, flow, situation, now=now, judge=judge)
    alarms, events = alarms.judged(found, now)                  # delays run in `alarms`
    kernel.record(events)                                       # `alarm_raised`, `alarm_cleared`
    alarms.listed(now, area=None)                               # tuple[Alarm, ...], worst first
    alarms.rate(now, area=None)                                 # Rate: per_10_min, target, flood
    kernel.record(alarms.acknowledging(ids, by="ann", now=now))
    kernel.record(alarms.shelving(id, minutes=60, reason="known", by="ann", now=now))
    kernel.record(alarms.unshelving(id, by="ann", now=now))

What was recorded is heard like any other event.
"""

from gridmend.operations.alarms.alarm import Alarm, AlarmState
from gridmend.operations.alarms.alarms import Alarms
from gridmend.operations.alarms.condition import Condition
from gridmend.operations.alarms.flood import Rate
from gridmend.operations.alarms.judge import Judge, conditions
from gridmend.operations.alarms.kinds import KINDS, Kind

__all__ = [
    "KINDS",
    "Alarm",
    "AlarmState",
    "Alarms",
    "Condition",
    "Judge",
    "Kind",
    "Rate",
    "conditions",
]
