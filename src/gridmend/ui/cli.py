"""The command line: its commands, and how errors and exit codes are said."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from gridmend.model.errors import GridmendError
from gridmend.ui.answer import INTERRUPTED, USER_ERROR, error_as_json, say_json
from gridmend.ui.commands.check import check
from gridmend.ui.commands.convert import convert
from gridmend.ui.commands.demo import demo
from gridmend.ui.commands.evidence import evidence
from gridmend.ui.commands.examples import examples
from gridmend.ui.commands.interruptions import interruptions
from gridmend.ui.commands.journal import journal
from gridmend.ui.commands.order import order
from gridmend.ui.commands.reconfigure import reconfigure
from gridmend.ui.commands.reliability import reliability
from gridmend.ui.commands.replay import replay
from gridmend.ui.commands.report import report
from gridmend.ui.commands.restore import restore
from gridmend.ui.commands.run import run
from gridmend.ui.commands.scenario import scenario
from gridmend.ui.commands.series import series
from gridmend.ui.commands.serve import serve
from gridmend.ui.commands.shortcircuit import shortcircuit
from gridmend.ui.commands.solve import solve
from gridmend.ui.commands.storm import storm
from gridmend.ui.compilation import compilation_shown
from gridmend.ui.encoding import forgive_narrow_encodings
from gridmend.ui.interruption import is_interruption

app = typer.Typer(
    name="gridmend",
    help="A distribution utility's network twin, control room and planning bench.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (run, serve, demo, examples, check, convert, solve, series, shortcircuit, restore):
    app.command()(command)
app.command()(reliability)
app.command()(reconfigure)
app.command()(storm)
app.command()(replay)
app.command()(order)
app.command()(evidence)
app.command()(interruptions)
app.add_typer(journal, name="journal")
app.add_typer(scenario, name="scenario")
app.add_typer(report, name="report")


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"gridmend {version('gridmend')}")
        raise typer.Exit


@app.callback()
def gridmend(
    version: bool = typer.Option(
        False, "--version", help="Say the version and stop.", callback=_version, is_eager=True
    ),
) -> None:
    """A distribution utility's network twin, control room and planning bench.

    PATH is a file, a folder or the name of an example. With --json a command prints one JSON
    object and nothing else. It exits 0 when all is well, 2 on a user's error and 3 when the
    result is not usable.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in given
    forgive_narrow_encodings()
    try:
        with compilation_shown():
            code = app(args=given, prog_name="gridmend", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except GridmendError as problem:
        return _refuse(as_json, what=problem.what, where=problem.where, mend=problem.mend)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has seen enough; nothing more can be said there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as problem:
        what = (problem.strerror or str(problem)).lower()
        where = str(problem.filename or "")
        return _refuse(as_json, what=what, where=where, mend="check the path and its permissions")
    except SystemError as problem:
        # Ctrl-C while Numba compiles arrives wrapped, because it passes through compiled code.
        if is_interruption(problem):
            return INTERRUPTED
        raise
    except Exception as problem:
        if hasattr(problem, "format_message"):
            return _refuse_usage(as_json, problem)
        if as_json:
            what = f"an error of Gridmend itself: {type(problem).__name__}: {problem}"
            say_json(error_as_json(what=what, where="", mend="please report it with the model"))
        raise


def _refuse(as_json: bool, *, what: str, where: str, mend: str) -> int:
    if as_json:
        say_json(error_as_json(what=what, where=where, mend=mend))
    else:
        sys.stderr.write(f"error: {GridmendError(what, where=where, mend=mend)}\n")
    return USER_ERROR


def _refuse_usage(as_json: bool, problem: Exception) -> int:
    """A wrong option or argument; the parser's classes are not public, so asked by duck type."""
    context = getattr(problem, "ctx", None)
    message = str(problem.format_message())  # pyright: ignore[reportAttributeAccessIssue]
    message = message.replace(": Value error, ", ": ")
    command = context.command_path if context else "gridmend"
    if type(problem).__name__ == "NoArgsIsHelpError" and not as_json:
        # Called without arguments: the message is the help itself.
        sys.stderr.write(message + "\n")
        return USER_ERROR
    return _refuse(as_json, what=message, where=command, mend=f"see {command} --help")


if __name__ == "__main__":
    sys.exit(main())
