"""Claims against vendors: what can be claimed, until when, and what people say became of it.

Claims are told from what is recorded: the revision that stands, its facts, and the moves that the
contract's chain holds. A move is written down here and nowhere else. Nothing is filed here: people
do that, with the text that `flows.claim_texts` writes for them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from connectors.store import Observation, Store, StoredObligation
from flows.office import Office, open_office
from models.approval import Voice
from models.claims.deadline import CLAIM, Deadline, Due, Occasion, undated
from models.claims.life import Act, Life, Move, against, told_by
from models.claims.standing import Claim
from models.claims.terms import ClaimTerms
from models.contract import Role
from models.credit import ObligationState
from models.decision import EntryKind
from models.findings import Finding, UnusableInputError, refuse
from models.intervals import Interval, instant
from models.ledger import LedgerStatus
from models.period import ServiceMonth, end_of_day
from models.terms import JsonValue, near_miss

Name = tuple[str, str]
"""Contract and period."""

KEY = re.compile(r"(?P<contract>[^/\s]+/[^/\s]+)/(?P<period>\d{4}-\d{2})(/r\d+)?")
"""A claim's name, or the key of one of its revisions."""

IN_THE_LEDGER = "set in the ledger"
"""The reason that is kept for a status that a person set there."""

Shown = tuple[LedgerStatus, frozenset[LedgerStatus]]
"""A claim's status, and every status that it has been in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandMove:
    """What became of a status that a person set in a ledger.

    Attributes:
        says: What happened, as one sentence.
        status: Where the claim stands now; None when the key is no standing claim's.
        recorded: Whether the log has a new entry.
        refused: Why it cannot be; None when it can. The ledger is then to show `status`.
    """

    says: str
    status: LedgerStatus | None = None
    recorded: bool = False
    refused: Finding | None = None


def all_claims(
    store: Store, *, period: str | None = None, clients: Sequence[str] | None = None
) -> tuple[Claim, ...]:
    """Every claim, rising by its key; None does not narrow."""
    owed: dict[Name, list[StoredObligation]] = defaultdict(list)
    for stored in store.obligations(period, clients=clients, role=Role.CUSTOMER):
        owed[stored.obligation.contract, stored.obligation.period].append(stored)
    moves = _moves(store, period)
    return tuple(claim_of(owed[name], moves.get(name, ())) for name in sorted(owed))


def find_claim(store: Store, key: str) -> Claim:
    """The claim of that name; any revision's key names it too.

    Raises:
        UnusableInputError: There is none.
    """
    named = KEY.fullmatch(key.strip())
    found = _named(store, named["contract"], named["period"]) if named else None
    if found is not None:
        return found
    known = [claim.key for claim in all_claims(store)]
    raise refuse(
        "KEY",
        f"is {key!r}",
        expected="a claim of this workspace, as vendor/service/YYYY-MM",
        remedy=near_miss(key, known) or "`makegood claims` lists them all.",
    )


def _named(store: Store, contract: str, period: str) -> Claim | None:
    owed = store.history([contract], period)[contract].obligations
    if not owed or owed[-1].role is not Role.CUSTOMER:
        return None
    told = store.observed(EntryKind.CLAIM_MOVED, periods=[period], contracts=[contract])
    return claim_of(owed, [Move.of_record(entry.body) for entry in told])


def told_of(store: Store, period: str) -> Mapping[str, Life]:
    """What was told of a month's claims, by their contracts, also where the month is undecided."""
    return {contract: told_by(moves) for (contract, _), moves in _moves(store, period).items()}


def _moves(store: Store, period: str | None) -> Mapping[Name, Sequence[Move]]:
    told: dict[Name, list[Move]] = defaultdict(list)
    periods = None if period is None else [period]
    for entry in store.observed(EntryKind.CLAIM_MOVED, periods=periods):
        told[entry.contract, entry.period].append(Move.of_record(entry.body))
    return told


