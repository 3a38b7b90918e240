"""Maintenance calendars: zones, recurrences, exceptions and lengths as RFC 5545 has them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import Misconfigured, Permanent
from connectors.exclusions.calendars import CalendarExclusions
from connectors.exclusions.memory import MemoryExclusions
from models.exclusion import ExclusionEvent, ExclusionKind
from models.findings import UnusableInputError
from models.intervals import Interval, instant, utc
from models.sources.exclusions import MaintenanceCalendar
from tests.connectors.exclusions.conformance import ExclusionConformance
from tests.standins.door import opened
from tests.standins.wire import Answer

YEAR = Interval(
    instant(datetime(2026, 1, 1, tzinfo=UTC)), instant(datetime(2027, 1, 1, tzinfo=UTC))
)
BERLIN = "Europe/Berlin"


def entry(*lines, uid="a", summary="Upgrade"):
    """One VEVENT with these lines."""
    return "\r\n".join(
        ["BEGIN:VEVENT", f"UID:{uid}", f"SUMMARY:{summary}", *lines, "END:VEVENT", ""]
    )


def calendar(*entries, head=""):
    """A calendar of these entries."""
    top = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests//EN\r\n{head}"
    return f"{top}{''.join(entries)}END:VCALENDAR\r\n"


def source(folder, text, **terms):
    """The source of a calendar file with this text."""
    (folder / "plan.ics").write_bytes(text.encode())
    return CalendarExclusions(
        MaintenanceCalendar(id="ops", kind="calendar", path="plan.ics", **terms), folder
    )


def times(folder, *entries, span=YEAR, head="", **terms):
    """From when to when the events of these entries are, in UTC to the minute."""
    found = source(folder, calendar(*entries, head=head), **terms).events(span)
    return [f"{event.start:%m-%d %H:%M}/{event.end:%m-%d %H:%M}" for event in found]


def facts(folder, text, **terms):
    """What is wrong with a calendar, and where."""
    with pytest.raises(UnusableInputError) as refused:
        source(folder, text, **terms).events(YEAR)
    return [f"{finding.place}: {finding.fact}" for finding in refused.value.findings]


class TestCalendar(ExclusionConformance):
    """A calendar file."""

    def source_of(self, folder, planned):
        """One entry for each."""
        entries = [
            entry(
                f"DTSTART:{utc(one.start):%Y%m%dT%H%M%SZ}",
                f"DTEND:{utc(one.end):%Y%m%dT%H%M%SZ}",
                f"ORGANIZER:{one.author}",
                uid=one.name,
                summary=one.reason,
            )
            for one in planned
        ]
        return source(folder, calendar(*entries))

    @pytest.fixture
    def broken(self, tmp_path):
        """A page that asks to log in."""
        return source(tmp_path, "<html>Log in</html>")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(
            [
                "DTSTART;TZID=Europe/Berlin:20260701T020000",
                "DTEND;TZID=Europe/Berlin:20260701T040000",
            ],
            ["07-01 00:00/07-01 02:00"],
            id="a summer night in Berlin is two hours ahead of UTC",
        ),
        pytest.param(
            [
                "DTSTART;TZID=W. Europe Standard Time:20260701T020000",
                "DURATION:PT2H",
            ],
            ["07-01 00:00/07-01 02:00"],
            id="a zone may have the name that Windows gives it",
        ),
        pytest.param(
            ["DTSTART:20260701T020000Z", "DURATION:P1DT30M"],
            ["07-01 02:00/07-02 02:30"],
            id="a duration stands for an end",
        ),
        pytest.param(
            [
                "DTSTART;TZID=Europe/Berlin:20260322T010000",
                "DTEND;TZID=Europe/Berlin:20260322T040000",
                "RRULE:FREQ=WEEKLY;COUNT=2",
            ],
            ["03-22 00:00/03-22 03:00", "03-29 00:00/03-29 03:00"],
            id="a recurrence over a missing hour lasts exactly as long as the first",
        ),
        pytest.param(
            [
                "DTSTART;TZID=Europe/Berlin:20261025T020000",
                "DTEND;TZID=Europe/Berlin:20261025T040000",
            ],
            ["10-25 00:00/10-25 03:00"],
            id="02:00 to 04:00 in the night with an hour twice is three hours",
        ),
        pytest.param(
            ["DTSTART;TZID=Europe/Berlin:20261024T120000", "DURATION:P1D"],
            ["10-24 10:00/10-25 11:00"],
            id="a day of a duration is nominal: noon to noon is 25 hours",
        ),
        pytest.param(
            ["DTSTART;TZID=Europe/Berlin:20261024T230000", "DURATION:PT5H"],
            ["10-24 21:00/10-25 02:00"],
            id="hours of a duration are exact",
        ),
        pytest.param(
            [
                "DTSTART:20260501T010000Z",
                "DTEND:20260501T020000Z",
                "RRULE:FREQ=DAILY;COUNT=4",
                "EXDATE:20260502T010000Z,20260503T010000Z",
            ],
            ["05-01 01:00/05-01 02:00", "05-04 01:00/05-04 02:00"],
            id="exceptions are left out",
        ),
        pytest.param(
            [
                "DTSTART:20260501T010000Z",
                "DTEND:20260501T020000Z",
                "RDATE;VALUE=PERIOD:20260510T000000Z/PT5H",
            ],
            ["05-01 01:00/05-01 02:00", "05-10 00:00/05-10 05:00"],
            id="an added period has its own length",
        ),
        pytest.param(
            ["DTSTART:20260501T010000Z", "DTEND:20260501T020000Z", "STATUS:CANCELLED"],
            [],
            id="a cancelled entry is not held",
        ),
        pytest.param(
            ["DTSTART:20260501T010000Z", "DTEND:20260501T020000Z", "STATUS:TENTATIVE"],
            [],
            id="a tentative entry is not announced",
        ),
        pytest.param(
            ["DTSTART:20260501T010000Z"], [], id="a moment without length excludes nothing"
        ),
    ],
)
def test_an_entry_takes_place_as_the_standard_says(tmp_path, lines, expected):
    """Every expected time is worked out by hand."""
    assert times(tmp_path, entry(*lines)) == expected


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (BERLIN, "03-28 23:00/03-29 22:00"),
        ("Asia/Kathmandu", "03-28 18:15/03-29 18:15"),
        ("Australia/Lord_Howe", "03-28 13:00/03-29 13:00"),
    ],
)
def test_a_whole_day_is_a_day_of_the_sources_zone(tmp_path, zone, expected):
    """In Berlin the 29th of March has 23 hours, 23:00 to 22:00 in UTC."""
    assert times(tmp_path, entry("DTSTART;VALUE=DATE:20260329"), time_zone=zone) == [expected]


def test_whole_days_repeat_as_days(tmp_path):
    """The first of two has 24 hours in Berlin, the second, the 29th, 23."""
    lines = ["DTSTART;VALUE=DATE:20260328", "RRULE:FREQ=DAILY;COUNT=2"]
    assert times(tmp_path, entry(*lines), time_zone=BERLIN) == [
        "03-27 23:00/03-28 23:00",
        "03-28 23:00/03-29 22:00",
    ]


def test_a_time_without_a_zone_is_one_of_the_sources_zone(tmp_path):
    """Before and after the clocks go forward: 02:00 is 01:00 in UTC, then 00:00."""
    lines = ["DTSTART:20260328T020000", "DTEND:20260328T030000", "RRULE:FREQ=DAILY;COUNT=3"]
    assert times(tmp_path, entry(*lines), time_zone=BERLIN) == [
        "03-28 01:00/03-28 02:00",
        "03-29 01:00/03-29 02:00",
        "03-30 00:00/03-30 01:00",
    ]


def test_a_zone_that_the_calendar_defines_itself_is_known(tmp_path):
    """Five and a half hours ahead."""
    head = (
        "BEGIN:VTIMEZONE\r\nTZID:Ours\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
        "TZOFFSETFROM:+0530\r\nTZOFFSETTO:+0530\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    )
    lines = ["DTSTART;TZID=Ours:20260501T053000", "DURATION:PT1H"]
    assert times(tmp_path, entry(*lines), head=head) == ["05-01 00:00/05-01 01:00"]


SERIES = ["DTSTART:20260501T010000Z", "DTEND:20260501T020000Z", "RRULE:FREQ=DAILY;COUNT=4"]


def test_one_of_a_series_that_was_moved_keeps_its_id(tmp_path):
    """The second night is moved by an hour and is longer; it is still the second night."""
    moved = entry(
        "RECURRENCE-ID:20260502T010000Z", "DTSTART:20260502T020000Z", "DTEND:20260502T050000Z"
    )
    whole = source(tmp_path, calendar(entry(*SERIES))).events(YEAR)
    changed = source(tmp_path, calendar(entry(*SERIES), moved)).events(YEAR)
    assert [event.id for event in changed] == [event.id for event in whole]
    assert whole[1].id == "ops/a/2026-05-02T01:00:00Z"
    assert f"{changed[1].start:%d %H}/{changed[1].end:%d %H}" == "02 02/02 05"


def test_one_of_a_series_that_was_cancelled_is_not_held(tmp_path):
    """The other three are."""
    cancelled = entry(
        "RECURRENCE-ID:20260502T010000Z",
        "DTSTART:20260502T010000Z",
        "DTEND:20260502T020000Z",
        "STATUS:CANCELLED",
    )
    assert times(tmp_path, entry(*SERIES), cancelled) == [
        "05-01 01:00/05-01 02:00",
        "05-03 01:00/05-03 02:00",
        "05-04 01:00/05-04 02:00",
    ]


def test_a_change_of_this_and_what_follows_has_ids_of_its_own(tmp_path):
    """From the third night on an hour later: no two share an id."""
    later = entry(
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20260503T010000Z",
        "DTSTART:20260503T020000Z",
        "DTEND:20260503T030000Z",
    )
    found = source(tmp_path, calendar(entry(*SERIES), later)).events(YEAR)
    assert [f"{event.start:%d %H}" for event in found] == ["01 01", "02 01", "03 02", "04 02"]
    assert len({event.id for event in found}) == 4


def test_reason_author_and_time_are_what_the_entry_says(tmp_path):
    """The reason is one line; the organizer is named as people write addresses."""
    text = calendar(
        entry(
            "DTSTART:20260501T010000Z",
            "DURATION:PT1H",
            "ORGANIZER;CN=Ana Sol:mailto:ana@acme.example",
            "CREATED:20260401T090000Z",
            "LAST-MODIFIED:20260420T100000Z",
            summary=r"New disks\nin hall 2\, all racks",
        )
    )
    (event,) = source(tmp_path, text).events(YEAR)
    assert event.reason == "New disks in hall 2, all racks"
    assert event.author == "Ana Sol <ana@acme.example>"
    assert event.announced_at == datetime(2026, 4, 20, 10, tzinfo=UTC)


def test_long_words_are_cut_and_long_ids_replaced(tmp_path):
    """A UID of 300 letters becomes a digest, a summary of 300 ends with three dots."""
    lines = ["DTSTART:20260501T010000Z", "DURATION:PT1H"]
    text = calendar(entry(*lines, uid="u" * 300, summary="s" * 300))
    (event,) = source(tmp_path, text).events(YEAR)
    assert len(event.reason) == 200
    assert event.reason.endswith("…")
    assert len(event.id) == len("ops/") + 32


def test_categories_say_what_an_entry_touches(tmp_path):
    """Two that are known add up; one that nobody listed is not taken; the source fills the rest."""
    lines = ["DTSTART:20260501T010000Z", "DURATION:PT1H"]
    text = calendar(
        entry(*lines, "CATEGORIES:Api,Office", uid="a"),
        entry(*lines, "CATEGORIES:Api", "CATEGORIES:Web", uid="b"),
        entry(*lines, "CATEGORIES:Office", uid="c"),
        entry(*lines, uid="d"),
        entry(*lines, "CATEGORIES:Everything", uid="e"),
    )
    categories = {
        "Api": {"services": ["api"], "regions": ["eu"]},
        "Web": {"services": ["web"]},
        "Everything": {},
    }
    found = source(tmp_path, text, categories=categories, regions=("us",)).events(YEAR)
    assert {event.id: (event.services, event.regions) for event in found} == {
        "ops/a": (("api",), ("eu",)),
        "ops/b": (("api", "web"), ("us",)),
        "ops/e": ((), ("us",)),
    }


def test_without_categories_every_entry_is_taken_for_what_the_source_names(tmp_path):
    """Kind and third party are the source's too."""
    text = calendar(entry("DTSTART:20260501T010000Z", "DURATION:PT1H", "CATEGORIES:x"))
    terms = {"excludes": "third_party", "dependency": "AWS", "services": ("api",)}
    (event,) = source(tmp_path, text, **terms).events(YEAR)
    assert (event.kind, event.dependency, event.services) == (
        ExclusionKind.THIRD_PARTY,
        "AWS",
        ("api",),
    )


