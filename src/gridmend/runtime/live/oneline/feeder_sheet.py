"""The one-line diagram of a feeder, from its head outward."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridmend.runtime.live.oneline.drawing import feeder_drawing
from gridmend.runtime.live.oneline.lanes import Branch, Piece, Stub
from gridmend.runtime.live.oneline.pieces import NOTED, Tree, of_kind, pieces, tree
from gridmend.runtime.live.oneline.sketch import EDGES_MOST, Ground, Sheet, Sketch, counted, cut


class FeederSketch(Sketch):
    """Makes the diagram of one feeder, by its number in the geometry."""

    def __init__(self, ground: Ground, number: int) -> None:
        super().__init__(ground)
        self.number = number

    def sheet(self) -> Sheet:
        """The pieces that the feeder normally feeds, and what is at their border."""
        g = self.geometry
        own = (g.feeder == self.number) & self.there
        buses = self.ground.fed == self.number
        between = of_kind(g, NOTED)
        within = own & ~between
        buses[g.bus1[within]] = buses[g.bus2[within]] = True
        noted = self.there & between & (own | buses[g.bus1] | buses[g.bus2])
        if noted.sum() > EDGES_MOST:
            noted &= ~of_kind(g, ("fuse",))
            noted[np.flatnonzero(noted)[EDGES_MOST:]] = False
        piece = pieces(g, np.flatnonzero(noted), np.flatnonzero(own & ~noted))
        for bus in np.flatnonzero(buses).tolist():
            piece.setdefault(bus, bus)
        held = {piece[bus] for bus in np.flatnonzero(buses).tolist()}
        found = tree(
            self.joints(noted, piece),
            first=self.rank(piece),
            is_tie=self.is_tie,
            kept=held.__contains__,
        )
        return self._drawn(found, piece)

    def _drawn(self, found: Tree, piece: dict[int, int]) -> Sheet:
        g, ground, ids = self.geometry, self.ground, found.order
        name, owner = g.feeders[self.number], self.owner(piece, found.order)
        nodes = [self._node(one, owner == k) for k, one in enumerate(ids)]
        stubs = [stub for joint in found.loose for stub in self.ends(joint, owner, ids, name)]
        stubs += self.standing(owner, ids)
        drawing = feeder_drawing(
            [Piece(node["id"], node["label"], node["note"]) for node in nodes],
            [Branch(one.element, one.above, one.below, self.label(one)) for one in found.joints],
            [Stub(one["index"], one["at"], one["label"], one["other"]) for one in stubs],
        )
        head = {
            "name": name, "what": "feeder", "feeder": name, "feeders": [name],
            "substation": ground.stations.of_feeder(name),
        }  # fmt: skip
        devices = [(one.element, one.others, self.first_bus(one, piece)) for one in found.joints]
        devices += [(stub["index"], stub.get("others", ()), stub["bus"]) for stub in stubs]
        answer = {**head, **self.answered(drawing, nodes, found.joints, stubs)}
        return Sheet(answer, ids, owner, tuple(dict.fromkeys(devices)))

    def _node(self, one: int, own: Any) -> dict[str, Any]:
        customers = int(self.ground.customers[own].sum())
        return {
            "id": one, "label": cut(self.geometry.buses[one]), "customers": customers,
            "kind": "source" if self.ground.sources[own].any() else "bus",
            "note": counted(customers), "feeders": [], "ties": [],
        }  # fmt: skip
