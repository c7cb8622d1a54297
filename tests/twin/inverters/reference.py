"""A resource in disturbances, once more and plainly: it counts milliseconds, one by one."""

from __future__ import annotations

from dataclasses import dataclass

from gridmend.twin.inverters.settings import Settings


@dataclass(frozen=True)
class Stage:
    """What is measured for a time."""

    lasts_ms: int
    low: float
    high: float
    f_hz: float
    live: bool
    islanded: bool


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


class Reference:
    """Counts for how many milliseconds each condition has held."""

    def __init__(self, settings: Settings, ceases: tuple[float, float], *, forming: bool) -> None:
        self.settings, self.ceases, self.forming = settings, ceases, forming
        self.running, self.ceased, self.returning, self.ramping = True, False, False, False
        self.counts: dict[str, int] = {}
        self.ramp_ms = self.back_ms = self.wait_ms = self.now_ms = 0
        self.conditions: dict[str, bool] = {}
        self.inside = False
        self.done: list[tuple[int, str, str]] = []

    def limits(self) -> dict[str, float]:
        s = self.settings
        trips = (s.ov2, s.ov1, s.uv1, s.uv2, s.of2, s.of1, s.uf1, s.uf2)
        names = ("ov2", "ov1", "uv1", "uv2", "of2", "of1", "uf1", "uf2")
        return dict(zip(names, (t.clearing_s for t in trips), strict=True)) | {"island": s.island_s}

    def see(self, stage: Stage) -> None:
        s, w = self.settings, self.settings.enter_service
        low, high, f = stage.low, stage.high, stage.f_hz
        if not stage.live:
            low = high = 0.0
            f = float("nan")
        island = stage.islanded and not self.forming
        self.conditions = {
            "ov2": high > s.ov2.v_pu, "ov1": high > s.ov1.v_pu,
            "uv1": low < s.uv1.v_pu, "uv2": low < s.uv2.v_pu,
            "of2": f > s.of2.f_hz, "of1": f > s.of1.f_hz,
            "uf1": f < s.uf1.f_hz, "uf2": f < s.uf2.f_hz,
            "island": island, "cease": low < self.ceases[0] or high > self.ceases[1],
        }  # fmt: skip
        for name, holds in self.conditions.items():
            if not holds:
                self.counts[name] = 0
        self.inside = w.v_low_pu <= low and high <= w.v_high_pu and not island
        self.inside = self.inside and w.f_low_hz <= f <= w.f_high_hz
        if not self.inside:
            self.wait_ms = 0
        if self.ceased and not self.conditions["cease"]:
            self.ceased, self.returning, self.back_ms = False, True, 0

    def tick(self) -> None:
        self.now_ms += 1
        if not self.running:
            self._wait()
            return
        for name, holds in self.conditions.items():
            if holds:
                self.counts[name] = self.counts.get(name, 0) + 1
        self.ramp_ms += self.ramping
        self.back_ms += self.returning
        for name, limit_s in self.limits().items():
            if self.conditions[name] and self.counts[name] >= _ms(limit_s):
                self._tell("TRIPPED", name)
                self.running = self.ceased = self.returning = self.ramping = False
                self.wait_ms = 0
                return
        if (
            self.conditions["cease"]
            and not self.ceased
            and self.counts["cease"] >= _ms(self.settings.cease_s)
        ):
            self._tell("CEASED")
            self.ceased, self.returning = True, False
        if self.ramping and self.ramp_ms >= _ms(self.settings.enter_service.ramp_s):
            self._tell("AT_FULL")
            self.ramping = False
        if self.returning and self.back_ms >= _ms(self.settings.restore_s):
            self._tell("RETURNED")
            self.returning = False

    def output(self) -> float:
        if not self.running or self.ceased:
            return 0.0
        factor = 1.0
        if self.ramping:
            factor *= self.ramp_ms / _ms(self.settings.enter_service.ramp_s)
        if self.returning:
            factor *= self.back_ms / _ms(self.settings.restore_s)
        return factor

    def _wait(self) -> None:
        self.wait_ms += self.inside
        if self.inside and self.wait_ms >= _ms(self.settings.enter_service.delay_s):
            self._tell("ENTERED")
            self.running = self.ramping = True
            self.ramp_ms = 0
            self.counts = {}

    def _tell(self, deed: str, cause: str = "") -> None:
        self.done.append((self.now_ms, deed, cause))
