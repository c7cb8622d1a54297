"""A line of the language as words: (name, value) pairs, the name empty where it is positional."""

from __future__ import annotations

import re

Pair = tuple[str, str]

_BARE = r"""((?:[^\s,=!/"'(\[{]|/(?!/))(?:[^\s,=!/]|/(?!/))*+)"""
_QUOTED = r"""\(([^)]*+)\)?|\[([^\]]*+)\]?|\{([^}]*+)\}?|"([^"]*+)"?|'([^']*+)'?"""
_PAIR = re.compile(rf"(?:{_BARE}\s*+=\s*+)?(?:{_QUOTED}|{_BARE})?\s*+,?\s*+")
_AWKWARD = re.compile(r"""["'(\[{!]|//|\s=|=[\s=]|,\s*,|=\Z""")


def pairs(line: str) -> list[Pair]:
    """Split one line; comments are dropped, quotes and brackets removed.

    `xhl=(8 1000 /) phases=3 671` gives `("xhl", "8 1000 /"), ("phases", "3"), ("", "671")`.
    """
    if not _AWKWARD.search(line):
        return [_plain(word) for word in line.replace(",", " ").split()]
    found: list[Pair] = []
    at, end = len(line) - len(line.lstrip()), len(line)
    while at < end and line[at] != "!" and not line.startswith("//", at):
        match = _PAIR.match(line, at)
        if match is None or match.end() == at:
            at += 1
            continue
        at = match.end()
        name = match[1]
        which = match.lastindex
        value = match[which] if which and which > 1 else ""
        found.append((name or "", value))
    return found


def _plain(word: str) -> Pair:
    name, equals, value = word.partition("=")
    return (name, value) if equals else ("", name)


def listed(text: str) -> list[str]:
    """The words of an array, each without its quotes: `a "b c", d` gives three."""
    if not _AWKWARD.search(text):
        return text.replace(",", " ").split()
    return [value for _, value in pairs(text)]
