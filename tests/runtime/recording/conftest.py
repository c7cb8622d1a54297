from tests.runtime.live.conftest import rooms

__all__ = ["rooms"]
