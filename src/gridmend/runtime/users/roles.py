"""Roles, what each permits, and where: stated once, and asked by everything that serves people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from gridmend.model.situation import ANYWHERE


class Permission(StrEnum):
    """What somebody may do."""

    VIEW = "view"
    """The network, alarms, outages and orders."""
    REPORT = "report"
    """Read and print reports."""
    STUDY = "study"
    """Run studies and exercises on the twin."""
    EDIT_MODEL = "edit_model"
    ACKNOWLEDGE = "acknowledge"
    """Alarms, and shelve them."""
    TAKE_AUTHORITY = "take_authority"
    """Over an area, and hand a shift over."""
    OPERATE = "operate"
    """Select and operate devices of the network."""
    WORK = "work"
    """Tags, grounds and clearances."""
    WRITE_ORDERS = "write_orders"
    APPROVE_ORDERS = "approve_orders"
    EXECUTE_ORDERS = "execute_orders"
    AUTHORISE_LOOPS = "authorise_loops"
    SET_MODES = "set_modes"
    """What applications may do by themselves, and leaves for them."""
    KILL = "kill"
    """Stop all applications."""
    DISPATCH_DER = "dispatch_der"
    REPORT_FROM_FIELD = "report_from_field"
    """What a crew sees and does."""
    READ_METERS = "read_meters"
    """Consumption of single customers."""
    OWN_DATA = "own_data"
    """A customer's own readings and outages."""
    MANAGE_USERS = "manage_users"
    AUDIT = "audit"
    """The whole journal, its proofs, and who logged in."""


class Role(StrEnum):
    """What somebody is."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    DER_OPERATOR = "der_operator"
    ENGINEER = "engineer"
    CREW = "crew"
    AMI_ANALYST = "ami_analyst"
    CUSTOMER = "customer"
    SECURITY_ADMIN = "security_admin"
    AUDITOR = "auditor"
    APPLICATION = "application"


_P = Permission
_VIEWS = frozenset({_P.VIEW, _P.REPORT})
_OPERATES = _VIEWS | {
    _P.ACKNOWLEDGE, _P.TAKE_AUTHORITY, _P.OPERATE, _P.WORK, _P.WRITE_ORDERS, _P.EXECUTE_ORDERS,
    _P.KILL,
}  # fmt: skip

PERMITS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.VIEWER: _VIEWS,
        Role.OPERATOR: _OPERATES,
        Role.SUPERVISOR: _OPERATES | {_P.APPROVE_ORDERS, _P.AUTHORISE_LOOPS, _P.SET_MODES},
        Role.DER_OPERATOR: _VIEWS | {_P.ACKNOWLEDGE, _P.DISPATCH_DER, _P.KILL},
        Role.ENGINEER: _VIEWS | {_P.STUDY, _P.EDIT_MODEL, _P.WRITE_ORDERS},
        Role.CREW: frozenset({_P.VIEW, _P.REPORT_FROM_FIELD}),
        Role.AMI_ANALYST: _VIEWS | {_P.READ_METERS},
        Role.CUSTOMER: frozenset({_P.OWN_DATA}),
        # Who gives rights has none over the network, and who audits changes nothing.
        Role.SECURITY_ADMIN: frozenset({_P.MANAGE_USERS}),
        Role.AUDITOR: _VIEWS | {_P.AUDIT},
        Role.APPLICATION: frozenset({_P.VIEW, _P.WRITE_ORDERS}),
    }
)

POWERFUL = frozenset({Role.SUPERVISOR, Role.SECURITY_ADMIN})
"""Roles that one person grants and another confirms."""

APART = (
    frozenset({Role.SECURITY_ADMIN, Role.OPERATOR}),
    frozenset({Role.SECURITY_ADMIN, Role.SUPERVISOR}),
    frozenset({Role.SECURITY_ADMIN, Role.DER_OPERATOR}),
    frozenset({Role.SECURITY_ADMIN, Role.AUDITOR}),
    frozenset({Role.AUDITOR, Role.OPERATOR}),
    frozenset({Role.AUDITOR, Role.SUPERVISOR}),
)
"""Roles that no one person has both of."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A role in an area of responsibility; `ANYWHERE` is all of them."""

    role: Role
    area: str = ANYWHERE


def may(grants: Iterable[Grant], permission: Permission, area: str = ANYWHERE) -> bool:
    """Whether any grant permits something in an area. What is asked of everywhere takes a grant
    of everywhere; what has no area, as managing users, is asked so too."""
    return any(
        permission in PERMITS[grant.role] and grant.area in (ANYWHERE, area) for grant in grants
    )


def permitted(grants: Iterable[Grant]) -> dict[str, frozenset[Permission]]:
    """What is permitted in each area that the grants name."""
    found: dict[str, frozenset[Permission]] = {}
    for grant in grants:
        found[grant.area] = found.get(grant.area, frozenset()) | PERMITS[grant.role]
    return found


def clash(grants: Iterable[Grant]) -> str:
    """Why one person may not have all of these roles; empty where nothing speaks against it."""
    roles = {grant.role for grant in grants}
    for pair in APART:
        if pair <= roles:
            one, other = sorted(pair)
            return f"nobody is {one} and {other} at once"
    return ""
