"""Goes through the marks of a journal, with who is out by where switches and sources stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from gridmend.model.arrays import Flags, Ints
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.interruptions.entries import Back, Entry, Out
from gridmend.operations.interruptions.marks import (
    CLOCK_S,
    Asked,
    Dropped,
    Mark,
    Moved,
    Reading,
    Spoke,
)
from gridmend.operations.interruptions.outages import Outage, Outages, joined, rows_hit
from gridmend.operations.interruptions.roster import Roster
from gridmend.operations.interruptions.service import Words, begun_s


class Walk:
    """Goes through the marks, with who is out by the positions."""

    def __init__(
        self, topology: Topology, reading: Reading, roster: Roster, start: Snapshot | None
    ) -> None:
        self.topology, self.reading, self.roster = topology, reading, roster
        snapshot = start or Snapshot.normal(topology.grid)
        self.normal = Snapshot.normal(topology.grid)
        self.open_phases, self.source_on = snapshot.open_phases.copy(), snapshot.source_on.copy()
        self.energised = topology.energised(snapshot)
        self.supplied = topology.supplied(self.energised)
        self.ever = self.supplied.copy()
        feeders = dict(zip(roster.load.tolist(), roster.feeders, strict=True))
        self.outages = Outages([feeders.get(row, "") for row in range(len(topology.grid.loads))])
        names = topology.grid.loads.texts("name")
        self.words = Words(tuple(names[row] for row in roster.load.tolist()))
        self.entries: list[Entry] = []
        self.wanted: dict[str, Asked] = {}
        self.claims: dict[int, dict[str, tuple[Outage, float]]] = defaultdict(dict)
        """By number: the outages that keep it out, and since when."""
        self.lit: dict[int, tuple[Outage, ...]] = {}
        """Who is out by the positions and has a meter that says otherwise."""
        self.claimed = np.zeros(len(roster), bool)
        self.doubly: set[int] = set()
        """Whom more than one outage keeps out."""
        self.back_s = np.full(len(roster), -np.inf)
        self.behind: dict[int, list[int]] = defaultdict(list)
        for number, row in enumerate(roster.load.tolist()):
            self.behind[row].append(number)

    def step(self, now_s: float, marks: Sequence[Mark]) -> None:
        """All that is so at one time."""
        moves: list[Moved] = []
        for mark in marks:
            if isinstance(mark, Asked):
                self.wanted.pop(mark.key, None)
                if mark.opens:
                    self.wanted[mark.key] = mark
            elif isinstance(mark, Dropped):
                for key in [k for k, one in self.wanted.items() if one.command == mark.command]:
                    del self.wanted[key]
            elif isinstance(mark, Moved):
                moves.append(mark)
        if moves:
            self._move(now_s, moves)
        for mark in marks:
            if isinstance(mark, Spoke):
                self._heard(mark)

    def _move(self, now_s: float, moves: list[Moved]) -> None:
        self.outages.at(now_s)
        hits: list[tuple[Outage, Ints, bool]] = []
        closed: set[str] = set()
        for move in moves:
            asked = self.wanted.pop(move.key, None) if move.bits else None
            was, normal = self._put(move)
            if was == move.bits:
                continue
            is_away = bool(move.bits & ~normal) if move.row >= 0 else move.bits != normal
            before, self.energised = self.energised, self._energised()
            if move.bits & ~was:
                by = asked.order if asked is not None else "" if move.how == "asked" else None
                by = None if move.how == "protection" else by
                lost = before & ~self.energised
                loads = rows_hit(lost, self.topology.wiring.load_nodes)
                loads = loads[self.ever[loads]]
                outage = self.outages.opened(
                    move.key, now_s, lost=np.flatnonzero(lost), loads=loads,
                    place=self.topology.nodes_of(move.key), asked=by,
                )  # fmt: skip
                if outage is not None:
                    hits.append((outage, loads, move.how == "late" and by is None))
            elif normal:
                closed.add(move.key)
                is_away = move.bits != normal
            (self.outages.away.add if is_away else self.outages.away.discard)(move.key)
        self.supplied = self.topology.supplied(self.energised)
        self.ever |= self.supplied
        self._restore(now_s, closed)
        self._claim(now_s, hits)
        self._hand_on(now_s)

    def _put(self, move: Moved) -> tuple[int, int]:
        """A device goes where it is said to stand: where it stood, and where it does normally."""
        if move.row < 0:
            row = -1 - move.row
            was, normal = not self.source_on[row], not self.normal.source_on[row]
            self.source_on[row] = not move.bits
            return int(was), int(normal)
        was = int(self.open_phases[move.row])
        self.open_phases[move.row] = move.bits
        return was, int(self.normal.open_phases[move.row])

    def _energised(self) -> Flags:
        usable = self.topology.conducting(self.open_phases)
        return self.topology.from_sources(usable, self.source_on)[0].tree >= 0

    def _restore(self, now_s: float, closed: set[str]) -> None:
        """Claims end where supply is back; what was closed for it is a tie of the outage."""
        supplied = self.supplied[self.roster.load]
        back = np.flatnonzero(self.claimed & supplied).tolist()
        for number in back:
            for outage, _ in self.claims[number].values():
                outage.ties |= closed
            self.back_s[number] = now_s
        self._end(now_s, back)
        lit = np.fromiter(self.lit, np.int64, len(self.lit))
        for number in lit[supplied[lit]].tolist():
            del self.lit[number]

    def _end(self, now_s: float, numbers: Iterable[int]) -> tuple[Outage, ...]:
        """All claims on some numbers end; the outages that had them."""
        ended: dict[str, list[int]] = defaultdict(list)
        had: dict[str, Outage] = {}
        for number in numbers:
            self.claimed[number] = False
            self.doubly.discard(number)
            for outage, _ in self.claims.pop(number, {}).values():
                ended[outage.name].append(number)
                had[outage.name] = outage
                outage.dark -= 1
        self.entries += [Back(now_s, name, joined(who)) for name, who in ended.items()]
        return tuple(had.values())

    def _claim(self, now_s: float, hits: list[tuple[Outage, Ints, bool]]) -> None:
        """Who lost voltage by an opening and has no supply then is out by its outage."""
        for at, (outage, loads, is_late) in enumerate(hits):
            later = np.concatenate([rows for _, rows, _ in hits[at + 1 :]] or [loads[:0]])
            rows = np.setdiff1d(loads[~self.supplied[loads]], later)
            numbers = joined(n for row in rows.tolist() for n in self.behind[row])
            since = dict.fromkeys(numbers, now_s)
            if is_late:
                since = begun_s(self.words, numbers, now_s)
            for number in numbers:
                if is_late:
                    self.words.forget(number)
                self.lit.pop(number, None)
            self.words.explained(numbers, now_s)
            self._out(outage, since, now_s)

    def _out(self, outage: Outage, since: dict[int, float], now_s: float) -> None:
        times: dict[float, list[int]] = defaultdict(list)
        for number, began_s in since.items():
            claims = self.claims[number]
            if outage.name not in claims:
                claims[outage.name] = outage, now_s
                self.claimed[number] = True
                if len(claims) > 1:
                    self.doubly.add(number)
                outage.dark += 1
                times[began_s].append(number)
        cause = "planned" if outage.planned else "unknown"
        for began_s, who in times.items():
            self.entries.append(
                Out(began_s, outage.name, joined(who), outage.device, cause, outage.planned)
            )

    def _hand_on(self, now_s: float) -> None:
        """An outage whose devices are all closed keeps nobody out whom another does."""
        if not self.doubly:
            return
        over = {one.name for one in self.outages.live if one.dark and not self.outages.is_open(one)}
        ended: dict[str, list[int]] = defaultdict(list)
        for number in sorted(self.doubly) if over else ():
            claims = self.claims[number]
            gone = [name for name in claims if name in over]
            for name in gone if len(gone) < len(claims) else ():
                claims.pop(name)[0].dark -= 1
                ended[name].append(number)
            if len(claims) < 2:
                self.doubly.discard(number)
        self.entries += [Back(now_s, name, joined(who)) for name, who in ended.items()]

    def _heard(self, mark: Spoke) -> None:
        roster, now_s = self.roster, mark.time_s
        numbers, alone = roster.whole(mark.name), True
        if not numbers and roster.near(mark.name) >= 0:
            numbers, alone = (roster.near(mark.name),), False
        if not numbers:
            who = "meter" if mark.by_meter else "customer"
            self.reading.leave(f"{who} '{mark.name}' is at no load of the model in service")
        for number in numbers:
            is_claimed = bool(self.claims.get(number))
            if mark.lit and is_claimed:
                since_s = max(at for _, at in self.claims[number].values())
                if mark.by_meter and now_s > since_s + CLOCK_S:
                    self.entries += self.words.back(number, now_s)
                    self.lit[number] = self._end(now_s, (number,))
            elif mark.lit and alone:
                self.entries += self.words.back(number, now_s)
            elif not mark.lit and number in self.lit and mark.by_meter:
                for outage in self.lit.pop(number):
                    self._out(outage, {number: now_s}, now_s)
            elif not mark.lit and not is_claimed and now_s > self.back_s[number] + CLOCK_S:
                if mark.by_meter:
                    self.words.gasped(number, now_s)
                else:
                    self.words.called(number, now_s, alone=alone)