HOUR_LONG = ["DTSTART:20260501T010000Z", "DURATION:PT1H"]


@pytest.mark.parametrize(
    ("lines", "fact"),
    [
        (["DTSTART:2026-05-01"], "has a DTSTART that cannot be read"),
        (["DTSTART;TZID=Mars/Olympus:20260501T010000"], "'Mars/Olympus', which is no zone"),
        (
            [*HOUR_LONG, "EXDATE;TZID=Mars/Olympus:20260501T010000"],
            "has a EXDATE in 'Mars/Olympus'",
        ),
        (["DTSTART:20260501T010000"], "has a DTSTART without a zone, or a whole day"),
        (["DTSTART;VALUE=DATE:20260501"], "has a DTSTART without a zone, or a whole day"),
        (["DTSTART:20260501T020000Z", "DTEND:20260501T010000Z"], "before its start"),
        (["DTSTART:20260501T020000Z", "DURATION:-PT1H"], "a DURATION that is none, or below zero"),
        (["DTSTART:20260501T010000Z", "DURATION:20260501"], "a DURATION that is none"),
        ([*HOUR_LONG, "LAST-MODIFIED:lately"], "has a LAST-MODIFIED that cannot be read"),
        (["DTSTART:20260501T020000Z", "DTEND;VALUE=DATE:20260502"], "in a day and a time"),
        ([*HOUR_LONG, "RRULE:FREQ=FORTNIGHTLY"], "has a RRULE that cannot be read"),
        ([*HOUR_LONG, "RRULE:FREQ=SECONDLY"], "repeats SECONDLY"),
        ([*HOUR_LONG, "EXDATE:yesterday"], "has a EXDATE that cannot be read"),
        ([], "has an entry without DTSTART"),
    ],
)
def test_what_cannot_be_used_is_refused_at_its_line(tmp_path, lines, fact):
    """The UID stands in line 5 of the file; nothing is guessed and nothing left out."""
    assert any(
        said.startswith("plan.ics:5: ") and fact in said
        for said in facts(tmp_path, calendar(entry(*lines)))
    )


