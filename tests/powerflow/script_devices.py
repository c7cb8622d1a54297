"""Random small OpenDSS scripts: loads, generation, banks, controls, and a script in all."""

from __future__ import annotations

from math import sqrt

import numpy as np

from tests.powerflow import scripts
from tests.powerflow.scripts import DELTA, EARTHED, LEGS, Maker, Place


def _wired(m: Maker, place: Place) -> str:
    """Phases, bus, connection and rated voltage of something that fits the place."""
    n = int(m.rng.integers(1, len(place.phases) + 1))
    if place.kind == LEGS:
        if n == 2:
            return f"phases={m.one('1', '2')} bus1={place.at(1, 2)} kv=.24"
        return f"phases=1 bus1={place.at(m.one(1, 2))} kv=.12"
    if place.kind == DELTA and n == 1:
        n = min(2, len(place.phases))
    phases = m.some(place, n)
    if n == 1:
        return f"phases=1 bus1={place.at(*phases)} kv={place.kv / sqrt(3):.6g}"
    delta = place.kind == DELTA or m.chance(0.4)
    if n == 2 and delta:
        conn = m.one("conn=delta", "", "")
        return f"phases=1 bus1={place.at(*phases)} kv={place.kv:.6g} {conn}"
    conn = "delta" if delta else "wye"
    if n == 3 and not delta and m.chance(0.1):
        return f"phases=3 bus1={place.at(*phases, 4)} kv={place.kv:.6g} rneut={m.real(0.5, 5)}"
    return f"phases={n} bus1={place.at(*phases)} kv={place.kv:.6g} conn={conn}"


def _limits(m: Maker) -> str:
    low, high = m.real(0.96, 1.08), m.real(0.92, 1.0)
    return m.one(
        "", "", "vminpu=.8 vmaxpu=1.2", f"vminpu={low} vmaxpu=1.2", f"vminpu=.8 vmaxpu={high}"
    )


def _size_kw(place: Place) -> float:
    return 12.0 if place.kv < 1 else 150.0


def load(m: Maker) -> None:
    """A load of any model."""
    place = m.place()
    if place is None:
        return
    kw = _size_kw(place) * float(m.rng.uniform(0.1, 1.5))
    size = m.one(f"kw={kw:.5g} pf={m.real(0.7, 1)}", f"kw={kw:.5g} kvar={m.real(-5, 0.5 * kw)}")
    size = "kw=0 kvar=0" if m.chance(0.03) else size
    model = int(m.rng.integers(1, 9))
    said = f"model={model}"
    if model == 4:
        said += f" cvrwatts={m.real(0.2, 2)} cvrvars={m.real(0.5, 4)}"
    if model == 8:
        said += f" zipv=(.3 .3 .4 .5 .2 .3 {m.one(0, 0.5, 0.97)})"
    low = m.one("", "", "", "vlowpu=.7")
    fixed = m.one("", "", "status=fixed")
    m.say(f"new load.{m.name('load')}", _wired(m, place), size, said, _limits(m), low, fixed)


def generation(m: Maker) -> None:
    """A generator, a PV system or a storage."""
    place = m.place((EARTHED, DELTA))
    if place is None or (place.kind == DELTA and len(place.phases) == 1):
        return
    kva = _size_kw(place)
    kind = m.one("generator", "pvsystem", "storage")
    wired = _wired(m, place).split(" rneut")[0].replace(".4 kv", " kv")
    if "phases=1" in wired:
        # OpenDSS gives a third where one phase is in delta and the voltage out of its limits.
        wired = wired.removesuffix("conn=delta")
    said = f"new {kind}.{m.name(kind[:3])} {wired}"
    kvar = f"kvar={m.real(-0.4 * kva, 0.4 * kva)}"
    if kind == "generator":
        kw = f"kw={m.real(0.1 * kva, kva)}"
        m.say(said, kw, m.one(kvar, "pf=.9", "pf=-.9"), f"model={m.one(1, 2)}", _limits(m))
    elif kind == "pvsystem":
        sun = f"pmpp={m.real(0.4 * kva, 0.85 * kva)} irradiance={m.one(0.05, 0.15, 0.5, 0.9, 1)}"
        cut = m.one("", "", "%cutin=.1 %cutout=.1", "%cutin=30 %cutout=30")
        balanced = m.one("", "", "balanced=yes")
        set_by = m.one(kvar, "pf=.9", "pf=-.95", "")
        m.say(said, f"kva={kva}", sun, set_by, cut, balanced, _limits(m))
    else:
        state = m.one(
            "state=idling",
            "state=charging",
            "state=discharging",
            "state=charging %charge=60",
            "state=discharging %discharge=40",
        )
        rated = f"kwrated={kva} kwhrated={4 * kva} %stored={m.one(50, 90)}"
        m.say(said, rated, m.one("", kvar, "pf=.9"), state, _limits(m))


