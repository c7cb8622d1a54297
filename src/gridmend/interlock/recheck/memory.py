"""What the second checker remembers of a journal: its own fold, in plain dictionaries."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from math import inf, isfinite
from typing import Any

from gridmend.interlock.recheck.paths import Paths
from gridmend.model.command import Command, command_of, step_of
from gridmend.model.deed import subject
from gridmend.model.grid import Grid
from gridmend.model.plan import MOVES, POWERS, SWITCHING, Action, OutcomeState, Step
from gridmend.model.snapshot import Snapshot

Payload = Mapping[str, Any]
PAPER = {"tag_placed": (Action.TAG, Action.UNTAG, "tag"),
         "clearance_issued": (Action.CLEAR, Action.RELEASE, "clearance"),
         "ground_placed": (Action.GROUND, Action.UNGROUND, "ground")}  # fmt: skip
"""Work on the network: the event that begins it, both actions, and what names it."""
PUTS = {**{put: name for put, (_, _, name) in PAPER.items()}, "flow_recorded": "command",
        "selected": "select", "mode_set": "application area", "killed": "area",
        "leave_given": "leave", "leave_withdrawn": "leave", "loop_authorised": "device",
        "sync_checked": "device", "order_written": "order",
        "fault_suspected": "element"}  # fmt: skip
DROPS = {"tag_lifted": "tag_placed", "tag_handed_over": "tag_placed", "revived": "killed",
         "ground_removed": "ground_placed", "clearance_released": "clearance_issued",
         "select_cancelled": "selected", "repaired": "fault_suspected"}  # fmt: skip
"""What names an entry that an event puts into its book, and from which book others take."""
SETS = {"tapped": (Action.SET_TAP, "step"), "banked": (Action.SET_CAPACITOR, "steps_on"),
        "power": (Action.SET_POWER, "p_kw")}  # fmt: skip
_STAGES = {"order_studied": (0, 1), "order_approved": (1, 2), "order_issued": (2, 3)}


def _seconds(p: Payload, name: str, otherwise: float) -> float:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return (datetime.fromisoformat(p[name]) - epoch).total_seconds() if name in p else otherwise


class Memory(Paths):
    """What stands after the entries so far: books by name, positions as bits that are open."""

    def __init__(self, grid: Grid, start: Snapshot) -> None:
        super().__init__(grid)
        rows = {name.lower(): grid.switches.record(name) for name in grid.switches}
        self.remote = {key for key, row in rows.items() if row["remote"]}
        self.mask = {key: (1 << len(row["phases1"].split())) - 1 for key, row in rows.items()}
        self.mask |= {f"source.{name.lower()}": 1 for name in grid.sources}
        positions = [*start.open_phases.tolist(), *(~start.source_on).tolist()]
        self.bits = dict(zip(self.mask, map(int, positions), strict=True))
        self.unknown, self.locked, self.heard = set[str](), set[str](), dict[str, float]()
        self.stands = {key: start.power_kw(grid, key) for key in {*self.feeds} - self.sources}
        self.books, self.now = defaultdict[str, dict[str, dict[str, Any]]](dict), 0.0
        self.areas, self.say = dict[str, str](), dict[str, tuple[int, str]]()
        self.pending, self.used = dict[str, tuple[Command, str]](), set[str]()
        self.zones = dict[str, list[str]]()
        self.operations = defaultdict[str, list[tuple[float, float]]](list)

    def doubts(self, key: str) -> bool:
        """Whether it is not certain where a device stands; 4 s are two scans."""
        age_s = self.now - self.heard.get(key, -inf if key in self.remote else self.now)
        is_old = not -1.0 <= age_s <= (4.0 if key in self.remote else inf)
        return is_old or key in self.unknown or key in {k for _, k in self.waiting(*MOVES)}

    def waiting(self, *actions: Action) -> list[tuple[Command, str]]:
        """Commands of some actions that have no outcome, with what they are about."""
        return [found for found in self.pending.values() if found[0].step.action in actions]

    def about(self, kind: str, p: Payload) -> list[str]:
        """What a piece of work is about, written one way."""
        names = p["buses"] if "buses" in p else [p["bus" if "bus" in p else "device"]]
        return [subject(self.grid, Step(PAPER[kind][0], str(name), "")) for name in names]

    def step(self, kind: str, p: Payload) -> Step:
        """What the field says was done."""
        action, value = SETS.get(kind, (Action.OPEN, ""))
        return step_of(p) if kind == "switched" else Step(action, p["device"], "", p.get(value))

    def change(self, step: Step, key: str) -> float:
        """By how much a step changes a tap, a bank or the power of a DER [kW]."""
        if step.value is None or not isfinite(step.value):
            raise ValueError(f"'{step.device}' cannot be set to {step.value}")
        change = step.value - self.stands.get(key, 0.0)
        return min(change, 0.0) if step.action is Action.LIMIT else change

    def take(self, kind: str, p: Payload) -> None:
        """One more entry."""
        order = self.books["order_written"].get(str(p.get("order")), {"stage": -1})
        if kind in PUTS:
            self._put(kind, {**p, "at": self.now, "expires": _seconds(p, "expires_utc", 0.0)})
        elif kind == "tag_handed_over":
            self.books["tag_placed"][p["tag"]]["holder"] = p["to"]
        elif kind in DROPS:
            self.books[DROPS[kind]].pop(self._name(DROPS[kind], p), None)
        elif kind in ("switched", "status", "tripped", "lockout_reset", "scanned", *SETS):
            for device in p["devices"] if kind == "scanned" else [p["device"]]:
                self._heard(kind, {**p, "device": device})
        elif kind == "commanded":
            self._commanded(command_of(p), p)
        elif kind == "outcome" and OutcomeState(p["state"]) is not OutcomeState.IN_DOUBT:
            if p["command"] in self.pending:
                self._ended(*self.pending.pop(p["command"]), p["state"] == "confirmed")
        elif kind == "area_defined":
            self.areas |= {self.grid.key(str(device)): p["area"] for device in p["devices"]}
        elif kind == "authority_granted" and p["epoch"] > self.say.get(p["area"], (-inf, ""))[0]:
            self.say[p["area"]] = p["epoch"], p["holder"]
        elif kind in _STAGES and order["stage"] == _STAGES[kind][0]:
            by = {"approver": p["by"]} if kind == "order_approved" else {}
            order |= {"stage": _STAGES[kind][1], **by}
        elif kind in ("order_suspended", "order_aborted"):
            order["stage"] = min(order["stage"], 0 if kind == "order_suspended" else -1)

    def _ended(self, command: Command, key: str, is_confirmed: bool) -> None:
        step, zone = command.step, self.zones.pop(command.id)
        new = {"holder": command.principal, "keys": zone, "kind": step.kind or "hold"}
        order = self.books["order_written"].get(command.order, {"stage": -1, "done": 0})
        if not is_confirmed:
            order["stage"] = min(order["stage"], 0)
            return
        order["done"] += command.number == order["done"] + 1
        stands = {Action.OPEN: self.mask.get(key), Action.CLOSE: 0}.get(step.action)
        self.unknown |= {key} if stands is not None and stands != self.bits[key] else set()
        for book, (begins, ends, _) in PAPER.items():
            if step.action is begins:
                self.books[book].setdefault(step.mark, new)
            elif step.action is ends:
                self.books[book].pop(step.mark, None)

    def _name(self, book: str, p: Payload) -> str:
        name = "\n".join(p[word] for word in PUTS[book].split())
        return self.grid.key(name) if PUTS[book] in ("device", "element") else name

    def _put(self, book: str, p: dict[str, Any]) -> None:
        name = self._name(book, p)
        if book in PAPER:
            p["keys"] = self.about(book, p)
        elif book == "selected":
            p |= {"step": step_of(p["step"]), "key": subject(self.grid, step_of(p["step"]))}
            self._void(p["key"])
        elif book == "order_written":
            was = self.books[book].get(name, {"stage": 0, "done": 0, "steps": [], "authors": []})
            steps, done = [step_of(step) for step in p["steps"]], was["done"]
            if was["stage"] < 0 or was["steps"][:done] != steps[:done]:
                return
            authors = [*was["authors"], p["author"], str(p.get("principal", ""))]
            state = {"steps": steps, "done": done, "stage": 0, "approver": "", "authors": authors}
            p = {"application": "", **p, **state}
        self.books[book][name] = p

    def _heard(self, kind: str, p: Payload) -> None:
        step, told = self.step(kind, p), min(_seconds(p, "measured_utc", self.now), self.now)
        key = subject(self.grid, step)
        if step.action not in SWITCHING:
            change = self.change(step, key)
            self._void(key if change and kind != "power" else "")
            self.stands[key] = self.stands.get(key, 0.0) + change
        elif kind == "lockout_reset":
            self.locked.discard(key)
        elif kind == "tripped" and p.get("locked_out"):
            self.locked.add(key)
        is_old = told < self.heard.get(key, told)
        if step.action in SWITCHING and kind != "lockout_reset" and not is_old:
            self.heard[key] = told
            word = "open" if kind == "tripped" else str(p.get("action") or p.get("position"))
            word = word if p.get("quality", "good") == "good" else "unknown"
            if kind != "scanned":
                self._stands(key, word, p.get("open_phases"))

    def _stands(self, key: str, word: str, open_phases: int | None) -> None:
        was, is_known = (self.bits[key], key not in self.unknown), word != "unknown"
        bits = {"open": self.mask[key], "close": 0, "closed": 0, "unknown": self.bits[key]}[word]
        bits = bits if open_phases is None else int(open_phases) & self.mask[key]
        self.bits[key] = bits if is_known else self.bits[key]
        (self.unknown.discard if is_known else self.unknown.add)(key)
        if was == (self.bits[key], is_known):
            return
        self._void(key)
        self.books["sync_checked"].pop(key, None)
        self.books["flow_recorded"].clear()
        ours = {command.order for command, about in self.pending.values() if about == key}
        for name, order in self.books["order_written"].items():
            if name not in ours and self.areas.get(key, "") in (order["area"], ""):
                order["stage"] = min(order["stage"], 0)

    def _void(self, key: str) -> None:
        selects = self.books["selected"].items()
        self.books["selected"] = {name: found for name, found in selects if found["key"] != key}

    def _commanded(self, command: Command, p: Payload) -> None:
        step, key = command.step, subject(self.grid, command.step)
        self.zones[command.id] = self.about("clearance_issued", p) if "buses" in p else [key]
        self._void(key)
        self.pending[command.id] = command, key
        if step.action in MOVES:
            change = self.change(step, key) if step.action in POWERS else 0.0
            self.operations[key].append((self.now, change))
