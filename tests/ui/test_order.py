import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from gridmend.runtime.shape import demand_at, residential_shape

Gridmend = Callable[..., Any]
WINDOW = ("--from", "2095-12-01T09:00", "--to", "2095-12-01T14:00", "--who", "ann")
KEYS = {
    "feasible", "problem", "request", "zone", "points", "grounds", "customers_out", "steps",
    "conflicts", "left_out", "hardest", "digest", "gap_pct", "customer_minutes",
}  # fmt: skip


def test_json_holds_the_whole_order_and_nothing_else_is_printed(gridmend: Gridmend) -> None:
    said = gridmend("order", "ieee123", "--isolate", "l52", *WINDOW, "--json")
    found = said.json
    assert said.code == 0
    assert found.keys() >= KEYS
    assert found["feasible"] is True and found["problem"] is None
    assert found["points"] == ["Sw2", "Sw4", "Sw8"]
    assert found["customers_out"] == 184
    assert found["request"]["elements"] == ["line.L52"]
    moved = [(s["action"], s["device"]) for s in found["steps"] if s["action"] in ("open", "close")]
    assert moved == [
        ("close", "Sw7"), ("open", "Sw4"), ("open", "Sw2"),
        ("close", "Sw2"), ("close", "Sw4"), ("open", "Sw7"),
    ]  # fmt: skip
    assert all(step["why"] for step in found["steps"])


def test_a_person_reads_lines_reasons_and_who_is_out(gridmend: Gridmend) -> None:
    said = gridmend("order", "ieee123", "--isolate", "l52", *WINDOW, "--zone", "America/Chicago")
    assert said.code == 0
    for words in (
        "work on line.L52 for ann",
        "09:00 to",
        "CST",
        "close Sw7 (loop)",
        "test dead",
        "184 of 1,158 customers out",
        "hardest during the work",
        "a leave",
    ):
        assert words in said.out  # fmt: skip


def test_what_cannot_be_met_exits_3_and_says_what_is_known(gridmend: Gridmend) -> None:
    said = gridmend("order", "ieee13", "--isolate", "671692", *WINDOW, "--json")
    assert said.code == 3
    assert "no switch parts switch.671692 from source.source" in said.json["problem"]
    assert said.json["zone"] and said.json["steps"] == []
    assert gridmend("order", "ieee13", "--isolate", "671692", *WINDOW).out.count("NOT USABLE") == 1


@pytest.mark.parametrize(
    ("options", "where"),
    [
        (("--isolate", "l999", *WINDOW), ""),
        (("--isolate", "l52"), "--from"),
        (("--isolate", "l52", "--from", "2095-12-01T09:00"), "--to"),
        (("--isolate", "l52", "--from", "yesterday", "--to", "2095-12-01"), "--from"),
        (("--isolate", "l52", "--from", "2020-12-01T09:00", "--to", "2020-12-01T12:00"), "from"),
        (("--isolate", "l52", *WINDOW, "--zone", "Europe/Nowhere"), "--zone"),
        (("--isolate", "l52", "--emergency"), "reason"),
        (("--isolate", "l52", *WINDOW, "--load-mult", "nan"), "--load-mult"),
        (("--isolate", "l52", *WINDOW, "--load-mult", "1", "--daily"), "order"),
        (("--isolate", "l52", *WINDOW, "--set", "a=b"), "--set"),
        (("--isolate", "l52", *WINDOW, "--out", "/nowhere/x.pdf"), "--out"),
        (("--isolate", "l52", *WINDOW, "--others", "/nowhere/x.json"), "--others /nowhere/x.json"),
        (("--isolate", "l52", *WINDOW, "--template", "/nowhere/x"), "--template /nowhere/x"),
        (("--isolate", "l52", "--from", "2095-03-13T02:30", "--to", "2095-03-13T12:00",
          "--zone", "America/Chicago"), "--from"),
    ],
)  # fmt: skip
def test_a_users_error_exits_2_with_where(
    gridmend: Gridmend, options: tuple[str, ...], where: str
) -> None:
    said = gridmend("order", "ieee123", *options, "--json")
    assert said.code == 2
    assert said.json["error"]["what"]
    assert said.json["error"]["where"] == where


