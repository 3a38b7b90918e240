"""Claims against vendors, from the run that finds them to the bill that shows them.

The vendor Cloudways promises 99.9 %. 120 of September's 43,200 minutes down are 99.72 %: 10 % of
500.00 USD are 50.00 USD, claimed within 30 days of the month's end, through October 30.
"""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import Retriable
from connectors.ledger.csv_file import CsvLedger
from flows.claim_links import links_of
from flows.claim_mirror import show_in_ledgers
from flows.claim_texts import TextForm, text_of, written
from flows.claims import (
    all_claims,
    find_claim,
    moved_by_hand,
    open_to_tell,
    status_move,
    tell,
)
from flows.ledger_sync import sync
from flows.month import conduct, directly, month_run
from flows.office import open_office
from models.approval import Identity, Voice
from models.claims.dependency import both_sides
from models.decision import EntryKind
from models.findings import UnusableInputError
from models.intervals import instant
from models.ledger import LedgerStatus
from models.period import ServiceMonth
from tests.workspaces import ACME, MAKEGOOD, SEPTEMBER, VENDOR, Books, checks

KEY = "cloudways/hosting/2025-09"
R0, R1 = f"{KEY}/r0", f"{KEY}/r1"
KIM = Voice("kim", Identity.OS_USER, "1000@books")
EDITOR = Voice("Kim Lee", Identity.LAST_EDITOR)
OCTOBER_2 = instant(datetime(2025, 10, 2, 9, tzinfo=UTC))
TWO_STAGES = VENDOR.replace(
    "claim: {within_days: 30, channel: portal}",
    "claim:\n"
    "  channel: portal\n"
    "  deadlines:\n"
    "    - {stage: ticket, within: 24 hours, after: awareness}\n"
    "    - {by_end_of: calendar_month, number: 1}",
)


@pytest.fixture
def books(tmp_path):
    """A month that Cloudways owes us for; afterwards everything must be provable."""
    laid_out = Books.laid_out(tmp_path / "books", VENDOR, checks=checks(hosting=120))
    laid_out.run()
    yield laid_out
    assert laid_out.verify().faults == ()


def claims(books):
    """Every claim, by its key."""
    with open_office(books.folder, read_only=True) as office:
        return {claim.key: claim for claim in all_claims(office.store)}


def said(books, to, *, at=OCTOBER_2, **words):
    """A person notes a status."""
    with open_to_tell(books.folder) as office:
        claim = find_claim(office.store, KEY)
        told = tell(office.store, claim, status_move(claim, to, by=KIM, at=at, **words))
        assert show_in_ledgers(office, SEPTEMBER) == ""
        return told


def by_hand(books, key, status, voice=EDITOR, **seen):
    """A person sets a status in a ledger, and the ledger is read."""
    with open_office(books.folder, read_only=True) as office:
        return moved_by_hand(office, key, status, voice, OCTOBER_2, **seen)


def moves(books):
    """Every entry that tells of a claim."""
    store = books.store()
    try:
        return list(store.observed(EntryKind.CLAIM_MOVED))
    finally:
        store.close()


# --- From the run to the bill --------------------------------------------------------------------


def test_a_vendor_s_month_becomes_a_claim(books):
    """Amount, deadline, channel and state, told from what the run recorded."""
    claim = claims(books)[KEY]
    assert (claim.worth, claim.status, claim.terms.channel) == (
        "50.00 USD",
        LedgerStatus.TO_REVIEW,
        "portal",
    )
    assert [one.says for one in claim.dues] == ["through 2025-10-30"]


def test_our_own_credits_are_no_claims(tmp_path):
    """What we owe is released, not filed."""
    books = Books.laid_out(tmp_path / "books", checks=checks(api=120))
    books.run()
    assert claims(books) == {}
    with open_office(books.folder, read_only=True) as office:
        assert (
            moved_by_hand(
                office, "acme/api/2025-09/r0", LedgerStatus.FILED, EDITOR, OCTOBER_2
            ).status
            is None
        )


def test_every_move_is_in_the_log_and_the_state_follows_from_it(books):
    """Who, when, why, under which number; the ledger shows the status at once."""
    said(books, LedgerStatus.FILED, reference="4711", why="by the portal's form")
    (entry,) = moves(books)
    assert entry.body == {
        "act": "status",
        "at": "2025-10-02T09:00:00Z",
        "by": "kim",
        "grounds": "os_user from 1000@books",
        "id": "move-0",
        "obligation": R0,
        "reference": "4711",
        "standing": {"amount": "50.00", "currency": "USD"},
        "to": "Filed",
        "why": "by the portal's form",
    }
    assert claims(books)[KEY].status is LedgerStatus.FILED
    assert books.rows[R0]["Status"] == "Filed"
    said(books, LedgerStatus.APPROVED)
    assert books.rows[R0]["Status"] == "Approved"


