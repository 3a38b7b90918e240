"""Reminders of claims: what vendors owe us and somebody must ask for before it is too late.

A mail goes out when a deadline has come nearer by one of the workspace's steps, or when a calendar
that was mailed says something that is no longer so; each of this once, whoever runs it and however
often. Nothing is filed, and no claim is changed here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import islice

from connectors.files import sole_writer, write_whole
from connectors.mail import Attachment, Mailbox
from connectors.store import Effect, Store
from flows.claim_texts import TextForm, text_of, written
from flows.claims import all_claims
from flows.early_claims import early_claims_or_why, early_texts, nothing_came
from flows.effects import AT_ONCE, Settlement
from flows.log import note
from flows.mailing import (
    REMINDER,
    ToOurselves,
    send_planned,
    send_to_ourselves,
    waiting_mail,
    workspace_named,
)
from flows.messages import (
    CalendarEntry,
    ClaimReminder,
    Deadline,
    DueLine,
    EndedLine,
    Ending,
    Method,
    MissedStage,
    Rendered,
    content_type,
    render_calendar,
    render_reminder,
)
from flows.messages.language import Language, language_of
from flows.messages.views import MOST_TEXTS
from flows.notices import deadline_near, needs_person, send_notices
from flows.office import Office
from models.addresses import ascii_address
from models.claims.deadline import Due
from models.claims.present import Present
from models.claims.standing import Claim
from models.decision import EntryKind, digest_of
from models.findings import UnusableInputError
from models.intervals import instant, utc_text
from models.language import LanguageCode
from models.ledger import LedgerStatus
from models.period import ServiceMonth
from models.terms import JsonValue
from models.workspace_file import MailTerms

MISSED = -1
"""The step of a deadline that has passed."""

KEPT_IN_FEED = timedelta(days=31)
"""How long a missed deadline stays in the calendar that is subscribed to."""

TURN = "claims/reminders"
LONGEST_TURN_S = 60
"""How long to wait for another reminder to end; later it is left to the next run."""

Step = tuple[str, str, int]
"""An entry's name, its last day, and the step that it has come to."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What calendars were told of a deadline last.

    Attributes:
        sequence: The number of what they were told.
        mark: Digest of what they were told; "" when it was withdrawn.
        last_day: The day that it stood on.
    """

    sequence: int
    mark: str
    last_day: date


@dataclass(frozen=True, slots=True)
class Told:
    """What earlier reminders have said.

    Attributes:
        steps: Every step that was reminded of.
        shown: What calendars were told last, by the entry's name.
        sender: The address that the first of them came from; "" before.
    """

    steps: frozenset[Step]
    shown: Mapping[str, Shown]
    sender: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminded:
    """What there is to be reminded of, and what was done about it.

    Attributes:
        today: The day on which it is asked.
        due: Every claim whose deadline is near or was just missed, the nearest first.
        new: The names of the claims that have come to a new step.
        moved: Deadlines that calendars were told otherwise.
        ended: Claims that leave the calendars.
        settlement: What became of the mails; all zero when there was none to send.
        feed: The calendar file that was written; "" for none.
        posted: How many notices went out to the operators' chat.
        mails: Whether a mail could be sent at all.
    """

    today: date
    due: tuple[DueLine, ...]
    new: tuple[str, ...]
    moved: tuple[DueLine, ...]
    ended: tuple[EndedLine, ...]
    settlement: Settlement = field(default_factory=Settlement)
    feed: str = ""
    posted: int = 0
    mails: bool = False


def remind(office: Office, *, present: Present, dry_run: bool = False) -> Reminded:
    """Remind of claims that are due, bring calendars up to date, and write the feed.

    Args:
        office: The open workspace.
        present: The moment or the day from which deadlines are counted, each in its claim's zone.
        dry_run: Only tell what would be done.

    Raises:
        Misconfigured: The feed cannot be written, or the mail's settings are refused.
        Retriable: Another reminder is at it, or the feed is being written elsewhere.
    """
    if dry_run:
        return _Outlook(office, present).reminded()
    # Two at once would both find that nobody was told, and tell it twice.
    with office.store.hold(TURN, holder="makegood remind", wait_seconds=LONGEST_TURN_S):
        return _remind(office, _Outlook(office, present))


def _remind(office: Office, outlook: _Outlook) -> Reminded:
    feed = _write_feed(office, outlook)
    # What the chat is told does not wait for a mail server that is set up wrongly. Reminders run
    # daily, so what the chat did not take before is posted now, of whatever month it is.
    posted = send_notices(office) + deadline_near(office, outlook.deadlines)
    settlement = _send(office, outlook)
    if settlement.person or settlement.refused:
        posted += needs_person(office, outlook.period)
    return outlook.reminded(settlement=settlement, feed=feed, posted=posted)


def reminder_of(office: Office, *, present: Present, language: Language) -> Rendered | None:
    """The reminder as it would read now, whatever was said before; None when nothing is due."""
    outlook = _Outlook(office, present)
    if not outlook.near:
        return None
    reminder = ClaimReminder(due=outlook.with_texts(), workspace=workspace_named(office))
    return render_reminder(reminder, language=language)


class _Outlook:
    """Every claim as the present sees it, held against what was told before."""

    def __init__(self, office: Office, present: Present) -> None:
        terms = office.workspace
        self.office, self.present = office, present
        self.language = language_of(terms.mail.language if terms.mail else LanguageCode.EN)
        self.steps = sorted(terms.claims.remind_days)
        self.told = _told(office.store)
        self.claims = {claim.key: claim for claim in _claims(office, present, self.told)}
        self.entries = {
            entry.name: entry for claim in self.claims.values() for entry in self._entries(claim)
        }
        near = [due for claim in self.claims.values() if (due := self._near(claim))]
        self.near = sorted(near, key=lambda pair: (pair[1].until, pair[0].key))

    @property
    def period(self) -> str:
        """The month that its mail is counted with."""
        return str(ServiceMonth.of(self.present.date_in("UTC")))

    def _now(self, claim: Claim) -> int:
        return self.present.instant_in(claim.time_zone)

    def _near(self, claim: Claim) -> tuple[Claim, Due] | None:
        """The claim with its next deadline, or the last one that it has just missed."""
        if not self.steps:
            return None
        now = self._now(claim)
        due = claim.next_due(now) or next(reversed(claim.open_dues), None)
        if due is None or abs(claim.days_left(due, now)) > self.steps[-1]:
            return None
        return claim, due

    def _entries(self, claim: Claim) -> Iterator[CalendarEntry]:
        now = self._now(claim)
        kept_from = claim.today(now) - KEPT_IN_FEED
        named: dict[str, Due] = {}
        for due in claim.open_dues:  # Of several deadlines of one stage the first one binds.
            named.setdefault(_name(claim, due), due)
        for name, due in named.items():
            if due.last_day >= kept_from:
                line = _line(claim, due, now)
                sequence = self._sequence(name, claim, line)
                yield CalendarEntry(name=name, line=line, sequence=sequence, changed_at=0)

    def _sequence(self, name: str, claim: Claim, line: DueLine) -> int:
        """The number of what an entry says: it never falls, and rises with every change."""
        shown = self.told.shown.get(name)
        if shown is None:
            return claim.recorded
        return max(claim.recorded, shown.sequence + (shown.mark != _mark(line)))

    def dated(self, entries: Iterable[CalendarEntry]) -> tuple[CalendarEntry, ...]:
        """The entries with the moment at which what they say was last decided or told."""
        listed = tuple(entries)
        claims = {entry.line.key: self.claims[entry.line.key] for entry in listed}
        changed = _changed_at(self.office.store, claims.values())
        return tuple(replace(entry, changed_at=changed[entry.line.key]) for entry in listed)

    @property
    def deadlines(self) -> tuple[Deadline, ...]:
        """What the operators' chat lists."""
        return tuple(
            Deadline(
                key=claim.obligation,
                vendor=line.vendor,
                claim_by=line.last_day,
                days_left=line.days_left,
                overdue=line.overdue,
                stage=line.stage,
                amount=line.amount,
                credit_days=line.credit_days,
                channel=line.channel,
            )
            for (claim, _), line in zip(self.near, self.due, strict=True)
        )

    @property
    def due(self) -> tuple[DueLine, ...]:
        """What is due, without texts."""
        return tuple(_line(claim, due, self._now(claim)) for claim, due in self.near)

    def with_texts(self) -> tuple[DueLine, ...]:
        """What a mail lists, the first of it with the texts to be filed."""
        shown = [claim for claim, _ in self.near[:MOST_TEXTS]]
        early = any(claim.undecided for claim in shown)
        texts = early_texts(self.office, self.present) if early else {}
        told = {
            claim.key: written(texts[claim.key], TextForm.TEXT)
            if claim.key in texts
            else _text(self.office.store, claim)
            for claim in shown
        }
        return tuple(replace(line, text=told.get(line.key, "")) for line in self.due)

    @property
    def new(self) -> Mapping[str, Step]:
        """The steps that nobody was reminded of, by the claim's key."""
        found = {}
        for claim, due in self.near:
            step = self._step(claim, due)
            if step not in self.told.steps:
                found[claim.key] = step
        return found

    def _step(self, claim: Claim, due: Due) -> Step:
        now = self._now(claim)
        left = claim.days_left(due, now)
        reached = MISSED if due.until <= now else min(step for step in self.steps if left <= step)
        return _name(claim, due), due.last_day.isoformat(), reached

    @property
    def moved(self) -> tuple[CalendarEntry, ...]:
        """The deadlines that calendars were told otherwise, or were told are off."""
        return tuple(
            self.entries[name]
            for name, shown in sorted(self.told.shown.items())
            if (entry := self.entries.get(name)) is not None
            and not entry.line.overdue
            and _mark(entry.line) != shown.mark
        )

    @property
    def ended(self) -> tuple[CalendarEntry, ...]:
        """The deadlines that calendars still show and that are none any more."""
        return tuple(
            self._withdrawn(name, shown)
            for name, shown in sorted(self.told.shown.items())
            if shown.mark
            and name not in self.entries
            and _claim_of(name) in self.claims
            and self._lies_ahead(name, shown)
        )

    def _lies_ahead(self, name: str, shown: Shown) -> bool:
        claim = self.claims[_claim_of(name)]
        return shown.last_day >= claim.today(self._now(claim))

    def _withdrawn(self, name: str, shown: Shown) -> CalendarEntry:
        claim = self.claims[_claim_of(name)]
        stage = name.removeprefix(f"{claim.key}/").partition("/")[0]
        line = DueLine(
            key=claim.key,
            vendor=claim.vendor,
            service=claim.service,
            month=claim.month,
            amount=None,
            stage=stage,
            last_day=shown.last_day,
            time_zone=claim.time_zone,
            days_left=(shown.last_day - claim.today(self._now(claim))).days,
            status=claim.status,
        )
        sequence = max(claim.recorded, shown.sequence + 1)
        return CalendarEntry(name=name, line=line, sequence=sequence, changed_at=0)

    def ended_lines(self) -> tuple[EndedLine, ...]:
        """The claims that leave the calendar, each once."""
        found = {}
        for entry in self.ended:
            claim = self.claims[entry.line.key]
            found[claim.key] = EndedLine(
                key=claim.key,
                vendor=claim.vendor,
                service=claim.service,
                month=claim.month,
                why=_ending(claim, entry.name),
            )
        return tuple(found.values())

    @property
    def published(self) -> tuple[CalendarEntry, ...]:
        """What the attached calendar tells: what changed, with a reminder all of its claims."""
        named = {entry.name: entry for entry in self.moved}
        if self.new:
            near = {claim.key for claim, _ in self.near}
            ahead = (entry for entry in self.entries.values() if not entry.line.overdue)
            named |= {entry.name: entry for entry in ahead if entry.line.key in near}
        return tuple(named[name] for name in sorted(named))

    def reminded(
        self, *, settlement: Settlement | None = None, feed: str = "", posted: int = 0
    ) -> Reminded:
        """What a command answers."""
        return Reminded(
            today=self.present.date_in("UTC"),
            due=self.due,
            new=tuple(self.new),
            moved=tuple(entry.line for entry in self.moved),
            ended=self.ended_lines(),
            settlement=settlement or Settlement(),
            feed=feed,
            posted=posted,
            mails=self.office.mail is not None,
        )


