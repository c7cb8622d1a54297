from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.runtime.journal.journals import on_server, server


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a store of its own on either kind, gone afterwards."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'journal.db'}"
        return
    with _schema(tmp_path) as url:
        yield url


@pytest.fixture
def server_store(tmp_path: Path) -> Iterator[str]:
    """The URL of a store of its own on PostgreSQL, gone afterwards."""
    with _schema(tmp_path) as url:
        yield url


@contextmanager
def _schema(tmp_path: Path) -> Iterator[str]:
    url, why = server()
    if not url:
        pytest.skip(why)
    # The folder of a test is its own among all that run at a time.
    schema = "test_" + re.sub(r"[^a-z0-9]", "_", str(tmp_path).lower())[-50:]
    with on_server() as cursor:
        cursor.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
    yield f"{url}?schema={schema}"
    with on_server() as cursor:
        cursor.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
