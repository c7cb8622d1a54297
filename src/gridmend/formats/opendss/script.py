"""Carrying out the commands of a model: what makes elements is kept, studies are skipped."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from gridmend.formats.opendss import vocabulary as words
from gridmend.formats.opendss.commands import ACTIONS
from gridmend.formats.opendss.files import ModelFiles
from gridmend.formats.opendss.journal import Journal, Where
from gridmend.formats.opendss.options import set_options
from gridmend.formats.opendss.properties import PROPERTIES, property_of
from gridmend.formats.opendss.store import MAXIMUM_SAID_OF_ONE, Item, Store
from gridmend.formats.opendss.words import Pair, pairs
from gridmend.model.errors import FormatError

MAXIMUM_DEPTH = 50

_VARIABLE = re.compile(r"@[A-Za-z_]\w*")


@dataclass(slots=True)
class Script:
    """A run through the files of one model."""

    files: ModelFiles
    journal: Journal
    store: Store = field(default_factory=Store)
    variables: dict[str, str] = field(default_factory=dict[str, str])
    active: Item | None = None
    stack: list[Path] = field(default_factory=list[Path])
    row: int = 0
    _last_property: str = ""

    @property
    def where(self) -> Where:
        """File and row of the line being carried out."""
        return (self.stack[-1], self.row)

    def run(self, path: Path) -> None:
        """Carry out a file, and those it redirects to."""
        if path in self.stack:
            self.journal.add("error", f"'{path.name}' redirects to itself", self.where)
            return
        if len(self.stack) >= MAXIMUM_DEPTH:
            self.journal.add("error", f"redirects go deeper than {MAXIMUM_DEPTH} files", self.where)
            return
        outer_row = self.row
        self.stack.append(path)
        commented = False
        for row, line in enumerate(self.files.lines(path), 1):
            self.row = row
            text = line.strip()
            self.store.worked(1)
            if commented or text.startswith("/*"):
                commented = "*/" not in text
            elif text and text[0] != "!" and not text.startswith("//"):
                self.line(text)
        self.stack.pop()
        self.row = outer_row

    def line(self, text: str) -> None:
        """Carry out one line."""
        found = pairs(text)
        if not found:
            return
        if self.variables and "@" in text:
            found = [(name, self._substituted(value)) for name, value in found]
        name, value = found[0]
        if name:
            self._assign_directly(found)
            return
        command = words.command_of(value)
        action = ACTIONS.get(command)
        if action is not None:
            action(self, found)
        elif command in words.STUDY_COMMANDS:
            self.journal.count("note", "study commands recorded and skipped", command)
            if command == "solve":
                set_options(self.store, self.journal, found[1:], self.where)
        elif command in words.CHANGING_COMMANDS:
            self.journal.add("warning", f"the command '{command}' is not carried out", self.where)
        elif "." in value:
            self._assign_directly([(value, ""), *found[1:]])
        else:
            self.journal.add(
                "error",
                f"'{value[:60]}' is not a command",
                self.where,
                self.journal.nearest(value, words.COMMANDS),
            )

    def _substituted(self, value: str) -> str:
        if "@" not in value:
            return value
        return _VARIABLE.sub(lambda m: self.variables.get(m[0].lower(), m[0]), value)

    def _assign_directly(self, found: list[Pair]) -> None:
        """`Class.Name.Property=value …`, or `property=value` of the element last named."""
        name, value = found[0]
        item, prop = self.active, name
        if "." in name:
            element, _, prop = name.rpartition(".")
            item = self.named(element)
        if item is None:
            if "." not in name:
                self.journal.add(
                    "error", f"'{name[:60]}' is set before any element is named", self.where
                )
            return
        self.say(item, [(prop, value), *found[1:]])

    def named(self, element: str) -> Item | None:
        """The element `Class.Name`; a finding where there is none."""
        kind, _, name = element.partition(".")
        kind = kind.lower()
        item = self.store.find(kind, name)
        if item is None and kind not in words.RECORDED:
            self.journal.add(
                "error",
                f"there is no element '{element[:80]}'",
                self.where,
                self.journal.nearest(name, (i.name for i in self.store.all_of(kind))),
            )
        return item

    def say(self, item: Item, found: list[Pair]) -> None:
        """Add properties to an element, resolving abbreviations and positions."""
        if not item.kind:
            # It is of a class that is skipped, and so is what is said of it.
            return
        where = self.where
        kind, said = item.kind, item.said
        order = PROPERTIES[kind]
        self.active = item
        last = ""
        self.store.worked(len(found))
        for name, value in found:
            if name:
                prop = property_of(kind, name)
            else:
                after = order.index(last) + 1 if last else 0
                prop = order[after] if after < len(order) else ""
            if not prop:
                self._unknown_property(item, name or value)
                continue
            last = prop
            if prop == "enabled":
                item.enabled = value[:1].lower() in ("y", "t")
            elif prop == "like":
                self._like(item, value)
            elif value or name:
                said.append((prop, value, where))

    def _unknown_property(self, item: Item, name: str) -> None:
        self.journal.add(
            "error",
            f"{item.kind} '{item.name}' has no property '{name[:60]}'",
            self.where,
            self.journal.nearest(name, PROPERTIES[item.kind]),
        )

    def _like(self, item: Item, name: str) -> None:
        other = self.named(f"{item.kind}.{name}")
        if other is None or other is item:
            return
        if len(other.said) + len(item.said) > MAXIMUM_SAID_OF_ONE:
            raise FormatError(
                f"'{item.name}' repeats more than {MAXIMUM_SAID_OF_ONE:,} assignments by 'like'",
                where=self.journal.place(self.where),
            )
        self.store.worked(len(other.said))
        item.said.extend(other.said)
