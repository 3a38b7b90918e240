"""The lines of a notice to the operators' chat: each one a sentence with exact values in it.

A line is words alone; that nothing in it pings or links is the connector's business. Keys, service
months and commands stand as they are typed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from flows.messages.language import Language
from flows.messages.views import sums
from models.claims.deadline import CLAIM
from models.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A claim against a vendor that must be filed soon, or was not filed in time.

    Attributes:
        key: The obligation's key, such as `cloudways/hosting/2026-05/r0`.
        vendor: The vendor's name.
        claim_by: The last day, in the claim's zone, included.
        days_left: Dates from today to the last day, in that zone; negative when it has passed.
        overdue: Whether it is too late.
        stage: What is due: `claim`, or what the vendor asks for before it.
        amount: What can be claimed; None for days of service, and while it is not known.
        credit_days: Days of service, plain digits; None for money.
        channel: Where it is filed; "" when that is not said.
    """

    key: str
    vendor: str
    claim_by: date
    days_left: int
    overdue: bool = False
    stage: str = CLAIM
    amount: Money | None = None
    credit_days: str | None = None
    channel: str = ""

    @property
    def period(self) -> str:
        """The service month."""
        return self.key.split("/")[-2]


@dataclass(frozen=True, slots=True)
class ChatWords:
    """What is said in one language.

    Attributes:
        language: The operators' own.
    """

    language: Language

    def decided(self, month: str, *, contracts: int, met: int) -> str:
        """How many contracts of a month were decided, and how many met their commitment."""
        return self.language.ngettext(
            "%(month)s is decided: %(contracts)s, %(num)s met its commitment",
            "%(month)s is decided: %(contracts)s, %(num)s met their commitment",
            met,
            month=month,
            contracts=self.language.ngettext("%(num)s contract", "%(num)s contracts", contracts),
        )

    def waiting(self, credits_: Sequence[Money | None]) -> str:
        """Credits that nobody has released yet."""
        return self.language.ngettext(
            "%(num)s credit waits for release%(amounts)s",
            "%(num)s credits wait for release%(amounts)s",
            len(credits_),
            amounts=self._in_sum(credits_),
        )

    def unanswered(self, month: str) -> str:
        """That a question ran out, and nothing was released."""
        return self.language.gettext(
            "%(month)s: nobody answered in time, and nothing was released", month=month
        )

    def released(self, credits_: Sequence[Money | None]) -> str:
        """Credits that somebody has released."""
        return self.language.ngettext(
            "%(num)s credit is released%(amounts)s",
            "%(num)s credits are released%(amounts)s",
            len(credits_),
            amounts=self._in_sum(credits_),
        )

    def claimable(self, credits_: Sequence[Money | None]) -> str:
        """Credits that vendors owe us."""
        return self.language.ngettext(
            "%(num)s credit can be claimed from a vendor%(amounts)s",
            "%(num)s credits can be claimed from vendors%(amounts)s",
            len(credits_),
            amounts=self._in_sum(credits_),
        )

    def withheld(self, count: int) -> str:
        """Months that have no answer; a list of them follows."""
        return self.language.ngettext(
            "%(num)s month is withheld and needs a look:",
            "%(num)s months are withheld, and each needs a look:",
            count,
        )

    def two_people(self, why: str) -> str:
        """That a release takes two."""
        return self.language.gettext("Two people must agree: %(why)s.", why=why)

    def amount(self, amount: Money | None) -> str:
        """A credit's amount."""
        return self.language.money(amount) if amount else self.language.gettext("no amount")

    def questions(self, month: str, count: int) -> str:
        """How many questions only a person can settle."""
        return self.language.ngettext(
            "%(month)s: %(num)s question for a person",
            "%(month)s: %(num)s questions for a person",
            count,
            month=month,
        )

    def question(self, key: str, amount: str, why: str, *, alarm: bool) -> str:
        """One of them, in the words that the log has for it."""
        about = f"{key}, {amount}" if amount else key
        if alarm:
            return self.language.gettext("ALARM: %(about)s: %(why)s", about=about, why=why)
        return f"{about}: {why}"

    def ended_badly(self, run: str, *, crashed: bool) -> str:
        """That a run of Prefect's failed, or was cut off from outside."""
        if crashed:
            return self.language.gettext("%(run)s was cut off", run=run)
        return self.language.gettext("%(run)s failed", run=run)

    def run_again(self) -> str:
        """What may be done about it."""
        return self.language.gettext(
            "What it had recorded is kept, and nothing is done twice: run it again, by Retry in "
            "Prefect or by its next schedule."
        )

    def more(self, count: int) -> str:
        """How many lines did not fit."""
        return self.language.gettext("... and %(num)s more", num=count)

    def to_claim(self, due: Sequence[Deadline]) -> str:
        """What vendors must be asked for, and what was missed; the nearest deadline first."""
        ahead = [each for each in due if not each.overdue]
        late = len(due) - len(ahead)
        missed = self.language.ngettext(
            "%(num)s claim against a vendor is overdue",
            "%(num)s claims against vendors are overdue",
            late,
        )
        if not ahead:
            return missed
        left = self.language.time_left(ahead[0].days_left)
        soon = self.language.ngettext(
            "%(num)s claim against a vendor must be filed, %(left)s",
            "%(num)s claims against vendors must be filed, the first %(left)s",
            len(ahead),
            left=left,
        )
        return f"{soon}; {missed}" if late else soon

    def deadline(self, due: Deadline) -> str:
        """One claim: until when, what, of whom, where."""
        said = [due.vendor, self._worth(due), due.key]
        if due.channel:
            said.append(self.language.channel(due.channel))
        what = self.language.gettext(
            "%(name)s: %(value)s", name=self.language.stage(due.stage), value=", ".join(said)
        )
        day = self.language.day(due.claim_by)
        if due.overdue:
            return self.language.gettext("Missed on %(day)s. %(what)s", day=day, what=what)
        return self.language.gettext("By %(day)s. %(what)s", day=day, what=what)

    def _worth(self, due: Deadline) -> str:
        if due.amount is None and due.credit_days:
            return self.language.days_of_service(due.credit_days)
        if due.amount is None:
            return self.language.gettext("amount open")
        return self.language.money(due.amount)

    def _in_sum(self, credits_: Iterable[Money | None]) -> str:
        """What they come to in each currency, in brackets; "" for nothing."""
        written = ", ".join(self.language.money(amount) for amount in sums(credits_))
        return f" ({written})" if written else ""
