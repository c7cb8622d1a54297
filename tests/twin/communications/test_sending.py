from __future__ import annotations

import hashlib
import math
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gridmend.twin.communications.ledger import Count
from gridmend.twin.communications.links import EXCESS_MOST, Link
from gridmend.twin.communications.network import AGAIN_S, TRIES, Communications
from gridmend.twin.communications.paths import Outage, Path
from gridmend.twin.streams import Streams

ALL = Link(
    "one", "radio", latency_s=0.2, jitter_s=0.1, loss=0.05, duplication=0.04,
    reordering=0.03, reordering_delay_s=3.0, most_in_flight=1_000_000,
)  # fmt: skip
PLAIN = Link("one", "fibre", latency_s=0.25, most_in_flight=1_000_000)


def over(*links: Link, endpoints: int = 1, seed: int = 7, store: int = 0) -> Communications:
    names = tuple(link.name for link in links)
    paths = tuple(Path(f"e{k}", names, store=store) for k in range(endpoints))
    return Communications(links, paths, Streams(seed))


def scans(net: Communications, *, endpoints: int, times: int, way: Any = "up") -> Any:
    """[times, 2, endpoints] delays of messages and of copies, one scan every 100 s."""
    which = np.arange(endpoints)
    found = [net.send_batch(which, 100.0 * k, way=way) for k in range(times)]
    return np.array(found) - 100.0 * np.arange(times)[:, None, None]


def within(count: float, *, of: int, probability: float, sigma: float = 5.0) -> bool:
    """Whether a count lies within some sigma of the binomial distribution."""
    deviation = math.sqrt(of * probability * (1 - probability))
    return abs(count - of * probability) <= sigma * deviation


def test_a_link_without_loss_delivers_everything_after_its_latency() -> None:
    net = over(PLAIN, endpoints=50)
    delay_s = scans(net, endpoints=50, times=40)
    assert np.allclose(delay_s[:, 0], 0.25, atol=1e-9)
    assert np.isnan(delay_s[:, 1]).all()
    assert net.ledger(4000.0).total("up") == Count(2000, 2000, 0, 0, 0, 0, 0, 0)


def test_loss_copies_and_late_messages_are_as_frequent_as_the_settings_say() -> None:
    n = 200 * 500
    delay_s = scans(over(ALL, endpoints=200), endpoints=200, times=500)
    lost = np.isnan(delay_s[:, 0]).sum()
    assert within(lost, of=n, probability=0.05)
    # Copies are of messages that passed; late are those beyond what latency and jitter can make.
    passed = n - int(lost)
    assert within((~np.isnan(delay_s[:, 1])).sum(), of=passed, probability=0.04)
    assert within((delay_s[:, 0] >= 3.2).sum(), of=passed, probability=0.03)


@pytest.mark.parametrize("way", ["up", "down"])
def test_latency_has_the_mean_and_the_bounds_of_the_settings(way: Any) -> None:
    link = replace(ALL, loss=0.0, duplication=0.0, reordering=0.0)
    delay_s = scans(over(link, endpoints=200), endpoints=200, times=500, way=way)[:, 0]
    # The mean of an exponential that is cut at c is 1 - exp(-c); its deviation is below 1.
    mean_s = 0.2 + 0.1 * (1 - math.exp(-EXCESS_MOST))
    assert abs(delay_s.mean() - mean_s) < 5 * 0.1 / math.sqrt(delay_s.size)
    assert delay_s.min() >= 0.2 - 1e-6
    assert delay_s.max() <= link.delay_most_s + 1e-6
    # A tenth of the messages has an excess above ln 10.
    above = (delay_s > 0.2 + 0.1 * math.log(10)).sum()
    assert within(above, of=delay_s.size, probability=0.1)


