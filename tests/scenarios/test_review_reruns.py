"""What must, and what must not, change a month that was decided before.

Neither the scope of a run nor what other contracts ask of the evidence changes it; what people are
told beside the figures does: the role, names, where proof lies.
"""

from datetime import UTC, datetime, timedelta

import pytest

from tests.workspaces import ACME, BLUEFIN, MAKEGOOD, Books, checks

PATIENT = ACME.replace(
    "monitors: [api]", "monitors: [api]\nmeasurement: {stale_after_minutes: 90000}"
)
IMPATIENT = BLUEFIN.replace(
    "monitors: [api]", "monitors: [web]\nmeasurement: {stale_after_minutes: 60, no_data: carry}"
)
CHECKS = "{id: checks, kind: checks_file, path: checks.csv}"
LOGGED = MAKEGOOD.replace(
    CHECKS, "{id: log, kind: outage_log, path: log.csv, covers: 2025-09-01/2025-11-01}"
)
COUNTED = MAKEGOOD.replace(CHECKS, "{id: counts, kind: calculator_payloads, path: payload.json}")
R0 = {"acme/api/2025-09/r0": ("draft", "200.00 EUR")}


def owed_to_acme(books: Books) -> dict[str, tuple[str, str]]:
    """Acme's obligations alone."""
    return {key: owed for key, owed in books.owed.items() if key.startswith("acme/")}


def incidents(*links: str) -> str:
    """A log of outages of an hour each, one minute after the other, one for each link."""
    noon = datetime(2025, 9, 10, 12, tzinfo=UTC)
    rows = ["monitor,started_at,ended_at,source_link"]
    for number, link in enumerate(links):
        start = noon + timedelta(minutes=number)
        rows.append(f"api,{start:%FT%TZ},{start + timedelta(hours=1):%FT%TZ},{link}")
    return "\n".join(rows) + "\n"


def test_a_run_of_one_client_leaves_what_the_run_of_all_decided(lay_out):
    """Bluefin's monitor is stale after an hour, so shorter silences are read when it runs too."""
    books = lay_out(PATIENT, IMPATIENT, checks=checks(api=120, web=120))
    for clients in ((), ("acme",), ()):
        books.run(clients=clients)
        assert owed_to_acme(books) == R0


def test_a_new_contract_changes_no_other_one(lay_out):
    """Acme was decided alone; Bluefin comes and asks for shorter silences."""
    books = lay_out(PATIENT, checks=checks(api=120, web=120))
    books.run()
    books.agree(PATIENT, IMPATIENT)
    outcome = books.run()["acme/api"]
    assert outcome.says == "unchanged: decided before on the same inputs"
    assert owed_to_acme(books) == R0


def test_clients_whose_ids_hold_dots_have_previews_of_their_own(lay_out):
    """`a.b` with service `c`, and `a` with service `b.c`: two credits, two pages."""
    dotted, plain = (
        ACME.replace("id: acme", f"id: {client}").replace("id: api", f"id: {service}")
        for client, service in (("a.b", "c"), ("a", "b.c"))
    )
    books = lay_out(dotted, plain, checks=checks(api=120))
    books.run()
    assert books.previews == ["a+b.c+2025-09+r0.html", "a.b+c+2025-09+r0.html"]


def test_a_role_that_was_wrong_and_is_mended_takes_the_draft_back(lay_out):
    """Who owed as a provider is a vendor: the old draft must not be released any more."""
    books = lay_out(ACME, checks=checks(api=120))
    books.run()
    books.agree(ACME.replace("role: provider", "role: customer"))
    outcome = books.run()["acme/api"]
    assert outcome.says.endswith("the role changed")
    assert (books.shown().waiting, books.previews) == ((), [])
    assert books.owed == {
        "acme/api/2025-09/r0": ("superseded", "200.00 EUR"),
        "acme/api/2025-09/r1": ("draft", "200.00 EUR"),
    }


