"""A demonstration operator who is logged in without a password, on this machine alone."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Mapping
from ipaddress import ip_address

from gridmend.runtime.users.roles import Grant, Role
from gridmend.runtime.users.sessions import Session, csrf_of

NAME, SHOWN = "demonstration", "Demonstration operator"
GRANTS = (Grant(Role.SUPERVISOR), Grant(Role.ENGINEER), Grant(Role.DER_OPERATOR))
TOKENS_MOST = 256
"""Browsers that are remembered; the longest unseen are forgotten first."""
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Demonstration:
    """Sessions in memory: no account, and gone when the process ends."""

    def __init__(self) -> None:
        self._tokens: OrderedDict[str, None] = OrderedDict()

    def log_in(self) -> str:
        """The token of a new session."""
        token = secrets.token_urlsafe(32)
        self._tokens[token] = None
        while len(self._tokens) > TOKENS_MOST:
            self._tokens.popitem(last=False)
        return token

    def session(self, token: str) -> Session | None:
        """Whose session it is; None where it is none of these."""
        if token not in self._tokens:
            return None
        self._tokens.move_to_end(token)
        return Session(NAME, SHOWN, GRANTS, csrf_of(token))

    def log_out(self, token: str) -> None:
        """End a session."""
        self._tokens.pop(token, None)


def is_local(peer: str, headers: Mapping[str, str]) -> bool:
    """Whether a request comes from this machine, and was meant for it by name.

    The Host header is asked as well: another site's name that points to 127.0.0.1 (DNS rebinding)
    brings its own. What a proxy hands on is nobody's from this machine.
    """
    try:
        is_loopback = ip_address(peer).is_loopback
    except ValueError:
        return False
    host = headers.get("host", "").lower()
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    proxied = "forwarded" in headers or "x-forwarded-for" in headers or "x-real-ip" in headers
    return is_loopback and name in _LOOPBACK_NAMES and not proxied
