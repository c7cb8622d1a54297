"""A kept situation: the fold of a journal up to an entry, as bytes that are not looked into."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from gridmend.runtime.journal.chain import Identity, situation_message
from gridmend.runtime.journal.flaw import Flaw
from gridmend.runtime.journal.head import is_signed

PASSED_OVER = "it is passed over: fold from an earlier situation, and keep a new one"


@dataclass(frozen=True, slots=True)
class Kept:
    """A document that follows entry `sequence`, whose hash is `hash`; signed.

    `document` is None where none is usable: fold from the first entry then. `flaws` tell of
    those that were passed over.
    """

    document: bytes | None
    sequence: int
    hash: bytes
    digest: bytes = b""
    signature: bytes = b""
    flaws: tuple[Flaw, ...] = ()

    def flaw(self, identity: Identity, found: bytes | None) -> Flaw | None:
        """What makes it unusable, where its entry has the hash `found`; None where nothing does."""
        document = self.document if isinstance(self.document, bytes) else b""
        if not is_situation_signed(identity, self):
            what = "a kept situation is not signed with the journal's key"
        elif sha256(document).digest() != self.digest:
            what = "the bytes of a kept situation are not those that were kept"
        elif found is None:
            what = "a kept situation follows an entry that is not there"
        elif found != self.hash:
            what = "a kept situation follows another entry than the one that stands there"
        else:
            return None
        return Flaw(self.sequence if isinstance(self.sequence, int) else None, what, PASSED_OVER)


def is_situation_signed(identity: Identity, kept: Kept) -> bool:
    """Whether the signature of a kept situation is that of the journal's key."""
    try:
        message = situation_message(
            identity, sequence=kept.sequence, hash=kept.hash, digest=kept.digest
        )
    except (OverflowError, TypeError, AttributeError):
        return False
    return is_signed(identity.public_key, kept.signature, message)


def kept_of(row: tuple[Any, ...]) -> Kept:
    """The situation in a row of (sequence, hash, digest, signature, document)."""
    sequence, *rest = row
    sealed, digest, signature, document = (_plain(value) for value in rest)
    return Kept(document, sequence, sealed, digest, signature)


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, (bytearray, memoryview)) else value
