"""What else changes a month before its release: terms, exclusions, versions, scope, a person."""

from datetime import UTC, datetime

import pytest

from connectors.store import ReleaseRefusedError
from models.findings import UnusableInputError
from models.period import ServiceMonth
from tests.workspaces import (
    ACME,
    BLUEFIN,
    LADDER,
    MAKEGOOD,
    VENDOR,
    Books,
    checks,
    maintenance,
)

R0 = "acme/api/2025-09/r0"
R1 = "acme/api/2025-09/r1"


def test_changed_terms_supersede_the_draft(lay_out):
    """A fee of 3,000.00 in place of 2,000.00: 10 % are 300.00."""
    books = lay_out(checks=checks(api=120))
    books.run()
    books.agree(ACME.replace("billable_amount: 2000", "billable_amount: 3000"))
    outcome = books.run()["acme/api"]
    assert outcome.says == f"{R1} supersedes {R0}: the contract's terms changed"
    assert books.owed == {R0: ("superseded", "200.00 EUR"), R1: ("draft", "300.00 EUR")}


def test_a_recorded_exclusion_supersedes_the_draft(lay_out):
    """100 of 500 minutes were announced: 400 of 43,100 are 99.07 %, the milder tier."""
    books = lay_out(checks=checks(api=500))
    books.run()
    books.write("exclusions/september.yaml", maintenance(100))
    outcome = books.run()["acme/api"]
    assert outcome.says == f"{R1} supersedes {R0}: the recorded exclusions changed"
    assert books.owed == {R0: ("superseded", "500.00 EUR"), R1: ("draft", "200.00 EUR")}
    assert books.rows[R1]["Uptime %"] == "99.071925"  # 42,700 / 43,100


def test_a_contract_that_turns_out_to_be_met_leaves_a_denied_row_of_zero(lay_out):
    """The sum of the column is right, and the row says what it was and why."""
    books = lay_out(checks=checks(api=120))
    books.run()
    books.write("exclusions/september.yaml", maintenance(100))
    outcome = books.run()["acme/api"]
    assert outcome.says == (
        f"{R0} is superseded, nothing more is owed now: the recorded exclusions changed"
    )
    row = books.rows[R0]
    assert (row["Credit Amount"], row["Status"]) == ("0.00", "Denied")
    assert row["Notes"].startswith("Superseded (was 200.00 EUR)")
    assert books.previews == []
    assert len(books.summaries) == 2


def test_the_operator_is_told_each_time_the_credits_changed(lay_out):
    """Nothing owed, something owed, nothing owed again: three summaries; a rerun sends none."""
    books = lay_out(checks=checks(api=10))
    for minutes, summaries in ((10, 1), (10, 1), (120, 2), (120, 2), (10, 3), (10, 3)):
        books.write("checks.csv", checks(api=minutes))
        books.run()
        assert len(books.summaries) == summaries


def test_the_version_in_force_on_the_first_day_governs(lay_out):
    """Agreed from September 1 on: 1,500.00; what is agreed from the 15th on waits for October."""
    ladder = "{kind: single_threshold, commitment_percent: 99.9, credit_percent: 10}"
    dated = "\n".join(
        f"  - {{effective_on: {day}, currency: EUR, billable_amount: {fee}, monitors: [api],\n"
        f"     credit_ladder: {ladder}}}"
        for day, fee in (("2024-01-01", 1000), ("2025-09-01", 1500), ("2025-09-15", 9000))
    )
    books = lay_out(
        "role: provider\nclient: {id: acme, name: Acme GmbH}\n"
        f"service: {{id: api, name: Relay API}}\nversions:\n{dated}\n",
        checks=checks(api=120),
    )
    books.run()
    assert books.owed == {R0: ("draft", "150.00 EUR")}


def test_a_contract_that_has_ended_is_not_decided(lay_out):
    """It has no outcome, and leaves no row."""
    books = lay_out(ACME, BLUEFIN + "ends_on: 2025-08-31\n", checks=checks(api=120))
    assert list(books.run()) == ["acme/api"]
    assert list(books.owed) == [R0]


def test_days_of_service_ask_a_person(lay_out):
    """An hour or more of outage earns three days; no money is invented for them."""
    ladder = "credit_ladder: {kind: per_event, commitment_percent: 99.9,"
    ladder += " qualifying_minutes: 60, credit_days: 3}\n"
    books = lay_out(ACME.replace(LADDER, ladder), checks=checks(api=120))
    books.run()
    why = "3 days of service are owed, not money: extend the term by hand"
    assert books.owed == {R0: ("withheld", why)}
    assert books.rows[R0]["Credit Days"] == "3"
    assert why in books.rows[R0]["Notes"]
    assert books.shown().waiting == ()


