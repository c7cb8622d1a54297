"""What a study of automation has replayed, kept line by line, so that it can go on later."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gridmend.model.errors import GridmendError
from gridmend.planning.evidence.outcome import Outcome, outcome_of

STUDY, OUTCOMES = "study.json", "outcomes.jsonl"


def opened(folder: Path, study: dict[str, Any]) -> list[Outcome]:
    """The outcomes that a folder holds of this study; the folder is made where there is none. How
    many cases are asked for is no part of `study`: each is the same by its number, so that a study
    may grow.

    Raises `GridmendError` where it holds another study, or a line that is none. A last line that
    was cut off half way is left out and written anew.
    """
    folder.mkdir(parents=True, exist_ok=True)
    head, lines = folder / STUDY, folder / OUTCOMES
    if not head.exists():
        if any(folder.iterdir()):
            raise GridmendError(
                f"{folder} is not empty and holds no study", where="--out",
                mend="name an empty folder, or one of an earlier study",
            )  # fmt: skip
        head.write_text(json.dumps(study, indent=2) + "\n", encoding="utf-8")
    known = _read(head)
    if known != study:
        differ = ", ".join(k for k in study if known.get(k) != study[k]) or "its settings"
        raise GridmendError(
            f"{folder} holds another study: {differ} differ", where=str(head),
            mend="name another folder, or ask for the same study",
        )  # fmt: skip
    return _kept(lines) if lines.exists() else []


def keep(folder: Path, outcomes: Iterable[Outcome]) -> None:
    """Add the outcomes of a case, all or none of which another start will see."""
    text = "".join(json.dumps(one.as_json()) + "\n" for one in outcomes)
    with (folder / OUTCOMES).open("a", encoding="utf-8") as file:
        file.write(text)


def _read(head: Path) -> dict[str, Any]:
    try:
        return json.loads(head.read_text(encoding="utf-8"))
    except ValueError as problem:
        raise GridmendError(
            f"{head} cannot be read: {problem}", where=str(head), mend="name another folder"
        ) from problem


def _kept(lines: Path) -> list[Outcome]:
    text = lines.read_text(encoding="utf-8")
    whole, _, cut = text.rpartition("\n")
    if cut:
        lines.write_text(whole + "\n" if whole else "", encoding="utf-8")
    found: list[Outcome] = []
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            found.append(outcome_of(json.loads(line)))
        except (ValueError, KeyError, TypeError) as problem:
            raise GridmendError(
                f"line {number} is no outcome: {problem}", where=str(lines),
                mend="take the line out, and the case is replayed",
            ) from problem  # fmt: skip
    return found
