"""A prediction in the form in which it is answered."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridmend.planning.reliability.prediction import METHOD, Prediction
from gridmend.planning.reliability.totals import Shares

ELEMENTS_MOST = 100
"""Elements that are listed, those that cost most hours first."""
UNITS = {
    "saifi": "1/yr",
    "saidi_h": "h/yr",
    "caidi_h": "h",
    "asai": "1",
    "ens_mwh": "MWh/yr",
    "maifi": "1/yr",
    "per_year": "1/yr",
    "r_h": "h",
    "u_h": "h/yr",
    "momentary_per_year": "1/yr",
    "average_kw": "kW",
}


def as_json(found: Prediction, *, seconds: float) -> dict[str, Any]:
    """The answer of `gridmend reliability --json`. Contributions add up to the indices."""
    return {
        "saifi": found.saifi,
        "saidi_h": found.saidi_h,
        "caidi_h": found.caidi_h,
        "asai": found.asai,
        "ens_mwh": found.ens_mwh,
        "maifi": found.maifi,
        "customers": found.customer_count,
        "method": f"{METHOD}; transfers {found.settings.transfers}",
        "assumed": list(found.assumed),
        "contributions": _contributions(found),
        "load_points": _load_points(found),
        "units": UNITS,
        "seconds": seconds,
    }


def top_elements(found: Prediction, most: int) -> list[int]:
    """[elements] those that cost customers most hours, then interruptions, the worst first."""
    shares = found.by_element
    order = np.lexsort((-shares.saifi, -shares.saidi_h))
    return order[:most].tolist()


def _contributions(found: Prediction) -> dict[str, Any]:
    causes, elements = found.by_cause, found.by_element
    listed = top_elements(found, ELEMENTS_MOST)
    rest = np.ones(len(found.modes.elements), bool)
    rest[listed] = False
    number = np.where(rest, 0, 1)
    others = elements.summed(number, 2)
    return {
        "causes": {cause: _share(causes, k) for k, cause in enumerate(found.modes.causes)},
        "elements": {found.modes.elements[k]: _share(elements, k) for k in listed},
        "other_elements": {"count": int(rest.sum()), **_share(others, 0)},
    }


def _share(shares: Shares, at: int) -> dict[str, float]:
    return {
        "saifi": float(shares.saifi[at]),
        "saidi_h": float(shares.saidi_h[at]),
        "maifi": float(shares.maifi[at]),
        "ens_mwh": float(shares.ens_mwh[at]),
    }


def _load_points(found: Prediction) -> list[dict[str, Any]]:
    columns = zip(
        found.loads,
        found.customers.tolist(),
        found.average_kw.tolist(),
        found.per_year.tolist(),
        found.r_h.tolist(),
        found.u_h.tolist(),
        found.momentary_per_year.tolist(),
        strict=True,
    )
    keys = ("load", "customers", "average_kw", "per_year", "r_h", "u_h", "momentary_per_year")
    return [dict(zip(keys, values, strict=True)) for values in columns]
