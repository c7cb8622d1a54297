"""Random meshed networks, small enough that every radial configuration can be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from gridmend.model.graph import adjacency
from gridmend.operations.reconfiguration.balanced import Balanced

KV = 10.0


@dataclass(frozen=True)
class Ring:
    """Ends [edges, 2], impedances [ohm], demand [kVA] by bus; bus 0 is the source."""

    ends: np.ndarray
    z_ohm: np.ndarray
    s_kva: np.ndarray

    def trees(self) -> list[frozenset[int]]:
        """Every set of edges that joins all buses without a loop, by trying all sets."""
        buses = len(self.s_kva)
        return [
            frozenset(some)
            for some in combinations(range(len(self.ends)), buses - 1)
            if self._joins(some)
        ]

    def _joins(self, some: tuple[int, ...]) -> bool:
        group = list(range(len(self.s_kva)))
        for edge in some:
            a, b = (group[k] for k in self.ends[edge])
            if a == b:
                return False
            group = [a if g == b else g for g in group]
        return True

    def loss_kw(self, tree: frozenset[int]) -> float:
        """Losses by fixed-point iteration on the nodal equations; inf where it finds no rest."""
        buses = len(self.s_kva)
        y = np.zeros((buses, buses), complex)
        for edge in tree:
            a, b = self.ends[edge]
            admittance = 1 / self.z_ohm[edge]
            y[a, a] += admittance
            y[b, b] += admittance
            y[a, b] -= admittance
            y[b, a] -= admittance
        v = np.full(buses, KV * 1e3, complex)
        inverse = np.linalg.inv(y[1:, 1:])
        for _ in range(500):
            current = -np.conj(self.s_kva[1:] * 1e3 / v[1:])
            new = inverse @ (current - y[1:, 0] * v[0])
            if np.abs(new).min() < 0.5 * KV * 1e3:
                return np.inf
            change, v[1:] = np.abs(new - v[1:]).max(), new
            if change < 1e-8 * KV * 1e3:
                break
        else:
            return np.inf
        s_kva = v * np.conj(y @ v) / 1e3
        return float(s_kva.real.sum())

    def balanced(self, movable: np.ndarray | None = None) -> Balanced:
        """The same per unit."""
        one, two = (self.ends[:, k].astype(np.int64) for k in (0, 1))
        buses = len(self.s_kva)
        start, neighbour, via = adjacency(one, two, buses)
        can = np.ones(len(one), bool) if movable is None else movable
        return Balanced(
            node_of_bus=np.arange(buses),
            edge_from=one,
            edge_to=two,
            r_pu=self.z_ohm.real / KV**2,
            x_pu=self.z_ohm.imag / KV**2,
            switch=np.where(can, np.arange(len(one)), -1),
            p_pu=self.s_kva.real / 1e3,
            q_pu=self.s_kva.imag / 1e3,
            start=start,
            neighbour=neighbour,
            via=via,
            u_least=np.zeros(buses),
            i_most=np.full(len(one), np.inf),
        )

    def write(self, folder: Path, closed: frozenset[int]) -> Path:
        """The same as tables; the file of branches."""
        buses = ["bus,p_kw,q_kvar,source,base_kv"]
        buses += [f"{k},{s.real},{s.imag},{int(k == 0)},{KV}" for k, s in enumerate(self.s_kva)]
        rows = ["branch,from_bus,to_bus,r_ohm,x_ohm,closed"]
        rows += [
            f"{k},{a},{b},{z.real},{z.imag},{int(k in closed)}"
            for k, ((a, b), z) in enumerate(zip(self.ends, self.z_ohm, strict=True))
        ]
        (folder / "ring_bus.csv").write_text("\n".join(buses))
        (folder / "ring_branch.csv").write_text("\n".join(rows))
        return folder / "ring_branch.csv"


def random_ring(rng: np.random.Generator, *, heavy: bool = False) -> Ring:
    """A connected network of 4 to 8 buses with 1 to 4 loops, parallel edges among them.

    Ratios of x to r and of reactive to active power vary widely; some buses, edges and parts
    of demand are zero; where `heavy`, voltages fall to about 0.8 pu.
    """
    buses, loops = int(rng.integers(4, 9)), int(rng.integers(1, 5))
    tree = [(int(rng.integers(0, k)), k) for k in range(1, buses)]
    more = [tuple(rng.choice(buses, 2, replace=False).tolist()) for _ in range(loops)]
    ends = np.array(tree + more)
    r = rng.uniform(0.1, 1.0, len(ends)) * np.where(rng.random(len(ends)) < 0.1, 0.0, 1.0)
    x = r * rng.uniform(0.2, 3.0, len(ends)) + 0.01
    p = rng.uniform(20, 400, buses) * np.where(rng.random(buses) < 0.2, 0.0, 1.0)
    q = p * rng.uniform(0.0, 1.5, buses) + np.where(rng.random(buses) < 0.1, 50.0, 0.0)
    scale = rng.uniform(4, 9) if heavy else rng.uniform(0.2, 2.0)
    return Ring(ends, r + 1j * x, scale * (p + 1j * q))
