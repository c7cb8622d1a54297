"""Predicted outages: which device, how sure, who is out, what is known and what contradicts."""

from __future__ import annotations

from dataclasses import dataclass

from gridmend.model.arrays import Floats, Ints
from gridmend.operations.prediction.duration import Duration


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another device that may have operated instead, and the chance of that."""

    device: str
    probability: float


@dataclass(frozen=True, eq=False)
class PredictedOutage:
    """A device that has probably operated, and who is out by it.

    `probability`: chance that it has opened while what feeds it is live. `same`: devices that
    nobody can tell from it, since no load lies between. `phases` that are out; empty for a
    customer's own service. `loads` rows of those predicted to be out, with `load_probability`
    [loads]; `customers` their number, `customers_expected` weighted by the chance, `critical` the
    critical ones. `start_s` is when it began [s since 1970], nan where nothing says so. `restored`
    is how long until supply is back, as a distribution. `known`, `unknown` and `contradictory` say
    what the answer rests on, in words.
    """

    device: str
    kind: str
    probability: float
    same: tuple[str, ...]
    alternatives: tuple[Alternative, ...]
    phases: tuple[str, ...]
    loads: Ints
    load_probability: Floats
    customers: int
    customers_expected: float
    critical: int
    start_s: float
    restored: Duration
    known: tuple[str, ...]
    unknown: tuple[str, ...]
    contradictory: tuple[str, ...]

    def __str__(self) -> str:
        phases = f", phase {' '.join(self.phases)}" if self.phases else ""
        rows = [
            f"{self.device} ({self.kind}{phases}): {100 * self.probability:.0f} %, "
            f"{self.customers} customers out"
        ]
        rows += [f"  or {a.device}: {100 * a.probability:.0f} %" for a in self.alternatives]
        for title, texts in (
            ("known", self.known),
            ("unknown", self.unknown),
            ("contradictory", self.contradictory),
        ):
            rows += [f"  {title}: {text}" for text in texts]
        return "\n".join(rows)


@dataclass(frozen=True, eq=False)
class Prediction:
    """Everything predicted at a time, the outages with most customers first.

    `dark` [loads]: chance that a load is without supply, 1 where it was before. `unconfirmed`: who
    says to be without supply and is not believed so far, with the chance; a ping tells. `notes` say
    what was left out and why, and what cannot be judged. Never empty of both where something was
    reported.
    """

    at_s: float
    outages: tuple[PredictedOutage, ...]
    dark: Floats
    unconfirmed: tuple[Alternative, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        rows = [str(outage) for outage in self.outages] or ["no outage is predicted"]
        rows += [
            f"unconfirmed: {one.device} says to be out ({100 * one.probability:.0f} %)"
            for one in self.unconfirmed
        ]
        return "\n".join([*rows, *(f"note: {note}" for note in self.notes)])
