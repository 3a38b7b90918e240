"""What proves an announcement: what was seen, and when; a move is a new one."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from models.announcements import (
    Scope,
    Sighting,
    Told,
    as_announced,
    by_event,
    news,
    proof_text,
    seen_since,
)
from models.exclusion import ExclusionEvent, ExclusionKind, ExclusionRule, apply_rules
from models.intervals import Interval, instant
from models.sources.exclusions import Announced

NIGHT = datetime(2026, 5, 12, 2, tzinfo=UTC)
MAY = Interval(instant(datetime(2026, 5, 1, tzinfo=UTC)), instant(datetime(2026, 6, 1, tzinfo=UTC)))
DAY = timedelta(days=1)


def event(start=NIGHT, hours=2, *, name="ops/night", announced_at=None, **facts):
    """Maintenance of two hours in a night in May."""
    return ExclusionEvent(
        id=name,
        kind=ExclusionKind.MAINTENANCE,
        start=start,
        end=start + timedelta(hours=hours),
        reason="Upgrade",
        announced_at=announced_at,
        **facts,
    )


def watched(*looks, source="ops", span=None):
    """What is recorded when these events are looked at, day after day, from the 1st of May on."""
    sightings: list[Sighting] = []
    for day, events in enumerate(looks):
        told = Told(source, Announced.SEEN, tuple(events), span)
        sightings += news(told, by_event(sightings), now=MAY.start + day * 86_400_000)
    return by_event(sightings)


def day_of(seen, present):
    """The day of May since which an event is seen as it stands; None when it is not."""
    since = seen_since(present, seen.get(present.id, ()))
    return None if since is None else (since - MAY.start) // 86_400_000 + 1


def test_what_stays_the_same_is_recorded_once():
    """Five looks, one sighting: the first."""
    seen = watched(*[[event()]] * 5)
    assert len(seen["ops/night"]) == 1
    assert day_of(seen, event()) == 1


@pytest.mark.parametrize(
    ("changed", "since"),
    [
        pytest.param(event(NIGHT + timedelta(minutes=1)), 3, id="moved to later"),
        pytest.param(event(NIGHT - timedelta(minutes=1)), 3, id="moved to earlier"),
        pytest.param(event(hours=3), 3, id="lengthened"),
        pytest.param(event(hours=1), 1, id="shortened: whoever knew of two hours knew of one"),
        pytest.param(event(services=("api",)), 1, id="limited to a service"),
        pytest.param(event(regions=("eu",)), 1, id="limited to a region"),
    ],
)
def test_a_change_is_announced_anew_unless_it_was_told_before(changed, since):
    """Two days as planned, then changed on the third."""
    assert day_of(watched([event()], [event()], [changed], [changed]), changed) == since


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (event(services=("api",)), event()),
        (event(services=("api",)), event(services=("api", "web"))),
        (event(regions=("eu",)), event(regions=("us",))),
        (event(dependency="AWS"), event(dependency="GCP")),
    ],
)
def test_what_touches_more_is_announced_anew(before, after):
    """Who was told of one service was not told of all."""
    assert day_of(watched([before], [after]), after) == 2


def test_what_was_gone_is_announced_anew_by_its_return():
    """In the calendar on days 1 and 2, gone on 3, back on 4."""
    assert day_of(watched([event()], [event()], [], [event()]), event()) == 4


def test_what_was_moved_away_and_back_is_announced_anew():
    """Between, people were told of another night."""
    other = event(NIGHT + DAY)
    assert day_of(watched([event()], [other], [event()]), event()) == 3


def test_what_was_shortened_and_lengthened_again_is_announced_anew():
    """Two hours, one, and two again: the second hour is known since the third day."""
    seen = watched([event()], [event(hours=1)], [event()])
    assert (day_of(seen, event()), day_of(seen, event(hours=1))) == (3, 1)


def test_what_lies_outside_the_span_is_not_gone():
    """A look at July says nothing of May."""
    july = Interval(
        instant(datetime(2026, 7, 1, tzinfo=UTC)), instant(datetime(2026, 8, 1, tzinfo=UTC))
    )
    assert len(watched([event()], [], span=july)["ops/night"]) == 1


def test_another_source_says_nothing_of_it():
    """A calendar that is empty leaves the files alone."""
    seen = watched([event()])
    told = Told("other", Announced.SEEN, ())
    assert list(news(told, seen, now=MAY.end)) == []


def test_a_scope_comes_back_from_its_record():
    """So the log is read as it was written."""
    scope = Scope.of(event(services=("b", "a"), regions=("eu",), dependency="AWS"))
    assert Scope.from_record(scope.record) == scope


def judged(told, seen):
    """Whether the event counts where 48 hours of notice are asked, and why."""
    (one,) = apply_rules(
        events=list(as_announced(told, seen)),
        rules=[ExclusionRule(kind=ExclusionKind.MAINTENANCE, notice_hours=Decimal(48))],
        service_id="api",
        month=MAY,
    )
    return bool(one.applied), one.reason


def test_what_was_seen_in_time_counts():
    """Seen on the 1st at midnight: 11 days and 2 hours, 266 hours before."""
    present = event(announced_at=NIGHT - timedelta(minutes=1))
    counts, why = judged(Told("ops", Announced.SEEN, (present,)), watched([present]))
    assert counts
    assert "announced 266 h ahead, 48 h asked" in why


def test_a_calendar_that_states_an_early_announcement_proves_nothing():
    """It says that it was written a month before; Makegood saw it a day after its start."""
    present = event(announced_at=NIGHT - 30 * DAY)
    looks = [[]] * 12 + [[present]]
    counts, why = judged(Told("ops", Announced.SEEN, (present,)), watched(*looks))
    assert not counts
    assert "48 h of notice, and it was announced not before its start" in why


def test_where_the_author_is_believed_the_stated_announcement_counts():
    """The same, and the workspace says `announced: stated`."""
    present = event(announced_at=NIGHT - 30 * DAY)
    assert judged(Told("ops", Announced.STATED, (present,)), watched())[0]


@pytest.mark.parametrize("announced", Announced)
def test_without_any_announcement_nothing_counts(announced):
    """Neither seen nor stated."""
    counts, why = judged(Told("ops", announced, (event(),)), watched())
    assert not counts
    assert "no announcement is recorded" in why


def said(proof, seen_at, **facts):
    """The proof in words, of an event that starts on the 12th of May at 02:00."""
    body = event(**facts).model_dump(mode="json")
    return proof_text({"proof": proof, "seen_at": seen_at}, body)


def test_a_proof_in_words_tells_a_back_dated_entry_from_one_seen_in_time():
    """What was seen after it began rests on somebody's word, and says whose."""
    late, stated = "2026-05-13T08:00:00Z", NIGHT - 30 * DAY
    assert said("seen", late) == "Makegood saw it first at 2026-05-13T08:00:00Z"
    assert said("stated", late, announced_at=stated, author="Ana") == (
        "Makegood saw it first at 2026-05-13T08:00:00Z, after it began; "
        "its announcement rests on the word of Ana"
    )
    assert said("stated", "2026-05-01T00:00:00Z", announced_at=stated) == (
        "Makegood saw it first at 2026-05-01T00:00:00Z; "
        "its announcement rests on the word of whoever wrote it"
    )
    assert said("seen", None) == "Makegood never saw it as it stands"


def test_what_the_far_side_wrote_down_itself_is_nobodys_word():
    """Its users cannot write it earlier afterwards."""
    recorded = said("recorded", "2026-05-13T08:00:00Z", announced_at=NIGHT, author="Ana")
    assert recorded == (
        "Makegood saw it first at 2026-05-13T08:00:00Z, after it began; "
        "the system that holds it wrote down when it was announced"
    )
    present = event(announced_at=NIGHT - 30 * DAY)
    assert judged(Told("ops", Announced.RECORDED, (present,)), watched())[0]