def _claims(office: Office, present: Present, told: Told) -> Iterator[Claim]:
    """Every claim, those of months that are not decided yet, and those that came to nothing."""
    known = {claim.key: claim for claim in all_claims(office.store)}
    yield from known.values()
    found, why = early_claims_or_why(office, present)
    if why:
        note(why)
    early = {claim.key: claim for claim in found}
    yield from early.values()
    for key in sorted({_claim_of(name) for name in told.shown} - known.keys() - early.keys()):
        nothing = nothing_came(office.contracts, key)
        if nothing is not None:
            yield nothing


def _send(office: Office, outlook: _Outlook) -> Settlement:
    terms = office.workspace.mail
    if office.mail is None or terms is None:
        return Settlement()
    # Reminders run daily: what a server put off, a client's notice included, waits no longer.
    settlement = send_planned(office, office.mail, waiting_mail(office))
    if outlook.new or outlook.moved or outlook.ended:
        settlement.add(send_to_ourselves(office, office.mail, terms, _letter(outlook, terms)))
    return settlement


def _letter(outlook: _Outlook, terms: MailTerms) -> ToOurselves:
    new, moved, ended = outlook.new, outlook.moved, outlook.ended
    reminder = ClaimReminder(
        due=outlook.with_texts() if new else (),
        moved=tuple(entry.line for entry in moved if entry.line.key not in new),
        ended=outlook.ended_lines(),
        reminds=bool(new),
        workspace=workspace_named(outlook.office),
    )
    steps = [list(step) for step in sorted(new.values())]
    changes = [[entry.name, entry.sequence] for entry in (*moved, *ended)]
    return ToOurselves(
        key=f"claims/{digest_of([steps, changes])[:16]}/{'reminder' if new else 'calendar'}",
        kind=REMINDER,
        period=outlook.period,
        rendered=render_reminder(reminder, language=outlook.language),
        attachments=tuple(_attachments(outlook, _organizer(terms))),
        kept={
            "steps": steps,
            "shown": [
                *(_shown(entry, _mark(entry.line)) for entry in outlook.published),
                *(_shown(entry, "") for entry in ended),
            ],
        },
    )


