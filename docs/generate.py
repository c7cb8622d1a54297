"""Writes the pages that follow from the code; with `--check`, says which are out of date."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

from gridmend.model.columns import UNITS, Column, Kind, Schema
from gridmend.model.grid import SINGULAR
from gridmend.model.schema import SCHEMAS

DOCS = Path(__file__).parent

WRITTEN = {
    Kind.TEXT: "text",
    Kind.NUMBER: "number",
    Kind.COUNT: "whole number",
    Kind.FLAG: "`true` or `false`",
    Kind.PHASES: "conductors, such as `a b c n`",
    Kind.VECTOR: "numbers, such as `1.5 2.0`",
    Kind.MATRIX: "square matrix, rows joined by a bar, such as `1 0 \\| 0 1`",
    Kind.NAMES: "names joined by `;`",
}

HEAD = """# Tables, columns and units

This page is generated from the schema (`src/gridmend/model/schema*.py`) by `make docs`.

A grid is a set of tables. In the native format each is a CSV file of its own in one folder or zip
(`lines.csv`, …), beside `grid.json`, which holds the grid's name, frequency, provenance and the
version of the format. Tables without rows, and columns that hold nothing but defaults, are left
out. The unit is the last word of a column's name; there is one unit a quantity.

How a cell is written:

- An empty cell is the default. A required column has none, so its cells may not be empty.
- A number that is not known is `nan`, or an empty cell where the default is *unknown*. An unknown
  number is never replaced by a guess. Infinity is refused.
- A matrix is written row by row, rows joined by ` | `; a vector as numbers separated by spaces.
- Names in a list are joined by `;`. A `;` or `\\` within a name is written `\\;` or `\\\\`.
- Names are unique within their table, and upper and lower case are alike.
- Files are UTF-8, cells quoted as RFC 4180 says. Numbers come back to the last bit.

Loads consume with positive `p_kw`; generation is positive in `generators`, `pv_systems` and
`storages`. Phases are `a b c n`, secondary legs `s1 s2`, ground `g`.
"""


def units_page() -> str:
    """The page of tables, columns and units."""
    parts = [HEAD, _units()]
    parts.extend(_table(schema) for schema in SCHEMAS)
    return "\n".join(parts)


def _units() -> str:
    lines = ["## Units\n", "| word | unit |", "|---|---|"]
    lines += [f"| `{word}` | {meaning} |" for word, meaning in UNITS.items()]
    lines.append(
        "\nBy length: `ohm_per_km`, `nf_per_km`; by time `failures_per_year`, and by both "
        "`failures_per_km_year`. Earth resistivity: `ohm_m`, in ohm·m.\n"
    )
    return "\n".join(lines)


def _table(schema: Schema) -> str:
    lines = [f"## {schema.name}\n", f"{schema.meaning}\n"]
    lines.append(f"File `{schema.name}.csv`; an element is `{SINGULAR[schema.name]}.<name>`.\n")
    lines += ["| column | meaning | unit | written as | default |", "|---|---|---|---|---|"]
    lines += [_row(column) for column in schema.columns]
    return "\n".join(lines) + "\n"


def _row(column: Column) -> str:
    cells = (f"`{column.name}`", column.meaning, column.unit, _written(column), _default(column))
    return "| " + " | ".join(cells) + " |"


def _written(column: Column) -> str:
    if column.choices:
        return "one of " + ", ".join(f"`{choice}`" for choice in column.choices)
    if column.refers:
        several = "names" if column.kind is Kind.NAMES else "name"
        return f"{several} of [{column.refers}](#{column.refers})"
    return WRITTEN[column.kind]


def _default(column: Column) -> str:
    default: Any = column.default
    if column.required:
        return "*required*"
    if isinstance(default, float) and math.isnan(default):
        return "*unknown*" + ("; `check` notes it" if column.unknown_is_finding else "")
    if column.kind is Kind.FLAG:
        return "`true`" if default else "`false`"
    if column.kind is Kind.NUMBER:
        return f"`{default:g}`"
    return f"`{default}`" if default or default == 0 else "*unset*"


ISOLATION = """# Isolating a line, and what refuses to energise it

This page is what `python examples/isolate_l52.py` prints; `make docs` writes it. An operator of the
IEEE 123 feeder opens, tags, clears and earths the section of line L52. Then every way to lead to it
from a source is tried, and each is refused by name. The [rules](interlock.md) are those that bind
everybody; the [control room](runtime.md) recorded every line of it.

```text
"""


def isolation_page() -> str:
    """The transcript of the example."""
    script = DOCS.parent / "examples" / "isolate_l52.py"
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    return f"{ISOLATION}{done.stdout.rstrip()}\n```\n"


PAGES = {"units.md": units_page, "isolation.md": isolation_page}


def main(arguments: list[str]) -> int:
    """Write every generated page, or check them; the number of pages that are out of date."""
    stale = 0
    for name, page in PAGES.items():
        path, content = DOCS / name, page()
        if path.is_file() and path.read_text(encoding="utf-8") == content:
            continue
        if "--check" in arguments:
            print(f"docs/{name} is out of date\n  mend:  make docs", file=sys.stderr)
            stale += 1
        else:
            path.write_text(content, encoding="utf-8")
            print(f"wrote docs/{name}")
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
