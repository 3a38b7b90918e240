"""Paying what was released: notes and balances, exactly once, and a person where no rule decides.

120 of 43,200 minutes down are 99.72 %: 10 % of 2,000.00 EUR are 200.00 EUR. The billing system is
the one in memory, whose rules are Stripe's.
"""

from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from connectors.billing.memory import Fault, MemoryBilling
from connectors.errors import Misconfigured, Permanent, Retriable
from flows.binding import PAYMENT
from flows.office import open_office
from flows.paying import in_words, pay_released
from models.decision import EntryKind
from models.effect import EffectState
from models.intervals import Interval
from models.money import Currency, Money
from models.period import ServiceMonth
from tests.workspaces import ACME, BLUEFIN, SEPTEMBER, Books, checks

MONTH = ServiceMonth.parse(SEPTEMBER).bounds("UTC")
EVER = Interval(0, 10**15)
HOUR = 3_600_000
R0, R1, R2 = (f"acme/api/2025-09/r{revision}" for revision in range(3))


@dataclass
class Account:
    """An account at the billing system, and its clock."""

    billing: MemoryBilling = field(init=False)
    now: int = MONTH.end

    def __post_init__(self) -> None:
        """Open it."""
        self.billing = MemoryBilling(now=lambda: self.now)

    @property
    def credits(self):
        """Every credit that was made, oldest first: key, document's kind, target, amount."""
        found = sorted(self.billing.credits(EVER), key=lambda each: each.id[-6:])
        return [f"{f.key} {f.id[:2]} {f.invoice or f.customer} {f.amount}" for f in found]


@pytest.fixture
def account(monkeypatch):
    """The account that every office opens while the test runs; Acme is billed 2,000.00 EUR."""
    made = Account()
    made.billing.customer("cus_acme", client="acme")
    made.billing.subscription("sub_acme", "cus_acme")
    made.billing.invoice("in_sep", "cus_acme", 200_000, period=MONTH)

    @contextmanager
    def _open(*_):
        yield made.billing

    monkeypatch.setattr("flows.office.open_billing", _open)
    return made


def parts(books: Books) -> dict[str, EffectState]:
    """Every part, by its key, and where it stands."""
    with open_office(books.folder, read_only=True) as office:
        keys = list(office.store.effect_keys(kinds=[PAYMENT]))
        return {effect.key: effect.state for effect in office.store.effects(keys=keys)}


def questions(books: Books) -> dict[str, str]:
    """What a person is asked, by the part's key."""
    with open_office(books.folder, read_only=True) as office:
        keys = list(office.store.effect_keys(kinds=[PAYMENT], states=[EffectState.PERSON]))
        return {effect.key: effect.outcome["why"] for effect in office.store.effects(keys=keys)}


def resolve(books: Books, key: str, as_: EffectState) -> None:
    """What a person says how a question ended."""
    with open_office(books.folder) as office:
        office.store.resolve(key, as_=as_, by="kim", why="looked at it")


def drafted(lay_out, *contracts, minutes=120) -> Books:
    """A workspace whose month has run."""
    books: Books = lay_out(*contracts, checks=checks(api=minutes))
    books.run()
    return books


def released(lay_out, *contracts, minutes=120) -> Books:
    """A workspace whose month is released and paid as far as that goes."""
    books = drafted(lay_out, *contracts, minutes=minutes)
    books.release()
    return books


def decided_anew(books: Books, minutes: int) -> None:
    """The evidence changes, the month runs and the adjustment is released."""
    books.write("checks.csv", checks(api=minutes))
    books.run()
    books.release()


def test_nothing_is_paid_before_release(lay_out, account):
    """A draft moves no money."""
    books = drafted(lay_out)
    assert (account.credits, parts(books)) == ([], {})


def test_a_release_makes_one_credit_note(lay_out_on_each, account):
    """Against the service month's invoice, with what an auditor needs in its metadata."""
    books = released(lay_out_on_each)
    assert account.credits == [f"{R0}/p1 cn in_sep 200.00 EUR"]
    assert parts(books) == {f"{R0}/p1": EffectState.DONE}


def test_the_log_says_what_was_paid(lay_out, account):
    """The chain has the part's key, the vendor's id and the intent's digest."""
    books = released(lay_out)
    store = books.store()
    try:
        bodies = [
            entry.body
            for entry in store.entries(contract="acme/api")
            if entry.kind is EntryKind.EFFECT_DONE and entry.body["kind"] == PAYMENT
        ]
    finally:
        store.close()
    assert [(body["effect"], body["outcome"]["id"]) for body in bodies] == [
        (f"{R0}/p1", "cn_000001")
    ]


