"""Numba's compiler with its type kept: loops over elements are machine code, cached on disk.

Numba keeps a function's code while the file that it stands in is unchanged, and does not notice
that a function it calls, or a constant that it uses, has changed in another file, though both
are compiled into it. Here the code is kept while what its module takes from the rest of the
package is unchanged too, by the files' contents: those of a new version may bear the dates of
the old one.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib.util import find_spec
from types import ModuleType
from typing import Any, ParamSpec, TypeVar, cast

import numba
from numba.core import event

from gridmend.powerflow.compiling import tell

P = ParamSpec("P")
R = TypeVar("R")

_CONSTANTS = (bool, int, float, complex, str, bytes)


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """The function as machine code, made at its first call and kept on disk."""
    return cast(Callable[P, R], kept(cast(Any, numba).njit(error_model="numpy")(function)))


def kept(dispatcher: Any) -> Any:
    """A compiled function whose code is kept on disk until what it is made of changes.

    Where Numba is told not to compile there is nothing to keep.
    """
    if hasattr(dispatcher, "enable_caching"):
        dispatcher.enable_caching()
        # Numba has no public way to say what else code depends on.
        file = dispatcher._cache._cache_file
        file._source_stamp = (file._source_stamp, stamp(sys.modules[dispatcher.__module__]))
        file._load_index = partial(_index_or_nothing, file._load_index)
    return dispatcher


def _index_or_nothing(load: Callable[[], dict[Any, str]]) -> dict[Any, str]:
    """What is kept; nothing where it is of types that a newer version does not have any more, which
    are read before the stamp is, or where it cannot be read."""
    try:
        return load()
    except (AttributeError, ImportError, EOFError, pickle.UnpicklingError):
        return {}


def stamp(module: ModuleType) -> str:
    """A digest of all that compiled functions of a module may take from others of its package.

    That is the files of the modules it takes names from; where those compile functions
    themselves, what these take in turn; and the values of its constants.
    """
    digest, seen, waiting = hashlib.sha256(), set[str](), [module]
    while waiting:
        taking = waiting.pop()
        digest.update(repr((taking.__name__, sorted(_constants(taking)))).encode())
        for name in sorted(set(_taken(taking)) - seen):
            seen.add(name)
            digest.update(_digest_of(name))
            if _compiles(sys.modules[name]):
                waiting.append(sys.modules[name])
    return digest.hexdigest()


def _constants(module: ModuleType) -> Iterator[tuple[str, str]]:
    for name, value in vars(module).items():
        parts = cast("tuple[object, ...]", value) if isinstance(value, tuple) else (value,)
        if not name.startswith("__") and all(type(part) in _CONSTANTS for part in parts):
            yield name, repr(cast(object, value))


def _taken(module: ModuleType) -> Iterator[str]:
    """The modules of its package that a module takes names from."""
    package = module.__name__.partition(".")[0]
    for value in vars(module).values():
        owner = value.__name__ if isinstance(value, ModuleType) else _owner(value)
        if owner != module.__name__ and owner.partition(".")[0] == package and owner in sys.modules:
            yield owner


def _compiles(module: ModuleType) -> bool:
    owned = (value for value in vars(module).values() if hasattr(value, "py_func"))
    return any(_owner(value) == module.__name__ for value in owned)


def _owner(value: object) -> str:
    owner = getattr(value, "__module__", "")
    return owner if isinstance(owner, str) else ""


@cache
def _digest_of(name: str) -> bytes:
    """Of a module's source, as its loader has it, be it in a folder or a zip."""
    spec = cast(Any, find_spec(name))
    if not hasattr(spec.loader, "get_data"):
        return name.encode()
    return hashlib.sha256(spec.loader.get_data(spec.origin)).digest()


class _Tell(event.Listener):
    """Passes on where Numba begins to compile and where it is done."""

    def on_start(self, event: object) -> None:
        tell(True)

    def on_end(self, event: object) -> None:
        tell(False)


cast(Any, event).register("numba:compile", _Tell())