def test_a_copy_has_a_delay_of_its_own_and_is_never_late() -> None:
    link = replace(ALL, duplication=1.0, loss=0.0, reordering=0.5)
    delay_s, copy_s = scans(over(link, endpoints=50), endpoints=50, times=100).swapaxes(0, 1)
    assert (np.round(copy_s, 6) != np.round(delay_s, 6)).mean() > 0.99
    assert copy_s.min() >= 0.2 - 1e-6 and copy_s.max() <= 1.0 + 1e-6
    assert abs(copy_s.mean() - 0.3) < 5 * 0.1 / math.sqrt(copy_s.size)


def test_latencies_of_the_links_of_a_path_add_up() -> None:
    links = (PLAIN, replace(PLAIN, name="two", latency_s=1.5), replace(PLAIN, name="three"))
    net = over(*links)
    assert net.send("e0", "x", 10.0) == [(12.0, "x")]
    assert net.send("e0", "x", 10.0, way="down") == [(12.0, "x")]


def test_a_message_is_lost_where_any_link_loses_it() -> None:
    links = (replace(PLAIN, loss=0.1), replace(PLAIN, name="two", loss=0.2))
    net = over(*links, endpoints=100)
    delay_s = scans(net, endpoints=100, times=300)[:, 0]
    assert within(np.isnan(delay_s).sum(), of=30_000, probability=1 - 0.9 * 0.8)
    book = net.ledger(1e6)
    one, two = book.of_link("one", "up"), book.of_link("two", "up")
    assert two.sent == one.delivered == 30_000 - one.chance
    assert two.delivered == book.total("up").delivered


RATES = ("jitter_s", "loss", "duplication", "reordering")


@pytest.mark.parametrize("first_link", [True, False])
@pytest.mark.parametrize("taken", RATES)
def test_what_is_taken_away_leaves_all_else_as_it_was(taken: str, first_link: bool) -> None:
    links = [ALL, replace(ALL, name="two")]
    before = scans(over(*links, endpoints=40), endpoints=40, times=100)
    links[not first_link] = replace(links[not first_link], **{taken: 0.0})
    after = scans(over(*links, endpoints=40), endpoints=40, times=100)
    (was, copy_was), (now, copy_now) = before.swapaxes(0, 1), after.swapaxes(0, 1)
    there, still = ~np.isnan(was), ~np.isnan(now)
    copied, still_copied = ~np.isnan(copy_was), ~np.isnan(copy_now)
    if taken == "loss":
        assert still[there].all() and still.sum() > there.sum()
        assert np.array_equal(now[there], was[there])
        both = copied & still_copied & there
        # Where the first link has made a copy, the second makes none: that may be new.
        assert (copy_now[both] == copy_was[both]).all() and both.sum() > 100
    elif taken == "duplication":
        assert np.array_equal(now, was, equal_nan=True)
        assert still_copied.sum() < 0.7 * copied.sum()
    else:
        assert np.array_equal(there, still)
        assert np.array_equal(copied, still_copied)
    if taken == "reordering":
        shift_s = (was - now)[there]
        assert np.isin(np.round(shift_s, 6), [0.0, 3.0]).all() and (shift_s > 1).any()
        assert within((shift_s > 1).sum(), of=int(there.sum()), probability=0.03)
    if taken == "jitter_s":
        shift_s = (was - now)[there]
        assert (shift_s >= -1e-6).all() and (shift_s <= 0.8 + 1e-6).all()


def test_commands_and_single_messages_leave_the_scans_as_they_were() -> None:
    which = np.arange(30)
    alone, busy = over(ALL, endpoints=30), over(ALL, endpoints=30)
    for k in range(60):
        now_s = 100.0 * k
        for j in range(k % 7):
            busy.send(f"e{j}", "close", now_s, way="down")
            busy.send(f"e{j}", "flag", now_s)
        expected = alone.send_batch(which, now_s)
        assert np.array_equal(busy.send_batch(which, now_s), expected, equal_nan=True)


