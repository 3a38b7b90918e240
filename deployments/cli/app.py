"""The `makegood` command and how its endings become exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer
from typer import Abort

from deployments.cli import books, determining, measuring, months, rehearsal
from deployments.cli.exits import Exit, ended_by, say

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
}
"""Set before Prefect starts, unless the environment says otherwise: no telemetry, no chatter."""

app = typer.Typer(
    name="makegood",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Turn monitoring data into service credits that can be defended.",
    epilog=(
        "Exit codes: 0 done; 1 findings, or withheld items that need a person; "
        "2 unusable input; 3 could not finish, rerun."
    ),
)
app.command("demo")(rehearsal.demo)
app.command("run")(months.run)
app.command("backfill")(months.backfill)
app.command("release")(months.release)
app.command("check")(books.check)
app.command("explain")(books.explain)
app.command("verify")(books.verify)
app.command("measure")(measuring.measure)
app.command("determine")(determining.determine)
app.add_typer(determining.ladders, name="ladders")


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: Sequence[str]) -> int:
    """Run one command and turn whatever happens into an exit code and words on stderr."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        return int(app(list(arguments), standalone_mode=False) or Exit.DONE)
    except Abort:
        say("stopped before anything was changed.")
        return Exit.COULD_NOT_FINISH
    except BrokenPipeError:
        return Exit.DONE
    except Exception as error:  # noqa: BLE001  Every ending has its exit code; see `ended_by`.
        return ended_by(error)
    except KeyboardInterrupt:
        say("stopped; what was recorded is kept. Rerun to continue.")
        return Exit.COULD_NOT_FINISH
