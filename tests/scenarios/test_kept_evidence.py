"""Evidence outlives its files: read once, kept by month, never changed in silence."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import create_engine, text

from connectors.monitoring import Wanted
from connectors.monitoring.checks_files import ChecksFiles
from flows.keeping import read_source
from models.findings import UnusableInputError
from tests.workspaces import ACME, BLUEFIN, MAKEGOOD, checks

R0 = "acme/api/2025-09/r0"
R1 = "acme/api/2025-09/r1"
NOON = datetime(2025, 9, 10, 12, tzinfo=UTC)
WORSE = "worse_wins"
DAILY = MAKEGOOD.replace("checks.csv", "checks/*.csv")


@pytest.fixture
def unreadable(monkeypatch):
    """From now on nobody may read a checks file."""

    def refuse(*_):
        pytest.fail("a checks file was read")

    return lambda: monkeypatch.setattr(ChecksFiles, "read", refuse)


def day(number, *, down=0):
    """One day of September, a check every five minutes, the first so many of them down."""
    start = datetime(2025, 9, number, tzinfo=UTC)
    rows = [
        f"api,{start + timedelta(minutes=5 * n):%FT%TZ},{'down' if n < down else 'up'}"
        for n in range(288)
    ]
    return "\n".join(["monitor,at,up", *rows]) + "\n"


def rows(text_of_day):
    """The rows without their header."""
    return text_of_day.split("\n", 1)[1]


def downtime(outcomes):
    """Acme's downtime in milliseconds."""
    return outcomes["acme/api"].decided.measured.uptime.down.length


def versions(books):
    """Month and version of all that is kept."""
    store = books.store()
    try:
        return {(m.monitor, m.month): m.version for m in store.kept_months("checks", WORSE)}
    finally:
        store.close()


def test_files_that_did_not_change_are_not_read_again(lay_out, unreadable):
    """The rerun finds the same evidence, and so the same decision."""
    books = lay_out(checks=checks(api=120))
    books.run()
    unreadable()
    assert books.run()["acme/api"].says == "unchanged: decided before on the same inputs"


def test_a_file_that_was_only_touched_is_not_read_again(lay_out, unreadable):
    """Its time says nothing: its digest does."""
    books = lay_out(checks=checks(api=120))
    books.run()
    unreadable()
    (books.folder / "checks.csv").write_text(checks(api=120), encoding="utf-8")
    assert books.run()["acme/api"].change is None


def test_a_month_can_be_decided_anew_when_its_files_are_gone(lay_out):
    """Other terms, the same outage: 120 minutes of 43,200 are 99.72 %."""
    books = lay_out(checks=checks(api=120))
    books.run()
    (books.folder / "checks.csv").unlink()
    books.agree(BLUEFIN)
    outcome = books.run()["bluefin/api"]
    assert str(outcome.decided.determination.amount) == "360.00 USD"


def test_files_that_were_never_read_must_be_there(lay_out):
    """There is nothing to remember."""
    books = lay_out()
    with pytest.raises(UnusableInputError, match="does not exist"):
        books.run()


def test_late_data_make_a_new_version_and_a_revision_and_what_was_released_stays(lay_out):
    """The outage lasted 500 minutes, not 120: 500.00 where 200.00 were released."""
    books = lay_out(checks=checks(api=120))
    books.run()
    books.release()
    books.write("checks.csv", checks(api=500))
    outcome = books.run()["acme/api"]
    assert "the monitoring evidence changed" in outcome.says
    assert versions(books)["api", "2025-09"] == 2
    assert books.owed[R0] == ("released", "200.00 EUR")
    assert books.owed[R1] == ("draft", "300.00 EUR")


def test_a_file_that_expires_takes_nothing_away(lay_out):
    """Day 10 was down for an hour; its file is gone, the hour is not."""
    books = lay_out(makegood=DAILY)
    for number in (9, 10, 11):
        books.write(f"checks/{number:02d}.csv", day(number, down=12 if number == 10 else 0))
    before = books.run()["acme/api"].decided.measured.uptime.down.length
    (books.folder / "checks/10.csv").unlink()
    books.write("checks/12.csv", day(12))
    after = books.run()["acme/api"].decided.measured.uptime.down.length
    assert (before, after) == (3_600_000, 3_600_000)


def test_a_day_that_is_added_counts_also_where_another_one_expired(lay_out):
    """Day 10 is gone and its hour is kept; day 12 is new and its hour counts as well."""
    books = lay_out(makegood=DAILY)
    for number in (9, 10, 11):
        books.write(f"checks/{number:02d}.csv", day(number, down=12 if number == 10 else 0))
    books.run()
    (books.folder / "checks/10.csv").unlink()
    books.write("checks/12.csv", day(12, down=12))
    assert downtime(books.run()) == 7_200_000


def test_a_dry_run_sees_what_expired_as_a_real_one_does(lay_out):
    """A dry run keeps nothing new, and forgets nothing either."""
    books = lay_out(makegood=DAILY)
    for number in (9, 10):
        books.write(f"checks/{number:02d}.csv", day(number, down=12 if number == 10 else 0))
    books.run()
    (books.folder / "checks/10.csv").unlink()
    books.write("checks/12.csv", day(12, down=12))
    rehearsed = books.run(dry_run=True)
    assert versions(books)["api", "2025-09"] == 1
    assert downtime(rehearsed) == downtime(books.run()) == 7_200_000


def test_a_file_that_always_holds_the_latest_days_takes_nothing_away(lay_out):
    """Days 9 to 11, later 11 and 12, at last nothing: each hour of the days before stays."""
    books = lay_out()
    books.write("checks.csv", day(9) + rows(day(10, down=12)) + rows(day(11)))
    found = [downtime(books.run())]
    for text_now in (day(11) + rows(day(12, down=12)), day(12, down=12), "monitor,at,up\n"):
        books.write("checks.csv", text_now)
        found.append(downtime(books.run()))
    assert found == [3_600_000, 7_200_000, 7_200_000, 7_200_000]