def test_each_link_direction_and_manner_has_draws_of_its_own() -> None:
    links = (replace(ALL, loss=0.0), replace(ALL, name="two", loss=0.0))
    paths = (Path("e0", ("one",)), Path("e1", ("two",)))
    net = Communications(links, paths, Streams(7))
    delays_s: list[list[float]] = []
    ways: list[tuple[int, Any]] = [(0, "up"), (0, "down"), (1, "up")]
    for m, (at, way) in enumerate(ways):
        times_s = [100.0 * k for k in range(20 * m, 20 * m + 20)]
        delays_s.append([net.send_batch([at], t, way=way)[0][0] - t for t in times_s])
    delays_s.append([net.send("e0", "x", 1e4 * k)[0][0] - 1e4 * k for k in range(1, 21)])
    assert len({round(delay_s, 6) for one in delays_s for delay_s in one}) > 70


def test_an_outage_leaves_the_fortunes_of_all_others_as_they_were() -> None:
    shared, a, b = replace(ALL, name="s"), replace(ALL, name="a"), replace(ALL, name="b")
    paths = (Path("ea", ("a", "s"), store=50), Path("eb", ("b", "s")))
    found: list[list[Any]] = []
    for cut in (False, True):
        net = Communications((shared, a, b), paths, Streams(5))
        if cut:
            net.plan_outage(Outage("a", 100.0, 900.0))
        got: list[Any] = []
        for k in range(200):
            net.send("ea", k, 10.0 * k)
            got += net.send("eb", k, 10.0 * k)
        found.append(got)
    assert found[0] == found[1]


def test_a_batch_and_single_messages_agree_in_distribution_and_in_the_ledger() -> None:
    links = (ALL, replace(ALL, name="two", loss=0.02))
    n, times = 40, 150
    single, batch = over(*links, endpoints=n), over(*links, endpoints=n)
    delays: list[float] = []
    copies = 0
    for k in range(times):
        for j in range(n):
            arrivals = single.send(f"e{j}", (k, j), 100.0 * k)
            assert all(message == (k, j) for _, message in arrivals)
            delays += [arrival_s - 100.0 * k for arrival_s, _ in arrivals[:1]]
            copies += len(arrivals) == 2
    together = scans(batch, endpoints=n, times=times)
    one, other = single.ledger(1e6).total("up"), batch.ledger(1e6).total("up")
    assert one.sent == other.sent == n * times
    # A difference of two equal binomial counts deviates by the root of two more.
    lost = 1 - 0.95 * 0.98
    spread = 5 * math.sqrt(2 * n * times * lost * (1 - lost))
    assert abs(one.chance - other.chance) < spread
    copied = (~np.isnan(together[:, 1])).sum()
    assert abs(copies - copied) < 5 * math.sqrt(2 * n * times * 0.08)
    there = np.sort(together[:, 0][~np.isnan(together[:, 0])])
    alone = np.sort(delays)
    # Kolmogorov and Smirnov: 1.95 stands for one in a thousand.
    grid = np.concatenate([there, alone])
    apart = np.abs(
        np.searchsorted(there, grid, "right") / len(there)
        - np.searchsorted(alone, grid, "right") / len(alone)
    ).max()
    assert apart < 1.95 * math.sqrt(1 / len(there) + 1 / len(alone))
    for name in ("one", "two"):
        assert single.ledger(1e6).of_link(name, "up").sent > 0
        for net in (single, batch):
            count = net.ledger(1e6).of_link(name, "up")
            assert count.sent == count.delivered + count.lost


def test_order_is_kept_where_nothing_jitters_or_reorders() -> None:
    links = (replace(PLAIN, loss=0.2), replace(PLAIN, name="two"))
    net = over(*links)
    got = [a for k in range(300) for a in net.send("e0", k, 0.01 * k)]
    assert [message for _, message in sorted(got)] == [message for _, message in got]
    assert 200 < len(got) < 280


