"""What a month came to, in Markdown, for whoever operates it: the summary, and what needs a person.

It is made of what is recorded, or, in a dry run, of what was decided. It decides nothing, and shows
no more lines than a person reads; the ledger and the decision log hold all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from connectors.store import Effect, StoredObligation
from flows.binding import PAYMENT
from flows.bookkeeping import PAID_BY, ledger_facts
from flows.books import ROW
from flows.effects import AT_ONCE
from flows.markdown import lines, link, plain, table
from flows.month import MonthRun, Outcome
from flows.office import Office
from models.contract import Role
from models.credit import ObligationState
from models.effect import EffectState
from models.money import Money
from models.payment import Part
from models.terms import JsonValue

MOST_SHOWN = 200
"""Credits in the summary's table, the largest first."""

MOST_ASKED = 100
"""Questions that are told one by one."""

HEADINGS = ("Client", "Uptime %", "Promised %", "Credit", "Stands", "Seen at")
"""No more than fits beside what Prefect's page has on both sides: its tables break no line."""

STANDS_COLUMNS = 22
WAITS, CLAIM, LOOK, RELEASED = "to be released", "to be claimed", "**needs a look**", "released"
DRY_RUN = "dry run:<br>not recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One credit, or one month that is withheld.

    Attributes:
        key: The obligation's key; the contract and month in a dry run.
        client: Id of the other side.
        facts: What the ledger knows of it.
        amount: The credit; None when withheld.
        stands: Where it stands, in words.
        why: The reason in one sentence.
    """

    key: str
    client: str
    facts: Mapping[str, JsonValue]
    amount: Money | None
    stands: str
    why: str


@dataclass(frozen=True, slots=True)
class Links:
    """Where the rows and the payments of credits are seen, in Markdown, by the obligation's key."""

    rows: Mapping[str, Sequence[str]]
    payments: Mapping[str, Sequence[str]]


NOWHERE = Links({}, {})


def recorded_lines(office: Office, period: str, *, clients: Sequence[str] = ()) -> list[Line]:
    """Every credit and withheld month that stands, the largest first."""
    found = office.store.obligations(period, clients=list(clients) or None)
    standing = (s for s in found if s.obligation.state is not ObligationState.SUPERSEDED)
    return sorted((_recorded(stored) for stored in standing), key=_urgency)


def decided_lines(run: MonthRun) -> list[Line]:
    """The same of a run that recorded nothing."""
    owing = (o for o in run.report if _owes(o))
    return sorted((_decided(outcome, run.period) for outcome in owing), key=_urgency)


def _owes(outcome: Outcome) -> bool:
    answer = outcome.decided.determination
    return bool(answer.owed or answer.withheld)


def _recorded(stored: StoredObligation) -> Line:
    obligation = stored.obligation
    return Line(
        key=stored.key,
        client=stored.client,
        facts=stored.ledger,
        amount=obligation.amount,
        stands=_stands(stored),
        why=obligation.reason,
    )


def _stands(stored: StoredObligation) -> str:
    match stored.obligation.state:
        case ObligationState.WITHHELD:
            return LOOK
        case ObligationState.RELEASED:
            by = stored.release.by if stored.release else ""
            return f"{RELEASED} by<br>{lines(by, width=STANDS_COLUMNS)}" if by else RELEASED
        case _ if stored.role is Role.CUSTOMER:
            by = stored.ledger["claim_by"]
            return f"{CLAIM} by<br>{by}" if by else CLAIM
        case _:
            return WAITS


def _decided(outcome: Outcome, period: str) -> Line:
    contract, answer = outcome.governed.contract, outcome.decided.determination
    return Line(
        key=f"{contract.id}/{period}",
        client=contract.client.id,
        facts=ledger_facts(outcome.governed, outcome.decided),
        amount=answer.amount,
        stands=LOOK if answer.withheld else DRY_RUN,
        why=answer.withheld or outcome.says,
    )


def _urgency(line: Line) -> tuple[bool, int, str]:
    """What needs a look first, then by size."""
    return line.stands != LOOK, -abs(line.amount.minor if line.amount else 0), line.key


def links_of(office: Office, period: str, those: Sequence[Line]) -> Links:
    """Where rows and payments of these lines are seen; what is not written or paid is absent."""
    shown = {line.key for line in those}
    ledgers = {ledger.name: ledger for ledger in office.row_ledgers}
    rows: dict[str, list[str]] = defaultdict(list)
    for effect in _done(office, period, ROW, shown):
        for name, ledger in ledgers.items():
            rows[str(effect.plan.obligation)].append(
                link(name.capitalize(), ledger.link_of(_id(effect)))
            )
    payments: dict[str, list[str]] = defaultdict(list)
    for effect in _done(office, period, PAYMENT, shown):
        payments[str(effect.plan.obligation)].append(_payment(office, effect))
    return Links(rows, payments)


def _done(office: Office, period: str, kind: str, shown: set[str]) -> Iterator[Effect]:
    keys = office.store.effect_keys(period=period, kinds=[kind], states=[EffectState.DONE])
    ours = (key for key in keys if _obligation_of(key) in shown)
    while page := list(islice(ours, AT_ONCE)):
        yield from office.store.effects(keys=page)


def _obligation_of(key: str) -> str:
    """The first four words of an effect's key.

    >>> _obligation_of("acme/api/2026-05/r0/row/0a1b")
    'acme/api/2026-05/r0'
    """
    return "/".join(key.split("/")[:4])


def _payment(office: Office, effect: Effect) -> str:
    part = Part.of_record(effect.plan.intent["part"])
    address = office.billing.link_of(part, _id(effect)) if office.billing else ""
    return f"{link(PAID_BY[part.channel], address)} {part.amount}"


