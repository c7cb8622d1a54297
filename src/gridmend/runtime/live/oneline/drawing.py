"""The layout of a one-line diagram: a tree in lanes, so that no sign and no word is on another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gridmend.runtime.live.oneline.lanes import Branch, Piece, Stub, lanes

SIGN_PX = 32.0
"""Sign of a device with a ring around it, square."""
FIGURES_PX, ENDS_PX = 124.0, 80.0
"""Room for a current and a power, and for the voltage behind what ends."""
LANE_PX, LEVEL_PX = 72.0, 126.0
"""From lane to lane of a feeder, and from busbar to busbar of a substation."""
TEXT_PX, SMALL_PX = 12.0, 11.0
LINE_PX, ROW_PX = 15.0, 19.0
"""Height of a line of text, and from row to row beneath a piece, where small signs stand too."""
ROW_WIDE_PX = 170.0
"""Room for a row of figures beneath a piece."""
_MARGIN = 24.0
_BAR_PX = 10.0
"""How far a bar reaches beyond what hangs on it."""
_WIDE, _NARROW = "mwMW@%—…→", "iljtfrI.,:;'|!()[] -"


def text_px(text: str, size_px: float = TEXT_PX, *, is_bold: bool = False) -> float:
    """How wide a text is at most in the fonts of the pages, the widest of which is DejaVu Sans."""
    wide = sum(
        0.98 if c in _WIDE else 0.43 if c in _NARROW else 0.72 if c.isupper() else 0.64
        for c in text
    )
    return wide * size_px * (1.12 if is_bold else 1.0)


@dataclass(frozen=True)
class Box:
    """What is taken on the sheet by a sign or a text; y grows downward [px]."""

    what: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Way:
    """A straight line with its sign, and where its name and its figures begin [px]."""

    x1: float
    y1: float
    x2: float
    y2: float
    sign_x: float
    sign_y: float
    text_x: float
    text_y: float
    figures_y: float


@dataclass(frozen=True)
class Bar:
    """A piece as it is drawn, and where its name begins [px]."""

    x1: float
    y1: float
    x2: float
    y2: float
    text_x: float
    text_y: float


@dataclass(frozen=True)
class Drawing:
    """A sheet [px]. `stubs` are by device and piece, as a tie has one at each of its ends."""

    width: float
    height: float
    bars: Mapping[int, Bar]
    ways: Mapping[int, Way]
    stubs: Mapping[tuple[int, int], Way]
    boxes: tuple[Box, ...]


@dataclass
class _Sheet:
    """What is drawn so far."""

    bars: dict[int, Bar] = field(default_factory=dict[int, Bar])
    ways: dict[int, Way] = field(default_factory=dict[int, Way])
    stubs: dict[tuple[int, int], Way] = field(default_factory=dict[tuple[int, int], Way])
    boxes: list[Box] = field(default_factory=list[Box])

    def text(self, what: str, x: float, y: float, width: float) -> None:
        self.boxes.append(Box(what, x, y - 0.8 * LINE_PX, width, LINE_PX))

    def sign(self, what: str, way: Way) -> None:
        half = SIGN_PX / 2
        self.boxes.append(Box(what, way.sign_x - half, way.sign_y - half, SIGN_PX, SIGN_PX))

    def done(self, width: float, height: float) -> Drawing:
        return Drawing(width, height, self.bars, self.ways, self.stubs, tuple(self.boxes))


def _head_px(piece: Piece) -> float:
    note = f"  {piece.note}" if piece.note else ""
    return text_px(piece.label, is_bold=True) + text_px(note, SMALL_PX)


def _rows_px(piece: Piece) -> float:
    signed = [36 + text_px(line, SMALL_PX) for line in piece.lines]
    return max([ROW_WIDE_PX if piece.rows else 0.0, *signed])


def _body_px(label: str, other: str = "") -> float:
    return max(text_px(label), text_px(other, SMALL_PX), FIGURES_PX)


def _edges(sizes: Sequence[float], start: float) -> list[float]:
    """Where each column or row begins, and where the last ends."""
    found = [start]
    for size in sizes:
        found.append(found[-1] + size)
    return found


def feeder_drawing(
    pieces: Sequence[Piece], branches: Sequence[Branch], stubs: Sequence[Stub]
) -> Drawing:
    """A feeder from the left to the right: pieces are upright bars, and each lane is a row."""
    at, sheet = lanes(pieces, branches, stubs, is_smallest_first=True), _Sheet()
    sizes = [40.0] * (1 + max(at.depth.values(), default=0))
    for piece in pieces:
        k = at.depth[piece.id]
        sizes[k] = max(sizes[k], 22 + max(_head_px(piece), ENDS_PX))
    for item in (*branches, *stubs):
        k = at.depth[item.above if isinstance(item, Branch) else item.at]
        other = item.other if isinstance(item, Stub) else ""
        sizes[k] = max(sizes[k], 56 + _body_px(item.label, other))
    x = _edges(sizes, _MARGIN)
    y = [_MARGIN + 30 + LANE_PX * k for k in range(at.count + 1)]
    hung = {b.above for b in branches} | {s.at for s in stubs}
    for piece in pieces:
        left, top, low = x[at.depth[piece.id]], y[at.lane[piece.id]], y[at.last[piece.id]]
        # Where nothing follows, the name stands behind the end.
        text_y = top - 26 if piece.id in hung else top - 3
        bar = Bar(left, top - _BAR_PX, left, low + _BAR_PX, left + 8, text_y)
        sheet.bars[piece.id] = bar
        sheet.text(f"piece {piece.id}", bar.text_x, bar.text_y, _head_px(piece))
        if piece.id not in hung:
            sheet.text(f"figures {piece.id}", bar.text_x, top - 3 + LINE_PX, ENDS_PX)

    def way(item: Branch | Stub, left: float, right: float, row: float, width: float) -> Way:
        made = Way(left, row, right, row, left + 26, row, left + 44, row - 7, row + 14)
        sheet.sign(f"sign {item.id}", made)
        sheet.text(f"name {item.id}", made.text_x, made.text_y, width)
        sheet.text(f"figures {item.id}", made.text_x, made.figures_y, width)
        return made

    for one in branches:
        k = at.depth[one.above]
        row = y[at.lane[one.below]]
        sheet.ways[one.id] = way(one, x[k], x[k + 1], row, _body_px(one.label))
    for one in stubs:
        left, row = x[at.depth[one.at]], y[at.stubs[one.id, one.at]]
        wide = _body_px(one.label, one.other)
        sheet.stubs[one.id, one.at] = way(one, left, left + 62, row, wide)
        sheet.text(f"more {one.id}", left + 44, row + 14 + LINE_PX, wide)
    return sheet.done(x[-1] + _MARGIN, y[-1])


def station_drawing(
    pieces: Sequence[Piece], branches: Sequence[Branch], stubs: Sequence[Stub]
) -> Drawing:
    """A substation from the top down: pieces are level busbars, and each lane is a bay."""
    at, sheet = lanes(pieces, branches, stubs), _Sheet()
    widths, levels = [40.0] * at.count, [40.0] * (1 + max(at.depth.values(), default=0))
    for piece in pieces:
        lane, k = at.lane[piece.id], at.depth[piece.id]
        widths[lane] = max(widths[lane], 54 + _head_px(piece), 54 + _rows_px(piece))
        levels[k] = max(levels[k], 40 + ROW_PX * (piece.rows + len(piece.lines)))
    for item in (*branches, *stubs):
        is_stub = isinstance(item, Stub)
        lane = at.stubs[item.id, item.at] if is_stub else at.lane[item.below]
        k = at.depth[item.at if is_stub else item.above]
        widths[lane] = max(widths[lane], 62 + _body_px(item.label, item.other if is_stub else ""))
        levels[k] = max(levels[k], LEVEL_PX)
    x, y = _edges(widths, _MARGIN), _edges(levels, _MARGIN)
    for piece in pieces:
        top, left = y[at.depth[piece.id]] + 22, x[at.lane[piece.id]]
        right = x[at.last[piece.id]]
        bar = Bar(left + 24 - _BAR_PX, top, right + 24 + _BAR_PX, top, left + 36, top - 7)
        sheet.bars[piece.id] = bar
        sheet.text(f"piece {piece.id}", bar.text_x, bar.text_y, _head_px(piece))
        for row in range(piece.rows + len(piece.lines)):
            low = top + ROW_PX * (row + 1)
            sheet.text(f"row {row} of {piece.id}", bar.text_x, low, _rows_px(piece))

    def way(item: Branch | Stub, left: float, top: float, low: float, width: float) -> Way:
        line, sign = left + 24, top + 40
        made = Way(line, top, line, low, line, sign, left + 46, sign - 4, sign + 11)
        sheet.sign(f"sign {item.id}", made)
        for row, what in enumerate(("name", "figures", "more", "most")):
            sheet.text(f"{what} {item.id}", made.text_x, made.text_y + row * LINE_PX, width)
        return made

    for one in branches:
        k, left = at.depth[one.above], x[at.lane[one.below]]
        sheet.ways[one.id] = way(one, left, y[k] + 22, y[k + 1] + 22, _body_px(one.label))
    for one in stubs:
        top, left = y[at.depth[one.at]] + 22, x[at.stubs[one.id, one.at]]
        wide = _body_px(one.label, one.other)
        sheet.stubs[one.id, one.at] = way(one, left, top, top + 64, wide)
    return sheet.done(x[-1] + _MARGIN, y[-1] + _MARGIN)
