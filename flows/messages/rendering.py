"""From a view to subject, text and HTML: the only module that imports Jinja2.

Names, notes and links come from outside. Every value is put on one line; in HTML it is escaped, and
only web addresses become links. A value that is missing stops the rendering.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from flows.messages.language import ENGLISH, Language, told_in_utc
from flows.messages.plain import tidy, unmarked, whole, within_columns
from flows.messages.recorded import recorded
from flows.messages.views import (
    MOST_LINES,
    MOST_LINKS,
    MOST_REMARKS,
    MOST_TEXTS,
    ClaimReminder,
    ClientNotice,
    FailedRun,
    MonthlySummary,
    ReleaseRequest,
    TrialMessage,
    most_urgent,
    sums,
    totals,
)
from flows.messages.words import words_of
from models.ledger import UNSEEN, one_line
from models.money import Money

LONGEST_LABEL = 60
"""Letters of a link's address that are shown."""
ADDRESS = re.compile(r"[\w.+-]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+", re.ASCII | re.IGNORECASE)
"""An e-mail address that a link may be made of."""
NO_PART_OF_A_LINK = re.compile(rf"\s|{UNSEEN.pattern}")
"""What ends a link for some readers and not for others; in a calendar it would end the line."""
FIGURES = 1024
"""Figures of one kind that are remembered in their written form."""
NOWRAP = Markup('<strong style="white-space:nowrap;">{}</strong>')


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message in words, ready to be composed.

    Attributes:
        subject: One line.
        text: The message as plain text, complete on its own.
        html: The same as a whole HTML document without outside resources.
    """

    subject: str
    text: str
    html: str


def render_summary(summary: MonthlySummary, *, language: Language = ENGLISH) -> Rendered:
    """The operator's monthly summary."""
    return _rendered("summary", language, summary=summary)


def render_notice(
    notice: ClientNotice, *, preview: bool = False, language: Language = ENGLISH
) -> Rendered:
    """The notice to a client.

    Args:
        notice: What the client is told.
        preview: Put a banner on it that says it was not sent and waits for release.
        language: The language of the message.
    """
    return _rendered("notice", language, notice=notice, preview=preview)


def preview_notice(notice: ClientNotice, *, language: Language = ENGLISH) -> str:
    """The page of a notice that waits for release, with a banner that says so."""
    template = _environment(language, html=True).get_template("notice.html.j2")
    return template.render(notice=notice, preview=True)


def render_reminder(reminder: ClaimReminder, *, language: Language = ENGLISH) -> Rendered:
    """The reminder of claims that must be filed soon, or what has changed in their calendar."""
    return _rendered("reminder", language, reminder=reminder)


def render_request(request: ReleaseRequest, *, language: Language = ENGLISH) -> Rendered:
    """The request to release credits that wait."""
    return _rendered("request", language, request=request)


def render_trial(trial: TrialMessage, *, language: Language = ENGLISH) -> Rendered:
    """The message by which a person finds out whether mail leaves and arrives."""
    return _rendered("trial", language, trial=trial)


def render_failure(failure: FailedRun, *, language: Language = ENGLISH) -> Rendered:
    """The word that a run of Prefect's did not end well."""
    return _rendered("failure", language, failure=failure)


def render_text(template: str, **view: object) -> str:
    """A plain text by a template of its own, in English: a claim is filed, not mailed."""
    said = _environment(ENGLISH, html=False).get_template(template).render(view)
    return unmarked(tidy(said))


def _rendered(name: str, language: Language, **view: object) -> Rendered:
    plain, html = _environment(language, html=False), _environment(language, html=True)
    return Rendered(
        subject=unmarked(one_line(plain.get_template(f"{name}.subject.txt.j2").render(view))),
        text=within_columns(tidy(plain.get_template(f"{name}.txt.j2").render(view))),
        html=html.get_template(f"{name}.html.j2").render(view),
    )


