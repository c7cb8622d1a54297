"""Sequences of opens and closes against OpenDSS's own recloser, relay and fuse, on feeders.

OpenDSS runs its devices in dynamic mode with a step. Ours run closed loop by events: OpenDSS
without devices gives the currents whenever one of ours has moved a pole or the fault begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from gridmend.twin.protection.curves import OPENDSS, Curve, Points, curve, through
from gridmend.twin.protection.device import Device
from gridmend.twin.protection.fuse import Fuse, FuseSettings
from gridmend.twin.protection.recloser import Recloser
from gridmend.twin.protection.settings import RecloserSettings, RelaySettings
from oracles.masters import master
from oracles.opendss import compiled

STEP_S = 0.002
FAULT_S = 0.1
Seen = list[tuple[str, str, float]]
"""Who, `open` or `close`, when [s]; a fuse by its phase."""
NAMES = {"mod_inv": "moderately", "very_inv": "very", "ext_inv": "extremely"}


@dataclass(frozen=True)
class Case:
    """A feeder, its head, a lateral that the fault is behind, the fault's bus and phases."""

    feeder: str
    head: str
    lateral: str
    fault: str
    phases: int
    pickup_a: float
    rated_a: float


CASES = {
    "ieee13 three phases": Case("ieee13", "650632", "692675", "675.1.2.3", 3, 900.0, 250.0),
    "ieee13 one phase": Case("ieee13", "650632", "684611", "611.3", 1, 900.0, 300.0),
    "ieee34 three phases": Case("ieee34", "l1", "l22", "848.1.2.3", 3, 70.0, 22.0),
    "ieee123 three phases": Case("ieee123", "l115", "l67", "76.1.2.3", 3, 900.0, 220.0),
}
TO_S = 10.0


def _points(name: str) -> Curve:
    """Our curve through the points that OpenDSS's own library has of it."""
    multiple = (1.1, 1.3, 1.5, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 50, 100)
    exact = curve(f"ieee_{NAMES[name]}_inverse").time_s(multiple)
    return through(name, multiple=multiple, points_s=np.round(exact, 4).tolist())


@contextmanager
def _circuit(case: Case, *, fault: str) -> Iterator[Any]:
    path = master(case.feeder)
    if path is None:
        pytest.skip("the feeders are not here: set GRIDMEND_DATA to their folder")
    with compiled(path) as dss:
        dss.Text.Command = "batchedit regcontrol..* enabled=no"
        dss.Text.Command = "set maxiterations=500"
        dss.Text.Command = f"new fault.f bus1={case.fault} phases={case.phases} r=0.01 {fault}"
        yield dss


def _peers(case: Case, devices: Sequence[str], to_s: float) -> Seen:
    """What OpenDSS's own devices do: (device, `open` or `close`, time [s])."""
    with _circuit(case, fault=f"ontime={FAULT_S}") as dss:
        for device in devices:
            dss.Text.Command = device
        dss.Text.Command = "solve"
        dss.Text.Command = f"set mode=dynamics controlmode=time stepsize={STEP_S} time=(0,0)"
        dss.Text.Command = f"set number={round(to_s / STEP_S)}"
        dss.Text.Command = "solve"
        seen: Seen = []
        for line in dss.ActiveCircuit.Solution.EventLog:
            found = re.search(r"Sec=([\d.]+).*Element=(\w+\.\w+), Action=(\w+)(.*)", line)
            if found and found[3].lower() in ("opened", "closed", "phase"):
                what = "close" if found[3].lower() == "closed" else "open"
                phase = re.search(r"PHASE (\d)", line)
                key = found[2].lower() + (
                    f".{phase[1]}" if phase and "fuse" in found[2].lower() else ""
                )
                seen.append((key, what, float(found[1])))
        return seen


