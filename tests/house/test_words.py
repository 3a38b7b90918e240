"""What no tracked file says: unfinished work, one machine's paths, and rules without a reason.

The patterns are written so that they do not match themselves; a `|` cuts the samples in two.
"""

import re
from itertools import pairwise
from pathlib import PurePosixPath

import pytest

from tests.house.project import ROOT, tracked_texts

UNWELCOME = re.compile(
    r"\bT[O]DO\b|\bFIX[M]E\b|\bX[X]X\b|NotImplemented[E]rror"  # unfinished work
    r"|(?<![\w.])/(work|root|home)/[\w.]"  # paths of one machine
    r"|files\.python[h]osted\.org|pypi\.org/[s]imple|registry\.[n]pmjs\.org|deb\.[d]ebian\.org"
    r"|https?://\S+\.(whl|tar\.gz|tgz)\b|--(extra-)?[i]ndex-url"  # addresses of registries
)
SWITCHED_OFF = re.compile(r"#\s*(noqa\b(?!\.)|type:\s*ignore|ruff:\s*noqa)")
SWITCHED_OFF_WITH_REASON = re.compile(
    r"#\s*(noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*|type: ignore\[[\w, -]+\])\s+\W*\w+\s+\w+"
)
IGNORED_RULE = re.compile(r'\s*"[A-Z]+\d*",')
IGNORED_RULE_WITH_REASON = re.compile(r'\s*"[A-Z]+\d*",\s+# \S+ \S+.*')


def unwelcome_words(path: PurePosixPath, text: str) -> list[str]:
    """Every line with a word that has no place in finished work."""
    return [
        f"{path}:{number}: {line.strip()[:100]}"
        for number, line in enumerate(text.splitlines(), start=1)
        if UNWELCOME.search(line)
    ]


def ignored_without_reason(toml: str) -> list[str]:
    """The rules that ruff's settings switch off without saying why on the same line."""
    ruff = toml[toml.index("[tool.ruff.lint]") : toml.index("[tool.mypy]")]
    ignored = [line for line in ruff.splitlines() if IGNORED_RULE.match(line)]
    return [line for line in ignored if not IGNORED_RULE_WITH_REASON.fullmatch(line)]


def tolerated_warnings_without_reason(toml: str) -> list[str]:
    """The exceptions to "warnings are errors" that have no comment above them."""
    block = toml.split("filterwarnings = [\n", 1)[1].split("\n]", 1)[0].splitlines()
    return [
        line
        for above, line in pairwise(block)
        if "ignore" in line and not above.strip().startswith("#")
    ]


def switched_off_without_reason(path: PurePosixPath, text: str) -> list[str]:
    """The lines that silence a check without saying why, there or in the comment above."""
    lines = ["", *text.splitlines()]
    return [
        f"{path}:{number}: {line.strip()}"
        for number, (above, line) in enumerate(pairwise(lines), start=1)
        if SWITCHED_OFF.search(line)
        and not SWITCHED_OFF_WITH_REASON.search(line)
        and not above.strip().startswith("# ")
    ]


def test_no_file_speaks_of_unfinished_work_or_of_one_machine():
    """What is missing stands in the tracker, and a clone works anywhere."""
    found = [finding for path, text in tracked_texts() for finding in unwelcome_words(path, text)]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "# TO|DO: round it",
        "# FIX|ME later",
        "# X|XX",
        "raise Not|ImplementedError",
        "path = '/wo|rk/main'",
        "see /ro|ot/.cache/pip",
        "/ho|me/anna/contracts",
        "pip install --index|-url https://example.com",
        "https://files.python|hosted.org/packages",
        "https://example.com/rich-15.0.0-py3-none-any.w|hl",
    ],
)
def test_an_unwelcome_word_is_seen(line):
    """Unfinished work, a path of one machine, an address of a registry."""
    assert unwelcome_words(PurePosixPath("README.md"), line.replace("|", ""))


@pytest.mark.parametrize("line", ["https://aws.amazon.com/home/sla", "the method to do it", "XXXL"])
def test_ordinary_words_are_left_alone(line):
    """A path inside a web address belongs to nobody's machine."""
    assert unwelcome_words(PurePosixPath("README.md"), line) == []


def test_every_ignored_rule_has_its_reason():
    """A rule that ruff does not enforce says why, on the same line."""
    toml = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert ignored_without_reason(toml) == []


def test_an_ignored_rule_without_reason_is_seen():
    """A bare code is refused; a code with a sentence passes."""
    toml = '[tool.ruff.lint]\nignore = [\n  "D105",\n  "EM", # It is so.\n]\n[tool.mypy]'
    assert ignored_without_reason(toml) == ['  "D105",']


def test_every_tolerated_warning_has_its_reason():
    """A third party's warning is let through only with a comment above it."""
    toml = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert tolerated_warnings_without_reason(toml) == []


def test_a_tolerated_warning_without_reason_is_seen():
    """The comment stands directly above."""
    toml = 'filterwarnings = [\n  "error",\n  "ignore:a",\n  # It is so.\n  "ignore:b",\n]\n'
    assert tolerated_warnings_without_reason(toml) == ['  "ignore:a",']


def test_every_silenced_check_has_its_reason():
    """Whoever silences a check on one line says why, on that line or in the comment above."""
    found = [
        finding
        for path, text in tracked_texts()
        if path.suffix == ".py" and path.name != PurePosixPath(__file__).name
        for finding in switched_off_without_reason(path, text)
    ]
    assert found == []


@pytest.mark.parametrize("comment", ["# noqa", "# noqa: S603", "# type: ignore", "# ruff: noqa"])
def test_a_silenced_check_without_reason_is_seen(comment):
    """Neither a bare code nor the absence of one explains anything."""
    assert switched_off_without_reason(PurePosixPath("a.py"), f"pay()  {comment}")


@pytest.mark.parametrize(
    "text",
    [
        "pay()  # noqa: S603 - the arguments are our own",
        "pay()  # type: ignore[no-any-return]  # the library has no types",
        "# The library has no types.\npay()  # type: ignore[no-any-return]",
    ],
)
def test_a_silenced_check_with_reason_is_left_alone(text):
    """The reason is a few words of prose."""
    assert switched_off_without_reason(PurePosixPath("a.py"), text) == []
