"""A frozen table of one class of elements: read-only NumPy columns, keyed by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridmend.model.columns import Column, Kind, Schema
from gridmend.model.errors import GridError, nearest

_DTYPES: dict[Kind, Any] = {
    Kind.NUMBER: np.float64,
    Kind.COUNT: np.int64,
    Kind.FLAG: np.bool_,
}


class Table:
    """Rows of one class. Columns are shared between tables that do not differ in them.

    Text is stored as `object` arrays of `str`; vectors and matrices as `object` arrays of
    read-only float arrays (length 0 where unset); name lists as tuples.
    """

    __slots__ = ("_columns", "_index", "_rows_of", "schema")

    def __init__(self, schema: Schema, columns: Mapping[str, NDArray[Any]]) -> None:
        self.schema = schema
        self._columns = dict(columns)
        self._index: dict[str, int] | None = None
        self._rows_of: dict[str, dict[str, list[int]]] = {}

    @staticmethod
    def of(schema: Schema, values: Mapping[str, Sequence[Any]] | None = None) -> Table:
        """A table from columns of values; columns that are not given take their defaults.

        Raises `GridError` for an unknown column, a missing required one, unequal lengths, a
        repeated name, or a value that is not of its column's kind.
        """
        values = dict(values or {})
        known = {c.name for c in schema.columns}
        for name in values:
            if name not in known:
                raise GridError(f"{schema.name} has no column '{name}'", mend=nearest(name, known))
        rows = len(next(iter(values.values()))) if values else 0
        columns: dict[str, NDArray[Any]] = {}
        for column in schema.columns:
            given = values.get(column.name)
            if given is None:
                if column.required and rows:
                    raise _lacking(schema, column, values)
                given = [column.default] * rows
            if len(given) != rows:
                raise GridError(
                    f"{schema.name}: column '{column.name}' has {len(given)} values, not {rows}"
                )
            columns[column.name] = _frozen(schema, column, given)
        table = Table(schema, columns)
        _ = table.index
        return table

    @staticmethod
    def from_rows(schema: Schema, rows: Iterable[Mapping[str, Any]]) -> Table:
        """A table from one mapping a row; keys a row leaves out take their defaults."""
        listed = list(rows)
        given = {key for row in listed for key in row}
        defaults = {c.name: c.default for c in schema.columns}
        for key in given - defaults.keys():
            raise GridError(f"{schema.name} has no column '{key}'", mend=nearest(key, defaults))
        return Table.of(schema, {k: [r.get(k, defaults[k]) for r in listed] for k in sorted(given)})

    def __repr__(self) -> str:
        return f"<{self.schema.name}: {len(self)} rows; columns {', '.join(self._columns)}>"

    def __len__(self) -> int:
        return len(self._columns["name"])

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns["name"])

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self.index

    def __getitem__(self, column: str) -> NDArray[Any]:
        """The read-only column of that name."""
        try:
            return self._columns[column]
        except KeyError:
            mend = nearest(column, self._columns)
            raise GridError(f"{self.schema.name} has no column '{column}'", mend=mend) from None

    def numbers(self, column: str) -> NDArray[np.float64]:
        """A column of real numbers."""
        return self[column]

    def counts(self, column: str) -> NDArray[np.int64]:
        """A column of whole numbers."""
        return self[column]

    def flags(self, column: str) -> NDArray[np.bool_]:
        """A column of true and false."""
        return self[column]

    def texts(self, column: str) -> list[str]:
        """A column of text."""
        return list(self[column])

    def vectors(self, column: str) -> list[NDArray[np.float64]]:
        """A column of vectors or matrices; length 0 where unset."""
        return list(self[column])

    @property
    def index(self) -> Mapping[str, int]:
        """Row number by lower-case name."""
        if self._index is None:
            index: dict[str, int] = {}
            for i, name in enumerate(self._columns["name"]):
                folded = name.lower()
                if folded in index:
                    raise GridError(
                        f"two rows of {self.schema.name} are named '{name}'",
                        mend="names differ by more than case; rename one",
                    )
                index[folded] = i
            self._index = index
        return self._index

    def row(self, name: str) -> int:
        """The row number of a name, whatever its case; `GridError` with the nearest names."""
        at = self.index.get(name.lower())
        if at is None:
            raise GridError(f"there is no {self.schema.row} '{name}'", mend=nearest(name, self))
        return at

    def record(self, name: str) -> dict[str, Any]:
        """One row as a mapping."""
        at = self.row(name)
        return {key: column[at] for key, column in self._columns.items()}

    def with_column(self, column: str, values: Sequence[Any] | NDArray[Any]) -> Table:
        """The same table with one column replaced; the others are shared."""
        declared = self.schema.column(column)
        if len(values) != len(self):
            raise GridError(
                f"{self.schema.name}: '{column}' needs {len(self)} values, not {len(values)}"
            )
        return Table(self.schema, {**self._columns, column: _frozen(self.schema, declared, values)})

    def with_rows(self, rows: Iterable[Mapping[str, Any]]) -> Table:
        """The same table with rows added."""
        added = Table.from_rows(self.schema, rows)
        joined = (
            {k: np.concatenate([v, added._columns[k]]) for k, v in self._columns.items()}
            if len(added)
            else self._columns
        )
        for column in joined.values():
            column.flags.writeable = False
        table = Table(self.schema, joined)
        _ = table.index
        return table

    def changed(self, name: str, changes: Mapping[str, Any]) -> Table:
        """The same table with some values of one row replaced."""
        at = self.row(name)
        table = self
        for key, value in changes.items():
            values = list(table[key])
            values[at] = value
            table = table.with_column(key, values)
        _ = table.index
        return table

    def without(self, names: Iterable[str]) -> Table:
        """The same table with rows left out."""
        keep = np.ones(len(self), bool)
        keep[[self.row(name) for name in names]] = False
        return self.only(keep)

    def only(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Table:
        """The rows that a mask or a list of row numbers selects."""
        columns = {k: v[keep] for k, v in self._columns.items()}
        for column in columns.values():
            column.flags.writeable = False
        return Table(self.schema, columns)

    def where(self, column: str, value: str) -> NDArray[np.int64]:
        """Row numbers whose text in `column` is `value`, whatever its case."""
        known = self._rows_of.get(column)
        if known is None:
            known = defaultdict[str, list[int]](list)
            for row, text in enumerate(self[column]):
                known[text.lower()].append(row)
            self._rows_of[column] = known
        return np.array(known.get(value.lower(), ()), np.int64)


def _frozen(schema: Schema, column: Column, values: Sequence[Any] | NDArray[Any]) -> NDArray[Any]:
    dtype = _DTYPES.get(column.kind)
    try:
        if dtype is not None:
            if dtype is np.bool_ and any(isinstance(value, str) for value in _listed(values)):
                raise TypeError("write True or False, not text")
            array = np.array(values, dtype)
        else:
            array = np.empty(len(values), object)
            array[:] = [_value(column, value) for value in values]
    except (TypeError, ValueError) as problem:
        raise GridError(
            f"{schema.name}: column '{column.name}' takes {column.kind.value}s: {problem}"
        ) from problem
    array.flags.writeable = False
    return array


def _listed(values: Sequence[Any] | NDArray[Any]) -> Sequence[Any]:
    """Values that were given one by one; an array has its kind already."""
    return () if isinstance(values, np.ndarray) and values.dtype != object else list(values)


def _lacking(schema: Schema, column: Column, values: Mapping[str, Sequence[Any]]) -> GridError:
    names = [str(name) for name in values.get("name", ())][:3]
    where = f"{schema.name}: {', '.join(names)}" if names else schema.name
    what = f"{schema.name} needs the column '{column.name}'"
    return GridError(what, where=where, mend=f"give {column.meaning}")


def _value(column: Column, value: Any) -> Any:
    if column.kind in (Kind.VECTOR, Kind.MATRIX):
        array = np.asarray(value, float)
        if array.flags.writeable:
            array = array.copy()
            array.flags.writeable = False
        return array
    if column.kind is Kind.NAMES:
        return tuple(str(v) for v in value)
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    if column.choices and value not in column.choices:
        raise ValueError(f"'{value}' is not one of {', '.join(column.choices)}")
    return value
