"""The catalogs of mails as they should be; `make catalogs` writes them so.

Sentences that are new have no translation yet, those that nobody says any more are gone, and every
other translation is kept as it is.
"""

from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

import flows.messages
from flows.messages.catalog import FOLDER, SOURCE, shipped

MESSAGES = Path(flows.messages.__file__).parent

HEADER = """\
# What mails say in this language; see flows/messages/README.md. `make catalogs` keeps it complete.
msgid ""
msgstr ""
"Project-Id-Version: Makegood\\n"
"Language: {catalog.locale_identifier}\\n"
"Plural-Forms: {catalog.plural_forms}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


@cache
def said_in_english() -> Catalog:
    """Every sentence of the templates and modules, with the files that say it."""
    with (MESSAGES / "extraction.cfg").open(encoding="utf-8") as written:
        methods, options = parse_mapping_cfg(written)
    template = Catalog()
    for file, _, sentence, _, _ in extract_from_dir(MESSAGES, methods, options):
        template.add(sentence, locations=[(file, 1)])
    return template


def catalog_of(code: str) -> Catalog:
    """A language's catalog as its file holds it."""
    with path_of(code).open("rb") as written:
        return read_po(written, locale=code)


def path_of(code: str) -> Path:
    """The file of a language's catalog."""
    return FOLDER / code / "messages.po"


def as_it_should_be(code: str) -> bytes:
    """A language's file, brought up to date."""
    catalog = catalog_of(code)
    catalog.update(said_in_english(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    body = BytesIO()
    write_po(body, catalog, width=0, sort_output=True, omit_header=True, include_lineno=False)
    return HEADER.format(catalog=catalog).encode() + body.getvalue().strip() + b"\n"


if __name__ == "__main__":
    for code in shipped():
        if code != SOURCE:
            path_of(code).write_bytes(as_it_should_be(code))
