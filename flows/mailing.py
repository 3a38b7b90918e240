"""Mail of a month: the operator's summary, clients' notices, and their previews.

A message is made from what the store recorded with an obligation. Its bytes are stored as the
effect's intent before anything is sent; nothing for a client is planned before release.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from connectors.files import sole_writer, write_whole
from connectors.mail import Attachment, Mailbox, MailSender, compose
from connectors.store import EffectPlan, StoredObligation
from flows.claim_links import links_of
from flows.claims import all_claims
from flows.effects import ONCE, Settlement, carry_out, settle
from flows.incidents import all_incidents
from flows.log import note
from flows.messages import (
    ChangeLine,
    ClientNotice,
    CountedWindows,
    CreditLine,
    MonthlySummary,
    OutageLine,
    ReleaseRequest,
    Rendered,
    WithheldLine,
    preview_notice,
    render_notice,
    render_request,
    render_summary,
)
from flows.messages.language import Language, language_of
from flows.office import Office
from flows.posting import post
from models.addresses import ascii_address
from models.approval import Needed
from models.claims.dependency import BothSides, both_sides
from models.claims.standing import Claim
from models.contract import Payout, Role
from models.credit import ObligationKind, ObligationState
from models.decision import digest_of
from models.effect import OPEN_STATES, WORKSPACE
from models.intervals import Interval, instant
from models.language import LanguageCode
from models.money import Currency, Money
from models.period import ServiceMonth
from models.terms import JsonValue
from models.workspace_file import MailTerms

MOST_PREVIEWS = 1000
"""Pages that one month may fill by itself: nobody turns more than that."""

NOTICE = "client_notice"
SUMMARY = "operator_summary"
REQUEST = "release_request"
REMINDER = "claim_reminder"
TO_OURSELVES = frozenset({SUMMARY, REQUEST, REMINDER})
"""Mail to the operators alone: a second copy bothers no client."""
MAIL_KINDS = TO_OURSELVES | {NOTICE}


def send_waiting(office: Office, period: str) -> int:
    """Send what was planned and not sent, such as notices of a release that was cut off.

    What waits of other months goes out as well: a server that put a notice off last month may be
    asked by no other run.

    Args:
        office: What the run talks to.
        period: The service month whose mails are counted.
    """
    if office.mail is None:
        return 0
    of_the_month = waiting_mail(office, period)
    sent = send_planned(office, office.mail, of_the_month)
    others = [key for key in waiting_mail(office) if key not in {*of_the_month}]
    send_planned(office, office.mail, others)
    return sent.done


def waiting_mail(office: Office, period: str | None = None) -> list[str]:
    """The keys of mails that were planned and are not sent, of one month or of all."""
    kinds, states = sorted(MAIL_KINDS), sorted(OPEN_STATES)
    return list(office.store.effect_keys(period=period, kinds=kinds, states=states))


def send_planned(office: Office, mail: MailSender, keys: Sequence[str]) -> Settlement:
    """Send mails that are stored; what still waits, or needs a person, is noted."""
    far = post(mail, office.store, to_ourselves=TO_OURSELVES)
    came = settle(office.store, keys, far, patience=ONCE)
    for says in came.notes:
        note(says)
    if asked := came.person + came.refused:
        note(f"mails that need a person: {asked}; `makegood settle` lists them")
    return came


def send_summary(office: Office, period: str, *, contracts: int, met: int) -> int:
    """Send the operator's summary, once for each state of the month's credits.

    Args:
        office: What the run talks to.
        period: The service month.
        contracts: How many contracts were decided.
        met: How many of them met their commitment.
    """
    terms = office.workspace.mail
    if office.mail is None or terms is None:
        return 0
    obligations = office.store.obligations(period)
    key = f"{period}/summary/{digest_of([_told(s) for s in obligations])[:16]}"
    if office.store.effects(keys=[key]):
        return send_planned(office, office.mail, [key]).done
    summary = summary_of(office, period, contracts=contracts, met=met)
    letter = ToOurselves(key, SUMMARY, period, summary)
    return send_to_ourselves(office, office.mail, terms, letter).done


def send_release_request(
    office: Office, month: ServiceMonth, *, waiting: Sequence[StoredObligation], needed: Needed
) -> int:
    """Ask the operator and the approvers to release drafts, once for each set that is shown.

    Args:
        office: What the run talks to.
        month: The service month.
        waiting: Our own drafts, as a release would show them.
        needed: How many people must agree.
    """
    terms = office.workspace.mail
    if office.mail is None or terms is None or not waiting:
        return 0
    period = str(month)
    # Other evidence makes another revision, so that keys and amounts tell every set apart.
    shown = sorted([stored.key, str(stored.obligation.amount)] for stored in waiting)
    key = f"{period}/release-request/{digest_of(shown)[:16]}"
    if office.store.effects(keys=[key]):
        return 0
    rendered = request_of(office, month, waiting=waiting, needed=needed)
    letter = ToOurselves(key, REQUEST, period, rendered, also=terms.approvers)
    return send_to_ourselves(office, office.mail, terms, letter).done


def send_unanswered(
    office: Office,
    month: ServiceMonth,
    *,
    waiting: Sequence[StoredObligation],
    needed: Needed,
    question: str,
) -> int:
    """Tell the operator and the approvers that a question ran out, once for each question.

    Args:
        office: What the run talks to.
        month: The service month.
        waiting: Our own drafts that it was about and that still wait.
        needed: How many people must agree.
        question: Names it.
    """
    terms = office.workspace.mail
    if office.mail is None or terms is None or not waiting:
        return 0
    key = f"{month}/unanswered/{question}"
    if office.store.effects(keys=[key]):
        return send_planned(office, office.mail, [key]).done
    rendered = request_of(office, month, waiting=waiting, needed=needed, unanswered=True)
    letter = ToOurselves(key, REQUEST, str(month), rendered, also=terms.approvers)
    return send_to_ourselves(office, office.mail, terms, letter).done


@dataclass(frozen=True, slots=True)
class ToOurselves:
    """A mail to the operators, in words.

    Attributes:
        key: The effect's key.
        kind: The effect's kind, one of `TO_OURSELVES`.
        period: The service month that it is counted with.
        rendered: What it says.
        also: Who gets it beside the operator.
        attachments: Files that go with it.
        kept: What is stored beside its bytes, for later runs to read.
    """

    key: str
    kind: str
    period: str
    rendered: Rendered
    also: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    kept: Mapping[str, JsonValue] = field(default_factory=dict)


def send_to_ourselves(
    office: Office, mail: MailSender, terms: MailTerms, letter: ToOurselves
) -> Settlement:
    """Store a mail to the operators with its bytes, unless it is there, and send it once."""
    composed = compose(
        key=letter.key,
        at=instant(datetime.now(tz=UTC)),
        sender=Mailbox.of(terms.sender),
        to=_each_once([Mailbox.of(written) for written in (terms.operator, *letter.also)]),
        subject=letter.rendered.subject,
        text=letter.rendered.text,
        html=letter.rendered.html,
        reply_to=_reply_to(terms),
        attachments=letter.attachments,
    )
    intent = {**composed.intent, **letter.kept}
    plan = EffectPlan(letter.key, letter.kind, WORKSPACE, letter.period, intent)
    return carry_out(office.store, [plan], post(mail, office.store, to_ourselves=TO_OURSELVES))


def _each_once(mailboxes: Sequence[Mailbox]) -> list[Mailbox]:
    """The receivers, each address once, under the name by which it was written first."""
    found: dict[str, Mailbox] = {}
    for mailbox in mailboxes:
        found.setdefault(ascii_address(mailbox.address).lower(), mailbox)
    return list(found.values())


def workspace_named(office: Office) -> str:
    """The folder as commands must name it; "" when they are run inside it."""
    return "" if str(office.folder) == "." else str(office.folder)


def _limits(
    office: Office, month: ServiceMonth, waiting: Sequence[StoredObligation]
) -> tuple[Money, ...]:
    """The amounts above which two must agree, of the workspace and of the drafts' contracts."""
    drafts = {s.obligation.contract: s.obligation.amount for s in waiting if s.obligation.amount}
    versions = {c.id: c.in_force(month) for c in office.contracts if c.id in drafts}
    found = set()
    for contract, amount in drafts.items():
        version, currency = versions.get(contract), amount.currency
        for limit in (
            office.workspace.release.two_person_above.get(currency.code),
            version.release.two_person_above if version else None,
        ):
            if limit is not None:
                found.add(Money(int(currency.minor(limit)), currency))
    return tuple(sorted(found, key=lambda money: (money.currency.code, money.minor)))


