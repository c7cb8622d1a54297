"""Who is told while machine code is being made: nobody, unless a program asks."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

Listener = Callable[[bool], None]
"""Called with True where a function starts to be compiled, with False where it is done."""

_listeners: list[Listener] = []


@contextmanager
def compilation_told(listener: Listener) -> Generator[None]:
    """Tell the listener of every compilation meanwhile, in whatever thread.

    This module does not import the compiler, so a program that may not need one can ask.
    """
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def tell(begins: bool) -> None:
    """Tell all who asked."""
    for listener in tuple(_listeners):
        listener(begins)
