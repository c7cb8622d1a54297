"""The network: what there is, and one thing of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gridmend.ui.web.answers.shape import Answer, Figure


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


class Node(Answer):
    """A place of a diagram."""

    id: str
    x: float
    y: float
    label: str
    kind: str


class Edge(Answer):
    """What lies between two places of a diagram."""

    begin: str = Field(alias="from")
    end: str = Field(alias="to")
    key: str
    kind: str
    index: int | None
    label: str


class OneLine(Answer):
    """The diagram of a feeder, laid out."""

    feeder: str
    nodes: list[Node]
    edges: list[Edge]
