"""What `makegood claims` answers: the published documents, and the same for a person to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from rich.text import Text

from deployments.cli.documents import (
    BothSidesDocument,
    ClaimDocument,
    ClaimMoveDocument,
    ClaimsDocument,
    DeadlineDocument,
    DownstreamDocument,
    MoneyDocument,
)
from deployments.cli.printing import counted, seconds, table, write
from models.claims.deadline import CLAIM, Due
from models.claims.dependency import Link, both_sides
from models.claims.life import Act, Move
from models.claims.present import Present
from models.claims.standing import Claim
from models.intervals import utc_text
from models.ladder import floor_percent
from models.money import Money
from models.printing import duration_text, percent_text

NEAR_DAYS = 7
"""A deadline that is no further away is shown in red."""

Links = Mapping[str, Sequence[Link]]
"""By a claim's key, our own months that were down with the vendor."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Claims as of one moment.

    Attributes:
        claims: The claims, in the order in which they are shown.
        links: What hangs on them downstream.
        present: What deadlines are held against.
    """

    claims: tuple[Claim, ...]
    links: Links
    present: Present

    def now(self, claim: Claim) -> int:
        """The present instant, or a day's first one where the claim is."""
        return self.present.instant_in(claim.time_zone)

    @property
    def needs_a_person(self) -> bool:
        """Whether any of them is overdue or does not fit what is recorded."""
        return any(claim.open_points(self.now(claim)) for claim in self.claims)


def claims_document(shown: Shown) -> ClaimsDocument:
    """The list as the published document."""
    sides = both_sides(link for links in shown.links.values() for link in links)
    return ClaimsDocument(
        at=utc_text(shown.present.at),
        claims=[claim_document(shown, claim) for claim in shown.claims],
        linked=BothSidesDocument(
            owed=[_money(money) for money in sides.owed.values()],
            recoverable=[_money(money) for money in sides.recoverable.values()],
        ),
    )


def claim_document(shown: Shown, claim: Claim) -> ClaimDocument:
    """One claim as the published document."""
    now, life = shown.now(claim), claim.life
    due = claim.next_due(now) or claim.missed(now)
    terms = claim.terms
    return ClaimDocument(
        key=claim.key,
        obligation=claim.obligation,
        vendor=claim.vendor,
        service=claim.service,
        month=str(claim.month),
        status=claim.status.value,
        owed=_money_or_none(claim.owed),
        credit_days=claim.credit_days,
        withheld=claim.withheld,
        gone=claim.gone,
        deadlines=[_deadline(shown, claim, one) for one in claim.dues],
        claim_by=claim.claim_due.last_day.isoformat() if claim.claim_due else None,
        days_left=claim.days_left(due, now) if due else None,
        overdue=claim.missed(now) is not None,
        channel=terms.channel.value if terms.channel else None,
        address=terms.address,
        account=terms.account,
        region=terms.region,
        source=terms.source,
        reference=life.reference,
        filed_at=utc_text(life.filed_at) if life.filed_at is not None else None,
        filed=_money_or_none(life.filed),
        approved=_money_or_none(life.approved),
        settled_on=life.settled_on.isoformat() if life.settled_on else None,
        settled=_money_or_none(life.settled),
        open_points=list(claim.open_points(now)),
        downstream=[_downstream(link) for link in shown.links.get(claim.key, ())],
    )


def _deadline(shown: Shown, claim: Claim, due: Due) -> DeadlineDocument:
    is_open = due in claim.open_dues
    return DeadlineDocument(
        stage=due.stage,
        last_day=due.last_day.isoformat(),
        until=utc_text(due.until),
        whole_day=not due.to_the_minute,
        outage_at=utc_text(due.outage_at) if due.outage_at is not None else None,
        rule=due.rule,
        open=is_open,
        missed=is_open and due.until <= shown.now(claim),
    )


def _downstream(link: Link) -> DownstreamDocument:
    return DownstreamDocument(
        contract=link.ours.contract,
        name=link.ours.name,
        overlap_seconds=seconds(link.overlap_ms),
        downtime_seconds=seconds(link.ours.down.length),
        share_percent=floor_percent(link.share),
        owed=_money_or_none(link.ours.owed),
        withheld=link.ours.withheld,
    )


def move_document(move: Move) -> ClaimMoveDocument:
    """One move as the published document."""
    return ClaimMoveDocument(
        act=move.act.value,
        to=move.to.value if move.to else None,
        stage=move.stage,
        at=utc_text(move.at),
        by=move.by.name,
        grounds=move.by.grounds,
        verified=move.by.verified,
        why=move.why,
        reference=move.reference,
        amount=_money_or_none(move.amount),
        on=move.on.isoformat() if move.on else None,
    )


def _money(money: Money) -> MoneyDocument:
    return MoneyDocument(amount=money.text, currency=money.currency.code)


def _money_or_none(money: Money | None) -> MoneyDocument | None:
    return _money(money) if money else None


def print_claims(shown: Shown, *, left_out: int) -> None:
    """The list for a person: a table, what needs them, and what hangs on it downstream."""
    if shown.claims:
        table(
            "Claims against vendors",
            ("Claim", "Amount", "Status", "Due", "File by"),
            [_row(shown, claim) for claim in shown.claims],
            numbers=(1,),
            whole=0,
        )
    _print_open_points(shown)
    _print_links(shown)
    write(_summary(shown, left_out))


