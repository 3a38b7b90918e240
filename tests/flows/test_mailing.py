"""Mail of a month: who is asked to release what, and in which language each letter is.

Acme's 120 minutes of September are 10 % of 2,000.00 EUR, Bluefin's 10 % of 3,600.00 USD.
"""

from email import message_from_bytes, policy

import pytest

from flows.mailing import notice_languages, write_previews
from flows.office import open_office
from models.findings import UnusableInputError
from tests.workspaces import ACME, BLUEFIN, MAKEGOOD, SEPTEMBER, VENDOR, Books, checks

ACME_IN_GERMAN = ACME.replace("email: ap@acme.example}", "email: ap@acme.example, language: de}")
TWO = "release: {two_person_above: {EUR: 100}}\n"
GERMAN = MAKEGOOD.replace("finance@relay.example}", "finance@relay.example, language: de}")


def letters(books, receiver):
    """The mails to an address, in the order of their subjects."""
    paths = (books.folder / "outbox").glob("*.eml")
    found = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in paths]
    return sorted((m for m in found if receiver in m["to"]), key=lambda m: m["subject"])


def requests(books):
    """The subjects of the requests to release."""
    return [m["subject"] for m in letters(books, "finance@") if m["subject"].startswith("Please")]


def text(letter):
    """What a letter says as plain text."""
    return letter.get_body(("plain",)).get_content()


def test_a_run_asks_to_release_what_waits_and_says_how(tmp_path):
    """What, how much, whether two are needed, and the command."""
    books = Books.laid_out(tmp_path, ACME, BLUEFIN, VENDOR, checks=checks(api=120, hosting=500))
    books.run()
    (request,) = [m for m in letters(books, "finance@") if m["subject"].startswith("Please")]
    assert request["subject"] == (
        "Please release: 2 credits for September 2025, €200.00 and $360.00"
    )
    for part in (
        "One person is enough.",
        "With the release, 2 letters go out to clients; they lie in previews.",
        f"makegood release 2025-09 --workspace {tmp_path}",
        "- Acme GmbH, Relay API: €200.00",
        "- Bluefin Freight Inc., Relay API: $360.00",
    ):
        assert part in text(request)
    assert "Cloudways" not in text(request)


def test_a_request_goes_out_once_for_each_set_of_drafts(tmp_path):
    """A rerun asks nothing; other amounts, and what a release left over, are asked for again."""
    books = Books.laid_out(tmp_path, ACME, BLUEFIN, checks=checks(api=120))
    books.run()
    books.run()
    assert len(requests(books)) == 1
    books.release(clients=["bluefin"])
    books.run()
    assert len(requests(books)) == 2
    books.write("checks.csv", checks(api=500))
    books.run(clients=["acme"])
    assert len(requests(books)) == 2
    books.run()
    assert len(requests(books)) == 3
    books.release()
    books.run()
    assert len(requests(books)) == 3


def test_where_two_must_agree_the_request_says_so_and_goes_to_every_approver(tmp_path):
    """With the amount above which it is so; the approvers hear of it beside the operator."""
    makegood = MAKEGOOD.replace(
        "operator: finance@relay.example",
        "operator: finance@relay.example, "
        'approvers: ["Kim <kim@relay.example>", lee@relay.example]',
    )
    books = Books.laid_out(tmp_path, ACME, checks=checks(api=120), makegood=makegood + TWO)
    books.run()
    (request,) = letters(books, "kim@relay.example")
    assert [address.addr_spec for address in request["to"].addresses] == [
        *("finance@relay.example", "kim@relay.example", "lee@relay.example")
    ]
    assert "Two people must agree" in text(request)
    assert "The limit is €100.00." in text(request)


def test_who_is_named_twice_gets_one_copy(tmp_path):
    """The operator is an approver as well, under a name, in other letters."""
    makegood = MAKEGOOD.replace(
        "operator: finance@relay.example",
        'operator: finance@relay.example, approvers: ["Kim, Finance <Finance@Relay.example>"]',
    )
    books = Books.laid_out(tmp_path, ACME, checks=checks(api=120), makegood=makegood)
    books.run()
    (request,) = [m for m in letters(books, "finance@") if m["subject"].startswith("Please")]
    assert [address.addr_spec for address in request["to"].addresses] == ["finance@relay.example"]