def _organizer(terms: MailTerms) -> str:
    """Who tells the deadlines, as mail servers know the address: its domain stands in UIDs."""
    return ascii_address(Mailbox.of(terms.sender).address)


def _attachments(outlook: _Outlook, organizer: str) -> Iterator[Attachment]:
    for name, method, entries in (
        ("claims.ics", Method.PUBLISH, outlook.published),
        ("withdrawn.ics", Method.CANCEL, outlook.ended),
    ):
        if entries:
            content = render_calendar(
                outlook.dated(entries),
                method=method,
                organizer=organizer,
                known_as=outlook.told.sender,
                language=outlook.language,
            )
            yield Attachment(name, content_type(method), content)


def _write_feed(office: Office, outlook: _Outlook) -> str:
    """Write the calendar that others subscribe to, when it says something new."""
    if office.workspace.claims.calendar is None:
        return ""
    path = office.folder / office.workspace.claims.calendar
    terms = office.workspace.mail
    content = render_calendar(
        outlook.dated(outlook.entries.values()),
        organizer=_organizer(terms) if terms else "",
        known_as=outlook.told.sender,
        language=outlook.language,
    )
    with sole_writer(path):
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
    return str(path)


def _told(store: Store) -> Told:
    steps: set[Step] = set()
    shown: dict[str, Shown] = {}
    first: Effect | None = None
    for effect in _reminders(store):
        first = effect if first is None or effect.planned_at < first.planned_at else first
        steps.update((name, day, step) for name, day, step in effect.plan.intent["steps"])
        for name, sequence, mark, day in effect.plan.intent["shown"]:
            latest = shown.get(name)
            if latest is None or sequence > latest.sequence:
                shown[name] = Shown(sequence, mark, date.fromisoformat(day))
    sender = first.plan.intent["envelope_from"] if first is not None else ""
    return Told(frozenset(steps), shown, sender)


