"""Random small OpenDSS scripts: lines, transformers, sources and what stands between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt
from typing import Any

import numpy as np

UNITS = {"km": 1.0, "mi": 1.609344, "kft": 0.3048, "m": 0.001, "ft": 0.0003048, "none": 1.0}
EARTHED, DELTA, LEGS = "earthed", "delta", "legs"


@dataclass
class Place:
    """A bus while the script is made: its kilovolts line to line, its phases, how it is earthed."""

    name: str
    kv: float
    phases: tuple[int, ...]
    kind: str = EARTHED

    def at(self, *phases: int) -> str:
        return self.name + "".join(f".{p}" for p in phases or self.phases)

    def across_kv(self, conductors: int) -> float:
        """The rating of a wye element of so many phases."""
        return self.kv if conductors > 1 else self.kv / sqrt(3)


@dataclass
class Maker:
    """What a script is made with: its lines so far, its places, its chances."""

    rng: np.random.Generator
    lines: list[str] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    sections: list[tuple[str, Place]] = field(default_factory=list)
    banks: list[tuple[str, Place, int, str]] = field(default_factory=list)
    regulated: list[tuple[str, Place, float, int]] = field(default_factory=list)
    codes: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    count: int = 0

    def say(self, *parts: str) -> None:
        self.lines.append(" ".join(p for p in parts if p))

    def name(self, word: str) -> str:
        self.count += 1
        return f"{word}{self.count}"

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def one(self, *options: Any) -> Any:
        return options[int(self.rng.integers(len(options)))]

    def real(self, low: float, high: float) -> str:
        return f"{self.rng.uniform(low, high):.5g}"

    def place(self, kind: tuple[str, ...] = (EARTHED, DELTA, LEGS), least: int = 1) -> Place | None:
        fit = [p for p in self.places if p.kind in kind and len(p.phases) >= least]
        return self.one(*fit) if fit else None

    def some(self, place: Place, count: int) -> tuple[int, ...]:
        """So many phases of a place, in a random order at times."""
        chosen = self.rng.choice(len(place.phases), count, replace=False)
        chosen = chosen if self.chance(0.3) else np.sort(chosen)
        return tuple(place.phases[int(k)] for k in chosen)


def matrix(m: Maker, n: int, own: float, mutual: float) -> str:
    """Lower triangle of a random symmetric matrix."""
    rows: list[str] = []
    for i in range(n):
        row = [m.rng.uniform(0.7, 1.3) * own * mutual for _ in range(i)]
        rows.append(" ".join(f"{v:.5g}" for v in [*row, m.rng.uniform(0.8, 1.2) * own]))
    return "(" + " | ".join(rows) + ")"


def sequence(m: Maker, per: float) -> str:
    """Symmetrical components by a unit of `per` kilometres."""
    said = f"r1={m.rng.uniform(0.1, 0.8) * per:.5g} x1={m.rng.uniform(0.2, 0.6) * per:.5g}"
    said += f" r0={m.rng.uniform(0.4, 1.2) * per:.5g} x0={m.rng.uniform(0.8, 1.6) * per:.5g}"
    if m.chance(0.3):
        return f"{said} b1={m.rng.uniform(2, 200) * per:.5g} b0={m.rng.uniform(1, 80) * per:.5g}"
    if m.chance(0.7):
        said += f" c1={m.rng.uniform(5, 300) * per:.5g} c0={m.rng.uniform(3, 150) * per:.5g}"
    return said


def matrices(m: Maker, n: int, per: float) -> str:
    """Matrices by a unit of `per` kilometres."""
    said = f"rmatrix={matrix(m, n, 0.35 * per, 0.3)} xmatrix={matrix(m, n, 0.7 * per, 0.4)}"
    return f"{said} cmatrix={matrix(m, n, 12 * per, -0.15)}" if m.chance(0.7) else said


def line_codes(m: Maker) -> None:
    """Codes by components and by matrices, in every unit."""
    for n in (1, 2, 3, 3, 3, 4):
        name, unit = m.name("code"), m.one(*UNITS)
        said = sequence(m, UNITS[unit]) if m.chance(0.5) else matrices(m, n, UNITS[unit])
        hertz = m.one("", "", "", "basefreq=50", "basefreq=60")
        first = f"new linecode.{name} nphases={n}"
        m.say(first, *m.one((f"units={unit}", hertz, said), (hertz, said, f"units={unit}")))
        if m.chance(0.3):
            m.say(f"~ normamps={m.real(100, 500)}")
        m.codes.setdefault(n, []).append((name, unit))


def geometry(m: Maker) -> None:
    """One wire and two geometries, one with a neutral that is reduced."""
    m.say(m.one("", "set earthmodel=carson"))
    m.say("new wiredata.w rac=0.306 runits=mi gmrac=0.0244 gmrunits=ft radius=0.36 radunits=in")
    for name, n, reduce in (("g3", 3, "no"), ("g4", 4, "yes")):
        m.say(f"new linegeometry.{name} nconds={n} nphases=3 reduce={reduce}")
        for k in range(n):
            x, h = (-1.2 + 1.1 * k, 9.5) if k < 3 else (0.3, 8.0)
            m.say(f"~ cond={k + 1} wire=w x={x:.3g} h={h} units=m")


def line(m: Maker, far: Place | None = None) -> None:
    """A line to a new bus, or one that closes a mesh."""
    near = m.place((EARTHED, DELTA))
    if near is None:
        return
    n = len(near.phases) if m.chance(0.7) else int(m.rng.integers(1, len(near.phases) + 1))
    if near.kind == DELTA:
        n = max(n, min(len(near.phases), 2))
    phases = m.some(near, n) if n < 3 or m.chance(0.1) else near.phases
    other = phases
    if far is None and m.chance(0.4):
        fit = [p for p in m.places if p.kv == near.kv and p.kind == near.kind and p is not near]
        fit = [p for p in fit if set(phases) <= set(p.phases)]
        far = m.one(*fit) if fit and m.chance(0.5) else None
    meshed = far is not None
    if far is None:
        far = Place(m.name("b"), near.kv, tuple(sorted(phases)), near.kind)
        m.places.append(far)
    name = m.name("line")
    head = f"new line.{name} bus1={near.at(*phases)} bus2={far.at(*other)} phases={n}"
    km = float(m.rng.uniform(0.05, 1.5)) * (1.0 if near.kv > 1 else 0.05)
    m.say(head, _impedance(m, n, km))
    m.sections.append((f"line.{name}", Place(near.name, near.kv, phases)))
    if meshed and m.chance(0.3):
        m.say(m.one(f"open line.{name} 1\nopen line.{name} 2", f"line.{name}.enabled=no"))


def _impedance(m: Maker, n: int, km: float) -> str:
    unit = m.one(*UNITS)
    length = f"length={km / UNITS[unit]:.5g}"
    kind = m.one("code", "code", "own", "matrix", "switch", "geometry" if n == 3 else "code")
    if kind == "code":
        code, code_unit = m.one(*m.codes[n])
        if "none" in (unit, code_unit):
            length = f"length={km / UNITS[code_unit if unit == 'none' else unit]:.5g}"
        said = [f"linecode={code}", length, f"units={unit}"]
        if m.chance(0.3):
            m.rng.shuffle(said)
        return " ".join(said)
    if kind == "geometry":
        unit = m.one("km", "mi", "ft")
        which = m.one("g3", "g4")
        return f"geometry={which} length={km / UNITS[unit]:.5g} units={unit}"
    if kind == "switch":
        return "switch=yes" + m.one("", " r1=.05 r0=.05 x1=0 x0=0 c1=0 c0=0", "")
    said = sequence(m, UNITS[unit]) if kind == "own" else matrices(m, n, UNITS[unit])
    return m.one(f"{said} {length} units={unit}", f"{length} units={unit} {said}")


def _losses(m: Maker) -> str:
    said = m.one("", "", f"%noloadloss={m.real(0.1, 0.5)} %imag={m.real(0.3, 2)}")
    return f"{said} {m.one('', '', 'leadlag=lead', 'ppm_antifloat=5')}"


def _tap(m: Maker) -> float:
    return 1 + 0.00625 * int(m.rng.integers(-8, 9))


def transformer(m: Maker) -> None:
    """A transformer of some connection to a new bus at another voltage."""
    near = m.place((EARTHED, DELTA))
    if near is None:
        return
    made = [_three_phase, _three_phase, _three_winding, _open_bank] if len(near.phases) == 3 else []
    if near.kind == EARTHED:
        made += [_single_phase, _centre_tapped]
    if len(near.phases) >= 2:
        made.append(_across)
    if made:
        m.one(*made)(m, near)


def _three_phase(m: Maker, near: Place) -> None:
    high = "delta" if near.kind == DELTA else m.one("wye", "delta")
    low = m.one("wye", "wye", "delta")
    kv = m.one(0.48, 0.4, 4.16, 12.47, near.kv)
    earth, neutral = (EARTHED if low == "wye" else DELTA), ""
    far = Place(m.name("b"), kv, (1, 2, 3), earth)
    bus = far.name
    if low == "wye" and m.chance(0.35):
        bus = f"{far.name}.1.2.3.4"
        neutral = m.one(
            f"~ wdg=2 rneut={m.real(0.1, 5)} xneut={m.real(0, 3)}",
            f"new reactor.{m.name('earth')} phases=1 bus1={far.name}.4 bus2={far.name}.0"
            f" r={m.real(0, 1)} x={m.real(0.1, 5)}",
        )
    kva = m.one(300, 500, 1000, 2500)
    name = m.name("t")
    m.say(
        f"new transformer.{name} phases=3 windings=2 buses=({near.name} {bus})",
        f"conns=({high} {low}) kvs=({near.kv} {kv}) kvas=({kva} {kva})",
        f"%rs=({m.real(0.2, 1)} {m.real(0.2, 1)}) xhl={m.real(2, 8)} {_losses(m)}",
        m.one("", f"taps=(1 {_tap(m)})", f"taps=({_tap(m)} 1)"),
    )
    m.say(neutral)
    m.places.append(far)
    m.regulated.append((name, far, kv * 1e3 / sqrt(3), 3))


def _three_winding(m: Maker, near: Place) -> None:
    high = "delta" if near.kind == DELTA else m.one("wye", "delta")
    kinds = [m.one("wye", "wye", "delta"), m.one("wye", "delta")]
    kvs = [m.one(4.16, 12.47), m.one(0.48, 2.4)]
    far = [
        Place(m.name("b"), kv, (1, 2, 3), EARTHED if kind == "wye" else DELTA)
        for kv, kind in zip(kvs, kinds, strict=True)
    ]
    m.say(
        f"new transformer.{m.name('t')} phases=3 windings=3",
        f"buses=({near.name} {far[0].name} {far[1].name}) conns=({high} {kinds[0]} {kinds[1]})",
        f"kvs=({near.kv} {kvs[0]} {kvs[1]}) kvas=(2000 {m.one(2000, 1500)} {m.one(2000, 500)})",
        f"xhl={m.real(5, 9)} xht={m.real(10, 14)} xlt={m.real(4, 8)} {_losses(m)}",
    )
    m.places.extend(far)


def _single_phase(m: Maker, near: Place) -> None:
    p = m.one(*near.phases)
    kv = m.one(0.24, 2.4, near.kv / sqrt(3))
    far = Place(m.name("b"), kv * sqrt(3), (p,))
    name = m.name("t")
    m.say(
        f"new transformer.{name} phases=1 windings=2 buses=({near.at(p)} {far.at(p)})",
        f"kvs=({near.kv / sqrt(3):.6g} {kv:.6g}) kvas=(150 150) xhl={m.real(1, 4)} {_losses(m)}",
    )
    m.places.append(far)
    m.regulated.append((name, far, kv * 1e3, 1))


def _across(m: Maker, near: Place) -> None:
    a, b = m.some(near, 2)
    far = Place(m.name("b"), 0.24 * sqrt(3), (1,))
    conn = m.one("delta", "wye")
    m.say(
        f"new transformer.{m.name('t')} phases=1 windings=2 conns=({conn} wye)",
        f"buses=({near.at(a, b)} {far.at(1)}) kvs=({near.kv} 0.24) kvas=(75 75) xhl=2.5",
    )
    m.places.append(far)


def _centre_tapped(m: Maker, near: Place) -> None:
    p = m.one(*near.phases)
    far = Place(m.name("b"), 0.12 * sqrt(3), (1, 2), LEGS)
    m.say(
        f"new transformer.{m.name('t')} phases=1 windings=3",
        f"buses=({near.at(p)} {far.name}.1.0 {far.name}.0.2) kvas=(50 50 50)",
        f"kvs=({near.kv / sqrt(3):.6g} .12 .12) %rs=(0.6 1.2 1.2) xhl=2.04 xht=2.04 xlt=1.36",
    )
    m.places.append(far)


def _open_bank(m: Maker, near: Place) -> None:
    far = Place(m.name("b"), 0.48, (1, 2, 3), DELTA)
    wye = near.kind == EARTHED and m.chance(0.6)
    for k, ends in enumerate(((1, 2), (2, 3))):
        high = near.at(k + 1) if wye else near.at(*ends)
        kv = near.kv / sqrt(3) if wye else near.kv
        m.say(
            f"new transformer.{m.name('t')} phases=1 windings=2 bank={far.name}",
            f"buses=({high} {far.at(*ends)}) conns=({'wye' if wye else 'delta'} delta)",
            f"kvs=({kv:.6g} 0.48) kvas=(100 100) xhl=2.5 %rs=(.5 .5)",
        )
    m.say(f"new reactor.{m.name('hold')} bus1={far.name} phases=3 kv=.48 kvar=0.5")
    m.places.append(far)


def regulator(m: Maker) -> None:
    """A regulator of one phase or three, of the place's own voltage, with a bus behind it."""
    near = m.place((EARTHED,))
    if near is None:
        return
    far = Place(m.name("b"), near.kv, near.phases)
    ganged = len(near.phases) == 3 and m.chance(0.4)
    kva = m.one(500, 1666)
    for p in (0,) if ganged else near.phases:
        name, n = m.name("reg"), 3 if ganged else 1
        at = (near.name, far.name) if ganged else (near.at(p), far.at(p))
        kv = near.across_kv(n)
        m.say(
            f"new transformer.{name} phases={n} windings=2 buses=({at[0]} {at[1]})",
            f"kvs=({kv:.6g} {kv:.6g}) kvas=({kva} {kva}) xhl=.1 %loadloss=.05",
            m.one("", "", "numtaps=16", "maxtap=1.05 mintap=.95", "wdg=1 numtaps=20 wdg=2"),
        )
        m.regulated.append((name, far, near.kv * 1e3 / sqrt(3), n))
    m.places.append(far)
