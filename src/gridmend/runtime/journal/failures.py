"""Errors of the stores, said as what happened, where, and how to mend."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from gridmend.runtime.journal.address import Address
from gridmend.runtime.journal.errors import Damaged, JournalError

_FULL = ("the disk is full", "free space there; what was acknowledged is safe, and appends go on")
_READ_ONLY = ("nothing can be written there", "check the permissions, or open it read-only")
_LOCKED = ("another writer holds the journal", "wait until it is done, or stop it")
_DAMAGED = ("the file is damaged", "restore it from a copy, and verify that against an anchor")
_NO_FILE = ("the file cannot be opened", "check that it is there, and its folder's permissions")
_BROKEN = (
    "the disk failed, or is full",
    "check it and its free space, then open it again",
)
_OTHER = ("this is no journal", "name another file; a new one is made where none is")
_GONE = ("the server cannot be reached", "check that it runs, its address, and the network")
_SQLITE = (
    ("SQLITE_FULL", _FULL),
    ("SQLITE_READONLY", _READ_ONLY),
    ("SQLITE_PERM", _READ_ONLY),
    ("SQLITE_BUSY", _LOCKED),
    ("SQLITE_LOCKED", _LOCKED),
    ("SQLITE_CORRUPT", _DAMAGED),
    ("SQLITE_NOTADB", _OTHER),
    ("SQLITE_CANTOPEN", _NO_FILE),
    ("SQLITE_IOERR", _BROKEN),
)
_SERVER = (
    ("53100", _FULL),
    ("55P03", _LOCKED),
    ("40P01", _LOCKED),
    ("25006", ("the server takes no writes", "name the primary server, not a standby")),
    ("28", ("the server refused the login", "check user and password in the URL")),
    ("3D000", ("the server has no such database", "make it: createdb NAME")),
    ("42501", ("the user may not do this", "grant it rights on the database and its schema")),
    ("57P", _GONE),
    ("25P03", _GONE),
    ("08", _GONE),
    ("53300", ("the server has no connection left", "close others, or raise max_connections")),
)


@contextmanager
def failures_said(address: Address) -> Iterator[None]:
    """Turn what a store raises into a `JournalError`."""
    try:
        yield
    except (DBAPIError, sqlite3.Error, OSError) as problem:
        raise said(problem, address) from problem
    except SQLAlchemyError as problem:
        what = f"the store failed: {_first_line(problem)}"
        raise JournalError(what, where=address.where, mend="open the journal again") from problem


def said(problem: Exception, address: Address) -> JournalError:
    """The error that tells of one of the store's."""
    cause = _cause(problem)
    state = sqlite_name(cause) if isinstance(cause, sqlite3.Error) else server_state(cause)
    if isinstance(cause, OSError) and address.url is None:
        return _file_error(cause, address)
    table = _SQLITE if isinstance(cause, sqlite3.Error) else _SERVER
    found = next((words for begin, words in table if state.startswith(begin)), None)
    if found is None and is_gone(problem):
        found = _GONE
    what, mend = found or ("the store failed", "open the journal again; if it stays, see its log")
    kind = Damaged if found in (_DAMAGED, _OTHER) else JournalError
    return kind(f"{what}: {_first_line(cause)}", where=address.where, mend=mend)


def _file_error(cause: OSError, address: Address) -> JournalError:
    what, mend = "the file cannot be used", "check the path and its permissions"
    if cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        what, mend = _FULL
    elif cause.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        what, mend = _READ_ONLY
    return JournalError(f"{what}: {_first_line(cause)}", where=address.where, mend=mend)


def is_gone(problem: Exception) -> bool:
    """Whether the connection to the server is lost."""
    cause = _cause(problem)
    if isinstance(cause, sqlite3.Error):
        return False
    invalidated = isinstance(problem, DBAPIError) and problem.connection_invalidated
    is_socket = isinstance(cause, OSError) or type(cause).__name__ == "InterfaceError"
    return invalidated or is_socket or server_state(cause).startswith(("57P", "25P03", "08"))


def sqlite_name(cause: sqlite3.Error) -> str:
    """The name of SQLite's error, such as `SQLITE_FULL`."""
    return str(getattr(cause, "sqlite_errorname", "") or "")


def server_state(cause: BaseException) -> str:
    """The five letters of an error of PostgreSQL; empty where it has none."""
    details: Any = cause.args[0] if cause.args else None
    return str(details.get("C", "")) if isinstance(details, dict) else ""


def _cause(problem: Exception) -> BaseException:
    return (problem.orig or problem) if isinstance(problem, DBAPIError) else problem


def _first_line(cause: BaseException) -> str:
    details: Any = cause.args[0] if cause.args else ""
    if isinstance(details, dict):
        details = details.get("M", details)
    if isinstance(cause, OSError):
        details = (cause.strerror or str(cause)).lower()
    return (str(details) or type(cause).__name__).splitlines()[0][:200]