def _reminders(store: Store) -> Iterator[Effect]:
    """Every reminder with what it kept, whatever became of its mail."""
    keys = store.effect_keys(kinds=[REMINDER])
    while page := list(islice(keys, AT_ONCE)):
        yield from store.effects(keys=page)


def _shown(entry: CalendarEntry, mark: str) -> JsonValue:
    return [entry.name, entry.sequence, mark, entry.line.last_day.isoformat()]


def _changed_at(store: Store, claims: Collection[Claim]) -> Mapping[str, int]:
    """When what is known of each claim was last decided or told, by its key."""
    months: dict[str, list[str]] = defaultdict(list)
    for claim in claims:
        months[str(claim.month)].append(claim.contract)
    # Of what nobody has recorded yet the month's beginning is as good as any instant.
    found = {claim.key: claim.month.bounds(claim.time_zone).start for claim in claims}
    for period, contracts in months.items():
        for contract, history in store.history(contracts, period).items():
            if history.determined is not None:
                found[f"{contract}/{period}"] = instant(history.determined.recorded_at)
        for told in store.observed(EntryKind.CLAIM_MOVED, periods=[period], contracts=contracts):
            key = f"{told.contract}/{period}"
            found[key] = max(found[key], instant(told.recorded_at))
    return found


def _name(claim: Claim, due: Due) -> str:
    """The entry's name, the same for ever: a claim's stage, and the outage that it hangs on."""
    outage = "" if due.outage_at is None else f"/{utc_text(due.outage_at)}"
    return f"{claim.key}/{due.stage}{outage}"