def bank(m: Maker) -> None:
    """A capacitor, shunt or in series."""
    place = m.place((EARTHED, DELTA))
    if place is None or (place.kind == DELTA and len(place.phases) < 3):
        return
    name = m.name("cap")
    if place.kind == EARTHED and m.chance(0.15):
        n = len(place.phases)
        far = Place(m.name("b"), place.kv, place.phases)
        x_ohm = float(m.rng.uniform(0.5, 3))
        kvar = place.across_kv(n) ** 2 * 1e3 / x_ohm
        m.say(
            f"new capacitor.{name} bus1={place.at()} bus2={far.at()} phases={n}",
            f"kv={place.across_kv(n):.6g} kvar={kvar:.6g}",
        )
        m.places.append(far)
        return
    n = len(place.phases)
    conn = "delta" if place.kind == DELTA or (n == 3 and m.chance(0.3)) else "wye"
    kvar = _size_kw(place) * float(m.rng.uniform(0.2, 1.5))
    # OpenDSS adds the steps of a delta up more than once (1, 3, 6 times the first).
    steps = m.one(1, 1, 2, 3) if conn == "wye" else 1
    said = f"kvar={kvar:.5g}"
    if steps > 1:
        said = f"numsteps={steps} kvar=({' '.join([f'{kvar / steps:.5g}'] * steps)})"
    off = m.chance(0.2)
    if off:
        said += f" states=({' '.join(['0'] * steps)})"
    m.say(
        f"new capacitor.{name} bus1={place.at()} phases={n} conn={conn}",
        f"kv={place.across_kv(n):.6g} {said}",
    )
    if not off:  # OpenDSS's control takes a bank for closed though its states are 0
        m.banks.append((name, place, steps, conn))


def reactor(m: Maker) -> None:
    """A reactor, shunt, delta, in series or in parallel."""
    place = m.place((EARTHED, DELTA))
    if place is None or (place.kind == DELTA and len(place.phases) < 3):
        return
    n = len(place.phases)
    name, kv = m.name("rea"), place.across_kv(n)
    if m.chance(0.4):
        far = Place(m.name("b"), place.kv, place.phases, place.kind)
        ends = f"bus1={place.at()} bus2={far.at()} phases={n}"
        kinds = [f"r={m.real(0, 0.5)} x={m.real(0.1, 1)}", f"x={m.real(0.1, 1)} rp={m.real(5, 50)}"]
        kinds.append(f"z=({m.real(0, 0.5)}, {m.real(0.1, 1)})")
        kinds.append(f"lmh={m.real(0.3, 3)}")
        if n == 3:
            kinds.append(f"z1=(.1, .5) z0=({m.real(0.1, 1)}, {m.real(0.5, 2)})")
        rx = f"rmatrix={scripts.matrix(m, n, 0.4, 0.2)} xmatrix={scripts.matrix(m, n, 0.8, 0.3)}"
        kinds += [rx, f"{rx} parallel=yes", f"r=2 x={m.real(0.1, 1)} parallel=yes"]
        m.say(f"new reactor.{name} {ends}", m.one(*kinds))
        m.places.append(far)
        return
    conn = "delta" if place.kind == DELTA else m.one("wye", "wye", "delta" if n == 3 else "wye")
    extra = m.one("", "", f"rp={m.real(500, 5000)}", f"r={m.real(0, 5)}")
    kvar = f"kvar={m.real(0.05 * _size_kw(place), 0.5 * _size_kw(place))}"
    m.say(f"new reactor.{name} bus1={place.at()} phases={n} conn={conn} kv={kv:.6g}", kvar, extra)


def fault(m: Maker) -> None:
    """A fault of some resistance, to ground or between phases."""
    place = m.place((EARTHED,))
    if place is None:
        return
    n = int(m.rng.integers(1, len(place.phases) + 1))
    r = f"r={m.real(20, 200) if place.kv > 1 else m.real(1, 20)}"
    m.say(f"new fault.{m.name('f')} bus1={place.at(*m.some(place, n))} phases={n} {r}")


def source(m: Maker) -> None:
    """Another source, weaker, behind a line of its own."""
    place = m.place((EARTHED,), 3)
    if place is None:
        return
    bus, kv = m.name("s"), place.kv
    m.say(
        f"new vsource.{m.name('v')} bus1={bus} basekv={kv} pu={m.real(0.98, 1.03)}",
        f"angle={m.real(-2, 2)} mvasc3={m.real(20, 60)} mvasc1={m.real(20, 50)}",
    )
    code = m.one(*m.codes[3])
    m.say(
        f"new line.{m.name('line')} bus1={bus} bus2={place.name} linecode={code[0]}",
        f"length={2 / scripts.UNITS[code[1]]:.5g} units={code[1]}",
    )


def controls(m: Maker) -> None:
    """Controls of some regulators and of some banks."""
    for name, far, nominal_v, n in m.regulated:
        if m.chance(0.7 if name.startswith("reg") else 0.25):
            _tap_control(m, name, far, nominal_v, n)
    for name, place, _, _ in m.banks:
        wide = [s for s in m.sections if len(s[1].phases) >= len(place.phases)]
        if wide and m.chance(0.8):
            _bank_control(m, name, *m.one(*wide))