def summary_of(
    office: Office, period: str, *, contracts: int, met: int, language: Language | None = None
) -> Rendered:
    """The operator's summary of what stands now; without a language in the operator's own."""
    standing = _standing(office.store.obligations(period))
    view = _summary(office, period, standing, contracts=contracts, met=met)
    return render_summary(view, language=language or own_language(office))


def request_of(
    office: Office,
    month: ServiceMonth,
    *,
    waiting: Sequence[StoredObligation],
    needed: Needed,
    language: Language | None = None,
    unanswered: bool = False,
) -> Rendered:
    """The request to release what waits; without a language in the operator's own.

    One that was not answered in time says so.
    """
    request = ReleaseRequest(
        month=month,
        waiting=tuple(_line(stored) for stored in waiting),
        people=needed.people,
        limits=_limits(office, month, waiting) if needed.people > 1 else (),
        letters=len(receivers(office, waiting)),
        previews=office.previews.name,
        workspace=workspace_named(office),
        unanswered=unanswered,
    )
    return render_request(request, language=language or own_language(office))


def notice_of(
    office: Office, stored: StoredObligation, *, language: Language | None = None
) -> Rendered:
    """A client's notice; with a banner while it waits for release, without a language in theirs."""
    return render_notice(
        _notice(office, stored),
        preview=stored.obligation.state is ObligationState.DRAFT,
        language=language or notice_languages(office, [stored])[stored.key],
    )


