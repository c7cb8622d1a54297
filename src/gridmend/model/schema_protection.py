"""The tables of protection: time-current curves and the settings of devices by their place."""

from __future__ import annotations

from math import nan

from gridmend.model.columns import (
    Column,
    Schema,
    choice,
    count,
    flag,
    key,
    number,
    refers,
    text,
    vector,
)

KNOWN_CURVES: tuple[str, ...] = (
    "ieee_moderately_inverse",
    "ieee_very_inverse",
    "ieee_extremely_inverse",
    "iec_standard_inverse",
    "iec_very_inverse",
    "iec_extremely_inverse",
    "a",
    "d",
    "tlink",
    "klink",
)
"""Curves that need no row: those of IEEE C37.112 and IEC 60255-151, and four of OpenDSS."""


def _curve(which: str, meaning: str, default: str | None = "") -> tuple[Column, ...]:
    """The columns of one curve as set: its name, dial, what is added, and the least response."""
    return (
        text(f"{which}_curve", meaning, default),
        number(f"{which}_dial", f"dial of {which}_curve", 1.0),
        number(f"{which}_adder_s", f"time added to {which}_curve", 0.0),
        number(f"{which}_minimum_s", f"least response of {which}_curve", 0.0),
    )


CURVES = Schema(
    "curves",
    "curve",
    "A time-current curve of points, straight on log-log paper between; IEEE's, IEC's and four of "
    "OpenDSS's need no row.",
    (
        key("the curve"),
        vector("multiple", "multiples of the pickup or rating, rising"),
        vector("time_s", "operating time at each multiple, not rising"),
        number("reset_s", "constant of the disk's way back at a dial of 1; 0 resets at once", 0.0),
    ),
)

PROTECTIONS = Schema(
    "protections",
    "protection",
    "Settings of a relay or recloser, in primary amperes, at one switch or one source.",
    (
        key("the relay or recloser"),
        refers("switch", "switches", "which switch it trips; empty where it trips a source"),
        refers("source", "sources", "whose own breaker it trips; empty where it trips a switch"),
        choice("kind", "what it is", "recloser", "relay"),
        number("phase_pickup_a", "pickup of the phase time element; unset is none", nan),
        *_curve("phase_slow", "curve of the phase element, once fast shots are over"),
        *_curve("phase_fast", "its curve in fast shots; empty is the slow one"),
        number("phase_instantaneous_a", "pickup of the phase instantaneous; unset is none", nan),
        number("ground_pickup_a", "pickup of the residual time element; unset is none", nan),
        *_curve("ground_slow", "curve of the residual element, once fast shots are over"),
        *_curve("ground_fast", "its curve in fast shots; empty is the slow one"),
        number(
            "ground_instantaneous_a", "pickup of the residual instantaneous; unset is none", nan
        ),
        flag("resets_at_once", "True where its disks have no way back, as electronic ones", False),
        number("instantaneous_s", "time of the instantaneous elements", 0.01),
        count("instantaneous_shots", "first trips that may be instantaneous", 1),
        count("fast_shots", "first trips that are on the fast curves", 0),
        count("shots", "trips up to lock-out; 0 is its kind's: recloser 4, relay 1"),
        vector("reclose_s", "open intervals, one fewer than shots; a recloser of 4 has 0.5 2 2"),
        number("reset_s", "time closed without pickup after which the sequence begins anew", 15.0),
        number("open_s", "time its mechanism takes to open", 0.0),
        number("close_s", "time its mechanism takes to close", 0.0),
        flag("single_phase", "True where each pole trips by itself", False),
        flag("three_phase_lock_out", "True where one pole's lock-out locks all", True),
        flag("hand_close_locks", "True where a trip soon after a commanded close locks out", False),
        number("cold_load_multiple", "how much higher pickups are after a commanded close", 1.0),
        number("cold_load_s", "for how long they are higher", 0.0),
    ),
)

FUSES = Schema(
    "fuses",
    "fuse link",
    "The links of a switch that is a fuse, one a conductor.",
    (
        key("the link"),
        refers("switch", "switches", "which switch it stands in", None),
        number("rated_a", "rated current, which its curves are multiples of"),
        *_curve("melt", "minimum melting time", None),
        *_curve("clear", "total clearing time; empty is clear at once when melted"),
        number("damaged_share", "share of melting from which a link is damaged", 0.75),
        number("cooling_s", "time in which it cools to 1/e; 0 is at once", 60.0),
    ),
)

SECTIONALISERS = Schema(
    "sectionalisers",
    "sectionaliser",
    "Settings of a switch that counts what others interrupt, and opens while dead.",
    (
        key("the sectionaliser"),
        refers("switch", "switches", "which switch it opens", None),
        number("actuating_a", "current in a conductor that arms it"),
        number("ground_actuating_a", "residual current that arms it; unset is none", nan),
        count("counts", "interruptions after which it opens", 3),
        number("dead_a", "current below which the line is dead", 0.5),
        number("memory_s", "time after the last count in which counts are kept", 60.0),
        number("open_s", "time its mechanism takes to open", 0.0),
        flag("needs_no_voltage", "True where it also waits for its source side to be dead", False),
    ),
)

PROTECTION = (CURVES, PROTECTIONS, FUSES, SECTIONALISERS)
