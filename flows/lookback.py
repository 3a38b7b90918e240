"""What was decided of earlier periods, for contracts whose terms look back at them.

Recurrence, caps over a quarter or a year, and amounts that were carried on hang on earlier months.
They are read from the decision log, a whole shard at a time, and become inputs of the month.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.store import ContractHistory, Store
from flows.planning import Governed
from models.circumstances import Past, past_decision
from models.period import ServiceMonth
from models.terms import JsonValue

Histories = Mapping[ServiceMonth, Mapping[str, ContractHistory]]
"""By the month that closed a period, what is known of each contract that asks for it."""


def look_back(
    store: Store, month: ServiceMonth, shard: Sequence[Governed]
) -> Mapping[str, tuple[Past | None, ...]]:
    """By contract the earlier periods that its terms look back at, the latest first.

    Contracts that look at none are absent. A period before the contract's first counts as one that
    was not missed; one that should have been decided and was not is None.
    """
    asked = {g.contract.id: months for g in shard if (months := _months(g, month))}
    if not asked:
        return {}
    wanted: dict[ServiceMonth, list[str]] = {}
    for name, months in asked.items():
        for each in months:
            wanted.setdefault(each, []).append(name)
    known = {each: store.history(names, str(each)) for each, names in wanted.items()}
    by_id = {g.contract.id: g for g in shard}
    return {name: _earlier(by_id[name], months, known) for name, months in asked.items()}


def _months(governed: Governed, month: ServiceMonth) -> tuple[ServiceMonth, ...]:
    """The months that closed the periods in question, the latest first."""
    credit = governed.version.credit
    step, begun = credit.period.months, ServiceMonth.of(governed.contract.begins_on)
    months = (month.plus(-step * number) for number in range(1, credit.looks_back(month) + 1))
    asked = credit.conditions_look_back
    return tuple(each for number, each in enumerate(months) if each >= begun or number < asked)


def _earlier(
    governed: Governed, months: Sequence[ServiceMonth], known: Histories
) -> tuple[Past | None, ...]:
    contract = governed.contract
    return tuple(_past(governed, each, known[each][contract.id]) for each in months)


def _past(governed: Governed, month: ServiceMonth, history: ContractHistory) -> Past | None:
    if history.determined is not None:
        body = history.determined.body
        return past_decision(str(month), body["determination"], measured=_is_measured(body))
    if governed.contract.governing(month) is None:
        return Past(str(month), breached=False)
    return None


def _is_measured(body: Mapping[str, JsonValue]) -> bool:
    """Whether the uptime of a decision is known, by its measurement or by a calculator's counts."""
    uptime = body["uptime"]
    return uptime is None or not uptime["withheld"]
