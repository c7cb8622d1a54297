"""The clock of a run."""

from __future__ import annotations

import numpy as np

from gridmend.twin.agenda import Agenda


def test_whatever_kind_of_number_asks_the_time_is_a_plain_one() -> None:
    agenda, seen = Agenda(), list[type]()
    agenda.at(np.float64(1.5), lambda: seen.append(type(agenda.now_s)))
    agenda.run_to(np.float64(2.0))
    assert seen == [float]
    assert type(agenda.now_s) is float
