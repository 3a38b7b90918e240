"""Upptime repositories: what a clone's history says of its sites.

Upptime keeps one file for each site, `history/<site>.yml`, and commits it when the state changes
and about once a day. Each version of a file is one observation, whatever commit brings it and in
whatever order: its own time counts, the commit's only where it has none. A site whose file is taken
away is no longer watched, and unknown from then on. Nothing is fetched and nothing written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import yaml
from dulwich.errors import NotGitRepository
from dulwich.objects import Blob, Commit, Tree
from dulwich.refs import Ref
from dulwich.repo import Repo

from connectors.errors import Retriable
from connectors.monitoring import BadRows, Capability, Reading, SourceFacts, Wanted
from connectors.monitoring._answers import answer_of
from connectors.monitoring._unusable import MOST_LISTED, judged
from connectors.retry import with_retries
from models.findings import Finding, Severity, UnusableInputError, refuse
from models.intervals import instant
from models.outage import Observation, State, Timeline
from models.sources.upptime import UpptimeSite

FOLDER = b"history"
SUFFIX = ".yml"
A_SECOND_MS = 1000
PLACES = ("refs/heads/", "refs/remotes/origin/")
"""Where a clone keeps branches: its own, and those of where it was cloned from."""

STATES = {"up": State.UP, "down": State.DOWN, "degraded": State.DEGRADED}

REMEDY = "Mend its history, or give the source bad_rows: report, which makes such time unknown."

Sites = Mapping[str, bytes]
"""The files of sites in one commit, by name, with the digests of their contents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpptimeRepository:
    """A source that reads a clone.

    Attributes:
        id: The source's name in the workspace.
        repository: The clone's folder, seen from `folder`.
        folder: The workspace's folder.
        monitors: The site of each monitor.
        branch: The branch that counts; None for the one that is checked out.
        spacing_ms: How often Upptime looks; None where nobody knows.
        bad_rows: What unusable entries do.
    """

    id: str
    repository: str
    monitors: Mapping[str, UpptimeSite]
    folder: Path = Path()
    branch: str | None = None
    spacing_ms: int | None = None
    bad_rows: BadRows = BadRows.REFUSE

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Timelines."""
        return frozenset({Capability.TIMELINES})

    def read(self, wanted: Wanted) -> Reading:
        """Everything that the history says of the monitors' sites.

        Raises:
            UnusableInputError: There is no such repository or branch, or an entry cannot be used.
            Retriable: The repository cannot be read now, several times over.
        """
        return with_retries(lambda: self._read(wanted))

    def _read(self, wanted: Wanted) -> Reading:
        try:
            with Repo(str(self.folder / self.repository)) as repo:
                history = _History(repo, self._head(repo), self.repository, self._names())
                history.walk()
        except NotGitRepository:
            raise self._refused("is no git repository", "Clone it there.") from None
        except (OSError, KeyError, AssertionError) as error:
            message = (
                f"{self.repository}: cannot be read now: {type(error).__name__}: {error}. "
                "It may be in the middle of a fetch; nothing was changed."
            )
            raise Retriable(message) from None
        return self._reading(history, wanted)

    def _names(self) -> frozenset[str]:
        return frozenset(name for site in self.monitors.values() for name in _names_of(site))

    def _head(self, repo: Repo) -> bytes:
        for place in [""] if self.branch is None else PLACES:
            with suppress(KeyError):
                return bytes(repo.refs[Ref(f"{place}{self.branch or 'HEAD'}".encode())])
        found = "has no commit" if self.branch is None else f"has no branch {self.branch}"
        raise self._refused(found, "Name the branch as branch: in makegood.yaml, or clone it.")

    def _refused(self, fact: str, remedy: str) -> UnusableInputError:
        expected = "a clone of an Upptime repository with its whole history"
        return refuse(self.repository, fact, expected=expected, remedy=remedy)

    def _reading(self, history: _History, wanted: Wanted) -> Reading:
        rows = {name: history.rows_of(_names_of(site)) for name, site in self.monitors.items()}
        unusable = judged(
            history.findings,
            unusable=history.unusable,
            path=self.repository,
            bad_rows=self.bad_rows,
        )
        timelines = {
            name: (self._timeline(name, observed, wanted),)
            for name, observed in sorted(rows.items())
            if observed and wanted.wants(name)
        }
        facts = self._facts(rows, history, (*unusable, *self._never_seen(rows)))
        return Reading(timelines=MappingProxyType(timelines), facts=facts)

    def _timeline(self, name: str, observed: Sequence[Observation], wanted: Wanted) -> Timeline:
        timeline = Timeline.of(
            observed,
            monitor=name,
            gap_floor_ms=wanted.gap_floor_ms,
            better_wins=wanted.better_wins,
        )
        return replace(timeline, spacing_ms=self.spacing_ms)

    def _facts(
        self,
        rows: Mapping[str, Sequence[Observation]],
        history: _History,
        findings: tuple[Finding, ...],
    ) -> SourceFacts:
        instants = [row.at for observed in rows.values() for row in observed]
        each = [len(observed) for observed in rows.values()]
        moments = [len({row.at for row in observed}) for observed in rows.values()]
        return SourceFacts(
            files=tuple(
                answer_of(self.id, name, [(row.at, row.state.name) for row in observed])
                for name, observed in sorted(rows.items())
            ),
            rows=sum(each),
            conflicting_duplicates=sum(each) - sum(moments),
            unusable=history.unusable,
            findings=findings,
            first_at=min(instants, default=None),
            last_at=max(instants, default=None),
        )

    def _never_seen(self, rows: Mapping[str, Sequence[Observation]]) -> Iterator[Finding]:
        for name, observed in rows.items():
            if not observed:
                yield Finding(
                    place=self.repository,
                    fact=f"never had a site {self.monitors[name].site}, which {name} is to be",
                    expected=f"history/{self.monitors[name].site}{SUFFIX} in some commit",
                    remedy="Correct site: in makegood.yaml.",
                    severity=Severity.WARNING,
                )


def _names_of(site: UpptimeSite) -> tuple[str, ...]:
    return (site.site, *site.formerly)


@dataclass(slots=True)
class _History:
    """One walk through all commits that a head reaches.

    Attributes:
        repo: The clone.
        head: Where the walk begins.
        place: The clone in findings.
        names: The sites that matter.
        seen: By site, every observation, each once.
        present: From the first commit of the head's own line to the head, when it was made and
            which of these sites it has.
        unusable: Entries that cannot be used.
        findings: What is wrong with the first of them.
    """

    repo: Repo
    head: bytes
    place: str
    names: frozenset[str]
    seen: dict[str, set[Observation]] = field(default_factory=dict)
    present: list[tuple[int, frozenset[str]]] = field(default_factory=list)
    unusable: int = 0
    findings: list[Finding] = field(default_factory=list)
    _known: dict[bytes, Sites] = field(default_factory=dict)
    _there: dict[bytes, tuple[int, frozenset[str]]] = field(default_factory=dict)

    def walk(self) -> None:
        """Read each version of each file once, with the earliest commit that has it."""
        first: dict[tuple[str, bytes], Commit] = {}
        behind: dict[bytes, bytes | None] = {}
        for commit, parents in self._commits():
            sites = self._sites(commit)
            self._there[commit.id] = (commit.commit_time * A_SECOND_MS, frozenset(sites))
            behind[commit.id] = next(iter(parents), None)
            for name, content in sites.items():
                known = first.setdefault((name, content), commit)
                if commit.commit_time < known.commit_time:
                    first[name, content] = commit
        for (name, content), commit in sorted(first.items(), key=_by_time):
            self._observe(name, content, commit)
        self._follow_the_head(behind)

    def _commits(self) -> Iterator[tuple[Commit, Sequence[bytes]]]:
        """Every commit with its parents, as far as the clone has them."""
        waiting, met = [self.head], {self.head}
        while waiting:
            commit = self.repo[waiting.pop()]
            if isinstance(commit, Commit):
                parents = self.repo.get_parents(commit.id, commit)
                yield commit, parents
                waiting += [parent for parent in parents if parent not in met]
                met.update(parents)

    def _sites(self, commit: Commit) -> Sites:
        tree = self.repo[commit.tree]
        if not isinstance(tree, Tree) or FOLDER not in tree:
            return {}
        _, digest = tree[FOLDER]
        if digest not in self._known:
            self._known[digest] = self._listed(digest)
        return self._known[digest]

    def _listed(self, digest: bytes) -> Sites:
        folder = self.repo[digest]
        if not isinstance(folder, Tree):
            return {}
        files = ((entry.path.decode(errors="replace"), entry.sha) for entry in folder.items())
        found = ((path.removesuffix(SUFFIX), sha) for path, sha in files if path.endswith(SUFFIX))
        return {name: sha for name, sha in found if name in self.names}

    def _follow_the_head(self, behind: Mapping[bytes, bytes | None]) -> None:
        at: bytes | None = self.head
        while at is not None and at in self._there:
            self.present.append(self._there[at])
            at = behind[at]
        self.present.reverse()

    def _observe(self, name: str, content: bytes, commit: Commit) -> None:
        blob = self.repo[content]
        text = blob.data if isinstance(blob, Blob) else b""
        made = commit.commit_time * A_SECOND_MS
        try:
            observed = _observation(text, made)
        except (ValueError, yaml.YAMLError) as error:
            observed = Observation(made, State.UNKNOWN)
            self._note(f"history/{name}{SUFFIX} in {commit.id.decode()[:12]}", str(error))
        self.seen.setdefault(name, set()).add(observed)

    def _note(self, entry: str, why: str) -> None:
        self.unusable += 1
        if len(self.findings) < MOST_LISTED:
            place, fact = f"{self.place}: {entry}", " ".join(why.split())[:200]
            expected = "status: up, down or degraded, and lastUpdated: with its offset"
            self.findings.append(Finding(place, fact, expected, REMEDY))

    def rows_of(self, names: Sequence[str]) -> tuple[Observation, ...]:
        """Every observation of a site under all of its names, and when it was taken away."""
        observed = {row for name in names for row in self.seen.get(name, ())}
        if not observed:
            return ()
        return tuple(sorted(observed | set(self._taken_away(names)), key=lambda row: row.at))

    def _taken_away(self, names: Sequence[str]) -> Iterator[Observation]:
        mine, was_there = frozenset(names), False
        for made, present in self.present:
            is_there = bool(mine & present)
            if was_there and not is_there:
                yield Observation(made, State.UNKNOWN)
            was_there = is_there


def _by_time(found: tuple[tuple[str, bytes], Commit]) -> tuple[int, str, bytes]:
    (name, content), commit = found
    return commit.commit_time, name, content


def _observation(text: bytes, made: int) -> Observation:
    """What one version of a site's file says.

    Raises:
        ValueError: It says no state, or no time that can be used.
        YAMLError: It is no YAML.
    """
    # No number and no date is guessed from its look: every scalar stays text.
    told = yaml.load(text.decode(), Loader=yaml.CBaseLoader)  # noqa: S506  It makes texts alone.
    if not isinstance(told, dict):
        message = "holds no fields"
        raise ValueError(message)  # noqa: TRY004  Whoever reads the file needs no other class.
    status, at = told.get("status"), told.get("lastUpdated")
    if status not in STATES:
        message = f"has the status {status!r}"
        raise ValueError(message)
    return Observation(made if at is None else _instant(at), STATES[status])


def _instant(text: object) -> int:
    message = f"has the lastUpdated {text!r}"
    try:
        return instant(datetime.fromisoformat(str(text)))
    except ValueError:
        raise ValueError(message) from None