def own_language(office: Office) -> Language:
    """The language of mail to ourselves."""
    terms = office.workspace.mail
    return language_of(terms.language if terms else LanguageCode.EN)


def receivers(office: Office, obligations: Sequence[StoredObligation]) -> Mapping[str, Mailbox]:
    """To whom the notice of each obligation goes, by its key; those without an address are absent.

    That is what the contract says now; for one that is gone, what it said when it was decided.
    """
    parties = {contract.id: contract.client for contract in office.contracts}
    found = {}
    for stored in obligations:
        party, facts = parties.get(stored.obligation.contract), stored.ledger
        name = party.name if party else facts["client_name"]
        address = party.email if party else facts["client_email"]
        if address:
            found[stored.key] = Mailbox(name, address)
    return found


def notice_languages(
    office: Office, obligations: Sequence[StoredObligation]
) -> Mapping[str, Language]:
    """The language of each obligation's notice, by its key; found as its receiver is."""
    parties = {contract.id: contract.client for contract in office.contracts}
    usual, found = own_language(office), {}
    for stored in obligations:
        party = parties.get(stored.obligation.contract)
        # Obligations of earlier versions have no language among their facts.
        wanted = party.language if party else stored.ledger.get("client_language")
        found[stored.key] = language_of(wanted) if wanted else usual
    return found


def notice_plans(
    office: Office,
    obligations: Sequence[StoredObligation],
    *,
    to: Mapping[str, Mailbox],
    at: int,
) -> tuple[EffectPlan, ...]:
    """The clients' notices of obligations that are being released, one for each with a receiver."""
    terms = office.workspace.mail
    if terms is None:
        return ()
    languages = notice_languages(office, obligations)
    return tuple(
        _notice_plan(
            office, terms, stored, to=to[stored.key], language=languages[stored.key], at=at
        )
        for stored in obligations
        if stored.key in to and stored.obligation.amount
    )


def write_previews(office: Office, period: str) -> int:
    """Write the notices that wait for release as pages to look at; remove those that do not.

    Ids of clients and services may hold dots, but no plus: each obligation has a page of its own.
    Of very many only the largest have one; `makegood mail preview` shows any.
    """
    drafts = [
        stored
        for stored in office.store.obligations(period, states=[ObligationState.DRAFT])
        if stored.role is Role.PROVIDER
    ]
    wanted = {
        f"{stored.key.replace('/', '+')}.html": stored
        for stored in sorted(drafts, key=_size, reverse=True)[:MOST_PREVIEWS]
    }
    with sole_writer(office.previews / "previews"):
        for path in office.previews.glob(f"*+{period}+r*.html"):
            if path.name not in wanted:
                path.unlink(missing_ok=True)
        languages = notice_languages(office, list(wanted.values()))
        for name, stored in wanted.items():
            notice = _notice(office, stored)
            _write_preview(office.previews / name, notice, languages[stored.key])
    return len(wanted)