def _ours(case: Case, devices: Mapping[str, tuple[str, Device]], to_s: float) -> Seen:
    """The same of our devices: name to (line, device)."""
    seen: Seen = []
    with _circuit(case, fault="enabled=no") as dss:
        circuit = dss.ActiveCircuit

        def show(now_s: float) -> None:
            circuit.Solution.Solve()
            assert circuit.Solution.Converged
            for line, device in devices.values():
                circuit.SetActiveElement(f"line.{line}")
                flat = np.array(circuit.ActiveCktElement.Currents)
                n = circuit.ActiveCktElement.NumPhases
                i_a = (flat[0::2] + 1j * flat[1::2])[:n]
                device.see(now_s, np.abs(i_a).tolist(), ground_a=float(abs(i_a.sum())))

        dss.Text.Command = "set controlmode=off"
        show(0.0)
        struck = False
        for _ in range(1000):
            due_s = min(device.due_s() for _, device in devices.values())
            if not struck and due_s > FAULT_S:
                struck, now_s = True, FAULT_S
                dss.Text.Command = "fault.f.enabled=yes"
            elif due_s > to_s:
                return seen
            else:
                now_s = due_s
                for name, (line, device) in devices.items():
                    for act in device.act(now_s) if device.due_s() <= now_s else ():
                        if act.kind not in ("open", "close"):
                            continue
                        circuit.SetActiveElement(f"line.{line}")
                        for k in act.phases:
                            move = circuit.ActiveCktElement
                            (move.Open if act.kind == "open" else move.Close)(1, k + 1)
                        by_phase = name.startswith("fuse")
                        key = f"{name}.{act.phases[0] + 1}" if by_phase else name
                        seen.append((key, act.kind, now_s))
            show(now_s)
    raise AssertionError("the devices do not come to rest")


def _waits_s(seen: Seen) -> list[float]:
    """How long each thing took: an open since the fault or the last close, a close since its open.

    OpenDSS does what is due at its next step, so that in its absolute times the steps add up.
    """
    waits: list[float] = []
    begun_s, opened_s = FAULT_S, dict[str, float]()
    for name, what, time_s in seen:
        waits.append(time_s - (begun_s if what == "open" else opened_s[name]))
        if what == "open":
            opened_s[name] = time_s
        else:
            begun_s = time_s
    return waits


def _agree(ours: Seen, peers: Seen) -> None:
    """The same devices did the same, and each thing took as long to within a step."""
    assert ours, "nothing happened"
    assert [one[:2] for one in ours] == [one[:2] for one in peers], (ours, peers)
    waits = zip(_waits_s(ours), _waits_s(peers), strict=True)
    assert max(abs(a - b) for a, b in waits) <= STEP_S + 1e-6, (ours, peers)


@pytest.mark.parametrize("name", CASES)
def test_a_recloser_goes_to_lock_out_as_opendss_has_it(name: str) -> None:
    case = CASES[name]
    peers = _peers(
        case,
        [
            f"new recloser.r monitoredobj=line.{case.head} phasetrip={case.pickup_a} numfast=2"
            " phasefast=a phasedelayed=d shots=4 recloseintervals=(0.5 2 3) tdphdelayed=0.7"
        ],
        TO_S,
    )
    settings = RecloserSettings(
        "r", case.pickup_a, OPENDSS["d"].set_to(dial=0.7), OPENDSS["a"],
        fast_shots=2, reclose_s=(0.5, 2.0, 3.0),
    )  # fmt: skip
    recloser = Recloser(settings)
    ours = _ours(case, {"recloser.r": (case.head, recloser)}, TO_S)
    _agree(ours, peers)
    assert [what for _, what, _ in ours] == ["open", "close"] * 3 + ["open"]
    assert all(recloser.locked_out)


