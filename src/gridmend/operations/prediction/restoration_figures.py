"""Figures of the time until supply is back, fitted to storms and to calm days on the twin.

Source: `benchmarks/storm_restoration.py --fit`, 45 storms on the 123-bus feeder (seeds 101 to 116,
201 to 215 and 301 to 314), by crews alone, and apart from these `--policies healing`; what is
overdue in a storm is of 27 storms by crews alone, as runs of 60 hours end too soon after it;
`--calm --fit 101-140 --policies crew,healing --grid ieee123,ieee8500x3`, 80 days of one fault each.
"""

from __future__ import annotations

SHARES: tuple[float, ...] = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
"""Shares at which residuals stand."""

# fmt: off
STORM_MEAN: dict[str, tuple[float, ...]] = {
    "detected": (6.581, 0.000, 0.000, 0.651, 0.000, 0.000, 0.000, 0.000),
    "assigned": (6.580, 0.000, 0.000, 0.651, 0.000, -0.012, 0.000, 0.000),
    "arrived": (6.578, 0.000, 0.000, 0.651, 0.000, -0.054, 0.000, 0.000),
    "found": (6.571, 0.000, 0.000, 0.650, 0.000, -0.107, 0.000, 0.000),
    "repairing": (5.869, 0.000, 0.000, 0.789, 0.000, -0.163, 0.337, 0.000),
    "overdue": (9.104, 0.000, 0.000, -0.000, 0.000, -0.864, 0.000, 0.000),
}
"""By stage, of the logarithm of the time [min]: constant; logarithm of one and the outages ahead a
crew, and of all others a crew; storm; automation; logarithm of one and the hours since it began;
logarithm of the hours that the crew says; that it says nothing."""

STORM_RESIDUAL: dict[str, tuple[float, ...]] = {
    "detected": (-4.614, -1.964, -0.423, 0.140, 0.869, 0.900, 0.903),
    "assigned": (-4.628, -1.964, -0.422, 0.141, 0.869, 0.901, 0.904),
    "arrived": (-4.779, -1.963, -0.419, 0.144, 0.874, 0.905, 0.908),
    "found": (-5.247, -2.027, -0.408, 0.159, 0.887, 0.934, 0.953),
    "repairing": (-4.874, -2.321, -0.261, 0.129, 0.657, 1.181, 1.559),
    "overdue": (-3.918, -1.218, -0.603, 0.386, 0.562, 1.298, 1.298),
}
"""By stage, at `SHARES`: what the logarithm was above the mean in storms that the means have not
seen."""

HEALED_MEAN: dict[str, tuple[float, ...]] = {
    "detected": (3.680, -0.376, 0.191, 0.881, 0.000, 0.072, 0.144, 1.878),
    "assigned": (4.820, 0.132, 0.534, 0.943, 0.000, 0.809, 0.409, 0.124),
    "arrived": (5.134, 0.138, 0.544, 0.571, 0.000, 0.459, -0.276, 0.158),
    "found": (5.245, -0.704, -0.128, 0.957, 0.000, 0.545, -0.477, 0.351),
    "repairing": (4.928, 0.191, -0.449, 0.789, -0.000, 0.505, 0.515, 0.417),
    "overdue": STORM_MEAN["overdue"],
}
"""The same where an application operates switches; what is overdue as by crews alone."""

HEALED_RESIDUAL: dict[str, tuple[float, ...]] = {
    "detected": (-5.750, -5.489, -1.302, 0.779, 1.648, 2.363, 4.171),
    "assigned": (-5.387, -5.117, -0.665, 0.812, 2.394, 2.922, 3.066),
    "arrived": (-5.758, -5.158, -0.595, 0.817, 1.802, 2.463, 2.510),
    "found": (-5.619, -4.483, -0.782, 0.393, 1.533, 1.926, 2.094),
    "repairing": (-3.832, -2.687, -1.395, 0.264, 1.093, 2.169, 2.730),
    "overdue": STORM_RESIDUAL["overdue"],
}
"""The same where an application operates switches."""

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
