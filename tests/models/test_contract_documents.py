"""Shared defaults, several services and clients, exceptions: the same contracts as written out."""

from decimal import Decimal

import pytest

from models.contract import CreditTerms
from models.contract_file import read_contracts
from models.findings import Severity
from models.kinds.single_threshold import SingleThreshold
from models.yaml_text import parse_yaml

CATALOG = {
    "example-cloud": CreditTerms(
        ladder=SingleThreshold(commitment_percent=Decimal("99.9"), credit_percent=Decimal(10))
    )
}
SERVICES = """\
  - {id: api, name: Relay API}
  - id: web
    name: Relay Web
    except: {billable_amount: 500, monitors: [web-1, web-2]}
"""
STANDARD = """\
defaults:
  role: provider
  currency: EUR
  time_zone: Europe/Berlin
  measurement: {stale_after_minutes: 15, no_data: carry}
  credit_ladder: {catalog: example-cloud}
  cap: {percent: 50}
---
clients:
  - {id: acme, name: Acme GmbH, email: ap@acme.example}
  - id: bluefin
    name: Bluefin Freight Inc.
    email: billing@bluefin.example
    except:
      billable_amount: 3600
      currency: USD
      cap: {percent: 25}
      measurement: {no_data: withhold}
  - {id: cobalt, name: Cobalt AG, email: ap@cobalt.example, services: [api]}
services:
  - {id: api, name: Relay API}
  - id: web
    name: Relay Web
    except: {billable_amount: 500, monitors: [web-1, web-2]}
effective_on: 2026-01-01
billable_amount: 2000
"""
BLUEFIN_WEB = """\
role: provider
client: {id: bluefin, name: Bluefin Freight Inc., email: billing@bluefin.example}
service: {id: web, name: Relay Web}
effective_on: 2026-01-01
time_zone: Europe/Berlin
currency: USD
billable_amount: 3600
monitors: [web-1, web-2]
measurement: {stale_after_minutes: 15, no_data: withhold}
credit_ladder: {catalog: example-cloud}
cap: {percent: 25}
"""


def contracts(text: str, *defaults: str):
    """The contracts of a file, by their ids."""
    above = [d for n, one in enumerate(defaults) for d in parse_yaml(one, name=f"d{n}.yaml")]
    read = read_contracts(text, name="acme.yaml", ladders=CATALOG, defaults=above)
    assert read.findings == ()
    return {placed.contract.id: placed.contract for placed in read.contracts}


def faults(text: str, *defaults: str) -> list[str]:
    """Everything that is wrong with a file."""
    above = [d for n, one in enumerate(defaults) for d in parse_yaml(one, name=f"d{n}.yaml")]
    read = read_contracts(text, name="acme.yaml", ladders=CATALOG, defaults=above)
    return [str(finding) for finding in read.findings]


def test_each_client_has_a_contract_for_each_service():
    """Two services for all of them, and one for the client that takes only that."""
    assert list(contracts(STANDARD)) == [
        *("acme/api", "acme/web", "bluefin/api", "bluefin/web", "cobalt/api")
    ]


def test_a_contract_from_shared_terms_is_the_one_that_is_written_out():
    """To the digest: a client's exception goes before a service's, that before the standard."""
    shared = contracts(STANDARD)["bluefin/web"]
    (alone,) = contracts(BLUEFIN_WEB).values()
    assert shared == alone
    assert [v.digest for v in shared.versions] == [v.digest for v in alone.versions]


def test_amounts_of_the_standard_of_services_and_of_clients():
    """2000 by the standard, 500 for the web, 3600 for Bluefin whatever the service."""
    amounts = {name: c.versions[0].billable_amount for name, c in contracts(STANDARD).items()}
    assert amounts == {
        "acme/api": 2000,
        "acme/web": 500,
        "bluefin/api": 3600,
        "bluefin/web": 3600,
        "cobalt/api": 2000,
    }


def test_a_contract_goes_before_the_defaults():
    """Measurement field by field, a cap as a whole."""
    text = BLUEFIN_WEB.replace("cap: {percent: 25}", "cap: {amount: 700}")
    text = text.replace(
        "measurement: {stale_after_minutes: 15, no_data: withhold}", "measurement: {no_data: up}"
    )
    defaults = "defaults: {measurement: {no_data: down, stale_after_minutes: 9}, cap: {percent: 1}}"
    (version,) = contracts(text, defaults)["bluefin/web"].versions
    assert (version.measurement.no_data.value, version.measurement.stale_after_minutes) == ("up", 9)
    assert version.credit.cap is not None
    assert (version.credit.cap.amount, version.credit.cap.percent) == (700, None)


