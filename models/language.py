"""The languages that mails are written in.

What they say stands in `flows/messages`; a test keeps this list equal to the catalogs there.
"""

from __future__ import annotations

from enum import StrEnum


class LanguageCode(StrEnum):
    """A language that is shipped."""

    DE = "de"
    EN = "en"