def test_an_emergency_begins_now(gridmend: Gridmend) -> None:
    said = gridmend("order", "ieee123", "--isolate", "l52", "--emergency", "--reason",
                    "a tree", "--json")  # fmt: skip
    assert said.code == 0
    begin, end = (datetime.fromisoformat(said.json["request"][k]) for k in ("from", "to"))
    assert abs((datetime.now(begin.tzinfo) - begin).total_seconds()) < 3600
    assert (end - begin).total_seconds() == 4 * 3600
    assert said.json["request"]["kind"] == "emergency"


@pytest.mark.parametrize("suffix", [".json", ".yaml"])
def test_a_template_is_kept_and_applied_with_other_names(
    gridmend: Gridmend, tmp_path: Path, suffix: str
) -> None:
    kept = tmp_path / f"pole{suffix}"
    first = gridmend(
        "order", "ieee123", "--isolate", "l52", *WINDOW, "--save-template", kept, "--json"
    )
    assert first.code == 0
    text = kept.read_text()
    assert (json.loads(text) if suffix == ".json" else yaml.safe_load(text))["template"] == 1
    again = gridmend("order", "ieee123", "--isolate", "l55", *WINDOW, "--template", kept, "--json")
    assert again.code == 0, again.json["problem"]
    assert [s["device"] for s in again.json["steps"]][:3] == ["Sw7", "Sw4", "Sw2"]
    assert again.json["request"]["elements"] == ["line.L55"]
    wrong = gridmend("order", "ieee123", "--isolate", "l55", *WINDOW, "--template", kept,
                     "--set", "device_1=Sw8", "--json")  # fmt: skip
    assert wrong.code == 3 and wrong.json["problem"]


def test_other_orders_are_compared_and_a_conflict_exits_3(
    gridmend: Gridmend, tmp_path: Path
) -> None:
    other = tmp_path / "other.json"
    other.write_text(gridmend("order", "ieee123", "--isolate", "l117", *WINDOW, "--json").out)
    said = gridmend("order", "ieee123", "--isolate", "l52", *WINDOW, "--others", other, "--json")
    assert said.code == 3
    assert said.json["feasible"] is True
    assert any("Sw4" in c["what"] for c in said.json["conflicts"])
    assert "stands in conflict" in gridmend(
        "order", "ieee123", "--isolate", "l52", *WINDOW, "--others", other
    ).out  # fmt: skip
    next_day = ("--from", "2095-12-02T09:00", "--to", "2095-12-02T14:00")
    later = gridmend("order", "ieee123", "--isolate", "l52", *next_day, "--others", other, "--json")
    assert later.code == 0 and later.json["conflicts"] == []
    other.write_text("[1]")
    assert gridmend(
        "order", "ieee123", "--isolate", "l52", *WINDOW, "--others", other, "--json"
    ).code == 2  # fmt: skip


def test_demand_follows_the_day_or_a_file_of_shapes(gridmend: Gridmend, tmp_path: Path) -> None:
    evening = ("--from", "2095-12-01T15:00", "--to", "2095-12-01T20:00")
    said = gridmend("order", "ieee123", "--isolate", "l52", *evening, "--daily", "--json")
    hardest = datetime.fromisoformat(said.json["hardest"]["at"])
    assert demand_at(residential_shape(), 60 * hardest.hour) > 0.95, "the top of the evening"
    shapes, who = tmp_path / "s.csv", tmp_path / "m.csv"
    rows = [f"{h},{1.0 if h == 10 else 0.3}" for h in range(24)]
    shapes.write_text("\n".join(["hour,home", *rows]))
    who.write_text("load,shape\n*,home\n")
    found = gridmend("order", "ieee123", "--isolate", "l52", *WINDOW, "--shapes", shapes,
                     "--map", who, "--json")  # fmt: skip
    assert found.code == 0
    assert found.json["hardest"]["at"].startswith("2095-12-01T10:00")