def _tap_control(m: Maker, name: str, far: Place, nominal_v: float, n: int) -> None:
    ratio = nominal_v / 120
    said = f"new regcontrol.{m.name('rc')} transformer={name} winding=2 ptratio={ratio:.5g}"
    said += f" vreg={m.real(117, 125)} band={m.one(1.5, 2, 3)} delay={m.one(15, 30, 45, 30)}"
    if m.chance(0.4):
        said += f" ctprim={m.one(100, 300)} r={m.real(0, 4)} x={m.real(0, 4)}"
    elif m.chance(0.15) and len(far.phases) == n:
        said += f" bus={far.at(far.phases[0])}"
    said += m.one("", "", "", " maxtapchange=1", " vlimit=122", " tapwinding=1")
    # OpenDSS measures nothing at a remote bus by any phase but its first.
    if n == 3 and " bus=" not in said:
        said += m.one("", f" ptphase={m.one('max', 'min', 2, 3)}")
    m.say(said)


def _bank_control(m: Maker, name: str, element: str, near: Place) -> None:
    ratio = near.kv * 1e3 / sqrt(3) / 120
    n = len(near.phases)
    kind, on, off = m.one(
        ("current", m.real(1, 20), m.real(0.1, 1)),
        ("voltage", m.real(115, 120), m.real(121, 126)),
        ("kvar", m.real(20, 200), m.real(-200, 10)),
        ("pf", m.real(0.8, 0.9), m.one(m.real(0.91, 1.0), m.real(-1.0, -0.9))),
        ("time", 9, 17),
    )
    ratios = f"ptratio={ratio:.5g} ctratio={1 if kind == 'current' else 60}"
    said = f"new capcontrol.{m.name('cc')} capacitor={name} element={element} type={kind}"
    # OpenDSS takes the current of one phase at terminal 1, whatever terminal is named.
    terminal = 1 if kind in ("current", "pf") else m.one(1, 1, 2)
    said += f" terminal={terminal} {ratios} onsetting={on} offsetting={off}"
    said += m.one("", f" delay={m.one(5, 20, 60)} delayoff={m.one(5, 30)} deadtime={m.one(0, 60)}")
    said += m.one("", "", f" voltoverride=yes vmin={m.real(114, 119)} vmax={m.real(121, 127)}")
    said += m.one("", "", f" ptphase={m.one('avg', 'max', 'min', min(2, n))}")
    said += m.one("", "", f" ctphase={m.one('avg', 'max', 'min', min(2, n))}")
    m.say(said)


_MAKERS = (
    (scripts.line, 8),
    (scripts.transformer, 4),
    (scripts.regulator, 2),
    (load, 9),
    (generation, 3),
    (bank, 3),
    (reactor, 2),
    (fault, 0.5),
    (source, 0.5),
)


def script(seed: int) -> list[str]:
    """The lines of one random script of ten to forty elements."""
    m = Maker(np.random.default_rng(seed))
    hertz = m.one(60, 60, 50)
    kv = m.one(12.47, 24.9, 4.16, 115.0)
    strength = m.one(
        f"mvasc3={m.real(400, 900)} mvasc1={m.real(100, 450)}",
        f"isc3={m.real(5000, 9000)} isc1={m.real(3000, 5500)}",
        "r1=.1 x1=.6 r0=.2 x0=.9",
        "z1=(.05, .4) z0=(.1, .6)",
        "",
    )
    m.say(f"set defaultbasefrequency={hertz}")
    m.say(f"new circuit.x basekv={kv} pu={m.real(0.97, 1.06)} {strength}")
    m.say(f"~ bus1={m.one('sourcebus', 'sourcebus.1.2.3')} angle={m.one(0, 30, -15)}")
    scripts.line_codes(m)
    scripts.geometry(m)
    start = Place("sourcebus", kv, (1, 2, 3))
    if kv == 115.0:
        start = Place("sub", 12.47, (1, 2, 3))
        m.say(
            "new transformer.sub phases=3 windings=2 buses=(sourcebus sub) conns=(delta wye)",
            "kvs=(115 12.47) kvas=(10000 10000) xhl=8 %loadloss=.5",
        )
        m.regulated.append(("sub", start, 7200.0, 3))
    m.places.append(start)
    weights = np.array([w for _, w in _MAKERS])
    for k in m.rng.choice(len(_MAKERS), int(m.rng.integers(10, 41)), p=weights / weights.sum()):
        _MAKERS[int(k)][0](m)
    controls(m)
    m.say(f"set hour={m.one(0, 8, 12, 18)}")
    m.say("set voltagebases=(115 24.9 12.47 4.16 2.4 .48 .4 .4157 .2078)")
    m.say("calcvoltagebases")
    return m.lines
