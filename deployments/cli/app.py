"""The `makegood` command and how its endings become exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import Annotated

import typer
from typer import Abort

from deployments.cli.commands import add_commands
from deployments.cli.exits import Exit, ended_by, say
from models.findings import refuse

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
}
"""Set before Prefect starts, unless the environment says otherwise: no telemetry, no chatter."""

COMPLETE = "_MAKEGOOD_COMPLETE"
"""How a shell asks Click for completions, or for the script that asks for them."""
TYPED_SO_FAR = ("COMP_WORDS", "_TYPER_COMPLETE_ARGS")
"""Where the shells put the command line that is to be completed."""
SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")

INTERRUPTED = 130
"""What Click makes of Ctrl-C."""

EPILOG = """\b
Start with:
  makegood demo                   the main job on real outages, in a folder of its own
  makegood init books             a workspace of your own, with comments and sample data
  makegood COMMAND --help         options, examples and exit codes of one command

\b
Exit codes of every command:
  0  done
  1  findings, or withheld items that need a person
  2  unusable input; nothing was written
  3  could not finish (month locked, database or vendor unreachable); run it again

\b
Completion for bash (or zsh, fish, powershell):
  eval "$(makegood --show-completion bash)"
"""


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: Sequence[str]) -> int:
    """Run one command and turn whatever happens into an exit code and words on stderr."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        with _script_asked_for(arguments):
            app = _application(arguments)
            ended = app(list(arguments), standalone_mode=False, prog_name="makegood")
        return _interrupted() if ended == INTERRUPTED else int(ended or Exit.DONE)
    except Abort:
        say("stopped before anything was changed.")
        return Exit.COULD_NOT_FINISH
    except SystemExit as ended:
        # Click leaves so after completions, and when nobody reads our output any more.
        return Exit.COULD_NOT_FINISH if ended.code else Exit.DONE
    except Exception as error:  # noqa: BLE001  Every ending has its exit code; see `ended_by`.
        return ended_by(error)
    except KeyboardInterrupt:
        return _interrupted()


def _interrupted() -> Exit:
    say("stopped; what was recorded is kept. Run it again to continue.")
    return Exit.COULD_NOT_FINISH


def _application(arguments: Sequence[str]) -> typer.Typer:
    app = typer.Typer(
        name="makegood",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        epilog=EPILOG,
    )
    app.callback()(_everywhere)
    typed = " ".join(os.environ.get(name, "") for name in TYPED_SO_FAR)
    add_commands(app, called={*arguments, *typed.split()})
    return app


def _everywhere(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_show_version, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Turn monitoring data into service credits that can be defended."""


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"makegood {version('makegood')}")
        raise typer.Exit


@contextmanager
def _script_asked_for(arguments: Sequence[str]) -> Iterator[None]:
    """Let Click print its completion script when the command line asks for that of a shell."""
    match list(arguments):
        case ["--show-completion", shell] if shell in SHELLS:
            os.environ[COMPLETE] = f"source_{shell}"
            try:
                yield
            finally:
                del os.environ[COMPLETE]
        case ["--show-completion", shell]:
            raise refuse(
                "--show-completion",
                f"is {shell!r}",
                expected=f"one of {', '.join(SHELLS)}",
                remedy="Write for example --show-completion bash.",
            )
        case _:
            yield