def test_every_entry_that_cannot_be_used_is_told(tmp_path):
    """All at once, and one that is fine is not among them."""
    found = facts(
        tmp_path,
        calendar(
            entry("DTSTART:20260501T010000", uid="one"),
            entry(*HOUR_LONG, uid="fine"),
            entry(*HOUR_LONG, uid="three", summary=" "),
        ),
    )
    assert [said.partition(": ")[0] for said in found] == ["plan.ics:5", "plan.ics:16"]


@pytest.mark.parametrize(
    "text",
    ["", "<html>Log in</html>", calendar(entry(*HOUR_LONG))[:-40], "BEGIN:VEVENT\r\nEND:VEVENT"],
)
def test_what_is_no_calendar_is_refused(tmp_path, text):
    """Also one that was cut on its way."""
    (fact,) = facts(tmp_path, text)
    assert fact.startswith("plan.ics: is no calendar: ")


def test_one_uid_twice_is_refused(tmp_path):
    """Two calendars in one file, each with its own entry of one name."""
    text = calendar(entry(*HOUR_LONG)) + calendar(
        entry("DTSTART:20260601T010000Z", "DURATION:PT1H")
    )
    (fact,) = facts(tmp_path, text)
    assert "has ops/a twice" in fact


def test_a_missing_file_is_refused(tmp_path):
    """With the path as the workspace writes it."""
    terms = MaintenanceCalendar(id="ops", kind="calendar", path="nowhere.ics")
    with pytest.raises(UnusableInputError, match=r"nowhere\.ics: cannot be read"):
        CalendarExclusions(terms, tmp_path).events(YEAR)


