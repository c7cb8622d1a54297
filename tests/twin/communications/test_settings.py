from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gridmend.model.errors import GridError, GridmendError
from gridmend.twin.communications.links import DEFAULTS, KINDS, Link
from gridmend.twin.communications.network import Communications
from gridmend.twin.communications.paths import Outage, Path
from gridmend.twin.streams import Streams

GOOD = Link("L", "radio", latency_s=0.1)
NAN = float("nan")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, value) for name in ("loss", "duplication", "reordering")
          for value in (-0.1, 1.1, NAN, "0.1", None, True)),
        *((name, value) for name in ("latency_s", "jitter_s", "battery_s", "recharge_s",
                                     "boot_s", "reordering_delay_s")
          for value in (-1.0, NAN, float("inf"), 1e9, "1")),
        *(("most_in_flight", value) for value in (0, -1, 2.5, NAN, True, 10**9)),
        ("kind", "copper"), ("kind", ["fibre"]), ("name", ""), ("name", 7), ("bus", None),
    ],
)  # fmt: skip
def test_a_bad_setting_is_refused_by_its_name(name: str, value: Any) -> None:
    with pytest.raises(GridError) as refused:
        replace(GOOD, **{name: value})
    assert refused.value.where == name and refused.value.mend


def test_settings_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(GridError, match="reorders messages and delays none"):
        replace(GOOD, reordering=0.1)
    with pytest.raises(GridError, match="battery that would be full at once"):
        replace(GOOD, battery_s=10.0)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_defaults_that_may_be_changed(kind: Any) -> None:
    link = Link.of_kind("x", kind, loss=0.25, bus="b")
    assert (link.kind, link.loss, link.bus) == (kind, 0.25, "b")
    assert link.latency_s == DEFAULTS[kind]["latency_s"]


def test_a_setting_or_kind_that_there_is_not_is_refused_with_the_nearest() -> None:
    with pytest.raises(GridError, match="no setting 'lost'") as refused:
        Link.of_kind("x", "radio", lost=0.1)
    assert "loss" in refused.value.mend
    with pytest.raises(GridError, match="no kind 'copper'"):
        Link.of_kind("x", "copper")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "bad",
    [
        lambda: Path("", ("L",)),
        lambda: Path("e", ()),
        lambda: Path("e", "L"),  # type: ignore[arg-type]
        lambda: Path("e", ("L", "L")),
        lambda: Path("e", None),  # type: ignore[arg-type]
        lambda: Path("e", ("L",), store=-1),
        lambda: Path("e", ("L",), store=1.5),  # type: ignore[arg-type]
        lambda: Outage("L", -1.0, 5.0),
        lambda: Outage("L", 5.0, 5.0),
        lambda: Outage("L", 1.0, NAN),
        lambda: Outage("L", 1.0, None),  # type: ignore[arg-type]
    ],
)
def test_a_bad_path_or_outage_is_refused(bad: Any) -> None:
    with pytest.raises(GridError) as refused:
        bad()
    assert refused.value.where and refused.value.mend


def test_links_paths_and_buses_must_fit_together() -> None:
    def net(links: Any, paths: Any, **more: Any) -> Communications:
        return Communications(links, paths, Streams(1), **more)

    path = Path("e", ("L",))
    with pytest.raises(GridError, match="link 'L' is there twice"):
        net([GOOD, GOOD], [path])
    with pytest.raises(GridError, match="endpoint 'e' is there twice"):
        net([GOOD], [path, path])
    with pytest.raises(GridError, match="endpoint 'e' has no link 'M'"):
        net([GOOD], [Path("e", ("M",))])
    with pytest.raises(GridError, match="link 'L' has no bus 'b12'") as refused:
        net([replace(GOOD, bus="b12")], [path], buses=["b1", "x"])
    assert "b1" in refused.value.mend
    with pytest.raises(GridError, match="no link 'K'"):
        net([GOOD], [path], outages=[Outage("K", 0.0, 1.0)])
    assert net([], []).ledger(1.0).total("up").sent == 0


def test_a_bad_send_is_refused_and_changes_nothing() -> None:
    net = Communications((GOOD,), (Path("meter 12", ("L",)),), Streams(1))
    net.advance(5.0)
    before = net.ledger(5.0).counts
    with pytest.raises(GridError, match="no endpoint 'meter 21'") as refused:
        net.send("meter 21", "x", 6.0)
    assert "meter 12" in refused.value.mend
    for which in ([0, 1], [-1], [0.5], [True], [[0]], "0", None):
        with pytest.raises(GridError) as refused:
            net.send_batch(which, 6.0)
        assert refused.value.mend
    for now_s in (4.0, NAN, float("inf"), "7", None):
        with pytest.raises(GridmendError, match="cannot go to"):
            net.send("meter 12", "x", now_s)  # type: ignore[arg-type]
    with pytest.raises(GridError, match="no way 'sideways'"):
        net.send("meter 12", "x", 6.0, way="sideways")  # type: ignore[arg-type]
    assert np.array_equal(net.ledger(6.0).counts, before)
    assert net.send_batch(np.array([], np.int64), 6.0)[0].shape == (0,)
    assert net.send("meter 12", "x", np.float64(7.0)) == [(7.1, "x")]