def test_a_check_that_is_taken_back_is_no_check_that_expired(lay_out):
    """The file still begins where it did: without the hour, the hour is not downtime."""
    books = lay_out()
    books.write("checks.csv", day(9) + rows(day(10, down=12)))
    books.run()
    kept = [row for row in rows(day(10, down=12)).splitlines() if not row.endswith("down")]
    books.write("checks.csv", day(9) + "\n".join(kept) + "\n")
    assert downtime(books.run()) == 0


def test_times_that_are_read_in_another_zone_are_not_mixed_with_those_before(lay_out):
    """The hour from midnight in Berlin, once taken for UTC: still one hour and not two."""
    local = day(10, down=12).replace("Z,", ",")
    zone = 'path: checks.csv, time_zone: "{}"'
    books = lay_out(makegood=MAKEGOOD.replace("path: checks.csv", zone.format("UTC")))
    books.write("checks.csv", local)
    books.run()
    for name in ("Europe/Berlin", "America/New_York"):
        books.write("makegood.yaml", MAKEGOOD.replace("path: checks.csv", zone.format(name)))
        assert downtime(books.run()) == 3_600_000


def test_states_that_are_stale_sooner_than_kept_evidence_tells_are_refused_in_words(lay_out):
    """Silences from 15 minutes were kept; the files that told of shorter ones are gone."""
    books = lay_out(checks=checks(api=120))
    books.run()
    (books.folder / "checks.csv").unlink()
    books.agree(f"{ACME}measurement: {{stale_after_minutes: 6}}\n")
    with pytest.raises(UnusableInputError, match="Bring the files back"):
        books.run()


def test_shorter_silences_alone_are_no_other_telling(lay_out):
    """The same checks, kept with silences from six minutes on: nobody is told of a change."""
    books = lay_out(checks=checks(api=120))
    source = ChecksFiles(id="checks", path="checks.csv", folder=books.folder)
    store = books.store()
    try:
        read = partial(read_source, source, store, read_only=False, later=lambda keep: keep())
        read(wanted=Wanted())
        assert read(wanted=Wanted(gap_floor_ms=360_000)).facts.findings == ()
        assert [m.floor_ms for m in store.kept_months("checks", WORSE)] == [360_000] * 2
        books.write("checks.csv", checks(api=121))
        (finding,) = read(wanted=Wanted()).facts.findings
        assert "tells 2025-09 (UTC) differently" in finding.fact
        assert [m.floor_ms for m in store.kept_months("checks", WORSE)] == [360_000] * 2
    finally:
        store.close()


def test_a_day_that_is_added_counts_while_all_files_are_there(lay_out):
    """The same, with nothing lost: the new day's hour counts too."""
    books = lay_out(makegood=DAILY)
    books.write("checks/10.csv", day(10, down=12))
    books.run()
    books.write("checks/12.csv", day(12, down=12))
    assert books.run()["acme/api"].decided.measured.uptime.down.length == 7_200_000


def test_kept_evidence_that_was_altered_is_noticed(lay_out):
    """Its digest is its name."""
    books = lay_out(checks=checks(api=120))
    books.run()
    engine = create_engine(books.url)
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER artifact_update"))
        connection.execute(text("UPDATE artifact SET body = x'00' WHERE kind = 'runs'"))
    engine.dispose()
    with pytest.raises(UnusableInputError, match="is not what was stored"):
        books.run()


def test_kept_counts_that_were_altered_are_noticed_before_they_are_compared(lay_out):
    """The files changed, so that what was kept is held against them."""
    books = lay_out(checks=checks(api=120))
    books.run()
    engine = create_engine(books.url)
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER artifact_update"))
        connection.execute(
            text("UPDATE artifact SET body = CAST('{}' || char(10) AS BLOB) WHERE kind = 'minutes'")
        )
    engine.dispose()
    books.write("checks.csv", checks(api=500))
    with pytest.raises(UnusableInputError, match="is not what was stored"):
        books.run()


def test_a_file_that_goes_while_others_are_read_is_not_missed(lay_out, monkeypatch):
    """Day 11 is there when files are listed, and not any more when they are read."""
    books = lay_out(makegood=DAILY)
    for number in (10, 11):
        books.write(f"checks/{number}.csv", day(number, down=12))
    read = ChecksFiles.read

    def read_the_rest(source, wanted):
        (books.folder / "checks/11.csv").unlink(missing_ok=True)
        return read(source, wanted)

    monkeypatch.setattr(ChecksFiles, "read", read_the_rest)
    assert downtime(books.run()) == downtime(books.run()) == 3_600_000


def test_a_dry_run_keeps_nothing(lay_out):
    """It decides and reports, and that is all."""
    books = lay_out(checks=checks(api=120))
    books.run(dry_run=True)
    assert not (books.folder / "makegood.db").exists()


def test_what_is_remembered_is_what_was_read(lay_out, unreadable):
    """Timelines, facts and provenance are the same, with silences or without."""
    books = lay_out(checks=checks(api=120))
    source = ChecksFiles(id="checks", path="checks.csv", folder=books.folder)
    store = books.store()
    try:
        for floor in (None, 900_000, 3_600_000):
            wanted = Wanted(gap_floor_ms=floor)
            plain = source.read(wanted)
            for _ in range(2):
                kept = read_source(
                    source, store, wanted, read_only=False, later=lambda keep: keep()
                )
                assert (kept.timelines, kept.facts) == (plain.timelines, plain.facts)
    finally:
        store.close()
