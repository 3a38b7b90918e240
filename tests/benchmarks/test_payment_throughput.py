"""How fast released credits are paid by Stripe: at the limits that Stripe publishes, and not above.

The stand-in enforces 100 requests a second in all and 25 for each endpoint, exactly in any second
of its own clock, which runs `SCALE` times as fast as ours; so does the clock of the program's pace.
Planning and paying take about eleven requests for each credit, of which one moves the money: what
is permitted is worked out from the requests that were counted in the same run. Each run is a
process of its own, so that its peak memory is its own.
"""

import json
import os
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from connectors.store import batch_digest
from connectors.store.sql import open_store
from models.credit import ObligationState
from models.period import ServiceMonth
from tests.connectors.billing.conformance import JUNE, JUNE_3
from tests.connectors.billing.stage import PERMISSIONS, seconds
from tests.memory import PEAK
from tests.standins.stripe.client import running
from tests.standins.stripe.limits import ENDPOINT, LIVE
from tests.workspaces import LADDER, RELEASED_AT, SEPTEMBER, Books, checks

RELEASES = int(os.environ.get("MAKEGOOD_BENCH_RELEASES", "2000"))
FEW = RELEASES // 10
SCALE = int(os.environ.get("MAKEGOOD_BENCH_SCALE", "1"))
MANY = 10_000
"""`MAKEGOOD_BENCH_RELEASES=10000` takes twenty minutes at Stripe's own speed."""

AT_ONCE = 500
"""Objects that are put at the stand-in with one word, and contracts in one file."""

CONTRACT = f"""\
role: provider
client: {{{{id: client-{{number:05d}}, name: Client {{number}}, email: ap@client.example}}}}
service: {{{{id: api, name: Relay API}}}}
currency: EUR
billable_amount: 2000
monitors: [api]
{LADDER.replace("{", "{{").replace("}", "}}")}"""

PAYING = (
    PEAK
    + """
import json, resource, sys, time
from dataclasses import replace
from pathlib import Path
from connectors.billing.stripe import Pace, StripeBilling
from flows.office import open_office
from flows.paying import pay_released
from models.workspace_file import BillingMode

def memory():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if "VmRSS" in line)

folder, month, key, url, scale = *sys.argv[1:5], int(sys.argv[5])
pace = Pace(per_second=100, clock=lambda: time.monotonic_ns() * scale,
            sleep=lambda ns: time.sleep(ns / scale / 1e9))
with open_office(Path(folder)) as office:
    # The database's clock runs as fast as ours, so several can only share a pace that does.
    shared = office.store if scale == 1 else None
    billing = StripeBilling(key, mode=BillingMode.LIVE, address=url, pace=pace, shared=shared)
    office = replace(office, billing=billing)
    before, began = memory(), time.monotonic()
    with office.store.month_lock(month, holder="the benchmark"):
        count = pay_released(office, month)
    took = time.monotonic() - began
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "seconds": took, "cpu": usage.ru_utime + usage.ru_stime,
    "before": before, "peak": peak_kb(),
    "done": count.done, "waiting": count.waiting, "person": count.person,
}))
"""
)


@dataclass(frozen=True, slots=True)
class Paid:
    """What a run did.

    Attributes:
        told: What the process tells: seconds, memory in kB, counts.
        requests: How many requests had which outcome, by `POST /v1/credit_notes 200`.
    """

    told: dict[str, Any]
    requests: dict[str, int]

    @property
    def permitted_seconds(self):
        """How long these requests take at least, in the stand-in's seconds."""
        by_endpoint: dict[str, int] = {}
        for outcome, number in self.requests.items():
            endpoint = outcome.rpartition(" ")[0]
            by_endpoint[endpoint] = by_endpoint.get(endpoint, 0) + number
        return max(sum(by_endpoint.values()) / LIVE, max(by_endpoint.values()) / ENDPOINT)

    @property
    def ratio(self):
        """The share of the permitted rate that was used; 1 is all of it."""
        return self.permitted_seconds / (self.told["seconds"] * SCALE)

    @property
    def refused_ratio(self):
        """The share of the requests that met a limit."""
        refused = sum(n for outcome, n in self.requests.items() if outcome.endswith(" 429"))
        return refused / sum(self.requests.values())

    @property
    def grown_kb(self):
        """How much memory paying took, beyond what the open workspace takes."""
        return self.told["peak"] - self.told["before"]


