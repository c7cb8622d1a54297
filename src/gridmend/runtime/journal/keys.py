"""The key that signs a journal: given, named by the environment, or made beside a SQLite file."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gridmend.runtime.journal.errors import JournalError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

VARIABLE = "GRIDMEND_JOURNAL_KEY"
"""Names the file of the key where none is given; needed for PostgreSQL."""
_SHARED = stat.S_IRWXG | stat.S_IRWXO


def new_key() -> Ed25519PrivateKey:
    """A new key, from the system's source of randomness."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.generate()


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 bytes of its public half."""
    return key.public_key().public_bytes_raw()


def key_beside(path: Path) -> Path:
    """Where the key of a SQLite journal lies."""
    return path.with_name(path.name + ".key")


def find_key(path: Path | None) -> Ed25519PrivateKey | None:
    """The key that the environment names, else the one beside the file; None where none is."""
    named = os.environ.get(VARIABLE)
    if named:
        return read_key(Path(named))
    if path is not None and key_beside(path).exists():
        return read_key(key_beside(path))
    return None


def read_key(path: Path) -> Ed25519PrivateKey:
    """The private key in a PEM file that nobody else may read."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        if os.name == "posix" and path.stat().st_mode & _SHARED:
            raise JournalError(
                "others may read the journal's key, and could sign in its name",
                where=str(path),
                mend=f"chmod 600 {path}; make a new journal if somebody has read it",
            )
        key = load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("it is a key of another kind")
    except OSError as problem:
        raise JournalError(
            f"the journal's key cannot be read: {(problem.strerror or str(problem)).lower()}",
            where=str(path),
            mend=f"give the key that the journal was made with, or name its file in {VARIABLE}",
        ) from None
    except (ValueError, TypeError) as problem:
        raise JournalError(
            f"this is no ed25519 private key: {str(problem).splitlines()[0]}",
            where=str(path),
            mend="give the key that the journal was made with, as PEM without a password",
        ) from None
    return key


def make_key(path: Path) -> Ed25519PrivateKey:
    """Make a key and keep it; where another process was quicker, its key.

    Raises `JournalError` where nothing can be written there.
    """
    from cryptography.hazmat.primitives import serialization as form

    text = new_key().private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        put_in_place(temporary, path)
    except OSError as problem:
        raise JournalError(
            f"the journal's key cannot be written: {(problem.strerror or str(problem)).lower()}",
            where=str(path),
            mend=f"choose a folder that can be written, or name a key's file in {VARIABLE}",
        ) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return read_key(path)


def put_in_place(temporary: Path, path: Path) -> bool:
    """Give a finished file its name for good, unless the name is taken; whether it was free."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError:
        # A file system without links: the check and the renaming are two steps there.
        if path.exists():
            return False
        temporary.rename(path)
    sync_folder(path.absolute().parent)
    return True


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk, where the system lets one."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
