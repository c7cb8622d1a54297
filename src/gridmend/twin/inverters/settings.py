"""Settings of one resource: when it trips, ceases and enters service; and what is out of range."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields

from gridmend.model.errors import Finding, GridmendError
from gridmend.twin.inverters.standard import (
    CEASE_S,
    ENTER_SERVICE,
    ISLAND_MOST_S,
    ISLAND_S,
    RESTORE_S,
    SHALL_TRIP,
    VOLTAGE_TRIPS,
    Adjustable,
    Category,
    ShallTrip,
    ceases_beyond_pu,
)


@dataclass(frozen=True, slots=True)
class VoltageTrip:
    """Trip once any applicable voltage has been beyond `v_pu` for `clearing_s` without a break."""

    v_pu: float
    clearing_s: float

    def __post_init__(self) -> None:
        _check("v_pu", self.v_pu, 0.0)
        _check("clearing_s", self.clearing_s, 1e-6)


@dataclass(frozen=True, slots=True)
class FrequencyTrip:
    """Trip once the frequency has been beyond `f_hz` for `clearing_s` without a break."""

    f_hz: float
    clearing_s: float

    def __post_init__(self) -> None:
        _check("f_hz", self.f_hz, 0.0)
        _check("clearing_s", self.clearing_s, 1e-6)


@dataclass(frozen=True, slots=True)
class EnterService:
    """When a tripped resource may come back, and how.

    All voltages and the frequency must have been in the window, ends included, for `delay_s` and
    a part of `random_s` that is drawn anew at each trip; then output grows over `ramp_s`.
    """

    v_low_pu: float = ENTER_SERVICE["v_low_pu"][1].default
    v_high_pu: float = ENTER_SERVICE["v_high_pu"][1].default
    f_low_hz: float = ENTER_SERVICE["f_low_hz"][1].default
    f_high_hz: float = ENTER_SERVICE["f_high_hz"][1].default
    delay_s: float = ENTER_SERVICE["delay_s"][1].default
    ramp_s: float = ENTER_SERVICE["ramp_s"][1].default
    random_s: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            _check(field.name, getattr(self, field.name), 0.0)
        for low, high in (("v_low_pu", "v_high_pu"), ("f_low_hz", "f_high_hz")):
            if getattr(self, low) >= getattr(self, high):
                raise GridmendError(
                    f"enter service: {low} {getattr(self, low):g} is not below {high} "
                    f"{getattr(self, high):g}",
                    mend="give a window that something can be in",
                )


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that one resource is set to; `Settings.of(category)` gives the defaults.

    `cease_s` is the time from the start of a voltage at which current must cease until it has,
    `restore_s` the time from its end until all output is back, `island_s` the time in which an
    unintentional island is found. `ceases_where_permitted` says whether it uses the leave of
    permissive operation; that it does not is assumed. Raises `GridmendError` for what cannot be,
    such as a window to enter service in which it would trip or cease.
    """

    category: Category
    ov2: VoltageTrip
    ov1: VoltageTrip
    uv1: VoltageTrip
    uv2: VoltageTrip
    of2: FrequencyTrip
    of1: FrequencyTrip
    uf1: FrequencyTrip
    uf2: FrequencyTrip
    enter_service: EnterService
    cease_s: float
    restore_s: float = RESTORE_S
    island_s: float = ISLAND_S
    ceases_where_permitted: bool = False

    @staticmethod
    def of(category: Category | str) -> Settings:
        """The defaults of a category; others come by `dataclasses.replace`."""
        category = _category(category)
        rows = SHALL_TRIP[category]
        return Settings(
            category,
            ov2=_volts(rows["ov2"]),
            ov1=_volts(rows["ov1"]),
            uv1=_volts(rows["uv1"]),
            uv2=_volts(rows["uv2"]),
            of2=_hertz(rows["of2"]),
            of1=_hertz(rows["of1"]),
            uf1=_hertz(rows["uf1"]),
            uf2=_hertz(rows["uf2"]),
            enter_service=EnterService(),
            cease_s=CEASE_S[category],
        )

    def __post_init__(self) -> None:
        object.__setattr__(self, "category", _category(self.category))
        for name in ("cease_s", "restore_s", "island_s"):
            _check(name, getattr(self, name), 0.0)
        window = self.enter_service
        below, above = ceases_beyond_pu(self.category, where_permitted=self.ceases_where_permitted)
        if window.v_low_pu < below or window.v_high_pu > above:
            raise _would_trip("v_low_pu or v_high_pu", "where current must cease")
        if max(self.uv1.v_pu, self.uv2.v_pu) > window.v_low_pu:
            raise _would_trip("v_low_pu", "uv1 and uv2")
        if min(self.ov1.v_pu, self.ov2.v_pu) < window.v_high_pu:
            raise _would_trip("v_high_pu", "ov1 and ov2")
        if max(self.uf1.f_hz, self.uf2.f_hz) > window.f_low_hz:
            raise _would_trip("f_low_hz", "uf1 and uf2")
        if min(self.of1.f_hz, self.of2.f_hz) < window.f_high_hz:
            raise _would_trip("f_high_hz", "of1 and of2")


