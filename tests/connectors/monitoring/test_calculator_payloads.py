"""Calculator payloads keep the promise of the role, and nobody's month is guessed."""

import json

import pytest

from connectors.monitoring import Wanted
from connectors.monitoring.calculator_payloads import CalculatorPayloads
from models.findings import UnusableInputError
from models.period import ServiceMonth
from tests.connectors.monitoring.conformance import MonitoringConformance

MAY = ServiceMonth(2026, 5)
ACME = {
    "client_id": "acme",
    "service_id": "api",
    "month": "2026-05",
    "window_minutes": [5],
    "total_windows": 8928,  # 31 x 24 x 12
    "error_windows": 12,
    "excluded_windows": 0,
    "evidence": ["https://status.example.com/may"],
}


def payloads(folder, content, name="payloads.json"):
    """A source over one file."""
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / name).write_text(text)
    return CalculatorPayloads(id="calculator", path=name, folder=folder)


def refusal(source):
    """The sentences with which a source is refused."""
    with pytest.raises(UnusableInputError) as refused:
        source.read(Wanted())
    return [str(finding) for finding in refused.value.findings]


class TestCalculatorPayloads(MonitoringConformance):
    """Months that somebody else has counted."""

    @pytest.fixture
    def source(self, tmp_path):
        """One month."""
        return payloads(tmp_path, ACME)

    @pytest.fixture
    def broken(self, tmp_path):
        """A month that does not exist, and one without a client."""
        return payloads(tmp_path, [{**ACME, "month": "2026-13"}, {"month": "2026-05"}])


def test_a_payload_is_found_by_client_service_and_month(tmp_path):
    """The seed's `[5]` is 5."""
    counts = payloads(tmp_path, ACME).read(Wanted()).counts
    assert set(counts) == {("acme/api", MAY)}
    assert counts["acme/api", MAY].window_minutes == 5


def test_an_object_a_list_and_lines_say_the_same(tmp_path):
    """Three ways to write one payload."""
    alone = payloads(tmp_path, ACME).read(Wanted())
    listed = payloads(tmp_path, [ACME]).read(Wanted())
    lines = payloads(tmp_path, f"\n{json.dumps(ACME)}\n\n", "payloads.jsonl").read(Wanted())
    assert alone.counts == listed.counts == lines.counts


def test_many_files_are_one_set(tmp_path):
    """A pattern names them; the same payload twice is counted, not refused."""
    for name in ("a.json", "b.json"):
        payloads(tmp_path, [ACME, {**ACME, "client_id": name[0]}], name)
    reading = CalculatorPayloads(id="c", path="*.json", folder=tmp_path).read(Wanted())
    assert {key for key, _ in reading.counts} == {"acme/api", "a/api", "b/api"}
    assert (reading.facts.rows, reading.facts.duplicates) == (4, 1)
    assert [file.path for file in reading.facts.files] == ["a.json", "b.json"]


def test_an_empty_list_holds_no_month(tmp_path):
    """Nothing was counted, and nothing is wrong."""
    assert payloads(tmp_path, []).read(Wanted()).counts == {}


def test_two_payloads_that_differ_about_a_month_are_refused(tmp_path):
    """Nobody can tell which one was meant."""
    lines = "\n".join(json.dumps({**ACME, "error_windows": n}) for n in (12, 13))
    assert refusal(payloads(tmp_path, lines, "p.jsonl")) == [
        (
            "p.jsonl:2: counts acme/api in 2026-05 otherwise than p.jsonl:1; one payload for each "
            "client, service and month. Remove the one that is out of date."
        )
    ]


@pytest.mark.parametrize("owner", ["client_id", "service_id"])
def test_a_payload_says_whose_month_it_is(tmp_path, owner):
    """The calculator alone knows."""
    stray = {name: value for name, value in ACME.items() if name != owner}
    assert refusal(payloads(tmp_path, stray)) == [
        (
            f"payloads.json:1: {owner} is missing; the id that the contracts name. Add it; without "
            "it nobody knows whose month this is."
        )
    ]


def test_every_broken_payload_is_listed_with_its_line(tmp_path):
    """Good ones between them change nothing."""
    lines = [
        json.dumps({**ACME, "error_windows": -1}),
        json.dumps(ACME),
        '{"client_id": ',
        json.dumps({**ACME, "error_windows": 8929}),
    ]
    said = refusal(payloads(tmp_path, "\n".join(lines), "p.jsonl"))
    places = [sentence.split(" ")[0] for sentence in said]
    assert places == ["p.jsonl:1:", "p.jsonl:3:14:", "p.jsonl:4:"]


def test_counts_unlike_the_month_ask_for_a_look(tmp_path):
    """8,064 windows of 5 minutes are 28 days, and May has 31."""
    (warning,) = payloads(tmp_path, {**ACME, "total_windows": 8064}).read(Wanted()).facts.findings
    assert warning.place == "payloads.json:1"
    assert warning.severity == "warning"


def test_a_line_of_two_hundred_megabytes_is_refused_unread(tmp_path):
    """It is cut off after a megabyte."""
    with (tmp_path / "p.jsonl").open("wb") as file:
        file.truncate(200_000_000)
    source = CalculatorPayloads(id="c", path="p.jsonl", folder=tmp_path)
    assert refusal(source) == [
        (
            "p.jsonl:1: is longer than 1,000,000 bytes; one payload per line. Check that the file "
            "is JSON lines; nothing after this line was read."
        )
    ]


def test_bytes_that_are_no_utf8_are_refused_with_their_place(tmp_path):
    """A Latin-1 file from an old spreadsheet."""
    (tmp_path / "p.jsonl").write_bytes(b'\n{"client_id": "m\xfcller"}\n')
    source = CalculatorPayloads(id="c", path="p.jsonl", folder=tmp_path)
    assert refusal(source) == [
        (
            "p.jsonl:2: holds the byte 0xfc at position 16 of the line; text in UTF-8. Save the "
            "file as UTF-8."
        )
    ]
