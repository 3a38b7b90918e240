"""Who may let a credit go: the contract's own rule, one person, or two.

A release is the moment from which money may move. The contract's rule may let small, certain
credits go; everything else waits for people, and large amounts for two who are surely not one.
Nothing here knows how a person was recognised; that arrives as a `Voice`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import chain, combinations

from models.case import Decided
from models.contract import ReleaseMode, ReleaseRule
from models.determination import Determination
from models.ladder import floor_percent
from models.money import Money
from models.terms import plain

FULL_COVERAGE_PERCENT = Decimal(100)
"""The coverage that a rule asks for when it names none."""

BY_RULE = "contract rule"
"""Who releases when nobody is asked."""


class Identity(StrEnum):
    """What a name rests on.

    `os_user`: the account that the command ran under. `token`: a secret that the settings map to
    the name. `free_text`, `last_editor`: somebody's word, such as a form or a Notion page has it.
    """

    OS_USER = "os_user"
    TOKEN = "token"  # noqa: S105  No secret, but the word for what a name rests on.
    FREE_TEXT = "free_text"
    LAST_EDITOR = "last_editor"


VERIFIED = frozenset({Identity.OS_USER, Identity.TOKEN})


@dataclass(frozen=True, slots=True)
class Voice:
    """Somebody who says yes.

    Attributes:
        name: Who it is, as far as `identity` goes.
        identity: What the name rests on.
        account: The operating system's account that it was said from, such as `1000@books`; "".
    """

    name: str
    identity: Identity
    account: str = ""

    @property
    def verified(self) -> bool:
        """Whether anything but a word stands behind the name."""
        return self.identity in VERIFIED

    @property
    def grounds(self) -> str:
        """What the name rests on, for the record: `token from 1000@books`."""
        return f"{self.identity.value} from {self.account}" if self.account else self.identity.value

    @classmethod
    def of(cls, name: str, grounds: str) -> Voice:
        """The voice that was recorded with these grounds."""
        identity, _, account = grounds.partition(" from ")
        return cls(name, Identity(identity), account)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A draft that somebody may let go.

    Attributes:
        key: The obligation's key.
        amount: What it moves, signed.
        released: What earlier revisions of the month have moved already.
        two_above: The contract's own amount above which two are needed, in major units; None.
    """

    key: str
    amount: Money
    released: Money
    two_above: Decimal | None = None

    @property
    def most_minor(self) -> int:
        """What it is judged by: itself, or all that its month has moved with it, in minor units.

        Otherwise one large credit could go in many small steps.
        """
        return max(abs(self.amount.minor), abs((self.released + self.amount).minor))


