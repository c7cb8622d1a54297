"""The switching rules, stated once: every step is judged before anything moves."""

from gridmend.interlock.check import Judgement, check, examine
from gridmend.interlock.limits import Limits, Reading, violations

__all__ = ["Judgement", "Limits", "Reading", "check", "examine", "violations"]
