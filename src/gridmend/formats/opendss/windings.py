"""Rows of transformers and their windings, and where these join."""

from __future__ import annotations

from math import nan
from typing import Any

from gridmend.formats.opendss.given import Context, complain
from gridmend.formats.opendss.transformers import Transformer


def place_windings(made: Transformer, context: Context) -> None:
    """Find the buses of all windings."""
    for at, winding in enumerate(made.windings, 1):
        conductors = made.phases + 1
        if winding.delta and made.phases >= 3:
            conductors = made.phases
        spec = winding.spec
        try:
            if not spec:
                raise ValueError(f"winding {at} has no bus")
            winding.terminal = context.terminals.of(spec, made.phases, conductors)
        except ValueError as problem:
            complain(context, made.item, "bus", made.item.where, problem)
            name = f"{made.item.name}_{at}".replace(".", "_")
            winding.terminal = context.terminals.of(name, made.phases, conductors)


def centre_tapped(made: Transformer) -> str:
    """The bus of a centre-tapped secondary (`x.1.0` and `x.0.2`); empty where there is none."""
    if made.phases != 1 or len(made.windings) != 3:
        return ""
    first, second = made.windings[1].terminal, made.windings[2].terminal
    tapped = first.bus == second.bus and first.nodes[1] == second.nodes[0]
    return first.bus if tapped and first.nodes[0] != second.nodes[1] else ""


def transformer_row(made: Transformer, kind: str) -> dict[str, Any]:
    """The row of a transformer."""
    rating = made.rating_kva
    return {
        "name": made.item.name,
        "phase_count": made.phases,
        "kind": kind,
        "bank": made.bank,
        "x_pct": made.x_pct,
        "no_load_loss_pct": made.no_load_loss_pct,
        "magnetising_pct": made.magnetising_pct,
        "anti_float_ppm": made.anti_float_ppm,
        "vector_group": "lead" if made.leads else "lag",
        "rating_kva": made.windings[0].kva if rating != rating else rating,
        "emergency_rating_kva": made.emergency_rating_kva,
        "in_service": made.item.enabled and not made.item.opened,
    }


def winding_rows(made: Transformer, context: Context) -> list[dict[str, Any]]:
    """The rows of its windings."""
    terminals = context.terminals
    return [
        {
            "name": f"{made.item.name}:{at}",
            "transformer": made.item.name,
            "number": at,
            "bus": terminals.written(winding.terminal),
            "phases": terminals.words(winding.terminal),
            "connection": "delta" if winding.delta else "wye",
            "kv": winding.kv,
            "kva": winding.kva,
            "r_pct": winding.r_pct,
            "tap_pu": winding.tap,
            "tap_min_pu": winding.tap_min,
            "tap_max_pu": winding.tap_max,
            "tap_steps": winding.steps,
            "neutral_r_ohm": nan if winding.neutral_r < 0.0 else winding.neutral_r,
            "neutral_x_ohm": winding.neutral_x,
        }
        for at, winding in enumerate(made.windings, 1)
    ]