def claim_of(revisions: Sequence[StoredObligation], moves: Iterable[Move]) -> Claim:
    """One claim from all revisions of its month, rising, and what was told about it."""
    life = told_by(moves)
    last = revisions[-1]
    facts, obligation = last.ledger, last.obligation
    gone = obligation.state is ObligationState.SUPERSEDED
    credit_days = None if gone else facts["credit_days"]
    terms = _terms(facts)
    dues, dateless = _dues(facts, terms, obligation.period, life)
    superseded = sum(1 for r in revisions if r.obligation.state is ObligationState.SUPERSEDED)
    return Claim(
        contract=obligation.contract,
        month=ServiceMonth.parse(obligation.period),
        obligation=last.key,
        vendor=facts["client_name"],
        service=facts["service_name"],
        time_zone=facts["time_zone"],
        owed=None if gone else obligation.amount,
        credit_days=credit_days,
        withheld="" if gone or obligation.amount or credit_days else obligation.reason,
        gone=gone,
        terms=terms,
        dues=dues,
        dateless=dateless,
        life=life,
        recorded=len(revisions) + superseded + len(life.moves),
        facts=facts,
    )


def _terms(facts: Mapping[str, JsonValue]) -> ClaimTerms:
    """The terms as they are recorded; of earlier versions' records, what can be told of them."""
    recorded = facts.get("claim")
    if recorded is not None:
        return ClaimTerms.model_validate(recorded)
    return ClaimTerms(channel=facts["claim_channel"], address=facts["claim_address"])


def _dues(
    facts: Mapping[str, JsonValue], terms: ClaimTerms, period: str, life: Life
) -> tuple[tuple[Due, ...], tuple[Deadline, ...]]:
    """Every deadline, and every rule that makes none."""
    if "claim" not in facts:
        return _recorded_due(facts), ()
    ends, last = facts.get("term_ends_on"), facts.get("period_ends_on")
    occasion = Occasion(
        month=ServiceMonth.parse(period),
        time_zone=facts["time_zone"],
        outages=outages_in(facts),
        aware_at=life.aware_at,
        term_ends_on=date.fromisoformat(ends) if ends else None,
        billing_day=terms.billing_day,
        holidays=terms.holidays,
        ends_on=date.fromisoformat(last) if last else None,
        quarters_from=facts.get("quarters_from", 1),
    )
    return terms.dues(occasion), undated(terms.rules, occasion)


def _recorded_due(facts: Mapping[str, JsonValue]) -> tuple[Due, ...]:
    """The one deadline that earlier versions kept: a date."""
    if not facts["claim_by"]:
        return ()
    last = date.fromisoformat(facts["claim_by"])
    return (
        Due(
            until=end_of_day(last, facts["time_zone"]),
            stage=CLAIM,
            last_day=last,
            to_the_minute=False,
            outage_at=None,
            rule="as recorded",
        ),
    )


def outages_in(facts: Mapping[str, JsonValue]) -> tuple[Interval, ...]:
    """The outages that are recorded with a revision, rising."""
    return tuple(
        Interval(
            instant(datetime.fromisoformat(outage["started_at"])),
            instant(datetime.fromisoformat(outage["ended_at"])),
        )
        for outage in facts["outages"]
    )


@contextmanager
def open_to_tell(folder: Path) -> Iterator[Office]:
    """Open a workspace for whoever writes down what people say, until the block ends.

    Nothing is paid, asked or sent, so that no vendor's key is needed; and where no month was run
    there is no claim to speak of, so that no database is made.

    Raises:
        UnusableInputError: Something in the workspace cannot be used; all findings at once.
        ConnectorError: The database cannot be opened.
    """
    with open_office(folder, read_only=True) as office:
        yield office


def tell(store: Store, claim: Claim, move: Move, *, place: str = "KEY") -> Claim:
    """Write a move down and answer with the claim as it stands then.

    Raises:
        UnusableInputError: It cannot follow what was told before, or somebody else has told
            something meanwhile; nothing was recorded.
    """
    findings = against(claim.life, move, place=place)
    if findings:
        raise UnusableInputError(findings)
    # The number is the fence: of two who tell the same claim's n-th move the first one is kept.
    number = f"move-{len(claim.life.moves)}"
    (entry,) = store.observe([_observation(claim, move, number)])
    if Move.of_record(entry.body) != move:
        raise refuse(
            place,
            f"{claim.key} was changed by {entry.body['by']} meanwhile",
            expected="a claim as it was shown",
            remedy="Look at it again with `makegood claims show`, then repeat.",
        )
    found = _named(store, claim.contract, str(claim.month))
    if found is None:  # The month is not decided yet.
        return replace(claim, life=claim.life.after(move), recorded=claim.recorded + 1)
    return found