def _claim_of(name: str) -> str:
    return "/".join(name.split("/")[:3])


def _mark(line: DueLine) -> str:
    """What a calendar says of a deadline, as one digest."""
    worth = str(line.amount or line.credit_days or "")
    return digest_of([line.last_day.isoformat(), line.until, worth])[:16]


def _ending(claim: Claim, name: str) -> Ending:
    if claim.gone:
        return Ending.NOTHING_OWED
    match claim.status:
        case LedgerStatus.FILED:
            return Ending.FILED
        case LedgerStatus.APPROVED:
            return Ending.APPROVED
        case LedgerStatus.DENIED:
            return Ending.DENIED
        case _:
            known = any(_name(claim, due) == name for due in claim.dues)
            return Ending.DONE if known else Ending.NO_DEADLINE


def _line(claim: Claim, due: Due, now: int) -> DueLine:
    terms = claim.terms
    late = {each.stage: each for each in claim.open_dues if each.until <= now and each != due}
    return DueLine(
        key=claim.key,
        vendor=claim.vendor,
        service=claim.service,
        month=claim.month,
        amount=claim.owed,
        credit_days=claim.credit_days if claim.owed is None else None,
        stage=due.stage,
        last_day=due.last_day,
        until=due.until if due.to_the_minute else None,
        time_zone=claim.time_zone,
        days_left=claim.days_left(due, now),
        overdue=due.until <= now,
        status=claim.status,
        channel=terms.channel.value if terms.channel else "",
        address=terms.address or "",
        missed=tuple(MissedStage(stage=one.stage, last_day=one.last_day) for one in late.values()),
    )


def _text(store: Store, claim: Claim) -> str:
    """What is to be sent to the vendor; "" while the month has no answer."""
    try:
        return written(text_of(store, claim), TextForm.TEXT)
    except UnusableInputError:
        return ""
