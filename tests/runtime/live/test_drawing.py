"""Diagrams on paper: nothing is drawn over another, however a tree looks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.runtime.live.oneline.drawing import (
    Box,
    Drawing,
    feeder_drawing,
    station_drawing,
    text_px,
)
from gridmend.runtime.live.oneline.lanes import Branch, Piece, Stub, lanes

DRAWINGS = (feeder_drawing, station_drawing)
Parts = tuple[list[Piece], list[Branch], list[Stub]]


@st.composite
def trees(draw: st.DrawFn) -> Parts:
    """A few trees of pieces, with stubs, long names, and rows beneath some ends."""
    words = st.text("aWi0_", min_size=1, max_size=24)
    count = draw(st.integers(1, 12))
    parents = [draw(st.integers(-1 if k < 3 else 0, k - 1)) for k in range(1, count)]
    branches = [Branch(100 + k, parent, k, draw(words))
                for k, parent in enumerate(parents, 1) if parent >= 0]  # fmt: skip
    ends = {*range(count)} - {branch.above for branch in branches}
    stubs = [Stub(200 + k, draw(st.integers(0, count - 1)), draw(words), draw(words))
             for k in range(draw(st.integers(0, 6)))]  # fmt: skip
    bare = ends - {stub.at for stub in stubs}
    pieces = [
        Piece(k, draw(words), draw(words), rows=3 if k in bare else 0,
              lines=tuple(draw(st.lists(words, max_size=3))) if k in bare else ())
        for k in range(count)
    ]  # fmt: skip
    return pieces, branches, stubs


def overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width and other.x < one.x + one.width
        and one.y < other.y + other.height and other.y < one.y + one.height
    )  # fmt: skip


def overlapping(drawing: Drawing) -> list[tuple[str, str]]:
    """Signs and texts of which one is over another, and texts that a line runs through."""
    found = [(a.what, b.what) for a, b in combinations(drawing.boxes, 2) if overlap(a, b)]
    lines = [*drawing.bars.values(), *drawing.ways.values(), *drawing.stubs.values()]
    for line in lines:
        left, right = sorted((line.x1, line.x2))
        top, low = sorted((line.y1, line.y2))
        track = Box("line", left, top, right - left + 1e-6, low - top + 1e-6)
        texts = (box for box in drawing.boxes if not box.what.startswith("sign"))
        found += [(box.what, "line") for box in texts if overlap(box, track)]
    return found


@pytest.mark.parametrize("draw", DRAWINGS)
@given(parts=trees())
@settings(max_examples=150, deadline=None)
def test_no_sign_and_no_word_is_over_another_and_all_is_on_the_sheet(
    draw: Callable[..., Drawing], parts: Parts
) -> None:
    drawing = draw(*parts)
    assert overlapping(drawing) == []
    for box in drawing.boxes:
        assert box.x >= 0 and box.y >= 0, box
        assert box.x + box.width <= drawing.width and box.y + box.height <= drawing.height, box


@given(parts=trees())
@settings(max_examples=60, deadline=None)
def test_everything_is_drawn_once_and_joined_to_its_pieces(parts: Parts) -> None:
    pieces, branches, stubs = parts
    for draw, is_level in ((feeder_drawing, True), (station_drawing, False)):
        drawing = draw(*parts)
        assert drawing.bars.keys() == {piece.id for piece in pieces}
        assert drawing.ways.keys() == {branch.id for branch in branches}
        assert drawing.stubs.keys() == {(stub.id, stub.at) for stub in stubs}
        for branch in branches:
            way = drawing.ways[branch.id]
            for piece, x, y in ((branch.above, way.x1, way.y1), (branch.below, way.x2, way.y2)):
                bar = drawing.bars[piece]
                across, along = (x - bar.x1, y) if is_level else (y - bar.y1, x)
                reach = (bar.y1, bar.y2) if is_level else (bar.x1, bar.x2)
                assert abs(across) < 1e-9 and reach[0] <= along <= reach[1]


def test_a_chain_stays_in_one_lane_and_what_reaches_far_comes_last() -> None:
    pieces = [Piece(k, "") for k in range(6)]
    branches = [Branch(10, 0, 1, ""), Branch(11, 1, 2, ""), Branch(12, 1, 3, ""),
                Branch(13, 0, 4, ""), Branch(14, 4, 5, "")]  # fmt: skip
    found = lanes(pieces, branches, [Stub(20, 0, "")])
    assert [found.lane[k] for k in range(6)] == [0, 0, 0, 1, 2, 2]
    assert (found.stubs[20, 0], found.last[0], found.count) == (3, 3, 4)
    found = lanes(pieces, branches, [Stub(20, 0, "")], is_smallest_first=True)
    assert (found.stubs[20, 0], found.lane[4], found.lane[1]) == (0, 1, 2)


def test_a_deep_tree_is_laid_out_without_going_deep() -> None:
    count = 3000
    pieces = [Piece(k, "") for k in range(count)]
    found = lanes(pieces, [Branch(k, k - 1, k, "") for k in range(1, count)], [])
    assert (found.depth[count - 1], found.count) == (count - 1, 1)


def test_a_wide_letter_takes_more_room_than_a_narrow_one() -> None:
    assert text_px("WWWW") > text_px("aaaa") > text_px("iiii") > 0
    assert text_px("ab", is_bold=True) > text_px("ab")
