"""From what a model says to the tables of the grid."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nan, sqrt
from typing import Any

from gridmend.formats.opendss import line_codes as codes_of
from gridmend.formats.opendss.bases import Network, bus_bases_kv, ends
from gridmend.formats.opendss.controls import (
    capacitor_control_row,
    tap_control_row,
    target,
)
from gridmend.formats.opendss.generation import generator_row, pv_row, storage_row
from gridmend.formats.opendss.given import Context, Given
from gridmend.formats.opendss.line_rows import line_row, switch_row
from gridmend.formats.opendss.lines import Codes, Line, fold_line
from gridmend.formats.opendss.loads import load_row
from gridmend.formats.opendss.nodes import Terminal
from gridmend.formats.opendss.options import DEFAULT_BASES_KV
from gridmend.formats.opendss.protection import (
    Worked,
    add_protection,
    kinds_of,
    switching_devices,
)
from gridmend.formats.opendss.shapes import peak_of, shape_row
from gridmend.formats.opendss.shunts import capacitor_row, ends_of, fault_row, reactor_row
from gridmend.formats.opendss.sources import fold_source
from gridmend.formats.opendss.transformers import Transformer, fold_transformer
from gridmend.formats.opendss.windings import (
    centre_tapped,
    place_windings,
    transformer_row,
    winding_rows,
)
from gridmend.model.grid import TABLES, Grid
from gridmend.model.schema import SCHEMAS
from gridmend.model.table import Table

SECONDARY_BELOW_KV = 1.0
SUBSTATION_ABOVE_KV = 1.0

Rows = list[dict[str, Any]]


@dataclass(slots=True)
class Parts:
    """The elements that others depend on, folded first."""

    codes: Codes
    lines: list[Line]
    transformers: dict[str, Transformer]
    sources: list[tuple[Terminal, dict[str, Any], int]]
    series: list[tuple[Terminal, Terminal]]
    devices: list[Worked]
    kinds: dict[str, str]
    network: Network = field(default_factory=Network)


def assemble(context: Context, name: str, provenance: str) -> Grid:
    """The grid of a model whose commands have been carried out."""
    parts = _fold(context)
    _spread_legs(parts, context)
    tables: dict[str, Rows] = {table: [] for table in TABLES}
    _add_conductors(tables, parts, context)
    _add_shapes(tables, context)
    _add_lines(tables, parts, context)
    _add_controls(tables, parts, context)
    add_protection(tables, parts.devices, context)
    _add_transformers(tables, parts, context)
    for kind, table, row in (
        ("capacitor", "capacitors", capacitor_row),
        ("reactor", "reactors", reactor_row),
        ("fault", "faults", fault_row),
        ("load", "loads", load_row),
        ("generator", "generators", generator_row),
        ("pvsystem", "pv_systems", pv_row),
        ("storage", "storages", storage_row),
    ):
        tables[table] = [row(item, context) for item in context.store.all_of(kind)]
    for terminal, row, _ in parts.sources:
        places = {
            "bus": context.terminals.written(terminal),
            "phases": context.terminals.words(terminal),
        }
        tables["sources"].append({**row, **places})
    tables["feeders"] = _feeders(context)
    tables["buses"] = _buses(parts, context)
    if context.store.settings.load_mult != 1.0:
        context.journal.add(
            "note",
            f"loads are multiplied by loadmult={context.store.settings.load_mult:g}, "
            "those of fixed status excepted",
        )
    made = {s.name: Table.from_rows(s, tables[s.name]) for s in SCHEMAS if tables[s.name]}
    return Grid(
        name,
        frequency_hz=context.frequency_hz,
        provenance=provenance,
        findings=context.journal.findings(),
        **made,
    )


def _fold(context: Context) -> Parts:
    store = context.store
    devices = switching_devices(context)
    conductors = {key: Given(item, context) for key, item in store.of("wiredata").items()}
    codes = Codes(
        {key: codes_of.fold_line_code(item, context) for key, item in store.of("linecode").items()},
        {
            key: codes_of.fold_geometry(item, context)
            for key, item in store.of("linegeometry").items()
        },
        {
            key: (given.number("normamps", nan), given.number("emergamps", nan))
            for key, given in conductors.items()
        },
    )
    sources = [fold_source(item, context) for item in store.all_of("vsource")]
    lines = [fold_line(item, context, codes) for item in store.all_of("line")]
    none: dict[str, Transformer] = {}
    kits = {
        key: fold_transformer(item, context, none) for key, item in store.of("xfmrcode").items()
    }
    transformers = {
        key: fold_transformer(item, context, kits) for key, item in store.of("transformer").items()
    }
    for made in transformers.values():
        place_windings(made, context)
    series = [
        ends_of(item, context)
        for item in store.all_of("capacitor", "reactor")
        if item.enabled and not item.opened and _is_series(item.said)
    ]
    return Parts(codes, lines, transformers, sources, series, devices, kinds_of(devices))


def _is_series(said: list[Any]) -> bool:
    return any(prop == "bus2" for prop, _, _ in said)


def _spread_legs(parts: Parts, context: Context) -> None:
    fed = [bus for made in parts.transformers.values() if (bus := centre_tapped(made))]
    if fed:
        context.terminals.spread_legs(fed, (line.ends for line in parts.lines))


def _is_switch(line: Line) -> bool:
    return (line.is_switch or line.item.opened) and not line.geometry


def _add_conductors(tables: dict[str, Rows], parts: Parts, context: Context) -> None:
    store = context.store
    tables["conductors"] = [
        codes_of.conductor_row(item, context) for item in store.all_of("wiredata")
    ]
    names = {key: item.name for key, item in store.of("wiredata").items()}
    for geometry in parts.codes.geometries.values():
        for wire in geometry.wires:
            if wire.lower() not in names:
                context.journal.add(
                    "error",
                    f"geometry '{geometry.name}' hangs a conductor '{wire[:60]}' that is not there",
                    "",
                    context.journal.nearest(wire, names.values()),
                )
        geometry.wires = [names.get(wire.lower(), wire) for wire in geometry.wires]
        tables["geometries"].append(codes_of.geometry_row(geometry, parts.codes.conductors))
    tables["line_codes"] = [
        codes_of.line_code_row(code, context.frequency_hz) for code in parts.codes.codes.values()
    ]


def _add_lines(tables: dict[str, Rows], parts: Parts, context: Context) -> None:
    network = parts.network
    for line in parts.lines:
        buses = ends(line.ends)
        if _is_switch(line):
            row = switch_row(line, context)
            row["kind"] = parts.kinds.get(line.item.name.lower(), "switch")
            tables["switches"].append(row)
            (network.tied if row["normally_open"] else network.joined).append(buses)
            continue
        if line.item.opened:
            context.journal.add(
                "warning",
                f"line '{line.item.name}' of a geometry stands open and is left out of service",
                line.item.where,
            )
        if line.item.name.lower() in parts.kinds:
            context.journal.count(
                "warning",
                "lines with a fuse, recloser or relay that are no switches: it is left out",
                line.item.name,
                "write switch=yes on the line to have the device as a switch",
            )
        row = line_row(line, context)
        row["in_service"] = row["in_service"] and not line.item.opened
        tables["lines"].append(row)
        (network.joined if row["in_service"] else network.tied).append(buses)


def _add_controls(tables: dict[str, Rows], parts: Parts, context: Context) -> None:
    for item in context.store.all_of("regcontrol"):
        row = tap_control_row(item, context, parts.transformers)
        if row is not None:
            tables["tap_controls"].append(row)
    for item in context.store.all_of("capcontrol"):
        row = capacitor_control_row(item, context)
        if row is not None:
            tables["capacitor_controls"].append(row)


def _add_transformers(tables: dict[str, Rows], parts: Parts, context: Context) -> None:
    controlled = {str(row["transformer"]).lower() for row in tables["tap_controls"]}
    at_source = {terminal.bus for terminal, _, _ in parts.sources}
    named: set[str] = set()
    for key, made in parts.transformers.items():
        kind = _kind_of(made, controlled=key in controlled, at_source=at_source)
        tables["transformers"].append(transformer_row(made, kind))
        tables["windings"].extend(winding_rows(made, context))
        name = made.substation_name or made.item.name
        if made.substation and len(made.windings) > 1 and name.lower() not in named:
            named.add(name.lower())
            bus = context.terminals.written(made.windings[1].terminal)
            tables["substations"].append({"name": name, "bus": bus})


def _kind_of(made: Transformer, *, controlled: bool, at_source: set[str]) -> str:
    """A regulator keeps the voltage level; a substation feeds a network above 1 kV."""
    if made.substation:
        return "substation"
    rated = [winding.kv for winding in made.windings]
    if controlled and max(rated) <= 1.2 * min(rated):
        return "regulator"
    feeds = len(rated) > 1 and max(rated[1:]) >= SUBSTATION_ABOVE_KV
    if controlled or (feeds and made.windings[0].terminal.bus in at_source):
        return "substation"
    return "distribution"


def _add_shapes(tables: dict[str, Rows], context: Context) -> None:
    for key, item in context.store.of("loadshape").items():
        row = shape_row(item, context)
        tables["shapes"].append(row)
        if row["actual"]:
            context.peaks[key] = peak_of(row, item, context)


def _feeders(context: Context) -> Rows:
    rows: Rows = []
    for item in context.store.all_of("energymeter"):
        given = Given(item, context)
        head = target(given, "element")
        if head:
            rows.append({"name": item.name, "head": head})
    return rows


def _buses(parts: Parts, context: Context) -> Rows:
    store, network = context.store, parts.network
    settings = store.settings
    for terminal, row, phases in parts.sources:
        if row["in_service"]:
            kv = row["base_kv"] * (sqrt(3.0) if phases == 1 else 1.0)
            network.sources.append((terminal.bus, kv, kv * row["v_pu"]))
    network.joined.extend(ends(pair) for pair in parts.series)
    network.transformers.extend(
        made for made in parts.transformers.values() if made.item.enabled and not made.item.opened
    )
    listed = settings.voltage_bases_kv
    if not listed and settings.bases_asked:
        listed = DEFAULT_BASES_KV
    if not listed:
        context.journal.add(
            "note",
            "voltage bases are taken from the sources and transformers: the model names none",
        )
    bases = bus_bases_kv(context.terminals.names, network, listed, store.bus_bases_kv)
    rows: Rows = []
    nowhere = (nan, nan)
    for bus, name in context.terminals.names.items():
        x, y = store.coordinates.get(bus, nowhere)
        if bases[bus] != bases[bus]:
            context.journal.count("warning", "buses that no source reaches", name)
        service = "secondary" if bases[bus] < SECONDARY_BELOW_KV else "primary"
        rows.append({"name": name, "base_kv": bases[bus], "x": x, "y": y, "service": service})
    return rows
