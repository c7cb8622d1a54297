"""A feeder of two sections with a neighbour, small enough to be worked by hand."""

from __future__ import annotations

from gridmend.model.grid import Grid

KV = 12.47


def street(rating_a: float, *, pole_kva: float = 0.0) -> Grid:
    """A feeder of two sections, the second with a lateral and a tie to a neighbour."""
    buses = [{"name": name, "base_kv": KV} for name in ("g", "h", "a", "b", "n", "p", "q")]
    line = {
        "phases1": "a b c", "phases2": "a b c", "length_m": 100.0,
        "r_ohm_per_km": [[0.1 if i == j else 0.0 for j in range(3)] for i in range(3)],
        "x_ohm_per_km": [[0.1 if i == j else 0.0 for j in range(3)] for i in range(3)],
        "c_nf_per_km": [[0.0] * 3 for _ in range(3)],
    }  # fmt: skip
    switch = {"phases1": "a b c", "phases2": "a b c", "remote": True, "interrupts": "fault"}
    source = {"base_kv": KV, "v_pu": 1.0, "x1_ohm": 0.01, "x0_ohm": 0.01}
    return (
        Grid("street")
        .with_rows("buses", *buses)
        .with_rows(
            "lines",
            {"name": "first", "bus1": "a", "bus2": "b", "rating_a": 600.0, **line},
            {"name": "main", "bus1": "n", "bus2": "p", "rating_a": 600.0, **line},
            {"name": "lateral", "bus1": "p", "bus2": "q", "rating_a": rating_a, **line},
        )
        .with_rows(
            "switches",
            {"name": "head", "bus1": "g", "bus2": "a", "kind": "breaker", **switch},
            {"name": "middle", "bus1": "b", "bus2": "n", "kind": "switch", **switch},
            {"name": "tie", "bus1": "h", "bus2": "p", "kind": "switch", **switch,
             "normally_open": True},
        )
        .with_rows(
            "sources",
            {"name": "own", "bus": "g", **source},
            {"name": "other", "bus": "h", **source, "capacity_kva": pole_kva or 1e5},
        )
        .with_rows(
            "loads",
            {"name": "d", "bus": "q", "phases": "a b c g", "kv": KV, "p_kw": 1000.0,
             "q_kvar": 0.0, "customers": 50},
        )
    )  # fmt: skip