def test_of_two_who_tell_the_same_claim_the_first_is_kept(books):
    """The second one looked at a claim that has moved since, and is told so."""
    with open_office(books.folder, read_only=True) as office:
        claim = find_claim(office.store, KEY)
        tell(office.store, claim, status_move(claim, LedgerStatus.FILED, by=KIM, at=OCTOBER_2))
        late = status_move(claim, LedgerStatus.DENIED, by=EDITOR, at=OCTOBER_2)
        with pytest.raises(UnusableInputError, match="was changed by kim meanwhile"):
            tell(office.store, claim, late)
    assert len(moves(books)) == 1


def test_a_move_that_cannot_be_records_nothing(books):
    """Approved before it was filed is refused with everything that a person needs."""
    with pytest.raises(UnusableInputError, match="is To Review and cannot become Approved"):
        said(books, LedgerStatus.APPROVED)
    assert moves(books) == []


def test_a_ledger_that_cannot_be_written_does_not_lose_the_move(books, monkeypatch):
    """The log has it; the ledger shows it after the next run."""

    def busy(*_):
        message = "ledger.csv: another writer is at it"
        raise Retriable(message)

    with open_office(books.folder, read_only=True) as office:
        claim = find_claim(office.store, KEY)
        tell(office.store, claim, status_move(claim, LedgerStatus.FILED, by=KIM, at=OCTOBER_2))
        monkeypatch.setattr(CsvLedger, "upsert", busy)
        assert "another writer is at it" in show_in_ledgers(office, SEPTEMBER)
        monkeypatch.undo()
    assert books.rows[R0]["Status"] == "To Review"
    books.run()
    assert books.rows[R0]["Status"] == "Filed"


# --- A month that is decided again ---------------------------------------------------------------


def test_a_month_restated_after_filing_is_a_question(books):
    """Filed for 50.00; with 600 minutes down, 98.61 %, it earns 25 % of 500.00: 125.00 USD."""
    said(books, LedgerStatus.FILED, reference="4711")
    books.write("checks.csv", checks(hosting=600))
    books.run()
    claim = claims(books)[KEY]
    assert (claim.obligation, claim.worth, claim.status) == (R1, "125.00 USD", LedgerStatus.FILED)
    (point,) = claim.unfitting
    assert point == (
        "filed for 50.00 USD, but the month now earns 125.00 USD: tell the vendor, "
        "then file it again"
    )
    assert books.rows[R1]["Status"] == "Filed"
    assert books.rows[R0]["Status"] == "Denied"
    said(books, LedgerStatus.FILED, reference="4712")
    assert claims(books)[KEY].unfitting == ()


def test_a_restated_claim_is_a_question_of_the_run(books):
    """The run that restates it ends with the question; the run before it had none."""
    said(books, LedgerStatus.FILED)
    assert questions(books) == ()
    books.write("checks.csv", checks(hosting=0))
    (question,) = questions(books)
    assert question.startswith(f"{KEY}: filed for 50.00 USD, but the month now earns nothing")


def questions(books):
    """What a run leaves to people."""
    month = ServiceMonth.parse(SEPTEMBER)
    with month_run(books.folder, month=month, clients=(), dry_run=False, notify=False) as run:
        conduct(run, directly)
        return run.questions


# --- Deadlines -----------------------------------------------------------------------------------


def test_every_change_is_counted(books):
    """A calendar takes the highest number; nothing that it says changes without a higher one."""
    seen = [claims(books)[KEY].recorded]
    said(books, LedgerStatus.ELIGIBLE)
    seen.append(claims(books)[KEY].recorded)
    books.agree(VENDOR.replace("within_days: 30", "within_days: 25"))
    books.run()
    sooner = claims(books)[KEY]
    assert [d.last_day.isoformat() for d in sooner.open_dues] == ["2025-10-25"]
    seen.append(sooner.recorded)
    books.write("checks.csv", checks(hosting=0))
    books.run()
    gone = claims(books)[KEY]
    assert (gone.gone, gone.open_dues) == (True, ())
    seen.append(gone.recorded)
    assert seen == sorted(set(seen))