def _id(effect: Effect) -> str:
    facts = effect.outcome if isinstance(effect.outcome, Mapping) else {}
    return str(facts.get("id") or "")


def summary(
    title: str, those: Sequence[Line], links: Links, explained: Callable[[str], str]
) -> str:
    """The month as a page: sums, then a table of what is owed and what needs a look.

    Args:
        title: What the month came to, in a sentence.
        those: Credits and withheld months, the most urgent first.
        links: Where they are seen elsewhere.
        explained: Where a client's explanation is; "" where there is none.
    """
    said = [f"## {plain(title)}", ""]
    said += [f"- {words}" for words in _sums(those)] or ["Nothing is owed, and nothing is open."]
    if those:
        rows = [_row(line, links, explained(line.client)) for line in those[:MOST_SHOWN]]
        said += ["", table(HEADINGS, rows, numbers=(2, 3, 4))]
    if len(those) > MOST_SHOWN:
        said += ["", f"{len(those) - MOST_SHOWN} more stand in the ledger."]
    return "\n".join(said)


def _sums(those: Sequence[Line]) -> Iterator[str]:
    by_state: dict[str, list[Line]] = defaultdict(list)
    for line in those:
        by_state[line.stands.replace("<br>", " ").partition(" by ")[0]].append(line)
    for stands, alike in by_state.items():
        sums: dict[str, Money] = {}
        for amount in (line.amount for line in alike if line.amount is not None):
            code = amount.currency.code
            sums[code] = sums[code] + amount if code in sums else amount
        told = f": {', '.join(str(sums[code]) for code in sorted(sums))}" if sums else ""
        yield f"{len(alike)} {stands}{told}"


def _row(line: Line, links: Links, explanation: str) -> Sequence[str]:
    facts = line.facts
    seen = [*links.rows.get(line.key, ()), *links.payments.get(line.key, ())]
    return (
        f"{link(facts['client_name'], explanation)}<br>{plain(facts['service_name'])}",
        facts["uptime_percent"] or "",
        facts["commitment_percent"],
        str(line.amount or ""),
        line.stands,
        "<br>".join(seen),
    )


def attention(run: MonthRun) -> list[str]:
    """What a person must look at after a run, one sentence each, the most urgent first."""
    withheld = [
        f"**{plain(o.governed.contract.id)}** is withheld: {plain(o.withheld)}"
        for o in run.report
        if o.withheld
    ]
    payments = [
        f"**{plain(q.part)}**, {q.amount}: {plain(q.why)} Answer with `makegood settle {q.part}`."
        for q in run.asked
    ]
    others = [plain(says) for says in (*run.questions, *run.warnings)]
    return [*payments, *withheld, *others]


def attention_page(period: str, asked: Sequence[str]) -> str:
    """What needs a person, as a page."""
    if not asked:
        return f"## {period}: nothing needs a person\n\nWhat was open before is settled."
    many = f"{len(asked)} thing{'s' * (len(asked) != 1)} need{'s' * (len(asked) == 1)}"
    said = [f"## {period}: {many} a person", ""]
    said += [f"{number}. {says}" for number, says in enumerate(asked[:MOST_ASKED], 1)]
    if len(asked) > MOST_ASKED:
        said += ["", f"{len(asked) - MOST_ASKED} more; `makegood settle` lists all questions."]
    return "\n".join(said)


def explanation(outcomes: Sequence[Outcome]) -> str:
    """Everything about one client's month: what was measured, and how the credit came about."""
    return "\n\n".join(_explained(outcome) for outcome in outcomes)


def _explained(outcome: Outcome) -> str:
    contract, decided = outcome.governed.contract, outcome.decided
    answer, uptime = decided.determination, decided.measured.uptime
    facts = ledger_facts(outcome.governed, decided)
    came = (answer.withheld and f"withheld: {answer.withheld}") or str(answer.amount or "no credit")
    steps = [*(uptime.reasons if uptime else ()), *(step.says for step in answer.steps)]
    said = [
        f"## {plain(contract.client.name)}: {plain(contract.service.name)}, {plain(came)}",
        "",
        _figures(facts),
        "",
        f"{plain(contract.id)}: {plain(outcome.says)}.",
        "",
        *(f"{number}. {plain(line)}" for number, line in enumerate(steps, 1)),
    ]
    if facts["outages"]:
        said += ["", "**Outages that counted, the longest ones**", "", _outages(facts["outages"])]
    period = str(decided.measured.case.month)
    said += ["", f"Inputs and digests: `makegood explain {contract.id} {period}`."]
    return "\n".join(said)


def _figures(facts: Mapping[str, JsonValue]) -> str:
    return table(
        ("Uptime %", "Promised %", "Tier", "Credit %", "Of", "Down", "Time zone"),
        [
            (
                facts["uptime_percent"] or "not known",
                facts["commitment_percent"],
                plain(facts["tier"] or "none"),
                facts["credit_percent"] or "",
                f"{facts['billable_amount']} {facts['currency']}",
                "" if facts["down_ms"] is None else _length(facts["down_ms"]),
                plain(facts["time_zone"]),
            )
        ],
        numbers=(0, 1, 3, 4),
    )


def _outages(outages: Sequence[Mapping[str, JsonValue]]) -> str:
    rows = [(each["started_at"], each["ended_at"], _length(each["counted_ms"])) for each in outages]
    return table(("From (UTC)", "To (UTC)", "Counted"), rows, numbers=(2,))


def _length(milliseconds: int) -> str:
    """A length as people say it.

    >>> _length(7_380_500), _length(0)
    ('2 h 3 min 0.5 s', '0 s')
    """
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest // 1000}.{rest % 1000:03d}".rstrip("0").rstrip(".")
    parts = [f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes)
    return " ".join([*parts, f"{seconds} s"] if rest or not parts else parts)
