import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Gridmend = Callable[..., Any]

COMMANDS = (
    "demo", "examples", "check", "convert", "solve", "series", "shortcircuit", "restore",
    "reconfigure", "reliability", "storm",
)  # fmt: skip


def _process(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gridmend", *arguments],
        cwd=cwd, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_that_says_what_it_does(gridmend: Gridmend, command: str) -> None:
    said = gridmend(command, "--help")
    assert said.code == 0
    assert "--json" in said.out


def test_help_is_light() -> None:
    code = (
        "import sys, gridmend.ui.cli as cli; cli.main(['--help']); "
        "heavy = [m for m in ('numpy', 'numba', 'scipy', 'matplotlib') if m in sys.modules]; "
        "sys.exit(1 if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "Commands" in done.stdout


def test_the_version_is_said(gridmend: Gridmend) -> None:
    said = gridmend("--version")
    assert said.code == 0
    assert said.out.startswith("gridmend ")


def test_without_a_command_help_is_shown(gridmend: Gridmend) -> None:
    said = gridmend()
    assert said.code == 2
    assert "Commands" in said.out + said.err


WRONG = (
    ["nonsense"],
    ["solve"],
    ["solve", "ieee123", "--controls", "wild"],
    ["solve", "ieee123", "--nonsense"],
    ["solve", "no-such-model"],
    ["solve", ""],
    ["solve", "\x00"],
    ["solve", "x" * 5000],
    ["check", "no-such-model"],
    ["convert", "ieee123"],
    ["convert", "no-such-model", "out.zip"],
    ["convert", "ieee123", "out.nonsense"],
    ["convert", "ieee123", "no-such-folder/deeper/out.zip"],
    ["convert", "ieee123", "--compare", "no-such-model"],
    ["shortcircuit", "ieee123", "--bus", "nowhere"],
    ["shortcircuit", "ieee123", "--fault-ohm", "-1"],
    ["shortcircuit", "ieee123", "--fault-ohm", "nan"],
    ["restore", "ieee123"],
    ["restore", "ieee123", "--fault", "L520"],
    ["restore", "ieee123", "--fault", ""],
    ["restore", "ieee123", "--fault", "L52", "--repair-min", "0"],
    ["restore", "ieee123", "--fault", "L52", "--load-mult", "-1"],
    ["restore", "ieee123", "--fault", "L52", "--load-mult", "nan"],
    ["restore", "ieee123", "--fault", "L52", "--at", "noon"],
    ["restore", "ieee123", "--fault", "L52", "--at", "12:00", "--load-mult", "1"],
    ["demo", "--fault", "L520"],
)


@pytest.mark.parametrize("arguments", WRONG, ids=lambda a: " ".join(a)[:60])
def test_a_users_error_exits_2_with_what_where_and_mend(
    gridmend: Gridmend, arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = gridmend(*arguments, "--json")
    assert said.code == 2
    assert said.json.keys() == {"error"}
    assert said.json["error"].keys() == {"what", "where", "mend"}
    assert said.json["error"]["what"]
    plain = gridmend(*arguments)
    assert plain.code == 2
    assert plain.err.startswith("error: ") or "error: " in plain.err
    assert "Traceback" not in plain.err + plain.out
    assert plain.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_model_is_refused(gridmend: Gridmend, tmp_path: Path) -> None:
    for name, content in (
        ("picture.png", b"\x89PNG\r\n"),
        ("empty.dss", b""),
        ("noise.dss", bytes(range(256))),
        ("noise.zip", b"PK\x03\x04 not a zip"),
    ):
        file = tmp_path / name
        file.write_bytes(content)
        said = gridmend("check", file, "--json")
        assert said.code == 2, name
        assert "error" in said.json or not said.json["ok"]


def test_check_counts_what_is_there(gridmend: Gridmend) -> None:
    said = gridmend("check", "ieee123", "--json")
    assert said.code == 0
    assert said.json["ok"] is True
    counts = said.json["counts"]
    assert counts["buses"] > 120
    assert counts["nodes"] > counts["buses"]
    assert counts["customers"] > 0
    for key in ("lines", "transformers", "loads", "switches"):
        assert counts[key] > 0
    assert gridmend("check", "ieee123").code == 0


def test_examples_lists_what_ships(gridmend: Gridmend) -> None:
    said = gridmend("examples", "--json")
    assert "ieee123" in [row["name"] for row in said.json["examples"]]
    assert "ieee123" in gridmend("examples").out


def test_convert_keeps_the_grid_to_the_last_bit(gridmend: Gridmend, tmp_path: Path) -> None:
    for out in (tmp_path / "folder", tmp_path / "file.zip"):
        assert gridmend("convert", "ieee123", out, "--json").code == 0
        said = gridmend("convert", "ieee123", "--compare", out, "--json")
        assert said.code == 0
        assert said.json["differences"] == []


def test_convert_onto_its_own_input_is_refused(gridmend: Gridmend, tmp_path: Path) -> None:
    model = tmp_path / "model.zip"
    assert gridmend("convert", "ieee123", model).code == 0
    before = model.read_bytes()
    link = tmp_path / "link.zip"
    link.symlink_to(model)
    for out in (model, link, tmp_path / "." / "model.zip"):
        assert gridmend("convert", model, out, "--json").code == 2
    assert model.read_bytes() == before


def test_compare_says_what_differs(gridmend: Gridmend, tmp_path: Path) -> None:
    from gridmend.formats.read import read, write

    write(read("ieee123").with_changed("line.L52", length_m=1.0), tmp_path / "other")
    said = gridmend("convert", "ieee123", "--compare", tmp_path / "other")
    assert said.code == 0
    assert "length_m" in said.out
    assert "L52" in said.out


def test_shortcircuit_answers_for_one_bus_and_for_all(gridmend: Gridmend) -> None:
    every = gridmend("shortcircuit", "ieee123", "--json").json["buses"]
    one = gridmend("shortcircuit", "ieee123", "--bus", "52", "--json").json["buses"]
    assert list(one) == ["52"]
    assert one["52"] == every["52"]
    assert one["52"]["three_phase_a"] > 0
    soft = gridmend("shortcircuit", "ieee123", "--bus", "52", "--fault-ohm", "20", "--json")
    assert soft.json["buses"]["52"]["line_ground_a"] < one["52"]["line_ground_a"]
    assert "3-phase A" in gridmend("shortcircuit", "ieee123", "--bus", "52").out


RESTORE_KEYS = {
    "steps", "customers_out", "customers_restorable", "customers_restored",
    "customers_restored_by_tie", "load_kw_restored", "v_min_pu", "loading_max_pct", "gap_pct",
    "seconds",
}  # fmt: skip


def test_restore_answers_with_every_key_of_the_design(gridmend: Gridmend) -> None:
    said = gridmend("restore", "ieee123", "--fault", "line.l52", "--json")
    assert said.code == 0
    assert said.json.keys() >= {"fault", "isolated_by", "plans", "saidi_min"}
    plan = said.json["plans"][0]
    assert plan.keys() >= RESTORE_KEYS
    assert plan["steps"][0].keys() >= {"action", "device", "why", "customers"}
    assert said.json["isolated_by"]
    assert 0 <= said.json["saidi_min"]["plan"] < said.json["saidi_min"]["crew"]


def test_restore_reads_the_demand_from_the_time_of_day(gridmend: Gridmend) -> None:
    arguments = ("restore", "ieee123", "--fault", "L52", "--json")
    night = gridmend(*arguments, "--at", "03:00").json["plans"][0]
    evening = gridmend(*arguments, "--at", "18:00").json["plans"][0]
    assert night["load_kw_restored"] < evening["load_kw_restored"]


def test_restore_tells_a_person_each_step_and_its_reason(gridmend: Gridmend) -> None:
    said = gridmend("restore", "ieee123", "--fault", "L52")
    assert said.code == 0
    for word in ("open", "close", "restor", "SAIDI"):
        assert word in said.out


def test_the_demonstration_heals_the_fault(gridmend: Gridmend, tmp_path: Path) -> None:
    said = gridmend("demo", "--out", tmp_path / "new", "--json")
    assert said.code == 0
    found = said.json
    assert found["quiet"]["converged_steps"] == 96
    assert found["customers_restored_by_tie"] > 0
    assert found["saidi_min"]["plan"] < found["saidi_min"]["crew"]
    assert found["seconds"] < 60
    for picture in found["pictures"]:
        assert Path(picture).stat().st_size > 10_000
    assert "quiet day" in said.err


def test_a_fault_that_no_switch_can_heal_is_said_to_be_so(
    gridmend: Gridmend, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from gridmend.formats.read import read
    from gridmend.ui.demonstration import run_demonstration, show_demonstration

    found = run_demonstration(read("ieee13"), "671680", tmp_path / "new")
    show_demonstration(found)
    shown = capfd.readouterr().out
    assert "No switch can heal this fault" in shown
    assert "stays out" in shown
    assert found.healed.saidi_min == pytest.approx(found.by_crew.saidi_min, rel=0.01)
    assert found.by_crew.saidi_min == pytest.approx(180, abs=1), "less what protection takes"
    said = gridmend("restore", "ieee13", "--fault", "line.671680")
    assert said.code == 0
    assert "no switch can bring anybody back" in said.out


def test_standard_output_carries_nothing_but_the_json(tmp_path: Path) -> None:
    done = _process("solve", "ieee123", "--json", cwd=tmp_path)
    assert done.returncode == 0
    assert isinstance(json.loads(done.stdout), dict)
    assert done.stdout.startswith("{")


def test_a_reader_that_stops_early_brings_no_traceback(tmp_path: Path) -> None:
    command = f"{sys.executable} -m gridmend.ui.cli shortcircuit ieee123 --json | head -1"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def _interruptible() -> None:
    """What a shell starts in the background ignores an interrupt, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_interrupted_command_exits_130_without_a_word(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "gridmend.ui.cli", "demo", "--out", "new"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, preexec_fn=_interruptible,  # noqa: PLW1509 - no thread is here
    ) as process:  # fmt: skip
        assert process.stderr is not None
        first = process.stderr.readline()
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert "quiet day" in first
    # Python ends by the signal itself where it came inside an import; a shell says 130 of both.
    assert process.returncode in (130, -signal.SIGINT)
    assert "Traceback" not in err
