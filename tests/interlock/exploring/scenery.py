"""Random networks of some size: sections in a tree with ties, sources, DER, lines, devices."""

from __future__ import annotations

from random import Random
from typing import Any

from gridmend.model.grid import Grid
from tests.interlock.networks import network

INTERRUPTS = ("load", "load", "load", "fault", "nothing", "unknown")


def scenery(rng: Random) -> Grid:
    """A network of 4 to 12 switches, 1 to 3 sources and up to 3 DER."""
    count = rng.randint(4, 12)
    ties = rng.randint(1, max(1, count // 3))
    sections = count - ties + 1
    pairs = [(k, rng.randrange(k)) for k in range(1, sections)]
    pairs += [tuple(rng.sample(range(sections), 2)) for _ in range(ties)]
    switches = {f"S{k}": (f"n{a}", f"m{b}") for k, (a, b) in enumerate(pairs, 1)}
    lines = [(f"n{k}", f"m{k}") for k in range(sections)]
    sources = rng.sample(range(sections), min(rng.randint(1, 3), sections))
    der = {
        f"der{k}": f"{rng.choice('nm')}{rng.randrange(sections)}" for k in range(rng.randint(0, 3))
    }
    forming = {d for d in der if rng.random() < 0.5}
    changes: dict[str, dict[str, Any]] = {
        name: {"remote": rng.random() < 0.8, "interrupts": rng.choice(INTERRUPTS)}
        for name in switches
    }
    made = network(
        switches=switches, lines=lines,
        sources={f"src{k}": f"n{at}" for k, at in enumerate(sources)},
        forming={d: at for d, at in der.items() if d in forming},
        following={d: at for d, at in der.items() if d not in forming},
        normally_open=_ties(pairs, sections, sources), changes=changes, der_kw=0.0,
    )  # fmt: skip
    for name in made.sources["name"]:
        made = made.with_changed(f"source.{name}", capacity_kva=rng.choice((1500.0, 6000.0)))
    return made


def _ties(pairs: list[tuple[int, int]], sections: int, sources: list[int]) -> list[str]:
    """Switches to keep open so that there is no loop, the transmission counted."""
    root = [sources[0] if k in sources else k for k in range(sections)]
    ties: list[str] = []
    for k, (a, b) in enumerate(pairs, 1):
        if root[a] == root[b]:
            ties.append(f"S{k}")
        root = [root[a] if r == root[b] else r for r in root]
    return ties
