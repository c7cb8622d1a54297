"""Figures of the time until supply is back, fitted to storms and to calm days on the twin.

Source: `benchmarks/storm_restoration.py --fit`, 27 storms on the 123-bus feeder, by crews alone;
`--calm --fit 101-140 --policies crew,healing --grid ieee123,ieee8500x3`, 80 days of one fault each.
"""

from __future__ import annotations

SHARES: tuple[float, ...] = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
"""Shares at which residuals stand."""

# fmt: off
STORM_MEAN: dict[str, tuple[float, ...]] = {
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

STORM_RESIDUAL: dict[str, tuple[float, ...]] = {
    "detected": (-4.183, -3.984, -2.021, 0.629, 0.763, 1.198, 1.420),
    "assigned": (-4.136, -3.088, -0.574, 0.473, 0.878, 1.369, 1.369),
    "arrived": (-4.189, -3.129, -0.572, 0.476, 0.882, 1.388, 1.388),
    "found": (-4.740, -3.408, -0.550, 0.497, 0.905, 1.436, 1.436),
    "repairing": (-4.646, -3.122, -0.784, 0.412, 0.961, 1.897, 2.169),
    "overdue": (-3.918, -1.218, -0.603, 0.386, 0.562, 1.298, 1.298),
}
"""By stage, at `SHARES`: what the logarithm was above the mean in storms that the means have not
seen."""

CALM_MEAN: dict[str, tuple[float, ...]] = {
    "detected": (5.253, 0.000, 0.000, 0.000, -0.069, 0.000, 0.001, -0.002),
    "assigned": (5.247, 0.000, 0.000, 0.000, 0.000, 0.000, 0.000, 0.000),
    "arrived": (5.189, 0.000, 0.000, 0.000, 0.000, 0.000, 0.000, 0.000),
    "found": (5.037, 0.000, 0.000, 0.000, 0.147, 0.000, 0.000, 0.000),
    "repairing": (4.256, 0.000, 0.000, 0.000, -0.008, 0.000, 0.594, 0.000),
    "overdue": (4.306, 0.000, 0.000, 0.000, -0.048, 0.000, 0.000, 0.000),
}
"""The same of single faults on calm days."""

CALM_RESIDUAL: dict[str, tuple[float, ...]] = {
    "detected": (-5.236, -1.633, -0.439, 0.136, 0.644, 0.971, 0.971),
    "assigned": (-2.110, -1.500, -0.453, 0.123, 0.607, 0.904, 0.904),
    "arrived": (-2.077, -1.574, -0.534, 0.151, 0.588, 0.961, 0.962),
    "found": (-2.183, -1.759, -0.615, 0.173, 0.641, 1.088, 1.114),
    "repairing": (-1.630, -0.912, -0.457, -0.026, 0.438, 0.960, 1.160),
    "overdue": (-3.963, -3.324, -0.135, 0.495, 0.704, 0.877, 0.932),
}
"""The same of single faults on calm days."""
# fmt: on
