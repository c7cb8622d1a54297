"""What a terminal cannot show is said in letters that it has."""

from __future__ import annotations

import codecs
import io
import sys
import unicodedata

_PLAIN = {
    "–": "-", "—": "-", "─": "-", "−": "-", "…": "...", "≤": "<=", "≥": ">=", "→": "->",
    "·": "*", "×": "x", "°": "deg", "’": "'",
}  # fmt: skip
_HANDLER = "gridmend.plain"


def forgive_narrow_encodings() -> None:
    """Let both streams write what their encoding lacks in plain letters, never fail on it."""
    codecs.register_error(_HANDLER, _plainly)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_HANDLER)


def can_encode(text: str) -> bool:
    """Whether standard output has every letter of a text."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _plainly(problem: UnicodeError) -> tuple[str, int]:
    if not isinstance(problem, UnicodeEncodeError):
        raise problem
    said = "".join(_letter(letter) for letter in problem.object[problem.start : problem.end])
    return said, problem.end


def _letter(letter: str) -> str:
    if letter in _PLAIN:
        return _PLAIN[letter]
    bare = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return bare or "?"