def test_a_calendar_of_years_is_asked_for_a_month_alone(tmp_path):
    """A weekly night since 2010: five Sundays in May 2026."""
    lines = ["DTSTART:20100103T010000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY"]
    may = Interval(
        instant(datetime(2026, 5, 1, tzinfo=UTC)), instant(datetime(2026, 6, 1, tzinfo=UTC))
    )
    assert [text[:5] for text in times(tmp_path, entry(*lines), span=may)] == [
        "05-03",
        "05-10",
        "05-17",
        "05-24",
        "05-31",
    ]


ADDRESS = "MAKEGOOD_SOURCE_OPS_ADDRESS"


def served(answer):
    """A calendar's server that gives one answer, and remembers what it was asked."""
    asked = []

    def serve(request):
        asked.append(f"{request.path}?{request.query}" if request.query else request.path)
        return answer

    return opened(serve), asked


def test_a_calendar_is_served_at_an_address(tmp_path):
    """The whole text is read, its byte order mark dropped."""
    text = "\ufeff" + calendar(entry(*HOUR_LONG))
    door, asked = served(Answer(200, text.encode()))
    with door as url:
        terms = MaintenanceCalendar(id="ops", kind="calendar", address=f"{url}/plan.ics")
        (event,) = CalendarExclusions(terms, tmp_path).events(YEAR)
    assert event.id == "ops/a"
    assert asked == ["/plan.ics"]


