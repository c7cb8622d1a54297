"""The one-line diagram of a substation, from its source down to its bays."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridmend.model.arrays import Flags
from gridmend.runtime.live.oneline.drawing import station_drawing
from gridmend.runtime.live.oneline.lanes import Branch, Piece, Stub
from gridmend.runtime.live.oneline.pieces import NOTED, Joint, Tree, of_kind, pieces, tree
from gridmend.runtime.live.oneline.sketch import Ground, Sheet, Sketch, counted, cut, short, to
from gridmend.runtime.live.oneline.stations import Bay, Station

BAY_ROWS = 3
"""Rows of figures beneath a bay: customers, who of them is out, and the lowest voltage."""
BAY_TIES_MOST = 40


class StationSketch(Sketch):
    """Makes the diagram of one substation."""

    def __init__(self, ground: Ground, station: Station) -> None:
        super().__init__(ground)
        self.station = station

    def sheet(self) -> Sheet:
        """The busbars of the substation, what joins them, and its bays."""
        g, buses = self.geometry, np.zeros(len(self.geometry.buses), bool)
        buses[list(self.station.buses)] = True
        heads = np.zeros(len(g), bool)
        for bay in self.station.bays:
            heads[[bay.joint.element, *bay.joint.others]] = True
        inside = self.there & ~heads & buses[g.bus1] & buses[g.bus2]
        noted = inside & of_kind(g, NOTED)
        piece = pieces(g, np.flatnonzero(noted), np.flatnonzero(inside & ~noted))
        for bus in sorted(self.station.buses):
            piece.setdefault(bus, bus)
        joints = self.joints(noted, piece)
        found = tree(joints, first=self.rank(piece), is_tie=self.is_tie)
        return self._drawn(found, piece)

    def _drawn(self, found: Tree, piece: dict[int, int]) -> Sheet:
        g, count, bars = self.geometry, len(self.geometry.buses), len(found.order)
        owner = self.owner(piece, found.order)
        nodes = [self._busbar(one, owner == k) for k, one in enumerate(found.order)]
        stubs = [s for joint in found.loose for s in self.ends(joint, owner, found.order, "")]
        joints, open_bays = list(found.joints), [b for b in self.station.bays if self._is_open(b)]
        for bay in self.station.bays:
            if bay in open_bays:
                continue
            at, id = piece[bay.joint.above], count + bay.number
            joints.append(Joint(bay.joint.element, at, id, bay.joint.others))
            own = self.ground.stations.owner == bay.number
            owner[own] = len(nodes)
            nodes.append(self._bay(bay, id, own))
        for bay in open_bays:
            leads = self.ground.leads_to(bay.joint.below)
            beyond = bay.joint.below
            stub = {"at": piece[bay.joint.above], "bus": bay.joint.above, "target": "",
                    "beyond": str(beyond), "other": to(g.buses[beyond], leads)}  # fmt: skip
            stubs.append({**stub, **self.device(bay.joint), **leads})
        stubs += self.standing(np.where(owner < bars, owner, -1), found.order)
        drawing = station_drawing(
            [Piece(n["id"], n["label"], n["note"], n["rows"],
                   tuple(f"{tie['label']} {tie['other']}" for tie in n["ties"])) for n in nodes],
            [Branch(one.element, one.above, one.below, self.label(one)) for one in joints],
            [Stub(one["index"], one["at"], one["label"], one["other"]) for one in stubs],
        )  # fmt: skip
        head = {
            "name": self.station.name, "what": "substation", "feeder": "",
            "substation": self.station.name, "feeders": list(self.station.feeders),
        }  # fmt: skip
        devices = [(one.element, one.others, self.first_bus(one, piece)) for one in joints]
        ties = [tie for node in nodes for tie in node["ties"]]
        devices += [(one["index"], one.get("others", ()), one["bus"]) for one in (*stubs, *ties)]
        answer = {**head, **self.answered(drawing, nodes, joints, stubs)}
        ids = tuple(int(node["id"]) for node in nodes)
        return Sheet(answer, ids, owner, tuple(dict.fromkeys(devices)))

    def _is_open(self, bay: Bay) -> bool:
        return self.is_tie(bay.joint.element)

    def _busbar(self, one: int, own: Flags) -> dict[str, Any]:
        base_kv = self.views.course.grid.buses["base_kv"][own]
        known = base_kv[np.isfinite(base_kv)]
        customers = int(self.ground.customers[own].sum())
        note = [f"{known.max():g} kV"] if len(known) else []
        return {
            "id": one, "label": cut(self.geometry.buses[one]), "customers": customers,
            "kind": "source" if self.ground.sources[own].any() else "bus",
            "note": "  ".join([*note, *filter(None, [counted(customers)])]),
            "feeders": [], "ties": [], "rows": 0,
        }  # fmt: skip

    def _bay(self, bay: Bay, id: int, own: Flags) -> dict[str, Any]:
        named = [one for one in bay.feeders if not one.startswith("source.")] or [*bay.feeders]
        label = cut(short(named[0])) if named else cut(self.geometry.buses[bay.joint.below])
        more = f" +{len(named) - 1}" if len(named) > 1 else ""
        return {
            "id": id, "label": f"{label}{more}", "customers": int(self.ground.customers[own].sum()),
            "kind": "bay", "note": "", "feeders": named, "ties": self._ties(own), "rows": BAY_ROWS,
        }  # fmt: skip

    def _ties(self, own: Flags) -> list[dict[str, Any]]:
        """Switches that are normally open between a bay's buses and others."""
        g = self.geometry
        one, two = own[g.bus1], own[g.bus2]
        found: list[dict[str, Any]] = []
        for k in np.flatnonzero(self.there & (one != two)).tolist():
            if not self.is_tie(k) or len(found) == BAY_TIES_MOST:
                continue
            other = int(g.bus2[k] if one[k] else g.bus1[k])
            leads = self.ground.leads_to(other)
            joint = Joint(k, other, other)
            bus = int(g.bus1[k]) + int(g.bus2[k]) - other
            found.append({"bus": bus, **self.device(joint), **leads,
                          "other": to(g.buses[other], leads)})  # fmt: skip
        return found
