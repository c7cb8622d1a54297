"""What a prediction takes for granted: times, protection's ways, transfers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from gridmend.model.errors import GridError

Transfers = Literal["assumed", "checked", "none"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How a failure is dealt with. Raises `GridError` for what cannot be.

    Parameters
    ----------
    switching_h
        Time from a failure until what switches by hand can bring back is back, and until a blown
        fuse is replaced after a temporary fault. One hour as in the Roy Billinton test system
        (Allan and others, IEEE Trans. Power Systems, 1991).
    remote_min
        The same for switches that are operated from the control room.
    momentary_min
        Up to it an interruption is momentary (IEEE Std 1366-2022): 5 min.
    replace
        Whether elements with a `replacement_h` are replaced rather than repaired.
    temporary_pct
        Share of temporary faults in all faults of lines; None leaves it to the failure data.
    fuse_saving
        Whether the device before a fuse trips fast, so that the fuse outlives a temporary fault.
    transfers
        `assumed`: ties have room and voltage for what they reach. `checked`: a switching plan is
        made for each failure, within limits, at the model's demand. `none`: no tie is closed.
    transformer_fuses
        Whether a distribution transformer with neither switch nor source behind it has a fuse
        of its own.
    load_factor
        Average demand in parts of the model's, beside the mean of each load's own shape.
    """

    switching_h: float = 1.0
    remote_min: float = 1.0
    momentary_min: float = 5.0
    replace: bool = False
    temporary_pct: float | None = None
    fuse_saving: bool = False
    transfers: Transfers = "assumed"
    transformer_fuses: bool = True
    load_factor: float = 1.0

    def __post_init__(self) -> None:
        for name in ("switching_h", "remote_min", "momentary_min", "load_factor"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise GridError(f"{name} cannot be {value:g}", mend="give a number from 0 upwards")
        share = self.temporary_pct
        if share is not None and not 0 <= share < 100:
            raise GridError(f"temporary_pct cannot be {share:g}", mend="give 0 to below 100")
        if self.transfers not in get_args(Transfers):
            mend = f"give one of {', '.join(get_args(Transfers))}"
            raise GridError(f"transfers cannot be '{self.transfers}'", mend=mend)
