"""The command as a whole: what it lists, how fast it starts, how it ends, what shells are told."""

import inspect
import os
import subprocess
import sys
import time

import pytest
import typer

from deployments.cli.commands import COMMANDS
from deployments.cli.exits import Exit, ended_by
from tests.command import COMMAND, makegood, makegood_itself

HELPED = [
    *([name] for name in COMMANDS),
    ["ladders", "lint"],
    ["ladders", "list"],
    ["ladders", "show"],
    ["mail", "preview"],
    ["mail", "test"],
]
FAST_SECONDS = 0.7


@pytest.mark.parametrize("command", HELPED, ids=" ".join)
def test_every_command_helps(command):
    """Purpose, options and, for commands of their own, examples and exit codes; on stdout."""
    ended = makegood(*command, "--help")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"Usage: makegood {' '.join(command)}")
    assert max(len(line) for line in ended.out.splitlines()) <= 100
    if len(command) == 1:
        assert "Examples:\n    makegood " in ended.out
        assert "Exit codes:\n    0  " in ended.out


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_commands_help_says_first(name):
    """A command's line in the list is written where it need not be imported."""
    loaded = COMMANDS[name].load()
    says = loaded.info.help if isinstance(loaded, typer.Typer) else inspect.getdoc(loaded)
    assert str(says).splitlines()[0] == COMMANDS[name].summary


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_use_options_that_exist(name):
    """Every option of an example is one that the command's help lists."""
    for example in COMMANDS[name].examples:
        words = example.replace("makegood", "").split()
        below = words[1:2] if name in {"ladders", "mail"} else []
        listed = makegood(name, *below, "--help").out
        for option in [word for word in words if word.startswith("--")]:
            assert option in listed, (example, option)


def test_the_list_fits_into_eighty_columns(monkeypatch):
    """No summary is cut off."""
    monkeypatch.setenv("COLUMNS", "80")
    listed = makegood("--help").out
    assert all(command.summary in listed for command in COMMANDS.values())


def test_the_version_is_told():
    """As the package has it."""
    ended = makegood("--version")
    assert (ended.code, ended.out) == (0, "makegood 0.1.0\n")


def test_a_command_that_does_not_exist_is_met_with_the_nearest():
    """Exit code 2, on stderr."""
    ended = makegood("mesure")
    assert (ended.code, ended.out) == (2, "")
    assert "No such command 'mesure'. Did you mean 'measure'" in ended.err


# --- Speed ----------------------------------------------------------------------------------------


def imported_by(*arguments, folder):
    """The modules that a command imports, by a process of its own."""
    program = (
        "import sys; from deployments.cli.app import run_command; "
        "code = run_command(sys.argv[1:]); print(*sorted(sys.modules), file=sys.stderr); "
        "sys.exit(code)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(ended.stderr.split())


def test_the_list_of_commands_imports_none_of_them(tmp_path):
    """Neither Prefect nor the database library nor Arrow."""
    modules = imported_by("--help", folder=tmp_path)
    assert not modules & {"prefect", "sqlalchemy", "pyarrow", "pydantic", "rich"}


def test_measuring_imports_no_prefect_and_no_database(tmp_path):
    """It needs neither, and both take long."""
    (tmp_path / "checks.csv").write_text("monitor,at,up\napi,2025-09-01T00:00:00Z,up\n")
    measure = ("measure", "--checks", "checks.csv", "--month", "2025-09")
    assert not imported_by(*measure, folder=tmp_path) & {"prefect", "sqlalchemy"}


def test_help_comes_at_once():
    """The best of three starts, since this machine may be busy with other tests."""
    assert min(seconds_of_help() for _ in range(3)) < FAST_SECONDS


def seconds_of_help():
    """How long the list of commands takes, by a process of its own."""
    before = time.perf_counter()
    subprocess.run([COMMAND, "--help"], check=True, capture_output=True)
    return time.perf_counter() - before


# --- Shells ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_a_shell_is_given_its_script(shell, tmp_path):
    """It names the command and asks it for completions."""
    ended = makegood_itself("--show-completion", shell, folder=tmp_path)
    assert ended.code == 0
    assert "makegood" in ended.out
    assert "_MAKEGOOD_COMPLETE" in ended.out


def test_the_script_for_bash_is_bash(tmp_path):
    """A shell takes it in without a word."""
    script = makegood_itself("--show-completion", "bash", folder=tmp_path).out
    taken = subprocess.run(["bash", "-eu", "-c", script], check=True, capture_output=True)
    assert taken.stderr == b""


def test_an_unknown_shell_is_refused():
    """With the shells that there are."""
    ended = makegood("--show-completion", "tcsh")
    assert (ended.code, ended.out) == (2, "")
    assert "--show-completion: is 'tcsh'; one of bash, zsh, fish" in ended.err


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("me", ["measure"]),
        ("measure --no-da", ["--no-data"]),
        ("measure --no-data w", ["withhold"]),
        ("determine --ladder aws-s3-s", ["aws-s3-standard"]),
        ("ladders lint aws-s3-i", ["aws-s3-infrequent"]),
        ("ladders show fast", ["fastly-network"]),
        ("run --month 1999", []),
    ],
)
def test_what_is_typed_is_completed(typed, offered, tmp_path):
    """Commands, options, choices and the ladders of the catalog."""
    words = f"makegood {typed}".split()
    asked = {
        "_MAKEGOOD_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    assert makegood_itself(folder=tmp_path, environment=asked).out.split() == offered


# --- Endings --------------------------------------------------------------------------------------


def test_a_fault_of_our_own_is_told_with_its_lines(capsys):
    """Exit code 3: a person may rerun, and report what stands above."""
    assert ended_by(ZeroDivisionError("division by zero")) is Exit.COULD_NOT_FINISH
    said = capsys.readouterr().err
    assert "ZeroDivisionError: division by zero" in said
    assert "Please report" in said


def test_a_reader_that_went_away_is_no_traceback(tmp_path):
    """`makegood ladders list | head -1`, with a reader that reads nothing at all."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = subprocess.run(
            [COMMAND, "ladders", "list", "--json"],
            cwd=tmp_path,
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writing)
    assert ended.returncode == Exit.COULD_NOT_FINISH
    assert ended.stderr == ""
