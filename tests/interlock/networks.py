"""Small three-phase networks in which everything can be tried."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gridmend.model.grid import Grid
from gridmend.model.table import Table

PHASES = "a b c"
KV = 12.47


def network(
    *,
    switches: Mapping[str, tuple[str, str]],
    lines: Iterable[tuple[str, str]] = (),
    sources: Mapping[str, str],
    forming: Mapping[str, str] | None = None,
    following: Mapping[str, str] | None = None,
    loads: Iterable[str] = (),
    normally_open: Iterable[str] = (),
    changes: Mapping[str, Mapping[str, Any]] | None = None,
    der_kw: float = 100.0,
) -> Grid:
    """Buses joined by switches and lines; `forming` and `following` are DER by name and bus.

    Every switch is remote and breaks load; `changes` sets other values of switches by name.
    """
    empty = Grid("small")
    ends = [*switches.values(), *lines]
    buses = dict.fromkeys([b for pair in ends for b in pair] + list(sources.values()))
    rows = [
        {
            "name": name, **_between(*pair), "kind": "breaker", "interrupts": "load",
            "remote": True, "normally_open": name in set(normally_open),
            **(changes or {}).get(name, {}),
        }
        for name, pair in switches.items()
    ]  # fmt: skip
    z = [[0.3, 0.1, 0.1], [0.1, 0.3, 0.1], [0.1, 0.1, 0.3]]
    line = {"length_m": 500.0, "r_ohm_per_km": z, "x_ohm_per_km": z, "rating_a": 400.0}
    placed = {"phases": f"{PHASES} g", "kv": KV}
    tables = {
        "buses": [{"name": b, "base_kv": KV} for b in buses],
        "sources": [
            {"name": n, "bus": b, "base_kv": KV, "x1_ohm": 0.5, "x0_ohm": 0.5,
             "capacity_kva": 10_000.0}
            for n, b in sources.items()
        ],
        "switches": rows,
        "lines": [{"name": f"L{k}", **_between(*pair), **line} for k, pair in enumerate(lines, 1)],
        "generators": [
            {"name": n, "bus": b, **placed, "p_kw": der_kw, "rating_kva": 2000.0,
             "grid_forming": True}
            for n, b in (forming or {}).items()
        ],
        "storages": [
            {"name": n, "bus": b, **placed, "rating_kva": 2000.0, "rating_kw": 2000.0,
             "capacity_kwh": 1000.0,
             "stored_kwh": 500.0}
            for n, b in (following or {}).items()
        ],
        "loads": [
            {"name": f"D{b}", "bus": b, **placed, "p_kw": 100.0, "q_kvar": 30.0, "customers": 10}
            for b in loads
        ],
    }  # fmt: skip
    made = {t: Table.from_rows(empty.table(t).schema, r) for t, r in tables.items() if r}
    return empty.with_tables(**made)


def _between(one: str, other: str) -> dict[str, Any]:
    return {"bus1": one, "phases1": PHASES, "bus2": other, "phases2": PHASES}


def ring() -> Grid:
    """Two sources over S1 and S3, a section between S1 and S2, a tie S3 that is open, DER."""
    return network(
        switches={"S1": ("src", "a"), "S2": ("b", "c"), "S3": ("d", "alt")},
        lines=[("a", "b"), ("c", "d")],
        sources={"north": "src", "south": "alt"},
        forming={"island": "d"},
        following={"battery": "b"},
        loads=["b", "d"],
        normally_open=["S3"],
    )
