"""The grid: frozen tables of what is there. It holds no results and no positions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gridmend.model import schema as s
from gridmend.model.columns import Schema
from gridmend.model.errors import Finding, GridError, nearest
from gridmend.model.schema_controls import CAPACITOR_CONTROLS, TAP_CONTROLS
from gridmend.model.schema_protection import CURVES, FUSES, PROTECTIONS, SECTIONALISERS
from gridmend.model.schema_reliability import FAILURES
from gridmend.model.schema_resources import (
    CUSTOMERS,
    FEEDERS,
    GENERATORS,
    LOADS,
    PV_SYSTEMS,
    SHAPES,
    STORAGES,
    SUBSTATIONS,
)
from gridmend.model.table import Table


def _empty(schema: Schema) -> Any:
    return field(default_factory=lambda: Table.of(schema), repr=False)


@dataclass(frozen=True, eq=False)
class Grid:
    """Everything that is built, class by class, keyed by the utility's own names.

    `findings` are what its reader saw; they travel with the grid. Each table is described in
    the units page, which is generated from the schema.
    """

    name: str
    frequency_hz: float = 60.0
    provenance: str = ""
    findings: tuple[Finding, ...] = field(default=(), repr=False)
    buses: Table = _empty(s.BUSES)
    sources: Table = _empty(s.SOURCES)
    conductors: Table = _empty(s.CONDUCTORS)
    geometries: Table = _empty(s.GEOMETRIES)
    line_codes: Table = _empty(s.LINE_CODES)
    lines: Table = _empty(s.LINES)
    switches: Table = _empty(s.SWITCHES)
    transformers: Table = _empty(s.TRANSFORMERS)
    windings: Table = _empty(s.WINDINGS)
    capacitors: Table = _empty(s.CAPACITORS)
    reactors: Table = _empty(s.REACTORS)
    faults: Table = _empty(s.FAULTS)
    tap_controls: Table = _empty(TAP_CONTROLS)
    capacitor_controls: Table = _empty(CAPACITOR_CONTROLS)
    curves: Table = _empty(CURVES)
    protections: Table = _empty(PROTECTIONS)
    fuses: Table = _empty(FUSES)
    sectionalisers: Table = _empty(SECTIONALISERS)
    loads: Table = _empty(LOADS)
    generators: Table = _empty(GENERATORS)
    pv_systems: Table = _empty(PV_SYSTEMS)
    storages: Table = _empty(STORAGES)
    shapes: Table = _empty(SHAPES)
    customers: Table = _empty(CUSTOMERS)
    substations: Table = _empty(SUBSTATIONS)
    feeders: Table = _empty(FEEDERS)
    failures: Table = _empty(FAILURES)

    def table(self, name: str) -> Table:
        """The table of that name; `GridError` where there is none."""
        if name not in TABLES:
            raise GridError(f"the grid has no table '{name}'", mend=nearest(name, TABLES))
        return getattr(self, name)

    def tables(self) -> Iterator[Table]:
        """Every table, in the order of the schema."""
        return (getattr(self, name) for name in TABLES)

    def find(self, element: str) -> tuple[str, int]:
        """The table and row of an element: `line.l52`, or `l52` where that is unambiguous.

        The class prefix is the singular or plural of its table and both cases are alike.
        Raises `GridError` where no element or more than one bears the name.
        """
        prefix, dot, rest = element.partition(".")
        table = PREFIXES.get(prefix.lower().strip())
        if dot and table is not None:
            for candidate in (table, *ALSO.get(table, ())):
                at = self.table(candidate).index.get(rest.lower())
                if at is not None:
                    return candidate, at
        folded = element.lower()
        hits = [(t, at) for t in ELEMENTS if (at := self.table(t).index.get(folded)) is not None]
        if len(hits) == 1:
            return hits[0]
        if hits:
            which = ", ".join(f"{SINGULAR[t]}.{element}" for t, _ in hits)
            raise GridError(f"'{element}' names {len(hits)} elements", mend=f"say which: {which}")
        near = nearest(rest if dot else element, (n for t in ELEMENTS for n in self.table(t)))
        raise GridError(f"there is no element '{element}'", mend=near)

    def key(self, device: str) -> str:
        """One way to write a device: a switch by its name alone, all else with its class, both
        in lower case. Raises `GridError` where it is not there."""
        folded = device.lower()
        if folded in self.switches.index:
            return folded
        prefix, dot, rest = folded.partition(".")
        bare = rest if dot and PREFIXES.get(prefix) == "tap_controls" else folded
        if bare in self.tap_controls.index and (bare == rest or not self._is_element(folded)):
            return f"tap_control.{bare}"
        table, row = self.find(device)
        name = str(self.table(table)["name"][row]).lower()
        return name if table == "switches" else f"{SINGULAR[table]}.{name}"

    def _is_element(self, folded: str) -> bool:
        return any(folded in self.table(table).index for table in ELEMENTS)

    def with_tables(self, **tables: Table) -> Grid:
        """The same grid with whole tables replaced; the others are shared."""
        return replace(self, **tables)

    def with_rows(self, table: str, *rows: Mapping[str, Any]) -> Grid:
        """The same grid with rows added to one table."""
        return replace(self, **{table: self.table(table).with_rows(rows)})

    def with_changed(self, element: str, **changes: Any) -> Grid:
        """The same grid with values of one element changed."""
        table, at = self.find(element)
        name = self.table(table)["name"][at]
        return replace(self, **{table: self.table(table).changed(name, changes)})

    def without(self, *elements: str) -> Grid:
        """The same grid without some elements, nor what hangs on them by name.

        Windings and controls go with their transformer, controls with their capacitor,
        customers with their load, settings of protection with their switch or source, a source in
        island mode with its resource.
        """
        grid = self
        for element in elements:
            table, at = grid.find(element)
            name = grid.table(table)["name"][at]
            grid = replace(grid, **{table: grid.table(table).without([name])})
            for child, column in DEPENDENTS.get(table, ()):
                rows = grid.table(child)
                named = (name, f"{SINGULAR[table]}.{name}")
                gone = [one for word in named for one in rows.only(rows.where(column, word))]
                if child in DEPENDENTS:
                    grid = grid.without(*(f"{SINGULAR[child]}.{one}" for one in gone))
                elif gone:
                    grid = replace(grid, **{child: rows.without(gone)})
        return grid

    def with_findings(self, findings: Iterable[Finding]) -> Grid:
        """The same grid with findings added."""
        return replace(self, findings=(*self.findings, *findings))

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.frequency_hz:g} Hz"]
        shown = [t for t in self.tables() if len(t) and t is not self.customers]
        lines += [f"  {t.schema.name:<20}{len(t):>8}" for t in shown]
        customers = self.customer_count()
        kva = float(
            self.transformers.numbers("rating_kva")[self.transformers.flags("in_service")].sum()
        )
        km = self.lines.numbers("length_m").sum() / 1000
        lines.append(f"  {'customers':<20}{customers:>8}")
        lines.append(f"  {'load':<20}{self.loads.numbers('p_kw').sum():>8.0f} kW")
        lines.append(f"  {'transformer rating':<20}{kva:>8.0f} kVA" if kva == kva else "")
        lines.append(f"  {'line length':<20}{km:>8.1f} km")
        return "\n".join(line for line in lines if line)

    def customer_count(self) -> int:
        """Customers behind all loads: of `customers` where it has rows, else of `loads`."""
        if len(self.customers):
            return int(self.customers.counts("count").sum())
        return int(self.loads.counts("customers").sum())


TABLES: tuple[str, ...] = tuple(schema.name for schema in s.SCHEMAS)
"""The names of the tables."""

SINGULAR: dict[str, str] = {x.name: x.row.replace(" ", "_").lower() for x in s.SCHEMAS}
"""The class prefix of each table's elements."""