def test_a_private_address_is_never_shown(tmp_path):
    """Neither in an error of the server, nor in what the source says of itself."""
    door, asked = served(Answer(404, b"no calendar at /private-5ec2e7/basic.ics"))
    with door as url:
        secret = f"{url}/private-5ec2e7/basic.ics"
        found = CalendarExclusions(MaintenanceCalendar(id="ops", kind="calendar"), tmp_path, secret)
        with pytest.raises(Permanent) as refused:
            found.events(YEAR)
    assert asked == ["/private-5ec2e7/basic.ics"]
    assert "5ec2e7" not in f"{refused.value} {found!r}"


def test_a_server_that_fails_for_a_moment_is_asked_again(tmp_path, monkeypatch):
    """Whatever it says then counts."""
    monkeypatch.setattr("connectors.retry.SHORTEST_WAIT_S", 0)
    answers = [Answer(503), Answer(200, calendar(entry(*HOUR_LONG)).encode())]
    with opened(lambda _request: answers.pop(0)) as url:
        terms = MaintenanceCalendar(id="ops", kind="calendar", address=f"{url}/plan.ics")
        assert len(CalendarExclusions(terms, tmp_path).events(YEAR)) == 1


def test_an_address_that_nobody_gave_is_asked_for_by_name(tmp_path):
    """The message names the variable."""
    found = CalendarExclusions(MaintenanceCalendar(id="ops", kind="calendar"), tmp_path)
    with pytest.raises(Misconfigured, match=ADDRESS):
        found.events(YEAR)


@pytest.mark.parametrize(
    "secret", ["ftp://x/plan.ics", "https:///plan", "https://ana:pw@host/plan.ics"]
)
def test_an_address_of_another_kind_is_refused_without_showing_it(tmp_path, secret):
    """A password in it would come into messages of servers."""
    found = CalendarExclusions(MaintenanceCalendar(id="ops", kind="calendar"), tmp_path, secret)
    with pytest.raises(Misconfigured) as refused:
        found.events(YEAR)
    assert secret not in str(refused.value)
    assert ADDRESS in str(refused.value)


def test_a_path_and_an_address_are_one_too_many():
    """Nobody would know which of them is read."""
    with pytest.raises(ValueError, match="a path or an address"):
        MaintenanceCalendar(id="ops", kind="calendar", path="a.ics", address="https://x/a.ics")


ZONES = ("UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 366 * 24 * 60 - 1),
            st.integers(1, 3 * 24 * 60),
            st.sampled_from(ZONES),
        ),
        max_size=5,
    ),
    st.integers(0, 366 * 24),
    st.integers(1, 40 * 24),
)
def test_a_calendar_says_what_the_same_events_in_memory_say(tmp_path_factory, plans, hour, hours):
    """Single entries in any zone, asked for any stretch of the year and beyond its end."""
    folder = tmp_path_factory.mktemp("calendar")
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    events, entries = [], []
    for number, (minute, length, zone) in enumerate(plans):
        start = begin + timedelta(minutes=minute)
        end = start + timedelta(minutes=length)
        events.append(
            ExclusionEvent(
                id=f"ops/{number}",
                kind=ExclusionKind.MAINTENANCE,
                start=start,
                end=end,
                reason="Upgrade",
            )
        )
        local = start.astimezone(ZoneInfo(zone))
        if local.fold:
            written = f"DTSTART:{start:%Y%m%dT%H%M%SZ}"
        else:
            written = f"DTSTART;TZID={zone}:{local:%Y%m%dT%H%M%S}"
        entries.append(entry(written, f"DTEND:{end:%Y%m%dT%H%M%SZ}", uid=str(number)))
    first = instant(begin) + hour * 3_600_000
    span = Interval(first, first + hours * 3_600_000)
    told = source(folder, calendar(*entries)).events(span)
    assert told == MemoryExclusions("ops", tuple(events)).events(span)
