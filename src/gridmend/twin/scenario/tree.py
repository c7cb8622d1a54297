"""A scenario's text as a tree with line numbers: YAML without anchors, within limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import yaml
from yaml import events as ev

from gridmend.model.errors import Finding

BYTES_MOST = 256_000
"""A longer text is no scenario: shapes of a year are a file of their own."""
DEPTH_MOST = 20
"""How deep lists and maps may stand within each other."""
NODES_MOST = 50_000
"""Values of one scenario."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value as it is written. `is_text` where quotes say so; `line` 0 where there is none."""

    text: str
    line: int = 0
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple[Node, ...]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Pairs:
    """A map: its keys in their order, each once."""

    pairs: tuple[tuple[Scalar, Node], ...]
    line: int = 0


Node = Scalar | Items | Pairs


class TextError(Exception):
    """A text of which no tree can be made; `findings` say why."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__(findings[0].what)
        self.findings = findings


def kind_of(node: Node) -> str:
    """What a node is, as a person says it."""
    if isinstance(node, Scalar):
        return f"'{node.text[:60]}'" if node.text else "nothing"
    return "a list" if isinstance(node, Items) else "a map"


def tree_of(text: str, file: str) -> tuple[Pairs, tuple[tuple[int, Finding], ...]]:
    """The tree of a text, and for each key that stands twice its line and a finding.

    Raises `TextError` for what is no YAML, has anchors, aliases or tags, is too long, too deep or
    too much, or is no map.
    """
    if len(text) > BYTES_MOST:
        raise TextError(too_long(file))
    builder = _Builder(file)
    try:
        node = builder.document(yaml.parse(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        what = f"it cannot be read: {problem.problem or problem.context}"
        mend = "mend the line, or the one before it: indents, colons and quotes"
        raise TextError(_error(what, file, mark.line + 1 if mark else 0, mend)) from None
    except (yaml.YAMLError, ValueError, OverflowError) as problem:
        said = str(problem).splitlines()[0][:100]
        what = f"it is no text that can be read: {said}"
        raise TextError(_error(what, file, 1, "give a file of plain UTF-8 text")) from None
    if not isinstance(node, Pairs):
        what = f"a scenario is a map of keys, and this is {kind_of(node)}"
        raise TextError(_error(what, file, node.line, "begin with `name: …` and `grid: …`"))
    return node, tuple(builder.twice)


def too_long(file: str) -> Finding:
    """What is said of a text that is too long."""
    what = f"a scenario has at most {BYTES_MOST:,} bytes"
    mend = "put long lists of multipliers into a CSV file (`shapes` and `map`)"
    return Finding("error", what, file, mend)


def tree_of_values(values: object) -> Node:
    """The tree of plain values: maps, lists, text, numbers and flags.

    Raises `TextError` for values of other kinds, and for those that are too deep or too many.
    """
    count = 0

    def node(value: object, depth: int, where: str) -> Node:
        nonlocal count
        count += 1
        if depth > DEPTH_MOST or count > NODES_MOST:
            raise TextError(_beyond(where, depth))
        if isinstance(value, Mapping):
            pairs = [
                (Scalar(str(key)), node(item, depth + 1, f"{where}.{key}".lstrip(".")))
                for key, item in value.items()
            ]
            return Pairs(tuple(pairs))
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            return Items(
                tuple(node(item, depth + 1, f"{where}[{k}]") for k, item in enumerate(value))
            )
        if value is None:
            return Scalar("")
        if isinstance(value, bool):
            return Scalar("true" if value else "false")
        if isinstance(value, str):
            return Scalar(str(value), is_text=True)
        if isinstance(value, int | float):
            return Scalar(repr(int(value) if isinstance(value, int) else float(value)))
        what = f"a value of the kind '{type(value).__name__}' cannot stand in a scenario"
        mend = "give maps, lists, text, numbers, true and false"
        raise TextError(Finding("error", what, where, mend))

    return node(values, 0, "")


class _Builder:
    """Makes nodes of events, as they come."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.twice: list[tuple[int, Finding]] = []
        self.count = 0

    def document(self, events: Iterator[ev.Event]) -> Node:
        documents = 0
        found: Node = Scalar("", 1)
        for event in events:
            if isinstance(event, ev.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.refuse("a second document begins", event, "leave one in the file")
            elif isinstance(event, ev.NodeEvent):
                found = self.node(event, events, 0)
        return found

    def node(self, event: ev.Event, events: Iterator[ev.Event], depth: int) -> Node:
        line = event.start_mark.line + 1
        self.count += 1
        if depth > DEPTH_MOST or self.count > NODES_MOST:
            raise TextError(_beyond(_at(self.file, line), depth))
        if isinstance(event, ev.AliasEvent) or getattr(event, "anchor", None):
            self.refuse("anchors and aliases (&, *) are not read", event, "write the value out")
        if tag := getattr(event, "tag", None):
            self.refuse(f"the tag {str(tag)[:40]} is not read", event, "leave it out")
        if isinstance(event, ev.ScalarEvent):
            return Scalar(event.value, line, not event.implicit[0])
        if isinstance(event, ev.SequenceStartEvent):
            items: list[Node] = []
            while not isinstance(event := next(events), ev.SequenceEndEvent):
                items.append(self.node(event, events, depth + 1))
            return Items(tuple(items), line)
        return self.pairs(events, line, depth)

    def pairs(self, events: Iterator[ev.Event], line: int, depth: int) -> Pairs:
        found: dict[str, tuple[Scalar, Node]] = {}
        while not isinstance(event := next(events), ev.MappingEndEvent):
            key = self.node(event, events, depth + 1)
            if not isinstance(key, Scalar):
                self.refuse("a list or a map cannot be a key", event, "give a name as the key")
                continue
            value = self.node(next(events), events, depth + 1)
            if key.text in found:
                first = found[key.text][0].line
                what = f"the key '{key.text[:60]}' stands twice, first in line {first}"
                finding = _error(what, self.file, key.line, "leave one of them")
                self.twice.append((key.line, finding))
            else:
                found[key.text] = key, value
        return Pairs(tuple(found.values()), line)

    def refuse(self, what: str, event: ev.Event, mend: str) -> None:
        raise TextError(_error(what, self.file, event.start_mark.line + 1, mend))


def _beyond(where: str, depth: int) -> Finding:
    what = (
        f"lists and maps stand more than {DEPTH_MOST} deep"
        if depth > DEPTH_MOST
        else f"there are more than {NODES_MOST:,} values"
    )
    return Finding("error", what, where, "no scenario needs as much: take the part out")


def _at(file: str, line: int) -> str:
    return f"{file}:{line}" if line else file


def _error(what: str, file: str, line: int, mend: str) -> Finding:
    return Finding("error", what, _at(file, line), mend)
