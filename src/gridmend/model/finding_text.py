"""How a finding names its rows: the first few by name, the rest by number."""

from __future__ import annotations

from collections.abc import Sequence

from gridmend.model.table import Table

SHOWN = 8
"""How many rows a finding names before it counts the rest."""


def named(table: Table, rows: Sequence[int]) -> str:
    """`line 'l1'`, or `lines 'l1', 'l2', … and 12 more`."""
    listed = table["name"]
    shown = ", ".join(f"'{listed[row]}'" for row in rows[:SHOWN])
    if len(rows) == 1:
        return f"{table.schema.row} {shown}"
    more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return f"{table.schema.name.replace('_', ' ')} {shown}{more}"
