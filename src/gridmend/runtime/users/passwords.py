"""Passwords: what is accepted, and how they are kept (argon2id)."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gridmend.model.errors import GridmendError

LETTERS_LEAST, LETTERS_MOST = 12, 256
"""Length is what counts (NIST SP 800-63B, 5.1.1.2): no rule of digits and signs."""

MEMORY_KIB, PASSES, LANES = 47_104, 1, 1
"""About 0.2 s of one core each; the first of the settings that OWASP gives for argon2id."""

_COMMON = ("password", "passwort", "gridmend", "qwerty", "letmein", "welcome", "administrator")


@cache
def hasher() -> PasswordHasher:
    """The one that hashes at the present settings."""
    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)


def check(password: str, name: str) -> None:
    """Raise `GridmendError` for a password that is too easily guessed."""
    if not LETTERS_LEAST <= len(password) <= LETTERS_MOST:
        raise GridmendError(
            f"a password of {len(password)} letters",
            mend=f"give {LETTERS_LEAST} to {LETTERS_MOST}: some words that do not belong together",
        )
    plain = password.lower()
    if name.lower() in plain and len(name) > 2:
        raise GridmendError("the password holds the account's name", mend="choose other words")
    rest = plain
    for word in _COMMON:
        rest = rest.replace(word, "")
    if len(set(plain)) < 5 or len(rest) < LETTERS_LEAST // 2 or _is_row(plain):
        raise GridmendError("the password is one that is guessed first", mend="choose other words")


def _is_row(text: str) -> bool:
    """Whether each letter follows the one before, as in 123456789012 or abcdefghijkl."""
    steps = {ord(b) - ord(a) for a, b in pairwise(text)}
    return steps <= {1, -9} or steps <= {-1, 9}


def hashed(password: str) -> str:
    """What is kept of a password, with its own salt and settings."""
    return hasher().hash(password)


def verified(kept: str, password: str) -> bool:
    """Whether a password is the one of which that was kept."""
    try:
        return hasher().verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


def is_old(kept: str) -> bool:
    """Whether it was kept at other settings, and should be made anew at the next login."""
    return hasher().check_needs_rehash(kept)


@cache
def nobodys() -> str:
    """A hash that no password has, so that an unknown name takes as long as a wrong password."""
    return hashed("the password of nobody at all")