def test_the_nearest_defaults_go_first():
    """Those in the file before those of its folder, before those of the folder above."""
    bare = BLUEFIN_WEB.replace("currency: USD\n", "").replace("time_zone: Europe/Berlin\n", "")
    inside = "defaults: {currency: EUR}\n---\n" + bare
    above, below = "defaults: {currency: JPY, time_zone: Asia/Tokyo}", "defaults: {currency: USD}"
    (far,) = contracts(bare, above)["bluefin/web"].versions
    (near,) = contracts(bare, above, below)["bluefin/web"].versions
    (own,) = contracts(inside, above, below)["bluefin/web"].versions
    assert [v.currency for v in (far, near, own)] == ["JPY", "USD", "EUR"]
    assert {v.time_zone for v in (far, near, own)} == {"Asia/Tokyo"}


def test_defaults_in_a_file_hold_for_what_stands_below_them():
    """Not for what stands above; later defaults go before earlier ones."""
    bare = BLUEFIN_WEB.replace("currency: USD\n", "")
    text = f"{BLUEFIN_WEB}---\ndefaults: {{currency: EUR}}\n---\n{bare.replace('id: web', 'id: a')}"
    text += f"---\ndefaults: {{currency: JPY}}\n---\n{bare.replace('id: web', 'id: b')}"
    found = {name: c.versions[0].currency for name, c in contracts(text).items()}
    assert found == {"bluefin/web": "USD", "bluefin/a": "EUR", "bluefin/b": "JPY"}


def test_every_version_has_the_defaults_and_the_exceptions():
    """A price that rises, under terms that are shared."""
    text = STANDARD.partition("effective_on")[0] + (
        "versions:\n"
        "  - {effective_on: 2026-01-01, billable_amount: 2000}\n"
        "  - {effective_on: 2026-07-01, billable_amount: 2200, cap: {percent: 10}}\n"
    )
    found = contracts(text)
    assert [v.billable_amount for v in found["acme/api"].versions] == [2000, 2200]
    assert [str(v.credit.cap and v.credit.cap.percent) for v in found["acme/api"].versions] == [
        "50",
        "10",
    ]
    assert [v.currency for v in found["bluefin/api"].versions] == ["USD", "USD"]


def test_a_fault_is_told_once_where_it_was_written():
    """Not once for each of five contracts: in the defaults, in an exception, in the standard."""
    text = STANDARD.replace("percent: 50", "percent: 150").replace(
        "currency: USD", "currency: USDD"
    )
    text = text.replace("billable_amount: 2000", "billable_amount: much")
    told = ((fault.split(";")[0]) for fault in faults(text))
    assert list(told) == [
        "acme.yaml:7: defaults.cap.percent is 150",
        'acme.yaml:16: clients[1].except.currency is "USDD"',
        'acme.yaml:26: billable_amount is "much"',
    ]


def test_a_fault_in_a_file_of_defaults_names_that_file():
    """A contract is read with it, and it is not the contract's line."""
    (said,) = faults(BLUEFIN_WEB, "defaults:\n  currency: EUR\n  affected_percent: 101\n")
    assert said.startswith("d0.yaml:3: defaults.affected_percent is 101; a number of at most 100.")


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (
            "clients:\n",
            "client: {id: a, name: A}\nclients:\n",
            "acme.yaml:9: client stands beside clients; one of client, clients.",
        ),
        (
            "  currency: EUR\n",
            "  currency: EUR\n  client: {id: a}\n",
            "acme.yaml:4: defaults.client stands below defaults;",
        ),
        (
            "    except: {billable_amount: 500,",
            "    except: {role: customer,",
            "services[1].except.role stands below except;",
        ),
        (
            "    except: {billable_amount: 500, monitors: [web-1, web-2]}",
            "    except: none",
            "services[1].except is no mapping;",
        ),
        (
            "id: bluefin",
            "id: acme",
            "acme.yaml:11: clients[1].id is acme, as in an entry before it; each id once.",
        ),
        (
            "services: [api]",
            "services: [apis]",
            "clients[2].services names apis; ids of services: api, web.",
        ),
        (
            f"services:\n{SERVICES}",
            "services: api\n",
            "services is no list with anything in it;",
        ),
        (
            "- {id: api, name: Relay API}",
            "- api",
            "services[0] is no mapping; an entry with id and name.",
        ),
        ("role: provider", "roll: provider", "acme.yaml:2: defaults.roll is no field here;"),
        (
            "monitors: [web-1, web-2]",
            "monitor: web-1",
            "services[1].except.monitor is no field here;",
        ),
    ],
)
def test_what_cannot_be_put_together_is_told_in_a_sentence(before, after, says):
    """With the line, and what was expected."""
    assert before in STANDARD
    found = faults(STANDARD.replace(before, after, 1))
    assert any(says in fault for fault in found), found


def test_a_copyable_block_says_that_it_takes_no_defaults():
    """It has words of its own; nothing is silently left out."""
    block = "service_id: api\nservice_name: API\nmonthly_billable_amount: 5\ncurrency: USD\n"
    read = read_contracts(
        "defaults: {currency: EUR}\n---\n" + block, name="a.yaml", ladders=CATALOG
    )
    warned = [f for f in read.findings if f.severity is Severity.WARNING]
    assert any("for which defaults do not hold" in finding.fact for finding in warned)
