"""Notices to the operators' chat: a month is done, credits wait, a last day is near, a question.

Each tells a state, and is posted once for it: its key is made from its words. A notice is never in
the way of what it tells of: a chat that cannot be reached or is set up wrongly is noted, and left
to the next run. No notice decides anything, and nothing is read from a chat.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from shlex import quote

from connectors.chat import LONGEST_LINE, MOST_LINES, Chat, Notice
from connectors.errors import ConnectorError
from connectors.store import EffectPlan, StoredObligation
from flows.effects import Patience, Unasked, settle
from flows.log import note
from flows.mailing import own_language
from flows.messages import ChatWords, Deadline
from flows.messages.recorded import recorded
from flows.office import Office
from flows.settling import Asked, all_asked
from models.approval import Needed
from models.contract import Role
from models.credit import ObligationState
from models.decision import digest_of
from models.effect import OPEN_STATES, WORKSPACE, Abilities
from models.ledger import one_line
from models.money import Money
from models.terms import JsonValue
from models.workspace_file import NoticeKind

NOTICE = "operator_notice"

MOST_COMMANDS = 8
"""Questions that are told with their commands; `makegood settle` lists them all."""

AGAIN_AT_DAYS = (7, 3, 1, 0)
"""Days left at which the same claims are told again."""

PATIENCE = Patience(tries=2)
"""A notice is tried twice, then left to the next run."""


def run_done(office: Office, period: str, *, contracts: int, met: int) -> int:
    """Tell that a month was decided, once for each state of its credits; answers how many went out.

    Args:
        office: What the run talks to.
        period: The service month.
        contracts: How many contracts were decided.
        met: How many of them met their commitment.
    """
    standing = [
        stored
        for stored in office.store.obligations(period)
        if stored.obligation.state is not ObligationState.SUPERSEDED
    ]
    words = _words(office)
    title = words.decided(period, contracts=contracts, met=met)
    notice = _fitting(words, title, [*_of_month(words, standing)])
    return _tell(office, NoticeKind.RUN_DONE, period, notice, of=notice.intent)


def needs_release(
    office: Office, period: str, *, waiting: Sequence[StoredObligation], needed: Needed
) -> int:
    """Tell that credits wait for a person, or for two, once for each set of credits and amounts.

    Args:
        office: What the run talks to.
        period: The service month.
        waiting: Our own drafts.
        needed: How many people must agree, and why.
    """
    if not waiting:
        return 0
    words = _words(office)
    title = f"{period}: {words.waiting(_amounts(waiting))}"
    lines = [words.two_people(needed.why)] if needed.people > 1 else []
    lines += [
        f"{_named(stored)}: {words.amount(stored.obligation.amount)}"
        for stored in _largest(waiting)
    ]
    notice = _fitting(words, title, lines, [_command(office, "release", period)])
    state = sorted([s.key, str(s.obligation.amount), s.decision] for s in waiting)
    return _tell(office, NoticeKind.NEEDS_RELEASE, period, notice, of=state)


def unanswered(
    office: Office, period: str, *, waiting: Sequence[StoredObligation], question: str
) -> int:
    """Tell that a question ran out and nothing was released, once for each question.

    Args:
        office: What the run talks to.
        period: The service month.
        waiting: Our own drafts that still wait.
        question: Names it.
    """
    if not waiting:
        return 0
    words = _words(office)
    lines = [words.waiting(_amounts(waiting))]
    notice = _fitting(words, words.unanswered(period), lines, [_command(office, "release", period)])
    return _tell(office, NoticeKind.NEEDS_RELEASE, period, notice, of=question)


def deadline_near(office: Office, deadlines: Iterable[Deadline]) -> int:
    """Tell that claims must be filed soon: once for a set of claims, and again as each day comes.

    Args:
        office: What the run talks to.
        deadlines: The claims that are due, of any months.
    """
    due = sorted(deadlines, key=lambda each: (each.claim_by, each.key))
    if not due:
        return 0
    words = _words(office)
    lines = [words.deadline(each) for each in due]
    notice = _fitting(words, words.to_claim(due), lines, [_command(office, "claims")])
    # Each claim's own: one that was missed must not hide that the next one's day comes.
    state = [[each.key, each.stage, each.claim_by.isoformat(), _reached(each)] for each in due]
    return _tell(office, NoticeKind.DEADLINE_NEAR, due[0].period, notice, of=state)


def _reached(due: Deadline) -> int:
    """How many of the steps at which a claim is told again its day has come to."""
    return sum(1 for days in AGAIN_AT_DAYS if due.days_left <= days) + due.overdue


def needs_person(office: Office, period: str) -> int:
    """Tell what only a person can settle, once for each set of questions."""
    asked = [each for each in all_asked(office.store, period=period) if each.kind != NOTICE]
    if not asked:
        return 0
    words, urgent = _words(office), sorted(asked, key=lambda each: not each.alarm)
    lines = [_question(words, each) for each in urgent]
    commands = [_command(office, "settle", each.key) for each in urgent[:MOST_COMMANDS]]
    notice = _fitting(words, words.questions(period, len(asked)), lines, commands)
    state = [[each.key, each.state.value, each.attempt] for each in asked]
    return _tell(office, NoticeKind.NEEDS_PERSON, period, notice, of=state)


def send_notices(office: Office, period: str | None = None) -> int:
    """Post what was planned and is not posted, of one month or of all; what cannot be is noted."""
    if office.chat is None:
        return 0
    keys = office.store.effect_keys(period=period, kinds=[NOTICE], states=sorted(OPEN_STATES))
    try:
        return settle(office.store, keys, _posting(office.chat), patience=PATIENCE).done
    except ConnectorError as error:
        # The money and the ledger are done by now; a chat that is set up wrongly undoes nothing.
        note(f"notice not posted: {error}")
        return 0


def _tell(office: Office, kind: NoticeKind, period: str, notice: Notice, *, of: JsonValue) -> int:
    """Plan a notice unless its state was told before, and post what is planned."""
    if office.chat is None or kind not in office.workspace.notices.kinds:
        return 0
    key = f"{period}/{office.chat.name}/{kind.value}/{digest_of(of)[:16]}"
    plan = EffectPlan(key, NOTICE, WORKSPACE, period, notice.intent)
    office.store.plan_effects([plan])
    return send_notices(office, period)


def _posting(chat: Chat) -> Unasked:
    """The chat as the engine sees it: a second notice bothers nobody but ourselves."""
    return Unasked(
        chat.name,
        lambda plan: chat.post(Notice.from_intent(plan.intent)),
        lambda _plan: Abilities(repeats_are_harmless=True),
    )


def _words(office: Office) -> ChatWords:
    """What is said, in the language of mail to ourselves."""
    return ChatWords(own_language(office))


def _fitting(
    words: ChatWords, title: str, lines: Sequence[str], commands: Sequence[str] = ()
) -> Notice:
    """The notice with what fits; it says how much does not."""
    room = MOST_LINES - 1 - len(commands)
    shown = [_clipped(line) for line in lines]
    if len(shown) > room:
        shown = [*shown[: room - 1], words.more(len(shown) - room + 1)]
    return Notice(_clipped(title), tuple(shown), tuple(_clipped(line) for line in commands))


def _clipped(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 3].rstrip()}..."


def _question(words: ChatWords, asked: Asked) -> str:
    amount = words.amount(asked.amount) if asked.amount else ""
    return words.question(asked.key, amount, asked.why, alarm=asked.alarm)


def _of_month(words: ChatWords, standing: Sequence[StoredObligation]) -> Iterator[str]:
    ours = [stored for stored in standing if stored.role is Role.PROVIDER]
    theirs = [stored for stored in standing if stored.role is Role.CUSTOMER]
    for says, of in (
        (words.waiting, _in_state(ours, ObligationState.DRAFT)),
        (words.released, _in_state(ours, ObligationState.RELEASED)),
        (words.claimable, _in_state(theirs, ObligationState.DRAFT)),
    ):
        if of:
            yield says(_amounts(of))
    withheld = _in_state(standing, ObligationState.WITHHELD)
    if withheld:
        yield words.withheld(len(withheld))
    for stored in withheld:
        yield f"- {_named(stored)}: {recorded(stored.obligation.reason, words.language)}"


def _in_state(
    obligations: Sequence[StoredObligation], state: ObligationState
) -> list[StoredObligation]:
    return [stored for stored in obligations if stored.obligation.state is state]


def _amounts(obligations: Sequence[StoredObligation]) -> list[Money | None]:
    return [stored.obligation.amount for stored in obligations]


def _largest(obligations: Sequence[StoredObligation]) -> list[StoredObligation]:
    return sorted(
        obligations,
        key=lambda stored: (-abs(a.minor) if (a := stored.obligation.amount) else 0, stored.key),
    )


def _named(stored: StoredObligation) -> str:
    facts = stored.ledger
    return f"{facts['client_name']}, {facts['service_name']}"


def _command(office: Office, *words: str) -> str:
    folder = "" if str(office.folder) == "." else f" --workspace {quote(str(office.folder))}"
    return f"makegood {' '.join(words)}{folder}"