@pytest.mark.parametrize("name", CASES)
def test_fast_shots_save_a_fuse_and_a_slow_one_lets_it_blow_as_opendss_has_it(name: str) -> None:
    case = CASES[name]
    peers = _peers(
        case,
        [
            f"new recloser.r monitoredobj=line.{case.head} phasetrip={case.pickup_a} numfast=2"
            " phasefast=a phasedelayed=d tdphdelayed=2 tdphfast=.3",
            f"new fuse.u monitoredobj=line.{case.lateral} fusecurve=tlink"
            f" ratedcurrent={case.rated_a}",
        ],
        TO_S,
    )
    slow, fast = OPENDSS["d"].set_to(dial=2), OPENDSS["a"].set_to(dial=0.3)
    recloser = Recloser(RecloserSettings("r", case.pickup_a, slow, fast, fast_shots=2))
    link = FuseSettings("u", case.rated_a, OPENDSS["tlink"], cooling_s=0.0, conductors=case.phases)
    ours = _ours(
        case,
        {"recloser.r": (case.head, recloser), "fuse.u": (case.lateral, Fuse(link))},
        TO_S,
    )
    # Once a link is open other currents flow. OpenDSS keeps the time that it chose at pickup,
    # ours go on by the new current: who opens is compared from there on, not when.
    first = next(k for k, (who, _, _) in enumerate(ours) if who.startswith("fuse"))
    assert first >= 4
    _agree(ours[: first + 1], peers[: first + 1])
    assert sorted(one[:2] for one in ours) == sorted(one[:2] for one in peers), (ours, peers)


@pytest.mark.parametrize("shape", NAMES)
@pytest.mark.parametrize("name", CASES)
def test_a_reclosing_relay_trips_as_opendss_has_it(name: str, shape: str) -> None:
    case = CASES[name]
    peers = _peers(
        case,
        [
            f"new relay.r type=current monitoredobj=line.{case.head} phasetrip={case.pickup_a}"
            f" phasecurve={shape} tdphase=0.5 groundtrip={case.pickup_a / 2} groundcurve={shape}"
            " tdground=0.3 shots=3 recloseintervals=(1 2) breakertime=0.05 eventlog=yes"
        ],
        TO_S,
    )
    settings = RelaySettings(
        "r", case.pickup_a, _points(shape).set_to(dial=0.5),
        ground_pickup_a=case.pickup_a / 2, ground_slow_curve=_points(shape).set_to(dial=0.3),
        shots=3, reclose_s=(1.0, 2.0), open_s=0.05,
    )  # fmt: skip
    ours = _ours(case, {"relay.r": (case.head, Recloser(settings))}, TO_S)
    _agree(ours, peers)


@pytest.mark.parametrize("name", CASES)
def test_an_instantaneous_element_trips_the_first_shot_alone_as_opendss_has_it(name: str) -> None:
    case = CASES[name]
    at_once_a = 1.2 * case.pickup_a
    peers = _peers(
        case,
        [
            f"new recloser.r monitoredobj=line.{case.head} phasetrip={case.pickup_a} numfast=1"
            f" phasefast=d phasedelayed=d shots=2 recloseintervals=(0.5) phaseinst={at_once_a}"
        ],
        TO_S,
    )
    settings = RecloserSettings(
        "r", case.pickup_a, OPENDSS["d"], fast_shots=1, shots=2, reclose_s=(0.5,),
        phase_instantaneous_a=at_once_a,
    )  # fmt: skip
    ours = _ours(case, {"recloser.r": (case.head, Recloser(settings))}, TO_S)
    _agree(ours, peers)
    assert ours[0][2] == pytest.approx(FAULT_S + 0.01)


def _opendss_points(name: str) -> list[list[float]]:
    """Multiples and times [s] of a curve that OpenDSS has of its own."""
    from dss import DSS

    DSS.Text.Command = "clear"
    DSS.Text.Command = "new circuit.x"
    numbers: list[list[float]] = []
    for field in ("c_array", "t_array"):
        DSS.Text.Command = f"? tcc_curve.{name}.{field}"
        numbers.append([float(x) for x in DSS.Text.Result.strip("[] ").split()])
    return numbers


@pytest.mark.parametrize("name", sorted(OPENDSS))
def test_the_curves_carried_from_opendss_are_its_own(name: str) -> None:
    numbers = _opendss_points(name)
    shape = OPENDSS[name].shape
    assert isinstance(shape, Points)
    assert (list(shape.multiple), list(shape.points_s)) == (numbers[0], numbers[1])


@pytest.mark.parametrize("name", NAMES)
def test_the_curves_of_the_standard_go_through_opendss_points(name: str) -> None:
    numbers = _opendss_points(name)
    ours = curve(f"ieee_{NAMES[name]}_inverse").time_s(numbers[0])
    np.testing.assert_allclose(ours, numbers[1], atol=5.1e-5, rtol=0)