def test_a_rerun_pays_nothing_again(lay_out_on_each, account):
    """Neither a run nor a release, however often: not one row changes."""
    books = released(lay_out_on_each)
    before = books.everything
    books.run()
    books.release()
    assert books.everything == before
    assert len(account.credits) == 1


def test_without_an_invoice_the_credit_goes_onto_the_balance(lay_out, account):
    """Bluefin has a subscription and no invoice yet: 10 % of 3,600.00 USD."""
    account.billing.customer("cus_blue", client="bluefin")
    account.billing.subscription("sub_blue", "cus_blue", currency="USD")
    released(lay_out, BLUEFIN)
    assert account.credits == ["bluefin/api/2025-09/r0/p1 cb cus_blue 360.00 USD"]


def test_what_the_invoice_cannot_take_is_the_second_part(lay_out, account):
    """50.00 of 200.00 EUR can still be credited."""
    account.billing.refund("in_sep", 195_000)
    books = released(lay_out)
    assert account.credits == [
        f"{R0}/p1 cn in_sep 50.00 EUR",
        f"{R0}/p2 cb cus_acme 150.00 EUR",
    ]
    assert set(parts(books).values()) == {EffectState.DONE}


def test_a_payment_in_flight_waits_and_is_credited_later(lay_out, account):
    """The first run after the payment has arrived makes the note."""
    account.billing.invoice(
        "in_sep", "cus_acme", 200_000, period=MONTH, state="open", in_flight=True
    )
    books = drafted(lay_out)
    done = books.release()
    assert (account.credits, parts(books)) == ([], {})
    assert done.payments.waiting == 1
    assert "a payment of in_sep is under way" in done.payments.notes[0]
    account.billing.pay_invoice("in_sep")
    books.run()
    assert account.credits == [f"{R0}/p1 cn in_sep 200.00 EUR"]


def test_a_draft_invoice_waits(lay_out, account):
    """It is finalized within the hour."""
    account.billing.invoice("in_sep", "cus_acme", 200_000, period=MONTH, state="draft")
    books = released(lay_out)
    assert account.credits == []
    account.billing.invoice("in_sep", "cus_acme", 200_000, period=MONTH, state="open")
    books.release()
    assert account.credits == [f"{R0}/p1 cn in_sep 200.00 EUR"]


def test_an_invoice_that_was_voided_in_between_is_planned_anew(lay_out, account, monkeypatch):
    """The note is refused; the next part is planned against what is there then."""
    billing = account.billing
    prepare = billing.prepare

    def _late(part, **words):
        intent = prepare(part, **words)
        billing.void_invoice("in_sep")
        return intent

    monkeypatch.setattr(billing, "prepare", _late)
    books = released(lay_out)
    assert account.credits == [f"{R0}/p2 cb cus_acme 200.00 EUR"]
    assert parts(books) == {f"{R0}/p1": EffectState.REFUSED, f"{R0}/p2": EffectState.DONE}


def test_an_invoice_that_was_paid_in_between_is_planned_anew(lay_out, account, monkeypatch):
    """The split of a note into before and after payment went stale; the new one is right."""
    billing = account.billing
    billing.invoice("in_sep", "cus_acme", 200_000, period=MONTH, state="open")
    prepare = billing.prepare

    def _late(part, **words):
        intent = prepare(part, **words)
        billing.pay_invoice("in_sep")
        return intent

    monkeypatch.setattr(billing, "prepare", _late)
    books = released(lay_out)
    assert account.credits == [f"{R0}/p2 cn in_sep 200.00 EUR"]
    assert parts(books)[f"{R0}/p1"] is EffectState.REFUSED


def test_what_is_refused_again_and_again_goes_to_a_person(lay_out, account, monkeypatch):
    """After three refused parts nobody tries a fourth."""
    billing = account.billing
    billing.invoice("in_sep", "cus_acme", 200_000, period=MONTH, state="open")
    prepare = billing.prepare

    def _always_late(part, **words):
        intent = prepare(part, **words)
        intent.parameters["before"] += 1
        return intent

    monkeypatch.setattr(billing, "prepare", _always_late)
    books = released(lay_out)
    assert account.credits == []
    assert list(parts(books).values()) == [EffectState.REFUSED] * 3 + [EffectState.PERSON]
    assert "refused 3 times, at last: memory" in questions(books)[f"{R0}/p4"]


