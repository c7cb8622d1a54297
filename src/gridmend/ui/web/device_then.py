"""One device as it was shown at a past time: its bytes in all modes, and what hung on it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import numpy as np

from gridmend.model.situation import Situation
from gridmend.runtime.live import Flag, Geometry, Mode
from gridmend.runtime.live.coding import Coder
from gridmend.runtime.live.modes import (
    DER_ZERO,
    HIGHEST,
    LOADING_STEP_PCT,
    UNKNOWN,
    V_LEAST_PU,
    V_STEP_PU,
)
from gridmend.ui.web.answers.history import ElementThen
from gridmend.ui.web.answers.network import GroundAnswer, TagAnswer
from gridmend.ui.web.past import Shown, shown_at
from gridmend.ui.web.problems import missing
from gridmend.ui.web.serving import Serving

Supply = Literal["energised", "some phases dead", "de-energised"]
SUPPLIES: tuple[Supply, ...] = ("de-energised", "energised", "some phases dead")
_MOVES = ("switches", "sources")


def device_then(serving: Serving, key: str, time: datetime) -> ElementThen:
    """What was shown of a device at a time. Raises `GridError` where the network has none such,
    and `Problem` (404) where the map does not show it."""
    folded, geometry = serving.grid.key(key), serving.live.geometry
    at = geometry.index.get(folded)
    if at is None:
        raise missing(
            "element of the map", key, mend="ask for a line, a switch or what else is on the map"
        )
    shown = shown_at(serving, time, told=True)
    return _answer(geometry, serving.view.states.coder, folded, at, time, shown)


def _answer(
    geometry: Geometry, coder: Coder, key: str, at: int, time: datetime, shown: Shown
) -> ElementThen:
    codes = {mode: int(shown.frame(mode, len(geometry))[0][at]) for mode in Mode}
    flags = Flag(int(shown.frame(Mode.ENERGISED, len(geometry))[1][at])) if shown.is_known else None
    feeder, live = codes[Mode.FEEDER], codes[Mode.PHASE]
    rating_a, i_a = _current(coder, at, codes[Mode.LOADING])
    buses = geometry.buses[int(geometry.bus1[at])], geometry.buses[int(geometry.bus2[at])]
    return ElementThen(
        time=time,
        recorded_at=shown.recorded,
        key=key,
        kind=geometry.kinds[geometry.kind[at]],
        index=at,
        bus1=buses[0],
        bus2=buses[1],
        position=_position(flags) if str(geometry.table[at]) in _MOVES else None,
        supply=SUPPLIES[codes[Mode.ENERGISED]] if codes[Mode.ENERGISED] != UNKNOWN else None,
        live_phases=None if flags is None or live == UNKNOWN else _phases(live),
        feeder=_feeder(geometry, feeder) if flags is not None else None,
        v_pu=_figure(codes[Mode.VOLTAGE], V_LEAST_PU, V_STEP_PU),
        loading_pct=_figure(codes[Mode.LOADING], 0.0, LOADING_STEP_PCT),
        i_a=i_a,
        rating_a=rating_a,
        output_pct=_figure(codes[Mode.DER], -float(DER_ZERO), 1.0),
        beyond=codes[Mode.VOLTAGE] in (0, HIGHEST) or codes[Mode.LOADING] == HIGHEST,
        not_normal=_has(flags, Flag.NOT_NORMAL),
        tagged=_has(flags, Flag.TAGGED),
        grounded=_has(flags, Flag.GROUNDED),
        faulted=_has(flags, Flag.FAULT),
        tags=_tags(shown.situation, key),
        grounds=_grounds(shown.situation, buses),
        unsure=_unsure(shown),
    )


def _has(flags: Flag | None, flag: Flag) -> bool | None:
    return None if flags is None else bool(flags & flag)


def _position(flags: Flag | None) -> Literal["open", "closed"] | None:
    if flags is None or flags & Flag.UNSURE:
        return None
    return "open" if flags & Flag.OPEN else "closed"


def _phases(bits: int) -> str:
    return " ".join(phase for k, phase in enumerate("abc") if bits >> k & 1)


def _feeder(geometry: Geometry, number: int) -> str:
    return geometry.feeders[number] if number < len(geometry.feeders) else ""


def _figure(code: int, zero: float, step: float) -> float | None:
    return None if code == UNKNOWN else round(zero + step * code, 4)


def _current(coder: Coder, at: int, loading: int) -> tuple[float | None, float | None]:
    """The rating, and what the loading is of it [A]; where terminals are rated differently, as a
    transformer's are, the loading does not tell which of them it is of."""
    least, most = (
        float(coder.amps.each(reduce, coder.rating_a, np.nan)[at])
        for reduce in (np.minimum, np.maximum)
    )
    if not np.isfinite(least):
        return None, None
    if loading == UNKNOWN or least != most:
        return least, None
    return least, round(LOADING_STEP_PCT / 100 * loading * least, 1)


def _tags(situation: Situation | None, key: str) -> list[TagAnswer] | None:
    """Tags of then, by the journal."""
    if situation is None:
        return None
    return [TagAnswer(id=t.id, kind=t.kind, holder=t.holder) for t in situation.tags_on(key)]


def _grounds(situation: Situation | None, buses: tuple[str, str]) -> list[GroundAnswer] | None:
    """Earths of then at either end, by the journal."""
    if situation is None:
        return None
    ends = {bus.lower() for bus in buses}
    return [
        GroundAnswer(id=one.id, bus=one.bus, holder=one.holder)
        for one in situation.grounds.values()
        if one.bus.lower().removeprefix("bus.") in ends
    ]


def _unsure(shown: Shown) -> list[str]:
    if not shown.is_known:
        return ["nothing is known of this time"]
    unsure = list(shown.found.unsure) if shown.found is not None else [
        "nothing was recorded at this time: positions are as the journal tells"
    ]  # fmt: skip
    if shown.situation is None:
        unsure.append("no journal is beside the recording: who held a tag or an earth is not known")
    return unsure
