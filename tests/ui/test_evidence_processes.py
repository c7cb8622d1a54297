"""A study that is killed leaves no process behind that goes on with a case nobody waits for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import multiprocessing
import threading

from gridmend.ui.commands.evidence import _begin


def replay():
    _begin(None, None)
    print("replays", flush=True)
    threading.Event().wait(600)


if __name__ == "__main__":
    one = multiprocessing.get_context("spawn").Process(target=replay)
    one.start()
    one.join()
"""


def test_a_replay_ends_with_the_process_that_asked_for_it(tmp_path: Path) -> None:
    script = tmp_path / "study.py"
    script.write_text(SCRIPT)
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE) as study:
        assert study.stdout is not None
        assert study.stdout.readline() == b"replays\n"
        study.kill()
        # The pipe is open as long as the replay lives.
        rest, _ = study.communicate(timeout=60)
        assert rest == b""
