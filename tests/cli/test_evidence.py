"""`makegood evidence` and `sign-key`: one signed file that anybody can verify with Python alone.

120 of 43,200 minutes down are 99.72 %: 10 % of Acme's 2,000.00 EUR are 200.00 EUR.
"""

import io
import json
import random
import subprocess
import sys
import zipfile

import pytest

from connectors.signing import read_key
from flows import pack_verifier
from flows.settings import SIGNING_KEY_FILE
from tests.command import makegood
from tests.workspaces import ACME, SEPTEMBER, Books, checks, maintenance

CHANGED_BYTES = 1000


@pytest.fixture
def books(tmp_path, monkeypatch):
    """A decided month with an exclusion, and a key."""
    books = Books.laid_out(tmp_path / "books", ACME, checks=checks(api=180))
    books.write("exclusions/upgrade.yaml", maintenance(60))
    books.run(notify=False)
    key = tmp_path / "signing.pem"
    assert makegood("sign-key", str(key)).code == 0
    monkeypatch.setenv(SIGNING_KEY_FILE, str(key))
    return books


@pytest.fixture
def pack(books, tmp_path):
    """The month's evidence pack."""
    path = tmp_path / "pack.zip"
    ended = makegood(
        "evidence", "acme/api", SEPTEMBER, "--output", str(path), "--workspace", str(books.folder)
    )
    assert ended.code == 0
    return path


def verified(folder, pack, *more):
    """What the verifier out of the pack says, in a Python that knows nothing of Makegood."""
    with zipfile.ZipFile(pack) as archive:
        archive.extract("verify.py", folder)
    command = [sys.executable, "-I", "-S", str(folder / "verify.py"), str(pack), *more]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


def test_a_pack_is_verified_with_python_alone(pack, tmp_path):
    """The verifier inside finds signature, files, log, uptime and credit as they should be."""
    public = public_of(tmp_path)
    ended = verified(tmp_path, pack, public)
    assert (ended.stdout, ended.returncode) == (
        "all holds: signature, files, log, uptime and credit\n",
        0,
    )


def public_of(folder):
    """The public half of the key."""
    return read_key(folder / "signing.pem").public_key().public_bytes_raw().hex()


def test_another_key_does_not_verify_a_pack(pack, tmp_path):
    """A pack says which key signed it; whose that is only the reader can know."""
    ended = verified(tmp_path, pack, "0" * 64)
    assert (ended.stdout, ended.returncode) == ("archive: it is signed with another key\n", 1)


def test_every_altered_byte_is_named(pack):
    """A thousand single bytes, each changed alone to anything else: none goes unseen."""
    sound, chance = pack.read_bytes(), random.Random(20261120)
    named = set()
    for _ in range(CHANGED_BYTES):
        altered, at = bytearray(sound), chance.randrange(len(sound))
        altered[at] ^= chance.randrange(1, 256)
        faults = [*pack_verifier.faults_of(bytes(altered))]
        assert faults, f"byte {at} was changed from {sound[at]} to {altered[at]}"
        named |= {fault.split(":")[0] for fault in faults}
    with zipfile.ZipFile(io.BytesIO(sound)) as archive:
        assert {"archive", *archive.namelist()} <= named


def test_other_figures_signed_anew_do_not_hold(pack, tmp_path):
    """Whoever has the key and writes other cents into the log is found out by the arithmetic."""
    files = opened(pack)
    log = json.loads(files["log.json"])
    (decided,) = [entry for entry in log if entry["kind"] == "determined"]
    assert decided["body"]["determination"]["credit_minor"] == 20_000
    decided["body"]["determination"]["credit_minor"] = 50_000
    faults = [*pack_verifier.decision_faults(files, decided["body"])]
    assert faults == ["credit: the log says 50000, the evidence comes to 20000"]
    files["log.json"] = json.dumps(log)
    assert "log.json: entry 0 is not as it was recorded" in [*pack_verifier.log_faults(files)]


def test_other_evidence_under_the_old_name_does_not_hold(pack):
    """Evidence and terms are named by their digests."""
    files = opened(pack)
    (name,) = [name for name in files if name.startswith("evidence/")]
    evidence = json.loads(files[name])
    evidence["changes"][1][0] += 60_000
    files[name] = json.dumps(evidence)
    (decided,) = [e for e in json.loads(files["log.json"]) if e["kind"] == "determined"]
    faults = [*pack_verifier.decision_faults(files, decided["body"])]
    digest = name.removeprefix("evidence/").removesuffix(".json")
    assert f"{digest}: is not the digest of what it names" in faults


def opened(pack):
    """The files of a pack as text."""
    with zipfile.ZipFile(pack) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.mark.parametrize(
    ("term", "value"), [("ladder", {"kind": "greater_of"}), ("cap", {"percent_of_year": "10"})]
)
def test_terms_that_the_verifier_does_not_know_are_refused_by_name(pack, term, value):
    """It says what it cannot work out, and never works out something else."""
    (terms,) = [
        json.loads(text) for name, text in opened(pack).items() if name.startswith("terms/")
    ]
    terms["credit"][term] = value
    with pytest.raises(pack_verifier.Unknown, match=str([*value.values(), *value][term == "cap"])):
        pack_verifier.know(terms)


def test_one_month_makes_one_pack(pack, books, tmp_path):
    """The same decision gives the same bytes, at any time."""
    again = tmp_path / "again.zip"
    where = ("--output", str(again), "--workspace", str(books.folder))
    ended = makegood("evidence", "acme/api", SEPTEMBER, *where, "--json")
    assert ended.document["bytes"] == len(again.read_bytes())
    assert again.read_bytes() == pack.read_bytes()


def test_the_private_key_is_for_its_owner_alone(books, tmp_path):
    """It is made so, is never overwritten, and is refused when others may read it."""
    key = tmp_path / "signing.pem"
    assert key.stat().st_mode & 0o777 == 0o600
    ended = makegood("sign-key", str(key))
    assert ended.code == 2
    assert "never overwritten" in ended.err
    key.chmod(0o644)
    where = ("--workspace", str(books.folder), "--output", str(tmp_path / "pack.zip"))
    ended = makegood("evidence", "acme/api", SEPTEMBER, *where)
    assert (ended.code, (tmp_path / "pack.zip").exists()) == (2, False)
    assert "chmod 600" in ended.err


def test_without_a_key_or_a_decision_nothing_is_written(books, tmp_path, monkeypatch):
    """The answer says which, and what to do."""
    where = ("--workspace", str(books.folder), "--output", str(tmp_path / "pack.zip"))
    ended = makegood("evidence", "acme/api", "2025-08", *where)
    assert ended.code == 2
    assert "has no decision for 2025-08" in ended.err
    monkeypatch.delenv(SIGNING_KEY_FILE)
    ended = makegood("evidence", "acme/api", SEPTEMBER, *where)
    assert ended.code == 2
    assert "makegood sign-key" in ended.err
    assert not (tmp_path / "pack.zip").exists()