def staged(account, number):
    """So many customers with a subscription and September's paid invoice over 2,000.00 EUR."""
    account.reset(now_ms=JUNE_3)
    account.tell("key", secret=account.restricted_key, permissions=PERMISSIONS)
    month = seconds(ServiceMonth.parse(SEPTEMBER).bounds("UTC"))
    for start in range(0, number, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, number))
        ids = {n: f"cus_{n:05d}" for n in numbers}
        account.seed(
            customers=[
                {"id": ids[n], "metadata": {"makegood_client": f"client-{n:05d}"}} for n in numbers
            ],
            subscriptions=[
                {"customer": ids[n], "currency": "eur", "period": seconds(JUNE)} for n in numbers
            ],
            invoices=[
                {"customer": ids[n], "currency": "eur", "amount": 200_000, "period": month}
                for n in numbers
            ],
        )
    account.tell("limits", published=True, scale=SCALE)


def released(folder, number):
    """A workspace in which so many credits of 200.00 EUR are released and not paid."""
    folder.mkdir()
    texts = [CONTRACT.format(number=n) for n in range(number)]
    books = Books.laid_out(folder, *texts[:AT_ONCE], checks=checks(api=120))
    for start in range(AT_ONCE, number, AT_ONCE):
        text = "---\n".join(texts[start : start + AT_ONCE])
        books.write(f"contracts/from-{start:05d}.yaml", text)
    books.run(notify=False)
    with closing(open_store(books.url)) as store:
        drafts = store.obligations(SEPTEMBER, states=[ObligationState.DRAFT])
        keys = [draft.key for draft in drafts]
        store.release(keys, shown=batch_digest(drafts), by="kim", why="reviewed", at=RELEASED_AT)
    return folder


def paid(stand_in, folder, number):
    """Pay them in a process of its own."""
    account = stand_in.account(f"bench{number}", "live")
    staged(account, number)
    where = [str(released(folder, number)), SEPTEMBER, account.restricted_key, account.url]
    done = subprocess.run(
        [sys.executable, "-c", PAYING, *where, str(SCALE)],
        check=True,
        stdout=subprocess.PIPE,
    )
    run = Paid(json.loads(done.stdout), account.tell("counts")["outcomes"])
    _report(run, number)
    live = account.money(by="makegood_part")
    assert len(live) == number
    assert {len(things) for things in live.values()} == {1}
    return run


def _report(run, number):
    told, asked = run.told, sum(run.requests.values())
    opened, peak = told["before"] // 1024, told["peak"] // 1024
    print(f"\n{number:,} credits in {told['seconds']:.0f} s, CPU {told['cpu']:.0f} s")
    print(f"  limits       Stripe's, {SCALE} times as fast")
    print(f"  requests     {asked:,}, of them {run.refused_ratio:.4%} met a limit")
    print(f"  permitted    {run.permitted_seconds / SCALE:.1f} s at least: {run.ratio:.1%} used")
    print(f"  memory       {opened} MB when open, {peak} MB at the peak")
    print(f"  credits      {told['done']} done, {told['waiting']} waiting, {told['person']} asked")


@pytest.mark.benchmark
def test_credits_are_paid_at_the_rate_that_is_permitted(tmp_path):
    """At least 95 % of it, no more than one 429 in a thousand requests, and memory stays flat.

    While the first page is planned nothing can be paid yet, and while the last one is paid nothing
    is left to plan: with few credits these ten seconds weigh more.
    """
    with running() as stand_in:
        few = paid(stand_in, tmp_path / "few", FEW)
        many = paid(stand_in, tmp_path / "many", RELEASES)
    grown = {number: run.grown_kb // 1024 for number, run in ((FEW, few), (RELEASES, many))}
    print(f"  memory grew by so many MB while so many were paid: {grown}")
    assert (many.told["done"], many.told["waiting"], many.told["person"]) == (RELEASES, 0, 0)
    assert many.ratio >= (0.95 if RELEASES >= MANY else 0.9)
    assert many.refused_ratio <= 0.001
