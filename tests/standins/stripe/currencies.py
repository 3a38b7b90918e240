"""Which currencies Stripe takes, and which amounts of them.

Source: `docs.stripe.com/currencies`, which is not derivable from ISO 4217.
"""

from tests.standins.stripe.refusals import Refusal, declined, invalid

WHOLE = frozenset(
    """
    bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf
    """.split()  # noqa: SIM905 - a column of codes reads better than a list of texts
)
MULTIPLE_OF_100 = frozenset({"isk", "ugx"})
LAST_DIGIT_0 = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
OTHERS = frozenset(
    """
    aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd
    cad cdf chf cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd
    hkd hnl hrk htg huf idr ils inr jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd
    mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr pln qar
    ron rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah
    usd uyu uzs wst xcd yer zar zmw
    """.split()  # noqa: SIM905 - a column of codes reads better than a list of texts
)
KNOWN = WHOLE | MULTIPLE_OF_100 | LAST_DIGIT_0 | OTHERS


def require_known(currency: str) -> None:
    """Let one of Stripe's currencies pass, in lower case.

    Raises:
        Refusal: For any other text.
    """
    if currency not in KNOWN:
        raise invalid(
            f"Invalid currency: {currency}. Stripe currently supports these currencies: "
            + ", ".join(sorted(KNOWN)),
            param="currency",
        )


def require_possible(amount: int, currency: str, *, param: str) -> None:
    """Let an amount pass that the currency has.

    Raises:
        Refusal: For others, e.g. 12.345 dinars or half a krona.
    """
    step = step_of(currency)
    if amount % step:
        raise _impossible(amount, currency, step, param)


def step_of(currency: str) -> int:
    """What every amount must be a multiple of, as sent.

    >>> step_of("jpy"), step_of("kwd"), step_of("ugx")
    (1, 10, 100)
    """
    if currency in MULTIPLE_OF_100:
        return 100
    return 10 if currency in LAST_DIGIT_0 else 1


def _impossible(amount: int, currency: str, step: int, param: str) -> Refusal:
    return declined(
        f"Invalid amount {amount}: amounts in {currency.upper()} must be a multiple of {step}.",
        param=param,
        code="invalid_amount",
    )
