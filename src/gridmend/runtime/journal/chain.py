"""The chain of hashes, and what is signed: pure functions of bytes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

HASH_BYTES = 32
# Each message opens with its purpose, so that a signature made for one is worth nothing as another.
_GENESIS = b"gridmend journal 1: genesis\0"
_HEAD = b"gridmend journal 1: head\0"
_SITUATION = b"gridmend journal 1: situation\0"
_COMMANDS = b"gridmend journal 1: commands\0"


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells one journal from every other, and cannot change without breaking its chain.

    `name` is 16 random bytes, `public_key` the 32 of ed25519, and a signed head is kept as a
    checkpoint every `checkpoint_every` entries.
    """

    name: bytes
    public_key: bytes
    checkpoint_every: int

    @property
    def genesis(self) -> bytes:
        """The hash that the first entry follows."""
        every = self.checkpoint_every.to_bytes(8, "big")
        return sha256(_GENESIS + self.name + self.public_key + every).digest()

    @property
    def commands_genesis(self) -> bytes:
        """The hash that the first command follows."""
        return sha256(_COMMANDS + self.genesis).digest()


def entry_hash(previous: bytes, sequence: int, line: bytes) -> bytes:
    """The hash of an entry: of the hash before it, its sequence and its line."""
    return sha256(previous + sequence.to_bytes(8, "big") + line).digest()


def entry_hashes(previous: bytes, after: int, lines: Iterable[str]) -> list[bytes]:
    """The hashes of the entries that follow entry `after`."""
    found: list[bytes] = []
    for sequence, line in enumerate(lines, after + 1):
        previous = entry_hash(previous, sequence, line.encode())
        found.append(previous)
    return found


def command_hash(previous: bytes, number: int, *, sequence: int, command: bytes) -> bytes:
    """The hash of a command's mark: a chain of its own, so that no mark can go unseen."""
    numbers = number.to_bytes(8, "big") + sequence.to_bytes(8, "big")
    return sha256(previous + numbers + command).digest()


def head_message(
    identity: Identity, *, sequence: int, hash: bytes, commands: int, commands_hash: bytes
) -> bytes:
    """What is signed of a head: where both chains end, and of which journal."""
    entries = sequence.to_bytes(8, "big") + hash
    return _HEAD + identity.genesis + entries + commands.to_bytes(8, "big") + commands_hash


def situation_message(identity: Identity, *, sequence: int, hash: bytes, digest: bytes) -> bytes:
    """What is signed of a kept situation: the entry that it follows, and its bytes' sha256."""
    return _SITUATION + identity.genesis + sequence.to_bytes(8, "big") + hash + digest