def test_what_was_refused_and_cannot_be_looked_for_goes_to_a_person(lay_out, account, monkeypatch):
    """The run goes on all the same: Bluefin's 360.00 USD are paid."""
    billing = account.billing
    billing.customer("cus_blue", client="bluefin")
    billing.subscription("sub_blue", "cus_blue", currency="USD")
    prepare = billing.prepare

    def _late(part, **words):
        intent = prepare(part, **words)
        billing.void_invoice("in_sep")
        return intent

    def _refused(_intent):
        raise Permanent("memory: no such list", status=400)

    monkeypatch.setattr(billing, "prepare", _late)
    monkeypatch.setattr(billing, "look", _refused)
    books = released(lay_out, ACME, BLUEFIN)
    assert account.credits == ["bluefin/api/2025-09/r0/p1 cb cus_blue 360.00 USD"]
    assert "no such list" in questions(books)[f"{R0}/p2"]


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (lambda b: b.delete_customer("cus_acme"), "no customer"),
        (lambda b: b.customer("cus_twin", client="acme"), "2 customers: cus_acme, cus_twin"),
        (lambda b: b.invoice("in_twin", "cus_acme", 1, period=MONTH), "in_sep, in_twin"),
        (lambda b: b.subscription("sub_acme", "cus_acme", cancelled=True), "cancelled"),
        (lambda b: b.subscription("sub_acme", "cus_acme", ends=True), "ends before it renews"),
    ],
)
def test_what_no_rule_decides_is_left_with_a_person(lay_out, account, happens, why):
    """It is listed, nothing is paid, and asking once is enough."""
    happens(account.billing)
    books = drafted(lay_out)
    done = books.release()
    assert account.credits == []
    assert (done.payments.person, parts(books)) == (1, {f"{R0}/p1": EffectState.PERSON})
    assert why in questions(books)[f"{R0}/p1"]
    before = books.everything
    books.run()
    assert books.everything == before


def test_a_question_that_is_answered_done_is_paid(lay_out, account):
    """A person has refunded it by hand; no program pays it as well."""
    account.billing.subscription("sub_acme", "cus_acme", cancelled=True)
    books = released(lay_out)
    resolve(books, f"{R0}/p1", EffectState.DONE)
    account.billing.subscription("sub_acme", "cus_acme")
    books.run()
    assert account.credits == []


def test_a_question_that_is_answered_never_is_not_paid(lay_out, account):
    """A person has decided that it is not paid at all."""
    account.billing.subscription("sub_acme", "cus_acme", cancelled=True)
    books = released(lay_out)
    resolve(books, f"{R0}/p1", EffectState.REFUSED)
    account.billing.subscription("sub_acme", "cus_acme")
    books.run()
    assert account.credits == []


def test_a_question_that_is_answered_again_is_planned_anew(lay_out, account):
    """The customer was mended; the credit is the next part."""
    account.billing.subscription("sub_acme", "cus_acme", cancelled=True)
    books = released(lay_out)
    account.billing.subscription("sub_acme", "cus_acme")
    books.run()
    assert account.credits == []  # The question stands until somebody answers it.
    resolve(books, f"{R0}/p1", EffectState.PLANNED)
    books.run()
    assert account.credits == [f"{R0}/p2 cn in_sep 200.00 EUR"]
    assert parts(books) == {f"{R0}/p1": EffectState.REFUSED, f"{R0}/p2": EffectState.DONE}


def test_a_remainder_of_a_refund_is_asked_about(lay_out, account):
    """The note is made, the rest is a question of its own."""
    account.billing.refund("in_sep", 195_000)
    books = released(lay_out, ACME + "payout: refund\n")
    assert account.credits == [f"{R0}/p1 cn in_sep 50.00 EUR"]
    assert questions(books)[f"{R0}/p2"].startswith("150.00 EUR is not paid: 150.00 EUR is left")


def test_an_adjustment_upwards_is_a_further_note(lay_out, account):
    """500 minutes: 25 % of 2,000.00 less the 200.00 that were given."""
    books = released(lay_out)
    decided_anew(books, 500)
    assert account.credits == [
        f"{R0}/p1 cn in_sep 200.00 EUR",
        f"{R1}/p1 cn in_sep 300.00 EUR",
    ]


def test_an_adjustment_downwards_takes_back_from_the_balance(lay_out, account):
    """The month met its commitment after all: 200.00 EUR were put onto the balance."""
    account.billing.void_invoice("in_sep")
    books = released(lay_out)
    decided_anew(books, 10)
    assert account.credits == [
        f"{R0}/p1 cb cus_acme 200.00 EUR",
        f"{R1}/p1 cb cus_acme -200.00 EUR",
    ]


