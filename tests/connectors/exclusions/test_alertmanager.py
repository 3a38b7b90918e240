"""Silences of a real Alertmanager, and answers that it does not give."""

import json
import time
from collections.abc import Iterator
from itertools import count

import pytest

from connectors.errors import Misconfigured, Permanent, Retriable
from connectors.exclusions.alertmanager import AlertmanagerExclusions
from models.findings import UnusableInputError
from models.intervals import Interval, utc
from models.sources.exclusions import AlertmanagerSilences, MutedAlert
from tests.alertmanager import Alertmanager, running
from tests.connectors.exclusions.conformance import DAY, HOUR, ExclusionConformance
from tests.prometheus import PASSWORD, USER
from tests.standins.door import opened
from tests.standins.wire import Answer

TOMORROW = (int(time.time()) // 86_400 + 1) * DAY
AHEAD = Interval(TOMORROW - 2 * DAY, TOMORROW + 10 * DAY)
cases = count()

on_the_peer = [pytest.mark.peer, pytest.mark.xdist_group(name="alertmanager")]


def with_peer(test):
    """Mark a test that asks the real server."""
    for mark in on_the_peer:
        test = mark(test)
    return test


@pytest.fixture(scope="module")
def server() -> Iterator[Alertmanager]:
    """One server; each test has silences of its own, by the label `case`."""
    with running() as made:
        yield made


@pytest.fixture
def case():
    """A label that no other test has."""
    return f"c{next(cases)}"


def source(server: Alertmanager, alerts: dict[str, MutedAlert], **terms) -> AlertmanagerExclusions:
    """The server as a source that takes the silences of these alerts."""
    given = {"user": USER, "comment_begins": "maintenance", **terms}
    asked = AlertmanagerSilences(
        id="am", kind="alertmanager", address=server.address, alerts=alerts, **given
    )
    return AlertmanagerExclusions(terms=asked, password=PASSWORD, attempts=1)


def alert(case: str, **labels: str) -> MutedAlert:
    """The alert of a service that is down, of one test."""
    return MutedAlert(labels={"alertname": "Down", "case": case, **labels})


@with_peer
class TestAlertmanager(ExclusionConformance):
    """A server whose silences lie in the days to come, since it takes no others."""

    base = TOMORROW
    moved_keeps_id = False

    @pytest.fixture(autouse=True)
    def asked(self, server):
        """The server that all tests ask."""
        self.server = server

    @pytest.fixture
    def broken(self, case):
        """An address at which something else answers."""
        made = source(self.server, {"down": alert(case)})
        elsewhere = made.terms.model_copy(update={"address": f"{self.server.address}/elsewhere"})
        return AlertmanagerExclusions(terms=elsewhere, password=PASSWORD, attempts=1)

    def source_of(self, folder, planned):
        """Each as a silence of its own, its reason as the whole comment."""
        case = f"c{next(cases)}"
        for one in planned:
            terms = {"createdBy": one.author, "comment": one.reason}
            self.server.silence(one.start, one.end, f"case={case}", **terms)
        return source(self.server, {"down": alert(case)}, comment_begins="")


@with_peer
def test_a_silence_is_announced_as_it_stands_since_it_was_changed_last(server, case):
    """The server writes that time by itself; the author and the reason are a person's."""
    name = server.silence(TOMORROW, TOMORROW + HOUR, f"case={case}")
    (event,) = source(server, {"down": alert(case)}).events(AHEAD)
    assert event.id == f"am/{name}/down"
    assert event.announced_at == utc(server.updated_at(name))
    assert (event.author, event.reason) == ("Ana", "Maintenance: new disks")
    assert event.interval == Interval(TOMORROW, TOMORROW + HOUR)


@with_peer
def test_a_silence_that_is_moved_keeps_its_id_and_is_announced_anew(server, case):
    """As long as it has not begun; the server writes down when."""
    matcher = f"case={case}"
    name = server.silence(TOMORROW, TOMORROW + HOUR, matcher)
    asked = source(server, {"down": alert(case)})
    (before,), made_at = asked.events(AHEAD), server.updated_at(name)
    time.sleep(0.002)
    server.silence(TOMORROW + DAY, TOMORROW + DAY + HOUR, matcher, id=name)
    (after,) = asked.events(AHEAD)
    assert after.id == before.id
    assert after.interval.start == before.interval.start + DAY
    assert (before.announced_at, after.announced_at) == (utc(made_at), utc(server.updated_at(name)))
    assert server.updated_at(name) > made_at


@with_peer
def test_a_silence_cannot_be_made_for_the_past(server, case):
    """The server moves its start to the present, so that it never begins before it was made."""
    name = server.silence(TOMORROW - 40 * DAY, TOMORROW + HOUR, f"case={case}")
    (event,) = source(server, {"down": alert(case)}).events(AHEAD)
    assert event.interval.start == server.updated_at(name)


@with_peer
def test_a_silence_that_is_ended_early_ends_then(server, case):
    """And says of its announcement only that it was changed then."""
    name = server.silence(TOMORROW - 40 * DAY, TOMORROW + HOUR, f"case={case}")
    time.sleep(0.002)
    server.ask("DELETE", f"silence/{name}")
    (event,) = source(server, {"down": alert(case)}).events(AHEAD)
    assert event.interval.end == server.updated_at(name)
    assert event.announced_at == event.end


@with_peer
def test_a_silence_that_is_ended_before_it_begins_never_was(server, case):
    """It is as long as nothing."""
    name = server.silence(TOMORROW, TOMORROW + HOUR, f"case={case}")
    server.ask("DELETE", f"silence/{name}")
    assert source(server, {"down": alert(case)}).events(AHEAD) == ()


@with_peer
def test_only_silences_with_the_agreed_comment_are_taken(server, case):
    """People also silence what they know to be broken."""
    for comment in ("MAINTENANCE tonight", "we know, fixing it", "after maintenance"):
        server.silence(TOMORROW, TOMORROW + HOUR, f"case={case}", comment=comment)
    (event,) = source(server, {"down": alert(case)}).events(AHEAD)
    assert event.reason == "MAINTENANCE tonight"


@with_peer
def test_each_alert_that_is_silenced_touches_its_own_services(server, case):
    """One silence of two services, in one region of the first."""
    alerts = {
        "api-eu": MutedAlert(
            **alert(case, service="api").model_dump() | {"services": ("api",), "regions": ("eu",)}
        ),
        "shop": MutedAlert(**alert(case, service="shop").model_dump() | {"services": ("shop",)}),
        "mail": alert(case, service="mail"),
    }
    server.silence(TOMORROW, TOMORROW + HOUR, f"case={case}", "service=~api|shop")
    found = source(server, alerts).events(AHEAD)
    assert [(e.id.split("/")[-1], e.services, e.regions) for e in found] == [
        ("api-eu", ("api",), ("eu",)),
        ("shop", ("shop",), ()),
    ]


MATCHERS = [
    ("service=api",),
    ("service=ap",),
    ("service=~ap",),
    ("service=~ap.",),
    ("service=~a|api",),
    ("service=~(?i)API",),
    ("service=~[a-c]\\w+",),
    ("service!=web",),
    ("service!=api",),
    ("service!~a.*",),
    ("service!~w.*",),
    ("nothing=",),
    ("nothing=~.*",),
    ("nothing!=x",),
    ("nothing=~.+",),
    ("service=api", "zone=~eu-[12]"),
    ("service=api", "zone=~eu-[34]"),
]


@with_peer
def test_what_the_server_silences_is_what_we_take(server, case):
    """Signs, whole matches, missing labels, several matchers: the server itself is asked."""
    labels = {"service": "api", "zone": "eu-1"}
    down = alert(case, **labels)
    made = [
        server.silence(TOMORROW - 40 * DAY, TOMORROW + HOUR, f"case={case}", *matchers)
        for matchers in MATCHERS
    ]
    server.ask("POST", "alerts", [{"labels": down.labels}])
    (shown,) = [one for one in server.ask("GET", "alerts") if one["labels"].get("case") == case]
    silenced = set(shown["status"]["silencedBy"])
    taken = {event.id.split("/")[1] for event in source(server, {"down": down}).events(AHEAD)}
    assert taken == silenced
    assert 0 < len(silenced) < len(made)


@with_peer
def test_months_that_the_server_may_have_forgotten_are_refused(server, case):
    """Five days after its end a silence is gone, unless the server is told to keep it longer."""
    asked = source(server, {"down": alert(case)})
    with pytest.raises(UnusableInputError, match=r"kept_hours .*--data\.retention"):
        asked.events(Interval(TOMORROW - 7 * DAY, TOMORROW))
    longer = source(server, {"down": alert(case)}, kept_hours=24 * 40)
    assert longer.events(Interval(TOMORROW - 7 * DAY, TOMORROW)) == ()


@with_peer
def test_a_wrong_password_is_a_matter_for_a_person(server, case):
    """And stands in no message."""
    made = source(server, {"down": alert(case)})
    wrong = AlertmanagerExclusions(terms=made.terms, password="wrong one", attempts=1)
    with pytest.raises(Misconfigured, match="answered 401") as refused:
        wrong.events(AHEAD)
    assert "wrong one" not in f"{refused.value} {wrong!r}"


WHOLE = {
    "id": "a",
    "startsAt": "2026-05-12T02:00:00.001Z",
    "endsAt": "2026-05-12T04:00:00Z",
    "updatedAt": "2026-05-01T00:00:00Z",
    "createdBy": "",
    "comment": "maintenance\nof\tdisks",
    "matchers": [{"name": "case", "value": "x", "isRegex": False}],
}


def answered(answer: object):
    """What comes of an answer."""
    body = answer if isinstance(answer, Answer) else Answer(200, json.dumps(answer).encode())
    with opened(lambda request: body) as address:
        terms = AlertmanagerSilences(
            id="am",
            kind="alertmanager",
            address=address,
            comment_begins="main",
            alerts={"down": alert("x")},
        )
        asked = AlertmanagerExclusions(terms=terms, attempts=1, now=lambda: 1_778_544_000_000)
        return asked.events(Interval(1_778_544_000_000, 1_778_630_400_000))


def test_a_silence_without_author_in_several_lines_is_taken():
    """Older servers do not write `isEqual`."""
    (event,) = answered([WHOLE])
    assert (event.author, event.reason) == (None, "maintenance of disks")
    assert event.interval.length == 2 * HOUR - 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"status": "success"}, Permanent),
        ([1], Permanent),
        ([{**WHOLE, "startsAt": "tomorrow"}], Permanent),
        ([{**WHOLE, "startsAt": "2026-05-12T02:00:00"}], Permanent),
        ([{k: v for k, v in WHOLE.items() if k != "updatedAt"}], Permanent),
        (None, Permanent),
        ([{**WHOLE, "matchers": [{"name": "case", "value": "(", "isRegex": True}]}], Permanent),
        (Answer(500), Retriable),
        (Answer(200, b"[{]"), Retriable),
    ],
)
def test_what_holds_no_silences_is_an_error(answer, kind):
    """A silence that is missing would be downtime."""
    with pytest.raises(kind):
        answered(answer)


def test_a_login_that_the_server_repeats_is_not_shown():
    """A proxy in front of it may tell what it was sent."""
    with opened(lambda asked: Answer(400, asked.headers["authorization"].encode())) as address:
        terms = AlertmanagerSilences(
            id="am",
            kind="alertmanager",
            address=address,
            comment_begins="",
            alerts={"down": alert("x")},
        )
        asked = AlertmanagerExclusions(terms=terms, token="s3cret", attempts=1, now=lambda: 0)
        with pytest.raises(Permanent, match=r"answered 400: \*\*\*") as refused:
            asked.events(Interval(0, HOUR))
    assert "s3cret" not in str(refused.value) + repr(asked)
