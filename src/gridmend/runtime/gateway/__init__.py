"""The last gate before the field: its own copy of the rules, its own record of what was sent."""

from gridmend.runtime.gateway.frame import Frame, Signer, Verifier
from gridmend.runtime.gateway.gateway import Gateway, Reply
from gridmend.runtime.gateway.sent import Sent

__all__ = ["Frame", "Gateway", "Reply", "Sent", "Signer", "Verifier"]
