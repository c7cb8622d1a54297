"""The network: what there is, and one thing of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gridmend.ui.web.answers.shape import Answer, Figure, Time


class ModeAnswer(Answer):
    """A mode of the map: its number on the wire, and what its values mean."""

    number: int
    name: str
    meaning: str
    zero: float = 0.0
    step: float = 1.0
    unit: str = ""
    """A figure is `zero + step * value`, in this unit; empty where values are names."""


class Network(Answer):
    """What there is, in numbers, and the limits that hold."""

    name: str
    revision: int
    elements: int
    buses: int
    customers: int
    feeders: list[str]
    substations: list[str]
    kinds: list[str]
    limits: dict[str, float]
    modes: list[ModeAnswer]


class Names(Answer):
    """The names of all elements and buses, in the order of the geometry."""

    elements: list[str]
    buses: list[str]


class TagAnswer(Answer):
    """A tag that hangs on a device."""

    id: str
    kind: str
    holder: str
    reason: str = ""


class GroundAnswer(Answer):
    """An earth."""

    id: str
    bus: str = ""
    holder: str = ""


class Element(Answer):
    """All that a page shows of one device. `source` tells whether figures are calculated."""

    key: str
    kind: str
    index: int
    bus1: str
    bus2: str
    phases: str
    feeder: str
    area: str
    position: Literal["open", "closed"] | None
    normal: str | None
    position_known: bool
    remote: bool
    heard_age_s: Figure
    locked_out: bool
    length_m: Figure = None
    rating_a: Figure
    i_a: dict[str, Figure]
    p_kw: Figure
    q_kvar: Figure
    loading_pct: Figure
    v_pu: dict[str, Figure]
    source: str
    converged: bool
    customers_downstream: int | None
    tags: list[TagAnswer]
    grounds: list[GroundAnswer]
    selected_by: str
    faulted: bool


class Found(Answer):
    """Something that was searched for; a bus has no index."""

    key: str
    kind: str
    name: str
    index: int | None
    x: Figure
    y: Figure


class Trace(Answer):
    """What feeds a device, or what it feeds: rows of the geometry."""

    elements: list[int]
    customers: int | None
    load_kw: Figure


class Line(Answer):
    """A straight line on a sheet, x to the right and y downward [pixels]."""

    x1: float
    y1: float
    x2: float
    y2: float


class Drawn(Answer):
    """A device on a diagram. `beside` are those of its kind that are drawn as one with it."""

    key: str
    kind: str
    index: int | None
    label: str
    beside: list[str]


class BayTie(Drawn):
    """A tie of a bay, with the feeder or the substation that is on its other side."""

    feeder: str
    substation: str
    other: str
    x: float
    y: float


class Node(Answer):
    """A piece of network between devices, drawn as a bar; its name begins at `x`, `y`.

    `feeders` and `ties` are of the bay of a substation; its figures stand in `rows` beneath it,
    `row_px` apart, and its ties follow.
    """

    id: str
    x: float
    y: float
    label: str
    kind: str
    note: str = ""
    customers: int
    bar: Line
    rows: int = 0
    row_px: float
    feeders: list[str]
    ties: list[BayTie]


class Placed(Drawn):
    """A device with its line, its sign, and where its name and its figures begin."""

    line: Line
    sign: tuple[float, float]
    text: tuple[float, float]
    figures: tuple[float, float]


class Edge(Placed):
    """A device between two pieces, from the one that is nearer to the supply."""

    begin: str = Field(alias="from")
    end: str = Field(alias="to")


class Leading(Placed):
    """A device at a piece that leads to another of the diagram (`target`), out of it (to a
    `feeder` or a `substation`), or nowhere, as a capacitor. `beyond` is the number of the bus at
    its other end."""

    at: str
    other: str
    target: str
    beyond: str
    feeder: str
    substation: str


class OneLine(Answer):
    """The diagram of a feeder or a substation (`what`), laid out on a sheet [pixels]."""

    name: str
    what: Literal["feeder", "substation"]
    feeder: str
    substation: str
    feeders: list[str]
    width: float
    height: float
    nodes: list[Node]
    edges: list[Edge]
    stubs: list[Leading]


class DeviceFigures(Answer):
    """What flows in a device, as seen `at` a piece; a power that flows into the device there is
    positive."""

    key: str
    at: str
    i_a: Figure
    p_kw: Figure
    q_kvar: Figure
    taps: list[int]
    steps_on: int | None
    steps: int | None


class PieceFigures(Answer):
    """What is known of a piece: the lowest voltage of its live phases, and its customers."""

    id: str
    v_min_pu: Figure
    customers: int
    customers_out: int
    energised: bool


class OneLineFigures(Answer):
    """What flows in a diagram now; figures are null where the power flow did not converge."""

    time: Time
    converged: bool
    source: str
    devices: list[DeviceFigures]
    pieces: list[PieceFigures]


class SubstationAnswer(Answer):
    """A substation, with the feeders that it normally feeds."""

    name: str
    feeders: list[str]