def findings(settings: Settings, where: str = "") -> tuple[Finding, ...]:
    """What lies outside the ranges of adjustability of the standard, and by how much."""
    found = [_finding(*row, where=where) for row in _compared(settings)]
    window = settings.enter_service
    if window.random_s > 0 and window.ramp_s > 0:
        found.append(
            Finding(
                "note",
                "it waits a randomised delay and ramps too; the standard asks for one of them",
                where,
                "set ramp_s or random_s to 0",
            )
        )
    return tuple(finding for finding in found if finding is not None)


def _compared(settings: Settings) -> Iterator[tuple[str, float, Adjustable, str]]:
    """Each setting's name, value, range and place in the standard."""
    for name, row in SHALL_TRIP[settings.category].items():
        trip = getattr(settings, name)
        unit, value = ("v_pu", trip.v_pu) if name in VOLTAGE_TRIPS else ("f_hz", trip.f_hz)
        yield f"{name}.{unit}", value, row.threshold, row.source
        yield f"{name}.clearing_s", trip.clearing_s, row.clearing_s, row.source
    window = settings.enter_service
    for name, (source, allowed) in ENTER_SERVICE.items():
        value = getattr(window, name)
        unused = name == "random_s" or (name == "ramp_s" and window.random_s > 0)
        if not (unused and value == 0):
            yield f"enter_service.{name}", value, allowed, source
    most = CEASE_S[settings.category]
    yield "cease_s", settings.cease_s, Adjustable(most, 0.0, most), "Tables 14 to 16 (6.4.2)"
    yield "restore_s", settings.restore_s, Adjustable(RESTORE_S, 0.0, RESTORE_S), "6.4.2.7"
    yield "island_s", settings.island_s, Adjustable(ISLAND_S, 0.0, ISLAND_MOST_S), "8.1"


def _finding(
    name: str, value: float, allowed: Adjustable, source: str, *, where: str
) -> Finding | None:
    if allowed.low <= value <= allowed.high:
        return None
    at = f"IEEE Std 1547-2018, {source}"
    if allowed.low == allowed.high:
        what = f"{name} is {value:g} and not adjustable"
        mend = f"set it to {allowed.default:g}"
    else:
        what = f"{name} is {value:g}, outside its range of {allowed.low:g} to {allowed.high:g}"
        mend = f"set it within the range; its default is {allowed.default:g}"
    return Finding("warning", what, f"{where}; {at}" if where else at, mend)


def _volts(row: ShallTrip) -> VoltageTrip:
    return VoltageTrip(row.threshold.default, row.clearing_s.default)


def _hertz(row: ShallTrip) -> FrequencyTrip:
    return FrequencyTrip(row.threshold.default, row.clearing_s.default)


def _check(name: str, value: float, least: float) -> None:
    if not (math.isfinite(value) and value >= least):
        above = f"of {least:g} or more" if least == 0 else "above 0"
        raise GridmendError(f"{name} is {value}", mend=f"give a finite number {above}")


def _category(name: str) -> Category:
    try:
        return Category(name)
    except ValueError:
        raise GridmendError(
            f"there is no category '{name}'",
            where="IEEE Std 1547-2018, abnormal operating performance",
            mend="the categories are I, II and III",
        ) from None


def _would_trip(name: str, trips: str) -> GridmendError:
    return GridmendError(
        f"the window to enter service reaches beyond what trips or ceases: {name} and {trips}",
        mend="move the window or the thresholds, so that nothing happens within the window",
    )
