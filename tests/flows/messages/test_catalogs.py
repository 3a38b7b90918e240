"""The catalogs: complete, consistent, and nothing in them that nobody says."""

import re
from collections.abc import Iterator

import pytest
from babel.messages.catalog import Message

from flows.messages.catalog import SOURCE, shipped
from flows.messages.language import language_of
from models.language import LanguageCode
from tests.flows.messages.catalogs import as_it_should_be, catalog_of, path_of, said_in_english
from tests.flows.messages.samples import KINDS, LANGUAGES, pages

PLACE = re.compile(r"%\((\w+)\)s")
OTHERS = [code for code in LANGUAGES if code != SOURCE]

SAME_IN_GERMAN = frozenset(
    {
        "%(name)s:",
        "%(name)s: %(value)s",
        "%(what)s: %(vendor)s, %(service)s, %(month)s",
        "%(what)s: %(vendor)s, %(service)s, %(month)s (%(worth)s)",
        "Status",
    }
)
"""Sentences that hold no word, and a word that is the same."""


def messages(code: str) -> Iterator[Message]:
    """Its sentences; the first entry of a catalog is its header."""
    return (message for message in catalog_of(code) if message.id)


def all_of(texts):
    """One sentence, or its forms."""
    return [texts] if isinstance(texts, str) else list(texts)


def test_the_contracts_know_the_languages_that_are_shipped():
    """A folder of catalogs and a name in `models.language` belong together."""
    assert tuple(sorted(LanguageCode)) == shipped() == LANGUAGES


@pytest.mark.parametrize("code", OTHERS)
def test_every_sentence_is_translated_and_none_is_left_over(code):
    """What templates and modules say, no more and no less; each form of it, and none in doubt."""
    assert path_of(code).read_bytes() == as_it_should_be(code)
    assert [m.id for m in messages(code) if not m.string or not all(all_of(m.string))] == []
    assert [m.id for m in messages(code) if m.fuzzy] == []


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_has_the_places_of_its_sentence(code):
    """No value is lost or made up; only the sentence about one thing need not say "1"."""
    for message in messages(code):
        wanted = {place for text in all_of(message.id) for place in PLACE.findall(text)}
        for text in all_of(message.string):
            assert wanted - {"num"} <= set(PLACE.findall(text)) <= wanted, message.id
        assert "num" not in wanted or "num" in PLACE.findall(all_of(message.string)[-1])


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_is_plain_text(code):
    """Markup comes from templates; a catalog that holds some would put it onto a page."""
    texts = [text for m in messages(code) for part in (m.id, m.string) for text in all_of(part)]
    assert [text for text in texts if re.search("[<>&{}]|%(?!\\()", text)] == []
    assert [text for text in texts if text != text.strip()] == []


def test_no_german_sentence_is_its_english_one():
    """What was forgotten would look like this."""
    same = {m.id for m in messages("de") if set(all_of(m.id)) & set(all_of(m.string))}
    assert same == SAME_IN_GERMAN


@pytest.mark.parametrize("name", KINDS)
def test_no_english_is_left_in_a_german_mail(name):
    """None of the English sentences stands in it; names and quoted reasons are the samples' own."""
    german, english = pages("de")[name], pages("en")[name]
    for part in ("subject", "text", "html"):
        shown = getattr(german, part)
        for message in (message for message in said_in_english() if message.id):
            for sentence in all_of(message.id):
                pieces = [piece for piece in PLACE.split(sentence)[::2] if len(piece) > 6]
                assert not pieces or not all(piece in shown for piece in pieces), sentence
        assert shown != getattr(english, part)


def test_a_sentence_without_a_translation_is_said_in_english():
    """A mail is better than none; the test above keeps it from happening."""
    assert language_of("de").gettext("Never said %(why)s", why="before") == "Never said before"


def test_a_language_that_is_not_shipped_is_refused():
    """Nobody gets a letter in half a language."""
    with pytest.raises(FileNotFoundError):
        language_of("tlh")
