"""Figures of the time until supply is back, fitted to a year of a utility's outages.

Source: outages of 2021 as the public map of a large Californian utility showed them (public outage
map archive, Apache-2.0), fitted by `benchmarks/restoration_times.py`; no row of it is here.
"""

from __future__ import annotations

LABELS = ("unknown", "weather", "equipment", "vehicle", "other")
"""Causes as a utility tells them; the first is that nothing is told."""

KNOTS: tuple[float, ...] = tuple(k / 40 for k in range(41))
"""Shares at which a law's own shares are set right."""

# fmt: off
MEAN: tuple[float, ...] = (
    4.544, 0.101, 1.099, 1.554, 0.264, -0.379, 0.38, 0.314, 0.143, 0.257, 0.132, -0.052, 0.038,
    0.079, -0.011,
)
"""Mean of the logarithm of the duration [min]: constant; weather, equipment, vehicle, other told;
storm day, and with each of the four; night, evening; logarithm of the backlog, of base 10 of the
customers; a single customer."""

SPREAD: tuple[float, ...] = (
    0.057, 0.176, -0.208, -0.538, -0.062, 0.379, -0.138, -0.176, -0.476, -0.265,
)
"""Logarithm of the spread: constant; the four causes; storm day, and with each of the four."""

CALIBRATED: tuple[tuple[float, ...], tuple[float, ...]] = (
    (
        0.0, 0.014, 0.031, 0.052, 0.076, 0.11, 0.143, 0.178, 0.211, 0.241, 0.271, 0.299, 0.326,
        0.352, 0.378, 0.402, 0.425, 0.448, 0.47, 0.491, 0.513, 0.535, 0.557, 0.578, 0.6, 0.622,
        0.644, 0.668, 0.691, 0.715, 0.738, 0.762, 0.787, 0.814, 0.841, 0.87, 0.897, 0.924,
        0.949, 0.974, 1.0,
    ),
    (
        0.0, 0.013, 0.027, 0.038, 0.054, 0.083, 0.112, 0.137, 0.166, 0.195, 0.22, 0.246, 0.274,
        0.3, 0.325, 0.35, 0.374, 0.399, 0.425, 0.45, 0.476, 0.502, 0.528, 0.555, 0.582, 0.61,
        0.639, 0.668, 0.693, 0.719, 0.746, 0.774, 0.802, 0.829, 0.854, 0.878, 0.9, 0.921, 0.941,
        0.97, 1.0,
    ),
)
# fmt: on
"""On ordinary days and on storm days: the share of the law that `KNOTS` of the outages kept for
calibration did not exceed."""
