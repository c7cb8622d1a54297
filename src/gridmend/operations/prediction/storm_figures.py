"""Figures of the time until supply is back in a storm, fitted to storms on the twin.

Source: `benchmarks/storm_restoration.py --fit`, 27 storms on the 123-bus feeder, by crews alone.
"""

from __future__ import annotations

SHARES: tuple[float, ...] = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
"""Shares at which residuals stand."""

# fmt: off
MEAN: dict[str, tuple[float, ...]] = {
    "detected": (6.374, -0.220, -0.345, 0.261, 0.000, 0.000, -0.211, 0.113),
    "assigned": (5.809, 0.338, 0.338, 1.087, 0.000, 0.348, -0.314, 0.001),
    "arrived": (5.790, 0.343, 0.343, 1.098, 0.000, 0.323, -0.318, 0.002),
    "found": (5.740, 0.355, 0.355, 1.124, 0.000, 0.194, -0.321, 0.001),
    "repairing": (5.446, 0.000, 0.000, 0.928, 0.000, -0.034, 0.274, 0.738),
    "overdue": (9.104, 0.000, 0.000, -0.000, 0.000, -0.864, 0.000, 0.000),
}
"""By stage, of the logarithm of the time [min]: constant; logarithm of one and the outages ahead a
crew, and of all others a crew; storm; automation; logarithm of one and the hours since it began;
logarithm of the hours that the crew says; that it says nothing."""

RESIDUAL: dict[str, tuple[float, ...]] = {
    "detected": (-4.183, -3.984, -2.021, 0.629, 0.763, 1.198, 1.420),
    "assigned": (-4.136, -3.088, -0.574, 0.473, 0.878, 1.369, 1.369),
    "arrived": (-4.189, -3.129, -0.572, 0.476, 0.882, 1.388, 1.388),
    "found": (-4.740, -3.408, -0.550, 0.497, 0.905, 1.436, 1.436),
    "repairing": (-4.646, -3.122, -0.784, 0.412, 0.961, 1.897, 2.169),
    "overdue": (-3.918, -1.218, -0.603, 0.386, 0.562, 1.298, 1.298),
}
"""By stage, at `SHARES`: what the logarithm was above the mean in storms that the means have not
seen."""
# fmt: on
