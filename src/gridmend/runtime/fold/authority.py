"""Areas, who has the say in them, and what applications may do by themselves."""

from __future__ import annotations

from datetime import datetime

from gridmend.model.errors import GridError
from gridmend.model.event import Event
from gridmend.model.situation import Authority, Leave, LoopLeave, Mode, SyncCheck
from gridmend.runtime.fold.state import State


def _area_defined(state: State, event: Event) -> None:
    lost: list[str] = []
    for device in event.payload["devices"]:
        try:
            state.write("areas")[state.grid.key(str(device))] = event.payload["area"]
        except GridError:
            lost.append(str(device))
    if lost:
        told = f"area '{event.payload['area']}' names {', '.join(lost)}, not in the model"
        state.misread = [*state.misread, f"{told} (entry {state.sequence})"]


def _authority_granted(state: State, event: Event) -> None:
    p = event.payload
    now = state.read("authorities").get(p["area"])
    # An epoch never goes back: a late grant of an older one changes nothing.
    if now is not None and p["epoch"] <= now.epoch:
        return
    state.write("authorities")[p["area"]] = Authority(p["holder"], p["epoch"])


def _mode_set(state: State, event: Event) -> None:
    p = event.payload
    state.write("modes")[(p["application"], p["area"])] = Mode(p["mode"])


def _killed(state: State, event: Event) -> None:
    state.killed |= {event.payload["area"]}


def _revived(state: State, event: Event) -> None:
    state.killed -= {event.payload["area"]}


def _leave_given(state: State, event: Event) -> None:
    p = event.payload
    gone = [k for k, leave in state.read("leaves").items() if leave.expires_s < state.time_s]
    for old in gone:
        state.drop("leaves", old)
    state.write("leaves")[p["leave"]] = Leave(
        p["leave"], p["by"], p["application"], p["area"], p["steps_most"], _s(p["expires_utc"])
    )


def _leave_withdrawn(state: State, event: Event) -> None:
    state.drop("leaves", event.payload["leave"])


def _loop_authorised(state: State, event: Event) -> None:
    p = event.payload
    sources = tuple(str(source) for source in p["sources"])
    leave = LoopLeave(p["device"], sources, p["by"], _s(p["expires_utc"]))
    state.write("loops")[state.grid.key(p["device"])] = leave


def _loop_outlived(state: State, event: Event) -> None:
    key = state.grid.key(event.payload["device"])
    state.drop("loops", key)
    state.outlived |= {key}


def _loop_ended(state: State, event: Event) -> None:
    state.drop("loops", state.grid.key(event.payload["device"]))


def _sync_checked(state: State, event: Event) -> None:
    p = event.payload
    state.write("syncs")[state.grid.key(p["device"])] = SyncCheck(
        p["device"], event.time_utc.timestamp(), float(p["dv_pu"]), float(p["dangle_deg"]),
        float(p["df_hz"]), p["phasing_known"],
    )  # fmt: skip


def _s(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


HANDLERS = {
    "area_defined": _area_defined,
    "authority_granted": _authority_granted,
    "mode_set": _mode_set,
    "killed": _killed,
    "revived": _revived,
    "leave_given": _leave_given,
    "leave_withdrawn": _leave_withdrawn,
    "loop_authorised": _loop_authorised,
    "loop_outlived": _loop_outlived,
    "loop_ended": _loop_ended,
    "sync_checked": _sync_checked,
}
