"""Mails as a browser draws them: on a desk and on a phone, by day and by night.

One browser looks at every kind of mail in every language. Without Chromium this is skipped, unless
MAKEGOOD_REQUIRE_PEERS says that the machine must have it; nothing is ever downloaded.
"""

import os
from itertools import product

import pytest

from flows.messages import render_request, render_summary
from flows.messages.language import language_of
from tests.flows.messages.browser import SCHEMES, WIDTHS, Browser, browser, chromium
from tests.flows.messages.samples import (
    KINDS,
    LANGUAGES,
    credit,
    money,
    pages,
    request,
    summary,
)

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("chromium")]

LONG = "Donaudampfschifffahrtsgesellschaftskapitänsgesellschaft"
MANY = (("5555555", "CHF"), ("123456789", "EUR"), ("98765432", "GBP"), ("987654321", "USD"))


@pytest.fixture(scope="module")
def shown():
    """A browser of this machine."""
    if chromium() is None:
        if os.environ.get("MAKEGOOD_REQUIRE_PEERS") == "1":
            pytest.fail("Chromium is missing; install Debian's package chromium")
        pytest.skip("Chromium is not installed")
    with browser() as opened:
        yield opened


def faults(shown: Browser, html: str) -> list[tuple[int, str, dict[str, object]]]:
    """Everything that is wrong with a page at any width and in any scheme."""
    found = []
    for width, scheme in product(WIDTHS, SCHEMES):
        shown.show(html, width=width, scheme=scheme)
        seen = shown.faults()
        assert seen["words"] > 200
        if seen["scrolls"] > 0 or seen["wide"] or seen["faint"] or seen["small"]:
            found.append((width, scheme, seen))
    return found


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("name", KINDS)
def test_a_mail_is_easy_to_read_on_every_screen(shown, name, code):
    """Nothing to scroll sideways, contrast AA, no letter under 12 pixels, nothing loaded."""
    before = list(shown.asked_for)
    assert faults(shown, pages(code)[name].html) == []
    assert shown.asked_for == before


@pytest.mark.parametrize("code", LANGUAGES)
def test_large_sums_in_many_currencies_under_long_names_fit_a_phone(shown, code):
    """Lists of amounts break between two of them, names where they must."""
    sums = [money(f"{digits}.00 {unit}") for digits, unit in MANY]
    lines = tuple(
        credit(key=f"c{n}/api/2026-05/r0", client=LONG, amount=each, billable_amount=each)
        for n, each in enumerate(sums)
    )
    both = {"owed_with_vendors": tuple(sums), "recoverable": tuple(sums)}
    told, language = summary(to_release=lines, to_claim=lines, **both), language_of(code)
    asked = request(waiting=lines, limits=tuple(sums), workspace=f"/srv/{LONG}")
    for written in (
        render_summary(told, language=language),
        render_request(asked, language=language),
    ):
        assert faults(shown, written.html) == []


def test_a_page_that_scrolls_sideways_is_seen(shown):
    """The check is able to fail: one word that is wider than a phone."""
    html = pages()["notice"].html.replace(
        "Payments API", f'<b style="white-space:pre">{LONG * 3}</b>'
    )
    assert {width for width, _, seen in faults(shown, html) if seen["wide"]} == {1000, 390}


def test_faint_letters_are_seen_in_the_scheme_in_which_they_are_faint(shown):
    """Dark grey on white is fine by day; without its style for the night it is not."""
    html = pages()["notice"].html.replace(".ink td, ", "")
    assert {scheme for _, scheme, seen in faults(shown, html) if seen["faint"]} == {"dark"}
