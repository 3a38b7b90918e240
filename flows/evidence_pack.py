"""Evidence packs: everything that one month of one contract was decided on, signed, in one file.

A pack is a ZIP archive whose comment is an Ed25519 signature over every byte before it. Whoever has
it can work uptime and credit out anew with `verify.py`, which lies inside and needs only Python.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors.signing import public_text
from connectors.store import Store
from flows import pack_verifier
from flows.explain import explain
from models.decision import LogEntry, canonical
from models.findings import refuse
from models.intervals import instant, utc_text
from models.money import Currency
from models.terms import JsonValue

ALWAYS = (1980, 1, 1, 0, 0, 0)
"""The time that the archive gives every file, so that one month makes one archive."""

READ_ME = """\
Evidence of {contract} in {period}

log.json            what was recorded of the month, each entry with the digest of the one before it
terms/              the contract's terms in force, under the digest that the decision names
evidence/           what each monitor saw, as changes of state in milliseconds since 1970 (UTC)
currency.json       decimal places of the currency, and its smallest payable step
verify.py           works all of it out anew: python3 verify.py PACK.zip KEY

The signature is of the key {key}
Compare it with the key that the company publishes, and take verify.py from a place that you trust.
"""


def evidence_pack(store: Store, *, contract: str, period: str, key: Ed25519PrivateKey) -> bytes:
    """The signed pack of a contract's month, as the latest decision stands.

    Args:
        store: Holds decisions, terms and evidence.
        contract: `client/service`.
        period: The service month, `2026-10`.
        key: Signs it.

    Raises:
        UnusableInputError: Nothing is recorded of the month, or what it names is missing.
    """
    found = explain(store, contract=contract, period=period)
    public = public_text(key)
    files = {
        "README.txt": READ_ME.format(contract=contract, period=period, key=public),
        "verify.py": Path(pack_verifier.__file__).read_text(encoding="utf-8"),
        "log.json": canonical([_entry_record(entry) for entry in found.entries]),
        "currency.json": canonical(_currency_record(found.decision.body)),
        **dict(_named(store, found.decision)),
    }
    return _signed(_archived(files), key, public)


def _named(store: Store, decision: LogEntry) -> Iterator[tuple[str, str]]:
    """What the decision names by its digest."""
    inputs = decision.body["inputs"]
    digests = {digest for regions in inputs["evidence"] for digest in regions}
    terms, evidence = store.terms([inputs["terms"]]), store.evidence(digests)
    missing = ({inputs["terms"]} - terms.keys()) | (digests - evidence.keys())
    if missing:
        raise refuse(
            "database",
            f"{min(missing)[:12]}, which {decision.contract} {decision.period} names, is missing",
            expected="terms and evidence of every decision",
            remedy="Put the database back from a copy.",
        )
    yield from ((f"terms/{name}.json", canonical(body)) for name, body in sorted(terms.items()))
    yield from ((f"evidence/{name}.json", found.text) for name, found in sorted(evidence.items()))


def _entry_record(entry: LogEntry) -> Mapping[str, JsonValue]:
    return {
        "contract": entry.contract,
        "period": entry.period,
        "sequence": entry.sequence,
        "kind": entry.kind.value,
        "body": entry.body,
        "recorded_at": utc_text(instant(entry.recorded_at)),
        "previous": entry.previous,
        "digest": entry.digest,
    }


def _currency_record(body: JsonValue) -> Mapping[str, JsonValue]:
    currency = Currency.of(body["determination"]["currency"])
    return {
        "code": currency.code,
        "places": currency.exponent,
        "step": currency.payable_step_minor,
    }


def _archived(files: Mapping[str, str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, ALWAYS), text, zipfile.ZIP_DEFLATED)
        # The signature is the comment: its length stands before it, and is signed as well.
        archive.comment = bytes(pack_verifier.TAIL)
    return made.getvalue()[: -pack_verifier.TAIL]


def _signed(archive: bytes, key: Ed25519PrivateKey, public: str) -> bytes:
    signature = key.sign(archive).hex()
    return archive + pack_verifier.MARK + f"{public} {signature}".encode()
