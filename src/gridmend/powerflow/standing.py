"""Where a network stands: its state at positions, and the matrix and solution there."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from gridmend.model.arrays import Complexes, Flags, Ints
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.chord import Line, empty_rooms
from gridmend.powerflow.iteration import Solution, State, prepared, sources_at
from gridmend.powerflow.legs import powers
from gridmend.powerflow.network import Network
from gridmend.powerflow.reach import parts_without
from gridmend.powerflow.shorts import Short

_T = TypeVar("_T", bound=Any)


@dataclass(eq=False)
class Standing:
    """Where a network stands: its state, and the solution there if it was solved.

    It changes in place, and with it the arrays of `state` but for `alive` and `driven`; so it
    is for one thread, and what is kept of a state must be copied. `diagonal` [n] and `upper`
    [pattern] are the admittance with rated legs that `state.factor` is the factor of, `live` [n]
    what is alive by place, `parts` [n] which parts are left where the entries `loose` are cut,
    which a device may open or close (`may_part` [pattern]), `tied` [n] which columns, of the factor
    or of `line`, were made as those of nodes tied to ground, `behind` [n] which columns of
    `state.factor` are of devices as they were: few solves need it. The demand of
    `state.admittance` may be an earlier one: the answer does not depend on it.
    `line` is the matrix of the last solve, made for the demand `line_s_va`, which is None where
    nodes came to life since; `solved_s_va` the demand of `solution`.
    """

    snapshot: Snapshot
    s_va: Complexes
    state: State
    diagonal: Complexes
    upper: Complexes
    roots: Ints
    loose: Ints
    may_part: Flags
    parts: Ints
    live: Flags
    tied: Flags
    behind: Flags
    shorts: tuple[Short, ...] = ()
    line: Line | None = None
    line_s_va: Complexes | None = None
    solution: Solution | None = None
    solved_s_va: Complexes | None = None


def stand(network: Network, snapshot: Snapshot, shorts: tuple[Short, ...] = ()) -> Standing:
    """A network prepared at positions and with short circuits, not yet solved."""
    state, diagonal, upper = prepared(network, snapshot, shorts=shorts)
    _, roots = sources_at(network, snapshot)
    live = np.empty(network.pattern.n, np.bool_)
    live[network.place] = state.alive
    pattern, loose = network.pattern, network.loose_entries
    may_part = np.zeros(len(pattern.rows), np.bool_)
    may_part[loose] = True
    return Standing(
        snapshot=snapshot,
        s_va=powers(network.legs, snapshot),
        state=state,
        diagonal=diagonal,
        upper=upper,
        roots=roots,
        loose=loose,
        may_part=may_part,
        parts=parts_without(pattern.start, pattern.rows, upper, loose),
        live=live,
        tied=~live,
        behind=np.zeros(pattern.n, np.bool_),
        shorts=shorts,
    )


def stand_again(network: Network, snapshot: Snapshot) -> Standing:
    """The same without short circuits, remembered by the network."""
    kept = network.remembered("standing", snapshot.contents, lambda: stand(network, snapshot))
    return copied(kept)


def begin_again(standing: Standing, snapshot: Snapshot, shorts: tuple[Short, ...]) -> None:
    """Prepare the network from nothing; its last solution stays, to start from."""
    anew = stand(standing.state.network, snapshot, shorts)
    anew.solution = standing.solution
    for field in fields(standing):
        setattr(standing, field.name, getattr(anew, field.name))


def take_line(standing: Standing, line: Line) -> Line:
    """Keep and return a matrix that was made whole where the network stands."""
    standing.line, standing.line_s_va = line, standing.s_va
    standing.tied |= ~standing.live
    return line


def copied(standing: Standing, room: Standing | None = None) -> Standing:
    """Another that stands there, with arrays of its own where moving changes them in place: those
    of `room`, if it is no longer needed."""
    state, line, old = standing.state, standing.line, room.line if room else None
    if line is not None:
        blocks = _own(line.blocks, old and old.blocks, "lower", "upper", "inverse")
        rooms = old.rooms if old else empty_rooms(state.network.pattern.n)
        line = replace(_own(line, old, "slope", "added"), blocks=blocks, rooms=rooms)
    was = room.state if room else None
    factor = _own(state.factor, was and was.factor, "l_values", "d")
    state = replace(_own(state, was, "values", "diagonal", "upper", "rest"), factor=factor)
    own = _own(standing, room, "diagonal", "upper", "tied", "behind")
    return replace(own, state=state, line=line)


def _own(of: _T, room: _T | None, *names: str) -> _T:
    """The same dataclass with copies of those arrays."""
    return replace(of, **{n: _copy(getattr(of, n), room and getattr(room, n)) for n in names})


def _copy(array: NDArray[Any], room: NDArray[Any] | None) -> NDArray[Any]:
    """A copy, in the array of `room` if there is one: memory that is at hand costs less."""
    if room is None:
        return array.copy()
    np.copyto(room, array)
    return room
