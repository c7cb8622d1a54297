import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gridmend.adapters.memory import MemoryAdapter
from gridmend.formats.read import read
from gridmend.interlock.move import By
from gridmend.model.event import Event
from gridmend.model.plan import Action, Step
from gridmend.runtime.control import operate, select
from gridmend.runtime.control.authority import take_authority
from gridmend.runtime.control.opening import open_room
from gridmend.runtime.historian import Historian
from gridmend.runtime.journal import Journal
from tests.runtime.historian.samples import samples
from tests.runtime.journal.journals import change, event, events

Gridmend = Callable[..., Any]


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A journal of sixty entries, the tenth of another kind."""
    path = tmp_path / "journal.db"
    with Journal.open(path, checkpoint_every=8) as journal:
        journal.append(events(1, 9))
        journal.append([Event(event(10).time_utc, "field", "storm", "tripped")])
        journal.append(events(11, 60), once=["c1"])
    return path


@pytest.mark.parametrize("command", ["verify", "show", "replay"])
def test_every_journal_command_has_help_that_says_what_it_does(
    gridmend: Gridmend, command: str
) -> None:
    said = gridmend("journal", command, "--help")
    assert said.code == 0
    assert "--json" in said.out
    assert "--store" in said.out


def test_a_journal_that_is_as_recorded_verifies(gridmend: Gridmend, recorded: Path) -> None:
    said = gridmend("journal", "verify", "--store", recorded, "--json")
    assert said.code == 0
    assert said.json["ok"] is True
    assert said.json["entries"] == said.json["head"]["sequence"] == 60
    assert said.json["findings"] == []
    assert said.err == ""
    plain = gridmend("journal", "verify", "--store", f"sqlite:///{recorded}")
    assert plain.code == 0
    assert said.json["head"]["signature"] in plain.out
    assert "60 entries, each as it was recorded" in plain.out
    assert "not looked for" in plain.out


def test_a_journal_that_was_tampered_with_exits_3_and_says_where(
    gridmend: Gridmend, recorded: Path
) -> None:
    change(recorded, "UPDATE journal_entries SET line = replace(line, 'Sw17', 'Sw71')")
    said = gridmend("journal", "verify", "--store", recorded, "--json")
    assert said.code == 3
    assert said.json["ok"] is False
    (finding,) = said.json["findings"]
    assert finding["sequence"] == 17
    assert finding["what"]
    assert finding["mend"]
    plain = gridmend("journal", "verify", "--store", recorded)
    assert plain.code == 3
    assert "entry 17: " in plain.out
    assert "not what was recorded: 1 flaw in 60 entries" in plain.out


def test_a_journal_rolled_back_is_found_with_an_anchor(
    gridmend: Gridmend, recorded: Path, tmp_path: Path
) -> None:
    copy = recorded.read_bytes()
    with Journal.open(recorded) as journal:
        journal.append([event(61)])
    anchor = tmp_path / "anchor.json"
    anchor.write_text(gridmend("journal", "verify", "--store", recorded, "--json").out)
    held = gridmend("journal", "verify", "--store", recorded, "--anchor", anchor)
    assert held.code == 0
    assert "goes on from the anchor at entry 61" in held.out
    recorded.write_bytes(copy)
    assert gridmend("journal", "verify", "--store", recorded).code == 0
    said = gridmend("journal", "verify", "--store", recorded, "--anchor", anchor, "--json")
    assert said.code == 3
    assert said.json["anchored"] is True
    assert said.json["findings"][0]["sequence"] == 61


def test_show_prints_the_last_entries_or_those_asked_for(
    gridmend: Gridmend, recorded: Path
) -> None:
    def shown(*asked: object) -> list[int]:
        said = gridmend("journal", "show", "--store", recorded, "--json", *asked)
        assert said.code == 0
        return [entry["sequence"] for entry in said.json["entries"]]

    assert shown() == list(range(11, 61))
    assert shown("--last", 2) == [59, 60]
    assert shown("--after", 57) == [58, 59, 60]
    assert shown("--after", 7, "--until", 9) == [8, 9]
    assert shown("--until", 9, "--last", 2) == [8, 9]
    assert shown("--until", 3) == [1, 2, 3]
    assert shown("--kind", "tripped") == [10]
    assert shown("--kind", "switched", "--until", 11, "--last", 2) == [9, 11]
    assert shown("--after", 1000) == []


def test_show_says_what_each_event_was(gridmend: Gridmend, recorded: Path) -> None:
    entry = gridmend("journal", "show", "--store", recorded, "--last", 1, "--json").json["entries"]
    expected = event(60).as_json()
    assert {key: entry[0][key] for key in expected} == expected
    plain = gridmend("journal", "show", "--store", recorded, "--until", 10)
    assert "tripped" in plain.out
    assert "device Sw9" in plain.out
    assert "no such entries" in gridmend("journal", "show", "--store", recorded, "--kind", "x").out


def test_show_of_what_was_tampered_with_exits_3(gridmend: Gridmend, recorded: Path) -> None:
    change(recorded, "UPDATE journal_entries SET line = replace(line, 'Sw17', 'Sw71')")
    for command in ("show", "replay"):
        said = gridmend("journal", command, "--store", recorded, "--json")
        assert said.code == 3
        assert said.json["ok"] is False
        assert "entry 17 " in said.json["error"]["what"]
        assert gridmend("journal", command, "--store", recorded).code == 3


def test_replay_prints_every_line_and_their_digest(
    gridmend: Gridmend, recorded: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "historian"
    with Historian.open(folder) as historian:
        historian.add([*samples(1, 5, after=3), *samples(6, 9, after=60)])
        historian.flush()
        historian.add(samples(10, 12, after=60))
    asked = ("journal", "replay", "--store", recorded, "--historian", folder)
    plain = gridmend(*asked)
    assert plain.code == 0
    lines = plain.out.splitlines()
    assert len(lines) == 72
    assert [json.loads(line).get("number") for line in lines[3:8]] == [1, 2, 3, 4, 5]
    digest = sha256(plain.out.encode()).hexdigest()
    assert digest in plain.err
    with Historian.open(folder) as historian:
        assert historian.compact()
    assert gridmend(*asked).out == plain.out
    said = gridmend(*asked, "--json")
    assert said.json["sha256"] == digest
    assert (said.json["entries"], said.json["samples"]) == (60, 12)
    alone = gridmend("journal", "replay", "--store", recorded)
    with Journal.open(recorded, read_only=True) as journal:
        assert alone.out == "".join(entry.line + "\n" for entry in journal.read())


def test_a_replay_is_the_same_bytes_in_any_encoding(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "journal.db") as journal:
        journal.append([event(1, place="変電所 ⚡")])
        (line,) = (entry.line for entry in journal.read())
    done = subprocess.run(
        [sys.executable, "-m", "gridmend.ui.cli", "journal", "replay", "--store", "journal.db"],
        cwd=tmp_path, capture_output=True, check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert done.stdout == line.encode() + b"\n"


WRONG = (
    ["journal", "nonsense"],
    ["journal", "verify"],
    ["journal", "verify", "--store", ""],
    ["journal", "verify", "--store", "no-such.db"],
    ["journal", "verify", "--store", "."],
    ["journal", "verify", "--store", "mysql://u@h/d"],
    ["journal", "verify", "--store", "postgresql://u@127.0.0.1:1/d"],
    ["journal", "verify", "--store", "GOOD", "--anchor", "no-such.json"],
    ["journal", "verify", "--store", "GOOD", "--anchor", "GOOD"],
    ["journal", "show", "--store", "no-such.db"],
    ["journal", "show", "--store", "GOOD", "--last", "0"],
    ["journal", "show", "--store", "GOOD", "--after", "-1"],
    ["journal", "show", "--store", "GOOD", "--until", "noon"],
    ["journal", "replay", "--store", "no-such.db"],
    ["journal", "replay", "--store", "GOOD", "--historian", "no-such-folder"],
    ["journal", "replay", "--store", "GOOD", "--historian", "GOOD"],
)


@pytest.mark.parametrize("arguments", WRONG, ids=lambda a: " ".join(a[1:])[:60])
def test_a_users_error_exits_2_and_makes_nothing(
    gridmend: Gridmend,
    recorded: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    asked = [str(recorded) if word == "GOOD" else word for word in arguments]
    said = gridmend(*asked, "--json")
    assert said.code == 2
    assert said.json["error"]["what"]
    assert said.json["error"]["mend"]
    assert gridmend(*asked).code == 2
    assert sorted(tmp_path.iterdir()) == before


def test_a_verification_that_is_broken_off_exits_130_and_harms_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal.open(path) as journal:
        journal.append(events(1, 150_000))
    before = path.read_bytes()
    with subprocess.Popen(
        [sys.executable, "-m", "gridmend.ui.cli", "journal", "verify", "--store", str(path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        process.stderr.readline()
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    # Where it was quicker than the signal it is done.
    assert process.returncode in (0, 130, -signal.SIGINT)
    assert "Traceback" not in err
    assert path.read_bytes() == before


def test_verify_judges_every_command_again_on_the_model(gridmend: Gridmend, tmp_path: Path) -> None:
    grid = read("ieee123")
    noon = datetime(2026, 7, 15, 12, tzinfo=UTC)
    path = tmp_path / "room.db"
    ann, step = By("ann", "desk1"), Step(Action.OPEN, "Sw5", "")
    with Journal.open(path) as journal:
        field = MemoryAdapter(grid, now=lambda: noon)
        room = open_room(grid, field, journal, now=lambda: noon)
        field.scan()
        take_authority(room, "", ann)
        picked = select(room, step, ann)
        assert operate(room, step, ann, select=picked.id).allowed
    said = gridmend("journal", "verify", "--store", path, "--grid", "ieee123", "--json")
    assert (said.code, said.json["ok"], said.json["objections"]) == (0, True, [])
    assert said.json["rechecked"] is True
    with Journal.open(path) as journal:
        asked = {e.event.kind: e.event for e in journal.read()}["commanded"]
        again = {**asked.payload, "command": "c99"}
        journal.append([Event(noon, "test", "ann", "commanded", again)])
    said = gridmend("journal", "verify", "--store", path, "--grid", "ieee123", "--json")
    assert (said.code, said.json["ok"]) == (3, False)
    rules = {objection["rule"] for objection in said.json["objections"]}
    assert {"select before operate", "look-ahead"} <= rules
    told = gridmend("journal", "verify", "--store", path, "--grid", "ieee123")
    assert "the second checker objects" in told.out
