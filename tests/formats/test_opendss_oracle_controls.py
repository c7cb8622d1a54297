"""Controls of taps and capacitors of the shared feeders, setting by setting, as in OpenDSS."""

from __future__ import annotations

from typing import Any

import pytest

from gridmend.model.grid import Grid
from tests.formats.opendss_properties import asked, number


def test_tap_controls_are_set_as_in_opendss(pair: tuple[Grid, Any]) -> None:
    grid, dss = pair
    numbers = {
        "winding": "winding",
        "tap_winding": "tapwinding",
        "target_v": "vreg",
        "band_v": "band",
        "pt_ratio": "ptratio",
        "ct_primary_a": "ctprim",
        "ldc_r_v": "r",
        "ldc_x_v": "x",
        "delay_s": "delay",
        "tap_delay_s": "tapdelay",
        "max_tap_change": "maxtapchange",
        "v_limit_v": "vlimit",
        "reverse_target_v": "revvreg",
        "reverse_band_v": "revband",
        "reverse_delay_s": "revdelay",
        "reverse_threshold_kw": "revthreshold",
    }
    for name in grid.tap_controls["name"]:
        row = grid.tap_controls.record(name)
        assert row["transformer"].lower() == asked(dss, "regcontrol", name, "transformer").lower()
        assert row["pt_phase"] == asked(dss, "regcontrol", name, "ptphase")
        assert row["bus"].lower() == asked(dss, "regcontrol", name, "bus").split(".")[0].lower()
        for ours, prop in numbers.items():
            assert row[ours] == pytest.approx(number(dss, "regcontrol", name, prop)), (name, prop)


def test_capacitor_controls_are_set_as_in_opendss(pair: tuple[Grid, Any]) -> None:
    grid, dss = pair
    numbers = {
        "terminal": "terminal",
        "on": "onsetting",
        "off": "offsetting",
        "pt_ratio": "ptratio",
        "ct_ratio": "ctratio",
        "delay_s": "delay",
        "delay_off_s": "delayoff",
        "dead_time_s": "deadtime",
        "v_min_v": "vmin",
        "v_max_v": "vmax",
    }
    for name in grid.capacitor_controls["name"]:
        row = grid.capacitor_controls.record(name)
        assert row["capacitor"].lower() == asked(dss, "capcontrol", name, "capacitor").lower()
        assert row["element"].lower() == asked(dss, "capcontrol", name, "element").lower()
        # The API of the oracle answers the number of the setting, so its text is asked for.
        assert row["pt_phase"] == asked(dss, "capcontrol", name, "ptphase")
        assert row["ct_phase"] == asked(dss, "capcontrol", name, "ctphase")
        assert row["kind"] == asked(dss, "capcontrol", name, "type").lower()
        override = asked(dss, "capcontrol", name, "voltoverride").lower()
        assert row["voltage_override"] == override.startswith(("y", "t"))
        for ours, prop in numbers.items():
            assert row[ours] == pytest.approx(number(dss, "capcontrol", name, prop)), (name, prop)
