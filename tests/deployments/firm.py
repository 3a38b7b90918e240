"""A firm with five clients, as the story of its operation has it: Prometheus, Notion and Stripe.

Outages begin at noon of the 10th, in UTC. A month of 30 days has 43,200 minutes, one of 31 has
44,640; 99.9 % allow 43.2 and 44.64 of them. The ladder gives 10 % below 99.9, 25 % below 99.0.

| month | api | eu | hosting | what is owed |
|---|---:|---:|---:|---|
| 2025-06 | 30 | 0 | 0 | nothing: 30 minutes are allowed |
| 2025-07 | 60 | 0 | 0 | 10 %: Acme 200.00 EUR of 2,000, Bluefin 360.00 USD of 3,600 |
| 2025-08 | 0 | 500 | 700 | 98.88 %: Cobalt 25 % of 1,000 EUR; 98.43 %: 125.00 USD to us |
| 2025-09 | 120 | 500 | 300 | Acme 200.00 EUR, Bluefin 360.00 USD, Cobalt 250.00 EUR; 50 USD to us |

Dahlia is promised 95 %, which every month meets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from models.intervals import Interval
from models.period import ServiceMonth
from tests.connectors.billing.stage import StripeScene, fresh_account
from tests.connectors.ledger.notion_stage import fresh_workspace
from tests.prometheus import PASSWORD, USER, Samples, Server
from tests.prometheus import running as prometheus_running
from tests.standins.notion.client import Workspace
from tests.standins.notion.client import running as notion_running
from tests.standins.stripe.client import running as stripe_running
from tests.workspaces import ACME, BLUEFIN, LADDER, VENDOR, Books

MINUTE = 60_000
MONTHS = tuple(ServiceMonth(2025, number) for number in (6, 7, 8, 9))
DOWN: Mapping[str, tuple[int, ...]] = {
    "api": (30, 60, 0, 120),
    "eu": (0, 0, 500, 500),
    "hosting": (0, 0, 700, 300),
}
"""Minutes of each month, by monitor."""

STEP = 5 * MINUTE
"""Every probe is scraped so often."""

COBALT = f"""\
role: provider
client: {{id: cobalt, name: Cobalt & Söhne KG, email: rechnung@cobalt.example}}
service: {{id: eu, name: Relay EU}}
currency: EUR
billable_amount: 1000
monitors: [eu]
{LADDER}"""
DAHLIA = """\
role: provider
client: {id: dahlia, name: Dahlia Studio, email: hello@dahlia.example}
service: {id: eu, name: Relay EU}
currency: EUR
billable_amount: 800
monitors: [eu]
credit_ladder:
  kind: uptime_brackets
  commitment_percent: 95.0
  brackets:
    - {below: 95.0, credit_percent: 10}
"""
CONTRACTS = (ACME, BLUEFIN, COBALT, DAHLIA, VENDOR)
FEES = {"acme": (200_000, "EUR"), "bluefin": (360_000, "USD"), "cobalt": (100_000, "EUR")}
OUTBOX = "{from: sla@relay.example, operator: finance@relay.example}"


@dataclass(frozen=True, slots=True)
class Firm:
    """Everything that the firm's operation touches.

    Attributes:
        books: Its workspace.
        stripe: Its account.
        notion: Its workspace at Notion.
        environment: What server and worker are started with.
    """

    books: Books
    stripe: StripeScene
    notion: Workspace
    environment: Mapping[str, str]


@contextmanager
def firm(folder: Path, *, mail: str = OUTBOX) -> Iterator[Firm]:
    """Lay the firm out, with everything that stands around it, until the block ends.

    Args:
        folder: Where its workspace is to lie.
        mail: How its mail goes, in the words of makegood.yaml.
    """
    with (
        prometheus_running(_probes()) as prometheus,
        stripe_running() as stripe,
        notion_running() as notion,
    ):
        scene, pages = StripeScene(fresh_account(stripe)), fresh_workspace(notion)
        _bill(scene)
        makegood = _makegood(prometheus, pages, mail)
        yield Firm(
            Books.laid_out(folder, *CONTRACTS, makegood=makegood),
            scene,
            pages,
            {
                "MAKEGOOD_SOURCE_PROM_PASSWORD": PASSWORD,
                "MAKEGOOD_STRIPE_KEY": scene.account.restricted_key,
                "MAKEGOOD_STRIPE_URL": scene.account.url,
                "MAKEGOOD_NOTION_TOKEN": pages.token,
                "MAKEGOOD_NOTION_URL": pages.url,
            },
        )


def _makegood(prometheus: Server, notion: Workspace, mail: str) -> str:
    monitors = "\n".join(
        f"      {name}: {{query: 'probe_success{{job=\"{name}\"}}', stale_after_seconds: 600}}"
        for name in DOWN
    )
    return f"""\
name: Northwind Relay
sources:
  - id: prom
    kind: prometheus
    address: {prometheus.address}
    user: {USER}
    monitors:
{monitors}
ledger: {{notion: {{page: {notion.page}, requests_per_minute: 6000}}}}
billing: {{kind: stripe, mode: test}}
mail: {mail}
"""


def _probes() -> Iterator[Samples]:
    span = Interval(
        MONTHS[0].bounds("UTC").start - 12 * STEP, MONTHS[-1].bounds("UTC").end + 12 * STEP
    )
    for name, lengths in DOWN.items():
        outages = [
            range(noon := _noon(m), noon + n * MINUTE) for m, n in zip(MONTHS, lengths, strict=True)
        ]
        scraped = range(span.start, span.end, STEP)
        values = [(at, "0" if any(at in each for each in outages) else "1") for at in scraped]
        yield Samples("probe_success", {"job": name}, values)


def _noon(month: ServiceMonth) -> int:
    return month.bounds("UTC").start + (9 * 24 + 12) * 60 * MINUTE


def _bill(scene: StripeScene) -> None:
    """Each client has paid each month's invoice, and will be billed again."""
    for client, (fee, currency) in FEES.items():
        scene.customer(f"cus_{client}", client=client)
        scene.subscription(f"sub_{client}", f"cus_{client}", currency=currency)
        for month in MONTHS:
            invoice = f"in_{client}_{str(month).replace('-', '_')}"
            bounds = month.bounds("UTC")
            scene.invoice(invoice, f"cus_{client}", fee, period=bounds, currency=currency)
