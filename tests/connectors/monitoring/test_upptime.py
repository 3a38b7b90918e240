"""Upptime repositories, built commit by commit: what their history says of each site."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from dulwich.objects import Blob, Commit, Tree
from dulwich.refs import Ref
from dulwich.repo import Repo

from connectors.monitoring import BadRows, Wanted
from connectors.monitoring.upptime import UpptimeRepository
from models.findings import UnusableInputError
from models.intervals import Interval, utc_text
from models.outage import State
from models.period import ServiceMonth
from models.sources.upptime import UpptimeSite
from tests.connectors.monitoring.conformance import (
    COVERS,
    DOWN,
    HOUR,
    MAY,
    UP,
    TimelineConformance,
    as_written,
)
from tests.models.ladders.sheets import SHARED

REAL = SHARED / "data" / "upptime"
UNKNOWN, DEGRADED = State.UNKNOWN, State.DEGRADED
FILE = 0o100644
FOLDER = 0o040000


def told(at, state, **other):
    """A site's file as Upptime writes it."""
    fields = {
        "url": "https://relay.example",
        "status": state,
        "code": 200 if state == "up" else 0,
        "responseTime": 123,
        "lastUpdated": None if at is None else utc_text(at),
        "startTime": "2020-01-01T00:00:00.000Z",
        "generator": "Upptime <https://github.com/upptime/upptime>",
        **other,
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items() if value is not None)


class Clone:
    """A repository to which commits are added; its objects are written together at the end."""

    def __init__(self, folder: Path) -> None:
        """Begin without a commit."""
        self.repo = Repo.init(str(folder / "status"), mkdir=True)
        self.objects: list[tuple[Blob | Tree | Commit, None]] = []

    def commit(self, files, *, at=COVERS.start, parents=()):
        """A commit with these files in `history/`; its id."""
        history, top = Tree(), Tree()
        for name, text in files.items():
            blob = Blob.from_string(text.encode())
            history.add(f"{name}.yml".encode(), FILE, blob.id)
            self.objects.append((blob, None))
        top.add(b"README.md", FILE, self._readme())
        if files:
            top.add(b"history", FOLDER, history.id)
        made = Commit()
        made.tree, made.parents = top.id, list(parents)
        made.author = made.committer = b"Upptime Bot <bot@relay.example>"
        made.author_time = made.commit_time = at // 1000
        made.author_timezone = made.commit_timezone = 0
        made.message = b"Relay is up [skip ci] [upptime]"
        self.objects += [(history, None), (top, None), (made, None)]
        return made.id

    def _readme(self):
        blob = Blob.from_string(b"status")
        self.objects.append((blob, None))
        return blob.id

    def line(self, *versions, at=None):
        """Commits one after the other, and the branch at the last one."""
        parents: list[bytes] = []
        for number, files in enumerate(versions):
            moment = COVERS.start + number * HOUR if at is None else at[number]
            parents = [self.commit(files, at=moment, parents=parents)]
        return self.done(parents[0])

    def done(self, head, branch="master"):
        """Write everything, with the branch there."""
        unique = {one.id: (one, None) for one, _ in self.objects}
        self.repo.object_store.add_objects(list(unique.values()))
        self.repo.refs[Ref(f"refs/heads/{branch}".encode())] = head
        self.repo.refs.set_symbolic_ref(Ref(b"HEAD"), Ref(f"refs/heads/{branch}".encode()))
        self.repo.close()


def source(folder, *names, **settings):
    """The source of the clone in this folder; each monitor has the name of its site."""
    monitors = {name: UpptimeSite(site=name) for name in names}
    terms = {"monitors": monitors, **settings}
    return UpptimeRepository(id="status", repository="status", folder=folder, **terms)


def changes(source, monitor="web"):
    """What the source says of a monitor."""
    (timeline,) = source.read(Wanted()).timelines[monitor]
    return timeline.changes


class TestUpptime(TimelineConformance):
    """A clone in which each row is a commit."""

    KEEPS_ROWS = False

    def source_of(self, folder, sightings, scramble=as_written):
        """Each row changes one file and leaves the others."""
        clone, versions = Clone(folder), []
        files: dict[str, str] = {}
        for row in scramble(list(sightings)):
            files = {**files, row.monitor: told(row.at, row.state.name.lower())}
            versions.append(files)
        clone.line(*versions or [{}])
        names = {row.monitor for row in sightings} or {"web"}
        return source(folder, *sorted(names))

    @pytest.fixture
    def broken(self, tmp_path):
        """A state that nobody knows."""
        Clone(tmp_path).line({"web": told(MAY.start, "sleepy")})
        return source(tmp_path, "web")

    def test_each_region_has_its_own_timeline(self, tmp_path):
        """A repository looks from one place."""
        pytest.skip("Upptime knows no regions")