def test_nothing_waits_nobody_is_asked(tmp_path):
    """A month that met its commitment, or holds claims alone."""
    books = Books.laid_out(tmp_path, ACME, VENDOR, checks=checks(api=5, hosting=500))
    books.run()
    assert requests(books) == []


@pytest.mark.parametrize(
    ("makegood", "contract", "client", "operator"),
    [
        (MAKEGOOD, ACME, "Service credit of €200.00", "SLA credits for September 2025"),
        (MAKEGOOD, ACME_IN_GERMAN, "Gutschrift über 200,00 €", "SLA credits for September 2025"),
        (GERMAN, ACME, "Gutschrift über 200,00 €", "SLA-Gutschriften für September 2025"),
        (
            GERMAN,
            ACME_IN_GERMAN.replace("language: de", "language: en"),
            "Service credit of €200.00",
            "SLA-Gutschriften für September 2025",
        ),
    ],
    ids=["neither", "contract", "workspace", "both"],
)
def test_each_reads_their_own_language(tmp_path, makegood, contract, client, operator):
    """A client's is the contract's, else the workspace's; ours is the workspace's."""
    books = Books.laid_out(tmp_path, contract, checks=checks(api=120), makegood=makegood)
    books.run()
    books.release()
    (notice,) = letters(books, "ap@acme.example")
    assert notice["subject"].startswith(client)
    assert any(m["subject"].startswith(operator) for m in letters(books, "finance@"))


def test_a_change_of_language_changes_no_decision(tmp_path):
    """Language belongs to the client, not to the terms: no revision, the same digests."""
    books = Books.laid_out(tmp_path, ACME, checks=checks(api=120))
    books.run()
    before = books.tables["log_entry"]
    books.agree(ACME_IN_GERMAN)
    outcomes = books.run()
    assert outcomes["acme/api"].change is None
    assert books.tables["log_entry"][: len(before)] == before
    assert len(requests(books)) == 1
    page = (books.folder / "previews" / books.previews[0]).read_text("utf-8")
    assert "Guten Tag Acme GmbH," in page


def test_a_draft_whose_contract_is_gone_keeps_its_language(tmp_path):
    """As it was recorded with the decision."""
    books = Books.laid_out(tmp_path, ACME_IN_GERMAN, BLUEFIN, checks=checks(api=120))
    books.run()
    books.agree(BLUEFIN)
    with open_office(books.folder) as office:
        (draft, _) = office.store.obligations(SEPTEMBER)
        assert notice_languages(office, [draft])[draft.key].code == "de"
        assert write_previews(office, SEPTEMBER) == 2


def test_of_very_many_notices_the_largest_are_previewed(tmp_path, monkeypatch):
    """Bluefin's 360.00 before Acme's 200.00; the other page, of an earlier run, is removed."""
    books = Books.laid_out(tmp_path, ACME, BLUEFIN, checks=checks(api=120))
    books.run()
    assert len(books.previews) == 2
    monkeypatch.setattr("flows.mailing.MOST_PREVIEWS", 1)
    books.run()
    assert books.previews == ["bluefin+api+2025-09+r0.html"]


@pytest.mark.parametrize(
    ("makegood", "contract", "place"),
    [
        (MAKEGOOD, ACME_IN_GERMAN.replace("language: de", "language: fr"), "client.language"),
        (GERMAN.replace("language: de", "language: fr"), ACME, "mail.language"),
    ],
    ids=["contract", "workspace"],
)
def test_a_language_that_is_not_shipped_is_a_finding(tmp_path, makegood, contract, place):
    """With the place, the value, and what ships."""
    books = Books.laid_out(tmp_path, contract, checks=checks(api=120), makegood=makegood)
    with pytest.raises(UnusableInputError) as refused:
        books.run()
    said = str(refused.value)
    assert place in said
    assert 'is "fr"' in said
    assert "de or en" in said
