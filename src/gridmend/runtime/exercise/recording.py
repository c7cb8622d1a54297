"""A run kept as a folder of readable files, and run again from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from gridmend.model.errors import GridmendError
from gridmend.runtime.exercise.exercise import Exercise
from gridmend.twin.scenario.reading import read_scenario, text_of
from gridmend.twin.scenario.scenario import Scenario

SCENARIO, EVENTS, TRUTH, RESULT = "scenario.yaml", "events.jsonl", "truth.jsonl", "result.json"
"""Files of a recorded run: its scenario with the policy it had, what the control room knew, what
was true, and what came of it."""


def digest(exercise: Exercise) -> str:
    """sha256 of all that was known and all that was true, line by line."""
    found = sha256()
    for line in (*_events(exercise), *_truth(exercise)):
        found.update(line.encode() + b"\n")
    return found.hexdigest()


def check_free(folder: Path) -> None:
    """Raise `GridmendError` where a folder is a file, or holds a run already."""
    if folder.exists() and not folder.is_dir():
        raise GridmendError(f"{folder} is a file", mend="name a folder")
    if any((folder / name).exists() for name in (SCENARIO, EVENTS, TRUTH, RESULT)):
        raise GridmendError(f"there is a run in {folder} already", mend="name another folder")


def record(exercise: Exercise, folder: Path) -> tuple[Path, ...]:
    """Write a run into a folder, which is made where it is missing; the files.

    The result is written last: where it is missing, the run was not recorded whole. Raises
    `GridmendError` as `check_free` does.
    """
    check_free(folder)
    paths = tuple(folder / name for name in (SCENARIO, EVENTS, TRUTH, RESULT))
    folder.mkdir(parents=True, exist_ok=True)
    scenario = _rooted(exercise.scenario)
    paths[0].write_text(text_of(scenario), "utf-8")
    _write(paths[1], _events(exercise))
    _write(paths[2], _truth(exercise))
    paths[3].write_text(json.dumps(_result(exercise), indent=2) + "\n", "utf-8")
    return paths


def recorded(folder: Path) -> tuple[Scenario, Mapping[str, Any]]:
    """The scenario of a recorded run, and its result; `GridmendError` where there is none."""
    try:
        result = json.loads((folder / RESULT).read_text("utf-8"))
    except (OSError, ValueError) as problem:
        raise GridmendError(
            f"{folder} holds no recorded run: {problem}",
            mend="name a folder that `gridmend scenario run --out` has written",
        ) from None
    if not isinstance(result, dict) or not isinstance(result.get("sha256"), str):
        raise GridmendError(f"{folder / RESULT} is no result of a run", mend="record it anew")
    return read_scenario(folder / SCENARIO), result


def _result(exercise: Exercise) -> dict[str, Any]:
    return {
        "policy": exercise.policy,
        "seed": exercise.scenario.seed,
        "measures": {
            name: list(value) if not isinstance(value, int | float) else value
            for name, value in exercise.measures.items()
        },
        "not_met": [str(finding.what) for finding in exercise.findings],
        "sha256": digest(exercise),
    }


def _rooted(scenario: Scenario) -> Scenario:
    """Files that it names are found from anywhere."""
    folder = scenario.source.folder
    if folder is None or not (folder / scenario.grid).exists():
        return scenario
    return replace(scenario, grid=str((folder / scenario.grid).resolve()))


def _events(exercise: Exercise) -> Iterator[str]:
    return (event.as_line() for event in exercise.events)


def _truth(exercise: Exercise) -> Iterator[str]:
    for one in exercise.happened:
        said = {"time_s": one.time_s, "kind": one.kind, **one.payload}
        yield json.dumps(said, sort_keys=True, ensure_ascii=False, default=str)


def _write(path: Path, lines: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines)
