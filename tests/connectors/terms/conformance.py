"""What every source of terms promises; each connector's test class inherits this suite."""

import gc
from abc import abstractmethod
from collections.abc import Callable
from decimal import Decimal
from textwrap import indent

import pytest

from connectors.terms import TermsSource
from models.findings import Severity, UnusableInputError

WORKSPACE = "name: Northwind Cloud\n"

ACME = """\
role: provider
client: {id: acme, name: Acme GmbH, email: ap@acme.example}
service: {id: api, name: Acme API}
currency: EUR
billable_amount: 2000
credit_ladder: {catalog: aws-s3-standard}
minimum_payout: {more_than: 1}
"""

MAINTENANCE = """\
exclusions:
  - id: patch-day
    kind: maintenance
    start: 2025-10-12T20:00:00Z
    end: 2025-10-12T22:00:00Z
    reason: Patch day
    services: [api]
"""

WHOLE = {
    "makegood.yaml": WORKSPACE,
    "contracts/acme.yaml": ACME,
    "exclusions/2025.yaml": MAINTENANCE,
}

Make = Callable[[dict[str, str]], TermsSource]


class TermsConformance:
    """A source reads what people wrote, tells every fault at once, and changes nothing."""

    @pytest.fixture
    @abstractmethod
    def make(self) -> Make:
        """Turns texts by name into a source that holds them."""

    def refusal(self, read: Callable[[], object]) -> str:
        """Everything that is said when reading is refused."""
        with pytest.raises(UnusableInputError) as refused:
            read()
        return str(refused.value)

    def test_the_workspace_is_read(self, make):
        """Its file stands at the top."""
        assert make(WHOLE).workspace().name == "Northwind Cloud"

    def test_contracts_come_resolved_and_rising_by_id(self, make):
        """From every file under `contracts/`, in folders too, with catalog ladders in place."""
        texts = WHOLE | {
            "contracts/b/zeta.yaml": ACME.replace("id: acme", "id: zeta"),
            "contracts/x.yaml": ACME.replace("id: acme", "id: beta"),
        }
        contracts = make(texts).contracts()
        assert [contract.id for contract in contracts] == ["acme/api", "beta/api", "zeta/api"]
        assert contracts[0].versions[0].credit.ladder.commitment_percent == Decimal("99.9")

    def test_reading_twice_gives_the_same(self, make):
        """Nothing is used up and nothing is changed."""
        source = make(WHOLE)
        assert source.contracts() == source.contracts()
        assert source.exclusions() == source.exclusions()
        assert source.findings() == ()

    def test_reading_leaves_the_search_for_cycles_as_it_was(self, make):
        """It rests while contracts are read, and goes on afterwards, faults or not."""
        assert gc.isenabled()
        make(WHOLE).contracts()
        make(WHOLE | {"contracts/acme.yaml": "role: ["}).findings()
        assert gc.isenabled()

    def test_hidden_and_foreign_files_are_left_alone(self, make):
        """An editor's draft and a note are no contracts."""
        texts = WHOLE | {"contracts/.draft.yaml": "nonsense", "contracts/README.md": "nonsense"}
        assert len(make(texts).contracts()) == 1

    def test_every_fault_of_every_contract_is_told_at_once(self, make):
        """Three files, three faults, one refusal."""
        texts = WHOLE | {
            "contracts/b.yaml": ACME.replace("EUR", "EURO"),
            "contracts/c.yaml": "role: [",
            "contracts/d.yaml": "",
        }
        said = self.refusal(make(texts).contracts)
        assert "contracts/b.yaml:4: currency is" in said
        assert "contracts/c.yaml:1:8: is no YAML" in said
        assert "contracts/d.yaml: is empty" in said

    def test_two_contracts_with_one_id_name_both_places(self, make):
        """Nobody can say which of the two is meant."""
        said = self.refusal(make(WHOLE | {"contracts/copy.yaml": ACME}).contracts)
        assert "contracts/copy.yaml:1" in said
        assert "is the contract acme/api, which is also at" in said
        assert "contracts/acme.yaml:1" in said

    def test_a_workspace_without_contracts_is_refused(self, make):
        """An empty run would look like a good month."""
        said = self.refusal(make({"makegood.yaml": WORKSPACE}).contracts)
        assert "contracts: holds no contract; files that end in .yaml." in said

    def test_a_warning_does_not_stop_the_run(self, make):
        """It is shown by the check."""
        source = make(WHOLE | {"contracts/acme.yaml": ACME.replace("2000", "0")})
        assert len(source.contracts()) == 1
        assert [finding.severity for finding in source.findings()] == [Severity.WARNING]

    def test_exclusions_are_read_rising_by_start(self, make):
        """From every file of the pattern, with or without the word above the list."""
        earlier = MAINTENANCE.replace("exclusions:\n", "").replace("patch-day", "earlier")
        earlier = earlier.replace("2025-10-12", "2025-09-14").replace("\n  ", "\n")
        texts = WHOLE | {"exclusions/more.yaml": earlier.strip()}
        assert [event.id for event in make(texts).exclusions()] == ["earlier", "patch-day"]

    def test_no_exclusions_are_no_fault(self, make):
        """Most months have none."""
        assert make({"makegood.yaml": WORKSPACE}).exclusions() == ()

    @pytest.mark.parametrize(
        ("old", "new", "sentence"),
        [
            (
                "end: 2025-10-12T22:00:00Z",
                "end: 2025-10-12T19:00:00Z",
                "exclusions/2025.yaml:2: exclusions[0] has id",
            ),
            (
                "20:00:00Z",
                "20:00:00",
                (
                    'exclusions/2025.yaml:4: exclusions[0].start is "2025-10-12T20:00:00"; a time '
                    "with its zone, such as 2026-05-12T02:00Z. "
                    "Write date, T, time and the offset from UTC."
                ),
            ),
            (
                "2025-10-12T20:00:00Z",
                "1760299200",
                "exclusions/2025.yaml:4: exclusions[0].start is 1760299200; a time with its zone",
            ),
            (
                "    reason: Patch day\n",
                "",
                "exclusions/2025.yaml:2: exclusions[0].reason is missing",
            ),
        ],
    )
    def test_a_wrong_exclusion_is_told_with_its_line(self, make, old, new, sentence):
        """An exclusion takes money away; it must be beyond doubt."""
        texts = WHOLE | {"exclusions/2025.yaml": MAINTENANCE.replace(old, new)}
        assert sentence in self.refusal(make(texts).exclusions)

    def test_one_exclusion_written_twice_names_both_places(self, make):
        """One event, one id."""
        said = self.refusal(make(WHOLE | {"exclusions/copy.yaml": MAINTENANCE}).exclusions)
        assert "exclusions/copy.yaml:2" in said
        assert "is the exclusion patch-day, which is also at" in said

    def test_an_exclusion_for_no_service_is_worth_a_look(self, make):
        """A misspelt service id would silently exclude nothing."""
        texts = WHOLE | {"exclusions/2025.yaml": MAINTENANCE.replace("[api]", "[apj]")}
        (finding,) = make(texts).findings()
        assert finding.severity is Severity.WARNING
        assert 'names the service "apj", which no contract has' in str(finding)
        assert str(finding).endswith("Did you mean api?")

    def test_a_source_without_files_is_worth_a_look(self, make):
        """The files may come later; a misspelt path would not."""
        source = "sources: [{id: checks, kind: checks_file, path: checks/*.csv}]\n"
        (finding,) = make(WHOLE | {"makegood.yaml": WORKSPACE + source}).findings()
        assert finding.severity is Severity.WARNING
        assert 'sources[0].path is "checks/*.csv", where no file is' in str(finding)

    def test_the_check_tells_everything_at_once(self, make):
        """Workspace, contracts and exclusions in one list, and it raises nothing."""
        texts = {
            "makegood.yaml": WORKSPACE,
            "contracts/acme.yaml": ACME.replace("EUR", "EURO"),
            "exclusions/2025.yaml": MAINTENANCE.replace("maintenance", "maintenence"),
        }
        places = [finding.place.rpartition("/")[2] for finding in make(texts).findings()]
        assert places == ["acme.yaml:4", "2025.yaml:3"]

    def test_the_check_goes_on_without_a_workspace_file(self, make):
        """A missing file at the top does not hide what is wrong below."""
        said = [str(finding) for finding in make({"contracts/a.yaml": "5"}).findings()]
        assert len(said) == 2
        assert "makegood.yaml: is missing; a file. Check the path, or create the file." in said[0]
        assert "contracts/a.yaml:1: is 5" in said[1]

    @pytest.mark.parametrize("text", ["", "name: a\n---\nname: b\n"])
    def test_a_workspace_file_holds_one_document(self, make, text):
        """Neither none nor two."""
        said = self.refusal(make({"makegood.yaml": text}).workspace)
        assert "one document. Write the workspace as one mapping" in said

    def test_the_catalog_is_shipped(self, make):
        """Every sheet under its own id, and sound."""
        catalog = make(WHOLE).catalog()
        assert catalog["aws-s3-standard"].vendor == "AWS"
        assert all(sheet.id == name for name, sheet in catalog.items())

    def test_a_file_of_defaults_holds_for_its_folder_and_below(self, make):
        """What contracts have in common is written once; the nearest file goes first."""
        shared = "role: provider\ncurrency: EUR\ncredit_ladder: {catalog: aws-rds}\n"
        named = "client: {{id: {0}, name: X, email: a@b.example}}\nservice: {{id: s, name: S}}\n"
        texts = {
            "makegood.yaml": "name: X\n",
            "contracts/defaults.yaml": "defaults:\n" + indent(shared, "  "),
            "contracts/acme.yaml": named.format("acme") + "billable_amount: 5\n",
            "contracts/us/defaults.yaml": "defaults: {currency: USD, billable_amount: 7}\n",
            "contracts/us/bluefin.yaml": named.format("bluefin"),
        }
        found = {c.id: c.versions[0] for c in make(texts).contracts()}
        assert {n: (v.currency, v.billable_amount) for n, v in found.items()} == {
            "acme/s": ("EUR", 5),
            "bluefin/s": ("USD", 7),
        }
        assert make(texts).findings() == ()
        acme, bluefin = make(texts).written()
        assert (acme["versions"][0]["currency"], bluefin["client"]["id"]) == ("EUR", "bluefin")
        wrong = texts | {"contracts/us/defaults.yaml": "currency: USD\n"}
        said = self.refusal(make(wrong).contracts)
        assert "contracts/us/defaults.yaml:1: holds no defaults;" in said
        assert "contracts/us/bluefin.yaml:1: billable_amount is missing" in said

    def test_a_ladder_is_found_by_id_or_in_a_file(self, make):
        """As `makegood determine --ladder` names it."""
        ladder = "{kind: single_threshold, commitment_percent: 99.5, credit_percent: 5}"
        source = make(WHOLE | {"ladders/own.yaml": ladder})
        published = source.catalog()["aws-s3-standard"]
        assert source.ladder("aws-s3-standard") == published.credit
        assert source.ladder(f"aws-s3-standard@{published.version}") == published.credit
        assert source.ladder("ladders/own.yaml").ladder.commitment_percent == Decimal("99.5")

    def test_an_unknown_ladder_names_the_nearest(self, make):
        """A slip of the pen is mended at once."""
        said = self.refusal(lambda: make(WHOLE).ladder("aws-s3-standart"))
        assert said.startswith('--ladder: is "aws-s3-standart"; the id of one of the ')
        assert "Did you mean aws-s3-standard? `makegood ladders list` shows them all." in said

    def test_a_wrong_ladder_file_is_refused(self, make):
        """With its line."""
        source = make(WHOLE | {"own.yaml": "kind: single_threshold\ncredit_percent: 5\n"})
        said = self.refusal(lambda: make(WHOLE).ladder("aws-s3-standard@1999-12-31"))
        assert "a version in the catalog: aws-s3-standard@" in said
        said = self.refusal(lambda: source.ladder("own.yaml"))
        assert "own.yaml:1: commitment_percent is missing" in said
