"""The runbook as tests read it: its commands are run, and its tables are compared with the code."""

import re

from tests.house.project import ROOT

RUNBOOK = ROOT / "deployments/README.md"


def block(heading: str) -> str:
    """The commands under a heading, `**Heading.**` or `### Heading`, as they stand there."""
    text = RUNBOOK.read_text(encoding="utf-8")
    place = re.search(
        rf"^(?:\*\*{re.escape(heading)}\.\*\*|#+ {re.escape(heading)}$)", text, re.MULTILINE
    )
    assert place is not None, f"the runbook has no {heading!r}"
    found = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL).search(text, place.end())
    assert found is not None, f"{heading!r} has no commands"
    return found[1]


def rows(heading: str) -> list[list[str]]:
    """The rows of the first table under a heading, its own heading and rule apart."""
    text = RUNBOOK.read_text(encoding="utf-8")
    place = text.index(f"\n{heading}\n")
    lines = text[place:].splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("|"))
    found = []
    for line in lines[first + 2 :]:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return found
