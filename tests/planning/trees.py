"""Random radial networks with ties, and what a failure does there by a plain search."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

import numpy as np

from gridmend.model.grid import Grid

PROTECTIVE = ("breaker", "recloser", "fuse")
KINDS = ("", "", "switch", "disconnect", "recloser", "fuse", "breaker")


@dataclass(frozen=True)
class Switch:
    name: str
    one: str
    two: str
    kind: str
    remote: bool
    is_open: bool = False


@dataclass(frozen=True)
class Tree:
    """A feeder behind a breaker: each bus has a line from its parent, maybe behind a switch."""

    grid: Grid
    lines: dict[str, tuple[str, str]]
    switches: dict[str, Switch]
    customers: dict[str, int]
    per_year: dict[str, float]
    parent: dict[str, str]
    """The edge, line or switch, that leads from each bus towards the source."""


def tree(seed: int, *, buses: int = 12, ties: int = 2) -> Tree:
    """A network by its seed."""
    random = np.random.default_rng(seed)
    number = count()
    switches = {"head": Switch("head", "source", "b0", "breaker", bool(random.random() < 0.5))}
    lines: dict[str, tuple[str, str]] = {}
    parent = {"b0": "head"}
    extra = ["source"]
    for k in range(1, buses):
        begin = f"b{random.integers(k)}"
        kind = str(random.choice(KINDS))
        if kind:
            name, behind = f"s{next(number)}", f"b{k}begin"
            remote = bool(random.random() < 0.5) and kind != "fuse"
            switches[name] = Switch(name, begin, behind, kind, remote)
            parent[behind] = name
            extra.append(behind)
            begin = behind
        lines[f"l{k}"] = (begin, f"b{k}")
        parent[f"b{k}"] = f"l{k}"
    for k in range(ties):
        one, two = random.choice(buses, 2, replace=False)
        remote = bool(random.random() < 0.5)
        switches[f"t{k}"] = Switch(f"t{k}", f"b{one}", f"b{two}", "switch", remote, True)
    customers = {f"b{k}": int(random.integers(1, 50)) for k in range(buses)}
    per_year = {name: float(random.uniform(0.02, 0.3)) for name in lines}
    grid = _grid(lines, switches, customers, per_year, extra)
    return Tree(grid, lines, switches, customers, per_year, parent)


def _grid(
    lines: dict[str, tuple[str, str]],
    switches: dict[str, Switch],
    customers: dict[str, int],
    per_year: dict[str, float],
    extra: list[str],
) -> Grid:
    abc = {"phases1": "a b c", "phases2": "a b c"}
    ends = [
        {"name": n, "bus1": a, "bus2": b, "length_m": 1.0, **abc} for n, (a, b) in lines.items()
    ]
    devices = [
        {
            "name": s.name,
            "bus1": s.one,
            "bus2": s.two,
            "kind": s.kind,
            "remote": s.remote,
            "normally_open": s.is_open,
            **abc,
        }
        for s in switches.values()
    ]
    loads = [
        {"name": b, "bus": b, "phases": "a b c", "kv": 11.0, "p_kw": 2.0 * n, "customers": n}
        for b, n in customers.items()
    ]
    failures = [
        {"name": n, "element": f"line.{n}", "failures_per_year": rate, "repair_h": 4.0}
        for n, rate in per_year.items()
    ]
    source = {"name": "grid", "bus": "source", "base_kv": 11.0, "x1_ohm": 1.0, "x0_ohm": 1.0}
    return (
        Grid("tree")
        .with_rows("buses", *({"name": n} for n in (*extra, *customers)))
        .with_rows("sources", source)
        .with_rows("lines", *ends)
        .with_rows("switches", *devices)
        .with_rows("loads", *loads)
        .with_rows("failures", *failures)
    )


def after(made: Tree, line: str) -> dict[str, str]:
    """For each load that the failure of a line puts out: remote, hand or repair."""
    tripped = _tripped(made, line)
    ends = made.lines[line]

    def operable(s: Switch, *, remote: bool) -> bool:
        if remote:
            return s.remote or s.name == tripped
        return s.kind != "fuse" or s.name == tripped

    def closable(s: Switch, *, remote: bool) -> bool:
        return s.remote if remote else s.kind != "fuse" or s.name == tripped

    live = _flood(made, {"source"}, lambda s: not s.is_open and s.name != tripped, set())
    found: dict[str, str] = {}
    for remote in (True, False):
        zone = _flood(
            made, set(ends), lambda s, r=remote: not s.is_open and not operable(s, remote=r), set()
        )
        back = _flood(
            made,
            {"source"},
            lambda s, r=remote: closable(s, remote=r) if s.is_open or s.name == tripped else True,
            zone,
        )
        for load in made.customers:
            if load not in live and load in back:
                found.setdefault(load, "remote" if remote else "hand")
    for load in made.customers:
        if load not in live:
            found.setdefault(load, "repair")
    return found


def _tripped(made: Tree, line: str) -> str:
    """The nearest protective device on the way from a line to the source."""
    at = made.lines[line][0]
    while True:
        edge = made.parent[at]
        if edge in made.switches and made.switches[edge].kind in PROTECTIVE:
            return edge
        at = made.switches[edge].one if edge in made.switches else made.lines[edge][0]


def _flood(made: Tree, start: set[str], passes, banned: set[str]) -> set[str]:
    """The buses that lines and the switches that pass lead to from some, banned ones left out."""
    found = start - banned
    while True:
        more = set(found)
        for one, two in made.lines.values():
            if one in more or two in more:
                more |= {one, two} - banned
        for s in made.switches.values():
            if (s.one in more or s.two in more) and passes(s):
                more |= {s.one, s.two} - banned
        if more == found:
            return found
        found = more
