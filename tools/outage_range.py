"""Write operations/interruptions/eia861.py: deciles of the yearly indices of US states."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import numpy as np

from oracles.masters import data_folder

COLUMNS = {
    "saidi_min": ("SAIDI_All_Events", "SAIDI_Without_Major_Event_Days"),
    "saifi": ("SAIFI_All_Events", "SAIFI_Without_Major_Event_Days"),
    "caidi_min": ("CAIDI_All_Events", "CAIDI_Without_Major_Event_Days"),
}
HEAD = '''"""Deciles of the yearly indices of US states, written by tools/outage_range.py.

Source: US Energy Information Administration, form EIA-861, averages by state and year over the
utilities that report. For each year, all events and without major event
days: least, nine deciles, greatest; and how many states gave a value.
"""

from __future__ import annotations

TABLE: dict[str, dict[int, tuple[tuple[float, ...], tuple[float, ...], int]]] = {
'''
DIGITS = {"saidi_min": 1, "saifi": 3, "caidi_min": 1}


def main() -> int:
    """Write the table; 1 where the data are absent."""
    folder = data_folder()
    source = folder / "outages" / "eia861_state_year.csv" if folder else None
    if source is None or not source.is_file():
        print("the EIA-861 table is not here: set GRIDMEND_DATA to its folder", file=sys.stderr)
        return 1
    rows = list(csv.DictReader(io.StringIO(source.read_text("utf-8").strip())))
    out = Path(__file__).parents[1] / "src/gridmend/operations/interruptions/eia861.py"
    out.write_text(HEAD + "".join(_measure(rows, name) for name in COLUMNS) + "}\n", "utf-8")
    return 0


def _measure(rows: list[dict[str, str]], name: str) -> str:
    lines = [f'    "{name}": {{\n']
    for year in sorted({int(row["Year"]) for row in rows}):
        here = [row for row in rows if int(row["Year"]) == year]
        parts = [_values(here, column) for column in COLUMNS[name]]
        lines.append(f"        {year}: (\n")
        for part in parts:
            deciles = np.quantile(part, np.linspace(0, 1, 11)).round(DIGITS[name])
            lines.append(f"            ({', '.join(f'{v:g}' for v in deciles)}),\n")
        lines.append(f"            {len(parts[0])},\n        ),\n")
    return "".join([*lines, "    },\n"])


def _values(rows: list[dict[str, str]], column: str) -> list[float]:
    return [float(row[column]) for row in rows if row[column].strip()]


if __name__ == "__main__":
    sys.exit(main())
