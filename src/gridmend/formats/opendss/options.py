"""The options that `set` and `solve` take: what bears on the model is kept, the rest counted."""

from __future__ import annotations

from gridmend.formats.opendss.arithmetic import number
from gridmend.formats.opendss.arrays import vector
from gridmend.formats.opendss.journal import Journal, Where
from gridmend.formats.opendss.store import Store
from gridmend.formats.opendss.vocabulary import OPTIONS, option_of
from gridmend.formats.opendss.words import Pair

DEFAULT_BASES_KV = (0.208, 0.480, 12.47, 24.9, 34.5, 115.0, 230.0)
"""The language's own list, used where bases are asked for and none were named."""

_CHANGING = {
    "mode": ("snapshot", "snap", "s"),
    "loadmodel": ("powerflow", "p"),
    "controlmode": ("static", "s"),
    "cktmodel": ("multiphase", "m"),
    "genmult": ("1", "1.0"),
    "longlinecorrection": ("no", "n", "false", "f"),
    "neglectloady": ("no", "n", "false", "f"),
    "year": ("0",),
    "%growth": ("",),
    "defaultdaily": ("default",),
    "defaultyearly": ("default",),
}
"""Options that change the answer, with the values that do not."""


def set_options(store: Store, journal: Journal, found: list[Pair], where: Where) -> None:
    """Take the options of one command."""
    for written, value in found:
        if not written:
            continue
        option = option_of(written)
        if not option:
            journal.add(
                "warning",
                f"'{written[:60]}' is not an option",
                where,
                journal.nearest(written, OPTIONS),
            )
            continue
        try:
            kept = _keep(store, option, value, where)
        except ValueError as problem:
            journal.add("error", f"option '{option}': {problem}", where)
            continue
        if kept:
            continue
        if option in _CHANGING and value.lower() not in _CHANGING[option]:
            journal.add(
                "warning",
                f"option {option}={value[:60]} is not part of the grid",
                where,
                "ask for it where the grid is solved",
            )
        else:
            journal.count("note", "study options recorded and skipped", option)


def _keep(store: Store, option: str, value: str, where: Where) -> bool:
    """Whether the option bears on the model, in which case it is kept."""
    settings = store.settings
    if option == "voltagebases":
        settings.voltage_bases_kv = tuple(float(v) for v in vector(value) if v > 0.0)
    elif option == "defaultbasefrequency":
        settings.default_hz = _frequency(value)
    elif option in ("basefrequency", "frequency"):
        settings.frequency_hz = _frequency(value)
    elif option == "loadmult":
        settings.load_mult = number(value)
    elif option == "earthmodel":
        settings.earth_model = value
    elif option == "allocationfactors":
        number(value)
        for item in store.all_of("load"):
            store.worked(1)
            item.said.append(("allocated", value, where))
    else:
        return False
    return True


def _frequency(value: str) -> float:
    hertz = number(value)
    if not 1.0 <= hertz <= 1000.0:
        raise ValueError(f"a frequency of {hertz:g} Hz is out of range")
    return hertz
