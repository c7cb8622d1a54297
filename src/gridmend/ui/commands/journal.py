"""`gridmend journal`: what happened, verified, shown and replayed."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from gridmend.interlock.recheck import Objection
    from gridmend.model.errors import GridmendError
    from gridmend.runtime.journal import Entry, Head, Journal, Verification

SHOWN = 1000
"""Entries that are printed for a person; --json gives all."""
LAST = 50
"""Entries that are shown where nothing says which."""
_LONG = 100_000
"""Entries from which on a verification says how far it has come."""
_LINES_AT_ONCE = 1000

journal = typer.Typer(
    help="What happened: verify, show or replay the journal.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Store = Annotated[
    str, typer.Option("--store", help="A SQLite file, or postgresql://USER@HOST/DATABASE.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@journal.command()
def verify(
    store: Store,
    anchor: Annotated[
        Path | None,
        typer.Option(help="A signed head kept elsewhere: an earlier answer of verify --json."),
    ] = None,
    grid: Annotated[
        str | None,
        typer.Option(help="The model, by path or example: every command is judged again on it."),
    ] = None,
    json: Json = False,
) -> None:
    """Hold every entry against the hashes and signatures, and print the signed head.

    It exits 3 where something is not what was recorded. Without --anchor, a journal that was
    rolled back as a whole is not told from one that never went on. With --grid the second checker
    judges every command again, from the entries alone, and what it objects to exits 3 too.
    """
    from gridmend.runtime.journal import Head, Journal
    from gridmend.ui import answer

    begun = perf_counter()
    held = Head.from_file(anchor) if anchor else None
    with Journal.open(store, read_only=True) as opened:
        found = _verified(opened, held)
        objections = _objections(opened, grid) if grid and found.ok else ()
    if json:
        answer.say_json(
            {
                "ok": found.ok and not objections,
                "entries": found.entries,
                "findings": [flaw.as_json() for flaw in found.flaws],
                "objections": [asdict(objection) for objection in objections],
                "rechecked": grid is not None and found.ok,
                "anchored": held is not None,
                "head": found.head.as_json() if found.head else None,
                "seconds": perf_counter() - begun,
            }
        )
    else:
        _show_verification(found, held)
        if grid and found.ok:
            _show_objections(objections)
    if objections or not found.ok:
        raise typer.Exit(answer.UNUSABLE)


def _objections(opened: Journal, path: str) -> tuple[Objection, ...]:
    """What the second checker says of a journal's commands; their world is that of the first."""
    from gridmend.interlock.recheck import Recheck
    from gridmend.model.command import World
    from gridmend.ui.model_input import read_grid

    model = read_grid(path, root=None)
    found: list[Objection] = []
    first = next((e.event for e in opened.read() if e.event.kind == "commanded"), None)
    said = str(first.payload.get("world")) if first is not None else World.LIVE.value
    world = World(said) if said in set(World) else World.LIVE
    checker = Recheck(model, world=world)
    for entry in opened.read():
        found += checker.add(entry.event, entry.sequence)
    return tuple(found)


def _show_objections(objections: tuple[Objection, ...]) -> None:
    from gridmend.ui import screen

    for told in objections[:SHOWN]:
        screen.show(f"entry {told.sequence}: {told.rule}, {told.device}: {told.why}")
    if objections:
        screen.show(f"the second checker objects to {len(objections)} of what was done")
    else:
        screen.show("every command was judged again, and nothing is objected to")


def _verified(opened: Journal, anchor: Head | None) -> Verification:
    """The verification of a journal, with a bar where it takes long."""
    from gridmend.runtime.journal import Damaged
    from gridmend.ui import screen

    try:
        length = opened.length()
    except Damaged:
        # What the verification says of it is the answer.
        length = 0
    if length < _LONG:
        return opened.verify(anchor)
    with screen.Advance(length, of="entries") as bar:
        return opened.verify(anchor, lambda done: bar.to(min(done, length)))


def _show_verification(found: Verification, anchor: Head | None) -> None:
    import json

    from gridmend.ui import screen

    for flaw in found.flaws:
        screen.show(str(flaw))
    if found.head:
        screen.show(f"signed head: {json.dumps(found.head.as_json())}")
    if not found.ok:
        flaws = f"{len(found.flaws)} flaw{'s' if len(found.flaws) > 1 else ''}"
        screen.show(f"not what was recorded: {flaws} in {found.entries:,} entries")
        return
    screen.show(f"{found.entries:,} entries, each as it was recorded and signed")
    if anchor is None:
        screen.show(
            "not looked for: a journal rolled back as a whole; keep the signed head elsewhere,"
            " and give it with --anchor"
        )
    else:
        screen.show(f"it goes on from the anchor at entry {anchor.sequence:,}")


