"""Co-ordination of a chain of devices: who operates when, by how much, and where it fails."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridmend.model.errors import Finding, GridmendError
from gridmend.twin.protection.curves import Curve
from gridmend.twin.protection.device import check_number
from gridmend.twin.protection.fuse import FuseSettings
from gridmend.twin.protection.sectionaliser import SectionaliserSettings
from gridmend.twin.protection.settings import RecloserSettings

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Part = Literal["phase", "ground"]
Link = RecloserSettings | FuseSettings | SectionaliserSettings
"""The settings of one device of a chain."""
CHAIN_MOST = 50
CURRENTS_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Rules:
    """What a margin must be.

    `relay_margin_s` is kept between two relays or reclosers (0.3 s, assumed: a usual interval for
    relays with disks). `fuse_share` is the share of an upstream link's melting time within which
    the downstream device must be clear (the 75 % of fuse co-ordination). `saving_factor` is how
    many times an upstream recloser's fast operation must fit into a downstream link's melting
    time: 1 for one shot and a link that cools, the number of fast shots for one that does not.
    """

    relay_margin_s: float = 0.3
    fuse_share: float = 0.75
    saving_factor: float = 1.0

    def __post_init__(self) -> None:
        check_number("rules", "relay_margin_s", self.relay_margin_s, most=1e4)
        check_number("rules", "fuse_share", self.fuse_share, above=True, most=1)
        check_number("rules", "saving_factor", self.saving_factor, least=1, most=100)


@dataclass(frozen=True, eq=False)
class Margin:
    """One rule between neighbours: the downstream device ends before the upstream one operates.

    `margin_s` [n] is the time left over what the rule asks, by current; nan where the downstream
    one does not operate, or where neither must. Below 0 they mis-co-ordinate.
    """

    upstream: str
    downstream: str
    rule: str
    margin_s: Floats

    @property
    def kept(self) -> Bools:
        """[n] whether the rule is kept, as where it asks nothing."""
        return ~(self.margin_s < 0)


@dataclass(frozen=True, slots=True)
class Miss:
    """A band of currents in which a rule is broken, and the worst of it."""

    upstream: str
    downstream: str
    rule: str
    from_a: float
    to_a: float
    worst_s: float
    worst_at_a: float


@dataclass(frozen=True, eq=False)
class Coordination:
    """A chain judged: times [s] [n] by device and curve at `current_a` [n], margins, findings."""

    current_a: Floats
    times_s: dict[str, dict[str, Floats]]
    margins: tuple[Margin, ...]
    misses: tuple[Miss, ...]
    findings: tuple[Finding, ...]


def operating_times_s(
    device: Link, current_a: ArrayLike, *, part: Part = "phase"
) -> dict[str, Floats]:
    """[n] seconds by curve at each current, the mechanism's time among it; inf for never.

    A fuse has `melt` and `clear`; a relay or recloser `fast`, where it has fast shots, and
    `slow`; each with its instantaneous element in the shots in which that is on. A sectionaliser
    has none.
    """
    at = np.asarray(current_a, np.float64)
    if isinstance(device, SectionaliserSettings):
        return {}
    if isinstance(device, FuseSettings):
        melt = device.melt.time_s(at / device.rated_a)
        return {"melt": melt, "clear": melt + np.array([device.arc_s(float(i)) for i in at])}
    phase = part == "phase"
    pickup_a = device.phase_pickup_a if phase else device.ground_pickup_a
    slow = device.phase_slow_curve if phase else device.ground_slow_curve
    fast = (device.phase_fast_curve if phase else device.ground_fast_curve) or slow
    at_once_a = device.phase_instantaneous_a if phase else device.ground_instantaneous_a

    def time(curve: Curve | None, *, first_shot: int, last_shot: int) -> Floats:
        """The earliest of the shots, for none of them is quicker than its first."""
        own = np.full(at.shape, np.inf)
        if curve is not None and math.isfinite(pickup_a):
            own = np.where(at >= pickup_a, curve.time_s(at / pickup_a), np.inf)
        if first_shot < device.instantaneous_shots and first_shot < last_shot:
            own = np.where(at >= at_once_a, np.minimum(own, device.instantaneous_s), own)
        return own + device.open_s

    times: dict[str, Floats] = {}
    if device.fast_shots:
        times["fast"] = time(fast, first_shot=0, last_shot=device.fast_shots)
    if device.fast_shots < device.shots:
        times["slow"] = time(slow, first_shot=device.fast_shots, last_shot=device.shots)
    return times


def energy_a2s(current_a: ArrayLike, time_s: ArrayLike) -> Floats:
    """i²t [A²s] of a constant current over a time; inf where the time is."""
    return np.asarray(np.square(np.asarray(current_a, np.float64)) * np.asarray(time_s, np.float64))


def coordinate(
    chain: Sequence[Link],
    current_a: ArrayLike,
    *,
    part: Part = "phase",
    rules: Rules | None = None,
) -> Coordination:
    """Judge a chain, source first, at fault currents [n] that flow through all of it [A].

    Neighbours with curves are judged pair by pair, over a sectionaliser between them too, which
    is judged by its counts. Raises `GridmendError` where there are no two devices, names are not
    unique, or currents do not rise from above 0.
    """
    at = _currents(chain, current_a)
    rules = rules or Rules()
    times_s = {device.name: operating_times_s(device, at, part=part) for device in chain}
    timed = [device for device in chain if not isinstance(device, SectionaliserSettings)]
    margins = [
        margin
        for up, down in pairwise(timed)
        for margin in _pair(up, down, times_s[up.name], times_s[down.name], rules)
    ]
    misses = [miss for margin in margins for miss in _bands(margin, at)]
    findings = [_finding(miss) for miss in misses] + _counting(chain)
    return Coordination(at, times_s, tuple(margins), tuple(misses), tuple(findings))


def _currents(chain: Sequence[Link], current_a: ArrayLike) -> Floats:
    names = [device.name for device in chain]
    if not 2 <= len(names) <= CHAIN_MOST or len(set(names)) < len(names):
        raise GridmendError(
            f"a chain of {len(names)} devices cannot be judged: {', '.join(names[:CHAIN_MOST])}",
            mend=f"give from 2 to {CHAIN_MOST} devices, each by its own name, source first",
        )
    at = np.asarray(current_a, np.float64)
    sound = at.ndim == 1 and 0 < at.size <= CURRENTS_MOST and bool(np.isfinite(at).all())
    if not sound or at[0] <= 0 or (np.diff(at) <= 0).any():
        raise GridmendError(
            "the fault currents of a chain are no rising row of numbers above 0",
            mend=f"give from 1 to {CURRENTS_MOST} currents, sorted, in amperes",
        )
    return at


def _pair(
    up: Link, down: Link, upper: dict[str, Floats], lower: dict[str, Floats], rules: Rules
) -> list[Margin]:
    """The rules between neighbours, by what they are."""

    def margin(rule: str, needed_s: Floats, given_s: Floats) -> Margin:
        """What is left between the end of one thing and the beginning of another."""
        with np.errstate(invalid="ignore"):
            left_s = given_s - needed_s
        # Where the downstream one never ends it, co-ordination asks nothing of the pair.
        return Margin(up.name, down.name, rule, np.where(np.isfinite(needed_s), left_s, np.nan))

    ends = lower["clear"] if "clear" in lower else lower.get("slow", lower.get("fast"))
    assert ends is not None
    if isinstance(up, FuseSettings):
        rule = f"clear within {100 * rules.fuse_share:g} % of the upstream link's melting"
        return [margin(rule, ends, rules.fuse_share * upper["melt"])]
    found: list[Margin] = []
    if isinstance(down, FuseSettings):
        if "fast" in upper:
            saved = margin(
                "the fast curve saves the link", rules.saving_factor * upper["fast"], lower["melt"]
            )
            found.append(saved)
        if "slow" in upper:
            found.append(
                margin("the slow curve waits until the link is clear", ends, upper["slow"])
            )
        return found
    for curve in ("fast", "slow"):
        if curve in upper and (curve in lower or curve == "slow"):
            needed_s = lower.get(curve, ends) + rules.relay_margin_s
            found.append(
                margin(
                    f"the {curve} curve waits {rules.relay_margin_s:g} s", needed_s, upper[curve]
                )
            )
    return found


def _bands(margin: Margin, at: Floats) -> list[Miss]:
    """The bands of neighbouring currents in which a margin is below 0."""
    missed = np.concatenate([[False], ~margin.kept, [False]])
    edges = np.flatnonzero(missed[1:] != missed[:-1])
    found: list[Miss] = []
    for first, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        worst = first + int(np.argmin(margin.margin_s[first:end]))
        found.append(
            Miss(
                margin.upstream, margin.downstream, margin.rule,
                float(at[first]), float(at[end - 1]),
                float(margin.margin_s[worst]), float(at[worst]),
            )
        )  # fmt: skip
    return found


def _finding(miss: Miss) -> Finding:
    return Finding(
        "warning",
        f"'{miss.upstream}' and '{miss.downstream}' do not co-ordinate from {miss.from_a:.0f} to "
        f"{miss.to_a:.0f} A: {miss.rule} fails by {-miss.worst_s:.3g} s at {miss.worst_at_a:.0f} A",
        where=f"{miss.upstream}, {miss.downstream}",
        mend="choose another curve, dial or rating of one of them",
    )


def _counting(chain: Sequence[Link]) -> list[Finding]:
    """Sectionalisers that count as far as what interrupts for them, or have nobody who does."""
    found: list[Finding] = []
    shots, name = 0, ""
    for device in chain:
        if isinstance(device, RecloserSettings):
            shots, name = device.shots, device.name
        elif isinstance(device, SectionaliserSettings) and device.counts >= shots:
            behind = f"'{name}' locks out after {shots}" if name else "no recloser is before it"
            found.append(
                Finding(
                    "warning",
                    f"'{device.name}' opens after {device.counts} counts and {behind}",
                    where=device.name,
                    mend="give it fewer counts than the recloser before it has shots",
                )
            )
    return found
