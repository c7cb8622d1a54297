"""A command on its way to the gateway, signed with the key of its world."""

from __future__ import annotations

import json
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gridmend.model.command import Command, World, command_of
from gridmend.model.errors import GridmendError

_DOMAIN = b"gridmend frame 1\0"


@dataclass(frozen=True, slots=True)
class Frame:
    """A command, the number of its entry in the journal, and the signature of both."""

    command: Command
    sequence: int
    signature: bytes

    def as_line(self) -> str:
        """The same as one line of JSON; `frame_of` reads it back."""
        body = {"command": self.command.as_json(), "sequence": self.sequence}
        return json.dumps({**body, "signature": self.signature.hex()}, sort_keys=True)


def frame_of(line: str) -> Frame:
    """The frame in a line. Raises `GridmendError` where it is none."""
    try:
        found = json.loads(line)
        signature = bytes.fromhex(found["signature"])
        return Frame(command_of(found["command"]), int(found["sequence"]), signature)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as problem:
        raise GridmendError(
            "this is not a frame", where=line[:80], mend="write it as Frame.as_line does"
        ) from problem


class Signer:
    """Signs the commands of one world; each world has a key of its own."""

    def __init__(self, world: World, key: Ed25519PrivateKey) -> None:
        self.world = world
        self._key = key

    @staticmethod
    def new(world: World) -> Signer:
        """A signer with a new key."""
        return Signer(world, Ed25519PrivateKey.generate())

    def sign(self, command: Command, sequence: int) -> Frame:
        """The frame of a command. Raises `GridmendError` for a command of another world."""
        if command.world is not self.world:
            raise GridmendError(
                f"the key of world {self.world} does not sign {command.world} commands",
                mend="use that world's own control room",
            )
        return Frame(command, sequence, self._key.sign(_message(self.world, command, sequence)))

    def verifier(self) -> Verifier:
        """What checks this signer's frames."""
        public = self._key.public_key()
        return Verifier(self.world, public.public_bytes(Encoding.Raw, PublicFormat.Raw))


@dataclass(frozen=True, slots=True)
class Verifier:
    """The public key of one world."""

    world: World
    public_key: bytes

    def holds(self, frame: Frame) -> bool:
        """Whether the frame was signed with this world's key, and for this world."""
        message = _message(self.world, frame.command, frame.sequence)
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(frame.signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


def _message(world: World, command: Command, sequence: int) -> bytes:
    body = json.dumps([sequence, command.as_json()], sort_keys=True).encode()
    return _DOMAIN + world.value.encode() + b"\0" + body
