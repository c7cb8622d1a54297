"""The rules, one function each: why a step is forbidden, or nothing.

They need no solution of what follows; what a power flow says comes in `electric`.
"""

from __future__ import annotations

from collections.abc import Callable

from gridmend.interlock.move import Move
from gridmend.interlock.rules.ageing import fresh_data, reliance
from gridmend.interlock.rules.devices import capability, ramp, wear
from gridmend.interlock.rules.joining import radiality, synchronism
from gridmend.interlock.rules.work import clearance, ground, tags

Rule = Callable[[Move], str | None]

RULES: tuple[tuple[str, Rule], ...] = (
    ("tags", tags),
    ("clearance", clearance),
    ("ground", ground),
    ("radiality", radiality),
    ("synchronism", synchronism),
    ("capability", capability),
    ("wear", wear),
    ("wear", ramp),
    ("fresh data", fresh_data),
    ("fresh data", reliance),
)
"""Every rule by the name that a refusal bears."""