def test_the_sites_own_time_counts_and_not_the_commits(tmp_path):
    """The commit came two hours late."""
    Clone(tmp_path).line({"web": told(MAY.start + 7, "up")}, at=[MAY.start + 2 * HOUR])
    assert changes(source(tmp_path, "web")) == ((MAY.start + 7, UP),)


def test_without_a_time_of_its_own_the_commits_counts(tmp_path):
    """To the second, as git has it."""
    Clone(tmp_path).line({"web": told(None, "up")}, at=[MAY.start])
    assert changes(source(tmp_path, "web")) == ((MAY.start, UP),)


def test_degraded_is_a_state_of_its_own(tmp_path):
    """What it counts as, the contract says."""
    rows = [(0, "up"), (1, "degraded"), (2, "down")]
    Clone(tmp_path).line(*[{"web": told(MAY.start + hour * HOUR, state)} for hour, state in rows])
    assert [state for _, state in changes(source(tmp_path, "web"))] == [UP, DEGRADED, DOWN]


def test_a_commit_that_was_undone_says_nothing_new(tmp_path):
    """The third commit brings back the first version of the file: an observation already known."""
    first, second = told(MAY.start, "up"), told(MAY.start + HOUR, "down")
    Clone(tmp_path).line({"web": first}, {"web": second}, {"web": first})
    assert changes(source(tmp_path, "web")) == ((MAY.start, UP), (MAY.start + HOUR, DOWN))


def test_both_sides_of_a_merge_are_read(tmp_path):
    """A person's line without observations, and the robot's with one, put together."""
    clone = Clone(tmp_path)
    first = {"web": told(MAY.start, "up")}
    root = clone.commit(first)
    robot = clone.commit({"web": told(MAY.start + HOUR, "down")}, parents=[root])
    person = clone.commit(first, parents=[root])
    end = {"web": told(MAY.start + 2 * HOUR, "up")}
    clone.done(clone.commit(end, parents=[person, robot]))
    assert changes(source(tmp_path, "web")) == (
        (MAY.start, UP),
        (MAY.start + HOUR, DOWN),
        (MAY.start + 2 * HOUR, UP),
    )


def test_a_site_that_is_taken_away_is_unknown_from_then_on(tmp_path):
    """Nobody looks any more; it is not down for ever because it was down then."""
    Clone(tmp_path).line(
        {"web": told(MAY.start, "down"), "mail": told(MAY.start, "up")},
        {"mail": told(MAY.start, "up")},
        at=[MAY.start, MAY.start + 5 * HOUR],
    )
    assert changes(source(tmp_path, "web", "mail")) == (
        (MAY.start, DOWN),
        (MAY.start + 5 * HOUR, UNKNOWN),
    )


def test_a_site_that_was_renamed_keeps_its_history(tmp_path):
    """`web` became `shop`; one commit takes the one away and brings the other."""
    Clone(tmp_path).line(
        {"web": told(MAY.start, "up")},
        {"web": told(MAY.start + HOUR, "down")},
        {"shop": told(MAY.start + 2 * HOUR, "up")},
    )
    monitors = {"web": UpptimeSite(site="shop", formerly=("web",))}
    assert changes(source(tmp_path, monitors=monitors)) == (
        (MAY.start, UP),
        (MAY.start + HOUR, DOWN),
        (MAY.start + 2 * HOUR, UP),
    )


def test_a_branch_may_be_named(tmp_path):
    """Also one that only the place has that it was cloned from."""
    clone = Clone(tmp_path)
    clone.line({"web": told(MAY.start, "up")})
    again = Repo(str(tmp_path / "status"))
    head = again.refs[Ref(b"refs/heads/master")]
    again.refs[Ref(b"refs/remotes/origin/status")] = head
    again.close()
    assert changes(source(tmp_path, "web", branch="status")) == ((MAY.start, UP),)
    with pytest.raises(UnusableInputError, match="status: has no branch main"):
        source(tmp_path, "web", branch="main").read(Wanted())


@pytest.mark.parametrize("made", ["nothing", "folder"])
def test_what_is_no_repository_is_refused(tmp_path, made):
    """Missing, or a folder of something else."""
    if made == "folder":
        (tmp_path / "status").mkdir()
    with pytest.raises(UnusableInputError, match="status: is no git repository"):
        source(tmp_path, "web").read(Wanted())


def test_a_repository_without_commits_is_refused(tmp_path):
    """It was cloned before anything was in it."""
    Clone(tmp_path).repo.close()
    with pytest.raises(UnusableInputError, match="status: has no commit"):
        source(tmp_path, "web").read(Wanted())


