"""The languages that mails are written in, and what each one says for our English.

English is the source: its sentences stand in the templates and in this folder's modules. Every
other language is a folder of `catalogs/` with one `messages.po`, read as it is, not compiled.
"""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

SOURCE = "en"
FOLDER = Path(__file__).parent / "catalogs"


def shipped() -> tuple[str, ...]:
    """The codes of all languages, rising."""
    return tuple(sorted([SOURCE, *(path.parent.name for path in FOLDER.glob("*/messages.po"))]))


@cache
def translations(code: str) -> NullTranslations:
    """What a language says for each English sentence; English says it as it stands.

    A sentence that is missing or marked as fuzzy is said in English; a test leaves none.

    Raises:
        FileNotFoundError: The language is not shipped.
    """
    if code == SOURCE:
        return NullTranslations()
    with (FOLDER / code / "messages.po").open("rb") as written:
        catalog = read_po(written, locale=code)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)
