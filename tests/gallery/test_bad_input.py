"""Bad input is refused with a message that says where, what, what was expected and what to do.

Exit code 2, nothing on stdout, no traceback, and not a byte written: no database either.
"""

import os
import subprocess

import pytest

from tests.command import COMMAND, makegood
from tests.gallery.cases import (
    CASES,
    EXPLAIN,
    FILES,
    GOOD_CHECKS,
    IN_CONTRACT,
    MEASURE,
    RELEASE,
    RUNNING,
    WRITTEN,
    very_long_line,
)
from tests.memory import watched
from tests.prefect_session import NEEDS_PREFECT
from tests.workspaces import ACME


def lay_out(folder, files):
    """The sound workspace with some files changed or taken away."""
    for name, content in {**FILES, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(content):
            content(path)
        elif content is not None:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())


def everything(folder):
    """Every path below the folder, and of files what a write would change."""
    return {str(path.relative_to(folder)): facts_of(path) for path in sorted(folder.rglob("*"))}


def facts_of(path):
    """A file's size, time of change and, unless it is huge, bytes; nothing of a folder."""
    if path.is_dir():
        return None
    status = path.stat()
    small = status.st_size < 1_000_000
    return status.st_size, status.st_mtime_ns, path.read_bytes() if small else b""


def assert_refused(case, ended):
    """The command ended as it must after bad input."""
    assert ended.code == 2, ended.err
    assert ended.out == ""
    for part in case.says:
        assert part in ended.err
    assert case.never not in ended.err
    assert "Traceback" not in ended.err


OUTSIDE = [pytest.param(case, id=case.name) for case in CASES if not case.in_flow]
INSIDE = [pytest.param(case, id=case.name, marks=NEEDS_PREFECT) for case in CASES if case.in_flow]


@pytest.fixture(autouse=True)
def in_folder(tmp_path, monkeypatch):
    """Every case runs in a folder of its own, with its own database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAKEGOOD_DATABASE_URL", raising=False)


@pytest.mark.parametrize("case", OUTSIDE)
def test_bad_input_is_refused_and_nothing_is_written(case, tmp_path):
    """Place, value, expectation and remedy; before and after the folder is the same."""
    lay_out(tmp_path, case.files)
    before = everything(tmp_path)
    assert_refused(case, makegood(*case.command, "--json"))
    assert everything(tmp_path) == before


@pytest.mark.parametrize("case", INSIDE)
def test_what_only_the_flow_finds_is_refused_the_same_way(case, tmp_path, prefect_api):
    """Prefect's own reports of a failed flow do not reach the person."""
    lay_out(tmp_path, case.files)
    before = everything(tmp_path)
    assert_refused(case, makegood(*case.command, "--json"))
    assert everything(tmp_path) == before


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in WRITTEN])
def test_check_finds_what_a_run_would_refuse(case, tmp_path):
    """The same sentences, as the answer: on stdout, and as a document."""
    lay_out(tmp_path, case.files)
    before = everything(tmp_path)
    document = makegood("check", "--workspace", "books", "--json")
    assert (document.code, document.err) == (2, "")
    refused = makegood(*case.command).err.splitlines()
    places = [finding["place"] for finding in document.document["findings"]]
    assert places == [line.split(": ")[0] for line in refused if line.startswith("books/")]
    assert everything(tmp_path) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize(
    ("name", "command"),
    [("checks.csv", MEASURE), ("payload.json", None), (IN_CONTRACT, EXPLAIN)],
    ids=["checks", "a payload", "a contract"],
)
def test_a_file_that_may_not_be_read_is_named(tmp_path, name, command):
    """With what the system said."""
    lay_out(tmp_path, {})
    (tmp_path / name).chmod(0)
    determine = ("determine", "--ladder", "aws-s3-standard", "--payload", "payload.json")
    ended = makegood(*(command or determine))
    assert ended.code == 2
    assert f"{name}: cannot be read: Permission denied" in ended.err


