"""Reading what was said of one element: the last word on each property, with its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from gridmend.formats.opendss.arithmetic import number
from gridmend.formats.opendss.arrays import Numbers, matrix, vector
from gridmend.formats.opendss.files import ModelFiles
from gridmend.formats.opendss.journal import Journal, Where
from gridmend.formats.opendss.nodes import Terminal, Terminals
from gridmend.formats.opendss.store import Item, Store
from gridmend.formats.opendss.words import listed
from gridmend.model.errors import FormatError, Severity

MAXIMUM_PHASES = 40


@dataclass(slots=True)
class Context:
    """What folding an element needs besides the element."""

    store: Store
    journal: Journal
    files: ModelFiles
    terminals: Terminals = field(default_factory=Terminals)
    peaks: dict[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])
    """Peak kW and the kvar at that point, of the shapes that hold powers, by lower-case name."""

    @property
    def frequency_hz(self) -> float:
        """The circuit's frequency."""
        return self.store.settings.frequency_hz

    def find(self, kind: str, name: str, where: Where, severity: Severity = "error") -> Item | None:
        """The element a property refers to; a finding where there is none."""
        item = self.store.find(kind, name)
        if item is None:
            self.journal.add(
                severity,
                f"there is no {kind} '{name[:80]}'",
                where,
                self.journal.nearest(name, (i.name for i in self.store.all_of(kind))),
            )
        return item


def numeric(context: Context, item: Item, prop: str, text: str, where: Where) -> float | None:
    """The number a property was given; None, and a finding, where it is none."""
    try:
        return number(text)
    except ValueError as problem:
        complain(context, item, prop, where, problem)
        return None


def complain(context: Context, item: Item, prop: str, where: Where, problem: Exception) -> None:
    """A finding for a value that cannot be read."""
    context.journal.add("error", f"{item.kind} '{item.name}', property {prop}: {problem}", where)


def is_yes(text: str) -> bool:
    """Whether a word says yes."""
    return text[:1].lower() in ("y", "t")


def is_delta(text: str) -> bool:
    """Whether a connection is delta (line to line) rather than wye."""
    word = text.strip().lower()
    return word.startswith("d") or word == "ll"


class Given:
    """The last value of each property of one element."""

    __slots__ = ("context", "item", "last")

    def __init__(self, item: Item, context: Context) -> None:
        self.item = item
        self.context = context
        self.last: dict[str, tuple[str, Where]] = {
            prop: (text, where) for prop, text, where in item.said
        }

    def __contains__(self, prop: str) -> bool:
        return prop in self.last

    def number(self, prop: str, default: float) -> float:
        """A number; the default where it was not given or cannot be read."""
        found = self.last.get(prop)
        if found is None:
            return default
        value = numeric(self.context, self.item, prop, *found)
        return default if value is None else value

    def whole(self, prop: str, default: int, *, low: int = 0, high: int = 1_000_000_000) -> int:
        """A whole number within bounds."""
        value = self.number(prop, default)
        if not low <= value <= high:
            problem = ValueError(f"{value:g} is not from {low} to {high}")
            complain(self.context, self.item, prop, self.where(prop), problem)
            return default
        return round(value)

    def phases(self, default: int = 3) -> int:
        """How many phases it has."""
        return self.whole("phases", default, low=1, high=MAXIMUM_PHASES)

    def text(self, prop: str, default: str = "") -> str:
        """A word or name."""
        found = self.last.get(prop)
        return default if found is None else found[0]

    def flag(self, prop: str, default: bool = False) -> bool:
        """Yes or no."""
        found = self.last.get(prop)
        return default if found is None else is_yes(found[0])

    def delta(self) -> bool:
        """Whether it is connected in delta."""
        return is_delta(self.text("conn", "wye"))

    def where(self, prop: str) -> Where:
        """Where a property was given; the element's own place where it was not."""
        found = self.last.get(prop)
        return self.item.where if found is None else found[1]

    def _read(self, prop: str, read: Callable[[str], Numbers]) -> Numbers | None:
        found = self.last.get(prop)
        if found is None:
            return None
        try:
            return read(found[0])
        except (ValueError, OverflowError) as problem:
            complain(self.context, self.item, prop, found[1], problem)
        except FormatError as problem:
            self.context.journal.add(
                "warning",
                f"{self.item.kind} '{self.item.name}': {problem.what}",
                found[1],
                problem.mend,
            )
        return None

    def vector(self, prop: str) -> Numbers | None:
        """An array of numbers, from the model or a file beside it."""
        return self._read(prop, lambda text: vector(text, self.load(prop)))

    def matrix(self, prop: str, order: int) -> Numbers | None:
        """A square matrix."""
        return self._read(prop, lambda text: matrix(text, order))

    def names(self, prop: str) -> list[str]:
        """The names of an array."""
        found = self.last.get(prop)
        return [] if found is None else listed(found[0])

    def load(self, prop: str) -> Callable[[str], bytes]:
        """What reads the files that a property names, seen from the file that names them."""
        folder = self.where(prop)[0].parent
        files = self.context.files
        return lambda name: files.content(files.find(name, folder))

    def terminal(self, prop: str, phases: int, conductors: int) -> Terminal:
        """The bus and nodes of one end; a finding where no bus was given."""
        found = self.last.get(prop)
        if found is None:
            self.context.journal.add(
                "error", f"{self.item.kind} '{self.item.name}' has no {prop}", self.item.where
            )
            return self.context.terminals.of(f"{self.item.name}_1", phases, conductors)
        return self.spec(found[0], prop, phases, conductors)

    def spec(self, text: str, prop: str, phases: int, conductors: int) -> Terminal:
        """The bus and nodes of a text such as `671.1.2.0`."""
        try:
            return self.context.terminals.of(text, phases, conductors)
        except ValueError as problem:
            complain(self.context, self.item, prop, self.where(prop), problem)
            return self.context.terminals.of(f"{self.item.name}_1", phases, conductors)

    def other_end(self, first: Terminal, phases: int) -> Terminal:
        """The second end of an element that stands to ground unless bus2 is given."""
        if "bus2" in self.last:
            return self.terminal("bus2", phases, phases)
        return Terminal(first.bus, (0,) * phases)


def frozen(array: Numbers) -> Numbers:
    """The array, made read-only so that tables share it."""
    array = np.ascontiguousarray(array, np.float64)
    array.flags.writeable = False
    return array
