"""A device played against a circuit that is a function of which of its poles are closed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gridmend.twin.protection.device import Act, Device

Currents = Callable[[float, tuple[bool, ...]], Sequence[float]]


def play(
    device: Device, currents: Currents, *, to_s: float, changes_s: Sequence[float] = ()
) -> list[Act]:
    """Acts up to a time; `currents(now, closed)` are [conductors], asked at changes and acts."""
    done: list[Act] = []
    now_s = 0.0
    device.see(now_s, currents(now_s, device.closed))
    left = sorted(t for t in changes_s if t > 0)
    for _ in range(10_000):
        due_s = device.due_s()
        if min(due_s, left[0] if left else to_s) > to_s:
            return done
        if left and left[0] < due_s:
            now_s = left.pop(0)
        elif due_s <= to_s:
            now_s = due_s
            done += device.act(now_s)
        else:
            return done
        device.see(now_s, currents(now_s, device.closed))
    raise AssertionError("the device does not come to rest")


def told(acts: Sequence[Act], *kinds: str) -> list[tuple[str, float]]:
    """What was done and when, of some kinds."""
    return [(act.kind, round(act.time_s, 6)) for act in acts if not kinds or act.kind in kinds]