def test_each_currency_has_its_own_total(lay_out):
    """Yen have no cents: 10 % of 123,456 JPY are 12,346, half a yen and more rounded up."""
    yen = ACME.replace("acme", "hoshino").replace("EUR", "JPY").replace("2000", "123456")
    books = lay_out(ACME, BLUEFIN, yen, checks=checks(api=120))
    books.run()
    batch = books.shown()
    assert {code: str(total) for code, total in batch.totals.items()} == {
        "EUR": "200.00 EUR",
        "JPY": "12346 JPY",
        "USD": "360.00 USD",
    }
    assert books.rows["hoshino/api/2025-09/r0"]["Credit Amount"] == "12346"


def test_a_run_for_one_client_leaves_the_others_alone_and_sends_no_summary(lay_out):
    """Bluefin has no decision, and the operator no mail; a full run then decides the rest."""
    books = lay_out(ACME, BLUEFIN, checks=checks(api=120))
    assert list(books.run(clients=["acme"])) == ["acme/api"]
    assert list(books.owed) == [R0]
    assert books.mails == []
    assert list(books.rows) == [R0]
    books.run()
    assert list(books.owed) == [R0, "bluefin/api/2025-09/r0"]
    assert len(books.summaries) == 1


def test_a_release_for_one_client_leaves_the_others_waiting(lay_out):
    """One notice, one approved row."""
    books = lay_out(ACME, BLUEFIN, checks=checks(api=120))
    books.run()
    books.release(clients=["bluefin"])
    assert [state for state, _ in books.owed.values()] == ["draft", "released"]
    assert books.mails_to("ap@acme.example") == []
    assert len(books.mails_to("billing@bluefin.example")) == 1
    assert books.previews == ["acme+api+2025-09+r0.html"]


def test_a_client_without_an_address_gets_its_credit_and_no_notice(lay_out):
    """The credit is released all the same."""
    books = lay_out(ACME.replace(", email: ap@acme.example", ""), checks=checks(api=120))
    books.run()
    assert books.release().notices == 0
    assert books.owed == {R0: ("released", "200.00 EUR")}


def test_an_address_that_is_added_later_is_used(lay_out):
    """A notice goes where the contract says on the day of the release."""
    books = lay_out(ACME.replace(", email: ap@acme.example", ""), checks=checks(api=120))
    books.run()
    books.agree(ACME)
    books.run()
    assert books.release().notices == 1
    assert len(books.mails_to("ap@acme.example")) == 1


@pytest.mark.parametrize("also_in_sum", [False, True], ids=["other amount", "same amount"])
def test_a_release_is_refused_when_the_batch_changed_after_it_was_shown(lay_out, also_in_sum):
    """Even by the same amount: the evidence behind it is another one. Nothing is released."""
    books = lay_out(ACME, BLUEFIN, checks=checks(api=120))
    books.run()
    shown = books.shown()
    books.write("checks.csv", checks(api=121 if also_in_sum else 500))
    books.run()
    before = books.everything
    with pytest.raises(ReleaseRefusedError, match="Nothing was released"):
        books.release(shown)
    assert books.everything == before


def test_claims_against_vendors_are_never_released(lay_out):
    """They are filed by a person; the row says until when and where."""
    books = lay_out(VENDOR, checks=checks(hosting=120))
    books.run()
    assert books.shown().waiting == ()
    books.release()
    assert books.owed == {"cloudways/hosting/2025-09/r0": ("draft", "50.00 USD")}
    row = books.rows["cloudways/hosting/2025-09/r0"]
    assert (row["Status"], row["Claim By"], row["Claim Channel"]) == (
        "To Review",
        "2025-10-30",
        "portal",
    )
    assert books.previews == []


def test_a_persons_words_in_the_ledger_survive_a_new_revision(lay_out):
    """A status that somebody set stays; the amounts are brought up to date."""
    books = lay_out(VENDOR, checks=checks(hosting=120))
    books.run()
    ledger = (books.folder / "ledger.csv").read_text(encoding="utf-8-sig")
    books.write("ledger.csv", ledger.replace("To Review", "Filed"))
    books.run()
    assert books.rows["cloudways/hosting/2025-09/r0"]["Status"] == "Filed"


def test_a_dry_run_creates_nothing(tmp_path):
    """It says what would be drafted; not a file is made, not even a database."""
    books = Books.laid_out(tmp_path / "books", ACME, checks=checks(api=120))
    before = sorted(books.folder.rglob("*"))
    outcome = books.run(dry_run=True)["acme/api"]
    assert outcome.says == f"{R0} is drafted: first decision for 2025-09"
    assert sorted(books.folder.rglob("*")) == before


def test_a_dry_run_over_a_decided_month_changes_nothing(lay_out):
    """It says what a run would change."""
    books = lay_out(checks=checks(api=120))
    books.run()
    books.write("checks.csv", checks(api=500))
    before = books.everything
    outcome = books.run(dry_run=True)["acme/api"]
    assert outcome.says == f"{R1} supersedes {R0}: the monitoring evidence changed"
    assert books.everything == before


