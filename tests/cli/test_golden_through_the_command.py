"""The cases with known answers again, each through `makegood determine`.

The cases and their answers stand in `tests/scenarios/test_golden_cases.py`. There every payload is
determined by `paid`; here the same tests run with a `paid` that also gives payload and ladder to
the command as files, and holds the command's document to the pure answer.
"""

from itertools import count

import pytest
import simplejson

from models.ladder import floor_percent
from models.money import Money
from models.printing import number_text
from tests.command import makegood
from tests.scenarios import test_golden_cases as golden

pytestmark = golden.pytestmark
purely = golden.paid


@pytest.fixture(autouse=True)
def through_the_command(monkeypatch, tmp_path):
    """Let every payload of the cases go through the command as well."""
    numbers = count()

    def paid(terms, *, fee="10000.00", currency="USD", **payload):
        """What a payload earns, by the pure functions and by the command alike."""
        answer = purely(terms, fee=fee, currency=currency, **payload)
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        file = as_file(folder / "payload.json", {"month": "2026-06", **payload})
        ladder = terms if isinstance(terms, str) else as_file(folder / "own.json", written(terms))
        ended = makegood(
            *("determine", "--ladder", ladder, "--payload", file, "--json"),
            *("--fee", fee, "--currency", currency),
        )
        assert ended.code == (1 if answer.withheld else 0), ended.err
        assert ended.document == document_of(answer, payload.get("month", "2026-06"))
        return answer

    monkeypatch.setattr(golden, "paid", paid)


def written(terms):
    """Credit terms as a person writes them."""
    fields = terms.model_dump(mode="json", exclude_unset=True)
    return {"credit_ladder": fields.pop("ladder"), **fields}


def as_file(path, content):
    """Write JSON with exact numbers."""
    path.write_text(simplejson.dumps(content, use_decimal=True), encoding="utf-8")
    return path


def document_of(answer, month):
    """What the command must print for an answer; what is beside the money where there is any."""
    beside = {
        "rights": list(answer.rights),
        "form": answer.form,
        "carried_amount": answer.carried_minor
        and Money(answer.carried_minor, answer.currency).text,
    }
    return {
        "month": month,
        "uptime_percent": None if answer.uptime is None else floor_percent(answer.uptime),
        "breached": answer.breached,
        "tier": answer.tier,
        "credit_percent": answer.credit_percent,
        "credit_days": None if answer.days is None else number_text(answer.days),
        "credit_amount": answer.amount.text if answer.amount else None,
        "currency": answer.currency.code,
        "capped": answer.capped,
        "withheld": answer.withheld or None,
        "claim_by": answer.claim_by.isoformat() if answer.claim_by else None,
        "steps": [{"name": step.name, "says": step.says} for step in answer.steps],
        **{name: said for name, said in beside.items() if said},
    }


USES_PAID = {
    name: test
    for name, test in vars(golden).items()
    if name.startswith("test_") and "paid" in test.__code__.co_names
}
globals().update(USES_PAID)


def test_most_cases_go_through_the_command():
    """The others are about ladders, deadlines or minutes alone, which no payload holds."""
    assert len(USES_PAID) > 15
