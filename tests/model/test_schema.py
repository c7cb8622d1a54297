"""The schema: every column says its unit, its default fits it, and the grid has every table."""

from __future__ import annotations

from dataclasses import fields

import pytest

from gridmend.model.columns import UNITS, Kind, Schema
from gridmend.model.grid import DEPENDENTS, ELEMENTS, TABLES, Grid
from gridmend.model.schema import SCHEMAS
from gridmend.model.table import Table

PLAIN = {
    "x", "y", "pt_ratio", "ct_ratio", "on", "off", "p_exponent", "q_exponent", "zip",
    "power_factor", "multiple", "cold_load_multiple", "damaged_share", "phase_slow_dial",
    "phase_fast_dial", "ground_slow_dial", "ground_fast_dial", "melt_dial", "clear_dial",
}  # fmt: skip
"""Numbers that have no unit: ratios, dials, exponents, map coordinates, settings of several
kinds."""

SAMPLES = {
    Kind.TEXT: "word", Kind.PHASES: "a", Kind.NUMBER: 1.5, Kind.COUNT: 1, Kind.FLAG: True,
    Kind.VECTOR: [1.0], Kind.MATRIX: [[1.0]], Kind.NAMES: ("n",),
}  # fmt: skip


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.name)
def test_every_number_ends_in_a_known_unit(schema: Schema) -> None:
    for column in schema.columns:
        if column.kind not in (Kind.NUMBER, Kind.VECTOR, Kind.MATRIX):
            continue
        if column.name in PLAIN:
            assert column.unit == ""
            continue
        words = column.unit.replace("ohm·m", "ohm/m").split("/")
        assert all(word in UNITS for word in words), f"{schema.name}.{column.name} has no unit"


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.name)
def test_every_column_says_what_it_means_in_a_phrase(schema: Schema) -> None:
    for column in schema.columns:
        assert column.meaning, f"{schema.name}.{column.name} has no meaning"
        assert not column.meaning.endswith(".")


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.name)
def test_every_reference_points_to_a_table(schema: Schema) -> None:
    assert all(column.refers in (*TABLES, "") for column in schema.columns)


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.name)
def test_defaults_make_a_valid_row(schema: Schema) -> None:
    required = {c.name: [SAMPLES[c.kind]] for c in schema.columns if c.required}
    table = Table.of(schema, required)
    assert len(table) == 1
    for column in schema.columns:
        if column.choices:
            assert table[column.name][0] == column.choices[0] == column.default


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.name)
def test_columns_are_named_once_and_the_name_comes_first(schema: Schema) -> None:
    names = [column.name for column in schema.columns]
    assert names[0] == "name"
    assert len(set(names)) == len(names)


def test_the_grid_has_a_field_for_every_table_and_no_other() -> None:
    own = {"name", "frequency_hz", "provenance", "findings"}
    assert {field.name for field in fields(Grid)} - own == set(TABLES)
    empty = Grid("empty")
    assert [table.schema for table in empty.tables()] == list(SCHEMAS)
    assert all(empty.table(name).schema.name == name for name in TABLES)


def test_elements_and_dependents_name_tables_and_columns() -> None:
    schemas = {schema.name: schema for schema in SCHEMAS}
    assert set(ELEMENTS) <= set(TABLES)
    for parent, children in DEPENDENTS.items():
        for child, column in children:
            by_class = (child, column) == ("sources", "resource")
            assert schemas[child].column(column).refers == ("" if by_class else parent)
