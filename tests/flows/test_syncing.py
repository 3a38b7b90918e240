"""The ledgers read back as Prefect does it, on a real Prefect server: what the operator is shown.

120 of September's 43,200 minutes down are 99.72 %: 200.00 EUR for Acme.
"""

import json

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from pydantic import ValidationError

from flows.requests import Mode
from flows.syncing import SyncRequest, sync_ledger
from tests.prefect_session import NEEDS_PREFECT
from tests.workspaces import ACME, SEPTEMBER, Books, checks

pytestmark = [NEEDS_PREFECT, pytest.mark.usefixtures("prefect_api")]


def shown():
    """The latest table of what people did."""
    wanted = ArtifactFilter(key=ArtifactFilterKey(any_=["sync-ledger"]))
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=wanted)
    return max(found, key=lambda artifact: str(artifact.created))


def test_what_people_did_is_a_table_and_told_once(tmp_path):
    """A dry run tells it and records nothing; a second sync shows that nothing is new."""
    books = Books.laid_out(tmp_path / "books", ACME, checks=checks(api=120))
    books.run(notify=False)
    path = books.folder / "ledger.csv"
    path.write_text(path.read_text("utf-8-sig").replace("200.00", "900.00"), "utf-8-sig")
    asked = SyncRequest(workspace=str(books.folder), month=SEPTEMBER)
    tried = sync_ledger(SyncRequest(workspace=str(books.folder), mode=Mode.DRY_RUN))
    assert [edit.cell.after for edit in tried.edits] == ["900.00"]
    sync_ledger(asked)
    assert json.loads(shown().data) == [
        {"where": "csv", "row": "acme/api/2025-09/r0", "what": "Credit Amount: 200.00 -> 900.00"}
    ]
    sync_ledger(asked)
    assert json.loads(shown().data) == []
    assert shown().description.startswith("1 rows read, 0 edits")


def test_a_request_says_nothing_else():
    """A slip is refused before anything runs."""
    with pytest.raises(ValidationError):
        SyncRequest.model_validate({"period": SEPTEMBER})