def test_an_adjustment_downwards_never_takes_back_a_note(lay_out, account):
    """The note stands; a person may charge it on the next invoice."""
    books = released(lay_out)
    decided_anew(books, 10)
    assert account.credits == [f"{R0}/p1 cn in_sep 200.00 EUR"]
    assert "200.00 EUR by credit note" in questions(books)[f"{R1}/p1"]


def test_nothing_is_taken_back_while_the_credit_is_with_a_person(lay_out, account):
    """First it must be known whether it was ever paid."""
    account.billing.subscription("sub_acme", "cus_acme", cancelled=True)
    books = released(lay_out)
    books.write("checks.csv", checks(api=10))
    books.run()
    done = books.release()
    assert done.payments.waiting == 1
    assert f"{R0}/p1 must be settled first" in done.payments.notes[0]
    resolve(books, f"{R0}/p1", EffectState.DONE)
    books.run()
    assert "can be taken back" in questions(books)[f"{R1}/p1"]
    assert account.credits == []


@pytest.mark.parametrize(
    ("fee", "credit"),
    [
        ("20000 JPY", "2000 JPY"),
        ("2000.500 KWD", "200.050 KWD"),
        ("20000 ISK", "2000 ISK"),
        ("20005 UGX", "2001 UGX"),  # 2,000.5 shillings, half up
    ],
)
def test_currencies_without_cents_and_with_thousandths(lay_out, account, fee, credit):
    """10 % of the fee, in whole payable steps."""
    fee, code = fee.split()
    minor = int(fee.replace(".", ""))
    account.billing.customer("cus_acme", client="acme")
    account.billing.subscription("sub_acme", "cus_acme", currency=code)
    account.billing.invoice("in_sep", "cus_acme", minor, period=MONTH, currency=code)
    terms = ACME.replace("EUR", code).replace("billable_amount: 2000", f"billable_amount: {fee}")
    released(lay_out, terms)
    assert account.credits == [f"{R0}/p1 cn in_sep {credit}"]


def test_tax_comes_on_top_where_the_contract_says_so(lay_out, account):
    """2,000.00 and 19 %: a note of 238.00 settles 200.00 net."""
    account.billing.invoice("in_sep", "cus_acme", 200_000, tax=38_000, period=MONTH)
    released(lay_out, ACME + "billing: {tax: net}\n")
    assert account.credits == [f"{R0}/p1 cn in_sep 238.00 EUR"]


def test_tax_rates_are_not_blended_but_asked_about(lay_out, account):
    """20 % on 1,800.00 and none on 200.00; a contract with the tax in its amounts is not asked."""
    terms = {"tax": 36_000, "period": MONTH, "mixed_tax": True}
    account.billing.invoice("in_sep", "cus_acme", 200_000, **terms)
    books = released(lay_out, ACME + "billing: {tax: net}\n")
    assert account.credits == []
    assert "taxed differently" in questions(books)[f"{R0}/p1"]


def test_a_contract_may_name_its_customer(lay_out, account):
    """Two customers say that they are Acme; the contract says which one."""
    account.billing.customer("cus_twin", client="acme")
    released(lay_out, ACME + "billing: {customer: cus_acme}\n")
    assert account.credits == [f"{R0}/p1 cn in_sep 200.00 EUR"]


def test_two_services_of_one_client_share_its_invoice(lay_out, account):
    """The second note sees what the first one took: 250.00 can be credited, not 200.00 twice."""
    account.billing.refund("in_sep", 175_000)
    web = ACME.replace("id: api", "id: web")
    books = released(lay_out, ACME, web)
    assert account.credits == [
        "acme/api/2025-09/r0/p1 cn in_sep 200.00 EUR",
        "acme/web/2025-09/r0/p1 cn in_sep 50.00 EUR",
        "acme/web/2025-09/r0/p2 cb cus_acme 150.00 EUR",
    ]
    assert set(parts(books).values()) == {EffectState.DONE}


@pytest.mark.parametrize("fault", list(Fault))
def test_a_lost_answer_or_a_limit_loses_and_doubles_nothing(lay_out, account, fault):
    """The run goes on by itself, or the next one does."""
    books = drafted(lay_out)
    account.billing.faults.append(fault)
    books.release()
    books.run()
    assert account.credits == [f"{R0}/p1 cn in_sep 200.00 EUR"]
    assert parts(books) == {f"{R0}/p1": EffectState.DONE}