def test_a_late_message_is_overtaken() -> None:
    net = over(replace(PLAIN, reordering=0.1, reordering_delay_s=1.0))
    got = [a for k in range(300) for a in net.send("e0", k, 0.01 * k)]
    assert [message for _, message in sorted(got)] != [message for _, message in got]
    assert len(got) == 300


def test_copies_are_apart_in_the_ledger() -> None:
    net = over(replace(PLAIN, duplication=1.0), replace(PLAIN, name="two", loss=1.0))
    assert net.send("e0", "x", 0.0) == []
    book = net.ledger(10.0)
    assert book.of_endpoint("e0", "up") == Count(1, 0, 0, 0, 1, 0, 0, 0)
    assert book.of_endpoint("e0", "up", copies=True) == Count(1, 0, 0, 0, 1, 0, 0, 0)
    assert book.of_link("one", "up", copies=True) == Count(1, 1, 0, 0, 0, 0, 0, 0)
    assert book.of_link("two", "up", copies=True) == Count(1, 0, 0, 0, 1, 0, 0, 0)
    assert net.send("e0", "x", 20.0, way="down") == []
    assert net.ledger(30.0).total("down", copies=True).sent == 0


def test_a_full_link_loses_what_is_too_much_until_it_has_room() -> None:
    net = over(replace(PLAIN, most_in_flight=3), endpoints=5)
    arrival_s, _ = net.send_batch(np.arange(5), 1.0)
    assert (~np.isnan(arrival_s)).tolist() == [True, True, True, False, False]
    assert net.in_flight(1.1) == 3
    assert net.send("e0", "close", 1.2, way="down") == []
    assert net.send("e0", "close", 1.25, way="down") == [(1.5, "close")]
    book = net.ledger(1.3)
    assert book.total("up") == Count(5, 3, 0, 0, 0, 0, 2, 0)
    assert book.of_link("one", "down") == Count(2, 0, 1, 0, 0, 0, 1, 0)


RUN = """
import hashlib, sys
import numpy as np
from tests.twin.communications.test_sending import digest
print(digest())
"""


def digest() -> str:
    """Of all that a busy run gives."""
    net = over(ALL, replace(ALL, name="two"), endpoints=60, seed=11, store=3)
    sha = hashlib.sha256()
    for k in range(200):
        for out in net.send_batch(np.arange(60), 2.0 * k):
            sha.update(out.tobytes())
        sha.update(repr(net.send(f"e{k % 60}", k, 2.0 * k)).encode())
    sha.update(net.ledger(401.0).counts.tobytes())
    return sha.hexdigest()


def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN], capture_output=True, text=True, check=False,
        cwd=__file__.split("/tests/")[0],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == digest()


def test_another_seed_gives_another_run() -> None:
    one = scans(over(ALL, endpoints=9, seed=1), endpoints=9, times=9)
    two = scans(over(ALL, endpoints=9, seed=2), endpoints=9, times=9)
    assert not np.array_equal(one, two, equal_nan=True)


def test_a_confirmed_message_is_lost_where_every_try_is_and_late_by_those_that_were() -> None:
    net = over(replace(PLAIN, loss=0.4))
    found = [net.send_surely("e0", k, 10.0 * k, way="down") for k in range(4000)]
    assert within(sum(not one for one in found), of=4000, probability=0.4**TRIES)
    late_s = [one[0][0] - 10.0 * k - 0.25 for k, one in enumerate(found) if one]
    for number in range(TRIES):
        there = sum(abs(late - number * AGAIN_S) < 1e-6 for late in late_s)
        assert within(there, of=4000, probability=0.6 * 0.4**number)


def test_a_confirmed_message_is_kept_once_while_its_path_is_down() -> None:
    net = over(PLAIN, store=5)
    net.plan_outage(Outage("one", 0.0, 100.0))
    assert net.send_surely("e0", "tripped", 1.0) == []
    (back,) = net.advance(100.0)
    assert back.message == "tripped"
    assert net.ledger(200.0).total("up").sent == 1