@cache
def _environment(language: Language, *, html: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("flows.messages"),
        extensions=["jinja2.ext.i18n"],
        # By the kind of message, not by a template's name: both kinds include the same sentences.
        autoescape=select_autoescape(("j2",) if html else (), default_for_string=html),
        undefined=StrictUndefined,
        # Templates are part of the program: whether a file changed is not asked of each page.
        auto_reload=False,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= _filters(language, html=html)
    environment.tests |= {"told_in_utc": told_in_utc}
    environment.globals |= {
        "language": language,
        "most_lines": MOST_LINES,
        "most_remarks": MOST_REMARKS,
        "most_links": MOST_LINKS,
        "most_texts": MOST_TEXTS,
        **words_of(language, shown=_shown),
    }
    environment.newstyle_gettext = True  # type: ignore[attr-defined]  # The extension's own.
    environment.policies["ext.i18n.trimmed"] = True
    return environment


def _filters(language: Language, *, html: bool) -> dict[str, Callable[..., object]]:
    others: list[Callable[..., object]] = [
        *(most_urgent, totals, sums, web_address, link_label, host, sentence, rows, whole),
    ]
    return {
        **{name: _unbroken(write) for name, write in _kept_whole(language).items()},
        **_remembered(language),
        **{write.__name__: write for write in others},
        "amounts": _amounts_in(language),
        "listed": language.listed,
        "reason": _reason_in(language),
        "strong": NOWRAP.format if html else str,
    }


@cache
def _kept_whole(language: Language) -> Mapping[str, Callable[..., str]]:
    """What stays on one line of a screen, by its name."""
    return _remembering(
        *(language.money, language.percent, language.day, language.duration),
        *(language.days_of_service, language.minutes),
    )


@cache
def _remembered(language: Language) -> Mapping[str, Callable[..., str]]:
    return _remembering(
        *(language.number, language.owed_back, language.month, language.span, language.tier),
        *(language.channel, language.status, language.stage, language.time_left),
        *(language.moment, language.weekday),
    )


def _remembering(*writes: Callable[..., str]) -> Mapping[str, Callable[..., str]]:
    """The same functions, which remember what they wrote: text and page say the same figures."""
    return {write.__name__: lru_cache(maxsize=FIGURES)(write) for write in writes}


def _unbroken(write: Callable[..., str]) -> Callable[..., str]:
    """Keep an amount and its currency, a number and its unit, on one line of a screen."""
    return lambda value: whole(write(value))


def _shown(value: object) -> object:
    if value is None:
        message = "a message must not show None"
        raise ValueError(message)
    return (
        value if isinstance(value, Markup) or not isinstance(value, str) else UNSEEN.sub(" ", value)
    )


def sentence(text: str) -> str:
    """The text with one full stop at its end."""
    return f"{text.rstrip(' .')}."


def _amounts_in(language: Language) -> Callable[[Sequence[Money]], str]:
    return lambda amounts: language.listed([whole(language.money(each)) for each in amounts])


def _reason_in(language: Language) -> Callable[[str], str]:
    return lambda text: recorded(text, language)


def rows(text: str) -> list[str]:
    """The lines of a text that has several; each one is shown as any other value."""
    return text.splitlines()


def web_address(link: str) -> str:
    """Where a click on it may lead: a web address, or a mail to an address; "" for anything else.

    >>> web_address("https://status.example.com/1"), web_address("javascript:alert(1)")
    ('https://status.example.com/1', '')
    >>> web_address("claims@vendor.example"), web_address("http://status.example.com/1")
    ('mailto:claims@vendor.example', '')
    """
    if ADDRESS.fullmatch(link):
        return f"mailto:{link}"
    if NO_PART_OF_A_LINK.search(link):
        return ""
    try:
        parts = urlsplit(link)
    except ValueError:
        return ""
    return link if parts.scheme == "https" and parts.hostname else ""


def link_label(link: str) -> str:
    """What a link is called: host and path, cut at the end when they are long.

    >>> link_label("https://status.example.com/incidents/42/?from=1&to=2")
    'status.example.com/incidents/42'
    >>> link_label("mailto:claims@vendor.example")
    'claims@vendor.example'
    """
    bare = link.removeprefix("mailto:").partition("?")[0].rpartition("://")[2].rstrip("/")
    return bare if len(bare) <= LONGEST_LABEL else f"{bare[: LONGEST_LABEL - 1]}…"


def host(link: str) -> str:
    """The part of a web address that says whose it is."""
    return link_label(link).partition("/")[0]
