"""Stripe's rules for metadata: 50 keys, 40 and 500 characters, no square brackets in a key."""

from collections.abc import Mapping

from tests.standins.stripe.refusals import invalid

MOST_KEYS = 50
LONGEST_KEY = 40
LONGEST_VALUE = 500


def merged(present: Mapping[str, str], given: Mapping[str, str] | str) -> dict[str, str]:
    """The metadata after an update: an empty value unsets its key, an empty whole unsets all.

    Raises:
        Refusal: When there are too many keys, or one is too long.
    """
    if isinstance(given, str):
        return {}
    for key, value in given.items():
        _check(key, value)
    whole = {key: value for key, value in {**present, **given}.items() if value}
    if len(whole) > MOST_KEYS:
        raise invalid(f"You can have at most {MOST_KEYS} metadata keys.", param="metadata")
    return whole


def _check(key: str, value: str) -> None:
    if len(key) > LONGEST_KEY:
        raise invalid(
            f"Metadata keys can have up to {LONGEST_KEY} characters; {key[:50]} has {len(key)}.",
            param="metadata",
        )
    if len(value) > LONGEST_VALUE:
        raise invalid(
            f"Metadata values can have up to {LONGEST_VALUE} characters, but you passed in a value "
            f"that is {len(value)} characters.",
            param=f"metadata[{key}]",
        )
