"""The tables of automatic controls: tap changers and capacitor controls."""

from __future__ import annotations

from gridmend.model.columns import Schema, choice, count, flag, key, number, refers

_SERVICE = flag("in_service", "False where the control is blocked", True)

TAP_CONTROLS = Schema(
    "tap_controls",
    "tap control",
    "The control of a regulator or of a substation tap changer.",
    (
        key("the control"),
        refers("transformer", "transformers", "whose tap it moves", None),
        count("winding", "winding whose voltage and current it measures", 2),
        count("tap_winding", "winding whose tap it moves", 2),
        number("target_v", "voltage it holds, at the potential transformer's secondary", 120.0),
        number("band_v", "width of the band around the target", 3.0),
        number("pt_ratio", "ratio of the potential transformer", 60.0),
        number("ct_primary_a", "primary rating of the current transformer", 300.0),
        number("ldc_r_v", "line-drop compensation, resistive part at the rated current", 0.0),
        number("ldc_x_v", "line-drop compensation, reactive part at the rated current", 0.0),
        number("ldc_z_v", "line-drop compensation by magnitude only; 0 is off", 0.0),
        number("delay_s", "time out of band before the first step", 15.0),
        number("tap_delay_s", "time from step to step", 2.0),
        count("max_tap_change", "steps it may take in one action", 16),
        number("v_limit_v", "voltage limit at the first customer; 0 is off", 0.0),
        refers("bus", "buses", "remote bus whose voltage it measures; empty is its own"),
        count("remote_phase", "which conductor of the remote bus, from 1", 1),
        choice(
            "pt_phase",
            "phase it measures: a number from 1, or the extreme",
            "1",
            "2",
            "3",
            "max",
            "min",
        ),
        flag("inverse_time", "True where the delay shrinks with the deviation", False),
        choice(
            "reverse_mode",
            "what it does under reverse power",
            "ignore",
            "neutral",
            "regulate",
            "locked",
        ),
        number("reverse_target_v", "target under reverse power", 120.0),
        number("reverse_band_v", "band under reverse power", 3.0),
        number("reverse_ldc_r_v", "compensation under reverse power, resistive", 0.0),
        number("reverse_ldc_x_v", "compensation under reverse power, reactive", 0.0),
        number("reverse_delay_s", "time under reverse power before it changes mode", 60.0),
        number("reverse_threshold_kw", "reverse power that counts", 100.0),
        _SERVICE,
    ),
)

CAPACITOR_CONTROLS = Schema(
    "capacitor_controls",
    "capacitor control",
    "The control that switches a capacitor bank.",
    (
        key("the control"),
        refers("capacitor", "capacitors", "which bank it switches", None),
        refers("element", "", "element it measures, with its class", None),
        count("terminal", "terminal of that element, from 1", 1),
        choice("kind", "what it measures", "current", "voltage", "kvar", "time", "power_factor"),
        number("on", "setting at which it switches on, in the unit of its kind", 300.0),
        number("off", "setting at which it switches off, in the unit of its kind", 200.0),
        number("pt_ratio", "ratio of the potential transformer", 60.0),
        number("ct_ratio", "ratio of the current transformer", 60.0),
        choice(
            "pt_phase",
            "phase of voltage: a number from 1, or avg, max, min",
            "1",
            "2",
            "3",
            "avg",
            "max",
            "min",
        ),
        choice(
            "ct_phase",
            "phase of current: a number from 1, or avg, max, min",
            "1",
            "2",
            "3",
            "avg",
            "max",
            "min",
        ),
        number("delay_s", "time before it switches on", 15.0),
        number("delay_off_s", "time before it switches off", 15.0),
        number("dead_time_s", "time after opening in which it may not close", 300.0),
        flag("voltage_override", "True where voltage limits overrule the setting", False),
        number("v_min_v", "override: switch on below", 115.0),
        number("v_max_v", "override: switch off above", 126.0),
        refers("v_override_bus", "buses", "bus of the override voltage; empty is the element's"),
        _SERVICE,
    ),
)

CONTROLS = (TAP_CONTROLS, CAPACITOR_CONTROLS)
