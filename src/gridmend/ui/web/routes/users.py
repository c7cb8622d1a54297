"""Accounts and what they may do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Path, Query, Request, Response

from gridmend.model.situation import ANYWHERE
from gridmend.runtime.users.keeping import Account as Row
from gridmend.runtime.users.roles import Grant, Role
from gridmend.runtime.users.sessions import csrf_of
from gridmend.ui.web.answers.identity import (
    Account,
    AccountGiven,
    ActiveGiven,
    Done,
    GrantAnswer,
    Granted,
    GrantGiven,
    PasswordGiven,
    PasswordSet,
    PendingGrant,
    User,
)
from gridmend.ui.web.answers.shape import Area
from gridmend.ui.web.gate import Calling, Served, endpoint
from gridmend.ui.web.routes.session import set_cookie
from gridmend.ui.web.serving import Serving, peer_of

T = TypeVar("T")
router = APIRouter(tags=["users"])
AccountName = Annotated[str, Path(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


async def _kept(serving: Serving, work: Callable[[], T]) -> T:
    return await serving.lanes.store.run(work)


@endpoint(router, "GET", "/users")
async def users(serving: Served, caller: Calling) -> list[Account]:
    """Every account, with the grants that hold."""
    listed = await _kept(serving, lambda: serving.accounts.listed(caller.session.name))
    return [_account(row, grants) for row, grants in listed]


@endpoint(router, "POST", "/users")
async def make(given: AccountGiven, serving: Served, caller: Calling) -> User:
    """Make an account without any right."""
    made = await serving.lanes.hashing.run(
        lambda: serving.accounts.make(
            caller.session.name, given.name, given.password, given.shown
        )
    )  # fmt: skip
    return User.of(made)


@endpoint(router, "GET", "/users/pending")
async def pending(serving: Served, caller: Calling) -> list[PendingGrant]:
    """Grants that wait for a second person."""
    listed = await _kept(serving, lambda: serving.accounts.pending(caller.session.name))
    return [
        PendingGrant(
            name=p.name, by=p.by, grant=GrantAnswer(role=p.grant.role.value, area=p.grant.area)
        )
        for p in listed
    ]


@endpoint(router, "POST", "/users/{name}/grants")
async def grant(
    name: AccountName, given: GrantGiven, serving: Served, caller: Calling
) -> Granted:  # fmt: skip
    """Give a role in an area; some wait for a second person."""
    by, wanted = caller.session.name, Grant(given.role, given.area)
    return Granted(holds=await _kept(serving, lambda: serving.accounts.grant(by, name, wanted)))


@endpoint(router, "POST", "/users/{name}/grants/confirm")
async def confirm(
    name: AccountName, given: GrantGiven, serving: Served, caller: Calling
) -> Done:  # fmt: skip
    """As a second person, let a role hold that another proposed."""
    by, wanted = caller.session.name, Grant(given.role, given.area)
    await _kept(serving, lambda: serving.accounts.confirm(by, name, wanted))
    return Done(id=name)


@endpoint(router, "DELETE", "/users/{name}/grants")
async def revoke(
    name: AccountName, role: Annotated[Role, Query()], serving: Served, caller: Calling,
    area: Annotated[Area, Query()] = ANYWHERE,
) -> Done:  # fmt: skip
    """Take a role away, at once."""
    by = caller.session.name
    await _kept(serving, lambda: serving.accounts.revoke(by, name, Grant(role, area)))
    return Done(id=name)


@endpoint(router, "PUT", "/users/{name}/password")
async def set_password(
    name: AccountName, given: PasswordGiven, request: Request, response: Response, serving: Served,
    caller: Calling,
) -> PasswordSet:  # fmt: skip
    """Give an account another password, as a security admin, or one's own with the `present` one;
    all its other sessions end."""
    by, place = caller.session.name, peer_of(request)

    def work() -> str:
        if by == name:
            return serving.sessions.set_own_password(
                name, given.present, given.password, place=place
            )
        serving.accounts.set_password(by, name, given.password)
        return ""

    token = await serving.lanes.hashing.run(work)
    if token:
        set_cookie(serving, response, token)
    return PasswordSet(id=name, csrf=csrf_of(token) if token else "")


@endpoint(router, "PUT", "/users/{name}/active")
async def set_active(
    name: AccountName, given: ActiveGiven, serving: Served, caller: Calling
) -> Done:  # fmt: skip
    """Let an account log in, or no longer; its sessions end at once."""
    by = caller.session.name
    await _kept(serving, lambda: serving.accounts.set_active(by, name, is_active=given.active))
    return Done(id=name)


def _account(row: Row, grants: tuple[Grant, ...]) -> Account:
    shown = [GrantAnswer(role=g.role.value, area=g.area) for g in grants]
    return Account(
        name=row.name, shown=row.shown, is_active=row.is_active,
        must_change_password=bool(row.given_by), grants=shown,
    )  # fmt: skip
