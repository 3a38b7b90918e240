"""`makegood import` and `makegood export`: from a workspace to other tools, and back."""

import pytest

from connectors.terms.files import WorkspaceFolder
from tests.cli.test_documents import validated
from tests.command import makegood
from tests.workspaces import ACME, BLUEFIN, VENDOR, Books, checks, maintenance

SHARED = """\
defaults: {role: provider, currency: EUR, credit_ladder: {catalog: aws-s3-standard}}
---
clients:
  - {id: dune, name: Dune AG, email: ap@dune.example}
  - {id: elm, name: Elm AG, email: ap@elm.example, except: {billable_amount: 70}}
services: [{id: api, name: API}, {id: web, name: Web}]
billable_amount: 50
"""
SLO = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: api}
spec:
  service: api
  timeWindow: [{duration: 1M, calendar: {startTime: 2026-01-01 00:00:00, timeZone: Europe/Berlin}}]
  budgetingMethod: Timeslices
  objectives: [{target: 0.999, timeSliceTarget: 1, timeSliceWindow: 1m}]
"""
TERMS = """\
role: customer
client: {id: cloudways, name: Cloudways}
currency: USD
billable_amount: 100
credit_ladder: {catalog: aws-s3-standard}
"""


@pytest.fixture
def books(tmp_path, monkeypatch):
    """Three contracts, and a standard for two clients and two services."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAKEGOOD_DATABASE_URL", raising=False)
    laid_out = Books.laid_out(tmp_path / "books", ACME, BLUEFIN, VENDOR, checks=checks(api=0))
    laid_out.write("contracts/shared.yaml", SHARED)
    laid_out.write("exclusions/all.yaml", maintenance(30))
    return laid_out


def contracts(folder) -> dict[str, list[str]]:
    """Every contract of a workspace: the digests of its versions."""
    read = WorkspaceFolder(folder).contracts()
    return {contract.id: [v.digest for v in contract.versions] for contract in read}


def test_contracts_go_into_a_table_and_come_back(books, tmp_path):
    """Seven contracts, four of them from shared terms; elsewhere they are the same, by digest."""
    ended = makegood("export", "csv", "--workspace", "books", "--write", "contracts.csv", "--json")
    document = validated("export", ended)
    assert (document["format"], document["entries"], document["text"]) == ("csv", 7, None)
    other = Books.laid_out(tmp_path / "other")
    (tmp_path / "other/contracts/all.yaml").unlink()
    ended = makegood(
        "import", "csv", "contracts.csv", "--write", "other/contracts/all.yaml", "--json"
    )
    document = validated("import", ended)
    assert document["contracts"][2:] == [
        "cloudways/hosting",
        "dune/api",
        "dune/web",
        "elm/api",
        "elm/web",
    ]
    assert contracts(other.folder) == contracts(books.folder)


def test_a_table_of_one_client(books):
    """Nobody else's terms leave."""
    ended = makegood("export", "csv", "--workspace", "books", "--client", "acme")
    assert ended.out.splitlines()[1].startswith(
        "provider,acme,Acme GmbH,ap@acme.example,api,Relay API,EUR,2000"
    )
    assert len(ended.out.splitlines()) == 2
    stranger = makegood("export", "csv", "--workspace", "books", "--client", "acmee")
    assert (stranger.code, "Did you mean acme?" in stranger.err) == (2, True)


def test_a_wrong_table_is_refused_with_all_that_is_wrong(books, tmp_path):
    """Nothing is written: not even the rows that are right."""
    text = makegood("export", "csv", "--workspace", "books").out
    wrong = text.replace("EUR", "EURO").replace("3600", "much")
    (tmp_path / "wrong.csv").write_text(wrong)
    ended = makegood("import", "csv", "wrong.csv", "--write", "new.yaml")
    assert ended.code == 2
    assert 'wrong.csv:2: currency is "EURO"; an ISO 4217 code' in ended.err
    assert 'wrong.csv:3: billable_amount is "much"; a plain number' in ended.err
    assert not (tmp_path / "new.yaml").exists()


def test_what_is_there_is_never_written_over(books, tmp_path):
    """A person's contracts stay."""
    makegood("export", "csv", "--workspace", "books", "--write", "contracts.csv")
    (tmp_path / "mine.yaml").write_text("mine")
    ended = makegood("import", "csv", "contracts.csv", "--write", "mine.yaml")
    assert (ended.code, (tmp_path / "mine.yaml").read_text()) == (2, "mine")
    assert "--write: mine.yaml is there already; a new file." in ended.err


def test_contracts_go_out_as_openslo(books):
    """One SLO for each that is in force; what it does not say is told apart from it."""
    ended = makegood("export", "openslo", "--workspace", "books", "--month", "2026-05", "--json")
    document = validated("export", ended)
    assert (document["entries"], document["text"].count("kind: SLO")) == (7, 7)
    assert "acme/api: credit: the ladder, what bounds it, and claims" in document["not_said"]
    assert document["text"].count("{name: api, displayName: Relay API}") == 1


def test_an_slo_comes_in_with_further_terms(books, tmp_path):
    """A contract file that the workspace reads at once."""
    (tmp_path / "slo.yaml").write_text(SLO)
    (tmp_path / "terms.yaml").write_text(TERMS)
    asked = ("import", "openslo", "slo.yaml", "--terms", "terms.yaml")
    document = validated("import", makegood(*asked, "--json"))
    assert document["contracts"] == ["cloudways/api"]
    ended = makegood(*asked, "--write", "books/contracts/slo.yaml")
    assert (ended.code, ended.err) == (0, "1 contract written to books/contracts/slo.yaml.\n")
    assert "cloudways/api" in contracts(books.folder)
    bare = makegood("import", "openslo", "slo.yaml")
    assert bare.code == 2
    assert "slo.yaml:1: currency is missing" in bare.err


def test_recorded_exclusions_go_out_as_a_calendar(books):
    """Those of the files, and, when a file is gone, those that a decision was made on."""
    books.write("checks.csv", checks(api=60, hosting=0))
    (books.folder / "contracts/shared.yaml").unlink()
    asked = ("export", "ics", "--workspace", "books", "--json")
    filed = validated("export", makegood(*asked))
    assert (filed["entries"], "SUMMARY:Storage upgrade" in filed["text"]) == (1, True)
    books.run()
    (books.folder / "exclusions/all.yaml").unlink()
    assert makegood(*asked).document["text"] == filed["text"]
    october = makegood(*asked, "--from", "2025-10").document
    assert (october["entries"], "VEVENT" in october["text"]) == (0, False)
    assert makegood(*asked, "--from", "2025-09", "--to", "2025-09").document["entries"] == 1
