"""What a model says, element by element, in the order in which it says it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gridmend.formats.opendss.journal import Where
from gridmend.formats.opendss.library import OWN, said_of
from gridmend.formats.opendss.vocabulary import CIRCUIT_CLASSES
from gridmend.model.errors import FormatError

Said = tuple[str, str, Where]
"""A property, the text it was given, and where."""

MAXIMUM_WORK = 20_000_000
MAXIMUM_SAID_OF_ONE = 20_000


@dataclass(slots=True, eq=False)
class Item:
    """One element: its class, the name as first written, and all that was said of it."""

    kind: str
    name: str
    where: Where
    base_hz: float
    said: list[Said] = field(default_factory=list[Said])
    enabled: bool = True
    opened: bool = False


@dataclass(slots=True)
class Settings:
    """Options of the model that bear on its elements."""

    default_hz: float = 60.0
    frequency_hz: float = 60.0
    load_mult: float = 1.0
    earth_model: str = "deri"
    voltage_bases_kv: tuple[float, ...] = ()
    bases_asked: bool = False


@dataclass(slots=True)
class Store:
    """All elements by class and lower-case name, with the settings of the circuit."""

    items: dict[str, dict[str, Item]] = field(default_factory=dict[str, dict[str, Item]])
    settings: Settings = field(default_factory=Settings)
    circuit: str = ""
    coordinates: dict[str, tuple[float, float]] = field(
        default_factory=dict[str, tuple[float, float]]
    )
    bus_bases_kv: dict[str, float] = field(default_factory=dict[str, float])
    work: int = 0

    def of(self, kind: str) -> dict[str, Item]:
        """The elements of a class."""
        return self.items.get(kind, {})

    def all_of(self, *kinds: str) -> Iterator[Item]:
        """Every element of some classes."""
        for kind in kinds:
            yield from self.of(kind).values()

    def find(self, kind: str, name: str) -> Item | None:
        """The element of that class and name, whatever its case.

        A curve of the language's own is there from the moment it is named.
        """
        key = name.lower()
        if kind == "tcc_curve" and key not in self.of(kind) and (said := said_of(key)):
            self.items.setdefault(kind, {})[key] = Item(kind, key, OWN, 0.0, said)
        return self.of(kind).get(key)

    def add(self, kind: str, name: str, where: Where) -> Item:
        """A new element; raises `FormatError` beyond the bound."""
        item = Item(kind, name, where, self.settings.default_hz)
        self.items.setdefault(kind, {})[name.lower()] = item
        self.worked(1)
        return item

    def worked(self, amount: int) -> None:
        """Count work done, so that a small file cannot ask for endless work."""
        self.work += amount
        if self.work > MAXIMUM_WORK:
            raise FormatError(
                f"the model asks for more than {MAXIMUM_WORK:,} steps",
                mend="look for commands that repeat or edit all elements over and over",
            )

    def begin_circuit(self, name: str) -> bool:
        """Start a circuit; True where another one had begun and is dropped."""
        replaced = bool(self.circuit)
        for kind in CIRCUIT_CLASSES:
            self.items.pop(kind, None)
        self.coordinates.clear()
        self.bus_bases_kv.clear()
        self.circuit = name or "circuit"
        self.settings.frequency_hz = self.settings.default_hz
        return replaced

    def clear(self) -> None:
        """Forget everything but the default frequency, as `clear` does."""
        hertz = self.settings.default_hz
        self.items.clear()
        self.coordinates.clear()
        self.bus_bases_kv.clear()
        self.circuit = ""
        self.settings = Settings(default_hz=hertz, frequency_hz=hertz)
