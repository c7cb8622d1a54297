"""What a scenario expects of a run, and what is said where the run was otherwise."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from gridmend.model.errors import Finding, nearest

Measured = float | Collection[str]
"""A number, or the names of things; of names the count is compared."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What can be expected of: its meaning, and whether it is names or a number."""

    meaning: str
    names: bool = False


MEASURES: Mapping[str, Measure] = {
    "saidi_min": Measure("minutes without supply, a customer"),
    "saifi": Measure("interruptions a customer"),
    "caidi_min": Measure("minutes an interruption of a customer"),
    "customer_minutes": Measure("minutes without supply, all customers together"),
    "customers_interrupted": Measure("customers who lost supply at least once"),
    "customers_out_at_end": Measure("customers without supply when the run ends"),
    "customers_out_most": Measure("customers without supply at one time, at most"),
    "lowest_v_pu": Measure("lowest voltage of a bus with supply"),
    "highest_v_pu": Measure("highest voltage of a bus with supply"),
    "energy_mwh": Measure("energy that customers took"),
    "not_supplied_mwh": Measure("energy that customers would have taken while without supply"),
    "faults": Measure("elements that a fault struck, each as often as one did", names=True),
    "tripped": Measure("devices that protection opened, each as often as it did", names=True),
    "repaired": Measure("elements that were repaired, each as often", names=True),
    "switched": Measure("devices that commands moved, each as often as they did", names=True),
    "calls": Measure("calls that the control room heard"),
    "gasps": Measure("last gasps that arrived"),
    "flags": Measure("switches whose indicators reported a fault, each as often", names=True),
    "messages_lost": Measure("messages that never arrived"),
    "refused": Measure("steps that the interlock refused"),
    "unsolved": Measure("instants whose power flow did not converge"),
    "hurt": Measure("crews at whose work conductors became live"),
}
"""What `expect` may name. Whoever runs a scenario gives these; more may be added there."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """That a measure is `least` or more, `most` or less, equal to `is_`, or names all of `has`.

    Where several are given, all must be so. Of names the count is compared, and `has` asks for
    each of the names, whatever its case and with or without its class.
    """

    measure: str
    least: float | None = None
    most: float | None = None
    is_: float | None = None
    has: tuple[str, ...] = ()

    def __str__(self) -> str:
        limits = (("at least", self.least), ("at most", self.most), ("exactly", self.is_))
        said = [f"{word} {value:g}" for word, value in limits if value is not None]
        said += [f"among them {', '.join(self.has)}"] if self.has else []
        return f"{self.measure} {' and '.join(said) or 'anything'}"


def judge(
    expectations: Iterable[Expectation], measures: Mapping[str, Measured]
) -> tuple[Finding, ...]:
    """A finding for each expectation that a run does not meet; none where it meets all.

    `measures` are those of `MEASURES` that the run has: numbers, or the names of things. One that
    is expected and not there, or is no finite number, is an error too. Equal are two numbers
    within a billionth part.
    """
    return tuple(finding for each in expectations for finding in _judged(each, measures))


def wrong_with(expectation: Expectation) -> tuple[str, str]:
    """What is wrong with an expectation whatever the run, and how to mend it; empty if nothing."""
    known = MEASURES.get(expectation.measure)
    limits = (expectation.least, expectation.most, expectation.is_)
    if known is None:
        mend = nearest(expectation.measure, MEASURES) or f"measures are {', '.join(MEASURES)}"
        return f"'{expectation.measure}' cannot be measured", mend
    if not expectation.has and all(limit is None for limit in limits):
        return f"nothing is expected of {expectation.measure}", "give least, most, is or has"
    if expectation.has and not known.names:
        named = [name for name, measure in MEASURES.items() if measure.names]
        return f"{expectation.measure} is a number: it has no names", f"has goes with {named}"
    low = max((v for v in (expectation.least, expectation.is_) if v is not None), default=-math.inf)
    high = min((v for v in (expectation.most, expectation.is_) if v is not None), default=math.inf)
    if low > high:
        return f"no number is {expectation}", "let least be below most"
    return "", ""


def _judged(each: Expectation, measures: Mapping[str, Measured]) -> Iterable[Finding]:
    where = f"expect, {each.measure}"
    value = measures.get(each.measure)
    if value is None or isinstance(value, str):
        mend = nearest(each.measure, measures) or f"the run has {', '.join(measures) or 'nothing'}"
        yield Finding("error", f"{each.measure} was not measured", where, mend)
        return
    names = () if isinstance(value, int | float) else tuple(str(name).lower() for name in value)
    number = float(value) if isinstance(value, int | float) else float(len(names))
    if not math.isfinite(number):
        yield Finding("error", f"{each.measure} is {number}", where, "see what the run says of it")
        return
    close = math.isclose(number, each.is_ if each.is_ is not None else number, abs_tol=1e-9)
    met = (
        (each.least is None or number >= each.least)
        and (each.most is None or number <= each.most)
        and close
    )
    if not met:
        yield Finding("error", f"{each.measure} is {number:g}; expected is {each}", where)
    bare = {name.rpartition(".")[2] for name in names} | set(names)
    lacking = [name for name in each.has if name.lower() not in bare]
    if lacking:
        said = ", ".join(dict.fromkeys(names)) or "none"
        what = f"{', '.join(lacking)} is not among {each.measure}: {said}"
        yield Finding("error", what, where)
