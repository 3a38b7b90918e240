"""What must not change a decided month: its scope, and what other contracts ask of evidence."""

from tests.workspaces import ACME, BLUEFIN, Books, checks

PATIENT = ACME.replace(
    "monitors: [api]", "monitors: [api]\nmeasurement: {stale_after_minutes: 90000}"
)
IMPATIENT = BLUEFIN.replace(
    "monitors: [api]", "monitors: [web]\nmeasurement: {stale_after_minutes: 60, no_data: carry}"
)
R0 = {"acme/api/2025-09/r0": ("draft", "200.00 EUR")}


def owed_to_acme(books: Books) -> dict[str, tuple[str, str]]:
    """Acme's obligations alone."""
    return {key: owed for key, owed in books.owed.items() if key.startswith("acme/")}


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
