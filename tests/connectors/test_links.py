"""Where a person sees what was written and paid: addresses at the vendors' own pages."""

from typing import Any

import pytest

from connectors.billing.journal import JournalBilling
from connectors.billing.memory import MemoryBilling
from connectors.billing.stripe import StripeBilling
from connectors.ledger.memory import MemoryRowLedger
from connectors.ledger.notion import NotionLedger
from models.workspace_file import BillingMode, NotionTerms
from tests.connectors.billing.conformance import a_part, an_entry

PAGE = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("key", "mode", "side"),
    [("rk_test_1", BillingMode.TEST, "/test"), ("rk_live_1", BillingMode.LIVE, "")],
)
def test_a_payment_leads_to_stripes_dashboard_on_its_own_side(key, mode, side):
    """A note to itself, an entry to the customer whose balance it is on; nothing made, nowhere."""
    billing = StripeBilling(key, mode=mode)
    dashboard = f"https://dashboard.stripe.com{side}"
    note, entry = a_part(), an_entry()
    assert billing.link_of(note, "cn_1?x") == f"{dashboard}/credit_notes/cn_1%3Fx"
    assert billing.link_of(entry, "cbtxn_1") == f"{dashboard}/customers/{entry.customer}"
    assert billing.link_of(note, "") == ""
    billing.close()


def test_a_row_leads_to_its_page_at_notion():
    """Which ends in its id without dashes."""
    ledger = NotionLedger("ntn_links", NotionTerms(page=PAGE))
    row = "01234567-89ab-cdef-0123-456789abcdef"
    assert ledger.link_of(row) == f"https://www.notion.so/{PAGE}"
    assert ledger.link_of("") == ""
    ledger.close()


def test_what_has_no_page_leads_nowhere(tmp_path):
    """Files and memory."""
    without: list[Any] = [JournalBilling(tmp_path), MemoryBilling(now=lambda: 0)]
    assert [billing.link_of(a_part(), "1") for billing in without] == ["", ""]
    assert MemoryRowLedger().link_of("1") == ""
