"""How long ten thousand contracts take to be read, in few files and in many."""

import time

import pytest

from connectors.terms.files import WorkspaceFolder

CONTRACTS = 10_000

CONTRACT = """\
role: provider
client: {{id: client-{number:05d}, name: Client {number}, email: ap@client-{number}.example}}
service: {{id: api, name: The API}}
versions:
  - effective_on: 2025-01-01
    time_zone: Europe/Berlin
    currency: EUR
    billable_amount: {amount}.50
    monitors: [monitor-{monitor:04d}]
    measurement: {{stale_after_minutes: 15, no_data: withhold}}
    exclusions: [{{kind: maintenance, notice_hours: 48}}]
    credit_ladder:
      kind: uptime_brackets
      commitment_percent: 99.9
      brackets:
        - {{below: 99.9, at_least: 99.0, credit_percent: 10}}
        - {{below: 99.0, credit_percent: 25}}
    cap: {{percent: 50}}
    minimum_payout: {{more_than: 1}}
"""


@pytest.mark.benchmark
@pytest.mark.parametrize("per_file", [1, 100])
def test_reading_ten_thousand_contracts(tmp_path, per_file):
    """Nearly all of it is the YAML library and the validation; disk and folder are small."""
    folder = tmp_path / "contracts"
    folder.mkdir()
    texts = [
        CONTRACT.format(number=number, amount=1000 + number, monitor=number % 1000)
        for number in range(CONTRACTS)
    ]
    for start in range(0, CONTRACTS, per_file):
        text = "---\n".join(texts[start : start + per_file])
        (folder / f"from-{start:05d}.yaml").write_text(text)
    wall, cpu = time.perf_counter(), time.process_time()
    contracts = WorkspaceFolder(tmp_path).contracts()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert len(contracts) == CONTRACTS
    print(f"\n{CONTRACTS:,} contracts, {per_file} per file: {wall:.1f} s, {cpu:.1f} s of CPU")
