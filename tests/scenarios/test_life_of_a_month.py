"""The life of a month: drafted, decided again, released, corrected. On SQLite and PostgreSQL."""

from decimal import Decimal

from tests.workspaces import ACME, BLUEFIN, VENDOR, checks

R0 = "acme/api/2025-09/r0"
R1 = "acme/api/2025-09/r1"
R2 = "acme/api/2025-09/r2"
R3 = "acme/api/2025-09/r3"


def test_a_first_run_drafts_what_is_owed(lay_out_on_each):
    """120 of 43,200 minutes are 99.72 %: 10 % of 2,000.00 EUR and of 3,600.00 USD."""
    books = lay_out_on_each(ACME, BLUEFIN, checks=checks(api=120))
    outcomes = books.run()
    assert outcomes["acme/api"].says == f"{R0} is drafted: first decision for 2025-09"
    assert books.owed == {
        R0: ("draft", "200.00 EUR"),
        "bluefin/api/2025-09/r0": ("draft", "360.00 USD"),
    }
    row = books.rows[R0]
    assert (row["Uptime %"], row["Credit Amount"], row["Status"]) == (
        "99.722222",
        "200.00",
        "To Review",
    )


def test_before_release_nothing_leaves_for_a_client(lay_out_on_each):
    """Clients' notices are pages to look at; the only mails are to the operator."""
    books = lay_out_on_each(ACME, BLUEFIN, checks=checks(api=120))
    books.run()
    assert books.mails == [
        (
            "finance@relay.example",
            "Please release: 2 credits for September 2025, €200.00 and $360.00",
        ),
        (
            "finance@relay.example",
            "SLA credits for September 2025: 2 to release (€200.00 and $360.00)",
        ),
    ]
    assert books.previews == ["acme+api+2025-09+r0.html", "bluefin+api+2025-09+r0.html"]
    assert [effect["kind"] for effect in books.tables["effect"]] == [
        "ledger",
        "release_request",
        "operator_summary",
    ]


def test_a_rerun_changes_nothing(lay_out_on_each):
    """Neither a row of the database nor a byte of ledger, outbox and previews."""
    books = lay_out_on_each(ACME, BLUEFIN, VENDOR, checks=checks(api=120, hosting=500))
    books.run()
    before = books.everything
    outcomes = books.run()
    assert {outcome.says for outcome in outcomes.values()} == {
        "unchanged: decided before on the same inputs"
    }
    assert books.everything == before


def test_changed_checks_before_release_supersede_the_draft_and_say_why(lay_out_on_each):
    """500 minutes are 98.84 %: 25 % of 2,000.00 EUR in place of 10 %."""
    books = lay_out_on_each(checks=checks(api=120))
    books.run()
    books.write("checks.csv", checks(api=500))
    outcome = books.run()["acme/api"]
    assert outcome.says == f"{R1} supersedes {R0}: the monitoring evidence changed"
    assert books.owed == {R0: ("superseded", "200.00 EUR"), R1: ("draft", "500.00 EUR")}
    old, new = books.rows[R0], books.rows[R1]
    assert (old["Status"], old["Credit Amount"]) == ("Denied", "0.00")
    assert old["Notes"].startswith("Superseded (was 200.00 EUR)")
    assert (new["Status"], new["Credit Amount"]) == ("To Review", "500.00")
    assert "the monitoring evidence changed" in new["Notes"]
    assert books.previews == ["acme+api+2025-09+r1.html"]


def test_a_release_sends_one_notice_to_each_client(lay_out_on_each):
    """A claim against a vendor is not ours to release, and gets no notice."""
    books = lay_out_on_each(ACME, BLUEFIN, VENDOR, checks=checks(api=120, hosting=500))
    books.run()
    done = books.release()
    assert [stored.key for stored in done.obligations] == [R0, "bluefin/api/2025-09/r0"]
    assert done.notices == 2
    assert len(books.mails_to("ap@acme.example")) == 1
    assert len(books.mails_to("billing@bluefin.example")) == 1
    assert len(books.mails) == 4  # with the operator's summary, and the request to release
    assert books.rows[R0]["Status"] == "Approved"
    assert books.owed["cloudways/hosting/2025-09/r0"] == ("draft", "125.00 USD")  # 25 % of 500.00
    assert books.previews == []


def test_after_a_release_neither_release_nor_run_sends_anything_again(lay_out_on_each):
    """Both may be repeated at any time."""
    books = lay_out_on_each(ACME, BLUEFIN, checks=checks(api=120))
    books.run()
    books.release()
    before = books.everything
    assert books.release().notices == 0
    assert books.everything == before
    books.run()
    assert books.everything == before


