from __future__ import annotations

import importlib.util
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
PAGES = ROOT / "pages"
STATIC = ROOT / "src" / "gridmend" / "ui" / "web" / "static"
Asking = Callable[..., list[Any]]


@pytest.fixture(scope="session")
def build() -> ModuleType:
    """The script that bundles the pages."""
    spec = importlib.util.spec_from_file_location("pages_build", PAGES / "build.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def bundle(build: ModuleType) -> Path:
    """The folder of the bundle, made of the sources as they are."""
    build.build()
    assert build.is_current(), "the pages are not bundled: python pages/build.py"
    return STATIC


@pytest.fixture(scope="session")
def ask(build: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Asking:
    """Asks parts of the pages, run by Node; an answer that is an error raises."""
    build.install_packages()
    made = tmp_path_factory.mktemp("probe") / "probe.mjs"
    node = build.node_command()
    esbuild = PAGES / "node_modules" / "esbuild" / "bin" / "esbuild"
    entry = Path(__file__).with_name("probe.mjs")
    options = [
        "--bundle", "--platform=node", "--format=esm", "--log-level=error",
        "--jsx=automatic", "--jsx-import-source=preact", f"--outfile={made}",
    ]  # fmt: skip
    subprocess.run([*node, str(esbuild), str(entry), *options], check=True, timeout=60)

    def asked(*questions: dict[str, Any]) -> list[Any]:
        done = subprocess.run(
            [*node, str(made)], input=json.dumps(questions), capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        answers = json.loads(done.stdout)
        for answer in answers:
            if "error" in answer:
                raise ValueError(answer["error"])
        return [answer["answer"] for answer in answers]

    return asked
