from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmend.runtime.users.roles import (
    APART,
    PERMITS,
    Grant,
    Permission,
    Role,
    clash,
    may,
    permitted,
)

AREAS = ("", "north", "south")
TABLE = """
                 viewer operator supervisor der_operator engineer crew ami_analyst customer security_admin auditor application
view                x       x        x           x          x      x        x         .           .           x         x
report              x       x        x           x          x      .        x         .           .           x         .
study               .       .        .           .          x      .        .         .           .           .         .
edit_model          .       .        .           .          x      .        .         .           .           .         .
acknowledge         .       x        x           x          .      .        .         .           .           .         .
take_authority      .       x        x           .          .      .        .         .           .           .         .
operate             .       x        x           .          .      .        .         .           .           .         .
work                .       x        x           .          .      .        .         .           .           .         .
write_orders        .       x        x           .          x      .        .         .           .           .         x
approve_orders      .       .        x           .          .      .        .         .           .           .         .
execute_orders      .       x        x           .          .      .        .         .           .           .         .
authorise_loops     .       .        x           .          .      .        .         .           .           .         .
set_modes           .       .        x           .          .      .        .         .           .           .         .
kill                .       x        x           x          .      .        .         .           .           .         .
dispatch_der        .       .        .           x          .      .        .         .           .           .         .
report_from_field   .       .        .           .          .      x        .         .           .           .         .
read_meters         .       .        .           .          .      .        x         .           .           .         .
own_data            .       .        .           .          .      .        .         x           .           .         .
manage_users        .       .        .           .          .      .        .         .           x           .         .
audit               .       .        .           .          .      .        .         .           .           x         .
"""  # noqa: E501


def cells() -> list[tuple[Permission, Role, bool]]:
    head, *rows = (line.split() for line in TABLE.strip().splitlines())
    return [
        (Permission(name), Role(role), mark == "x")
        for name, *marks in rows
        for role, mark in zip(head, marks, strict=True)
    ]


def test_the_table_that_people_read_has_every_role_and_permission() -> None:
    found = cells()
    assert {p for p, _, _ in found} == set(Permission)
    assert {r for _, r, _ in found} == set(Role) == set(PERMITS)


@pytest.mark.parametrize(("granted", "asked"), list(product(AREAS, AREAS)))
def test_every_role_permits_what_the_table_says_in_its_area_alone(granted: str, asked: str) -> None:
    covers = granted in ("", asked)
    for permission, role, is_permitted in cells():
        assert may([Grant(role, granted)], permission, asked) is (is_permitted and covers)


@given(st.lists(st.builds(Grant, st.sampled_from(Role), st.sampled_from(AREAS))))
def test_more_grants_never_take_anything_away_and_add_up(grants: list[Grant]) -> None:
    for permission, area in product(Permission, AREAS):
        alone = any(may([grant], permission, area) for grant in grants)
        assert may(grants, permission, area) is alone
    areas = permitted(grants)
    assert set(areas) == {grant.area for grant in grants}


def test_nobody_gives_rights_and_uses_them() -> None:
    for role in Role:
        rights = PERMITS[role]
        acts = rights & {Permission.OPERATE, Permission.APPROVE_ORDERS, Permission.DISPATCH_DER}
        assert not (acts and rights & {Permission.MANAGE_USERS, Permission.AUDIT})
    for pair in APART:
        assert clash([Grant(role) for role in pair])
        assert clash([Grant(role, area) for role, area in zip(pair, AREAS, strict=False)])
    assert clash([Grant(Role.OPERATOR), Grant(Role.ENGINEER)]) == ""
