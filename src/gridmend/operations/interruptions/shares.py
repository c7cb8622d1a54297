"""What each cause, device, feeder or class has of a period's indices, and energy not supplied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.model.errors import GridError
from gridmend.operations.interruptions.measures import Period


@dataclass(frozen=True, slots=True)
class Share:
    """One label's part of the indices of all who are served: parts add up to the whole.

    `interruptions` are sustained ones of customers, `momentary` the others; `customer_minutes` are
    of sustained ones. `customers` are served under the label, where it is one of customers.
    """

    label: str
    interruptions: int
    momentary: int
    customer_minutes: float
    saifi: float
    saidi_min: float
    maifi: float
    not_supplied_mwh: float | None = None
    customers: int | None = None


def by_event(
    found: Period, labels: Sequence[str], *, kw: Floats | None = None
) -> tuple[Share, ...]:
    """Shares by a label of events ([events], as their device or cause), the greatest first.

    An interruption counts for the event that began it, and each piece of its minutes for its own.
    `kw` [numbers] is the average demand behind each number [kW]. Raises `GridError` for labels of
    another length. Checked in tests: shares add up to the period's own figures.
    """
    last = int(max(found.event.max(initial=-1), found.piece_event.max(initial=-1)))
    if last >= len(labels):
        raise GridError(f"event {last} has no label", mend="give a label for each event")
    names, number = np.unique(np.array([*labels], object).astype(str), return_inverse=True)
    return _shares(
        found, names.tolist(), number[found.event], number[found.piece_event], kw=kw, served=None
    )


def by_customer(
    found: Period, labels: Sequence[str], customers: Ints, *, kw: Floats | None = None
) -> tuple[Share, ...]:
    """Shares by a label of customers ([numbers], as their feeder or class), the greatest first.

    `customers` [numbers] are how many stand behind each number; labels without an interruption are
    there with nothing. Otherwise as `by_event`.
    """
    last = int(found.customer.max(initial=-1))
    if last >= len(labels) or len(customers) != len(labels):
        raise GridError("customers without a label", mend="give a label for each number")
    names, number = np.unique(np.array([*labels], object).astype(str), return_inverse=True)
    own = number[found.customer]
    served = np.bincount(number, customers, len(names)).astype(np.int64)
    return _shares(found, names.tolist(), own, own[found.piece_of], kw=kw, served=served)


def not_supplied_mwh(found: Period, kw: Floats) -> float:
    """Energy that was not supplied in all interruptions, at an average demand [MWh].

    `kw` [numbers] is the demand of all customers behind each number [kW]; what they catch up on
    afterwards is not taken off.
    """
    return float(_piece_mwh(found, kw).sum())


def _piece_mwh(found: Period, kw: Floats) -> Floats:
    return found.piece_minutes / 60 * kw[found.customer[found.piece_of]] / 1000


def _shares(
    found: Period,
    names: Sequence[str],
    own: Ints,
    piece: Ints,
    *,
    kw: Floats | None,
    served: Ints | None,
) -> tuple[Share, ...]:
    """`own` and `piece` are the label of each interruption and piece."""
    size, is_long = len(names), found.sustained
    many = found.customers.astype(float)
    often = np.bincount(own, many * is_long, size)
    short = np.bincount(own, many * ~is_long, size)
    counted = found.piece_minutes * (many * is_long)[found.piece_of]
    minutes = np.bincount(piece, counted, size)
    mwh = None if kw is None else np.bincount(piece, _piece_mwh(found, kw), size)
    all_served = found.customer_count
    shares = [
        Share(
            label=name,
            interruptions=int(often[k]),
            momentary=int(short[k]),
            customer_minutes=float(minutes[k]),
            saifi=float(often[k]) / all_served,
            saidi_min=float(minutes[k]) / all_served,
            maifi=float(short[k]) / all_served,
            not_supplied_mwh=None if mwh is None else float(mwh[k]),
            customers=None if served is None else int(served[k]),
        )
        for k, name in enumerate(names)
        if served is not None or np.isin(k, own) or np.isin(k, piece)
    ]
    return tuple(sorted(shares, key=lambda one: (-one.customer_minutes, one.label)))
