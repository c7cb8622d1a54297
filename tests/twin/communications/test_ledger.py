from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.model.errors import GridError
from gridmend.twin.communications.ledger import Count, Ledger
from gridmend.twin.communications.links import Link
from gridmend.twin.communications.network import Communications
from gridmend.twin.communications.paths import Outage, Path
from gridmend.twin.streams import Streams

LINKS = (
    Link("mast", "radio", latency_s=0.5, jitter_s=0.5, loss=0.1, duplication=0.2,
         reordering=0.2, reordering_delay_s=4.0, most_in_flight=6, bus="b1", battery_s=5.0,
         recharge_s=20.0, boot_s=3.0),
    Link("mesh", "mesh", latency_s=2.0, jitter_s=1.0, loss=0.1, duplication=0.3,
         most_in_flight=5, bus="b2", boot_s=2.0),
    Link("core", "fibre", latency_s=0.0, loss=0.05, duplication=0.1, most_in_flight=8),
)  # fmt: skip
PATHS = (
    Path("r0", ("mast", "core")),
    Path("r1", ("mast", "core"), store=3),
    Path("m0", ("mesh", "mast", "core"), store=2),
    Path("m1", ("core",)),
)
SENT_ONE = st.tuples(st.just("send"), st.integers(0, 3), st.sampled_from(["up", "down"]))
SENT_MANY = st.tuples(
    st.just("batch"), st.lists(st.integers(0, 3), max_size=8), st.sampled_from(["up", "down"])
)
SUPPLY = st.tuples(st.just("supply"), st.sets(st.sampled_from(["b1", "b2"])), st.just(""))
PLANNED = st.tuples(st.just("plan"), st.sampled_from(["mast", "mesh", "core"]), st.just(""))
GONE_ON = st.tuples(st.just("advance"), st.just(0), st.just(""))
ACTS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.0, 0.1, 0.7, 3.0, 10.0]),
              SENT_ONE | SENT_ONE | SENT_MANY | SUPPLY | PLANNED | GONE_ON),
    max_size=60,
)  # fmt: skip


def balanced(count: Count) -> bool:
    parts = [getattr(count, part.name) for part in fields(count)]
    return min(parts) >= 0 and count.sent == sum(parts[1:])


def check_all(book: Ledger) -> None:
    for way in ("up", "down"):
        for copies in (False, True):
            ends = [book.of_endpoint(p.endpoint, way, copies=copies) for p in PATHS]
            links = [book.of_link(link.name, way, copies=copies) for link in LINKS]
            assert all(balanced(count) for count in (*ends, *links))
            # What endpoints lost, but for their stores, one of the links lost.
            for reason in ("chance", "outage", "overflow"):
                assert sum(getattr(c, reason) for c in ends) == sum(
                    getattr(c, reason) for c in links
                )
    for link in LINKS:
        held = sum(book.of_link(link.name, way).in_flight for way in ("up", "down"))
        assert held <= link.most_in_flight


@settings(deadline=None, max_examples=120)
@given(ACTS, st.integers(0, 2**32))
def test_every_message_is_delivered_lost_in_flight_or_stored_at_every_moment(
    acts: Any, seed: int
) -> None:
    net = Communications(LINKS, PATHS, Streams(seed))
    sent, now_s = {"up": 0, "down": 0}, 0.0
    first: dict[str, list[float]] = {"up": [], "down": []}
    seen: dict[str, dict[object, int]] = {"up": {}, "down": {}}
    copies: dict[str, list[float]] = {"up": [], "down": []}

    def note(arrivals: list[tuple[float, object]], way: str) -> None:
        for arrival_s, message in arrivals:
            assert arrival_s >= now_s and round(arrival_s, 6) == arrival_s
            seen[way][message] = seen[way].get(message, 0) + 1
        for arrival_s, _ in arrivals:
            first[way].append(arrival_s)

    for k, (pause_s, (what, value, way)) in enumerate(acts):
        now_s = round(now_s + pause_s, 6)
        if what == "send":
            sent[way] += 1
            note(net.send(PATHS[value].endpoint, k, now_s, way=way), way)
        elif what == "batch":
            sent[way] += len(value)
            arrival_s, copy_s = net.send_batch(value, now_s, way=way)
            first[way] += arrival_s[~np.isnan(arrival_s)].tolist()
            copies[way] += copy_s[~np.isnan(copy_s)].tolist()
        elif what == "supply":
            net.set_supply(now_s, value)
        elif what == "plan":
            net.plan_outage(Outage(value, now_s + 1.0, now_s + 8.0))
        note([(f.arrival_s, f.message) for f in net.advance(now_s)], "up")
        book = net.ledger(now_s)
        check_all(book)
        for each in ("up", "down"):
            total, made = book.total(each), book.total(each, copies=True)
            assert total.sent == sent[each]
            # Single messages tell no copy from the first; both together are what arrives.
            arrivals = first[each] + copies[each]
            assert total.delivered + made.delivered == sum(t <= now_s for t in arrivals)
            assert total.in_flight + made.in_flight == sum(t > now_s for t in arrivals)
            assert all(times <= 2 for times in seen[each].values())
        flying = book.total("up").in_flight + book.total("down").in_flight
        assert net.in_flight(now_s) == flying
    net.set_supply(now_s, {"b1", "b2"})
    for _ in range(10):
        net.advance(now_s)
        now_s += 60.0
    for each in ("up", "down"):
        total = net.ledger(now_s).total(each)
        assert total.in_flight == total.stored == 0
        assert total.sent == total.delivered + total.lost


def test_a_ledger_is_not_changed_by_what_comes_later() -> None:
    net = Communications(LINKS, PATHS, Streams(1))
    book = net.ledger(0.0)
    net.send("r0", "x", 1.0)
    assert book.total("up").sent == 0 and net.ledger(1.0).total("up").sent == 1


def test_the_ledger_names_what_is_near_where_a_name_is_unknown() -> None:
    book = Communications(LINKS, PATHS, Streams(1)).ledger(0.0)
    with pytest.raises(GridError, match="no endpoint 'r9'") as refused:
        book.of_endpoint("r9", "up")
    assert "r0" in refused.value.mend
    with pytest.raises(GridError, match="no link 'masts'") as refused:
        book.of_link("masts", "up")
    assert "mast" in refused.value.mend
    with pytest.raises(GridError, match="no way 'left'"):
        book.total("left")  # type: ignore[arg-type]
