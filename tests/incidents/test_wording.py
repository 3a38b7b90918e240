"""What readers are told: complete, in their language, and nothing that anybody could smuggle in."""

from dataclasses import replace
from string import Formatter
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.findings import UnusableInputError
from models.incidents.life import PUBLIC, IncidentState
from models.incidents.wording import BODIES, TITLES, Message, filled, harmless, moment, worded
from models.intervals import MINUTE_MS
from models.language import LanguageCode
from tests.incidents.stories import DRAFT, START, WELL


def words(state, draft=WELL, language=LanguageCode.EN):
    """Title and text of an update."""
    return worded(
        state,
        draft,
        service="Relay API",
        started_at=START,
        ended_at=START + 55 * MINUTE_MS,
        time_zone="Europe/Berlin",
        language=language,
    )


def test_investigating_says_since_when_what_and_when_more():
    """The whole text, as readers see it."""
    title, text = words(IncidentState.INVESTIGATING, DRAFT)
    assert title == "Relay API: disruption of the API"
    assert text.splitlines() == [
        (
            "Since 2026-05-10 10:00 CEST (08:00 UTC) there has been a problem with the API, "
            "and we are looking into it."
        ),
        "What you may notice: Requests fail.",
        "What we are doing: We roll back.",
        "You will hear from us again by 2026-05-10 10:40 CEST (08:40 UTC).",
    ]


def test_resolved_says_how_long_and_why():
    """In German."""
    title, text = words(IncidentState.RESOLVED, language=LanguageCode.DE)
    assert title == "Relay API: Störung bei the API"
    assert text.splitlines()[1:2] == [
        (
            "Die Störung dauerte von 2026-05-10 10:00 CEST (08:00 UTC) "
            "bis 2026-05-10 10:55 CEST (08:55 UTC)."
        )
    ]
    assert text.endswith("Warum es dazu kam: A bad release.")


@pytest.mark.parametrize("language", LanguageCode)
@pytest.mark.parametrize("state", PUBLIC)
def test_every_state_can_be_told_in_every_language(state, language):
    """Nothing is left of a template."""
    title, text = words(state, language=language)
    assert "{" not in title + text


@pytest.mark.parametrize("message", Message)
def test_both_languages_say_the_same(message):
    """They name the same things."""

    def named(texts):
        return [
            {name for _, name, _, _ in Formatter().parse(texts[language][message]) if name}
            for language in LanguageCode
        ]

    assert len(LanguageCode) == 2
    for texts in (TITLES, BODIES):
        german, english = named(texts)
        assert german == english


@pytest.mark.parametrize("language", LanguageCode)
@pytest.mark.parametrize("message", [m for m in Message if m is not Message.RESOLVED])
def test_whatever_is_not_over_promises_more(message, language):
    """Always with a next update."""
    assert "{next_update}" in BODIES[language][message]


def test_what_is_missing_and_what_is_left_over_is_refused_at_once():
    """A placeholder is never published, and nothing is silently dropped."""
    with pytest.raises(UnusableInputError) as refused:
        filled("{scope} {cause}", {"scope": " ", "colour": "red"}, place="identified")
    assert [str(f) for f in refused.value.findings] == [
        "identified: cause is missing; what the message says of it. Say it.",
        "identified: scope is missing; what the message says of it. Say it.",
        "identified: colour is not in the message; what it names alone. Leave it out.",
    ]


def test_a_placeholder_in_what_a_person_typed_is_no_placeholder():
    """It is text."""
    assert filled("{scope}", {"scope": "{cause}"}, place="x") == "(cause)"


def test_markup_is_taken_out_of_what_people_typed():
    """No tags, no links in brackets, no lines of their own."""
    evil = "<script>x</script>\n\n# Title [click](https://evil.example)"
    _, text = words(IncidentState.INVESTIGATING, replace(DRAFT, impact=evil))
    assert len(text.splitlines()) == 4
    assert not set("<>[]") & set(text)


@given(st.text())
def test_harmless_is_one_visible_line_whatever_was_typed(text):
    """And making it harmless twice changes nothing."""
    shown = harmless(text)
    assert harmless(shown) == shown
    assert not set("<>{}[]`\r\n\t") & set(shown)
    assert all(category(sign) not in {"Cc", "Cf", "Cs"} for sign in shown)


def test_a_title_that_no_page_takes_is_refused():
    """Statuspage takes 255 characters."""
    with pytest.raises(UnusableInputError, match="title has 3"):
        words(IncidentState.INVESTIGATING, replace(DRAFT, scope="x" * 300))


def test_a_moment_names_the_other_day_where_it_is_one():
    """Half past midnight in Berlin is the evening before in UTC."""
    assert moment(START - 570 * MINUTE_MS, "Europe/Berlin") == (
        "2026-05-10 00:30 CEST (2026-05-09 22:30 UTC)"
    )
    assert moment(START, "UTC") == "2026-05-10 08:00 UTC"
