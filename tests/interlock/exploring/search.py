"""Breadth-first over all that can be known, with the worst that may be true at each point."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product

from oracles.switching import Plant, Sent, Truth, alive, islands, unsafe, unsafe_operation
from tests.interlock.exploring.family import Shape
from tests.interlock.exploring.judging import Desk, Room
from tests.interlock.exploring.knowledge import (
    CLOSED,
    DOUBT,
    HANGS,
    IN_DOUBT,
    OPEN,
    STILL_CLOSED,
    STILL_OPEN,
    Known,
    Place,
)
from tests.interlock.exploring.moves import Bounds, Move, Way, allowed, doubted, doubts

_MAY_BE = {DOUBT: (OPEN, CLOSED), STILL_OPEN: (OPEN,), STILL_CLOSED: (CLOSED,)}
"""Where a device in doubt may be found."""

State = tuple[Known, tuple[Way, ...]]


@dataclass
class Found:
    """What an exploration came across."""

    states: int = 0
    steps: int = 0
    judged: int = 0
    violation: str = ""
    trail: list[str] = field(default_factory=list)
    stuck: list[Known] = field(default_factory=list)


class Exploration:
    """One network, explored from its normal positions."""

    def __init__(self, shape: Shape, bounds: Bounds | None = None) -> None:
        self.bounds = bounds or Bounds()
        grid = shape.grid()
        self.plant = Plant.of(grid)
        self.place, self.room = Place.of(self.plant), Room.of(grid)
        ties = {str(n).lower() for n in grid.switches["name"][grid.switches.flags("normally_open")]}
        at = (OPEN if d in ties else CLOSED for d in self.place.devices)
        self.normal = Known(tuple(at))
        self.moves: dict[Known, list[Move]] = {}
        self.desks: dict[Known, Desk] = {}
        self.found = Found()

    def run(self, *, liveness: bool = False) -> Found:
        """Visit every state; stops at the first that is unsafe, with the way that led there."""
        start: State = (self.normal, ())
        before: dict[State, tuple[State, str] | None] = {start: None}
        queue = deque([start])
        checked: set[Known] = set()
        while queue:
            state = queue.popleft()
            self.found.states += 1
            reason = self._wrong(state, checked)
            if reason:
                self.found.violation = reason
                self.found.trail = _trail(before, state)
                return self.found
            for label, then in self._next(state):
                self.found.steps += 1
                if then not in before:
                    before[then] = (state, label)
                    queue.append(then)
        self.found.judged = len(self.moves)
        if liveness:
            self.found.stuck = self._stuck()
        return self.found

    def _wrong(self, state: State, checked: set[Known]) -> str | None:
        known, ways = state
        if known not in checked:
            checked.add(known)
            reason = unsafe(self.plant, self.place.worst(known))
            if reason:
                return reason
        for way in ways:
            reason = self._carried_out(known, way)
            if reason:
                return reason
        for move in self._allowed(known):
            if move.label.startswith("!"):
                return move.label
        return None

    def _carried_out(self, known: Known, way: Way) -> str | None:
        """Why a command on its way is unsafe in some truth that agrees with what is known."""
        sent = Sent("", way[0], True, *way[1:])
        reasons = (
            unsafe_operation(self.plant, truth, sent) for truth in self._truths(known, way[0])
        )
        return next((reason for reason in reasons if reason), None)

    def _truths(self, known: Known, *opened: str) -> Iterator[Truth]:
        """Every truth that agrees with what is known, some devices in doubt being open."""
        place = self.place
        at = [OPEN if a == DOUBT and d in opened else a
              for d, a in zip(place.devices, known.at, strict=True)]  # fmt: skip
        free = [k for k, letter in enumerate(at) if letter == DOUBT]
        may_hang = frozenset((d, d, kind, "ann") for d, kind, _ in known.tags)
        hangs = frozenset((d, d, kind, "ann") for d, kind, phase in known.tags if phase == HANGS)
        for letters in product((OPEN, CLOSED), repeat=len(free)):
            for k, letter in zip(free, letters, strict=True):
                at[k] = letter
            now = replace(known, at=tuple(at))
            closed = place.chosen(now, "ck", switches=True)
            on = place.chosen(now, "ck", switches=False)
            for tags in {may_hang, hangs}:
                yield Truth(closed, on, tags)

    def _is_honest(self, known: Known, device: str, other: str = "") -> bool:
        """Whether a good check across a device is possible while another is open yet."""
        for truth in self._truths(known, other) if other else self._truths(known):
            if device in truth.closed | truth.on:
                return True
            if islands(self.plant, truth.closed, alive(self.plant, truth), device):
                return True
        return False

    def _next(self, state: State) -> Iterator[tuple[str, State]]:
        known, ways = state
        for move in self._allowed(known):
            after = ways
            if move.way is not None:
                if len(ways) >= self.bounds.sent:
                    continue
                device, leave, check = move.way[:3]
                if check and not self._is_honest(known, device):
                    continue
                # Where a check tells that both sides are live, some commands were carried out.
                kept = [w for w in ways if not check or self._is_honest(known, device, w[0])]
                own = frozenset({device} if leave else ())
                after = (*((*w[:3], w[3] | own, w[4]) for w in kept), move.way)
            after = tuple(w for w in after if w[0] != move.voids)
            yield move.label, (move.then, after)
        yield from self._field(known, ways)
        yield from self._settled(known, ways)

    def _field(self, known: Known, ways: tuple[Way, ...]) -> Iterator[tuple[str, State]]:
        """What the field says or does by itself: reports, doubt, trips, outcomes."""
        for index, (device, at) in enumerate(zip(self.place.devices, known.at, strict=True)):
            is_switch = self.place.is_switch[index]
            sent = device in known.sent
            if at in IN_DOUBT:
                rest = tuple(w for w in ways if w[0] != device)
                less = replace(known, sent=known.sent - {device})
                for letter in _MAY_BE[at]:
                    then = _uncovered(rest, device) if letter == OPEN else rest
                    yield f"{device} is found {letter}", (less.moved(index, letter), then)
                if sent and is_switch:
                    yield f"{device} has an outcome but no position", (less, rest)
            if is_switch and at in (OPEN, CLOSED, STILL_CLOSED):
                if at == STILL_CLOSED or doubts(known) < self.bounds.doubtful:
                    after = doubted(known, index)
                    then = ways if at == OPEN else self._tripped(ways, after)
                    yield f"{device} is in doubt", (after, then)
                if at == CLOSED:
                    after = known.moved(index, OPEN)
                    yield f"{device} trips", (after, self._tripped(_uncovered(ways, device), after))

    def _settled(self, known: Known, ways: tuple[Way, ...]) -> Iterator[tuple[str, State]]:
        """Marks on their way are placed or lifted, or are not."""
        for tag in known.tags:
            if tag[2] != HANGS:
                rest = known.tags - {tag}
                for tags in (rest, rest | {(*tag[:2], HANGS)}):
                    yield f"tag on {tag[0]} settled", (replace(known, tags=tags), ways)
        for name in ("zone", "earth"):
            mark = getattr(known, name)
            if mark and mark[1] != HANGS:
                for value in (None, (mark[0], HANGS)):
                    yield f"{name} settled", (replace(known, **{name: value}), ways)

    def _tripped(self, ways: tuple[Way, ...], after: Known) -> tuple[Way, ...]:
        """Commands on their way are excused where a trip may have parted what they join."""
        return tuple((*w[:4], w[4] or self._joins(after, w[0])) for w in ways)

    def _joins(self, known: Known, device: str) -> bool:
        truths = self._truths(known, device)
        return any(islands(self.plant, t.closed, alive(self.plant, t), device) for t in truths)

    def _allowed(self, known: Known) -> list[Move]:
        """Every command that the interlock allows; one that starts with `!` is a violation."""
        found = self.moves.get(known)
        if found is None:
            seen = known.as_seen
            if seen not in self.desks:
                self.desks[seen] = Desk(self.room, self.place, seen)
            found = self.moves[known] = allowed(self.place, self.bounds, known, self.desks[seen])
        return found

    def _stuck(self) -> list[Known]:
        """What is known in states from which no way leads back to the normal network."""
        good = {self.normal}
        waiting = set(self.moves) - good
        while True:
            more = {known for known in waiting if self._leads_to(known, good)}
            if not more:
                return sorted(waiting, key=str)
            good |= more
            waiting -= more

    def _leads_to(self, known: Known, good: set[Known]) -> bool:
        if any(move.done in good for move in self.moves[known]):
            return True
        groups: dict[str, list[Known]] = {}
        for index, (device, at) in enumerate(zip(self.place.devices, known.at, strict=True)):
            if at in IN_DOUBT:
                less = replace(known, sent=known.sent - {device})
                groups[device] = [less.moved(index, letter) for letter in _MAY_BE[at]]
        for label, (then, _) in self._settled(known, ()):
            groups.setdefault(label, []).append(then)
        return any(all(k in good for k in group) for group in groups.values())


def _uncovered(ways: tuple[Way, ...], device: str) -> tuple[Way, ...]:
    """A device that is open has closed no loop that a leave covers."""
    own = frozenset({device})
    return tuple((*w[:3], w[3] - own, w[4]) for w in ways)


def _trail(before: dict[State, tuple[State, str] | None], state: State) -> list[str]:
    labels: list[str] = []
    while (at := before[state]) is not None:
        state, label = at
        labels.append(label)
    return labels[::-1]