def test_each_stage_has_its_own_deadline(tmp_path):
    """The ticket was due within a day of the outage; done in time it leaves the claim alone."""
    books = Books.laid_out(tmp_path / "books", TWO_STAGES, checks=checks(hosting=120))
    books.run()
    claim = claims(books)[KEY]
    assert [(d.stage, d.says) for d in claim.dues] == [
        ("ticket", "before 2025-09-11T12:00:00Z"),
        ("claim", "through 2025-10-31"),
    ]
    assert claim.missed(OCTOBER_2).stage == "ticket"
    assert books.rows[R0]["Claim By"] == "2025-10-31"


def test_a_claim_counts_from_the_end_of_the_billing_month(tmp_path):
    """31 August to 29 September: 30 days on it is 29 October, in the row and in the claim."""
    billed = VENDOR.rstrip() + "\nperiod: {kind: billing_month, day: 31}\n"
    books = Books.laid_out(tmp_path / "books", billed, checks=checks(hosting=120))
    books.run()
    assert books.rows[R0]["Claim By"] == "2025-10-29"
    assert [one.says for one in claims(books)[KEY].dues] == ["through 2025-10-29"]


def test_the_first_of_many_outages_dates_the_claim(tmp_path):
    """A minute on the 2nd, then two a hundred times; only a hundred outages are recorded."""
    week = "claim: {channel: portal, deadlines: [{within: 7 days, after: incident_start}]}"
    terms = VENDOR.replace("claim: {within_days: 30, channel: portal}", week)
    begins = datetime(2025, 9, 3, tzinfo=UTC)
    later = [(begins + timedelta(hours=n), 2) for n in range(100)]
    rows = ["monitor,at,up", "hosting,2025-08-31T00:00:00Z,up"]
    for start, minutes in [(datetime(2025, 9, 2, 12, tzinfo=UTC), 1), *later]:
        rows.append(f"hosting,{start:%FT%TZ},down")
        rows.append(f"hosting,{start + timedelta(minutes=minutes):%FT%TZ},up")
    books = Books.laid_out(tmp_path / "books", terms, checks="\n".join(rows) + "\n")
    books.run()
    assert books.rows[R0]["Claim By"] == "2025-09-09"
    assert claims(books)[KEY].dues[0].says == "through 2025-09-09"


# --- A status that a person sets in a ledger -----------------------------------------------------


def test_a_status_set_in_a_ledger_is_a_move_by_an_unverified_voice(books):
    """Told once, however often the ledger is read."""
    first = by_hand(books, R0, LedgerStatus.FILED)
    again = by_hand(books, R0, LedgerStatus.FILED)
    assert (first.recorded, again.recorded, again.status) == (True, False, LedgerStatus.FILED)
    (entry,) = moves(books)
    assert (entry.body["by"], entry.body["grounds"]) == ("Kim Lee", "last_editor")
    assert not claims(books)[KEY].life.since.by.verified


def test_a_status_that_cannot_be_is_answered_and_not_recorded(books):
    """The finding names the row; the claim stands where it stood."""
    refused = by_hand(books, R0, LedgerStatus.APPROVED)
    assert (refused.recorded, refused.status) == (False, LedgerStatus.TO_REVIEW)
    assert str(refused.refused).startswith(f"ledger {R0}: {R0} is To Review and cannot become")
    assert moves(books) == []


def test_a_ledger_that_is_behind_is_no_edit(books):
    """It shows Filed, where the claim was before a person approved it elsewhere."""
    by_hand(books, R0, LedgerStatus.FILED)
    said(books, LedgerStatus.APPROVED)
    assert not by_hand(books, R0, LedgerStatus.FILED).recorded
    assert claims(books)[KEY].status is LedgerStatus.APPROVED
    # Whoever knows that the ledger showed Approved knows that a person has set it back.
    back = by_hand(books, R0, LedgerStatus.FILED, shown=LedgerStatus.APPROVED)
    assert (back.recorded, claims(books)[KEY].status) == (True, LedgerStatus.FILED)


def test_a_row_that_stands_no_more_says_nothing(books):
    """Its successor is the claim."""
    books.write("checks.csv", checks(hosting=600))
    books.run()
    assert by_hand(books, R0, LedgerStatus.FILED).status is None
    assert by_hand(books, R1, LedgerStatus.FILED).recorded


def test_what_a_person_sets_in_the_csv_reaches_the_claim(books):
    """From the cell through the sync to the log, and the next run leaves the cell as it is."""
    rows = (books.folder / "ledger.csv").read_text(encoding="utf-8-sig")
    books.write("ledger.csv", rows.replace("To Review", "Filed"))
    with open_office(books.folder) as office:
        sync(office, month=ServiceMonth.parse(SEPTEMBER), at=OCTOBER_2)
    assert claims(books)[KEY].status is LedgerStatus.FILED
    books.run()
    assert books.rows[R0]["Status"] == "Filed"


