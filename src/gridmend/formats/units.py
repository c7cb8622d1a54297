"""Units of length that model files use, converted to metres here and nowhere else."""

from __future__ import annotations

METRES: dict[str, float] = {
    "mi": 1609.344,
    "kft": 304.8,
    "km": 1000.0,
    "m": 1.0,
    "ft": 0.3048,
    "in": 0.0254,
    "cm": 0.01,
    "mm": 0.001,
}
"""Metres in each unit of length."""


def metres(unit: str) -> float | None:
    """Metres in one of a unit; None where the unit is left open ("none" or empty).

    Raises `KeyError` for a word that is no unit.
    """
    word = unit.lower()
    if word in ("", "none", "non", "no", "n"):
        return None
    return METRES[_FULL.get(word, word)]


def converted(*, of: str, to: str) -> float:
    """How many `to` make one `of`; 1 where either is left open."""
    first, second = metres(of), metres(to)
    return 1.0 if first is None or second is None else first / second


_FULL = {
    "mile": "mi",
    "miles": "mi",
    "meter": "m",
    "meters": "m",
    "metre": "m",
    "metres": "m",
    "me": "m",
    "feet": "ft",
    "foot": "ft",
    "f": "ft",
    "inch": "in",
    "inches": "in",
    "i": "in",
    "k": "kft",
}
