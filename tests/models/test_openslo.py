"""OpenSLO and contracts: what both say is carried over exactly, everything else is named."""

from decimal import Decimal

import pytest

from models.contract import CreditTerms
from models.contract_file import read_contract
from models.findings import Severity
from models.kinds.single_threshold import SingleThreshold
from models.openslo import exported, read_openslo
from models.service_period import PeriodKind
from models.yaml_text import parse_yaml
from models.yaml_writing import written_yaml

CATALOG = {
    "example-cloud": CreditTerms(
        ladder=SingleThreshold(commitment_percent=Decimal("99.95"), credit_percent=Decimal(10))
    )
}
SLO = """\
apiVersion: openslo/v1
kind: Service
metadata: {name: api, displayName: Relay API}
spec: {description: What our clients call}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: api-sla}
spec:
  service: api
  indicatorRef: api-checks
  timeWindow:
    - duration: 1M
      isRolling: false
      calendar: {startTime: 2026-01-01 00:00:00, timeZone: America/New_York}
  budgetingMethod: Timeslices
  objectives:
    - {displayName: SLA, targetPercent: 99.95, timeSliceTarget: 1, timeSliceWindow: 5m}
    - {displayName: Internal, target: 0.9999, timeSliceTarget: 1, timeSliceWindow: 5m}
"""
TERMS = """\
role: provider
client: {id: acme, name: Acme GmbH, email: ap@acme.example}
effective_on: 2026-01-01
currency: EUR
billable_amount: 2000
measurement: {stale_after_minutes: 15}
credit_ladder: {catalog: example-cloud}
"""


def imported(slo: str = SLO, terms: str = TERMS, objective: str | None = "SLA"):
    """The SLO with these further terms."""
    (rest,) = parse_yaml(terms, name="terms.yaml") if terms else (None,)
    return read_openslo(slo, name="slo.yaml", ladders=CATALOG, terms=rest, objective=objective)


def faults(read) -> list[str]:
    """What keeps it from being a contract."""
    return [str(f) for f in read.findings if f.severity is Severity.ERROR]


def test_an_slo_of_the_calendar_becomes_a_contract():
    """Service, zone, month, slices from the SLO; parties and money from the further terms."""
    read = imported()
    assert faults(read) == []
    (placed,) = read.contracts
    contract, (version,) = placed.contract, placed.contract.versions
    assert (contract.id, contract.service.name) == ("acme/api", "Relay API")
    assert version.time_zone == "America/New_York"
    assert version.credit.period.kind is PeriodKind.MONTH
    assert version.credit.ladder.commitment_percent == Decimal("99.95")
    measurement = version.measurement
    assert (measurement.window_minutes, measurement.window_fails.value) == (5, "any")
    assert measurement.stale_after_minutes == 15


def test_what_is_imported_is_written_as_a_contract_file():
    """Read again, it is the same contract."""
    read = imported()
    (document,) = parse_yaml(written_yaml(read.written[0]), name="acme.yaml")
    contract, findings = read_contract(document, ladders=CATALOG)
    assert contract == read.contracts[0].contract
    assert findings == ()


def test_what_a_contract_cannot_say_is_named():
    """The indicator: where figures come from is no part of a contract."""
    (finding,) = imported().findings
    assert str(finding) == (
        "slo.yaml:11: spec.indicatorRef is left out; what a contract has a word for. "
        "Where figures come from stands under sources in makegood.yaml."
    )


def test_what_openslo_cannot_say_is_asked_for_all_at_once():
    """Without further terms: role, client, currency, amount and ladder."""
    fields = [f.field for f in imported(terms="").findings if f.severity is Severity.ERROR]
    assert sorted(fields) == ["billable_amount", "client", "credit_ladder", "currency", "role"]


def test_one_of_several_objectives_must_be_named():
    """An internal objective is no promise."""
    (said,) = faults(imported(objective=None))
    assert "spec.objectives are SLA, Internal; one objective that the contract promises." in said
    (said,) = faults(imported(objective="SLAs"))
    assert "hold none, or several, called 'SLAs'" in said


def test_an_objective_that_is_not_the_ladders_commitment_is_refused():
    """0.9999 is 99.99 %, exactly; the ladder promises 99.95."""
    (said,) = faults(imported(objective="Internal"))
    assert "promise 99.99 %, the ladder of 2026-01-01 99.95 %; one commitment." in said


def test_what_slo_and_terms_both_say_must_be_the_same():
    """Nobody guesses which of the two is right."""
    assert faults(imported(terms=TERMS + "time_zone: America/New_York\n")) == []
    (said,) = faults(imported(terms=TERMS + "time_zone: UTC\n"))
    assert said.startswith("terms.yaml:8: time_zone is 'UTC', in the SLO 'America/New_York';")