@dataclass(frozen=True, slots=True)
class Earlier:
    """A credit of the same service month that people have let go before.

    Attributes:
        amount: What it moved, signed.
        voices: Who said yes to it.
    """

    amount: Money
    voices: tuple[Voice, ...]

    def may_be_alone_by(self, voice: Voice) -> bool:
        """Whether this voice, and nobody else who is surely another, may have let it go."""
        if agreed(self.voices, Needed(2)):
            return False
        return any(
            not (one.verified and voice.verified) or may_be_one(one, voice) for one in self.voices
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a rule lets a draft go, and why or why not."""

    releases: bool
    why: str


@dataclass(frozen=True, slots=True)
class Needed:
    """How many people must say yes: one, or two whom something verifies; with why."""

    people: int
    why: str = ""


def by_rule(
    rule: ReleaseRule,
    candidate: Candidate,
    decided: Decided,
    *,
    two_above: Mapping[str, Decimal],
    unproven: Sequence[str] = (),
) -> Verdict:
    """Whether a contract's own rule lets a draft go.

    Args:
        rule: The contract's rule.
        candidate: The draft.
        decided: The decision behind it.
        two_above: The workspace's amounts, in major units, above which two people are needed.
        unproven: What the amount rests on and nobody can prove, each in a sentence.

    Returns:
        The verdict; why it goes is worded by the rule alone, the same for all of its drafts.
    """
    if rule.mode is ReleaseMode.ASK:
        return Verdict(releases=False, why="the contract's rule is to ask")
    against = next(chain(_against(rule, candidate, decided, two_above), unproven), "")
    return Verdict(releases=not against, why=against or _rule_text(rule, candidate))


def _against(
    rule: ReleaseRule,
    candidate: Candidate,
    decided: Decided,
    two_above: Mapping[str, Decimal],
) -> Iterator[str]:
    amount = candidate.amount
    if amount.minor <= 0:
        yield f"{amount} takes something back, which a person must agree to"
    if rule.up_to is None:
        yield "the rule names no up_to, so no amount is small enough"
    elif candidate.most_minor > amount.currency.minor(rule.up_to):
        most = Money(candidate.most_minor, amount.currency)
        yield f"{most} for the month is more than {plain(rule.up_to)}"
    needed = people_needed([candidate], two_above=two_above)
    if needed.people > 1:
        yield needed.why
    yield from _doubts(rule, decided)


def _doubts(rule: ReleaseRule, decided: Decided) -> Iterator[str]:
    measured = decided.measured
    withheld = decided.determination.withheld or measured.withheld
    if withheld:
        yield f"the month is withheld: {withheld}"
    elif measured.uptime is None:
        yield "the month was counted elsewhere, so its coverage is not known"
    else:
        yield from _too_little(rule, measured.uptime.coverage)
        yield from _two_answers(decided)


def _too_little(rule: ReleaseRule, coverage: Fraction) -> Iterator[str]:
    least = _least(rule)
    if coverage * 100 < least:
        percent = floor_percent(coverage)
        yield f"{percent} % of the month is covered, less than {plain(least)} %"


def _least(rule: ReleaseRule) -> Decimal:
    percent = rule.minimum_coverage_percent
    return FULL_COVERAGE_PERCENT if percent is None else percent


def _two_answers(decided: Decided) -> Iterator[str]:
    """Whether what went unseen decides: at both ends of its bounds a month must earn the same."""
    bounds, outcomes = decided.measured.bounds, decided.outcomes
    if bounds is None or outcomes is None or decided.certain:
        return
    worst, best = (_earned(outcome) for outcome in outcomes)
    doubts = "; ".join(bounds.reasons)
    yield f"uptime lies from {bounds.text}, which earns {worst} or {best}: {doubts}"


def _earned(outcome: Determination) -> str:
    return f"withheld ({outcome.withheld})" if outcome.withheld else str(outcome.amount)


def _rule_text(rule: ReleaseRule, candidate: Candidate) -> str:
    up_to = f"{plain(rule.up_to or Decimal(0))} {candidate.amount.currency.code}"
    return f"by the contract's rule: up to {up_to}, {plain(_least(rule))} % covered, no ambiguity"


def people_needed(
    batch: Sequence[Candidate],
    *,
    two_above: Mapping[str, Decimal],
    by: Voice | None = None,
    before: Sequence[Earlier] = (),
) -> Needed:
    """How many people must agree to a batch.

    Two when any of its credits, or the sum of what is shown in one currency, is above the
    workspace's amount, or one of them above its contract's. A sum counts what is taken back as
    well, so that it cannot hide what is given; and what the same voice has let go alone before, so
    that nobody passes the amount client by client. A word that nothing verifies may be anybody's.

    Args:
        batch: What is let go together.
        two_above: By currency, in major units; a currency that is absent has no such amount.
        by: Who wants to let it go; None counts nothing from before.
        before: What people have let go of the same service month.
    """
    for candidate in batch:
        code = candidate.amount.currency.code
        for limit in (candidate.two_above, two_above.get(code)):
            if limit is not None and candidate.most_minor > candidate.amount.currency.minor(limit):
                most = Money(candidate.most_minor, candidate.amount.currency)
                return Needed(2, f"{candidate.key}: {most} is more than {plain(limit)} {code}")
    alone = [one.amount for one in before if by is not None and one.may_be_alone_by(by)]
    return _needed_for_sum([one.amount for one in batch], alone, two_above)


def _needed_for_sum(
    moved: Sequence[Money], alone: Sequence[Money], two_above: Mapping[str, Decimal]
) -> Needed:
    now, before = _sizes(moved), _sizes(alone)
    for code, money in sorted(now.items()):
        limit, earlier = two_above.get(code), before.get(code)
        both = money + earlier if earlier else money
        if limit is not None and both.minor > both.currency.minor(limit):
            said = f" with {earlier} that one person let go alone before" if earlier else ""
            return Needed(2, f"{money} together{said} is more than {plain(limit)} {code}")
    return Needed(1)


def _sizes(amounts: Iterable[Money]) -> Mapping[str, Money]:
    """The sum of amounts without their signs, by currency."""
    sums: dict[str, Money] = {}
    for amount in amounts:
        size, code = Money(abs(amount.minor), amount.currency), amount.currency.code
        sums[code] = sums[code] + size if code in sums else size
    return sums


def agreed(voices: Sequence[Voice], needed: Needed) -> bool:
    """Whether enough people have said yes.

    Unverified voices may let go what one may let go; towards two they count for nothing, however
    many there are.
    """
    if needed.people == 1:
        return bool(voices)
    return any(not may_be_one(one, other) for one, other in combinations(_verified(voices), 2))


def _verified(voices: Iterable[Voice]) -> list[Voice]:
    return [voice for voice in voices if voice.verified]


def may_be_one(one: Voice, other: Voice) -> bool:
    """Whether two verified voices may be the same person.

    They are when the names are the same, whatever they rest on. An account without a token is
    whoever uses it, so it may be anybody who speaks from there. Two tokens are two people.

    >>> ops = Voice("ops", Identity.OS_USER, "1000@books")
    >>> kim = Voice("Kim", Identity.TOKEN, "1000@books")
    >>> lee = Voice("Lee", Identity.TOKEN, "1000@books")
    >>> may_be_one(ops, kim), may_be_one(kim, lee)
    (True, False)
    """
    if one.name.casefold() == other.name.casefold():
        return True
    by_account = Identity.OS_USER in {one.identity, other.identity}
    return by_account and one.account == other.account