def _row(shown: Shown, claim: Claim) -> tuple[str | Text, ...]:
    channel = claim.terms.channel.value if claim.terms.channel else ""
    amount = claim.worth or ("open" if claim.undecided else _no_amount(claim))
    return (claim.key, amount, _status(claim), _due(shown, claim), channel)


def _no_amount(claim: Claim) -> str:
    return "withheld" if claim.withheld else "nothing"


def _status(claim: Claim) -> str:
    """The status with the vendor's number, and whether the money was seen."""
    life = claim.life
    settled = f", on the bill {life.settled_on}" if life.settled_on else ""
    partly = f" {life.approved}" if life.approved and life.approved != life.filed else ""
    reference = f" ({life.reference})" if life.reference else ""
    return f"{claim.status.value}{partly}{reference}{settled}"


def _due(shown: Shown, claim: Claim) -> str | Text:
    """What was missed first, and what can be met next; in red when it is near."""
    now = shown.now(claim)
    found = [due for due in (claim.missed(now), claim.next_due(now)) if due]
    if not found:
        return _without_a_date(claim) if claim.is_open else ""
    return Text("\n").join(_due_line(shown, claim, due) for due in found)


def _without_a_date(claim: Claim) -> str | Text:
    return Text("date not known", style="bold red") if claim.undated else "none stated"


def _due_line(shown: Shown, claim: Claim, due: Due) -> Text:
    near = due.until <= shown.now(claim) or claim.days_left(due, shown.now(claim)) <= NEAR_DAYS
    stage = "" if due.stage == CLAIM else f"{due.stage} "
    said = f"{stage}{due.last_day}, {_left(shown, claim, due)}"
    return Text(said, style="bold red" if near else "")


def _left(shown: Shown, claim: Claim, due: Due) -> str:
    now = shown.now(claim)
    left = claim.days_left(due, now)
    if due.until <= now:
        return f"{counted(-left, 'day')} late" if left else "late since today"
    return "today" if left == 0 else f"{counted(left, 'day')} left"


def _print_open_points(shown: Shown) -> None:
    for claim in shown.claims:
        for point in claim.open_points(shown.now(claim)):
            write(f"{claim.key}: {point}")


def _print_links(shown: Shown) -> None:
    for claim in shown.claims:
        for link in shown.links.get(claim.key, ()):
            write(f"{claim.key}: {link_text(link)}")


def link_text(link: Link) -> str:
    """One of our months that was down with a vendor, in words."""
    overlap = duration_text(Fraction(link.overlap_ms, 1000))
    owed = "withheld" if link.ours.withheld else f"we owe {link.ours.owed or 'nothing'}"
    share = percent_text(link.share, 1)
    return f"{link.ours.contract} was down with it for {overlap}, {share} of its downtime; {owed}"


def _summary(shown: Shown, left_out: int) -> str:
    to_file = [claim for claim in shown.claims if claim.is_open]
    sides = both_sides(link for links in shown.links.values() for link in links)
    sums: dict[str, Money] = {}
    for claim in to_file:
        if claim.owed is not None:
            code = claim.owed.currency.code
            sums[code] = sums[code] + claim.owed if code in sums else claim.owed
    worth = f", {_listed(sums)}" if sums else ""
    linked = (
        f" Linked outages: we owe {_listed(sides.owed) or 'nothing'}, "
        f"recoverable {_listed(sides.recoverable) or 'nothing'}."
        if any(shown.links.values())
        else ""
    )
    finished = f" {counted(left_out, 'finished claim')} left out (--all)." if left_out else ""
    return f"{counted(len(to_file), 'claim')} to file{worth}.{linked}{finished}"


def _listed(sums: Mapping[str, Money]) -> str:
    return ", ".join(str(money) for money in sums.values())


def print_claim(shown: Shown, claim: Claim) -> None:
    """What became of one claim so far, for a person: status, deadlines, history, downstream."""
    write(f"{claim.key}: {claim.worth or 'no amount'}, {_status(claim)}", bold=True)
    for due in claim.dues:
        write(f"  {due.stage}: {due.says}, {due.rule}{_how_far(shown, claim, due)}")
    for move in claim.life.moves:
        write(f"  {move_text(move)}")
    for link in shown.links.get(claim.key, ()):
        write(f"  {link_text(link)}")
    for point in claim.open_points(shown.now(claim)):
        write(f"  needs a look: {point}")


def _how_far(shown: Shown, claim: Claim, due: Due) -> str:
    if due not in claim.open_dues:
        return ""
    return f" ({_left(shown, claim, due)})"


def move_text(move: Move) -> str:
    """One move in words, with its moment."""
    return f"{utc_text(move.at)}: {told_text(move)}"


def told_text(move: Move) -> str:
    """What was told by a move, by whom, and why."""
    said = [_what(move), str(move.amount or ""), move.reference, move.why]
    verified = "" if move.by.verified else ", unverified"
    words = ", ".join(part for part in said if part)
    return f"{words} (by {move.by.name}{verified})"


def _what(move: Move) -> str:
    match move.act:
        case Act.STATUS:
            return move.to.value if move.to else ""
        case Act.STAGE:
            return f"{move.stage} done"
        case Act.KNOWN:
            return "we knew of it"
        case Act.SETTLED:
            return f"seen on the bill of {move.on}"