@pytest.mark.parametrize(
    ("duration", "start", "period"),
    [
        ("1M", "2026-01-15 00:00:00", {"kind": "billing_month", "day": 15}),
        ("1Q", "2026-01-01 00:00:00", {"kind": "quarter"}),
        ("3M", "2026-02-01 00:00", {"kind": "quarter", "starts_in_month": 2}),
        ("1Q", "2026-12-01 00:00:00", {"kind": "quarter", "starts_in_month": 3}),
        ("1Y", "2026-01-01T00:00:00", {"kind": "year"}),
        ("12M", "2026-07-01 00:00:00", {"kind": "year", "starts_in_month": 7}),
    ],
)
def test_windows_of_the_calendar_become_periods(duration, start, period):
    """With the month in which a fiscal year begins, and the day of a billing month."""
    text = SLO.replace("1M", duration).replace("2026-01-01 00:00:00", start)
    read = imported(text)
    assert faults(read) == []
    assert read.written[0]["period"] == period


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("duration: 1M", "duration: 1m", 'duration is "1m" (m are minutes, M are months); 1M'),
        ("duration: 1M", "duration: 2M", 'spec.timeWindow[0].duration is "2M"; 1M, 1Q or 1Y.'),
        ("isRolling: false", "isRolling: true", "spec.timeWindow[0] is a rolling window of 1M;"),
        ("00:00:00", "12:00:00", 'is "2026-01-01 12:00:00"; midnight of a date'),
        ("2026-01-01", "2026-02-30", 'is "2026-02-30 00:00:00"; midnight of a date'),
        ("America/New_York", "New York", "timeZone is"),
        ("targetPercent: 99.95", "targetPercent: 100", "targetPercent is 100; "),
        ("targetPercent: 99.95", "target: 0.9995, targetPercent: 99.95", "has both or neither;"),
        ("Timeslices", "RatioTimeslices", "is RatioTimeslices: an average of the slices' own"),
        (
            "timeSliceWindow: 5m}\n    - {displayName: Int",
            "x: 1}\n    - {displayName: Int",
            "is missing;",
        ),
        ("openslo/v1\nkind: SLO", "openslo/v2alpha\nkind: SLO", "apiVersion is"),
    ],
)
def test_what_no_contract_can_say_is_refused_with_line_and_remedy(before, after, says):
    """A window that rolls, a month of one minute, a target of 100 %: never guessed."""
    read = imported(SLO.replace(before, after))
    assert any(says in fault for fault in faults(read)), faults(read)
    assert read.contracts == ()


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (
            "budgetingMethod: Timeslices",
            "budgetingMethod: Occurrences",
            "a share of counted events",
        ),
        (
            "timeSliceTarget: 1, timeSliceWindow: 5m}\n",
            "timeSliceTarget: 0.9, timeSliceWindow: 5m}\n",
            "timeSliceTarget is 0.9;",
        ),
        ("kind: Service", "kind: DataSource", "kind is DataSource; it is left out;"),
        (
            "metadata: {name: api-sla}",
            "metadata: {name: api-sla, labels: {team: a}}",
            "metadata.labels is left out;",
        ),
    ],
)
def test_what_is_carried_over_in_part_is_warned_of(before, after, says):
    """The contract is there, and a sentence says what it does not have."""
    read = imported(SLO.replace(before, after, 1))
    assert len(read.contracts) == 1
    assert any(says in str(finding) for finding in read.findings)


def test_a_file_without_an_slo_is_told():
    """Another kind of file, or another version."""
    read = read_openslo("a: 1\n", name="x.yaml", ladders=CATALOG)
    assert any("holds no SLO" in str(finding) for finding in read.findings)


def test_a_contract_is_exported_and_comes_back():
    """Its zone, month, slices and promise; what OpenSLO cannot say is named."""
    contract = imported().contracts[0].contract
    found = exported(contract, contract.versions[0])
    text = "---\n".join(map(written_yaml, found.documents))
    again = imported(text, objective=None)
    assert faults(again) == []
    # The monitor is an indicator there, which an import leaves to the workspace's sources.
    assert again.contracts[0].contract == contract
    assert found.unsaid == (
        "acme/api: measurement.stale_after_minutes",
        "acme/api: credit: the ladder, what bounds it, and claims",
        "acme/api: currency",
        "acme/api: billable_amount",
    )


def test_the_exported_text_is_what_openslo_asks_for():
    """Version, kinds, one window with start and zone, one objective below 100 %."""
    contract = imported().contracts[0].contract
    service, slo = exported(contract, contract.versions[0]).documents
    assert service["kind"] == "Service"
    assert slo["spec"] == {
        "service": "api",
        "indicatorRef": "api",
        "timeWindow": [
            {
                "duration": "1M",
                "isRolling": False,
                "calendar": {"startTime": "2026-01-01 00:00:00", "timeZone": "America/New_York"},
            }
        ],
        "budgetingMethod": "Timeslices",
        "objectives": [
            {"targetPercent": Decimal("99.95"), "timeSliceTarget": 1, "timeSliceWindow": "5m"}
        ],
    }


def test_a_promise_of_100_percent_cannot_be_exported():
    """OpenSLO's targets end below it; nothing weaker is written in its place."""
    ladder = "{kind: single_threshold, commitment_percent: 100, credit_percent: 10}"
    text = TERMS.replace("{catalog: example-cloud}", ladder) + "service: {id: api, name: API}\n"
    contract, _ = read_contract(parse_yaml(text, name="a.yaml")[0], ladders=CATALOG)
    assert contract is not None
    found = exported(contract, contract.versions[0])
    assert found.documents == ()
    assert found.unsaid == ("acme/api: OpenSLO has targets below 100 % only",)
