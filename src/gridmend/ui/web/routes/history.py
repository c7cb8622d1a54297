"""What was: trends, the journal, and whether its chain holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from gridmend.model.situation import Situation
from gridmend.runtime.journal import Entry, Journal, Verification
from gridmend.runtime.live.reading import READ_MOST
from gridmend.runtime.users.roles import Permission
from gridmend.runtime.users.sessions import Session
from gridmend.ui.answer import plain
from gridmend.ui.web.answers.history import EntryAnswer, FlawAnswer, Trends, Verified
from gridmend.ui.web.answers.shape import Moment
from gridmend.ui.web.gate import Calling, Served, endpoint
from gridmend.ui.web.problems import Problem
from gridmend.ui.web.serving import Serving

router = APIRouter(tags=["history"])
ARROW = "application/vnd.apache.arrow.stream"
NAMES_MOST = 32
ROUNDS_MOST = 8
"""How often it is read on where most entries are of other people's areas."""
OF_USERS = frozenset({
    "account_made", "password_set", "account_opened", "account_closed", "role_proposed",
    "role_granted", "role_revoked", "logged_in", "login_refused", "login_limited",
})  # fmt: skip
"""Kinds that only those who audit see: who logged in, and who may do what."""


@endpoint(
    router, "GET", "/trends", statuses=(422,), response_model=Trends,
    openapi_extra={"responses": {"200": {"content": {
        ARROW: {"schema": {"type": "string", "format": "binary"}}}}}},
)  # fmt: skip
async def trends(
    request: Request,
    serving: Served,
    names: Annotated[str, Query(max_length=4000)] = "",
    start: Moment | None = None,
    end: Moment | None = None,
) -> Any:
    """Figures over time, by comma-separated names; without any, what there is.

    Arrow IPC where the request accepts `application/vnd.apache.arrow.stream`.
    """
    wanted = [name for name in names.split(",") if name][:NAMES_MOST]
    known = dict(await serving.ask(lambda desk: desk.trend_names()))
    strange = [name for name in wanted if name not in known]
    if strange:
        raise Problem(422, f"there is no trend of '{strange[0][:80]}'", where="query.names",
                      mend="GET /api/v1/trends says what there is")  # fmt: skip
    found: Mapping[str, Any] = {"times": [], "series": {}, "units": {}}
    if wanted:
        found = await serving.ask(lambda desk: desk.trend(wanted, start, end))
    if ARROW in request.headers.get("accept", ""):
        return Response(await serving.lanes.heavy.run(lambda: _arrow(found)), media_type=ARROW)
    answer = Trends.of({**found, "known": {} if wanted else known})
    return Response(answer.model_dump_json(), media_type="application/json")


def _arrow(found: Mapping[str, Any]) -> bytes:
    import pyarrow as pa

    times = pa.array(list(found["times"]), pa.timestamp("us", tz="UTC"))
    fields = [pa.field("time", times.type)]
    columns: list[Any] = [times]
    for name, values in found["series"].items():
        unit = str(found["units"].get(name, ""))
        fields.append(pa.field(name, pa.float64(), metadata={"unit": unit}))
        columns.append(pa.array([plain(float(v)) for v in values], pa.float64()))
    table = pa.Table.from_arrays(columns, schema=pa.schema(fields))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


@endpoint(router, "GET", "/journal", statuses=(422,))
async def journal(
    serving: Served,
    caller: Calling,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    kind: Annotated[str, Query(max_length=100)] = "",
    device: Annotated[str, Query(max_length=200)] = "",
) -> list[EntryAnswer]:
    """Entries that follow one. Without the permission to audit, those of one's own areas."""
    listed: list[EntryAnswer] = []
    for _ in range(ROUNDS_MOST):
        start = after
        found = await serving.ask(
            lambda desk, start=start: desk.entries(start, limit, kind=kind, device=device)
        )
        after = found[-1].sequence if len(found) >= limit else start + READ_MOST
        for entry in found:
            shown = _seen_by(caller.session, entry, serving.view.situation)
            if shown is not None:
                listed.append(shown)
        if len(listed) >= limit or after >= serving.view.sequence:
            break
    return listed[:limit]


def _seen_by(session: Session, entry: Entry, situation: Situation) -> EntryAnswer | None:
    """An entry as somebody may see it; None where they may not."""
    event = entry.event
    if not session.may(Permission.AUDIT):
        if event.kind in OF_USERS:
            return None
        if not session.may(Permission.VIEW):
            area = _area_of(event.payload, situation)
            if area is None or not session.may(Permission.VIEW, area):
                return None
    return EntryAnswer(
        sequence=entry.sequence, time=event.time_utc.astimezone(UTC), source=event.source,
        cause=event.cause, kind=event.kind, payload=plain(event.payload), hash=entry.hash.hex(),
    )  # fmt: skip


def _area_of(payload: Mapping[str, Any], situation: Situation) -> str | None:
    """The area that an entry is about; None where it is about none alone."""
    area = payload.get("area")
    if isinstance(area, str):
        return area
    order = situation.orders.get(str(payload.get("order", "")))
    if order is not None:
        return order.area
    step = payload.get("step")
    device = payload.get("device") or payload.get("element") or (
        step.get("device") if isinstance(step, Mapping) else None
    )  # fmt: skip
    return situation.area_of(str(device).lower()) if device else None


@endpoint(router, "GET", "/journal/verify", statuses=(404,))
async def verify(serving: Served) -> Verified:
    """Whether every entry is what was recorded, by the hashes and signatures."""
    found = await _verified(serving)
    return Verified(
        ok=found.ok, entries=found.entries,
        flaws=[FlawAnswer.of(flaw) for flaw in found.flaws[:100]],
    )  # fmt: skip


async def _verified(serving: Serving) -> Verification:
    def work() -> Verification:
        with opened_journal(serving) as opened:
            return opened.verify()

    return await serving.lanes.heavy.run(work)


def opened_journal(serving: Serving) -> Journal:
    """The room's journal to be read beside it, without holding it up."""
    url = serving.about.journal_url
    if not url or url == "sqlite://":
        raise Problem(404, "the journal is in memory, and is read by the room alone",
                      mend="start with --store FILE")  # fmt: skip
    return Journal.open(url, read_only=True)
