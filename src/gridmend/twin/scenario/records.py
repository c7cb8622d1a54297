"""Forms of lists, maps and records: those of a frozen dataclass follow from its fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import Enum
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from gridmend.model.errors import GridmendError, nearest
from gridmend.twin.scenario.forms import BAD, Bad, Choice, Flag, Form, Number, Reading, Text, Whole
from gridmend.twin.scenario.tree import Items, Node, Pairs, Scalar, kind_of


@dataclass(frozen=True, slots=True)
class Many:
    """A list of values of one form."""

    of: Form
    least: int = 0

    def read(self, node: Node, at: str, reading: Reading) -> tuple[Any, ...] | Bad:
        if not isinstance(node, Items):
            mend = "begin each entry with `- `, or write [ … ]"
            return reading.refuse(f"{kind_of(node)} stands where a list should", at, node, mend)
        if len(node.items) < self.least:
            return reading.refuse("the list is too short", at, node, f"give {self.least} or more")
        found: list[Any] = []
        for k, item in enumerate(node.items):
            reading.lines[f"{at}[{k}]"] = item.line
            found.append(self.of.read(item, f"{at}[{k}]", reading))
        return BAD if BAD in found else tuple(found)

    def plain(self, value: Any) -> list[Any]:
        return [self.of.plain(item) for item in value]


@dataclass(frozen=True, slots=True)
class Fixed:
    """A list with a form for each place."""

    forms: tuple[Form, ...]

    def read(self, node: Node, at: str, reading: Reading) -> tuple[Any, ...] | Bad:
        count = len(self.forms)
        if not isinstance(node, Items) or len(node.items) != count:
            mend = f"give {count} in a list [ … ]"
            return reading.refuse(f"{kind_of(node)} is no list of {count}", at, node, mend)
        pairs = zip(self.forms, node.items, strict=True)
        found = [form.read(item, f"{at}[{k}]", reading) for k, (form, item) in enumerate(pairs)]
        return BAD if BAD in found else tuple(found)

    def plain(self, value: Any) -> list[Any]:
        return [form.plain(item) for form, item in zip(self.forms, value, strict=True)]


@dataclass(frozen=True, slots=True)
class ByKey:
    """A map from names to values of one form."""

    key: Form
    of: Form

    def read(self, node: Node, at: str, reading: Reading) -> Mapping[Any, Any] | Bad:
        if not isinstance(node, Pairs):
            mend = "give `name: value` for each"
            return reading.refuse(f"{kind_of(node)} stands where a map should", at, node, mend)
        found: dict[Any, Any] = {}
        for key, value in node.pairs:
            path = f"{at}.{key.text}"
            reading.lines[path] = key.line
            found[self.key.read(key, path, reading)] = self.of.read(value, path, reading)
        return BAD if BAD in found or BAD in found.values() else MappingProxyType(found)

    def plain(self, value: Any) -> dict[Any, Any]:
        return {self.key.plain(key): self.of.plain(item) for key, item in value.items()}


@dataclass(frozen=True, slots=True)
class Either:
    """One form for a single value, another for a list, and another for a map."""

    single: Form | None = None
    items: Form | None = None
    pairs: Form | None = None

    def read(self, node: Node, at: str, reading: Reading) -> Any:
        kinds = {Scalar: self.single, Items: self.items, Pairs: self.pairs}
        form = kinds[type(node)]
        if form is None:
            names = ("one value", "a list", "a map")
            can = [n for n, f in zip(names, kinds.values(), strict=True) if f is not None]
            what = f"{kind_of(node)} cannot stand here"
            return reading.refuse(what, at, node, f"give {' or '.join(can)}")
        return form.read(node, at, reading)

    def plain(self, value: Any) -> Any:
        form = self.items if isinstance(value, tuple) else self.pairs
        form = self.single if isinstance(value, str | int | float) else form
        assert form is not None
        return form.plain(value)


@dataclass(frozen=True, slots=True)
class Key:
    """One field of a record: the key that it has in a file, and its form."""

    field: str
    key: str
    form: Form
    is_required: bool
    inline: bool = False
    """Whether its own keys stand in the map of the record itself."""


@dataclass(frozen=True, eq=False)
class Record:
    """A frozen dataclass as a map of its fields; what has its default is not written."""

    cls: type[Any]
    keys: tuple[Key, ...]
    make: Callable[..., Any]
    base: Callable[[Any], Any] | None = None
    """Of a value, one with the defaults that it is written against."""

    def own_keys(self) -> list[str]:
        """All keys that the map may have."""
        found: list[str] = []
        for key in self.keys:
            inner = key.form
            found += inner.own_keys() if key.inline and isinstance(inner, Record) else [key.key]
        return found

    def read(self, node: Node, at: str, reading: Reading, **extra: Any) -> Any:
        """The value; `extra` are fields that are no keys of the map."""
        if not isinstance(node, Pairs):
            mend = f"give a map with {', '.join(self.own_keys()[:12])}"
            return reading.refuse(f"{kind_of(node)} stands where a map should", at, node, mend)
        known = self.own_keys()
        for key, _ in node.pairs:
            reading.lines[_under(at, key.text)] = key.line
            if key.text not in known:
                near = nearest(key.text[:60], known)
                mend = near or f"the keys here are {', '.join(known)}"
                what = f"there is no key '{key.text[:60]}' in {at or 'a scenario'}"
                reading.refuse(what, _under(at, key.text), key, mend)
        values = self._values(node, at, reading)
        if BAD in values.values():
            return BAD
        try:
            return self.make(**values, **extra)
        except GridmendError as problem:
            named = next((k.key for k in self.keys if k.field == problem.where), "")
            key = next((k for k, _ in node.pairs if k.text == named), node)
            return reading.refuse(problem.what, _under(at, named), key, problem.mend)

    def plain(self, value: Any) -> dict[str, Any]:
        base = self.base(value) if self.base else None
        found: dict[str, Any] = {}
        for key in self.keys:
            item = getattr(value, key.field)
            if not key.is_required and item == _default(self.cls, key.field, base):
                continue
            written = key.form.plain(item)
            if key.inline:
                found.update(written)
            else:
                found[key.key] = written
        return found

    def _values(self, node: Pairs, at: str, reading: Reading) -> dict[str, Any]:
        given = {key.text: value for key, value in node.pairs}
        values: dict[str, Any] = {}
        for key in self.keys:
            if key.inline and isinstance(key.form, Record):
                mine = key.form.own_keys()
                pairs = tuple(pair for pair in node.pairs if pair[0].text in mine)
                values[key.field] = key.form.read(Pairs(pairs, node.line), at, reading)
            elif key.key in given:
                path = _under(at, key.key)
                values[key.field] = key.form.read(given[key.key], path, reading)
            elif key.is_required:
                what = f"'{key.key}' is missing in {at or 'the scenario'}"
                values[key.field] = reading.refuse(what, at, node, f"give {key.key}")
        return values


Forms = Mapping[str, "Form | tuple[str, Form | None]"]
"""By field: its form, or its key and its form (None: the one that follows from its type)."""


def record(
    cls: type[Any],
    forms: Forms = MappingProxyType({}),
    *,
    without: tuple[str, ...] = (),
    inline: tuple[str, ...] = (),
    make: Callable[..., Any] | None = None,
    base: Callable[[Any], Any] | None = None,
) -> Record:
    """The form of a dataclass, its fields as their types say but for what is given."""
    hints = get_type_hints(cls)
    keys: list[Key] = []
    for item in fields(cls):
        if item.name in without:
            continue
        given = forms.get(item.name)
        key, form = given if isinstance(given, tuple) else (item.name, given)
        required = item.default is MISSING and item.default_factory is MISSING
        chosen = form or form_of(hints[item.name])
        keys.append(Key(item.name, key, chosen, required, item.name in inline))
    return Record(cls, tuple(keys), make or cls, base)


def form_of(hint: Any) -> Form:
    """The form that follows from a type."""
    simple: dict[Any, Form] = {float: Number(), int: Whole(), bool: Flag(), str: Text()}
    origin, args = get_origin(hint), get_args(hint)
    if hint in simple:
        return simple[hint]
    if origin is Literal:
        return Choice(args)
    if origin in (Union, UnionType) and len(args) == 2 and NoneType in args:
        return form_of(args[0] if args[1] is NoneType else args[1])
    if origin is tuple:
        every = args[1:] == (...,)
        return Many(form_of(args[0])) if every else Fixed(tuple(form_of(a) for a in args))
    if origin is Mapping:
        return ByKey(form_of(args[0]), form_of(args[1]))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return Choice(tuple(hint))
    assert isinstance(hint, type) and is_dataclass(hint), hint
    return record(hint)


def _default(cls: type[Any], name: str, base: Any) -> Any:
    if base is not None:
        return getattr(base, name)
    item = next(item for item in fields(cls) if item.name == name)
    return item.default if item.default is not MISSING else item.default_factory()  # type: ignore


def _under(at: str, key: str) -> str:
    return f"{at}.{key}" if at and key else at or key
