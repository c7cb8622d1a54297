"""What OpenDSS holds of its elements: names, properties and node orders, asked in its words."""

from __future__ import annotations

from typing import Any


def lower(table: Any) -> list[str]:
    return [name.lower() for name in table]


def elements(dss: Any, kind: str) -> list[str]:
    dss.SetActiveClass(kind)
    return [name.lower() for name in dss.ActiveClass.AllNames]


def asked(dss: Any, kind: str, name: str, prop: str) -> str:
    dss.Text.Command = f"? {kind}.{name}.{prop}"
    return str(dss.Text.Result)


def number(dss: Any, kind: str, name: str, prop: str) -> float:
    return float(asked(dss, kind, name, prop).strip("[] "))


def listed(dss: Any, kind: str, name: str, prop: str) -> list[float]:
    text = asked(dss, kind, name, prop).strip("[] ")
    return [float(word) for word in text.replace(",", " ").split()]


def nodes_of(words: str) -> list[int]:
    known = {"g": 0, "a": 1, "b": 2, "c": 3, "n": 4, "s1": 1, "s2": 2}
    return [known[word] if word in known else int(word[1:]) for word in words.split()]
