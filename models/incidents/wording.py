"""What readers of a status page are told: our own words in English and German, strictly filled in.

A template names what it needs; nothing may be missing, nothing may be left over, and what people
typed is made harmless: one line, no markup, no invisible signs. Wording for mails stands in
`flows/messages`; this is the one text that strangers read while something is broken.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from string import Formatter
from unicodedata import category

from models.findings import Finding, UnusableInputError
from models.incidents.life import Draft, IncidentState
from models.intervals import utc
from models.language import LanguageCode
from models.ledger import one_line
from models.period import zone

LONGEST_TITLE = 255
LONGEST_BODY = 25_000
"""Source: Statuspage's limits; Instatus names none."""

HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})
"""Kinds of signs that a reader does not see: controls, directions, private and broken ones."""

MARKUP = str.maketrans({"<": "(", ">": ")", "`": "'", "{": "(", "}": ")", "[": "(", "]": ")"})
"""Signs that a page might take for markup, and what stands in their place."""


class Message(StrEnum):
    """What a message is about."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"
    MAINTENANCE = "maintenance"


TITLES: Mapping[LanguageCode, Mapping[Message, str]] = {
    LanguageCode.EN: {
        **dict.fromkeys(Message, "{service}: disruption of {scope}"),
        Message.MAINTENANCE: "{service}: maintenance of {scope}",
    },
    LanguageCode.DE: {
        **dict.fromkeys(Message, "{service}: Störung bei {scope}"),
        Message.MAINTENANCE: "{service}: Wartung von {scope}",
    },
}

BODIES: Mapping[LanguageCode, Mapping[Message, str]] = {
    LanguageCode.EN: {
        Message.INVESTIGATING: (
            "Since {started} there has been a problem with {scope}, and we are looking into it.\n"
            "What you may notice: {impact}\n"
            "What we are doing: {mitigation}\n"
            "You will hear from us again by {next_update}."
        ),
        Message.IDENTIFIED: (
            "We have found what disturbs {scope}: {cause}\n"
            "What you may notice: {impact}\n"
            "What we are doing: {mitigation}\n"
            "What you can do: {guidance}\n"
            "You will hear from us again by {next_update}."
        ),
        Message.MONITORING: (
            "A remedy is in place for {scope}, and we are watching whether it holds.\n"
            "What you may still notice: {impact}\n"
            "What we did: {mitigation}\n"
            "You will hear from us again by {next_update}."
        ),
        Message.RESOLVED: (
            "{scope} works again.\n"
            "The disturbance lasted from {started} to {ended}.\n"
            "What you may have noticed: {impact}\n"
            "Why it happened: {cause}"
        ),
        Message.MAINTENANCE: (
            "From {started} to {ended} we maintain {scope}.\n"
            "What you may notice: {impact}\n"
            "You will hear from us again by {next_update}."
        ),
    },
    LanguageCode.DE: {
        Message.INVESTIGATING: (
            "Seit {started} ist {scope} gestört; wir gehen dem nach.\n"
            "Was Sie bemerken können: {impact}\n"
            "Was wir tun: {mitigation}\n"
            "Sie hören wieder von uns bis {next_update}."
        ),
        Message.IDENTIFIED: (
            "Wir wissen, was {scope} stört: {cause}\n"
            "Was Sie bemerken können: {impact}\n"
            "Was wir tun: {mitigation}\n"
            "Was Sie tun können: {guidance}\n"
            "Sie hören wieder von uns bis {next_update}."
        ),
        Message.MONITORING: (
            "Für {scope} ist Abhilfe geschaffen; wir beobachten, ob sie hält.\n"
            "Was Sie noch bemerken können: {impact}\n"
            "Was wir getan haben: {mitigation}\n"
            "Sie hören wieder von uns bis {next_update}."
        ),
        Message.RESOLVED: (
            "{scope} ist wieder in Ordnung.\n"
            "Die Störung dauerte von {started} bis {ended}.\n"
            "Was Sie bemerkt haben können: {impact}\n"
            "Warum es dazu kam: {cause}"
        ),
        Message.MAINTENANCE: (
            "Von {started} bis {ended} warten wir {scope}.\n"
            "Was Sie bemerken können: {impact}\n"
            "Sie hören wieder von uns bis {next_update}."
        ),
    },
}

NO_GUIDANCE = {LanguageCode.EN: "nothing for now.", LanguageCode.DE: "im Augenblick nichts."}


def harmless(text: str) -> str:
    r"""A person's words as a page may show them: one line, without markup or invisible signs.

    >>> harmless(" <b>API</b>\r\nis\u202e slow ")
    '(b)API(/b) is slow'
    """
    shown = "".join(
        " " if sign in "\r\n\t\v\f" else sign
        for sign in text
        if sign in "\r\n\t\v\f" or category(sign) not in HIDDEN
    )
    return one_line(" ".join(shown.split())).translate(MARKUP)


def filled(template: str, facts: Mapping[str, str], *, place: str) -> str:
    """A template with everything that it names, and nothing else.

    Args:
        template: Text with `{names}`.
        facts: What each name stands for; every one must be used, none may be empty.
        place: Where the facts come from, for messages.

    Raises:
        UnusableInputError: Something is missing, empty or left over; all of it is named.
    """
    named = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
    clean = {name: harmless(text) for name, text in facts.items()}
    findings = [
        Finding(place, "is missing", "what the message says of it", "Say it.", field=name)
        for name in sorted(named)
        if not clean.get(name)
    ]
    findings += [
        Finding(place, "is not in the message", "what it names alone", "Leave it out.", field=name)
        for name in sorted(clean.keys() - named)
    ]
    if findings:
        raise UnusableInputError(findings)
    return template.format_map(clean)


def moment(at: int, time_zone: str) -> str:
    """An instant in a zone and in UTC, to the minute.

    >>> moment(1_778_400_000_000, "Europe/Berlin")
    '2026-05-10 10:00 CEST (08:00 UTC)'
    """
    there, here = utc(at).astimezone(zone(time_zone)), utc(at)
    if there.utcoffset() == here.utcoffset():
        return here.strftime("%Y-%m-%d %H:%M UTC")
    same_day = there.date() == here.date()
    in_utc = here.strftime("%H:%M UTC" if same_day else "%Y-%m-%d %H:%M UTC")
    return f"{there.strftime('%Y-%m-%d %H:%M %Z')} ({in_utc})"


def worded(
    state: IncidentState,
    draft: Draft,
    *,
    service: str,
    started_at: int,
    ended_at: int | None,
    time_zone: str,
    language: LanguageCode,
) -> tuple[str, str]:
    """Title and text of an update.

    Args:
        state: What the page is to show.
        draft: What is known; it has passed the checklist.
        service: The service's name, as readers know it.
        started_at: When the outage began.
        ended_at: When it ended; None while it lasts.
        time_zone: The zone that readers live by.
        language: Theirs.

    Raises:
        UnusableInputError: Something that the message says is missing, or it gets too long.
    """
    about = Message(state.value)
    known = {
        **{name: getattr(draft, name) for name in Draft.TEXTS},
        "guidance": draft.guidance or NO_GUIDANCE[language],
        "started": moment(started_at, time_zone),
        "ended": "" if ended_at is None else moment(ended_at, time_zone),
        "next_update": ""
        if draft.next_update_by is None
        else moment(draft.next_update_by, time_zone),
    }
    body = BODIES[language][about]
    named = {name for _, name, _, _ in Formatter().parse(body) if name is not None}
    text = filled(body, {name: known[name] for name in named}, place=about.value)
    facts = {"service": service, "scope": draft.scope}
    title = filled(TITLES[language][about], facts, place=about.value)
    _refuse_long(about, title, text)
    return title, text


def _refuse_long(about: Message, title: str, text: str) -> None:
    lengths = (("title", len(title), LONGEST_TITLE), ("text", len(text), LONGEST_BODY))
    findings = [
        Finding(
            about.value,
            f"has {length:,} characters",
            f"at most {most:,}",
            "Shorten what it is made of.",
            field=field,
        )
        for field, length, most in lengths
        if length > most
    ]
    if findings:
        raise UnusableInputError(findings)
