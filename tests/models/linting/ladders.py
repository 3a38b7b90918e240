"""Ladders in a word, and the rules that they break."""

from models.contract import CreditTerms
from models.linting.ladders import lint_sheet, lint_terms
from tests.models.ladders.sheets import exact_yaml, sheet


def terms(text):
    """Credit terms as a sheet writes them."""
    return CreditTerms.model_validate(exact_yaml(text))


def table(*rows, commitment="99.9", more="", beside=""):
    """A table of rows such as `below: 99.9, credit_percent: 10`."""
    listed = "".join(f"    - {{{row}}}\n" for row in rows)
    return terms(
        f"ladder:\n  kind: uptime_brackets\n  commitment_percent: {commitment}\n{more}"
        f"  brackets:\n{listed}{beside}"
    )


def broken(given):
    """The rules that a sheet, by its id, or terms break, each once, rising."""
    found = lint_sheet(sheet(given), given) if isinstance(given, str) else lint_terms(given, "here")
    return sorted({finding.rule for finding in found})


def findings(given, rule):
    """What one rule finds."""
    found = lint_sheet(sheet(given), given) if isinstance(given, str) else lint_terms(given, "here")
    return [str(finding) for finding in found if finding.rule == rule]
