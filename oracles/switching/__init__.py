"""What is safe and what is legal in a small network, told without the interlock: sets and dicts."""

from oracles.switching.authority import why_inadmissible
from oracles.switching.known import Known, known
from oracles.switching.legal import is_legal, why_illegal
from oracles.switching.plant import Plant
from oracles.switching.truth import Sent, Truth, alive, islands, live, unsafe, unsafe_operation

__all__ = [
    "Known",
    "Plant",
    "Sent",
    "Truth",
    "alive",
    "is_legal",
    "islands",
    "known",
    "live",
    "unsafe",
    "unsafe_operation",
    "why_illegal",
    "why_inadmissible",
]