def test_a_run_that_is_cut_off_after_planning_sends_what_was_planned(lay_out, account, monkeypatch):
    """The intent stands; nothing is planned a second time, whatever the vendor knows by then."""
    books = drafted(lay_out)

    def _cut_off(*_args, **_facts):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(account.billing, "pay", _cut_off)
        with pytest.raises(KeyboardInterrupt):
            books.release()
    assert (account.credits, parts(books)) == ([], {f"{R0}/p1": EffectState.SENDING})
    monkeypatch.setattr(account.billing, "picture", _cut_off)
    books.run()
    assert account.credits == [f"{R0}/p1 cn in_sep 200.00 EUR"]
    assert parts(books) == {f"{R0}/p1": EffectState.DONE}


def test_a_part_that_nobody_here_planned_goes_to_a_person(lay_out, account):
    """The database was put back from a copy that was older than the payment."""
    books = drafted(lay_out)
    account.billing.note("in_sep", Money(20_000, Currency.of("EUR")), {"makegood_part": f"{R0}/p1"})
    books.release()
    assert len(account.credits) == 1
    assert "put back from a copy" in questions(books)[f"{R0}/p1"]


def _refuse(*_args, **_facts):
    message = "the key may not do that"
    raise Misconfigured(message)


def test_wrong_settings_are_found_before_anything_is_released(lay_out, account, monkeypatch):
    """The key may not read customers."""
    books = drafted(lay_out)
    monkeypatch.setattr(account.billing, "picture", _refuse)
    with pytest.raises(Misconfigured):
        books.release()
    assert books.owed == {R0: ("draft", "200.00 EUR")}


def test_wrong_settings_stop_before_anything_is_paid(lay_out, account, monkeypatch):
    """The release stands; when the key is mended, the next run pays and tells the client."""
    books = drafted(lay_out)
    with monkeypatch.context() as patched:
        patched.setattr(account.billing, "pay", _refuse)
        with pytest.raises(Misconfigured):
            books.release()
    assert account.credits == []
    assert books.mails_to("ap@acme.example") == []
    books.run()
    assert len(account.credits) == 1
    assert len(books.mails_to("ap@acme.example")) == 1


def test_a_vendor_that_is_away_stops_no_release(lay_out, account, monkeypatch):
    """What is released waits, and is paid when the vendor is back."""
    books = drafted(lay_out)

    def _away(*_args, **_facts):
        message = "no answer"
        raise Retriable(message)

    with monkeypatch.context() as patched:
        patched.setattr(account.billing, "picture", _away)
        assert books.release().payments.waiting == 1
    assert (account.credits, books.owed) == ([], {R0: ("released", "200.00 EUR")})
    books.run()
    assert len(account.credits) == 1


def test_only_the_clients_that_were_asked_for_are_paid_by_a_run(lay_out, account, monkeypatch):
    """Bluefin's credit waits for a run of its own."""
    account.billing.customer("cus_blue", client="bluefin")
    account.billing.subscription("sub_blue", "cus_blue", currency="USD")
    books = drafted(lay_out, ACME, BLUEFIN)
    with monkeypatch.context() as patched:
        patched.setattr("flows.release.pay_released", lambda *_args, **_facts: None)
        books.release()
    books.run(clients=["acme"])
    assert account.credits == [f"{R0}/p1 cn in_sep 200.00 EUR"]
    books.run()
    assert len(account.credits) == 2


def test_the_journal_books_what_no_vendor_does(lay_out):
    """The default: one part, done when its file is there."""
    books = released(lay_out)
    assert parts(books) == {f"{R0}/p1": EffectState.DONE}
    assert (books.folder / "journal" / "parts" / f"{R0}/p1.json").is_file()
    decided_anew(books, 10)
    assert parts(books) == {f"{R0}/p1": EffectState.DONE, f"{R1}/p1": EffectState.DONE}


def test_many_clients_are_paid_each_once(lay_out, account, monkeypatch):
    """Three waves and a bit, several at a time."""
    monkeypatch.setattr("flows.paying.AT_ONCE", 7)
    names = [f"c{number:03d}" for number in range(23)]
    contracts = []
    for name in names:
        account.billing.customer(f"cus_{name}", client=name)
        account.billing.subscription(f"sub_{name}", f"cus_{name}")
        contracts.append(ACME.replace("id: acme", f"id: {name}"))
    books = drafted(lay_out, *contracts)
    done = books.release()
    assert (done.payments.done, in_words(done.payments)) == (23, "23 paid")
    assert sorted(account.credits) == [
        f"{name}/api/2025-09/r0/p1 cb cus_{name} 200.00 EUR" for name in names
    ]
    with open_office(books.folder) as office:
        assert in_words(pay_released(office, SEPTEMBER)) == "nothing to pay"
