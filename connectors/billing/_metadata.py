"""What notes, entries and a seller's own objects carry in their metadata, and within which limits.

The part's key stands on everything that we make; two names may stand on a seller's customers,
subscriptions and invoices so that a contract finds them. Nothing personal belongs here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors.billing import PART_KEY
from connectors.errors import Permanent

CLIENT = "makegood_client"
CONTRACT = "makegood_contract"

MOST_NAMES = 50
LONGEST_NAME = 40
LONGEST_VALUE = 500
"""Source: docs.stripe.com/api/metadata."""

LONGEST_MEMO = 1000
LONGEST_DESCRIPTION = 350
CUT = " … (shortened)"


def of_part(key: str, metadata: Mapping[str, str]) -> dict[str, str]:
    """What a note or an entry of this part carries.

    Args:
        key: The part's key.
        metadata: What else is to be kept, such as month, incidents and decision. A value that is
            too long is cut, visibly; one that is empty is left out, for Stripe would take it as an
            order to remove the name.

    Raises:
        Permanent: The names are too many or too long.
    """
    carried = {name: shortened(text) for name, text in metadata.items() if text.strip()}
    carried[PART_KEY] = key
    too_long = [name for name in carried if len(name) > LONGEST_NAME or len(key) > LONGEST_VALUE]
    if too_long or len(carried) > MOST_NAMES:
        raise Permanent(
            f"stripe {key}: metadata has {len(carried)} names, too long are {too_long}; Stripe "
            f"takes {MOST_NAMES} of {LONGEST_NAME} characters. Nothing was sent."
        )
    return dict(sorted(carried.items()))


def shortened(text: str, *, longest: int = LONGEST_VALUE) -> str:
    """The text on one line, cut visibly where it is too long.

    >>> shortened("INC-1, INC-2, INC-3", longest=18)
    'INC- … (shortened)'
    """
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - len(CUT)] + CUT


def part_key(thing: Mapping[str, Any]) -> str:
    """The part's key that a note or entry carries; "" when it carries none of ours."""
    return texts(thing.get("metadata")).get(PART_KEY, "")


def contracts_named(metadata: object) -> frozenset[str]:
    """The contracts that a seller's object names; several are separated by commas or spaces.

    >>> sorted(contracts_named({"makegood_contract": "acme/api, acme/web"}))
    ['acme/api', 'acme/web']
    """
    return frozenset(filter(None, re.split(r"[,\s]+", texts(metadata).get(CONTRACT, ""))))


def client_named(metadata: object) -> str:
    """The client that a customer names; "" when it names none."""
    return texts(metadata).get(CLIENT, "").strip()


def texts(metadata: object) -> dict[str, str]:
    """Metadata as a mapping of texts, whatever came in its place."""
    if not isinstance(metadata, Mapping):
        return {}
    return {name: text for name, text in metadata.items() if isinstance(text, str)}
