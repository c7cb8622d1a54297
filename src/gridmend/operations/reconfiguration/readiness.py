"""Machine code made or loaded ahead, so that an answer's seconds are those of the search."""

from __future__ import annotations

import numpy as np

from gridmend.model import schema as s
from gridmend.model.grid import Grid
from gridmend.model.schema_resources import LOADS
from gridmend.model.table import Table
from gridmend.operations.reconfiguration.reconfigure import reconfigure


def prepare() -> None:
    """Reconfigure a network of three buses and two loops, which calls all that is compiled."""
    ends = (("a", "b"), ("b", "c"), ("a", "c"), ("a", "c"))
    abc, kv = "a b c", 10.0
    grid = Grid("ring").with_tables(
        buses=Table.of(s.BUSES, {"name": ["a", "b", "c"], "base_kv": [kv] * 3}),
        sources=Table.from_rows(
            s.SOURCES,
            [{"name": "s", "bus": "a", "base_kv": kv, "x1_ohm": 1e-6, "x0_ohm": 1e-6}],
        ),
        switches=Table.from_rows(
            s.SWITCHES,
            [
                {"name": f"s{k}", "bus1": one, "phases1": abc, "bus2": two, "phases2": abc,
                 "interrupts": "load", "normally_open": k in (2, 3), "r_ohm": np.eye(3) * (1 + k),
                 "x_ohm": np.eye(3)}
                for k, (one, two) in enumerate(ends)
            ],
        ),
        loads=Table.from_rows(
            LOADS,
            [
                {"name": f"l{bus}", "bus": bus, "phases": "a b c g", "kv": kv, "p_kw": kw,
                 "q_kvar": kw / 2, "v_min_pu": 0.5, "v_max_pu": 2.0}
                for bus, kw in (("b", 20.0), ("c", 300.0))
            ],
        ),
    )  # fmt: skip
    reconfigure(grid)
