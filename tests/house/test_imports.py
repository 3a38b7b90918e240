"""Imports run one way: deployments, flows, connectors, models.

The contracts themselves stand in `pyproject.toml`, under `[tool.importlinter]`.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.project import PACKAGES, ROOT

FAITHFUL = {
    "models/money.py": "",
    "connectors/errors.py": "import models.money",
    "connectors/retry.py": "import tenacity\nimport connectors.errors",
    "connectors/mail/__init__.py": "import connectors.errors",
    "connectors/mail/outbox.py": "import connectors.mail\nimport connectors.retry",
    "connectors/billing/__init__.py": "import connectors.errors",
    "connectors/billing/stripe.py": "import stripe\nimport connectors.retry",
    "flows/month_end.py": "import prefect\nimport connectors.billing.stripe",
    "deployments/cli.py": "import prefect\nimport flows.month_end",
}


def broken_contracts(folder: Path) -> str:
    """What import-linter says about the packages in a folder; nothing when all is well."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    options = ["--no-cache", "--config", str(ROOT / "pyproject.toml")]
    outcome = subprocess.run(
        command + options, cwd=folder, check=False, capture_output=True, text=True
    )
    return "" if outcome.returncode == 0 else outcome.stdout + outcome.stderr


def write_project(folder: Path, files: dict[str, str]) -> None:
    """Write modules into a folder, each package with its `__init__.py`."""
    for name in [f"{package}/__init__.py" for package in PACKAGES] + list(files):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(files.get(name, ""))


def test_imports_run_one_way():
    """Every contract of `pyproject.toml` holds for the project."""
    assert broken_contracts(ROOT) == ""


def test_a_faithful_project_keeps_every_contract(tmp_path):
    """What the design allows is allowed: roles may share the errors and the one retry policy."""
    write_project(tmp_path, FAITHFUL)
    assert broken_contracts(tmp_path) == ""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("models/money.py", "import connectors.errors"),
        ("models/money.py", "import prefect"),
        ("models/money.py", "import jinja2"),
        ("connectors/mail/outbox.py", "import flows.month_end"),
        ("connectors/mail/outbox.py", "import prefect"),
        ("connectors/mail/outbox.py", "import connectors.billing.stripe"),
        ("connectors/mail/__init__.py", "import connectors.billing"),
        ("flows/month_end.py", "import deployments.cli"),
        ("flows/month_end.py", "import tenacity"),
        ("flows/month_end.py", "import stripe"),
        ("deployments/cli.py", "import notion_client"),
    ],
)
def test_an_import_against_the_direction_is_seen(tmp_path, path, line):
    """One wrong import breaks a contract."""
    write_project(tmp_path, FAITHFUL | {path: f"{FAITHFUL[path]}\n{line}"})
    assert "BROKEN" in broken_contracts(tmp_path)
