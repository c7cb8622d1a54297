"""Files of switching orders and templates that a user names: read with care, written whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gridmend.model.errors import GridmendError
from gridmend.ui.output_file import write_whole

BYTES_MOST = 20_000_000


def read_order(path: Path, option: str) -> Mapping[str, Any]:
    """A JSON or YAML file that holds one mapping; `GridmendError` where it does not."""
    import yaml

    where, mend = f"{option} {path}", "give a file that gridmend order wrote"
    try:
        if path.stat().st_size > BYTES_MOST:
            raise GridmendError("the file is too long to be an order", where=where, mend=mend)
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise GridmendError("there is no such file", where=where, mend="check its name") from None
    except UnicodeDecodeError as problem:
        raise GridmendError(f"it is not text: {problem}", where=where, mend=mend) from None
    try:
        is_yaml = path.suffix.lower() in (".yaml", ".yml")
        found: Any = yaml.safe_load(text) if is_yaml else json.loads(text)
    except (ValueError, yaml.YAMLError, RecursionError) as problem:
        said = str(problem).splitlines()[0] if str(problem) else "it is nested too deeply"
        raise GridmendError(f"it cannot be read: {said}", where=where, mend=mend) from None
    if not isinstance(found, Mapping):
        raise GridmendError("it does not hold an order", where=where, mend=mend)
    return found


def write_template(path: Path, template: Mapping[str, Any]) -> None:
    """Write a template as YAML where its name says so, else as JSON."""
    import yaml

    def fill(temporary: Path) -> None:
        if path.suffix.lower() in (".yaml", ".yml"):
            text = yaml.safe_dump(dict(template), sort_keys=False, allow_unicode=True)
        else:
            text = json.dumps(template, indent=2, ensure_ascii=False) + "\n"
        temporary.write_text(text, encoding="utf-8")

    write_whole(path, fill)
