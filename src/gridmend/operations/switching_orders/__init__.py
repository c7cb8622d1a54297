"""Switching orders: a request for work made into a sheet that is judged line by line."""

from gridmend.operations.switching_orders.drafting import draft
from gridmend.operations.switching_orders.lines import Durations
from gridmend.operations.switching_orders.request import Kind, Loops, Request, emergency
from gridmend.operations.switching_orders.sheet import Line, Phase, Sheet

__all__ = ["Durations", "Kind", "Line", "Loops", "Phase", "Request", "Sheet", "draft", "emergency"]
