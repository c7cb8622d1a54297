from __future__ import annotations

from pathlib import Path

from gridmend.ui.web.patience import Patience
from gridmend.ui.web.serving import Limits
from gridmend.ui.web.table import ENDPOINTS
from gridmend.ui.web.wire import HEAD, MAGIC, PROTOCOL

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")


def test_the_page_has_every_endpoint_with_its_permission_and_no_other() -> None:
    rows = [line.split("|")[1:4] for line in PAGE.splitlines() if line.startswith("| ")]
    found = {
        (method.strip(), path.strip(" `"), permission.strip())
        for method, path, permission in rows
        if path.strip().startswith("`/")
    }
    expected = {(e.method, e.path, e.permission.value if e.permission else "–") for e in ENDPOINTS}
    assert found == expected


def test_the_figures_on_the_page_are_those_of_the_server() -> None:
    limits, patience = Limits(), Patience()
    assert PROTOCOL in PAGE and MAGIC.decode() in PAGE and HEAD.size == 32
    for said in (
        f"{limits.reads[0]} reads", f"{limits.changes[0]} changes",
        f"{limits.sockets_each} an account",
        f"more than {patience.head_s:.0f} s", f"for {patience.stall_s:.0f} s",
        f"{patience.body_bytes // 1024} KiB",
    ):  # fmt: skip
        assert said in " ".join(PAGE.split()), said
