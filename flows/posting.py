"""Posting planned mail: to whom an attempt still goes, and what a person must hear about.

A message may reach some of its receivers and not the others. Every attempt keeps who has it, and
the next one asks only those that do not. It never composes anything, and never sends again to
somebody who is known to have the message.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.errors import Permanent, PersonNeeded
from connectors.mail import MailSender, OutgoingMail
from connectors.store import EffectPlan, PastAttempt, Store
from flows.effects import Unasked
from flows.pacing import Limits
from models.effect import Abilities, EffectState
from models.terms import JsonValue

Refused = tuple[Sequence[str], ...]
"""Pairs of an address and what the server said to it."""


@dataclass(frozen=True, slots=True)
class _SoFar:
    """What earlier attempts have done about a message's receivers.

    Attributes:
        taken: Who has it.
        refused: Who never will, unless a person has asked for another attempt since.
    """

    taken: tuple[str, ...] = ()
    refused: Refused = ()

    @classmethod
    def of(cls, attempts: Iterable[PastAttempt]) -> _SoFar:
        """Read what every attempt has kept."""
        taken: tuple[str, ...] = ()
        refused: Refused = ()
        for past in attempts:
            kept = past.answer if isinstance(past.answer, Mapping) else {}
            taken += tuple(kept.get("taken", ()))
            # Only what was left for another time goes on; after anything else a person has spoken.
            left = past.state is EffectState.PLANNED
            refused = (*refused, *kept.get("refused", ())) if left else ()
        return cls(tuple(dict.fromkeys(taken)), refused)

    def rest(self, receivers: Sequence[str]) -> tuple[str, ...]:
        """The receivers that an attempt goes to; all of them when nobody is known to be left."""
        settled = {*self.taken, *(address for address, _ in self.refused)}
        return tuple(one for one in receivers if one not in settled) or tuple(receivers)


def post(mail: MailSender, store: Store, *, to_ourselves: Collection[str]) -> Unasked:
    """The mail as the engine sees it.

    Args:
        mail: How messages leave.
        store: Where the attempts are kept.
        to_ourselves: The kinds of effects that go to nobody but the operator: a second copy of one
            bothers no client.
    """

    def _able(plan: EffectPlan) -> Abilities:
        return Abilities(
            repeats_are_safe=mail.repeats_are_safe, repeats_are_harmless=plan.kind in to_ourselves
        )

    def _send(plan: EffectPlan) -> JsonValue:
        message = OutgoingMail.from_intent(plan.intent)
        earlier = store.attempts(plan.key)[:-1]  # The last one is this one.
        return _sent(mail, message, _SoFar.of(earlier))

    return Unasked("mail", _send, _able, Limits(per_minute=mail.per_minute))


def _sent(mail: MailSender, message: OutgoingMail, before: _SoFar) -> JsonValue:
    """Send it to whoever is left; answer with what is kept.

    Raises:
        PersonNeeded: Some have it, and a receiver is refused.
        ConnectorError: What `MailSender.send` raises.
    """
    try:
        sent = mail.send(replace(message, envelope_to=before.rest(message.envelope_to)))
    except Permanent as error:
        if not before.taken:
            raise
        refused = tuple(error.facts.get("refused", ()))
        told = _SoFar(before.taken, (*before.refused, *refused)), str(error)
    else:
        so_far = _SoFar((*before.taken, *sent.taken), (*before.refused, *sent.refused))
        if not so_far.refused:
            return {**sent.facts, "taken": list(so_far.taken)}
        told = so_far, f"mail {message.key}: not every receiver is accepted"
    raise _asked(*told)


def _asked(so_far: _SoFar, fact: str) -> PersonNeeded:
    without = "; ".join(f"{address} ({says})" for address, says in so_far.refused)
    return PersonNeeded(
        f"{fact}. {', '.join(so_far.taken)} have the message; without it: {without or 'the rest'}. "
        "Tell them another way and answer done, or answer again: it goes to those alone.",
        facts={
            "taken": list(so_far.taken),
            "refused": [list(pair) for pair in so_far.refused],
        },
    )
