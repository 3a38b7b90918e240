"""The reconciliation as Prefect runs it, on a real Prefect server: what the operator is shown."""

import json
from contextlib import contextmanager

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from pydantic import ValidationError

from connectors.billing.memory import MemoryBilling
from connectors.errors import Permanent
from flows.sweep import SweepRequest, sweep
from models.period import ServiceMonth
from tests.prefect_session import NEEDS_PREFECT
from tests.workspaces import ACME, SEPTEMBER, Books, checks

pytestmark = [NEEDS_PREFECT, pytest.mark.usefixtures("prefect_api")]

MONTH = ServiceMonth.parse(SEPTEMBER).bounds("UTC")
R0 = "acme/api/2025-09/r0"


@pytest.fixture
def books(tmp_path):
    """A released credit of 200.00 EUR, booked in the journal."""
    laid_out = Books.laid_out(tmp_path / "books", ACME, checks=checks(api=120))
    laid_out.run()
    laid_out.release()
    return laid_out


def swept(books, **asked):
    """Run the flow."""
    return sweep(SweepRequest(workspace=str(books.folder), **asked))


def shown(key: str):
    """The latest artifact under a key."""
    wanted = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=wanted)
    return max(found, key=lambda artifact: str(artifact.created))


def test_views_that_agree_are_shown_as_such(books):
    """An empty table with the counts: silence would prove nothing."""
    assert swept(books).result.differences == ()
    artifact = shown("reconcile-2025-09-2025-09")
    assert json.loads(artifact.data) == []
    assert artifact.description == (
        "journal, 2025-09 to 2025-09: 1 credits with 1 parts against 1 of the vendor's and 1 "
        "ledger rows; 0 differences, nothing at stake."
    )


def test_differences_are_a_table_and_no_failure(books):
    """The run completes; what was found is for a person."""
    (books.folder / "journal" / "parts" / f"{R0}/p1.json").unlink()
    found = swept(books, first=SEPTEMBER, last=SEPTEMBER)
    assert [each.kind.value for each in found.result.differences] == ["missing_at_vendor"]
    (row,) = json.loads(shown("reconcile-2025-09-2025-09").data)
    assert (row["difference"], row["where"]) == ("missing at vendor", f"journal {R0}/p1")
    assert (row["ours"], row["at stake"]) == (
        "200.00 EUR paid to the client as " + f"{R0}/p1",
        "200.00 EUR",
    )


def test_what_is_asked_and_what_was_not_looked_at_stand_below_the_table(tmp_path, monkeypatch):
    """A note was voided; balances of strangers are not read."""
    billing = MemoryBilling(now=lambda: MONTH.end)
    billing.customer("cus_acme", client="acme")
    billing.subscription("sub_acme", "cus_acme")
    billing.invoice("in_sep", "cus_acme", 200_000, period=MONTH, state="open")

    @contextmanager
    def _open(*_):
        yield billing

    monkeypatch.setattr("flows.office.open_billing", _open)
    monkeypatch.setattr("flows.reconcile.open_billing", _open)
    books = Books.laid_out(tmp_path / "voided", ACME, checks=checks(api=120))
    books.run()
    books.release()
    billing.void_note("cn_000001")
    swept(books, first=SEPTEMBER, last=SEPTEMBER)
    said = shown("reconcile-2025-09-2025-09").description
    assert f"Asked: makegood settle {R0}/p1/returned." in said
    assert "Not looked at: the balances of customers whom no credit of ours touched" in said


def test_what_cannot_be_read_fails_the_run(books):
    """A sweep that did not compare everything must not look like one that did."""
    (books.folder / "journal" / "parts" / f"{R0}/p1.json").write_text("")
    with pytest.raises(Permanent, match="cannot be read"):
        swept(books)


@pytest.mark.parametrize("asked", [{"first": "2025-13"}, {"last": "may"}, {"months": 3}])
def test_a_request_that_says_something_else_is_refused(asked):
    """Before anything is opened."""
    with pytest.raises(ValidationError):
        SweepRequest(**asked)
