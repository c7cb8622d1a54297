"""Numbers as the language writes them: plain, or inline arithmetic in reverse Polish notation."""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Callable

REGISTERS = 10
MAXIMUM_TERMS = 4096

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z")
_SEPARATORS = re.compile(r"[\s,]+")

_ONE: dict[str, Callable[[float], float]] = {
    "sqr": lambda x: x * x,
    "sqrt": math.sqrt,
    "sin": lambda x: math.sin(math.radians(x)),
    "cos": lambda x: math.cos(math.radians(x)),
    "tan": lambda x: math.tan(math.radians(x)),
    "asin": lambda x: math.degrees(math.asin(x)),
    "acos": lambda x: math.degrees(math.acos(x)),
    "atan": lambda x: math.degrees(math.atan(x)),
    "ln": math.log,
    "log10": math.log10,
    "exp": math.exp,
    "inv": lambda x: 1.0 / x,
}
_TWO: dict[str, Callable[[float, float], float]] = {
    "+": lambda y, x: y + x,
    "-": lambda y, x: y - x,
    "*": lambda y, x: y * x,
    "/": lambda y, x: y / x,
    "^": math.pow,
    "atan2": lambda y, x: math.degrees(math.atan2(y, x)),
}


def number(text: str) -> float:
    """The value of a number or of inline arithmetic; `ValueError` where it is neither."""
    value = float(text) if _NUMBER.match(text) else evaluate(text)
    if not math.isfinite(value):
        raise ValueError(f"'{shown(text)}' is not a finite number")
    return value


def whole(text: str) -> int:
    """The value rounded to a whole number; `ValueError` as `number`."""
    return round(number(text))


def evaluate(text: str) -> float:
    """Reverse Polish arithmetic, angles in degrees: `8 1000 /` is 0.008.

    Raises `ValueError` for an unknown word, an empty text, or what has no value.
    """
    words = [word for word in _SEPARATORS.split(text.strip().lower(), MAXIMUM_TERMS) if word]
    if not words:
        raise ValueError("a number is missing")
    if len(words) == 1 and not _NUMBER.match(words[0]) and words[0] != "pi":
        raise ValueError(f"'{shown(text)}' is not a number")
    # Ten registers that roll, as on the calculators the notation is from; the first is X.
    registers = deque([0.0] * REGISTERS)
    for word in words:
        try:
            _step(registers, word)
        except (ArithmeticError, ValueError) as problem:
            raise ValueError(f"'{shown(text)}' cannot be computed: {problem}") from problem
    return registers[0]


def _step(registers: deque[float], word: str) -> None:
    if _NUMBER.match(word):
        _push(registers, float(word))
    elif word in _TWO:
        registers[1] = _TWO[word](registers[1], registers[0])
        registers.rotate(-1)
    elif word in _ONE:
        registers[0] = _ONE[word](registers[0])
    elif word == "pi":
        _push(registers, math.pi)
    elif word == "swap":
        registers[0], registers[1] = registers[1], registers[0]
    elif word == "rollup":
        registers.rotate(1)
    elif word == "rolldn":
        registers.rotate(-1)
    else:
        raise ValueError(f"'{shown(word)}' is neither a number nor an operation")


def _push(registers: deque[float], value: float) -> None:
    registers.rotate(1)
    registers[0] = value


def shown(text: str, length: int = 60) -> str:
    """The text, cut to what a message can bear."""
    return text if len(text) <= length else text[:length] + "…"
