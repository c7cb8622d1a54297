"""A network cut at its devices of note: the pieces between them, and a tree over these."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Flags, Ints
from gridmend.runtime.live.geometry import Geometry

SWITCHES = ("switch", "breaker", "recloser", "fuse", "sectionaliser", "disconnect")
NOTED = (*SWITCHES, "regulator", "substation_transformer", "series_capacitor", "reactor")
"""Kinds of device that a one-line diagram shows, as `Geometry.kinds` names them."""


@dataclass(frozen=True)
class Joint:
    """A device between two pieces, `above` nearer to the supply in a tree; `others` of its kind
    stand beside it, as one regulator a phase."""

    element: int
    above: int
    below: int
    others: tuple[int, ...] = ()


@dataclass(frozen=True)
class Tree:
    """Pieces from the supply outward, the devices by which each is reached, and all others, as ties
    and what closes a loop. A piece that only ties lead to is none of it."""

    order: tuple[int, ...]
    joints: tuple[Joint, ...]
    loose: tuple[Joint, ...]


def of_kind(geometry: Geometry, kinds: Sequence[str]) -> Flags:
    """[elements] whether each is of some kinds."""
    return np.array([kind in kinds for kind in geometry.kinds])[geometry.kind]


def pieces(geometry: Geometry, noted: Ints, joined: Ints) -> dict[int, int]:
    """The piece of each bus that some elements touch, which is its first bus; `joined` lie within
    pieces, and `noted` between them."""
    near: dict[int, list[int]] = {}
    for a, b in zip(geometry.bus1[joined].tolist(), geometry.bus2[joined].tolist(), strict=True):
        near.setdefault(a, []).append(b)
        near.setdefault(b, []).append(a)
    found: dict[int, int] = {}
    for bus in [*geometry.bus1[noted].tolist(), *geometry.bus2[noted].tolist(), *near]:
        if bus in found:
            continue
        found[bus] = bus
        queue = deque([bus])
        while queue:
            for other in near.get(queue.popleft(), ()):
                if other not in found:
                    found[other] = bus
                    queue.append(other)
    return found


def grouped(geometry: Geometry, joints: Iterable[Joint]) -> list[Joint]:
    """The same with devices side by side taken together; switches each stand alone."""
    is_switch = of_kind(geometry, SWITCHES)
    found: dict[tuple[int, ...], list[Joint]] = {}
    for one in joints:
        ends = (
            min(one.above, one.below),
            max(one.above, one.below),
            int(geometry.kind[one.element]),
        )
        key = (*ends, one.element) if is_switch[one.element] else ends
        found.setdefault(key, []).append(one)
    return [
        Joint(each[0].element, each[0].above, each[0].below, tuple(o.element for o in each[1:]))
        for each in found.values()
    ]


def tree(
    joints: Sequence[Joint],
    *,
    first: Mapping[int, int],
    is_tie: Callable[[int], bool],
    kept: Callable[[int], bool] = lambda _: True,
) -> Tree:
    """A tree over pieces from those that are `first` [piece: rank] nearest to a supply.

    Devices for which `is_tie` holds are no part of it, and of pieces that nothing else leads to
    only those that are `kept`.
    """
    near: dict[int, list[Joint]] = {}
    for one in joints:
        if not is_tie(one.element) and one.above != one.below:
            near.setdefault(one.above, []).append(one)
            near.setdefault(one.below, []).append(one)
    nodes = sorted({n for one in joints for n in (one.above, one.below)} | first.keys(),
                   key=lambda n: (first.get(n, len(first)), n))  # fmt: skip
    order: dict[int, None] = {}
    used: dict[int, Joint] = {}
    roots = [node for node in nodes if node in near or kept(node)] or nodes[:1]
    for root in roots:
        if root in order:
            continue
        order[root] = None
        queue = deque([root])
        while queue:
            here = queue.popleft()
            for one in near.get(here, ()):
                other = one.below if one.above == here else one.above
                if other not in order:
                    order[other] = None
                    used[one.element] = Joint(one.element, here, other, one.others)
                    queue.append(other)
    loose = [one for one in joints if one.element not in used]
    return Tree(tuple(order), tuple(used.values()), tuple(loose))
