"""The totals of a series."""

from __future__ import annotations

import numpy as np

from gridmend.ui.series_report import report


def test_of_steps_alike_but_for_the_tolerance_the_first_is_told() -> None:
    count = 4
    columns = {
        "step": np.arange(count),
        "time": np.full(count, np.datetime64("NaT")),
        "converged": np.ones(count, np.bool_),
        "settled": np.ones(count, np.bool_),
        "source_kw": np.array([np.nan, 5.0, 1.0, 5.0 + 1e-8]),
        "load_kw": np.ones(count),
        "loss_kw": np.ones(count),
        "v_min_pu": np.array([0.98, 0.97 + 1e-9, 0.97, 0.99]),
        "v_min_bus": np.array(["a", "b", "c", "d"]),
        "v_max_pu": np.array([1.01, 1.02, 1.03, 1.03 + 1e-9]),
        "v_max_bus": np.array(["a", "b", "c", "d"]),
        "customers_outside": np.zeros(count),
        "overloads": np.zeros(count, np.int64),
    }
    found = report(columns, step_s=3600.0)
    assert (found["peak_step"], found["v_min_step"], found["v_max_step"]) == (1, 1, 2)
    assert found["v_min_bus"] == "b"
