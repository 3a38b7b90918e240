"""A ladder's picture can be read by day and by night, and Chromium draws it so."""

import re
import struct
import zlib

import pytest

from deployments.ladder_picture import STYLE, drawn
from models.curve import curve_of
from tests.flows.messages.browser import browser, chromium
from tests.models.ladders.sheets import sheet

LEAST_CONTRAST = 4.5
"""Source: WCAG 2.2, 1.4.3, for text of ordinary size."""

TEXTS = ("ink", "soft", "credit", "none")
DAY, NIGHT = STYLE.split("@media (prefers-color-scheme: dark)")


def colour(css, kind):
    """What a class is filled with."""
    found = re.search(rf"\.{kind}\b[^{{}}]*\{{ fill: #([0-9a-f]{{6}})", css)
    assert found
    return tuple(int(found[1][place : place + 2], 16) for place in (0, 2, 4))


def luminance(rgb):
    """How bright a colour looks."""
    parts = [c / 255 for c in rgb]
    bright = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(part * weight for part, weight in zip(bright, (0.2126, 0.7152, 0.0722), strict=True))


@pytest.mark.parametrize("css", [DAY, NIGHT], ids=["day", "night"])
@pytest.mark.parametrize("kind", TEXTS)
def test_words_stand_out_from_the_paper(css, kind):
    """In both colour schemes."""
    a, b = sorted((luminance(colour(css, kind)), luminance(colour(css, "paper"))))
    assert (b + 0.05) / (a + 0.05) >= LEAST_CONTRAST


def corner(png):
    """The colour of a PNG's first pixel, which no filter changes."""
    place, packed = 8, b""
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        if png[place + 4 : place + 8] == b"IDAT":
            packed += png[place + 8 : place + 8 + length]
        place += 12 + length
    return tuple(zlib.decompress(packed)[1:4])


@pytest.mark.peer
@pytest.mark.skipif(chromium() is None, reason="no Chromium on this machine")
def test_chromium_draws_it_in_the_scheme_of_the_reader():
    """White paper by day, dark paper by night; nothing is asked of any network."""
    svg = drawn(curve_of(sheet("auth0-public").credit), title="auth0-public", below="Auth0")
    with browser() as page:
        for scheme, css in (("light", DAY), ("dark", NIGHT)):
            page.show(f'<body style="margin: 0">{svg}</body>', width=960, scheme=scheme)
            assert corner(page.picture()) == colour(css, "paper")
        assert [url for url in page.asked_for if not url.startswith(("data:", "about:"))] == []
