"""A glance at all lanes is a look at each."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.formats.read import read
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.controls.look import LOCKED, NEUTRAL, Regulators
from gridmend.powerflow.controls.queue import look, look_beside, places
from gridmend.powerflow.controls.static import NO_RATIO
from gridmend.powerflow.controls.tables import Controls
from gridmend.powerflow.iteration import prepare
from gridmend.powerflow.lanes.glance import banks_rest, can_glance, glance
from gridmend.powerflow.network import Network
from gridmend.powerflow.simd import lanes_of

LANES = lanes_of(np.float64)
FEEDERS = {name: Network.of(read(name)) for name in ("ieee13", "ieee34", "ieee123")}


def _looks(
    controls: Controls, regulators: Regulators, probes: Any, x: Any, tap_pu: float, seen: Any
) -> tuple[Any, Any]:
    """[lanes] the margin of each lane by itself [pu], and whether any regulator wants anything; of
    all that a glance has `seen` to be at rest, none need look again."""
    banks = controls.bank_controls
    at = places(len(controls.windings), len(controls.banks), len(regulators.tap),
                len(banks.bank), LANES)  # fmt: skip
    at.tap[:] = tap_pu
    margins, wants = np.empty(LANES), np.empty(LANES, np.bool_)
    for w in range(LANES):
        margins[w] = look(regulators, banks, probes, at, 12.0, x, NO_RATIO, LANES, w, 0.0)
        wants[w] = at.tap_want.any()
        _needs_no_second_look(regulators, banks, probes, at, x, w, margins[w], seen)
        _ends_where_it_is_of_no_use(regulators, banks, probes, at, x, w, margins[w])
        rest = banks_rest(banks, probes, at, 12.0, x, NO_RATIO, LANES, w, 0.0)
        assert rest == (not at.bank_want.any())
        margins[w] = margins[w] if not len(banks.bank) else np.nan
    return margins, wants


def _ends_where_it_is_of_no_use(
    regulators: Regulators, banks: Any, probes: Any, at: Any, x: Any, w: int, margin: float
) -> None:
    """A look that asks for at least some margin is the whole one where that is there."""
    whole = at.tap_want.copy()
    asked = (regulators, banks, probes, at, 12.0, x, NO_RATIO, LANES, w)
    assert look(*asked, margin) == margin
    np.testing.assert_array_equal(at.tap_want, whole)
    more = np.nextafter(margin, np.inf)
    assert look(*asked, more) < more or not np.isfinite(margin)
    look(*asked, 0.0)


def _needs_no_second_look(
    regulators: Regulators, banks: Any, probes: Any, at: Any, x: Any, w: int, margin: float,
    seen: Any,
) -> None:  # fmt: skip
    """A look beside what a glance has seen finds what a look at all does."""
    whole = at.tap_want.copy()
    at.tap_want[:] = 99
    asked = (regulators, banks, probes, at, 12.0, x, NO_RATIO, LANES, w, 0.0)
    np.testing.assert_allclose(look_beside(*asked, seen, 1e-12), margin, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(at.tap_want, whole)


def _drawn(regulators: Regulators, rng: np.random.Generator) -> Regulators:
    """Some of them with limits, reverse modes and remote buses, which is where others measure."""
    count = len(regulators.tap)

    def some(values: Any, otherwise: Any) -> Any:
        return np.where(rng.random(count) < 0.3, values, otherwise).astype(otherwise.dtype)

    return regulators._replace(
        v_limit=some(regulators.target * rng.uniform(0.97, 1.1, count), regulators.v_limit),
        reverse=some(rng.choice([LOCKED, NEUTRAL], count), regulators.reverse),
        remote=some(rng.permutation(regulators.volts), regulators.remote),
        band=regulators.band * rng.uniform(0.8, 8.0),
    )


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(FEEDERS)), st.integers(0, 1000), st.floats(0.0, 0.03),
    st.sampled_from([0.0, 0.02, 0.3, 1.0]), st.booleans(),
)  # fmt: skip
def test_a_glance_tells_what_every_look_does(
    name: str, seed: int, spread: float, least: float, drawn: bool
) -> None:
    network, rng = FEEDERS[name], np.random.default_rng(seed)
    snapshot = Snapshot.normal(network.grid)
    fed_back = rng.random() < 0.5
    if fed_back:
        snapshot = snapshot.with_demand(-snapshot.load_kw, snapshot.load_kvar)
    flow = network.solve(snapshot)
    assert flow.controls_settled
    state, v = prepare(network, flow.snapshot), flow.v_v
    by = 1.0 + spread * rng.standard_normal(LANES)
    by[rng.random(LANES) < 0.2] *= least  # some lanes have hardly a voltage
    by[0] = 1.0
    turned = v[:, None] * by * (1.0 + 1e-7 * rng.standard_normal((len(v), LANES)))
    x = np.ascontiguousarray(np.stack([turned.real, turned.imag], 1)).ravel()
    controls = network.controls
    probes = controls.terms.probes(state.values)
    regulators = _drawn(controls.regulators, rng) if drawn else controls.regulators
    assert can_glance(regulators)
    found, seen = np.empty(LANES), np.empty(len(regulators.tap) * LANES)
    glance(regulators, probes, x, NO_RATIO, seen, found)
    np.testing.assert_array_equal(seen.reshape(-1, LANES).min(axis=0), found)
    margins, wants = _looks(controls, regulators, probes, x, 1.0, seen)
    surely = found >= 0.0
    assert not wants[surely].any()
    compared = surely & np.isfinite(margins)
    np.testing.assert_allclose(found[compared], margins[compared], rtol=1e-9, atol=1e-12)
    assert drawn or fed_back or (wants | (by < 0.2))[~surely].all()
    assert drawn or fed_back or surely[0]


def test_regulators_that_choose_among_voltages_are_looked_at_one_by_one() -> None:
    regulators = FEEDERS["ieee123"].controls.regulators
    assert can_glance(regulators)
    assert not can_glance(regulators._replace(phase=np.full_like(regulators.phase, -1)))
