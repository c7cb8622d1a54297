"""The modes in which a map is coloured, and what the two bytes of an element mean."""

from __future__ import annotations

from enum import IntEnum, IntFlag


class Mode(IntEnum):
    """What the value byte of an element tells."""

    ENERGISED = 0
    """0 dead, 1 live, 2 some phases dead."""
    VOLTAGE = 1
    """`V_LEAST_PU` + `V_STEP_PU` x value, of the end and phase furthest from nominal."""
    LOADING = 2
    """`LOADING_STEP_PCT` x value, against the normal rating."""
    PHASE = 3
    """The energised phases: a 1, b 2, c 4."""
    DER = 4
    """`DER_ZERO` + output in % of the rating."""
    HOSTING = 5
    """Nothing yet."""
    FEEDER = 6
    """Number of the feeder that feeds it now, of `Geometry.feeders`."""


class Flag(IntFlag):
    """The bits of the flag byte of an element."""

    DEAD = 1
    GROUNDED = 2
    TAGGED = 4
    UNSURE = 8
    """What is known of it is old, or its position is unknown."""
    NOT_NORMAL = 16
    OPEN = 32
    FAULT = 64
    """Known or suspected."""
    PARTLY = 128
    """Some of its phases are dead."""


UNKNOWN = 255
"""A value for which there is no figure."""
HIGHEST = 250
"""The highest value that is a figure; what lies beyond is shown as it."""
V_LEAST_PU, V_STEP_PU = 0.80, 0.0016
LOADING_STEP_PCT = 0.8
DER_ZERO = 125
