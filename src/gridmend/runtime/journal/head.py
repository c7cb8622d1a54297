"""Signed heads: where a journal ended, in a form that can be kept elsewhere."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridmend.runtime.journal.chain import Identity, head_message
from gridmend.runtime.journal.errors import JournalError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_FORM = 1
_BYTES = {"journal": 16, "key": 32, "hash": 32, "commands_hash": 32, "signature": 64}
_COUNTS = ("sequence", "commands", "checkpoint_every")


@dataclass(frozen=True, slots=True)
class Head:
    """Where a journal ended: its last entry and last command, signed with the journal's key.

    Kept outside the journal it is an anchor, against which `Journal.verify` holds the journal.
    """

    identity: Identity
    sequence: int
    hash: bytes
    commands: int
    commands_hash: bytes
    signature: bytes = b""

    @property
    def message(self) -> bytes:
        """The bytes that are signed."""
        return head_message(
            self.identity,
            sequence=self.sequence,
            hash=self.hash,
            commands=self.commands,
            commands_hash=self.commands_hash,
        )

    def is_signed(self) -> bool:
        """Whether the signature is that of the journal's key."""
        try:
            message = self.message
        except (OverflowError, TypeError, AttributeError):
            # A row that was tampered with may hold anything.
            return False
        return is_signed(self.identity.public_key, self.signature, message)

    def signed(self, key: Ed25519PrivateKey) -> Head:
        """The same with the signature of the journal's key."""
        return replace(self, signature=key.sign(self.message))

    def as_json(self) -> dict[str, Any]:
        """The same as plain values; bytes as hexadecimal digits."""
        return {
            "form": _FORM,
            "journal": self.identity.name.hex(),
            "key": self.identity.public_key.hex(),
            "checkpoint_every": self.identity.checkpoint_every,
            "sequence": self.sequence,
            "hash": self.hash.hex(),
            "commands": self.commands,
            "commands_hash": self.commands_hash.hex(),
            "signature": self.signature.hex(),
        }

    @classmethod
    def from_json(cls, said: object, *, where: str = "a signed head") -> Head:
        """The head that `as_json` said; `JournalError` where it is not of that form."""
        try:
            if not isinstance(said, dict):
                raise ValueError("it is no JSON object")
            if said.get("form") != _FORM:
                raise ValueError(f"its form is {said.get('form')!r}, not {_FORM}")
            found = {name: _bytes_of(said, name, size) for name, size in _BYTES.items()}
            counts = {name: _count_of(said, name) for name in _COUNTS}
        except (ValueError, KeyError, TypeError) as problem:
            raise JournalError(
                f"this is no signed head: {problem}",
                where=where,
                mend="give the JSON object that `gridmend journal verify --json` answers as head",
            ) from None
        identity = Identity(found["journal"], found["key"], counts["checkpoint_every"])
        return cls(
            identity,
            counts["sequence"],
            found["hash"],
            counts["commands"],
            found["commands_hash"],
            found["signature"],
        )

    @classmethod
    def from_file(cls, path: Path) -> Head:
        """The head in a file: alone, or within the answer of `gridmend journal verify --json`."""
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as problem:
            raise JournalError(
                f"this is no signed head: {str(problem).splitlines()[0]}",
                where=str(path),
                mend="give a file that holds a head as `gridmend journal verify --json` answers it",
            ) from None
        if isinstance(said, dict) and "form" not in said and isinstance(said.get("head"), dict):
            said = said["head"]
        return cls.from_json(said, where=str(path))


def is_signed(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the ed25519 signature of the message is that of the key."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _bytes_of(said: dict[str, Any], name: str, size: int) -> bytes:
    found = bytes.fromhex(said[name])
    if len(found) != size:
        raise ValueError(f"{name} has {len(found)} bytes, not {size}")
    return found


def _count_of(said: dict[str, Any], name: str) -> int:
    found = said[name]
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found < 2**63:
        raise ValueError(f"{name} is no count: {found!r}")
    return found
