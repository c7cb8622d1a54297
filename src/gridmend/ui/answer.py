"""An answer as one JSON object on standard output, and errors in the same form."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from typing import Any

from gridmend.ui.encoding import can_encode

USER_ERROR = 2
UNUSABLE = 3
INTERRUPTED = 130


def plain(value: Any) -> Any:
    """The value as JSON knows it: arrays become lists, and what is not a finite number null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, str) or value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        return value
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return str(value)


def say_json(answer: Mapping[str, Any]) -> None:
    """Write one JSON object to standard output."""
    found = plain(answer)
    text = json.dumps(found, indent=2, allow_nan=False, ensure_ascii=False)
    if not can_encode(text):
        text = json.dumps(found, indent=2, allow_nan=False)
    sys.stdout.write(text + "\n")


def error_as_json(*, what: str, where: str, mend: str) -> dict[str, Any]:
    """A user's error in the form in which `--json` gives it."""
    return {"error": {"what": what, "where": where, "mend": mend}}
