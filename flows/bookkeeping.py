"""From a decision to the ledger: the facts that rows and messages need, and the row itself.

The facts are stored with the obligation, so that ledger and messages can be written again at any
time from the database alone.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate, islice

from connectors.monitoring import EvidenceLink
from connectors.store import Effect, EffectPlan, Store, StoredObligation
from flows.binding import PAYMENT
from flows.books import cells_digest
from flows.claims import Shown, statuses
from flows.effects import AT_ONCE, ONCE, Unasked, settle
from flows.office import Office
from flows.planning import Governed
from models.case import Decided
from models.contract import Contract, ContractVersion
from models.credit import ObligationKind, ObligationState
from models.decision import digest_of
from models.effect import OPEN_STATES, WORKSPACE, Abilities, EffectState
from models.intervals import utc_text
from models.ladder import floor_percent
from models.ledger import POSTED, UNSEEN, LedgerRow, LedgerStatus, as_surely_shown
from models.money import Currency, Money
from models.payment import Channel, Part
from models.period import ServiceMonth
from models.printing import number_text
from models.terms import JsonValue, plain

MOST_OUTAGES = 100
"""Outages that are kept with an obligation, the longest ones; the decision log holds them all."""

ADDRESS = re.compile(rf"https?://(?:(?!{UNSEEN.pattern})\S)+")
"""What a ledger shows as a link; other words for where proof lies go into its notes, and so does an
address with signs that nobody sees: it leads elsewhere than it says."""

MOST_IN_CELL = 16_000
"""Characters of links, and of other proof, in a row: half of what a spreadsheet's cell can hold."""

SEPARATOR = "; "

WRITTEN = "ledger"
"""The kind of an effect that brings ledgers as a whole to say something new of a month."""

PAID_BY = {
    Channel.CREDIT_NOTE: "credit note",
    Channel.BALANCE: "balance",
    Channel.JOURNAL: "journal",
    Channel.BY_HAND: "by hand",
}

STATUS = {
    ObligationState.DRAFT: LedgerStatus.TO_REVIEW,
    ObligationState.WITHHELD: LedgerStatus.TO_REVIEW,
    ObligationState.SUPERSEDED: LedgerStatus.DENIED,
    ObligationState.RELEASED: LedgerStatus.APPROVED,
}


def named_as_proof(contract: Contract, links: Sequence[EvidenceLink]) -> list[str]:
    """Where the proof of a month lies: the incidents' pages, then what the contract names."""
    incidents = (link.source_link for link in links if link.source_link)
    return list(dict.fromkeys([*incidents, *contract.evidence]))


def ledger_facts(governed: Governed, decided: Decided) -> Mapping[str, JsonValue]:
    """Everything that a ledger row or a message says about a decided month, as JSON values."""
    contract, version = governed.contract, governed.version
    answer, proof = decided.determination, _proof(decided)
    return {
        "client_name": contract.client.name,
        "client_email": contract.client.email,
        "client_language": contract.client.language,
        "service_name": contract.service.name,
        "time_zone": version.time_zone,
        "commitment_percent": plain(version.credit.ladder.commitment_percent),
        "uptime_percent": None if answer.uptime is None else floor_percent(answer.uptime),
        "tier": answer.tier,
        "credit_percent": None
        if answer.credit_share is None
        else number_text(answer.credit_share * 100).rstrip("…"),
        "credit_days": None if answer.days is None else number_text(answer.days).rstrip("…"),
        "billable_amount": _base(decided).text,
        "currency": version.currency,
        "capped": answer.capped,
        "claim_by": answer.claim_by.isoformat() if answer.claim_by else None,
        "claim_channel": version.credit.claim.channel,
        "claim_address": version.credit.claim.address,
        "claim": version.credit.claim.model_dump(mode="json"),
        "term_ends_on": version.ends_on.isoformat() if version.ends_on else None,
        **_own_period(version, decided),
        "payout": version.payout.value,
        "withheld": answer.withheld,
        "outages": _outages(decided),
        **_measurement(decided, version.measurement.window_minutes),
        "evidence": [place for place in proof if ADDRESS.fullmatch(place)],
        "proof": [place for place in proof if not ADDRESS.fullmatch(place)],
        "incidents": decided.measured.case.told["incidents"],
        "steps": [step.says for step in answer.steps],
    }


def _own_period(version: ContractVersion, decided: Decided) -> Mapping[str, JsonValue]:
    """What claims must know of a period that does not end with its month, or of fiscal quarters."""
    terms, month = version.credit.period, decided.measured.case.month
    last = terms.holding(month).last_day
    ends = {} if last == month.last_day else {"period_ends_on": last.isoformat()}
    begins = terms.starts_in_month
    return {**ends, **({} if begins == 1 else {"quarters_from": begins})}


