"""Events folded into a situation, many at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gridmend.model.errors import GridmendError
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.situation import Situation
from gridmend.model.vocabulary import wrong_with
from gridmend.runtime.fold import authority, commands, orders, work
from gridmend.runtime.fold.positions import Positions
from gridmend.runtime.fold.state import State

MISREAD_KEPT = 20
"""How many events that could not be read are remembered."""

Handler = Callable[[State, Event], None]

HANDLERS: dict[str, Handler] = {
    **work.HANDLERS,
    **commands.HANDLERS,
    **authority.HANDLERS,
    **orders.HANDLERS,
}


class Folding:
    """A situation that is being built: events go in one by one, a frozen situation comes out.

    An event that cannot be read changes nothing; it is told in `Situation.misread`. Kinds that
    are not in the vocabulary fold into nothing.
    """

    def __init__(self, grid: Grid, start: Situation | None = None) -> None:
        self._state = State(grid, start or Situation.of(grid))

    def add(self, event: Event, sequence: int = 0) -> None:
        """Fold one event; `sequence` is its number in the journal."""
        state = self._state
        state.time_s = event.time_utc.timestamp()
        if sequence:
            state.sequence = sequence
        told = wrong_with(event)
        if not told:
            try:
                _fold_one(state, event)
            except (GridmendError, LookupError, TypeError, ValueError, OverflowError) as problem:
                told = f"the event '{event.kind}' cannot be read: {problem}"
        if told:
            state.misread = [*state.misread, f"{told} (entry {state.sequence})"][-MISREAD_KEPT:]

    def repeats(self, event: Event) -> bool:
        """Whether a status says what is known already, and nothing else."""
        return self._state.positions.repeats(event)

    def situation(self) -> Situation:
        """What stands now; the folding may go on."""
        return self._state.frozen()


def fold(grid: Grid, events: Iterable[Event], start: Situation | None = None) -> Situation:
    """The situation after events, from nothing or from another situation.

    Folding in one go or in parts gives the same.
    """
    folding = Folding(grid, start)
    for event in events:
        folding.add(event)
    return folding.situation()


def _fold_one(state: State, event: Event) -> None:
    if event.kind in Positions.KINDS:
        moved = state.positions.take(event, state.time_s)
        if moved:
            commands.moved(state, moved)
        return
    handler = HANDLERS.get(event.kind)
    if handler is not None:
        handler(state, event)