def test_a_site_that_never_was_is_a_warning(tmp_path):
    """The others are read; the contract's no-data policy decides about this one."""
    Clone(tmp_path).line({"web": told(MAY.start, "up")})
    reading = source(tmp_path, "web", "wbe").read(Wanted())
    assert set(reading.timelines) == {"web"}
    (finding,) = reading.facts.findings
    assert "never had a site wbe" in str(finding)


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        (told(MAY.start, "sleepy"), "has the status 'sleepy'"),
        (told(None, "up", lastUpdated="yesterday"), "has the lastUpdated 'yesterday'"),
        (told(None, "up", lastUpdated="2026-05-01T00:00:00"), "2026-05-01T00:00:00"),
        ("<<<<<<< HEAD\nstatus: up\n", "not allowed"),
        ("- up\n", "holds no fields"),
        ("a: [\n", "while parsing"),
    ],
)
def test_an_entry_that_cannot_be_used_is_refused_with_its_commit_or_reported(tmp_path, text, fact):
    """Reported, the time from that commit to the next observation is unknown."""
    clone = Clone(tmp_path)
    good, later = told(MAY.start, "down"), told(MAY.start + 3 * HOUR, "up")
    clone.line(
        {"web": good}, {"web": text}, {"web": later}, at=[MAY.start, MAY.start + HOUR, MAY.end]
    )
    with pytest.raises(UnusableInputError) as refused:
        source(tmp_path, "web").read(Wanted())
    (finding,) = refused.value.findings
    assert finding.place.startswith("status: history/web.yml in ")
    assert fact in finding.fact
    reported = source(tmp_path, "web", bad_rows=BadRows.REPORT)
    assert changes(reported) == (
        (MAY.start, DOWN),
        (MAY.start + HOUR, UNKNOWN),
        (MAY.start + 3 * HOUR, UP),
    )
    assert reported.read(Wanted()).facts.unusable == 1


def test_how_often_upptime_looks_bounds_what_it_cannot_have_seen(tmp_path):
    """A change after a quiet day was seen within five minutes."""
    Clone(tmp_path).line(
        {"web": told(MAY.start, "up")}, {"web": told(MAY.start + 24 * HOUR, "down")}
    )
    found = source(tmp_path, "web", spacing_ms=300_000).read(Wanted(span=MAY))
    (timeline,) = found.timelines["web"]
    assert timeline.keeping(None).unseen_ms == (0, 300_000)


def test_a_clone_without_its_past_is_read_from_its_first_commit_on(tmp_path):
    """As `git clone --depth 1` makes it."""
    clone = Clone(tmp_path)
    parent = b"1" * 40
    head = clone.commit({"web": told(MAY.start, "up")}, parents=[parent])
    clone.done(head)
    (tmp_path / "status/.git/shallow").write_bytes(head + b"\n")
    assert changes(source(tmp_path, "web")) == ((MAY.start, UP),)


def real(name):
    """The rows of one table of real sites; a test that asks is skipped where there is none."""
    if not REAL.is_dir():
        pytest.skip("the real observations are not at hand")
    with (REAL / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_real_repository_gives_its_published_months(tmp_path):
    """The commits of eight real sites laid into a repository: five months to the millisecond."""
    rows = [row for row in real("observations.csv") if row["source"] == "limecommerce"]
    clone, versions = Clone(tmp_path), []
    files: dict[str, str] = {}
    for row in rows:
        text = f"status: {row['status']}\ncode: {row['http_code']}\n"
        files = {**files, row["site"]: f"{text}lastUpdated: {row['observed_at_utc']}\n"}
        versions.append(files)
    clone.line(*versions, at=[MAY.start] * len(versions))
    reading = source(tmp_path, *{row["site"] for row in rows}).read(Wanted())
    published = [
        row
        for row in real("expected_months.csv")
        if row["source"] == "limecommerce" and row["full_month"] == "1"
    ]
    assert published
    for row in published:
        (timeline,) = reading.timelines[row["site"]]
        month = ServiceMonth.parse(row["month_utc"]).bounds("UTC")
        assert _down_ms(timeline, month) == int(Decimal(row["down_seconds"]) * 1000), row


def _down_ms(timeline, month: Interval) -> int:
    """How long a site was down in a month, by its changes alone."""
    ends = [at for at, _ in timeline.changes[1:]] + [month.end]
    spans = [
        (max(at, month.start), min(end, month.end))
        for (at, state), end in zip(timeline.changes, ends, strict=True)
        if state is DOWN
    ]
    return sum(end - start for start, end in spans if end > start)
