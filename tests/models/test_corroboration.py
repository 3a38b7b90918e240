"""Corroboration: kinds of witness that must agree before downtime counts."""

from dataclasses import replace

import pytest

from models.intervals import MINUTE_MS, Interval
from models.measurement import DownWhen, MeasurementTerms, NoData
from models.outage import State, Timeline
from models.sources.base import SignalKind
from models.uptime import measure_uptime

MONTH = Interval(0, 600 * MINUTE_MS)


def witness(kind, *, down=None, monitor="api"):
    """A monitor of a kind that is down from one minute to another."""
    changes = [(0, State.UP)]
    if down is not None:
        changes += [(down[0] * MINUTE_MS, State.DOWN), (down[1] * MINUTE_MS, State.UP)]
    line = Timeline(monitor, "", tuple(changes), last_observed_at=MONTH.end)
    return [replace(line, signal=SignalKind(kind))]


def down_minutes(*monitors, need=2, **terms):
    """Counted downtime in minutes, and the whole measurement."""
    wanted = MeasurementTerms(corroborated_by=need, no_data=NoData.CARRY, **terms)
    found = measure_uptime(monitors=monitors, month=MONTH, terms=wanted)
    return found.down.length // MINUTE_MS, found


def test_ping_alone_never_pays_where_two_kinds_must_agree():
    """The ping says an hour, the service's own error rate says nothing happened."""
    minutes, found = down_minutes(witness("external", down=(10, 70)), witness("first_party"))
    assert minutes == 0
    assert any("1 h was down for some only" in reason for reason in found.reasons)


def test_what_two_kinds_agree_on_is_down():
    """10 to 70 and 40 to 90: 30 minutes in common."""
    seen = witness("external", down=(10, 70)), witness("first_party", down=(40, 90))
    assert down_minutes(*seen)[0] == 30


def test_two_monitors_of_one_kind_are_one_witness():
    """Two pings agree for an hour; the synthetic check stays up."""
    pings = [witness("external", down=(10, 70), monitor=name) for name in ("one", "two")]
    assert down_minutes(*pings, witness("synthetic"))[0] == 0


@pytest.mark.parametrize(("need", "minutes"), [(1, 80), (2, 30), (3, 0)])
def test_so_many_of_three_kinds_must_say_down(need, minutes):
    """10-70, 40-90 and never: 80 min in any, 30 min in two, none in all three."""
    seen = (
        witness("external", down=(10, 70)),
        witness("first_party", down=(40, 90)),
        witness("synthetic"),
    )
    assert down_minutes(*seen, need=need)[0] == minutes


def test_asking_for_more_kinds_than_there_are_withholds_the_month():
    """Only pings are there: nobody can ever confirm them, so a person must look."""
    found = down_minutes(witness("external", down=(10, 70)))[1]
    assert found.ratio is None
    assert "corroborated_by asks for 2 kinds of witness (external), but there are 1" in (
        found.withheld
    )


def test_within_a_kind_its_own_monitors_vote():
    """All of the pings must say down: they share 20 minutes, the error rate holds for all of it."""
    pings = [
        witness("external", down=(10, 40), monitor="one"),
        witness("external", down=(20, 60), monitor="two"),
    ]
    seen = (*pings, witness("first_party", down=(5, 100)))
    assert down_minutes(*seen, monitors_down_when=DownWhen.ALL)[0] == 20


def test_a_silent_second_witness_leaves_the_month_open():
    """The first party has said nothing at all: down cannot be confirmed, and up not either."""
    silent = [replace(Timeline("errors"), signal=SignalKind.FIRST_PARTY)]
    terms = MeasurementTerms(corroborated_by=2)
    found = measure_uptime(
        monitors=[witness("external", down=(10, 70)), silent], month=MONTH, terms=terms
    )
    assert found.ratio is None
    assert found.unknown.length == 60 * MINUTE_MS
