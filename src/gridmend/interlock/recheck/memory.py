"""What the second checker knows: the network it walks, and what stands after so many entries."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from datetime import datetime
from math import inf
from typing import Any

from gridmend.model.command import World, command_of
from gridmend.model.deed import FACTS, carried_out, moved_bits, phases_told, step_told, subject
from gridmend.model.grid import Grid
from gridmend.model.plan import MOVES, POWERS, SWITCHING, Action, OutcomeState, Step
from gridmend.model.snapshot import Snapshot, conductor_mask
from gridmend.model.topology import Topology
from gridmend.model.vocabulary import KINDS
from gridmend.model.wiring import CONDUCTOR, COUPLING, SAME_BUS

_BEHIND = -1  # the transmission behind all sources: its node, and the kind of the edges to it
LIVE, SECTION = {CONDUCTOR, COUPLING}, {CONDUCTOR, COUPLING, SAME_BUS}
LOOP, FED = {CONDUCTOR, _BEHIND}, {CONDUCTOR, COUPLING, _BEHIND}
"""Kinds of edge that count: for parts, for pieces between switches, for loops and for supply."""
Bits = Mapping[str, int]  # the phases of each device that are open; of a source 1 where it is off
Entry = defaultdict[str, Any]
NONE: Entry = defaultdict(str, number=0, at=-inf, expires=-inf, measured=inf, epoch=-1, kw=0.0)
WORK = {"tags": ("tag_placed", "tag_lifted"), "ground": ("ground_placed", "ground_removed"),
        "clearance": ("clearance_issued", "clearance_released")}  # fmt: skip
"""The rules of work on the network: the events that begin and end it."""


class Memory:
    """`books` by kind and name, `bits` None for unknown, `last` what was asked of a device last,
    `feeds` the nodes of each source and DER, `ends` the nodes that each pole of a device joins."""

    def __init__(self, grid: Grid, start: Snapshot, world: World) -> None:
        self.grid, self.topology, self.behind = grid, Topology.of(grid), _BEHIND
        infeeds, w = self.topology.infeeds, self.topology.wiring
        self.feeds = {key: {*self.topology.nodes_of(key).tolist()} for key in infeeds}
        self.sources = {key for key in self.feeds if key.startswith("source.")}
        self.forming = {key for key, forms in infeeds.items() if forms} - self.sources
        keys = map(str.lower, grid.switches)
        self.mask = dict(zip(keys, conductor_mask(grid.switches).tolist(), strict=True))
        self.mask |= {f"source.{name}".lower(): 1 for name in grid.sources}
        names = [*(n.lower().removeprefix("switch.") for n in self.topology.branch_names), ""]
        columns: list[Any] = [c.tolist() for c in (w.edge_from, w.edge_to, w.edge_kind, w.edge_bit)]
        edges = [*zip(*columns, [names[of] for of in w.edge_branch.tolist()], strict=True)]
        edges += [(_BEHIND, n, _BEHIND, 1, key) for key in self.sources for n in self.feeds[key]]
        self.ends = defaultdict[str, list[tuple[int, int, int]]](list)
        self.next = defaultdict[int, list[tuple[int, int, int, str]]](list)
        for one, other, kind, bit, key in edges:
            self.next[one].append((other, kind, bit, key))
            self.next[other].append((one, kind, bit, key))
            self.ends[key] += [(one, other, bit)] if bit else []
        stands = [*start.open_phases.tolist(), *map(int, ~start.source_on)]
        self.bits: dict[str, int | None] = dict(zip(self.mask, stands, strict=True))
        self.remote = {n.lower() for n in grid.switches if grid.switches.record(n)["remote"]}
        self.world, self.snapshot, self.now, self.number = world, start, 0.0, 0
        self.books = defaultdict[str, dict[str, Entry]](dict)
        self.pending, self.used = self.books["commanded"], set[str]()
        self.heard, self.areas, self.last = dict[str, float](), dict[str, str](), dict[str, Entry]()
        self.moves = defaultdict[str, deque[Entry]](lambda: deque(maxlen=16))
        self.done = defaultdict[str, int](int)

    def at(self, keys: Iterable[str], phases: str = "") -> set[int]:
        """The nodes of devices, elements and buses, on `phases` where any; `GridError` for none."""
        nodes = {int(n) for k in keys for n in self.feeds.get(k) or self.topology.nodes_of(k)}
        return {n for n in nodes if not phases or self.topology.wiring.node_phase[n] in phases}

    def reach(self, seeds: Iterable[int], opened: Bits, kinds: set[int]) -> set[int]:
        """The nodes to which edges of some kinds lead."""
        found = set(seeds)
        todo = list(found)
        while todo:
            for other, kind, bit, key in self.next[todo.pop()]:
                if other not in found and kind in kinds and not (bit and opened[key] & bit):
                    found.add(other)
                    todo.append(other)
        return found

    def entry(self, kind: str, p: Any) -> Entry:
        """An entry as it is kept: where a step is asked or told, with that and what it is about."""
        made, step = NONE | {**p, "at": self.now, "number": self.number}, step_told(kind, p)
        times = {key: text for key, text in p.items() if key.endswith("_utc")}
        made |= {key[:-4]: datetime.fromisoformat(text).timestamp() for key, text in times.items()}
        if step is None:
            return made
        made |= command_of(p).as_json() if kind == "commanded" else {}
        names = [name for name in (step.device, *p.get("buses", ())) if name]
        keys = [subject(self.grid, Step(step.action, str(name), "")) for name in names]
        keys = keys or self.books[KINDS[kind].ends].get(step.mark, NONE)["keys"]
        if step.action in POWERS:
            after = carried_out(step, self.grid, self.snapshot).power_kw(self.grid, keys[0])
            made["kw"] = after - self.snapshot.power_kw(self.grid, keys[0])
        made |= {"holder": made["holder"] or made["principal"], "kind": step.kind or "hold"}
        made |= {"fact": FACTS.get(step.action, ""), "deed": (step.action, step.mark)}
        made["moves"] = moved_bits(self.grid, step) if step.phases else 255
        return made | {"step": step, "keys": keys, "key": [*keys, ""][0], "awaited": True}

    def take(self, kind: str, p: Any) -> None:
        """One more entry."""
        self.used |= {p["command"]} if kind == "commanded" else set()
        e = self.entry(kind, p)
        if kind in ("status", "switched", "tripped", "scanned", "power", "tapped", "banked"):
            for device in p["devices"] if kind == "scanned" else [p["device"]]:
                self._told(kind, device, e)
        elif kind == "outcome":
            self._ended(p["command"], OutcomeState(p["state"]))
        elif kind == "area_defined":
            self.areas |= {self.grid.key(str(device)): p["area"] for device in p["devices"]}
        elif kind == "tag_handed_over":
            self.books["tag_placed"][p["tag"]]["holder"] = p["to"]
        elif kind in KINDS and KINDS[kind].named_by:
            words, ends = KINDS[kind].named_by, KINDS[kind].ends
            keys = (self.grid.key(p[w]) if w in ("device", "element") else p[w] for w in words)
            was = self.books[kind].get(name := "\n".join(keys), NONE)
            e["phases"] = str(e["phases"]).lower() * (was is NONE or was["phases"] == e["phases"])
            if ends:
                self.books[ends].pop(name, None)
            elif kind != "authority_granted" or e["epoch"] > was["epoch"]:
                self.books[kind][name] = e
            e["authors"] = {*was["authors"], e["author"].casefold(), e["principal"].casefold()}
            self.last |= {e["key"]: e} if kind in ("selected", "commanded") else {}
            self.moves[e["key"]] += [e] if kind == "commanded" and e["step"].action in MOVES else []

    def _told(self, kind: str, device: str, e: Entry) -> None:
        if e["step"] and e["step"].action not in SWITCHING:
            was, self.snapshot = self.snapshot, carried_out(e["step"], self.grid, self.snapshot)
            if was.positions(self.grid) != self.snapshot.positions(self.grid):
                self.last.pop(e["key"], None)
            return
        key, told = subject(self.grid, Step(Action.OPEN, device, "")), min(e["measured"], self.now)
        self.books["tripped"] |= {key: e} if e["locked_out"] else {}
        if told < self.heard.get(key, told):
            return
        self.heard[key], was = told, self.bits[key]
        bits = was if kind == "scanned" else phases_told(kind, e, self.mask[key])
        if bits != was:
            self.bits[key] = bits
            self.last.pop(key, None)
            self.books["sync_checked"].pop(key, None)
            self.books["flow_recorded"].clear()
            ours = {sent["order"] for sent in self.pending.values() if sent["key"] == key}
            for name, order in self.books["order_written"].items():
                if name not in ours and self.areas.get(key, "") in (order["area"], ""):
                    self.books["order_suspended"][name] = e

    def _ended(self, command: str, state: OutcomeState) -> None:
        if command not in self.pending or state is OutcomeState.IN_DOUBT:
            return
        sent = self.pending.pop(command)
        step, key, fact = sent["step"], sent["key"], sent["fact"]
        if state is OutcomeState.FAILED:
            self.books["order_suspended"][sent["order"]] = NONE | {"number": self.number}
            return
        self.done[sent["order"]] += sent["number"] == self.done[sent["order"]] + 1
        differs = (self.bits.get(key) or 0) ^ (step.action is Action.OPEN) * 255
        if step.action in SWITCHING and differs & sent["moves"] & self.mask[key]:
            self.bits[key] = None
        elif step.action not in MOVES and step.mark not in self.books[fact]:
            self.take(fact, {**sent, "device": step.device, KINDS[fact].named_by[0]: step.mark})
