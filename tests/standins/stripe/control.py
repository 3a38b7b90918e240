"""The stand-in's own side, which Stripe does not have: stage, faults, clock, log and proof.

Every word is a POST of JSON to `/control/<account>/<mode>/<word>`, answered with JSON; `mode` is
`test` or `live`. What a word does stands in its docstring; `WORDS` lists them all.
"""

import json
from collections.abc import Callable
from typing import Any, TypeAlias

from tests.standins.stripe import scenes
from tests.standins.stripe.faults import Fault
from tests.standins.stripe.limits import Limits
from tests.standins.stripe.office import Key, Office, Side
from tests.standins.stripe.refusals import Refusal
from tests.standins.stripe.webhooks import signature
from tests.standins.stripe.world import Options, Resource, Things
from tests.standins.wire import Answer, Request

Said: TypeAlias = dict[str, Any]
Word: TypeAlias = Callable[[Office, Side, Said], Any]
MONEY = ("credit_note", "customer_balance_transaction", "refund")


def answered(office: Office, request: Request) -> Answer:
    """Do what a control request says; an error is a 400 with a sentence."""
    try:
        result = _spoken(office, request)
    except Refusal as refusal:
        return _json(400, {"error": refusal.message})
    except (KeyError, TypeError, ValueError) as error:
        return _json(400, {"error": f"{type(error).__name__}: {error}"})
    return _json(200, result)


def _spoken(office: Office, request: Request) -> Any:
    parts = request.path.strip("/").split("/")
    if parts == ["control", "health"]:
        return {"defects": office.defects}
    _, account, mode, word = parts
    said = json.loads(request.body) if request.body else {}
    return WORDS[word](office, office.side(account, mode), said)


def _json(status: int, value: Any) -> Answer:
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json"})


def reset(office: Office, side: Side, said: Said) -> Any:
    """Make the world empty; faults, log, limits and options are as at the start."""
    side.forget()
    side.world.things = Things()
    side.world.options = Options()
    side.limits = Limits()
    return {}


def seed(office: Office, side: Side, said: Said) -> Any:
    """Put `{customers, subscriptions, invoices}`; answers their ids, in order."""
    return scenes.seed(side.world, said)


def do(office: Office, side: Side, said: Said) -> Any:
    """Let `{action, ...}` happen, as `scenes.ACTIONS` knows it; answers the object."""
    return scenes.act(side.world, said)


def plan(office: Office, side: Side, said: Said) -> Any:
    """Add `{faults: [...]}` to the plan, or replace it with `{replace: true}`."""
    faults = [Fault(**described) for described in said.get("faults", ())]
    side.faults = faults if said.get("replace") else [*side.faults, *faults]
    return {"planned": len(side.faults), "next_number": side.count + 1}


def forget(office: Office, side: Side, said: Said) -> Any:
    """Clear faults, log and the count of requests; what exists stays."""
    side.forget()
    return {}


def clock(office: Office, side: Side, said: Said) -> Any:
    """Set `{now_ms, speed}` (0 stands still) or move on by `{advance: {hours: 25}}`."""
    side.world.clock.set(now_ms=said.get("now_ms"), speed=said.get("speed"))
    if "advance" in said:
        scenes.act(side.world, {"action": "advance", **said["advance"]})
    return {"now_ms": side.world.clock.now_ms()}


def options(office: Office, side: Side, said: Said) -> Any:
    """Change `{prune_after_ms, latency_ms, refund_status}`."""
    for name, value in said.items():
        setattr(side.world.options, name, value)
    return {}


def limits(office: Office, side: Side, said: Said) -> Any:
    """Set limits: `{published: true, scale: 10}`, or any fields of `Limits`; `{}` lifts them."""
    published = said.pop("published", False)
    livemode = side.world.livemode
    side.limits = Limits.published(livemode=livemode, **said) if published else Limits(**said)
    return {"per_second": side.limits.per_second, "per_endpoint": side.limits.per_endpoint}


def key(office: Office, side: Side, said: Said) -> Any:
    """Make or change a key: `{secret, permissions: {credit_note: write} or null, revoked}`."""
    mode = "live" if side.world.livemode else "test"
    office.keys[said["secret"]] = Key(account=side.world.account, mode=mode, **said)
    return {}


def calls(office: Office, side: Side, said: Said) -> Any:
    """The log, oldest first, from number `since` on, of one `method` if given."""
    since, method = said.get("since", 1), said.get("method")
    return [
        entry
        for entry in side.log
        if entry["number"] >= since and method in {None, entry["method"]}
    ]


def counts(office: Office, side: Side, said: Said) -> Any:
    """How many requests had which outcome, as `{"POST /v1/credit_notes 200": 3}`."""
    found: dict[str, int] = {}
    for entry in side.log:
        outcome = f"{entry['route'] or entry['path']} {entry['status']}"
        outcome += " replayed" if entry["replayed"] else ""
        found[outcome] = found.get(outcome, 0) + 1
    return {"count": side.count, "outcomes": found}


def dump(office: Office, side: Side, said: Said) -> Any:
    """Every note, balance entry and refund whole, customers' balances, mails and defects."""
    world = side.world
    return {
        **{kind: list(world.every(kind)) for kind in MONEY},
        "balances": {c["id"]: c["invoice_credit_balance"] for c in world.every("customer")},
        "mails": world.things.mails,
        "defects": office.defects,
    }


def money(office: Office, side: Side, said: Said) -> Any:
    """Notes and balance entries by the value of one metadata key `{by: name}`; `""` without it.

    Balance entries that a credit note made are left out: they are the note's.
    """
    found: dict[str, list[Resource]] = {}
    for kind in MONEY[:2]:
        for thing in side.world.every(kind):
            if thing.get("type") == "credit_note":
                continue
            value = thing["metadata"].get(said["by"], "")
            found.setdefault(value, []).append(
                {
                    "object": kind,
                    "id": thing["id"],
                    "amount": thing["amount"],
                    "currency": thing["currency"],
                    "status": thing.get("status", "issued"),
                    "customer": thing["customer"],
                }
            )
    return found


def freeze(office: Office, side: Side, said: Said) -> Any:
    """Keep everything that exists, with the time, under `{name}`, for any account."""
    office.frozen[said["name"]] = side.world.freeze()
    return {"bytes": len(office.frozen[said["name"]])}


def thaw(office: Office, side: Side, said: Said) -> Any:
    """Return to `{name}`, with its time unless `{keep_clock: true}`; faults and log are cleared."""
    side.forget()
    side.world.thaw(office.frozen[said["name"]], keep_clock=said.get("keep_clock", False))
    return {"now_ms": side.world.clock.now_ms()}


def webhooks(office: Office, side: Side, said: Said) -> Any:
    """The events as Stripe would send them: `{secret, since, types}`; bodies with their headers.

    `since` is an event's id, after which to begin; the time signed is the account's present unless
    `{at}` is given.
    """
    events = list(side.world.every("event"))
    ids = [event["id"] for event in events]
    start = ids.index(said["since"]) + 1 if "since" in said else 0
    at, types = said.get("at", side.world.now()), said.get("types")
    sent = []
    for event in events[start:]:
        if types is None or event["type"] in types:
            body = json.dumps(event, indent=2)
            signed = signature(body.encode(), secret=said["secret"], at=at)
            sent.append({"body": body, "headers": {"Stripe-Signature": signed}})
    return sent


WORDS: dict[str, Word] = {
    word.__name__: word
    for word in (
        reset, seed, do, plan, forget, clock, options, limits, key, calls, counts, dump, money,
        freeze, thaw, webhooks,
    )
}  # fmt: skip
