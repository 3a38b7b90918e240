"""Contract files with clauses: read from the version, or from the sheet that it names."""

from datetime import date

from models.contract import CreditTerms
from models.contract_file import read_contracts, read_credit_terms
from models.measurement import ClockStarts, MeasurementTerms

SHEET = CreditTerms.model_validate(
    {
        "ladder": {"kind": "single_threshold", "commitment_percent": 99, "credit_percent": 10},
        "period": {"kind": "quarter"},
        "measurement": {"clock_starts": "report"},
        "caps": [{"scope": "year", "percent": 50}],
        "recurrence": {"missed": 2, "of": 3},
    }
)
CONTRACT = """\
role: provider
client: {id: acme, name: Acme, email: ap@acme.example}
service: {id: api, name: API}
currency: EUR
billable_amount: 1000
credit_ladder: {catalog: example}
"""


def version(*lines):
    """The version of a contract with these lines, and what was found."""
    text = CONTRACT + "".join(f"{line}\n" for line in lines)
    read = read_contracts(text, name="acme.yaml", ladders={"example": SHEET})
    found = [str(finding) for finding in read.findings]
    return (read.contracts[0].contract.versions[0] if read.contracts else None), found


def test_clauses_come_from_the_sheet_unless_the_contract_states_its_own():
    """The period is the contract's, the caps are the sheet's, the recurrence is taken away."""
    written, found = version("period: {kind: month}", "recurrence: {missed: 1, of: 1}")
    assert found == []
    assert written is not None
    assert (written.credit.period.kind, written.credit.caps) == ("month", SHEET.caps)
    assert written.credit.recurrence.of == 1


def test_a_contract_measures_as_published_where_it_says_so():
    """Else it measures by its own terms; the published ones are no part of its credit."""
    own, _ = version()
    published, found = version("measure_as_published: true")
    assert found == []
    assert (own.measurement, own.credit.measurement) == (MeasurementTerms(), None)
    assert published.measurement.clock_starts is ClockStarts.REPORT
    assert published.credit.measurement is None


def test_measuring_as_published_needs_one_measurement_and_no_more():
    """Beside terms of one's own, and with a ladder that says nothing of it."""
    _, twice = version("measure_as_published: true", "measurement: {window_minutes: 5}")
    assert twice == [
        (
            "acme.yaml:7: measure_as_published is true beside measurement; a ladder that says how "
            "it measures, and no measurement of one's own. Leave one of the two out."
        )
    ]
    text = CONTRACT.replace(
        "{catalog: example}",
        "{kind: single_threshold, commitment_percent: 99, credit_percent: 10}",
    )
    read = read_contracts(text + "measure_as_published: true\n", name="acme.yaml", ladders={})
    assert [str(finding) for finding in read.findings] == [
        (
            "acme.yaml:7: measure_as_published is true, and the ladder says nothing of it; a "
            "ladder that says how it measures, and no measurement of one's own. Write "
            "measurement instead."
        )
    ]


def test_a_contract_states_attributes_and_amounts_short_or_dated():
    """Numbers are words of their digits; a day says since when."""
    short, found = version("attributes: {edition: pro, hosts: 3}", "amounts: {annual_fee: 12000}")
    assert found == []
    assert [(one.name, one.value) for one in short.attributes] == [
        ("edition", "pro"),
        ("hosts", "3"),
    ]
    dated, found = version(
        "attributes:",
        "  - {name: edition, value: free}",
        "  - {name: edition, value: pro, since: 2026-06-01}",
        "amounts: [{name: annual_fee, amount: 12000, since: 2026-01-01}]",
    )
    assert found == []
    assert dated.attributes[1].since == date(2026, 6, 1)
    assert dated.amounts[0].amount == 12000


def test_caps_in_the_wrong_unit_have_no_effect():
    """Days of a ladder in money; found at their line."""
    _, found = version("caps:", "  - {scope: year, days: 5}")
    assert len(found) == 1
    assert found[0].startswith("acme.yaml:8: caps[0].days has no effect: the ladder pays in money")


def test_a_ladder_in_a_file_says_how_it_measures():
    """For `makegood determine` with counted requests."""
    text = """\
credit_ladder: {kind: single_threshold, commitment_percent: 99.9, credit_percent: 10}
measurement: {requests: {method: average_of_rates}}
period: {kind: quarter}
"""
    terms, found = read_credit_terms(text, name="ladder.yaml", ladders={})
    assert found == ()
    assert terms is not None
    assert terms.measurement is not None
    assert terms.measurement.requests is not None
    assert (terms.period.kind, terms.measurement.requests.method) == ("quarter", "average_of_rates")
