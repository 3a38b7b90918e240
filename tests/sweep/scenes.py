"""What is to be paid in the sweep: small scenes whose credits are released and not yet paid.

120 of September's 43,200 minutes down are 99.72 %: 10 % of a fee of 2,000.00 EUR are 200.00 EUR.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from models.period import ServiceMonth
from tests.connectors.billing.stage import StripeScene
from tests.workspaces import ACME, BLUEFIN, SEPTEMBER, checks

MONTH = ServiceMonth.parse(SEPTEMBER).bounds("UTC")

Stage = Callable[[StripeScene], object]


def as_it_is(_stage: StripeScene) -> None:
    """Nothing happens."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is to be paid.

    Attributes:
        stage: Puts what stands at the vendor.
        owed: What the vendor is to hold in the end: signed wire amounts by obligation.
        contracts: The workspace's contracts.
        minutes_down: Of the monitor `api`.
        before: So many minutes were measured first, released and paid; None for nothing.
        between: What others do between the disturbed run and the reruns.
        refunds: Whether a part is paid back by card, where a failure cannot be looked up.
    """

    stage: Stage
    owed: Mapping[str, int]
    contracts: tuple[str, ...] = (ACME,)
    minutes_down: int = 120
    before: int | None = None
    between: Stage = field(default=as_it_is)
    refunds: bool = False


def acme(stage: StripeScene, *, currency: str = "EUR") -> None:
    """Acme, whose subscription goes on."""
    stage.customer("cus_acme", client="acme")
    stage.subscription("sub_acme", "cus_acme", currency=currency)


def open_invoice(stage: StripeScene) -> None:
    """September is not paid yet."""
    acme(stage)
    stage.invoice("in_sep", "cus_acme", 200_000, period=MONTH, state="open")


def paid_invoice(stage: StripeScene) -> None:
    """September is paid, by card."""
    acme(stage)
    stage.invoice("in_sep", "cus_acme", 200_000, period=MONTH)


def nearly_refunded(stage: StripeScene) -> None:
    """50.00 of September's invoice can still be credited."""
    paid_invoice(stage)
    stage.refund("in_sep", 195_000)


def refund_fails(stage: StripeScene) -> None:
    """The refund that somebody made does not arrive: all of the invoice can be credited again."""
    (refund,) = stage.account.dump()["refund"]
    stage.account.do("fail_refund", refund=refund["id"])


def in_currency(code: str, amount: int) -> Stage:
    """September is paid, in another currency; the amount is in its minor units."""

    def stage(at: StripeScene) -> None:
        acme(at, currency=code)
        at.invoice("in_sep", "cus_acme", amount, period=MONTH, currency=code)

    return stage


def two_customers(stage: StripeScene) -> None:
    """Acme has an invoice for each of two services, Bluefin has none."""
    acme(stage)
    for service in ("api", "web"):
        stage.invoice(
            f"in_{service}", "cus_acme", 200_000, period=MONTH, contract=f"acme/{service}"
        )
    stage.customer("cus_blue", client="bluefin")
    stage.subscription("sub_blue", "cus_blue", currency="USD")


NAMED = "billing: {customer: cus_acme}\n"
WEB = ACME.replace("id: api, name: Relay API", "id: web, name: Relay Web")
YEN = ACME.replace("EUR", "JPY").replace(": 2000", ": 20000")
DINAR = ACME.replace("EUR", "KWD").replace(": 2000", ": 2000.500")

SCENES: Mapping[str, Scene] = {
    "open-note": Scene(open_invoice, {"acme/api/2025-09/r0": 20_000}, (ACME + NAMED,)),
    "paid-balance": Scene(paid_invoice, {"acme/api/2025-09/r0": 20_000}),
    "paid-refund": Scene(
        paid_invoice,
        {"acme/api/2025-09/r0": 20_000},
        (ACME + NAMED + "payout: refund\n",),
        refunds=True,
    ),
    "only-balance": Scene(acme, {"acme/api/2025-09/r0": 20_000}),
    "two-parts": Scene(nearly_refunded, {"acme/api/2025-09/r0": 20_000}, (ACME + NAMED,)),
    # 500 minutes are 25 %: 500.00 less the 200.00 that were given.
    "adjusted-up": Scene(
        paid_invoice,
        {"acme/api/2025-09/r0": 20_000, "acme/api/2025-09/r1": 30_000},
        (ACME + NAMED,),
        minutes_down=500,
        before=120,
    ),
    # 10 minutes meet the commitment: the 200.00 are taken back from the balance.
    "adjusted-down": Scene(
        acme,
        {"acme/api/2025-09/r0": 20_000, "acme/api/2025-09/r1": -20_000},
        (ACME + NAMED,),
        minutes_down=10,
        before=120,
    ),
    "yen": Scene(in_currency("JPY", 20_000), {"acme/api/2025-09/r0": 2_000}, (YEN + NAMED,)),
    # 10 % of 2,000.500 are 200.050, sent as thousandths whose last digit is 0.
    "dinar": Scene(
        in_currency("KWD", 2_000_500), {"acme/api/2025-09/r0": 200_050}, (DINAR + NAMED,)
    ),
    "three-of-two": Scene(
        two_customers,
        {
            "acme/api/2025-09/r0": 20_000,
            "acme/web/2025-09/r0": 20_000,
            "bluefin/api/2025-09/r0": 36_000,
        },
        (ACME, WEB, BLUEFIN),
    ),
    "paid-between": Scene(
        open_invoice,
        {"acme/api/2025-09/r0": 20_000},
        (ACME + NAMED,),
        between=lambda stage: stage.pay_invoice("in_sep"),
    ),
    "refunded-between": Scene(
        nearly_refunded,
        {"acme/api/2025-09/r0": 20_000},
        (ACME + NAMED,),
        between=lambda stage: stage.refund("in_sep", 3_000),
    ),
    "freed-between": Scene(
        nearly_refunded,
        {"acme/api/2025-09/r0": 20_000},
        (ACME + NAMED,),
        between=refund_fails,
    ),
}
"""Every scene by its name.

In the last three the parameters grow stale: the open invoice is paid, 30.00 more are refunded, or
the refund fails and one part would do, before the rerun.
"""


def measured(minutes: int) -> str:
    """The checks of the month."""
    return checks(api=minutes)
