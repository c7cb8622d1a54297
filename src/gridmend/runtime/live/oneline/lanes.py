"""A tree of devices in lanes: a place of its own on a grid for everything that hangs on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Piece:
    """A part of the network without devices of note, drawn as a bar. Beneath the end of a bay
    stand `rows` of figures, and then `lines` with a small sign each."""

    id: int
    label: str
    note: str = ""
    rows: int = 0
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Branch:
    """A device from a piece to one that is further from the supply."""

    id: int
    above: int
    below: int
    label: str


@dataclass(frozen=True)
class Stub:
    """A device at a piece that leads elsewhere, or nowhere."""

    id: int
    at: int
    label: str
    other: str = ""


@dataclass(frozen=True)
class Lanes:
    """A place on a grid for everything: how deep each piece lies, the first and the last lane that
    it reaches, and the lane of each stub. What begins at one depth in one lane is one alone."""

    depth: Mapping[int, int]
    lane: Mapping[int, int]
    last: Mapping[int, int]
    stubs: Mapping[tuple[int, int], int]
    count: int


def lanes(
    pieces: Sequence[Piece], branches: Iterable[Branch], stubs: Iterable[Stub],
    *, is_smallest_first: bool = False,
) -> Lanes:  # fmt: skip
    """Lanes in the order of a walk from the first pieces outward. What first hangs on a piece goes
    on in its lane, and what follows takes new ones below; with `is_smallest_first` what reaches
    over the most lanes comes last, so that little is empty beside it."""
    hung: dict[int, list[Branch | Stub]] = {piece.id: [] for piece in pieces}
    parent: dict[int, int] = {}
    for branch in branches:
        hung[branch.above].append(branch)
        parent[branch.below] = branch.above
    for stub in stubs:
        hung[stub.at].append(stub)
    roots = [piece.id for piece in pieces if piece.id not in parent]
    if is_smallest_first:
        size = _sizes(roots, hung)
        for items in hung.values():
            items.sort(key=lambda item: size[item.below] if isinstance(item, Branch) else 0)
    depth: dict[int, int] = {}
    lane: dict[int, int] = {}
    last: dict[int, int] = {}
    of_stubs: dict[tuple[int, int], int] = {}
    used = -1
    for root in roots:
        used += 1
        depth[root], lane[root] = 0, used
        stack: list[tuple[Branch | Stub, bool]] = []
        _push(stack, hung[root])
        last[root] = used
        while stack:
            item, is_first = stack.pop()
            used += 0 if is_first else 1
            if isinstance(item, Stub):
                of_stubs[item.id, item.at] = last[item.at] = used
                continue
            last[item.above] = used
            depth[item.below] = depth[item.above] + 1
            lane[item.below] = last[item.below] = used
            _push(stack, hung[item.below])
    return Lanes(depth, lane, last, of_stubs, used + 1)


def _push(stack: list[tuple[Branch | Stub, bool]], hung: list[Branch | Stub]) -> None:
    stack.extend((item, k == 0) for k, item in reversed(list(enumerate(hung))))


def _sizes(roots: Iterable[int], hung: Mapping[int, list[Branch | Stub]]) -> dict[int, int]:
    """How many lanes each piece needs with all that hangs on it."""
    order = list(roots)
    for piece in order:
        order.extend(item.below for item in hung[piece] if isinstance(item, Branch))
    found: dict[int, int] = {}
    for piece in reversed(order):
        needed = sum(found[i.below] if isinstance(i, Branch) else 1 for i in hung[piece])
        found[piece] = max(needed, 1)
    return found