# --- The text ------------------------------------------------------------------------------------


def text(books, form=TextForm.TEXT):
    """The claim, ready to be filed."""
    with open_office(books.folder, read_only=True) as office:
        return written(text_of(office.store, find_claim(office.store, KEY)), form)


def test_a_text_says_what_vendors_ask_for(tmp_path):
    """Account, region, agreement, times in UTC, measured beside promised, the sum, the deadline."""
    terms = (
        "claim: {within_days: 30, channel: portal, account: AC-77, region: eu-central-1, "
        "source: https://cloudways.example/sla}"
    )
    contract = VENDOR.replace("claim: {within_days: 30, channel: portal}", terms)
    books = Books.laid_out(tmp_path / "books", contract, checks=checks(hosting=120))
    books.run()
    lines = text(books).splitlines()
    for line in (
        "Subject: SLA Credit Request: Hosting, 2025-09 (account AC-77)",
        "To Cloudways",
        "Account:           AC-77",
        "Region:            eu-central-1",
        "Agreement:         https://cloudways.example/sla",
        "Uptime promised:   99.9 %",
        "Uptime measured:   99.722222 % (rounded down)",
        "Downtime:          2 h in 1 outage",
        "Credit requested:  50.00 USD (10 % of 500.00 USD)",
        "To be filed:       through 2025-10-30 (UTC), within 30 days after the end of the month",
        f"Our reference:     {R0}",
        " 1. 2025-09-10 12:00:00 to 14:00:00 UTC, 2 h",
        " - hosting: down 2025-09-10 12:00:00 to 14:00:00 UTC",
    ):
        assert line in lines
    marked = text(books, TextForm.MARKDOWN)
    assert "- **Credit requested:** 50.00 USD (10 % of 500.00 USD)" in marked
    assert "1. 2025-09-10 12:00:00 to 14:00:00 UTC, 2 h" in marked


def test_a_vendor_reads_the_subject_that_it_asks_for(tmp_path):
    """Twilio takes tickets called SLA Claim."""
    contract = VENDOR[: VENDOR.index("claim:")] + "credit_ladder: {catalog: twilio-apis}\n"
    books = Books.laid_out(tmp_path / "books", contract, checks=checks(hosting=120))
    books.run()
    assert text(books).splitlines()[0] == "Subject: SLA Claim: Hosting, 2025-09"


def test_what_is_withheld_has_no_text(tmp_path):
    """Nobody files for an amount that is not known."""
    contract = VENDOR + "measurement: {stale_after_minutes: 60}\n"
    books = Books.laid_out(tmp_path / "books", contract, checks=checks(hosting=120))
    books.run()
    with pytest.raises(UnusableInputError, match="which is withheld: "):
        text(books)


def test_days_of_service_are_claimed_too(tmp_path):
    """Google Workspace: 720 of 43,200 minutes down are 98.33 %, below 99 %: seven days."""
    contract = VENDOR[: VENDOR.index("claim:")] + "credit_ladder: {catalog: google-workspace}\n"
    books = Books.laid_out(tmp_path / "books", contract, checks=checks(hosting=720))
    books.run()
    claim = claims(books)[KEY]
    assert (claim.worth, claim.withheld, claim.owed) == ("7 days of service", "", None)
    assert "Credit requested:  7 days of service" in text(books).splitlines()
    said(books, LedgerStatus.FILED)
    assert claims(books)[KEY].unfitting == ()
    # 2,880 minutes are 93.33 %: fifteen days.
    books.write("checks.csv", checks(hosting=2880))
    books.run()
    (point,) = claims(books)[KEY].unfitting
    assert point.startswith("filed for 7 days of service, but the month now earns 15 days of ser")
    said(books, LedgerStatus.FILED)
    assert claims(books)[KEY].unfitting == ()


