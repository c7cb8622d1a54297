"""What one-line diagrams of feeders and of substations are made of: devices, ends, and words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gridmend.model.arrays import Flags, Ints
from gridmend.runtime.live.geometry import NO_FEEDER, Geometry
from gridmend.runtime.live.oneline.drawing import ROW_PX, Bar, Drawing, Way
from gridmend.runtime.live.oneline.pieces import Joint, grouped, of_kind
from gridmend.runtime.live.oneline.stations import Stations, stations
from gridmend.runtime.live.placing import fed_by
from gridmend.runtime.live.views import Views

EDGES_MOST = 2_000
"""Devices of one diagram; of a feeder with more, fuses are left out, then the rest beyond."""
LABEL_MOST = 24
"""Letters of a name that are drawn; the key is answered beside it."""
_AT_ONE_BUS = ("capacitor", "generator", "storage")


@dataclass(frozen=True, eq=False)
class Sheet:
    """A diagram as it is answered, with what its figures are of.

    `owner` [buses] is the number in `ids` of the piece that each belongs to, -1 for none.
    `devices` are elements with those beside them, and the bus that their power is measured from.
    """

    answer: dict[str, Any]
    ids: tuple[int, ...]
    owner: Ints
    devices: tuple[tuple[int, tuple[int, ...], int], ...]


@dataclass(frozen=True, eq=False)
class Ground:
    """What all diagrams of one room rest on."""

    views: Views

    @cached_property
    def stations(self) -> Stations:
        """The substations of the grid."""
        return stations(self.views.coder.places, self.views.geometry)

    @cached_property
    def fed(self) -> Ints:
        """[buses] the number of the feeder that normally feeds each; 255 where none does."""
        places, labels = self.views.coder.places, self.views.geometry.feeders
        return fed_by(places, labels, places.normal).astype(np.int64)

    @cached_property
    def customers(self) -> Ints:
        """[buses] customers of the loads at each."""
        grid, found = self.views.course.grid, np.zeros(len(self.views.geometry.buses), np.int64)
        rows = [grid.buses.row(str(bus)) for bus in grid.loads["bus"]]
        np.add.at(found, np.array(rows, np.int64), self.views.figures.customers)
        return found

    @cached_property
    def sources(self) -> Flags:
        """[buses] whether a source stands at each."""
        grid, found = self.views.course.grid, np.zeros(len(self.views.geometry.buses), bool)
        found[[grid.buses.row(str(bus)) for bus in grid.sources["bus"]]] = True
        return found

    def leads_to(self, bus: int) -> dict[str, str]:
        """The substation in which a bus stands, or else the feeder that normally feeds it."""
        for one in self.stations.each:
            if bus in one.buses:
                return {"feeder": "", "substation": one.name}
        number = int(self.fed[bus])
        label = "" if number == NO_FEEDER else self.views.geometry.feeders[number]
        return {"feeder": label, "substation": ""}


class Sketch:
    """Makes the diagram of something; those of feeders and of substations differ in what they take
    in."""

    def __init__(self, ground: Ground) -> None:
        self.ground, self.views = ground, ground.views
        self.geometry: Geometry = self.views.geometry
        self.coder = self.views.coder
        g = self.geometry
        self.there = (g.bus1 != g.bus2) & (self.coder.places.branch >= 0)

    def is_tie(self, element: int) -> bool:
        """Whether a switch is normally open."""
        row = int(self.coder.switch[element])
        return row >= 0 and bool(self.coder.normal_open[row])

    def label(self, joint: Joint) -> str:
        """What is drawn beside a device: its name, and how many stand beside it."""
        g, k = self.geometry, joint.element
        text = cut(str(self.views.course.grid.table(str(g.table[k]))["name"][int(g.row[k])]))
        return f"{text} +{len(joint.others)}" if joint.others else text

    def device(self, joint: Joint) -> dict[str, Any]:
        """What is answered of a device wherever it is drawn."""
        g, k = self.geometry, joint.element
        return {
            "key": g.names[k], "kind": g.kinds[g.kind[k]], "index": k, "label": self.label(joint),
            "beside": [g.names[other] for other in joint.others],
        }  # fmt: skip

    def joints(self, noted: Flags, piece: dict[int, int]) -> list[Joint]:
        """Devices between their pieces, those of a kind side by side as one."""
        g = self.geometry
        found = [
            Joint(k, piece[int(g.bus1[k])], piece[int(g.bus2[k])])
            for k in np.flatnonzero(noted).tolist()
        ]
        return grouped(g, found)

    def rank(self, piece: dict[int, int]) -> dict[int, int]:
        """How near to a source each piece begins."""
        found, fed = dict[int, int](), self.views.depth_of_bus
        for bus, one in piece.items():
            found[one] = min(found.get(one, len(fed) + 1), int(fed[bus]))
        return found

    def owner(self, piece: dict[int, int], ids: Sequence[int]) -> Ints:
        """[buses] the number of the piece of each, of those that are drawn."""
        number = {one: k for k, one in enumerate(ids)}
        found = np.full(len(self.geometry.buses), -1, np.int64)
        for bus, one in piece.items():
            found[bus] = number.get(one, -1)
        return found

    def first_bus(self, joint: Joint, piece: dict[int, int]) -> int:
        """The bus of a device that lies in the piece nearer to the supply."""
        one, two = int(self.geometry.bus1[joint.element]), int(self.geometry.bus2[joint.element])
        return one if piece.get(one) == joint.above else two

    def ends(self, joint: Joint, owner: Ints, ids: Sequence[int], own: str) -> list[dict[str, Any]]:
        """A tie at each end that is drawn, with where it leads to; `own` is the feeder that is
        drawn."""
        g, found = self.geometry, dict[int, dict[str, Any]]()
        ends = int(g.bus1[joint.element]), int(g.bus2[joint.element])
        for bus, other in (ends, ends[::-1]):
            if owner[bus] < 0:
                continue
            leads = self.ground.leads_to(other)
            if leads["feeder"] == own or owner[other] >= 0:
                leads = {"feeder": "", "substation": ""}
            at = ids[int(owner[bus])]
            target = str(ids[int(owner[other])]) if owner[other] >= 0 else ""
            stub = {"at": at, "bus": bus, **self.device(joint), **leads, "target": target,
                    "beyond": str(other)}  # fmt: skip
            found.setdefault(at, {**stub, "other": to(g.buses[other], leads)})
        return list(found.values())

    def standing(self, owner: Ints, ids: Sequence[int]) -> list[dict[str, Any]]:
        """What stands at one bus of a piece that is drawn; of a kind at one bus as one."""
        g = self.geometry
        own = of_kind(g, _AT_ONE_BUS) & (g.bus1 == g.bus2) & (owner[g.bus1] >= 0)
        groups: dict[tuple[int, int], list[int]] = {}
        for k in np.flatnonzero(own)[:EDGES_MOST].tolist():
            groups.setdefault((int(g.bus1[k]), int(g.kind[k])), []).append(k)
        nowhere = dict.fromkeys(("feeder", "substation", "target", "beyond", "other"), "")
        found: list[dict[str, Any]] = []
        for (bus, _), (first, *others) in groups.items():
            at = ids[int(owner[bus])]
            device = self.device(Joint(first, at, at, tuple(others)))
            stub = {"at": at, "bus": bus, "others": tuple(others)}
            found.append({**stub, **device, **nowhere})
        return found

    def answered(
        self,
        drawing: Drawing,
        nodes: Iterable[dict[str, Any]],
        joints: Iterable[Joint],
        stubs: Iterable[dict[str, Any]],
    ) -> dict[str, Any]:
        """The whole diagram in words and places."""
        return {
            "width": drawing.width,
            "height": drawing.height,
            "nodes": [_placed(node, drawing.bars[node["id"]]) for node in nodes],
            "edges": [
                {"from": str(one.above), "to": str(one.below), **self.device(one),
                 **_way(drawing.ways[one.element])}
                for one in joints
            ],
            "stubs": [
                {**stub, "at": str(stub["at"]), **_way(drawing.stubs[stub["index"], stub["at"]])}
                for stub in stubs
            ],
        }  # fmt: skip


def cut(name: str) -> str:
    """A name, or its beginning."""
    return name if len(name) <= LABEL_MOST else f"{name[: LABEL_MOST - 1]}…"


def short(label: str) -> str:
    """A feeder's label without the class of its head."""
    return label.partition(".")[2] or label


