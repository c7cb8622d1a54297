"""Where a journal is kept: a SQLite file, a PostgreSQL database, or memory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from gridmend.runtime.journal.errors import JournalError

_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_FORMS = "give a file, sqlite:///FILE, or postgresql://USER@HOST/DATABASE"


@dataclass(frozen=True, slots=True)
class Address:
    """A store: a file (`path`), a server (`url`, within it `schema`), or memory (neither)."""

    path: Path | None = None
    url: URL | None = None
    schema: str = ""

    @property
    def where(self) -> str:
        """The same as a message says it, without a password."""
        if self.path is not None:
            return str(self.path)
        if self.url is None:
            return "a journal in memory"
        shown = self.url.render_as_string(hide_password=True).replace("+pg8000", "")
        return f"{shown}?schema={self.schema}" if self.schema else shown

    @classmethod
    def of(cls, store: str | Path) -> Address:
        """Read a path or a URL; `JournalError` where it is neither."""
        text = str(store)
        if not text or "\0" in text:
            raise JournalError("the store has no name", where=repr(text), mend=_FORMS)
        if isinstance(store, Path) or "://" not in text:
            return cls(path=Path(text))
        scheme, _, rest = text.partition("://")
        if scheme == "sqlite":
            return cls._of_sqlite(text, rest)
        if scheme in ("postgresql", "postgres", "postgresql+pg8000"):
            return cls._of_server(f"postgresql+pg8000://{rest}", text)
        raise JournalError(
            f"a journal is not kept in '{scheme}'", where=_without_password(text), mend=_FORMS
        )

    @classmethod
    def _of_sqlite(cls, text: str, rest: str) -> Address:
        if rest in ("", "/:memory:"):
            return cls()
        if not rest.startswith("/") or len(rest) == 1 or "?" in rest:
            raise JournalError("this URL names no file", where=text, mend=_FORMS)
        return cls(path=Path(unquote(rest[1:])))

    @classmethod
    def _of_server(cls, normal: str, text: str) -> Address:
        try:
            url = make_url(normal)
        except (ArgumentError, ValueError):
            raise JournalError(
                "this URL cannot be read", where=_without_password(text), mend=_FORMS
            ) from None
        schema = str(url.query.get("schema", ""))
        if schema and not _SCHEMA.fullmatch(schema):
            raise JournalError(
                f"'{schema[:80]}' is no name of a schema",
                where=_without_password(text),
                mend="use small letters, digits and underscores, and begin with a letter",
            )
        unknown = sorted(set(url.query) - {"schema"})
        if unknown or not url.database:
            what = f"an option is not known: {', '.join(unknown)}" if unknown else "no database"
            raise JournalError(what, where=_without_password(text), mend=_FORMS)
        return cls(url=url.set(query={}), schema=schema)


def _without_password(text: str) -> str:
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", text)
