"""The table of failure data: how often elements fail, and how long until they are mended."""

from __future__ import annotations

from math import nan

from gridmend.model.columns import Schema, choice, key, number, refers, text

FAILURES = Schema(
    "failures",
    "failure",
    "How often an element, or each element of a class, fails from one cause, and how long until it "
    "is mended; a row for an element goes before one for its class, and causes add.",
    (
        key("the row"),
        refers("element", "", "which element, with its class; empty where it is for a class"),
        choice(
            "elements",
            "the class, where no element is named",
            "lines",
            "overhead",
            "cables",
            "transformers",
            "switches",
            "reactors",
            "sources",
            "loads",
        ),
        text("kind", "only transformers or switches of this kind; empty is all"),
        text("cause", "class of causes"),
        number("failures_per_year", "permanent failures of one element, whatever its length", 0.0),
        number("failures_per_km_year", "permanent failures of a line by its length", 0.0),
        number(
            "temporary_pct",
            "share of temporary faults in all: they come on top of the permanent failures",
            0.0,
        ),
        number("repair_h", "mean time from the failure until it is repaired"),
        number("replacement_h", "the same where it is replaced by a spare; unset is none", nan),
    ),
)

RELIABILITY = (FAILURES,)