def test_after_a_release_each_change_is_an_adjustment(lay_out_on_each):
    """Up, down and to nothing: each time the new total minus the sum of all released revisions."""
    books = lay_out_on_each(checks=checks(api=120))
    books.run()
    books.release()
    for minutes, key, moved, total in (
        (500, R1, "300.00 EUR", 500),  # 25 % of 2,000.00 - 200.00
        (2200, R2, "500.00 EUR", 1000),  # 94.9 %: 50 % of 2,000.00 - (200.00 + 300.00)
        (10, R3, "-1000.00 EUR", 0),  # met: 0.00 - (200.00 + 300.00 + 500.00)
    ):
        books.write("checks.csv", checks(api=minutes))
        books.run()
        assert books.owed[key] == ("draft", moved)
        assert sum(Decimal(row["Credit Amount"]) for row in books.rows.values()) == total
        assert books.release().notices == 1
    assert [state for state, _ in books.owed.values()] == ["released"] * 4
    assert len(books.mails_to("ap@acme.example")) == 4


def test_an_unreleased_adjustment_is_superseded_and_the_released_credit_stands(lay_out_on_each):
    """The second correction is again the difference to what was released, not to the draft."""
    books = lay_out_on_each(checks=checks(api=120))
    books.run()
    books.release()
    books.write("checks.csv", checks(api=500))
    books.run()
    books.write("checks.csv", checks(api=2200))
    books.run()
    assert books.owed == {
        R0: ("released", "200.00 EUR"),
        R1: ("superseded", "300.00 EUR"),
        R2: ("draft", "800.00 EUR"),  # 50 % of 2,000.00 - 200.00
    }


def test_a_difference_of_zero_makes_no_entry(lay_out_on_each):
    """121 minutes earn the same 10 %: the decision is recorded, nothing is owed beyond it."""
    books = lay_out_on_each(checks=checks(api=120))
    books.run()
    books.release()
    mails, rows = books.mails, books.rows
    books.write("checks.csv", checks(api=121))
    outcome = books.run()["acme/api"]
    assert outcome.says == "nothing more is owed: the monitoring evidence changed"
    assert books.owed == {R0: ("released", "200.00 EUR")}
    assert (books.mails, books.rows) == (mails, rows)


def test_a_correction_that_is_taken_back_leaves_what_was_released(lay_out_on_each):
    """The drafted adjustment is superseded and nothing takes its place."""
    books = lay_out_on_each(checks=checks(api=120))
    books.run()
    books.release()
    books.write("checks.csv", checks(api=500))
    books.run()
    books.write("checks.csv", checks(api=120))
    outcome = books.run()["acme/api"]
    assert outcome.says.startswith(f"{R1} is superseded, nothing more is owed now")
    assert books.owed == {R0: ("released", "200.00 EUR"), R1: ("superseded", "300.00 EUR")}
    assert sum(Decimal(row["Credit Amount"]) for row in books.rows.values()) == 200


def test_a_month_without_evidence_is_withheld_until_it_arrives(lay_out_on_each):
    """Nobody knows what September was like, so nobody is told 0 or 100 %."""
    books = lay_out_on_each(checks=checks(other=0))
    books.run()
    state, why = books.owed[R0]
    assert state == "withheld"
    assert "no known state" in why
    row = books.rows[R0]
    assert (row["Credit Amount"], row["Status"], row["Uptime %"]) == ("", "To Review", "")
    assert books.shown().waiting == ()
    assert books.previews == []
    books.write("checks.csv", checks(api=120))
    books.run()
    assert books.owed == {R0: ("superseded", why), R1: ("draft", "200.00 EUR")}
    assert books.rows[R0]["Notes"].startswith("Superseded (was withheld)")


def test_evidence_that_is_lost_after_a_release_is_withheld_and_the_credit_stands(lay_out_on_each):
    """When it is found again and says the same, nothing more is owed."""
    books = lay_out_on_each(checks=checks(api=120))
    books.run()
    books.release()
    books.write("checks.csv", checks(other=0))
    books.run()
    assert books.owed[R0] == ("released", "200.00 EUR")
    assert books.owed[R1][0] == "withheld"
    books.write("checks.csv", checks(api=120))
    books.run()
    assert [state for state, _ in books.owed.values()] == ["released", "superseded"]
