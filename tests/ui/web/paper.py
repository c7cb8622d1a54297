"""The map and the diagrams of the room of paper: forty elements that are where they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import numpy as np

from gridmend.runtime.live.oneline.diagram import NoDiagramError

START = datetime(2026, 6, 1, 12, tzinfo=UTC)
N = 40


class PaperStates:
    """Two bytes an element that depend on the number of the view and on the mode."""

    def __init__(self, number: int) -> None:
        self.number = number

    def frame(self, mode: int) -> tuple[Any, Any]:
        draw = np.random.default_rng((self.number // 3, int(mode)))
        values = draw.integers(0, 251, N).astype(np.uint8)
        flags = draw.integers(0, 256, N).astype(np.uint8)
        values[self.number % N] = self.number % 251
        return values, flags


class PaperGeometry:
    """Where forty elements stand."""

    revision, extent = 4711, (0.0, 0.0, 1.0, 1.0)
    kinds, feeders = ("line", "switch"), ("f1", "f2")
    names = tuple(f"line.l{k}" for k in range(N))
    buses = tuple(f"b{k}" for k in range(N + 1))
    index: Mapping[str, int] = MappingProxyType({})
    """None can be looked up by its key: what was shown of one is a 404."""

    def __len__(self) -> int:
        return N

    def arrays(self) -> Mapping[str, Any]:
        rows = np.arange(N)
        return {
            "xy": np.linspace(0, 1, 4 * N, dtype=np.float32).reshape(N, 4),
            "kind": (rows % 2).astype(np.uint8),
            "phases": np.full(N, 7, np.uint8),
            "feeder": (rows % 2).astype(np.uint8),
            "tier": (rows % 4).astype(np.uint8),
            "bus1": rows.astype(np.uint32),
            "bus2": (rows + 1).astype(np.uint32),
        }


class PaperDiagrams:
    """A diagram of two pieces and a line, under every name that is known."""

    def listed(self) -> list[dict[str, Any]]:
        return [{"name": "s1", "feeders": list(PaperGeometry.feeders)}]

    def feeder(self, name: str) -> dict[str, Any]:
        return self._drawn("feeder", name, PaperGeometry.feeders)

    def station(self, name: str) -> dict[str, Any]:
        return self._drawn("substation", name, ("s1",))

    def feeder_figures(self, name: str) -> dict[str, Any]:
        return self._figures("feeder", name, PaperGeometry.feeders)

    def station_figures(self, name: str) -> dict[str, Any]:
        return self._figures("substation", name, ("s1",))

    def _known(self, what: str, name: str, names: Sequence[str]) -> None:
        if name not in names:
            raise NoDiagramError(f"there is no {what} '{name}'")

    def _drawn(self, what: str, name: str, names: Sequence[str]) -> dict[str, Any]:
        self._known(what, name, names)
        line = {"x1": 0.0, "y1": 0.0, "x2": 1.0, "y2": 0.0}
        nodes = [{"id": x, "x": 0.0, "y": 0.0, "label": x, "kind": "bus", "customers": 2,
                  "bar": line, "row_px": 19.0, "feeders": [], "ties": []}
                 for x in ("b1", "b2")]  # fmt: skip
        edge = {"from": "b1", "to": "b2", "key": "line.l1", "kind": "line", "index": 1,
                "label": "", "beside": [], "line": line, "sign": [0.5, 0.0], "text": [0.5, 0.0],
                "figures": [0.5, 0.0]}  # fmt: skip
        return {"name": name, "what": what, "feeder": "f1", "substation": "s1",
                "feeders": ["f1"], "width": 1.0, "height": 1.0, "nodes": nodes,
                "edges": [edge], "stubs": []}  # fmt: skip

    def _figures(self, what: str, name: str, names: Sequence[str]) -> dict[str, Any]:
        self._known(what, name, names)
        device = {"key": "line.l1", "at": "b1", "i_a": float("nan"), "p_kw": np.float64(-2.0),
                  "q_kvar": 0.0, "taps": [3], "steps_on": None, "steps": None}  # fmt: skip
        piece = {"id": "b1", "v_min_pu": None, "customers": 2, "customers_out": 1,
                 "energised": True}  # fmt: skip
        return {"time": START, "converged": True, "source": "calculated", "devices": [device],
                "pieces": [piece]}  # fmt: skip