@pytest.mark.parametrize("later", [0, 1], ids=["the running month", "a future month"])
def test_a_month_that_is_not_over_is_refused(tmp_path, later):
    """Nothing is decided before the last minute is over, and nothing is written."""
    books = Books.laid_out(tmp_path / "books", ACME, checks=checks(api=120))
    before = sorted(books.folder.rglob("*"))
    month = ServiceMonth.parse(f"{datetime.now(tz=UTC):%Y-%m}").plus(later)
    with pytest.raises(UnusableInputError, match="a month that is over"):
        books.run(str(month))
    assert sorted(books.folder.rglob("*")) == before


def test_unusable_checks_are_refused_and_nothing_is_written(tmp_path):
    """Every bad row is named; no database, ledger or mail is made."""
    books = Books.laid_out(tmp_path / "books", ACME, checks=checks(api=120) + "api,soon,up\n")
    before = sorted(books.folder.rglob("*"))
    with pytest.raises(UnusableInputError, match="soon"):
        books.run()
    assert sorted(books.folder.rglob("*")) == before


def test_unknown_clients_are_refused_with_the_nearest_name(lay_out):
    """A typo must not look like a client without credits."""
    books = lay_out(checks=checks(api=120))
    with pytest.raises(UnusableInputError, match="Did you mean acme"):
        books.run(clients=["amce"])


PAYLOADS = MAKEGOOD.replace(
    "checks_file, path: checks.csv", "calculator_payloads, path: sept.jsonl"
)
COUNTED = '{"client_id": "acme", "service_id": "api", "month": "2025-09", "total_windows": 8640, '


def test_a_calculators_payload_stands_for_the_measurement(lay_out):
    """24 of 8,640 windows failed: 99.72 %, 10 % of 2,000.00; its link is the evidence."""
    books = lay_out(makegood=PAYLOADS)
    books.write("sept.jsonl", COUNTED + '"error_windows": 24, "evidence": "https://a.example/1"}\n')
    books.run()
    assert books.owed == {R0: ("draft", "200.00 EUR")}
    assert books.rows[R0]["Evidence URLs"] == "https://a.example/1"
    books.write("sept.jsonl", COUNTED + '"error_windows": 100}\n')
    outcome = books.run()["acme/api"]
    assert outcome.says == f"{R1} supersedes {R0}: the calculator's payload changed"
    assert books.owed[R1] == ("draft", "500.00 EUR")  # 98.84 %: 25 % of 2,000.00


def test_a_payload_may_bring_its_own_billable_amount(lay_out):
    """10 % of the 1,234.50 that were billed, not of the contract's 2,000.00."""
    books = lay_out(makegood=PAYLOADS)
    books.write("sept.jsonl", COUNTED + '"error_windows": 24, "billable_amount": 1234.50}\n')
    books.run()
    assert books.owed == {R0: ("draft", "123.45 EUR")}


def test_a_payload_in_another_currency_asks_a_person(lay_out):
    """Nothing is converted."""
    books = lay_out(makegood=PAYLOADS)
    books.write(
        "sept.jsonl",
        COUNTED + '"error_windows": 24, "billable_amount": 1234.50, "currency": "USD"}\n',
    )
    books.run()
    assert books.owed == {
        R0: ("withheld", "the payload is billed in USD, the contract in EUR"),
    }


OUTAGES = "  - {id: log, kind: outage_log, path: log.csv, covers: 2025-09-01/2025-10-01}\n"
LOG = """\
monitor,started_at,ended_at,incident_id,source_link
api,2025-09-10T12:00:00Z,2025-09-10T14:00:00Z,inc-7,https://status.example/inc-7
"""


def test_an_outage_log_is_evidence_with_its_links(lay_out):
    """Two hours of a published incident: 10 % of 2,000.00, and the row links to it."""
    books = lay_out(makegood=MAKEGOOD.replace(MAKEGOOD.splitlines()[2] + "\n", OUTAGES))
    books.write("log.csv", LOG)
    books.run()
    assert books.owed == {R0: ("draft", "200.00 EUR")}
    assert books.rows[R0]["Evidence URLs"] == "https://status.example/inc-7"


def test_two_sources_that_answer_for_one_monitor_are_refused(tmp_path):
    """Nobody can tell which of them is right; both are named, nothing is written."""
    two = MAKEGOOD.replace("mail:", f"{OUTAGES}mail:")
    books = Books.laid_out(tmp_path / "books", ACME, checks=checks(api=120), makegood=two)
    books.write("log.csv", LOG)
    before = sorted(books.folder.rglob("*"))
    with pytest.raises(UnusableInputError, match="'checks' and 'log' both answer for api"):
        books.run()
    assert sorted(books.folder.rglob("*")) == before


def test_months_are_independent(lay_out):
    """August is decided after September was released; September does not move."""
    books = lay_out(checks=checks(api=120).replace("2025-08-31", "2025-07-31"))
    books.run()
    books.release()
    before = books.rows[R0], books.owed
    assert (
        books.run("2025-08")["acme/api"].says == "nothing more is owed: first decision for 2025-08"
    )
    assert (books.rows[R0], books.owed) == before
    assert books.verify().replayed == 2
    assert list(books.rows) == [R0]
