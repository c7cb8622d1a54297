"""What the language begins with before a model says a word: its own time-current curves."""

from __future__ import annotations

from pathlib import Path

from gridmend.formats.opendss.journal import Where

OWN: Where = (Path("OpenDSS"), 0)
"""Where its own things are said to be."""

_INVERSE = "1.1 1.3 1.5 2 3 4 5 6 7 8 9 10 20 50 100"

CURVES: dict[str, tuple[str, str]] = {
    "a": (
        "1 2.5 4.5 8 14",
        "0.15 0.07 0.05 0.045 0.045",
    ),
    "d": (
        "1 2.5 4.5 8 14",
        "6 0.7 0.2 0.06 0.02",
    ),
    "tlink": (
        "2 2.1 3 4 6 22 50",
        "300 100 10.1 4 1.4 0.1 0.02",
    ),
    "klink": (
        "2 2.2 3 4 6 30",
        "300 20 4 1.3 0.41 0.02",
    ),
    "uv1547": (
        "0.5 0.9",
        "0.166 2",
    ),
    "ov1547": (
        "1.1 1.2",
        "2 0.166",
    ),
    "mod_inv": (
        _INVERSE,
        "27.1053 9.9029 6.439 3.8032 2.4322 1.9458 1.6883 1.5255 "
        "1.4117 1.3267 1.2604 1.2068 0.9481 0.7468 0.6478",
    ),
    "very_inv": (
        _INVERSE,
        "93.872 28.9113 16.179 7.0277 2.9423 1.7983 1.3081 1.0513 "
        "0.8995 0.8023 0.7361 0.6891 0.5401 0.4988 0.493",
    ),
    "ext_inv": (
        _INVERSE,
        "134.4074 40.9913 22.6817 9.5217 3.6467 2.0017 1.2967 0.9274 "
        "0.7092 0.5693 0.4742 0.4065 0.1924 0.133 0.1245",
    ),
    "definite": (
        "1 1.001 100",
        "300 1 1",
    ),
}
"""Multiples and times [s] of its own curves, by name; `uv1547` and `ov1547` are of voltage."""


def said_of(curve: str) -> list[tuple[str, str, Where]]:
    """What is said of one of its own curves before a model says more; empty of another."""
    if curve not in CURVES:
        return []
    multiples, times = CURVES[curve]
    points = str(len(multiples.split()))
    return [("npts", points, OWN), ("c_array", multiples, OWN), ("t_array", times, OWN)]