def _size(stored: StoredObligation) -> Decimal:
    """How large a credit is, in major units of whatever currency; what takes back is as large."""
    amount = stored.obligation.amount
    return Decimal(0) if amount is None else abs(Decimal(amount.text))


def _write_preview(path: Path, notice: ClientNotice, language: Language) -> None:
    # The mark at the end tells which notice it shows, so that a rerun renders nothing again.
    mark = f"<!-- {sha256(repr((notice, language)).encode()).hexdigest()} -->\n".encode()
    if path.exists() and path.read_bytes().endswith(mark):
        return
    page = preview_notice(notice, language=language).encode()
    write_whole(path, page + mark, durable=False)


def _told(stored: StoredObligation) -> list[str]:
    """What a summary says of an obligation; that it was released is no news to the operator."""
    gone = stored.obligation.state is ObligationState.SUPERSEDED
    amount = stored.obligation.amount or stored.obligation.reason
    return [stored.key, "" if gone else str(amount)]


def _standing(obligations: Sequence[StoredObligation]) -> list[StoredObligation]:
    return [s for s in obligations if s.obligation.state is not ObligationState.SUPERSEDED]


def _notice_plan(
    office: Office,
    terms: MailTerms,
    stored: StoredObligation,
    *,
    to: Mailbox,
    language: Language,
    at: int,
) -> EffectPlan:
    key = f"{stored.key}/notice"
    notice = render_notice(_notice(office, stored), language=language)
    mail = compose(
        key=key,
        at=at,
        sender=Mailbox.of(terms.sender),
        to=[to],
        subject=notice.subject,
        text=notice.text,
        html=notice.html,
        reply_to=_reply_to(terms),
        unsubscribe=terms.unsubscribe or "",
    )
    obligation = stored.obligation
    return EffectPlan(
        key, NOTICE, obligation.contract, obligation.period, mail.intent, obligation=stored.key
    )


def _summary(
    office: Office,
    period: str,
    standing: Sequence[StoredObligation],
    *,
    contracts: int,
    met: int,
) -> MonthlySummary:
    drafts = [s for s in standing if s.obligation.state is ObligationState.DRAFT]
    claims = _claims(office, period, standing)
    sides = _sides(office, list(claims.values()))
    return MonthlySummary(
        month=ServiceMonth.parse(period),
        contracts=contracts,
        met=met,
        to_release=tuple(_line(s) for s in drafts if s.role is Role.PROVIDER),
        to_claim=_claim_lines(drafts, claims, is_open=True),
        claimed=_claim_lines(drafts, claims, is_open=False),
        released=tuple(_line(s) for s in standing if s.release),
        withheld=tuple(_withheld(s) for s in standing if s.obligation.amount is None),
        changes=tuple(_change(s) for s in standing if s.obligation.revision),
        owed_with_vendors=tuple(sides.owed.values()),
        recoverable=tuple(sides.recoverable.values()),
        ledger=office.workspace.ledger.csv,
        previews=office.previews.name,
        workspace=workspace_named(office),
    )


def _claims(
    office: Office, period: str, standing: Sequence[StoredObligation]
) -> Mapping[str, Claim]:
    """The month's claims by the key of the revision that stands."""
    vendors = sorted({stored.client for stored in standing if stored.role is Role.CUSTOMER})
    if not vendors:
        return {}
    found = all_claims(office.store, period=period, clients=vendors)
    return {claim.obligation: claim for claim in found}


def _claim_lines(
    drafts: Sequence[StoredObligation], claims: Mapping[str, Claim], *, is_open: bool
) -> tuple[CreditLine, ...]:
    """The vendors' credits, each with where its claim stands."""
    return tuple(
        replace(_line(stored), claim_status=claims[stored.key].status)
        for stored in drafts
        if stored.role is Role.CUSTOMER and claims[stored.key].is_open is is_open
    )


def _sides(office: Office, claims: Sequence[Claim]) -> BothSides:
    links = links_of(office.store, office.contracts, claims)
    return both_sides(link for each in links.values() for link in each)


