"""Random small feeders for properties: radial or meshed, unbalanced, every connection."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from gridmend.model.grid import Grid

KV = 12.47
PHASES = "a b c"


def _matrix(rng: np.random.Generator, scale: float, mutual: float) -> np.ndarray:
    own = scale * (1 + 0.2 * rng.random(3))
    full = np.full((3, 3), scale * mutual) + np.diag(own - scale * mutual)
    return (full + full.T) / 2


def _line(rng: np.random.Generator, name: str, bus1: str, bus2: str) -> dict[str, object]:
    return {
        "name": name,
        "bus1": bus1,
        "phases1": PHASES,
        "bus2": bus2,
        "phases2": PHASES,
        "length_m": float(rng.uniform(100, 1500)),
        "r_ohm_per_km": _matrix(rng, 0.3, 0.3),
        "x_ohm_per_km": _matrix(rng, 0.6, 0.35),
        "c_nf_per_km": _matrix(rng, 9.0, -0.15),
    }


def _load(rng: np.random.Generator, name: str, bus: str, models: list[str]) -> dict[str, object]:
    connection, phases, kv = [
        ("wye", "a b c g", KV),
        ("wye", "b g", KV / 3**0.5),
        ("delta", "a b c", KV),
        ("delta", "c a", KV),
        ("wye", "a g", KV / 3**0.5),
    ][rng.integers(5)]
    return {
        "name": name,
        "bus": bus,
        "phases": phases,
        "connection": connection,
        "kv": kv,
        "p_kw": float(rng.uniform(10, 200)),
        "q_kvar": float(rng.uniform(-20, 80)),
        "model": models[rng.integers(len(models))],
        "v_min_pu": 0.7,
        "v_max_pu": 1.3,
        "p_exponent": 0.8,
        "q_exponent": 2.5,
    }


def build(seed: int, buses: int, models: list[str], *, meshed: bool) -> Grid:
    """One feeder of a seed: a tree of lines and one transformer, with loads and a bank."""
    rng = np.random.default_rng(seed)
    names = [f"b{i}" for i in range(buses)]
    lines = [_line(rng, f"l{i}", names[int(rng.integers(i))], names[i]) for i in range(1, buses)]
    if meshed:
        lines.append(_line(rng, "mesh", names[0], names[-1]))
    loads = [_load(rng, f"d{i}", names[int(rng.integers(buses))], models) for i in range(buses)]
    grid = Grid("random")
    grid = grid.with_rows("buses", *({"name": n, "base_kv": KV} for n in names))
    grid = grid.with_rows("buses", {"name": "low", "base_kv": 0.48})
    grid = grid.with_rows(
        "sources",
        {
            "name": "s",
            "bus": "b0",
            "base_kv": KV,
            "v_pu": 1.02,
            "r1_ohm": 0.1,
            "x1_ohm": 0.8,
            "r0_ohm": 0.2,
            "x0_ohm": 1.0,
        },
    )
    grid = grid.with_rows("lines", *lines).with_rows("loads", *loads)
    grid = grid.with_rows("transformers", {"name": "t", "x_pct": (5.0,), "anti_float_ppm": 1.0})
    first = ["delta", "wye"][rng.integers(2)]
    grid = grid.with_rows(
        "windings",
        {
            "name": "t:1",
            "transformer": "t",
            "number": 1,
            "bus": names[-1],
            "connection": first,
            "phases": PHASES if first == "delta" else "a b c g",
            "kv": KV,
            "kva": 300.0,
            "r_pct": 0.6,
        },
        {
            "name": "t:2",
            "transformer": "t",
            "number": 2,
            "bus": "low",
            "connection": "wye",
            "phases": "a b c g",
            "kv": 0.48,
            "kva": 300.0,
            "r_pct": 0.6,
        },
    )
    grid = grid.with_rows(
        "loads",
        {
            "name": "low",
            "bus": "low",
            "phases": "a b c g",
            "kv": 0.48,
            "p_kw": 90.0,
            "q_kvar": 30.0,
            "model": models[0],
            "v_min_pu": 0.7,
            "v_max_pu": 1.3,
        },
    )
    return grid.with_rows(
        "capacitors",
        {
            "name": "bank",
            "bus1": names[buses // 2],
            "phases1": PHASES,
            "bus2": names[buses // 2],
            "phases2": "g g g",
            "kv": KV,
            "step_kvar": (150.0,),
        },
    )


ALL_MODELS = ["constant_power", "constant_impedance", "constant_current", "exponential", "motor"]


@st.composite
def feeders(draw: st.DrawFn, models: tuple[str, ...] = tuple(ALL_MODELS)) -> Grid:
    """A feeder of three to nine buses."""
    return build(
        draw(st.integers(0, 2**31)),
        draw(st.integers(3, 9)),
        list(models),
        meshed=draw(st.booleans()),
    )