def test_a_rule_that_has_no_date_is_a_question(tmp_path):
    """Of a month that somebody else has counted no outage is known, so no date is made up."""
    contract = VENDOR.replace(
        "within_days: 30", "deadlines: [{within: 5 business days, after: incident_start}]"
    )
    makegood = MAKEGOOD.replace(
        "{id: checks, kind: checks_file, path: checks.csv}",
        "{id: counted, kind: calculator_payloads, path: counted.json}",
    )
    books = Books.laid_out(tmp_path / "books", contract, makegood=makegood)
    books.write(
        "counted.json",
        '{"client_id": "cloudways", "service_id": "hosting", "month": "2025-09", '
        '"down_seconds": 7200, "billable_amount": 500}',
    )
    books.run()
    claim = claims(books)[KEY]
    assert (claim.worth, claim.dues) == ("50.00 USD", ())
    (point,) = claim.open_points(OCTOBER_2)
    assert point.startswith("the claim is due within 5 business days after the outage began; nobod")
    said(books, LedgerStatus.FILED)
    assert claims(books)[KEY].open_points(OCTOBER_2) == ()


# --- Both sides of an outage ---------------------------------------------------------------------

BY_VENDOR = ACME.replace("currency: EUR", "depends_on: [cloudways/hosting]\ncurrency: EUR")


def linked(books):
    """The links of September's claim."""
    with open_office(books.folder, read_only=True) as office:
        return links_of(office.store, office.contracts, all_claims(office.store))[KEY]


def test_an_outage_of_a_vendor_links_what_we_owe_to_what_it_owes(tmp_path):
    """Both are down from noon: 120 of our 180 minutes. 10 % of 2,000.00 EUR beside 50.00 USD."""
    books = Books.laid_out(
        tmp_path / "books", BY_VENDOR, VENDOR, checks=checks(api=180, hosting=120)
    )
    books.run()
    (link,) = linked(books)
    assert (link.ours.contract, link.overlap_ms, str(link.share)) == ("acme/api", 7_200_000, "2/3")
    sides = both_sides([link])
    assert [str(money) for money in sides.owed.values()] == ["200.00 EUR"]
    assert [str(money) for money in sides.recoverable.values()] == ["50.00 USD"]


def test_a_night_that_is_another_month_s_in_our_zone_is_linked_all_the_same(tmp_path):
    """From 05:00 to 07:00 UTC of October 1 it is still September in Los Angeles, and our October.

    120 of October's 44,700 minutes in Berlin are 99.73 %: 10 % of 2,000.00 EUR.
    """
    night = "monitor,at,up\n" + "".join(
        f"{monitor},2025-08-30T00:00:00Z,up\n"
        f"{monitor},2025-10-01T05:00:00Z,down\n"
        f"{monitor},2025-10-01T07:00:00Z,up\n"
        for monitor in ("api", "hosting")
    )
    books = Books.laid_out(
        tmp_path / "books",
        BY_VENDOR.replace("currency: EUR", "time_zone: Europe/Berlin\ncurrency: EUR"),
        VENDOR.replace("currency: USD", "time_zone: America/Los_Angeles\ncurrency: USD"),
        checks=night,
    )
    books.run()
    books.run("2025-10")
    (link,) = linked(books)
    assert (link.ours.period, link.vendor.period) == ("2025-10", SEPTEMBER)
    assert (str(link.ours.owed), str(link.vendor.owed)) == ("200.00 EUR", "50.00 USD")


def test_what_a_vendor_denied_is_not_recoverable(tmp_path):
    """And what it approved in part is what comes."""
    books = Books.laid_out(
        tmp_path / "books", BY_VENDOR, VENDOR, checks=checks(api=180, hosting=120)
    )
    books.run()
    said(books, LedgerStatus.DENIED, why="too small to ask for")
    (link,) = linked(books)
    assert both_sides([link]).recoverable == {}


def test_without_a_dependency_nothing_is_linked(tmp_path):
    """That two services fail together proves nothing."""
    books = Books.laid_out(tmp_path / "books", ACME, VENDOR, checks=checks(api=180, hosting=120))
    books.run()
    assert linked(books) == ()


@pytest.mark.parametrize(
    ("contracts", "fact"),
    [
        ([BY_VENDOR.replace("cloudways/hosting", "cloudway/hosting"), VENDOR], "Did you mean"),
        ([BY_VENDOR.replace("cloudways/hosting", "acme/api"), VENDOR], "a client's contract"),
        (
            [ACME, VENDOR.replace("currency", "depends_on: [acme/api]\ncurrency", 1)],
            "is itself a vendor's",
        ),
    ],
)
def test_a_dependency_that_names_no_vendor_is_refused(tmp_path, contracts, fact):
    """With place, field and what to do."""
    books = Books.laid_out(tmp_path / "books", *contracts, checks=checks(api=0, hosting=0))
    with pytest.raises(UnusableInputError, match=fact) as refused:
        books.run()
    assert "depends_on[0] is " in str(refused.value)