def ledger_rows(office: Office, period: str) -> tuple[LedgerRow, ...]:
    """The row of every obligation of a month, claims against vendors with what is known of them."""
    claims, posted = statuses(office.store, period), posted_words(office.store, period)
    return tuple(
        ledger_row(stored, claims.get(stored.key), posted.get(stored.key, ""))
        for stored in office.store.obligations(period)
    )


def posted_words(store: Store, period: str) -> Mapping[str, str]:
    """What was paid or booked of a month's obligations, by their keys; absent where nothing was."""
    keys = store.effect_keys(period=period, kinds=[PAYMENT], states=[EffectState.DONE])
    found: dict[str, list[str]] = defaultdict(list)
    while page := list(islice(keys, AT_ONCE)):
        for effect in store.effects(keys=page):
            found[str(effect.plan.obligation)].append(_posted(effect))
    return {key: SEPARATOR.join(parts) for key, parts in found.items()}


def _posted(effect: Effect) -> str:
    """One part: `2026-06-03: 100.00 EUR, credit note cn_1`."""
    part = Part.of_record(effect.plan.intent["part"])
    facts = effect.outcome if isinstance(effect.outcome, Mapping) else {}
    on = utc_text(effect.done_at or effect.planned_at)[:10]
    how = f"{PAID_BY[part.channel]} {facts.get('id') or ''}".strip()
    return f"{on}: {part.amount}, {how}"


def ledger_row(stored: StoredObligation, claim: Shown | None = None, posted: str = "") -> LedgerRow:
    """The row that shows an obligation as it stands.

    Args:
        stored: The obligation.
        claim: Where the claim stands, and stood; None when it is none, or not that of a standing
            revision.
        posted: What was paid or booked of it, in words.
    """
    obligation, facts = stored.obligation, stored.ledger
    adjustment = obligation.kind is ObligationKind.ADJUSTMENT
    superseded = obligation.state is ObligationState.SUPERSEDED
    currency = Currency.of(facts["currency"])
    return LedgerRow(
        key=stored.key,
        client=facts["client_name"],
        service=facts["service_name"],
        month=ServiceMonth.parse(obligation.period).first_day,
        uptime_percent=facts["uptime_percent"],
        credit_percent=None if adjustment else facts["credit_percent"],
        credit_days=facts["credit_days"],
        billable_amount=Money(int(currency.minor(Decimal(facts["billable_amount"]))), currency),
        credit_amount=Money(0, currency) if superseded else obligation.amount,
        claim_by=date.fromisoformat(facts["claim_by"]) if facts["claim_by"] else None,
        claim_channel=_channel(facts),
        revision=obligation.revision,
        status=claim[0] if claim else STATUS[obligation.state],
        been=claim[1] if claim else frozenset(),
        evidence=tuple(_fitting(facts["evidence"])),
        notes=" ".join([_notes(stored), *_proof_notes(facts)]),
        posted=posted,
    )


def write_rows(office: Office, period: str) -> str:
    """Bring every ledger that is written as a whole up to date with a month, and log what it says.

    A ledger is a mirror: writing it again is always harmless, so it is written each time, but it is
    an effect of its own only when it says something new. Those that are written row by row take
    longer, and can fail where nothing of ours has: `flows.mirroring` does them at the end.
    """
    rows = ledger_rows(office, period)
    if not rows:
        return "nothing to write"
    written = _writings(office.store, period)
    surely = _surely(written, rows)
    rows = tuple(as_surely_shown(row) if row.key in surely else row for row in rows)
    plan = EffectPlan(
        key=_written_key(period, rows, written),
        kind=WRITTEN,
        contract=WORKSPACE,
        period=period,
        intent={
            "rows": len(rows),
            "digest": _digest(rows),
            "shown": {row.key: cells_digest(_news(row)) for row in rows},
        },
    )
    changes = {
        name: ledger.upsert(rows)
        for name, ledger in office.ledgers.items()
        if ledger.writes_together
    }
    office.store.plan_effects([plan])
    # Also those that an earlier run had planned and died before: what they said is written over.
    keys = office.store.effect_keys(period=period, kinds=[plan.kind], states=sorted(OPEN_STATES))
    settle(office.store, keys, _mirror(changes), patience=ONCE)
    return "; ".join(f"{name}: {change}" for name, change in changes.items())


def surely_written(store: Store, period: str, rows: Sequence[LedgerRow]) -> frozenset[str]:
    """The keys of those rows that ledgers that are written as a whole were last brought to say.

    What was posted may be missing there.
    """
    return _surely(_writings(store, period), rows)


def _surely(written: Sequence[Effect], rows: Sequence[LedgerRow]) -> frozenset[str]:
    last = written[-1] if written else None
    if last is None or last.state is not EffectState.DONE:
        return frozenset()
    shown = last.plan.intent.get("shown")
    if shown is None:
        # Noted by an earlier version, of all rows together.
        same = last.plan.intent["digest"] == _digest(rows)
        return frozenset(row.key for row in rows if same)
    return frozenset(row.key for row in rows if shown.get(row.key) == cells_digest(_news(row)))