def _line(stored: StoredObligation) -> CreditLine:
    facts, adjustment = stored.ledger, stored.obligation.kind is ObligationKind.ADJUSTMENT
    return CreditLine(
        key=stored.key,
        client=facts["client_name"],
        service=facts["service_name"],
        uptime_percent=facts["uptime_percent"],
        commitment_percent=facts["commitment_percent"],
        amount=_amount(stored),
        billable_amount=_billable(facts),
        credit_percent=None if adjustment else facts["credit_percent"],
        credit_days=facts["credit_days"],
        claim_by=date.fromisoformat(facts["claim_by"]) if facts["claim_by"] else None,
        claim_channel=facts["claim_channel"] or "",
        claim_address=facts["claim_address"] or "",
        evidence=(*facts["evidence"], *facts["proof"]),
        notes=facts["tier"] or "",
    )


def _withheld(stored: StoredObligation) -> WithheldLine:
    facts = stored.ledger
    return WithheldLine(
        contract=stored.obligation.contract,
        client=facts["client_name"],
        service=facts["service_name"],
        why=stored.obligation.reason,
    )


def _change(stored: StoredObligation) -> ChangeLine:
    facts = stored.ledger
    return ChangeLine(
        client=facts["client_name"],
        service=facts["service_name"],
        says=stored.obligation.reason,
        revision=stored.obligation.revision,
    )


def _notice(office: Office, stored: StoredObligation) -> ClientNotice:
    facts, obligation = stored.ledger, stored.obligation
    return ClientNotice(
        month=ServiceMonth.parse(obligation.period),
        time_zone=facts["time_zone"],
        client=facts["client_name"],
        service=facts["service_name"],
        provider=office.workspace.name,
        amount=_amount(stored),
        billable_amount=_billable(facts),
        uptime_percent=facts["uptime_percent"],
        commitment_percent=facts["commitment_percent"],
        down_ms=facts["down_ms"],
        excluded_ms=facts["excluded_ms"] or 0,
        tier=facts["tier"] or "",
        payout=Payout(facts["payout"]),
        credit_percent=facts["credit_percent"],
        credit_days=facts["credit_days"],
        capped=facts["capped"],
        credited_before=_credited_before(office, stored),
        outages=tuple(_outages(facts)),
        windows=_windows(facts),
        details_url=_details(office, stored),
        incidents=tuple(_incidents(office, stored)),
    )


def _incidents(office: Office, stored: StoredObligation) -> Iterator[str]:
    """The pages of incidents that the month's evidence names; never a dashboard of ours."""
    named = stored.ledger["evidence"]
    if named and office.workspace.incidents is not None:
        links = {one.link for one in all_incidents(office.store, service=stored.service)}
        yield from (link for link in named if link in links)


def _outages(facts: Mapping[str, JsonValue]) -> Iterator[OutageLine]:
    for outage in facts["outages"]:
        start, end = (
            instant(datetime.fromisoformat(outage[name])) for name in ("started_at", "ended_at")
        )
        yield OutageLine(whole=Interval(start, end), counted_ms=outage["counted_ms"])


def _windows(facts: Mapping[str, JsonValue]) -> CountedWindows | None:
    windows = facts["windows"]
    return CountedWindows(**windows) if windows else None


def _credited_before(office: Office, stored: StoredObligation) -> Money | None:
    """What earlier revisions let go; neither its own nor a later one's was granted before."""
    obligation = stored.obligation
    if obligation.kind is ObligationKind.CREDIT:
        return None
    released = office.store.obligations(
        obligation.period, clients=[stored.client], states=[ObligationState.RELEASED]
    )
    before = [
        s.obligation.amount
        for s in released
        if s.obligation.contract == obligation.contract
        and s.obligation.revision < obligation.revision
        and s.obligation.amount
    ]
    return Money(sum(money.minor for money in before), _billable(stored.ledger).currency)


def _details(office: Office, stored: StoredObligation) -> str:
    template = office.workspace.links.details
    if not template:
        return ""
    obligation = stored.obligation
    return template.format(
        client=stored.client,
        service=stored.service,
        contract=obligation.contract,
        month=obligation.period,
    )


def _amount(stored: StoredObligation) -> Money:
    return stored.obligation.amount or Money(0, Currency.of(stored.ledger["currency"]))


def _billable(facts: Mapping[str, JsonValue]) -> Money:
    currency = Currency.of(facts["currency"])
    return Money(int(currency.minor(Decimal(facts["billable_amount"]))), currency)


def _reply_to(terms: MailTerms) -> Mailbox | None:
    return Mailbox.of(terms.reply_to) if terms.reply_to else None
