import pytest

from gridmend.model.columns import Schema
from gridmend.model.grid import Grid
from gridmend.model.table import Table


def _rows(schema: Schema, rows: list[dict[str, object]]) -> Table:
    return Table.from_rows(schema, rows)


def _branch(name: str, bus1: str, bus2: str, **more: object) -> dict[str, object]:
    ends = {"bus1": bus1, "phases1": "a b c", "bus2": bus2, "phases2": "a b c"}
    return {"name": name, **ends, **more}


@pytest.fixture
def ring() -> Grid:
    """source - CB - L1 - S1 - L2 - S2 - L3 - tie T - L4 - CB: a ring that is open at T."""
    empty = Grid("ring")
    z = [[0.3, 0.1, 0.1], [0.1, 0.3, 0.1], [0.1, 0.1, 0.3]]
    line = {"length_m": 1000.0, "r_ohm_per_km": z, "x_ohm_per_km": z, "rating_a": 400.0}
    buses = ["src", "head", "a", "b", "c", "d", "e", "f"]
    source = {"name": "grid", "bus": "src", "base_kv": 12.47, "x1_ohm": 0.5, "x0_ohm": 0.5}
    switches = [
        _branch("CB", "src", "head", kind="breaker", interrupts="fault", remote=True),
        _branch("S1", "a", "b", interrupts="load", remote=True),
        _branch("S2", "c", "d", interrupts="load", remote=True),
        _branch("T", "e", "f", interrupts="load", remote=True, normally_open=True),
    ]
    lines = [
        _branch("L1", "head", "a", **line),
        _branch("L2", "b", "c", **line),
        _branch("L3", "d", "e", **line),
        _branch("L4", "head", "f", **line),
    ]
    loads = [
        {"name": f"D{bus}", "bus": bus, "phases": "a b c g", "kv": 12.47, "p_kw": 100.0,
         "q_kvar": 30.0, "customers": 10}
        for bus in ("a", "c", "e", "f")
    ]  # fmt: skip
    return empty.with_tables(
        buses=_rows(empty.buses.schema, [{"name": b, "base_kv": 12.47} for b in buses]),
        sources=_rows(empty.sources.schema, [source]),
        switches=_rows(empty.switches.schema, switches),
        lines=_rows(empty.lines.schema, lines),
        loads=_rows(empty.loads.schema, loads),
    )
