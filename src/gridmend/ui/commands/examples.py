"""`gridmend examples`: the networks that ship, with size and source."""

from __future__ import annotations

from typing import Annotated

import typer


def examples(
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List the networks that ship, with size and source."""
    from gridmend.formats.examples import examples as shipped
    from gridmend.ui import answer, screen

    keys = ("name", "title", "buses", "customers", "source", "licence")
    rows = [{key: getattr(example, key) for key in keys} for example in shipped()]
    if json:
        answer.say_json({"examples": rows})
        return
    for row in rows:
        screen.show(f"{row['name']}: {row['title']}")
        screen.show(f"  size    {row['buses']} buses, {row['customers']} customers")
        screen.show(f"  source  {row['source']}")
        screen.show(f"  licence {row['licence']}")
    if rows:
        screen.show(f"Use a name wherever a PATH is asked for: gridmend solve {rows[0]['name']}")
