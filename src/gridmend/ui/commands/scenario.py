"""`gridmend scenario`: readable scenarios of the twin, checked, run, recorded and run again."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from gridmend.model.errors import Finding
    from gridmend.runtime.exercise.exercise import Exercise
    from gridmend.twin.scenario.scenario import Policy, Scenario

scenario = typer.Typer(
    help="Scenarios of the twin: list, check, run, or run a recorded one again.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Named = Annotated[str, typer.Argument(help="Scenario file (YAML), or one that ships by its name.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Under = Annotated[
    str | None, typer.Option(help="crew or healing, in place of the scenario's own policy.")
]


@scenario.command("list")
def list_() -> None:
    """List the scenarios that ship."""
    from gridmend.twin.scenario.reading import read_scenario
    from gridmend.twin.scenario.shipped import scenarios
    from gridmend.ui import screen

    rows = []
    for name in scenarios():
        found = read_scenario(name)
        rows.append((name, found.grid, f"{found.hours:g}", found.policy, found.about))
    screen.show(screen.table("", ("name", "grid", "hours", "policy", "about"), rows))


@scenario.command()
def check(path: Named, json: Json = False) -> None:
    """Say all that is wrong with a scenario, each with where and how to mend; 2 on an error."""
    from gridmend.twin.scenario.checks import check_scenario
    from gridmend.twin.scenario.reading import ScenarioError, read_grid, read_scenario
    from gridmend.ui import answer, screen

    try:
        found = read_scenario(path)
        findings: tuple[Finding, ...] = check_scenario(found, read_grid(found))
    except ScenarioError as problem:
        findings = problem.findings
    is_ok = not any(finding.severity == "error" for finding in findings)
    if json:
        answer.say_json({"ok": is_ok, "findings": [_plain(finding) for finding in findings]})
    else:
        screen.show(*(str(finding) for finding in findings))
        screen.show("fit to run" if is_ok else "not fit to run")
    if not is_ok:
        raise typer.Exit(answer.USER_ERROR)


@scenario.command()
def run(
    path: Named,
    policy: Under = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to record the run in; a new one.")
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(min=1e-3, help="Seconds of the run in one second: 1 is real time."),
    ] = None,
    json: Json = False,
) -> None:
    """Run a scenario on the twin, and hold it to what it expects; 3 where it does not meet that."""
    from gridmend.runtime.exercise.recording import check_free, record
    from gridmend.twin.scenario.reading import read_scenario
    from gridmend.ui import screen

    begun = perf_counter()
    if out is not None:
        check_free(out)
    found = _rehearsed(read_scenario(path), policy, speed)
    if out is not None:
        record(found, out)
        screen.say(f"recorded in {out}")
    _finish(found, begun, json=json)


@scenario.command()
def replay(
    folder: Annotated[Path, typer.Argument(help="Folder of a recorded run.")],
    policy: Under = None,
    json: Json = False,
) -> None:
    """Run a recorded run again: byte for byte the same, or beside it under another policy.

    It exits 3 where the same policy does not give the same bytes.
    """
    from gridmend.runtime.exercise.recording import digest, recorded
    from gridmend.ui import answer, screen

    begun = perf_counter()
    known, result = recorded(folder)
    found = _rehearsed(known, policy)
    is_same = digest(found) == result["sha256"]
    if found.policy == result["policy"]:
        screen.say("the same bytes" if is_same else "NOT the same bytes as were recorded")
    _finish(found, begun, json=json, beside=result)
    if found.policy == result["policy"] and not is_same:
        raise typer.Exit(answer.UNUSABLE)


def _rehearsed(known: Scenario, policy: str | None, speed: float | None = None) -> Exercise:
    """Run it: as fast as it goes, or at a speed, twice a second at most."""
    from time import sleep

    from gridmend.model.errors import GridmendError
    from gridmend.runtime.exercise.exercise import rehearse
    from gridmend.ui import screen

    if policy not in (None, "crew", "healing"):
        raise GridmendError(f"there is no policy '{policy}'", mend="give crew or healing")
    chosen: Policy | None = "healing" if policy == "healing" else "crew" if policy else None
    parts = 200 if speed is None else max(200, round(2 * known.end_s / speed))
    screen.say(f"{known.name}: {known.hours:g} h, seed {known.seed} …")
    with screen.Advance(round(known.end_s), of="seconds of the run") as bar:
        begun = perf_counter()

        def told(now_s: float) -> None:
            if speed is not None:
                sleep(max(0.0, begun + now_s / speed - perf_counter()))
            bar.to(round(now_s))

        return rehearse(known, chosen, progress=told, parts=parts)


def _finish(found: Exercise, begun: float, *, json: bool, beside: Any | None = None) -> None:
    """Print what was measured, beside a recorded run where there is one."""
    from gridmend.runtime.exercise.as_recorded import as_recorded
    from gridmend.ui import answer, screen

    if json:
        said: dict[str, Any] = {
            "scenario": found.scenario.name, "policy": found.policy, "seed": found.scenario.seed,
            "measures": found.measures, "as_recorded": as_recorded(found),
            "ok": not found.findings,
            "not_met": [_plain(finding) for finding in found.findings],
            "seconds": perf_counter() - begun,
        }  # fmt: skip
        if beside is not None:
            said["recorded"] = beside
        answer.say_json(said)
    else:
        _show(found, beside)
        screen.show(f"took {perf_counter() - begun:.1f} s")
    if found.findings:
        raise typer.Exit(answer.UNUSABLE)


def _show(found: Exercise, beside: Any | None) -> None:
    from gridmend.twin.scenario.expectations import MEASURES
    from gridmend.ui import screen

    known = beside["measures"] if beside is not None else {}
    rows = [
        (
            name,
            _words(value),
            *((_words(known[name]),) if name in known else ()),
            MEASURES[name].meaning,
        )
        for name, value in found.measures.items()
    ]
    policies = (found.policy, *((f"recorded: {beside['policy']}",) if beside is not None else ()))
    screen.show(screen.table(f"{found.scenario.name}, simulated", ("", *policies, ""), rows))
    for finding in found.findings:
        screen.show(f"not met: {finding.what}")
    if found.scenario.expect and not found.findings:
        screen.show(f"all {len(found.scenario.expect)} expectations are met")
    if found.assumed:
        screen.show(f"assumed: {found.assumed[0].what}")
        if len(found.assumed) > 1:
            screen.show(
                f"  and {len(found.assumed) - 1} more of that kind; give settings in the grid"
            )


def _words(value: Any) -> str:
    """A number, or how many names and the first of them."""
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    names = list(dict.fromkeys(str(name) for name in value))
    return f"{len(value)}: {', '.join(names[:3])}{' …' if len(names) > 3 else ''}" if names else "0"


def _plain(finding: Finding) -> dict[str, str]:
    return {
        "severity": finding.severity, "what": finding.what,
        "where": finding.where, "mend": finding.mend,
    }  # fmt: skip
