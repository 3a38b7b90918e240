"""The tree has the shape that everybody expects: few things on top, a README in every folder."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

import pytest

from tests.house.project import PACKAGES, ROOT, tracked_files

FOLDERS = {*PACKAGES, "tests", ".ci"}
FILES = {"CHANGELOG.md", "LICENSE", "Makefile", "README.md", "pyproject.toml"}
LOCK_FILES = {
    "Pipfile.lock",
    "package-lock.json",
    "pdm.lock",
    "poetry.lock",
    "pnpm-lock.yaml",
    "uv.lock",
    "yarn.lock",
}
PINNED = re.compile(r"[a-z0-9][a-z0-9._-]*==[\w.!+]+( ; [\w\s.'<>=!()]+)?")


def strangers(paths: Iterable[PurePosixPath]) -> set[str]:
    """What stands on the top level beside the things that may."""
    folders = {path.parts[0] for path in paths if len(path.parts) > 1}
    files = {path.name for path in paths if len(path.parts) == 1}
    return (folders - FOLDERS) | {name for name in files - FILES if not name.startswith(".")}


def without_readme(paths: Iterable[PurePosixPath]) -> list[str]:
    """The top-level folders and connector roles that hold code but no page that explains them."""
    code = [path for path in paths if path.suffix == ".py" and path.name != "__init__.py"]
    folders = {PurePosixPath(path.parts[0]) for path in code}
    folders |= {path.parent for path in code if _of_a_role(path)}
    return sorted(str(folder) for folder in folders if folder / "README.md" not in paths)


def _of_a_role(path: PurePosixPath) -> bool:
    place = ("connectors", "role", "module")
    return path.parts[0] == place[0] and len(path.parts) == len(place)


def not_pinned(constraints: str) -> list[str]:
    """The lines that are more or less than a name, a version and where it applies."""
    return [line for line in constraints.splitlines() if not PINNED.fullmatch(line)]


def test_the_top_level_holds_only_what_the_design_names():
    """A newcomer sees four packages, the tests, and the few files that tools demand."""
    assert strangers(tracked_files()) == set()


@pytest.mark.parametrize("path", ["utils/dates.py", "setup.py", "docs/index.md", ".github/a.yml"])
def test_a_stranger_on_the_top_level_is_seen(path):
    """One more folder or file on top is refused; dotfiles are not."""
    assert strangers([PurePosixPath(path), PurePosixPath(".gitignore")])


def test_every_folder_with_code_has_a_readme():
    """Each top-level folder and each connector role says what belongs there and what does not."""
    assert without_readme(tracked_files()) == []


def test_a_folder_without_a_readme_is_seen():
    """The page of the parent does not stand for the role's own."""
    paths = [
        PurePosixPath("connectors/README.md"),
        PurePosixPath("connectors/mail/outbox.py"),
        PurePosixPath("flows/month_end.py"),
    ]
    assert without_readme(paths) == ["connectors/mail", "flows"]


def test_no_test_folder_is_a_package():
    """With an `__init__.py`, `tests/models` would hide `models`."""
    assert [path for path in tracked_files() if path.match("tests/**/__init__.py")] == []


def test_no_lock_file_is_tracked():
    """Lock files carry the download addresses of one machine; the constraints file has none."""
    assert {path.name for path in tracked_files()} & LOCK_FILES == set()


def test_the_constraints_are_plain_names_and_versions():
    """No address, no digest, no option: the file is valid with any index."""
    constraints = (ROOT / "deployments/constraints.txt").read_text(encoding="utf-8")
    assert "prefect==" in constraints
    assert not_pinned(constraints) == []


@pytest.mark.parametrize(
    "line",
    [
        "rich @ https://example.com/rich",
        "rich==15.0.0 --hash=sha256:00",
        "-i https://example.com/simple",
        "-e .",
        "rich>=15",
        "# made on this machine",
    ],
)
def test_a_line_with_an_address_or_a_digest_is_seen(line):
    """Anything but `name==version ; marker` is refused."""
    assert not_pinned(f"rich==15.0.0\nnumpy==2.4.6 ; python_full_version < '3.12'\n{line}") == [
        line
    ]
