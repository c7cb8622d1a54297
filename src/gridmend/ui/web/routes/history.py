"""What was: trends, the journal, and whether its chain holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from gridmend.model.situation import Situation
from gridmend.runtime.journal import Entry, Verification
from gridmend.runtime.live import View
from gridmend.runtime.live.reading import READ_MOST, entries_of
from gridmend.runtime.users.roles import Permission
from gridmend.runtime.users.sessions import Session
from gridmend.ui.answer import plain
from gridmend.ui.web.answers.history import EntryAnswer, FlawAnswer, Trends, Verified
from gridmend.ui.web.answers.shape import Moment
from gridmend.ui.web.beside import is_beside, opened_journal
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
    looking = Looking(caller.session, serving.view, after, limit)
    if is_beside(serving):

        def work() -> None:
            with opened_journal(serving) as opened:
                until = opened.head().sequence
                while looking.goes_on(until):
                    looking.take(entries_of(
                        opened, looking.after, limit, until=until, kind=kind, device=device
                    ))  # fmt: skip

        await serving.lanes.heavy.run(work)
    else:
        while looking.goes_on(serving.view.sequence):
            start = looking.after
            looking.take(
                await serving.ask(
                    lambda desk, start=start: desk.entries(start, limit, kind=kind, device=device)
                )
            )
    return looking.listed[:limit]


@dataclass
class Looking:
    """Entries as somebody may see them, some at a time and so often at most."""

    session: Session
    view: View
    after: int
    limit: int
    listed: list[EntryAnswer] = field(default_factory=list[EntryAnswer])
    rounds: int = 0

    def goes_on(self, last: int) -> bool:
        """Whether there may be more, up to the last entry."""
        is_first, is_full = self.rounds == 0, len(self.listed) >= self.limit
        return is_first or (not is_full and self.rounds < ROUNDS_MOST and self.after < last)

    def take(self, found: Sequence[Entry]) -> None:
        """Take in what one round has found."""
        self.rounds += 1
        is_all = len(found) < self.limit
        self.after = self.after + READ_MOST if is_all else found[-1].sequence
        shown = (_seen_by(self.session, entry, self.view.situation) for entry in found)
        self.listed += [one for one in shown if one is not None]


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
