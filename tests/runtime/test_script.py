import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "examples" / "self_healing.py"


def test_the_example_script_runs_as_written(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT)], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "MPLCONFIGDIR": str(tmp_path / "mpl")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    last = done.stdout.strip().splitlines()[-1]
    before, after = last.removeprefix("SAIDI ").removesuffix(" min").split(" -> ")
    assert float(after) < float(before)
    assert (tmp_path / "day.svg").stat().st_size > 10_000


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys, gridmend; "
        "print([m for m in ('numpy', 'numba', 'scipy', 'matplotlib', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_exported_name_is_there() -> None:
    import gridmend

    for name in gridmend.__all__:
        assert getattr(gridmend, name) is not None