def _observation(claim: Claim, move: Move, number: str) -> Observation:
    period = str(claim.month)
    return Observation(claim.contract, period, EntryKind.CLAIM_MOVED, move.record, number)


def moved_by_hand(
    office: Office,
    key: str,
    status: LedgerStatus,
    voice: Voice,
    at: int,
    *,
    shown: LedgerStatus | None = None,
) -> HandMove:
    """Write down a status that a person set in a ledger; what is known already is not told again.

    Args:
        office: The open workspace.
        key: The row's key, `twilio/apis/2026-05/r0`.
        status: What the row says.
        voice: Who set it, as far as the ledger tells.
        at: When it was seen, or changed, as far as the ledger tells.
        shown: What we wrote there last; None when nobody knows. Then a status that the claim was
            in before it was moved elsewhere is taken for a ledger that is behind.
    """
    try:
        claim = find_claim(office.store, key)
    except UnusableInputError:
        return HandMove(says=f"{key}: is no claim, so its status says nothing")
    if claim.obligation != key or claim.gone:
        return HandMove(says=f"{key}: does not stand any more, so its status says nothing")
    if status in {claim.status, shown} or (shown is None and _is_behind(claim, status)):
        return HandMove(says=f"{key}: is {claim.status.value}", status=claim.status)
    move = status_move(claim, status, by=voice, at=at, why=IN_THE_LEDGER)
    return _told_by_hand(office.store, claim, move, status)


def _is_behind(claim: Claim, status: LedgerStatus) -> bool:
    """Whether a ledger shows where the claim was before somebody moved it elsewhere."""
    since = claim.life.since
    return since is not None and since.why != IN_THE_LEDGER and status in claim.life.been


def _told_by_hand(store: Store, claim: Claim, move: Move, status: LedgerStatus) -> HandMove:
    try:
        tell(store, claim, move, place=f"ledger {claim.obligation}")
    except UnusableInputError as refused:
        (finding, *_) = refused.findings
        return HandMove(says=str(finding), status=claim.status, refused=finding)
    says = f"{claim.obligation}: {claim.status.value} to {status.value}, set by {move.by.name}"
    return HandMove(says=says, status=status, recorded=True)


def status_move(
    claim: Claim, to: LedgerStatus, *, by: Voice, at: int, why: str = "", reference: str = ""
) -> Move:
    """A move of the claim to a status, as it stands now."""
    return Move(
        act=Act.STATUS,
        by=by,
        at=at,
        obligation=claim.obligation,
        standing=claim.owed,
        days=claim.credit_days or "" if claim.owed is None else "",
        to=to,
        why=why,
        reference=reference,
    )


def statuses(store: Store, period: str) -> Mapping[str, Shown]:
    """What ledgers show of a month's claims: by every revision's key the status.

    A revision that stands no more is shown as denied. Beside the status stands every one that the
    claim has been in: whatever else a ledger shows was set by a person who was not heard yet.
    """
    claims = {claim.key: claim for claim in all_claims(store, period=period)}
    return {
        stored.key: _shown(stored, claims[f"{stored.obligation.contract}/{period}"])
        for stored in store.obligations(period, role=Role.CUSTOMER)
    }


def _shown(stored: StoredObligation, claim: Claim) -> Shown:
    stands = stored.key == claim.obligation and not claim.gone
    status = claim.status if stands else LedgerStatus.DENIED
    return status, claim.life.been | {status}


def unfitting_claims(store: Store, period: str, *, clients: Sequence[str] = ()) -> tuple[str, ...]:
    """Claims of a month that were filed for something else than it owes now, or paid otherwise."""
    found = all_claims(store, period=period, clients=clients or None)
    return tuple(f"{claim.key}: {point}." for claim in found for point in claim.unfitting)