def to(bus: str, leads: dict[str, str]) -> str:
    """Where a device leads to, in words."""
    beyond = leads["substation"] or short(leads["feeder"])
    return f"→ {cut(bus)}" + (f", {cut(beyond)}" if beyond and beyond != bus else "")


def counted(customers: int) -> str:
    """Customers in words; nothing where there are none."""
    return f"{customers:,}".replace(",", "\u202f") + " cust." if customers else ""


def _placed(node: dict[str, Any], bar: Bar) -> dict[str, Any]:
    first = bar.y1 + ROW_PX * (node.get("rows", 0) + 1)
    ties = [{**tie, "x": bar.text_x, "y": first + ROW_PX * k} for k, tie in enumerate(node["ties"])]
    line = {"x1": bar.x1, "y1": bar.y1, "x2": bar.x2, "y2": bar.y2}
    return {**node, "id": str(node["id"]), "x": bar.text_x, "y": bar.text_y, "bar": line,
            "ties": ties, "row_px": ROW_PX}  # fmt: skip


def _way(way: Way) -> dict[str, Any]:
    return {
        "line": {"x1": way.x1, "y1": way.y1, "x2": way.x2, "y2": way.y2},
        "sign": [way.sign_x, way.sign_y], "text": [way.text_x, way.text_y],
        "figures": [way.text_x, way.figures_y],
    }  # fmt: skip