def _writings(store: Store, period: str) -> list[Effect]:
    """What was written of a month, in order."""
    keys = store.effect_keys(period=period, kinds=[WRITTEN])
    found: list[Effect] = []
    while page := list(islice(keys, AT_ONCE)):
        found += store.effects(keys=page)
    return sorted(found, key=lambda effect: (effect.planned_at, effect.key.count("/"), effect.key))


def _written_key(period: str, rows: Sequence[LedgerRow], written: Sequence[Effect]) -> str:
    """The key of the effect that says that these rows were written; what was posted is not news.

    Rows that say again what they said before the last change are written anew, under another key.
    """
    digest = _digest(rows)
    same = [effect.key for effect in written if effect.plan.intent["digest"] == digest]
    if same and same[-1] == written[-1].key:
        return same[-1]
    return f"{period}/ledger/{digest[:16]}{f'/{len(written)}' if same else ''}"


def _digest(rows: Sequence[LedgerRow]) -> str:
    return digest_of([_news(row) for row in rows])


def _news(row: LedgerRow) -> Mapping[str, str]:
    """What a row says that the log does not know yet; each payment is in it by itself."""
    return {column: cell for column, cell in row.as_cells.items() if column != POSTED}


def _mirror(changes: Mapping[str, object]) -> Unasked:
    """The ledgers as the engine sees them: they are written already, which is now recorded."""
    return Unasked(
        "ledger",
        lambda _plan: {"ledgers": sorted(changes)},
        lambda _plan: Abilities(repeats_are_safe=True),
    )


def _base(decided: Decided) -> Money:
    """What the percent applied to, to the nearest minor unit; the exact base is in the log."""
    answer = decided.determination
    return Money(int(answer.base_minor + Fraction(1, 2)), answer.currency)


def _outages(decided: Decided) -> JsonValue:
    uptime = decided.measured.uptime
    if uptime is None:
        return []
    counting = uptime.outages.counting
    # The first one dates claims, however short it was.
    first = min(counting, key=lambda outage: outage.whole, default=None)
    longest = sorted(counting, key=lambda outage: (outage is not first, -outage.counted_ms))[
        :MOST_OUTAGES
    ]
    return [
        {
            "started_at": utc_text(outage.whole.start),
            "ended_at": utc_text(outage.whole.end),
            "counted_ms": outage.counted_ms,
        }
        for outage in sorted(longest, key=lambda outage: outage.whole)
    ]


def _measurement(decided: Decided, window_minutes: int | None) -> Mapping[str, JsonValue]:
    uptime = decided.measured.uptime
    if uptime is None:
        return {"down_ms": None, "excluded_ms": None, "windows": None}
    windows = uptime.windows
    return {
        "down_ms": uptime.down.length,
        "excluded_ms": uptime.excluded.length,
        "windows": windows
        and {
            "minutes": window_minutes,
            "total": windows.total - windows.excluded,
            "failed": windows.error,
        },
    }


def _proof(decided: Decided) -> list[str]:
    """Where the proof lies, by what was told and by the calculator."""
    case = decided.measured.case
    counted = case.payload.evidence if case.payload else ()
    return list(dict.fromkeys([*case.told["proof"], *counted]))


def _fitting(texts: Sequence[str]) -> list[str]:
    """The first of them, as many as a cell has room for."""
    lengths = accumulate(len(text) + len(SEPARATOR) for text in texts)
    return [text for text, length in zip(texts, lengths, strict=True) if length <= MOST_IN_CELL]


def _channel(facts: Mapping[str, JsonValue]) -> str:
    return " ".join(part for part in (facts["claim_channel"], facts["claim_address"]) if part)


def _proof_notes(facts: Mapping[str, JsonValue]) -> Iterator[str]:
    """Proof that is no address, and how much of it a row has no room for."""
    links, others = facts["evidence"], facts["proof"]
    if shown := _fitting(others):
        yield f"Proof: {SEPARATOR.join(shown)}."
    left = len(links) - len(_fitting(links)) + len(others) - len(shown)
    if left:
        yield f"{left} more in the decision log."


def _notes(stored: StoredObligation) -> str:
    obligation = stored.obligation
    match obligation.state:
        case ObligationState.SUPERSEDED:
            was = obligation.amount or "withheld"
            return f"Superseded (was {was}): {obligation.reason}."
        case ObligationState.WITHHELD:
            return f"Withheld, needs a look: {obligation.reason}."
        case _:
            words = {ObligationKind.CREDIT: "", ObligationKind.ADJUSTMENT: "Adjustment: "}
            explained = stored.ledger["tier"] or ""
            return f"{words[obligation.kind]}{obligation.reason}; {explained}".rstrip("; ") + "."
