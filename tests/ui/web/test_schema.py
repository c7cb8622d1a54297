"""The whole API asked by its own OpenAPI: what nobody would ask, within bounds."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import positive_data_acceptance

from gridmend.runtime.users.roles import Grant, Role
from gridmend.ui.web.table import ENDPOINTS
from tests.ui.web.conftest import House, house_of

ROOT = "/api/v1"


def everybody(house: House) -> dict[str, str]:
    """Somebody who may do everything: what is refused is refused for what was asked."""
    return house.headers(house.person("every", *(Grant(role) for role in Role)))


_HOUSE = house_of()
schema = schemathesis.openapi.from_asgi(ROOT + "/openapi.json", _HOUSE.app)
"""Without the stream, which has no end."""


def test_the_openapi_has_every_endpoint_and_the_statuses_of_a_refusal() -> None:
    said: dict[str, Any] = _HOUSE.app.openapi()
    assert said["openapi"].startswith("3.1")
    found = {
        (method.upper(), path.removeprefix(ROOT))
        for path, methods in said["paths"].items()
        for method in methods
    }
    assert found == {(entry.method, entry.path) for entry in ENDPOINTS}
    for path, methods in said["paths"].items():
        for method, operation in methods.items():
            responses = operation["responses"]
            problems = [s for s in responses if s[0] in "45"]
            assert "429" in problems, (method, path)
            for status in problems:
                assert list(responses[status]["content"]) == ["application/problem+json"]


@schema.exclude(path_regex="/stream$").parametrize()
@settings(
    max_examples=6, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
def test_nothing_that_is_asked_breaks_it_and_no_status_is_undocumented(case: Case) -> None:
    headers = everybody(_HOUSE)
    response = case.call(headers=headers)
    case.validate_response(response, headers=headers, excluded_checks=[positive_data_acceptance])
    assert response.status_code < 500


pytestmark = pytest.mark.filterwarnings("ignore")
