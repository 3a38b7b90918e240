"""The reminders as Prefect runs them, on a real Prefect server: what the operator is shown."""

import json
from datetime import date

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from pydantic import ValidationError

from flows.reminding import ReminderRequest, claim_reminders
from tests.prefect_session import NEEDS_PREFECT
from tests.workspaces import VENDOR, Books, checks

pytestmark = [NEEDS_PREFECT, pytest.mark.usefixtures("prefect_api")]


def shown():
    """The latest table of what is due."""
    wanted = ArtifactFilter(key=ArtifactFilterKey(any_=["claims-due"]))
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=wanted)
    return max(found, key=lambda artifact: str(artifact.created))


def test_what_is_due_is_a_table_and_a_mail(tmp_path):
    """A second run the same day sends nothing; a day on which nothing is due shows that."""
    books = Books.laid_out(tmp_path / "books", VENDOR, checks=checks(hosting=120))
    books.run()
    asked = ReminderRequest(workspace=str(books.folder), on=date(2025, 10, 16))
    assert [claim_reminders(asked).settlement.done for _ in range(2)] == [1, 0]
    (row,) = json.loads(shown().data)
    assert (row["claim"], row["days left"]) == ("cloudways/hosting/2025-09", 14)
    assert (row["credit"], row["new"]) == ("50.00 USD", False)
    claim_reminders(ReminderRequest(workspace=str(books.folder), on=date(2025, 9, 30)))
    assert json.loads(shown().data) == []
    assert shown().description.startswith("2025-09-30: 0 claims due")


def test_a_request_says_nothing_else():
    """A slip is refused before anything runs."""
    with pytest.raises(ValidationError):
        ReminderRequest.model_validate({"day": "2025-10-16"})