def test_a_line_of_200_mb_needs_little_memory(tmp_path):
    """It is refused after its first megabyte, by a process that stays under 500 MB."""
    very_long_line(tmp_path / "checks.csv")
    ended = subprocess.run(watched(COMMAND, *MEASURE), capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "checks.csv:2: is longer than 1,048,576 bytes" in ended.stderr
    assert int(ended.stdout) < 500_000  # kB


# --- What is no error -----------------------------------------------------------------------------


def test_checks_outside_the_month_are_no_error(tmp_path):
    """They carry a state into it, and say how long an outage was in all."""
    lay_out(tmp_path, {})
    ended = makegood(*MEASURE[:-1], "2025-10", "--json")
    (answer,) = ended.document["monitors"]
    assert (ended.code, answer["uptime_percent"]) == (0, "100.000000")


@pytest.mark.parametrize(
    ("policy", "percent", "code"),
    [
        ("withhold", None, 1),
        ("up", "100.000000", 0),
        ("down", "0.000000", 0),
        ("excluded", None, 1),
    ],
)
def test_a_month_without_observations_follows_the_no_data_policy(tmp_path, policy, percent, code):
    """All checks lie after the month: nothing is known of it."""
    lay_out(tmp_path, {"checks.csv": "monitor,at,up\napi,2025-10-05T00:00:00Z,up\n"})
    ended = makegood(*MEASURE, "--no-data", policy, "--json")
    (answer,) = ended.document["monitors"]
    assert (ended.code, answer["uptime_percent"]) == (code, percent)


def test_a_file_without_rows_has_no_monitors(tmp_path):
    """The header alone is a sound file; a note says why the answer is empty."""
    lay_out(tmp_path, {"checks.csv": "monitor,at,up\n"})
    ended = makegood(*MEASURE, "--json")
    assert (ended.code, ended.document["monitors"]) == (0, [])
    assert ended.err == "checks.csv: holds no checks, so there is no monitor to measure.\n"


def test_the_running_month_may_be_measured(tmp_path):
    """It ends now."""
    lay_out(tmp_path, {})
    ended = makegood(*MEASURE[:-1], RUNNING, "--json")
    (answer,) = ended.document["monitors"]
    assert ended.code == 0
    assert 0 < answer["month_seconds"] < 31 * 86_400


@pytest.mark.parametrize(
    "contract",
    [
        pytest.param(b"\xef\xbb\xbf" + ACME.encode(), id="a byte order mark"),
        pytest.param(ACME.replace("\n", "\r\n"), id="the line ends of Windows"),
        pytest.param(ACME.replace("99.9", '"99.9"'), id="numbers in quotes"),
    ],
)
def test_what_editors_do_to_a_contract_is_no_error(tmp_path, contract):
    """It is read as it was meant."""
    lay_out(tmp_path, {IN_CONTRACT: contract})
    ended = makegood("check", "--workspace", "books", "--json")
    assert (ended.code, ended.document) == (0, {"contracts": 1, "findings": []})


def test_the_lines_of_a_windows_file_are_checks_too(tmp_path):
    """With a byte order mark and CRLF."""
    lay_out(tmp_path, {"checks.csv": b"\xef\xbb\xbf" + GOOD_CHECKS.replace("\n", "\r\n").encode()})
    (answer,) = makegood(*MEASURE, "--json").document["monitors"]
    assert answer["down_seconds"] == 120 * 60


# --- What a person should do again ----------------------------------------------------------------


def test_a_database_that_does_not_answer_ends_with_exit_code_3(tmp_path, monkeypatch):
    """Its password appears nowhere."""
    lay_out(tmp_path, {})
    address = "postgresql://kim:s3cret@127.0.0.1:1/books"
    monkeypatch.setenv("MAKEGOOD_DATABASE_URL", address)
    before = everything(tmp_path)
    ended = makegood(*RELEASE, "--json")
    assert (ended.code, ended.out) == (3, "")
    assert "127.0.0.1" in ended.err
    assert "Run again" in ended.err
    assert "s3cret" not in ended.err
    assert everything(tmp_path) == before


def test_the_gallery_is_large():
    """At least 45 cases, each with a name of its own."""
    assert len({case.name for case in CASES}) == len(CASES) > 45
