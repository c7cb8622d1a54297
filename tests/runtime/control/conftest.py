from tests.runtime.journal.conftest import store

__all__ = ["store"]
