"""Every small network up to symmetry: sections joined by switches, sources, DER."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations, combinations_with_replacement, permutations
from random import Random

from gridmend.model.grid import Grid
from tests.interlock.networks import network

Edges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """Sections numbered from nought: `edges` are switches, `sources` and `der` stand in sections.

    `forming` is whether the DER holds a voltage by itself.
    """

    sections: int
    edges: Edges
    sources: tuple[int, ...]
    der: int = -1
    forming: bool = False

    @property
    def name(self) -> str:
        """A short way to say it: `0-1 1-2 from 0, forms 2`."""
        der = f", {'forms' if self.forming else 'follows'} {self.der}" if self.der >= 0 else ""
        edges = " ".join(f"{a}-{b}" for a, b in self.edges)
        return f"{edges} from {'+'.join(map(str, self.sources))}{der}"

    def grid(self) -> Grid:
        """The network, with as few normally open switches as leave no loop."""
        der = {"der": f"n{self.der}"} if self.der >= 0 else {}
        return network(
            switches={f"S{k}": (f"n{a}", f"n{b}") for k, (a, b) in enumerate(self.edges, 1)},
            sources={f"src{k}": f"n{at}" for k, at in enumerate(self.sources, 1)},
            forming=der if self.forming else {},
            following={} if self.forming else der,
            normally_open=self._ties(),
            der_kw=0.0,
        )

    def _ties(self) -> list[str]:
        root = list(range(self.sections))
        for at in self.sources:
            root = [root[self.sources[0]] if r == root[at] else r for r in root]
        ties: list[str] = []
        for k, (a, b) in enumerate(self.edges, 1):
            if root[a] == root[b]:
                ties.append(f"S{k}")
            root = [root[a] if r == root[b] else r for r in root]
        return ties


@cache
def family(switches: int) -> tuple[Shape, ...]:
    """All networks of so many switches, connected, with one source or two and at most one DER."""
    found: dict[Shape, None] = {}
    for edges, sections in _graphs(switches):
        same = _symmetries(edges, sections)
        for count in (1, 2):
            for sources in combinations(range(sections), count):
                for der in range(-1, sections):
                    for forming in (False, True) if der >= 0 else (False,):
                        least = min(
                            (tuple(sorted(p[s] for s in sources)), p[der] if der >= 0 else -1)
                            for p in same
                        )
                        found[Shape(sections, edges, least[0], least[1], forming)] = None
    return tuple(found)


def sampled(switches: int, count: int, seed: int) -> list[Shape]:
    """Some networks of so many switches, at random."""
    rng = Random(f"{switches} {seed}")
    found: dict[Shape, None] = {}
    while len(found) < count:
        sections = rng.randint(2, switches + 1)
        edges = [(rng.randrange(k), k) for k in range(1, sections)]
        pairs = list(combinations(range(sections), 2))
        edges += [rng.choice(pairs) for _ in range(switches - len(edges))]
        sources = tuple(sorted(rng.sample(range(sections), rng.randint(1, 2))))
        der = rng.randrange(-1, sections)
        shape = Shape(sections, tuple(sorted(edges)), sources, der, der >= 0 and rng.random() < 0.5)
        found[shape] = None
    return list(found)


def _graphs(switches: int) -> Iterator[tuple[Edges, int]]:
    """Connected graphs of so many edges, parallel ones too, one of each kind."""
    seen: set[Edges] = set()
    for sections in range(2, switches + 2):
        pairs = list(combinations(range(sections), 2))
        for edges in combinations_with_replacement(pairs, switches):
            if not _is_connected(edges, sections):
                continue
            least = min(_renamed(edges, p) for p in permutations(range(sections)))
            if least not in seen:
                seen.add(least)
                yield least, sections


def _symmetries(edges: Edges, sections: int) -> list[tuple[int, ...]]:
    every = permutations(range(sections))
    return [p for p in every if _renamed(edges, p) == tuple(sorted(edges))]


def _renamed(edges: Edges, to: tuple[int, ...]) -> Edges:
    return tuple(sorted((min(to[a], to[b]), max(to[a], to[b])) for a, b in edges))


def _is_connected(edges: Edges, sections: int) -> bool:
    near = {0}
    for _ in range(sections):
        near |= {y for e in edges if near & set(e) for y in e}
    return len(near) == sections