@journal.command()
def show(
    store: Store,
    after: Annotated[int | None, typer.Option(min=0, help="Entries that follow this one.")] = None,
    until: Annotated[int | None, typer.Option(min=0, help="Entries up to this one.")] = None,
    kind: Annotated[str | None, typer.Option(help="Events of this kind only.")] = None,
    last: Annotated[
        int | None,
        typer.Option(min=1, help=f"The last so many; {LAST} where no range is given."),
    ] = None,
    json: Json = False,
) -> None:
    """Print entries: number, time, source, kind, cause and what it was."""
    from gridmend.runtime.journal import Journal, Tampered
    from gridmend.ui import answer

    if last is None and after is None and until is None:
        last = LAST
    with Journal.open(store, read_only=True) as opened:
        try:
            entries = _selected(opened, after or 0, until, kind=kind, last=last)
            if json:
                answer.say_json({"entries": [_plain(entry) for entry in entries]})
            else:
                _show_entries(entries)
        except Tampered as problem:
            unusable(problem, json=json)


def _selected(
    opened: Journal, after: int, until: int | None, *, kind: str | None, last: int | None
) -> Iterator[Entry]:
    end = opened.head().sequence
    end = end if until is None else min(until, end)
    if last is not None and kind is None:
        after = max(after, end - last)
    entries = opened.read(after=after, until=end)
    if kind is not None:
        entries = (entry for entry in entries if entry.event.kind == kind)
    return entries if last is None else iter(deque(entries, maxlen=last))


def _plain(entry: Entry) -> dict[str, Any]:
    return {"sequence": entry.sequence, "hash": entry.hash.hex(), **entry.event.as_json()}


def _show_entries(entries: Iterator[Entry]) -> None:
    from gridmend.ui import screen

    rows: list[tuple[Any, ...]] = []
    for entry in islice(entries, SHOWN):
        event = entry.event
        said = ", ".join(_words(key, value) for key, value in event.payload.items() if value != "")
        time = f"{event.time_utc:%Y-%m-%d %H:%M:%S.%f}"[:-3]
        rows.append((entry.sequence, time, event.source, event.kind, event.cause, said))
    if not rows:
        screen.show("no such entries")
        return
    screen.show(screen.table("", ("entry", "time UTC", "source", "kind", "cause", "what"), rows))
    if next(entries, None) is not None:
        screen.show("… and more: narrow it with --after and --until, or use --json to see all")


def _words(key: str, value: Any) -> str:
    """One thing of a payload for a person: steps as commands, numbers rounded, lists joined."""
    if isinstance(value, dict) and {"action", "device"} <= set(value):
        amount = f" {value['value']:g}" if isinstance(value.get("value"), int | float) else ""
        mark = f" {value['mark']}" if value.get("mark") else ""
        return f"{value['action']} {value['device']}{amount}{mark}"
    if isinstance(value, float):
        return f"{key} {value:.5g}"
    if isinstance(value, list):
        parts = [_words("", item).strip() for item in value]
        return f"{key} {'; '.join(parts) if parts else 'none'}"
    return f"{key} {value}"


@journal.command()
def replay(
    store: Store,
    historian: Annotated[
        Path | None, typer.Option(help="Folder of the historian, replayed with the journal.")
    ] = None,
    json: Json = False,
) -> None:
    """Print every line in one order, the same bytes each time, and say their sha256.

    Lines go to standard output, the sha256 of them to standard error. With --json the lines are
    left out, and counts and sha256 are the answer.
    """
    from gridmend.runtime.historian import Historian, HistorianError, Replayed
    from gridmend.runtime.historian import replay as replayed
    from gridmend.runtime.journal import Journal, Tampered
    from gridmend.ui import answer, screen

    begun, seen = perf_counter(), Replayed()
    samples = Historian.open(historian, read_only=True) if historian else None
    with Journal.open(store, read_only=True) as opened, samples or nullcontext():
        for told in samples.told if samples else ():
            screen.say(told)
        lines = replayed(opened, samples, replayed=seen)
        try:
            _write(lines, is_shown=not json)
        except (Tampered, HistorianError) as problem:
            unusable(problem, json=json)
    if json:
        counts = {"entries": seen.entries, "samples": seen.samples}
        answer.say_json({**counts, "sha256": seen.sha256, "seconds": perf_counter() - begun})
    else:
        screen.say(f"{seen.entries:,} entries, {seen.samples:,} samples, sha256 {seen.sha256}")


def _write(lines: Iterator[str], *, is_shown: bool) -> None:
    """Write lines as they are, in UTF-8 whatever the terminal's encoding: their bytes count."""
    while part := list(islice(lines, _LINES_AT_ONCE)):
        if is_shown:
            sys.stdout.buffer.write(("\n".join(part) + "\n").encode())
    sys.stdout.flush()


def unusable(problem: GridmendError, *, json: bool) -> None:
    """Say that what is there is not what was recorded, and exit as for any unusable result."""
    from gridmend.ui import answer

    if json:
        said = answer.error_as_json(what=problem.what, where=problem.where, mend=problem.mend)
        answer.say_json({"ok": False, **said})
    else:
        sys.stderr.write(f"error: {problem}\n")
    raise typer.Exit(answer.UNUSABLE)