ALSO: dict[str, tuple[str, ...]] = {"lines": ("switches",)}
"""Where an element of a prefix may also lie: a switch is a line elsewhere."""

PREFIXES: dict[str, str] = {
    **{prefix: name for name, prefix in SINGULAR.items()},
    **{name: name for name in SINGULAR},
    "vsource": "sources",
    "fuse": "switches",
    "breaker": "switches",
    "recloser": "switches",
    "regcontrol": "tap_controls",
    "capcontrol": "capacitor_controls",
    "pvsystem": "pv_systems",
}
"""Which table a class prefix names."""

ELEMENTS: tuple[str, ...] = (
    "sources",
    "lines",
    "switches",
    "transformers",
    "capacitors",
    "reactors",
    "faults",
    "loads",
    "generators",
    "pv_systems",
    "storages",
)
"""Tables whose rows carry current."""

DEPENDENTS: dict[str, tuple[tuple[str, str], ...]] = {
    "transformers": (("windings", "transformer"), ("tap_controls", "transformer")),
    "capacitors": (("capacitor_controls", "capacitor"),),
    "loads": (("customers", "load"),),
    "switches": (("protections", "switch"), ("fuses", "switch"), ("sectionalisers", "switch")),
    "sources": (("protections", "source"),),
    "generators": (("sources", "resource"),),
    "storages": (("sources", "resource"),),
}
"""What goes when an element goes."""
