"""The network: what there is, where it stands, and one thing of it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query, Request, Response

from gridmend.interlock.limits import Limits
from gridmend.model.customers import customer_counts
from gridmend.runtime.live import Geometry, Mode
from gridmend.runtime.live.modes import DER_ZERO, LOADING_STEP_PCT, V_LEAST_PU, V_STEP_PU
from gridmend.runtime.live.oneline.diagram import Diagrams, NoDiagramError
from gridmend.ui.web.answers.network import (
    Element,
    Found,
    ModeAnswer,
    Names,
    Network,
    OneLine,
    OneLineFigures,
    SubstationAnswer,
    Trace,
)
from gridmend.ui.web.answers.shape import Key
from gridmend.ui.web.gate import Served, endpoint
from gridmend.ui.web.problems import missing
from gridmend.ui.web.serving import Serving

router = APIRouter(tags=["network"], prefix="")
ALIGNED = 8
_MODES = {
    Mode.ENERGISED: ("0 dead, 1 live, 2 some phases dead", 0.0, 1.0, ""),
    Mode.VOLTAGE: ("the end and phase furthest from nominal", V_LEAST_PU, V_STEP_PU, "pu"),
    Mode.LOADING: ("of the normal rating", 0.0, LOADING_STEP_PCT, "%"),
    Mode.PHASE: ("bits of the energised phases: a 1, b 2, c 4", 0.0, 1.0, ""),
    Mode.DER: ("output of the rating", -float(DER_ZERO), 1.0, "%"),
    Mode.HOSTING: ("nothing yet", 0.0, 1.0, ""),
    Mode.FEEDER: ("number of the feeder that feeds it", 0.0, 1.0, ""),
}
_EMERGENCY = Limits()
LIMITS = {
    "v_low_pu": 0.95, "v_high_pu": 1.05,
    "v_emergency_low_pu": _EMERGENCY.v_low_pu, "v_emergency_high_pu": _EMERGENCY.v_high_pu,
    "loading_high_pct": 100.0,
}  # fmt: skip
"""Range A of ANSI C84.1 at the service, and range B, beyond which the interlock refuses."""


@endpoint(router, "GET", "/network")
async def network(serving: Served) -> Network:
    """What there is, in numbers, and the limits that hold."""
    grid, geometry = serving.grid, serving.live.geometry
    stations = await serving.ask(lambda desk: desk.diagrams.listed())
    return Network(
        name=grid.name,
        revision=geometry.revision,
        elements=len(geometry),
        buses=len(geometry.buses),
        customers=int(customer_counts(grid).sum()),
        feeders=list(geometry.feeders),
        substations=[one["name"] for one in stations],
        kinds=list(geometry.kinds),
        limits=LIMITS,
        modes=[
            ModeAnswer(
                number=mode.value, name=mode.name.lower(), meaning=meaning,
                zero=zero, step=step, unit=unit,
            )
            for mode, (meaning, zero, step, unit) in _MODES.items()
        ],
    )  # fmt: skip


@endpoint(
    router, "GET", "/network/geometry",
    response_class=Response, openapi_extra={"responses": {"200": {"content": {
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}}},
)  # fmt: skip
async def geometry(request: Request, serving: Served) -> Response:
    """Where everything stands: a length, a JSON header, and arrays; kept by browsers for good."""
    made = await _made(serving, "geometry", lambda: packed(serving.live.geometry))
    return _kept(request, made, serving.live.geometry.revision, "application/octet-stream")


@endpoint(
    router, "GET", "/network/names",
    response_class=Response, openapi_extra={"responses": {"200": {"content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/Names"}}}}}},
)  # fmt: skip
async def names(request: Request, serving: Served) -> Response:
    """The names of all elements and buses, in the order of the geometry."""
    shape = serving.live.geometry

    def text() -> bytes:
        listed = Names(elements=list(shape.names), buses=list(shape.buses))
        return listed.model_dump_json().encode()

    return _kept(request, await _made(serving, "names", text), shape.revision, "application/json")


async def _made(serving: Serving, name: str, make: Callable[[], bytes]) -> tuple[bytes, bytes]:
    """Something that is made once, plain and packed."""
    if name not in serving.kept:

        def both() -> tuple[bytes, bytes]:
            plain = make()
            return plain, gzip.compress(plain, 6, mtime=0)

        serving.kept[name] = await serving.lanes.heavy.run(both)
    return serving.kept[name]


def _kept(request: Request, made: tuple[bytes, bytes], revision: int, media: str) -> Response:
    tag = f'"{revision}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
    if request.query_params.get("revision") == str(revision):
        headers["Cache-Control"] = "private, max-age=31536000, immutable"
    given = [one.strip() for one in request.headers.get("if-none-match", "").split(",")]
    if tag in given:
        return Response(status_code=304, headers=headers)
    plain, packed_ = made
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(packed_, headers={**headers, "Content-Encoding": "gzip"}, media_type=media)
    return Response(plain, headers=headers, media_type=media)


def packed(shape: Geometry) -> bytes:
    """The geometry as one block: u32 length of the header, the header padded to 8, the arrays.

    Offsets count from the end of the header, which lies at a multiple of 8 itself.
    """
    parts, listed, at = [], [], 0
    for name, array in shape.arrays().items():
        held = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False))
        padding = -at % ALIGNED
        parts.append(b"\0" * padding + held.tobytes())
        at += padding
        listed.append(
            {"name": name, "dtype": array.dtype.name, "shape": list(array.shape), "offset": at}
        )
        at += held.nbytes
    head = {
        "revision": shape.revision, "extent": [float(x) for x in shape.extent],
        "kinds": list(shape.kinds), "feeders": list(shape.feeders), "arrays": listed,
    }  # fmt: skip
    text = json.dumps(head).encode()
    text += b" " * (-(len(text) + 4) % ALIGNED)
    return len(text).to_bytes(4, "little") + text + b"".join(parts)


@endpoint(router, "GET", "/network/elements/{key}", statuses=(404,))
async def element(key: Key, serving: Served) -> Element:
    """All that a page shows of one device."""
    serving.grid.key(key)
    return Element.of(await serving.ask(lambda desk: desk.element(key)))


@endpoint(router, "GET", "/network/search", statuses=(422,))
async def search(
    q: Annotated[str, Query(max_length=200)],
    serving: Served,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> list[Found]:
    """Elements and buses whose name holds a text, the nearest names first."""
    return [Found.of(row) for row in await serving.ask(lambda desk: desk.search(q, limit))]


@endpoint(router, "GET", "/network/trace", statuses=(404, 422))
async def trace(
    key: Annotated[str, Query(max_length=200)],
    direction: Literal["up", "down"],
    serving: Served,
) -> Trace:
    """What feeds a device, or what it feeds."""
    serving.grid.key(key)
    return Trace.of(await serving.ask(lambda desk: desk.trace(key, direction)))


@endpoint(router, "GET", "/network/oneline/{feeder}", statuses=(404,))
async def oneline(feeder: Key, serving: Served) -> OneLine:
    """The diagram of a feeder, laid out."""
    return OneLine.of(await _drawn(serving, "feeder", feeder, lambda all: all.feeder(feeder)))


@endpoint(router, "GET", "/network/oneline/{feeder}/figures", statuses=(404,))
async def oneline_figures(feeder: Key, serving: Served) -> OneLineFigures:
    """What flows in the diagram of a feeder now."""
    found = await _drawn(serving, "feeder", feeder, lambda all: all.feeder_figures(feeder))
    return OneLineFigures.of(found)


@endpoint(router, "GET", "/network/substations")
async def substations(serving: Served) -> list[SubstationAnswer]:
    """The substations, with the feeders that each normally feeds."""
    found = await serving.ask(lambda desk: desk.diagrams.listed())
    return [SubstationAnswer.of(one) for one in found]


@endpoint(router, "GET", "/network/substations/{substation}", statuses=(404,))
async def substation_oneline(substation: Key, serving: Served) -> OneLine:
    """The diagram of a substation, laid out: its busbars, and a bay for each way out."""
    found = await _drawn(serving, "substation", substation, lambda all: all.station(substation))
    return OneLine.of(found)


@endpoint(router, "GET", "/network/substations/{substation}/figures", statuses=(404,))
async def substation_figures(substation: Key, serving: Served) -> OneLineFigures:
    """What flows in the diagram of a substation now, with the figures of each bay."""
    name = substation
    found = await _drawn(serving, "substation", name, lambda all: all.station_figures(name))
    return OneLineFigures.of(found)


async def _drawn(
    serving: Serving, what: str, name: str, ask: Callable[[Diagrams], Mapping[str, Any]]
) -> Mapping[str, Any]:
    """What is asked of the diagrams; what is not there is a 404."""
    try:
        return await serving.ask(lambda desk: ask(desk.diagrams))
    except NoDiagramError as error:
        raise missing(what, name, mend=error.mend) from None
