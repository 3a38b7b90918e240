"""The coverage table: every kind of rule, where it lives, and an example that is executed.

`python -m tests.models.kinds.coverage` writes the table into `models/ladders/README.md`.
"""

from dataclasses import dataclass
from pathlib import Path

import yaml

from models.catalog import determine_payload
from models.contract import CreditTerms
from models.ladder import floor_percent
from models.payload import CalculatorPayload
from models.published_kinds import kinds_of
from tests.models.ladders.sheets import PATHS, ROOT, ExactLoader, sheet

FILE = Path(__file__).with_name("coverage.yaml")
README = ROOT / "models" / "ladders" / "README.md"
BEGIN, END = "<!-- coverage: generated -->", "<!-- coverage: end -->"


@dataclass(frozen=True)
class Covered:
    """One kind: its rule, its modules, and the example."""

    id: str
    rule: str
    where: tuple[str, ...]
    terms: dict[str, object]
    payload: dict[str, object]
    answer: dict[str, object]


def covered():
    """Every kind of the file."""
    with FILE.open(encoding="utf-8") as file:
        documents = [one for one in yaml.load_all(file, Loader=ExactLoader) if one]
    return [Covered(**{**one, "where": tuple(one["where"])}) for one in documents]


def terms_of(one):
    """The credit terms of an example."""
    return CreditTerms.model_validate(one.terms)


def payload_of(one):
    """The facts of an example."""
    whole = {"month": "2026-06", "billable_amount": 1000, "currency": "USD", **one.payload}
    return CalculatorPayload.model_validate(whole)


def answered(one):
    """What the example comes to, by the names that the file uses."""
    found = determine_payload(terms=terms_of(one), payload=payload_of(one))
    return {
        "amount": found.amount.text if found.amount else None,
        "days": None if found.days is None else str(found.to_record()["credit_days"]),
        "uptime": None if found.uptime is None else floor_percent(found.uptime),
        "breached": found.breached,
        "capped": found.capped,
        "withheld": found.withheld,
        "rights": len(found.rights),
        "form": found.form,
        "claim_by": None if found.claim_by is None else found.claim_by.isoformat(),
    }


def table():
    """The rows for people, from the examples."""
    head = [
        "| kind | rule | where in `models/` | example, executed | sheets |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*head, *(row(one) for one in covered())])


def row(one):
    """One kind."""
    where = ", ".join(f"`{path}`" for path in one.where)
    facts = yaml.dump(plain(one.payload), default_flow_style=True, width=10_000, sort_keys=False)
    short = facts.strip().replace("'", "")
    said = "; ".join(f"{name} {text(value)}" for name, value in one.answer.items())
    return f"| {one.id} | {one.rule} | {where} | {clip(short)} gives {said} | {sheets(one.id)} |"


def sheets(kind):
    """The sheets of the catalog that use a kind: the first, and how many more there are."""
    found = [path.stem for path in PATHS if kind in kinds_of(sheet(path.stem))]
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{found[0]}{more}" if found else ""


def clip(text_):
    """An example short enough for a table."""
    return text_ if len(text_) <= 110 else f"{text_[:107]}..."


def text(value):
    """An answer in words."""
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else value


def plain(value):
    """Values that YAML prints as they were written."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value if isinstance(value, bool | int) else str(value)


def rewritten(document):
    """The README with the table in its place."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(rewritten(README.read_text(encoding="utf-8")), encoding="utf-8")
