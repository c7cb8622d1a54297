"""A way on where no second person is left who could confirm a security admin: on the machine."""

from __future__ import annotations

import time
from collections.abc import Callable

from gridmend.model.errors import GridmendError
from gridmend.runtime.journal.address import Address
from gridmend.runtime.journal.store import Store
from gridmend.runtime.users import keeping, opening
from gridmend.runtime.users.accounts import WAIT_S
from gridmend.runtime.users.outbox import Outbox, nobody
from gridmend.runtime.users.roles import Grant, Role

HERE = "whoever has the machine"


def confirm(url: str, name: str, clock: Callable[[], float] = time.time) -> None:
    """Confirm that an account is a security admin, as whoever has the store's file.

    What was done waits for the next start, which tells it. Raises `GridmendError` where nobody
    proposed it, and where somebody else is there who can confirm it.
    """
    store = Store.of(Address.of(url), read_only=False, wait_s=WAIT_S)
    try:
        with store.writing() as held:
            opening.prepare(held, store.address.where)
            grant = Grant(Role.SECURITY_ADMIN)
            found = [p for p in keeping.pending(held) if (p.name, p.grant) == (name, grant)]
            if not found:
                raise GridmendError(f"nobody proposed '{name[:60]}'", mend="propose it first")
            proposed = found[0].by
            others = sorted(keeping.admins(held) - {proposed})
            if others:
                raise GridmendError("it needs nobody here", mend=f"have '{others[0]}' confirm it")
            keeping.put_grant(held, name, grant, by=proposed, confirmed_by=HERE)
            said = {"name": name, "role": grant.role.value, "area": grant.area, "by": proposed}
            said["confirmed_by"] = HERE
            # Not delivered here, where no journal listens.
            Outbox(store, clock, nobody).put(held, "role_granted", said)
    finally:
        store.close()
