"""Every state that a small network can reach, by commands that the interlock allows and by a field
that does its worst: none is unsafe, and from each a way leads back."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from gridmend.runtime.fold import fold
from tests.interlock.exploring.family import Shape, family, sampled
from tests.interlock.exploring.knowledge import DOUBT
from tests.interlock.exploring.moves import Bounds
from tests.interlock.exploring.positions import compared
from tests.interlock.exploring.reading import confirmed, given, known_from
from tests.interlock.exploring.search import Exploration

Case = tuple[Shape, Bounds]

# Commands on their way and sources that are switched; clearances and grounds; hot-line tags.
JOINING = Bounds(tags=1, work=())
WORKING = Bounds(sent=1, sources=False)
HOT = Bounds(kinds=("hold", "hot_line"), sent=1, sources=False, work=())
LESS = {"sources": False, "phases": False}


def _facets(shape: Shape, *, everything: bool = False) -> list[Case]:
    """What is explored of a network, by its size."""
    size = len(shape.edges)
    bounds = [JOINING, WORKING, HOT]
    if size == 2 and not everything:
        bounds = [replace(JOINING, doubtful=2, sources=False), WORKING]
    elif size == 2:
        bounds = [replace(JOINING, doubtful=2), WORKING, HOT]
    elif size > 2:
        doubtful, tags = (2 if size == 3 else 1), (2 if size < 5 or everything else 1)
        bounds = [
            replace(JOINING, doubtful=2, **LESS, tags=1 if size < 5 or everything else 0),
            replace(WORKING, doubtful=doubtful, **LESS, tags=tags, work=("zone",)),
        ]
        if everything or size == 4:
            bounds.append(replace(WORKING, doubtful=doubtful, **LESS, tags=1, work=("earth",)))
    return [(shape, one) for one in bounds]


SUITE: list[Case] = [
    *(case for shape in family(1) for case in _facets(shape)),
    *(case for shape in family(2)[::8] for case in _facets(shape)),
    (family(2)[20], replace(JOINING, doubtful=2)),
    *(case for shape in family(3)[14::45] for case in _facets(shape)),
    *(case for shape in family(4)[498::600] for case in _facets(shape)),
    *(case for shape in family(5)[1400::2000] for case in _facets(shape)),
]


def _nightly() -> list[Shape]:
    """All networks up to three switches, and a part of the larger that a seed chooses.

    One of four takes some 20 s, one of five 90 s, one of six 5 min or more.
    """
    seed = int(os.environ.get("GRIDMEND_SEED", "0"))
    part = int(os.environ.get("GRIDMEND_NETWORKS", "40"))
    small = [shape for size in (1, 2, 3) for shape in family(size)]
    parts = {4: part, 5: part, 6: part // 4}
    return [*small, *(s for size, many in parts.items() for s in sampled(size, many, seed))]


def _name(case: Case) -> str:
    shape, bounds = case
    what = "+".join(bounds.work) or ("joining" if len(bounds.kinds) == 1 else "hot-line")
    return f"{shape.name}; {what}"


def _explore(shape: Shape, bounds: Bounds) -> None:
    exploration = Exploration(shape, bounds)
    found = exploration.run(liveness=True)
    assert not found.violation, f"{found.violation}, after {', '.join(found.trail)}"
    assert found.states > 20
    assert not found.stuck, f"no way back from {found.stuck[0]}, nor from {len(found.stuck)} in all"


@pytest.mark.parametrize("case", SUITE, ids=_name)
def test_no_state_that_can_be_reached_is_unsafe_and_from_each_a_way_leads_back(case: Case) -> None:
    _explore(*case)


@pytest.mark.nightly
@pytest.mark.parametrize("shape", _nightly(), ids=lambda shape: shape.name)
def test_no_state_of_any_network_of_the_family_is_unsafe(shape: Shape) -> None:
    for case in _facets(shape, everything=True):
        _explore(*case)


@pytest.mark.parametrize("shape", family(1)[::3], ids=lambda shape: shape.name)
def test_real_events_fold_into_what_the_exploration_says_is_known(shape: Shape) -> None:
    exploration = Exploration(shape, replace(WORKING, sources=True))
    exploration.run()
    compared_with = 0
    for known, moves in exploration.moves.items():
        start = exploration.desks[known.as_seen].situation
        assert known_from(exploration.place, start) == known.as_seen
        for move in moves:
            event = given(known, move)
            grid, place = exploration.room.grid, exploration.place
            assert known_from(place, fold(grid, [event], start)) == move.then.as_seen, move.label
            # Another command on it is still without an outcome.
            seen = dict(zip(place.devices, known.at, strict=True)).get(move.step.device, "")
            if move.step.device in known.sent or (seen in "?uk" and seen and not move.way):
                continue
            for by_word in (False, True):
                after = fold(grid, [event, *confirmed(move, by_word=by_word)], start)
                told = known_from(place, after)
                index = place.devices.index(move.step.device) if move.way else -1
                if by_word and move.way and known.at[index] != "c" and place.is_switch[index]:
                    assert told == replace(move.done.moved(index, DOUBT), sent=known.sent).as_seen
                elif not by_word:
                    assert told == move.done.as_seen, (known, move.label)
                compared_with += 1
    assert compared_with > 50


POSITIONS = [*family(1), *family(2)[::4], *family(3)[::16], *family(4)[::120]]


def test_in_every_position_what_is_accepted_is_legal_and_what_is_legal_is_accepted() -> None:
    found = [compared(shape) for shape in POSITIONS]
    illegal = [told for one in found for told in one.illegal]
    assert not illegal, illegal[0]
    refused = [told for one in found for told in one.refused]
    legal = sum(one.legal for one in found)
    assert len(refused) <= 0.01 * legal, f"{len(refused)} of {legal} legal ones: {refused[:9]}"