def test_a_name_that_was_mended_reaches_ledger_and_preview(lay_out):
    """A draft tells the client's name; the next run tells the new one, and a rerun nothing more."""
    books = lay_out(ACME, checks=checks(api=120))
    books.run()
    books.agree(ACME.replace("Acme GmbH", "Acme AG"))
    for says in (
        "acme/api/2025-09/r1 supersedes acme/api/2025-09/r0: the client's name changed",
        "unchanged: decided before on the same inputs",
    ):
        assert books.run()["acme/api"].says == says
    assert books.rows["acme/api/2025-09/r1"]["Client"] == "Acme AG"
    assert "Acme AG" in (books.folder / "previews/acme+api+2025-09+r1.html").read_text("utf-8")


def test_a_name_that_changes_after_release_moves_no_money(lay_out):
    """The total is what was released: no entry."""
    books = lay_out(ACME, checks=checks(api=120))
    books.run()
    books.release()
    books.agree(ACME.replace("Acme GmbH", "Acme AG"))
    assert books.run()["acme/api"].says == "nothing more is owed: the client's name changed"
    assert books.owed == {"acme/api/2025-09/r0": ("released", "200.00 EUR")}


def test_what_the_contract_names_as_proof_stands_in_its_row(lay_out):
    """Addresses are links; other words for where proof lies are notes."""
    proof = "evidence: [https://grafana.example/d/7, CloudWatch metrics path]\n"
    books = lay_out(ACME + proof, checks=checks(api=120))
    books.run()
    row = books.rows["acme/api/2025-09/r0"]
    assert row["Evidence URLs"] == "https://grafana.example/d/7"
    assert row["Notes"].endswith(" Proof: CloudWatch metrics path.")
    (summary,) = (books.folder / "outbox").glob("*.summary.*.eml")
    assert "Evidence:\n     https://grafana.example/d/7\n" in summary.read_text("utf-8")
    assert "CloudWatch metrics path" in summary.read_text("utf-8")


def test_a_link_that_is_added_to_an_incident_reaches_the_row(lay_out):
    """The log had no link at first; a claim needs it."""
    books = lay_out(ACME, makegood=LOGGED)
    for link in ("", "https://status.example/1"):
        books.write("log.csv", incidents(link))
        books.run()
    assert books.rows["acme/api/2025-09/r1"]["Evidence URLs"] == "https://status.example/1"


def test_more_links_than_a_cell_can_hold_are_counted_in_the_notes(lay_out):
    """600 links of 54 characters and a separator of 2 each: 285 fit into 16,000."""
    links = [f"https://status.example/incidents/{number:021}" for number in range(600)]
    books = lay_out(ACME, makegood=LOGGED)
    books.write("log.csv", incidents(*links))
    books.run()
    row = books.rows["acme/api/2025-09/r0"]
    assert row["Evidence URLs"].split() == links[:285]
    assert row["Notes"].endswith(" 315 more in the decision log.")


def test_a_calculator_may_name_its_proof_in_any_words(lay_out):
    """Such words are no links, and no reason to stop a run after its decision was recorded."""
    books = lay_out(ACME, makegood=COUNTED)
    books.write(
        "payload.json",
        '{"client_id": "acme", "service_id": "api", "month": "2025-09", "uptime_percent": 99.5,'
        ' "evidence": ["dashboard 7, second tab", "https://grafana.example/d/7"]}',
    )
    books.run()
    row = books.rows["acme/api/2025-09/r0"]
    assert row["Evidence URLs"] == "https://grafana.example/d/7"
    assert row["Notes"].endswith(" Proof: dashboard 7, second tab.")


@pytest.mark.parametrize("unseen", ["\\u202efdp", "\\u2066fdp"])
def test_an_address_with_signs_that_nobody_sees_is_no_link(lay_out, unseen):
    """It leads elsewhere than it says: the words stand in the notes, without such signs."""
    books = lay_out(ACME, makegood=COUNTED)
    books.write(
        "payload.json",
        '{"client_id": "acme", "service_id": "api", "month": "2025-09", "uptime_percent": 99.5,'
        f' "evidence": ["https://pay.example/{unseen}.exe"]}}',
    )
    books.run()
    row = books.rows["acme/api/2025-09/r0"]
    assert row["Evidence URLs"] == ""
    assert "Proof: https://pay.example/ " in row["Notes"]
