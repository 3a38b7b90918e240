"""The ledgers read back: what people said and changed is written down, and their ticks are obeyed.

An edit is told in the log and healed when the ledger is next written; a claim's Status is told to
the claim; a tick of Release that counts ends where every release ends, as one voice that nothing
verifies. A second sync finds nothing to record. Nothing is written to a ledger but by a release,
and no Status moves money.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

from connectors.store import StoredObligation
from flows.claims import moved_by_hand
from flows.ledger_reading import (
    Edit,
    LedgersRead,
    Stage,
    StatusSaid,
    Tick,
    judged_again,
    read_ledgers,
    record_edits,
    record_obeyed,
    record_tick,
)
from flows.office import Office
from flows.release import Batch, Released, chosen_batch, release
from models.approval import Identity, Voice
from models.credit import ObligationState
from models.period import ServiceMonth


@dataclass(frozen=True, slots=True)
class Ticked:
    """What became of a tick.

    Attributes:
        tick: The tick.
        released: Whether it let its credit go now.
        why: Why it did not, or what is still missing; "" when it did, or would.
    """

    tick: Tick
    released: bool = False
    why: str = ""


@dataclass(slots=True)
class Synced:
    """What a sync read, recorded and let go.

    Attributes:
        months: The service months, rising.
        dry_run: Whether nothing was recorded.
        rows: How many rows of ours were read, in all ledgers.
        edits: The edits that the log did not have.
        moved: What was told to claims, in words.
        ticks: What became of ticks.
        questions: What only a person can settle.
        notes: What is worth knowing.
    """

    months: tuple[ServiceMonth, ...]
    dry_run: bool = False
    rows: int = 0
    edits: list[Edit] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    ticks: list[Ticked] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def released(self) -> tuple[str, ...]:
        """The keys that were let go now."""
        return tuple(one.tick.row.key for one in self.ticks if one.released)


def sync(office: Office, *, month: ServiceMonth | None, at: int, dry_run: bool = False) -> Synced:
    """Read the ledgers back.

    Args:
        office: What the sync talks to.
        month: The service month; None for every month that anything is recorded of.
        at: The present instant.
        dry_run: Say what would be recorded and released; record and release nothing.

    Raises:
        UnusableInputError: A ledger is not one of ours.
        MonthLockedError: The month, or another sync of it, is running elsewhere.
        ReleaseRefusedError: A credit changed meanwhile; run it again.
        ConnectorError: A ledger, billing or the database cannot be asked, or is set up wrongly.
    """
    result = Synced(_months(office) if month is None else (month,), dry_run)
    for each in result.months:
        _MonthSync(office, each, at, result).conduct()
    return result


def _months(office: Office) -> tuple[ServiceMonth, ...]:
    periods = {stored.obligation.period for stored in office.store.obligations(None)}
    return tuple(ServiceMonth.parse(period) for period in sorted(periods))


class _MonthSync:
    """One month's sync."""

    def __init__(self, office: Office, month: ServiceMonth, at: int, result: Synced) -> None:
        self._office, self._month, self._at, self._result = office, month, at, result

    def conduct(self) -> None:
        """Read and record under the month's lock; then release, which takes it anew."""
        holder = f"makegood sync {self._month}"
        with self._alone(f"sync/{self._month}", holder):
            found = self._read(holder)
            for said in found.said:
                self._tell_claim(said)
            self._obey(found.ticks)

    def _alone(self, name: str, holder: str) -> AbstractContextManager[None]:
        """One sync of a month at a time; a dry run is in nobody's way."""
        if self._result.dry_run:
            return nullcontext()
        return self._office.store.hold(name, holder=holder)

    def _read(self, holder: str) -> LedgersRead:
        office, result = self._office, self._result
        if result.dry_run:
            found = read_ledgers(office, self._month)
        else:
            with office.store.month_lock(str(self._month), holder=holder):
                found = read_ledgers(office, self._month)
                record_edits(office, found)
        result.rows += found.rows
        result.edits += found.edits
        result.questions += found.questions
        result.notes += found.notes
        return found

    def _tell_claim(self, said: StatusSaid) -> None:
        row, status = said.row, said.status
        if self._result.dry_run:
            self._result.moved.append(f"{row.key}: {row.editor} says {status.value}")
            return
        voice = Voice(row.editor, Identity.LAST_EDITOR)
        at = self._at if row.page.edited_at is None else row.page.edited_at
        moved = moved_by_hand(self._office, row.key, status, voice, at, shown=said.shown)
        if moved.recorded:
            self._result.moved.append(moved.says)
        elif moved.refused:
            self._result.questions.append(f"{row.ledger} {moved.says}")

    # --- Ticks ------------------------------------------------------------------------------------

    def _obey(self, ticks: Sequence[Tick]) -> None:
        """Judge, write down, read again, and only then let go."""
        for tick in ticks:
            if not tick.counts:
                self._leave(tick)
        self._finish([tick for tick in ticks if tick.stage is Stage.UNFINISHED])
        counted = [tick for tick in ticks if tick.counts]
        if not self._result.dry_run:
            counted = self._claimed(counted)
        by_key = {tick.row.key: tick for tick in counted}
        for batch in self._batches([tick.row.stored for tick in by_key.values()]):
            self._let_go([by_key[stored.key] for stored in batch.waiting], batch)

    def _claimed(self, ticks: Sequence[Tick]) -> list[Tick]:
        """Those that still count once it is written down that they do, as their rows stand then."""
        kept = []
        for tick in ticks:
            why = record_tick(self._office, tick) if tick.stage is Stage.NEW else ""
            if why:
                self._question(tick, why)
            else:
                kept.append(tick)
        news = {tick.row.key for tick in kept if tick.stage is Stage.NEW}
        again = judged_again(self._office, self._month, kept) if kept else ()
        for tick in again:
            if tick.why:
                self._question(tick, tick.why)
        return [replace(t, stage=Stage.NEW) if t.row.key in news else t for t in again if t.counts]

    def _leave(self, tick: Tick) -> None:
        """A tick that lets nothing go: a new one is written down, one that waits is asked about."""
        row, written = tick.row, tick.stage in {Stage.NEW, Stage.GONE}
        if written and not self._result.dry_run:
            record_tick(self._office, tick)
        if tick.stage is Stage.GONE:
            self._result.notes.append(f"{row.ledger} {row.key}: Release is not ticked any more")
        released = row.stored.obligation.state is ObligationState.RELEASED
        if tick.why and not released and (tick.is_open or tick.stage is Stage.NEW):
            self._question(tick, tick.why)

    def _question(self, tick: Tick, why: str) -> None:
        self._result.ticks.append(Ticked(tick, why=why))
        self._result.questions.append(
            f"{tick.row.ledger} {tick.row.key}: Release is ticked, and nothing is released: {why}. "
            "Untick it, sync, then tick it again; or use `makegood release`."
        )

    def _finish(self, ticks: Sequence[Tick]) -> None:
        """Go on where a sync died after its release: pay and tell what is not done; once."""
        if not ticks or self._result.dry_run:
            return
        nothing = chosen_batch(self._office, month=self._month, waiting=())
        self._ask(release(self._office, nothing, by=_voice(ticks), why=_why(ticks), at=self._at))
        for tick in ticks:
            record_obeyed(self._office, tick)

    def _ask(self, done: Released) -> None:
        self._result.questions += [
            *(f"{asked.part}, {asked.amount}: {asked.why}" for asked in done.asked),
            *done.questions,
        ]

    def _batches(self, drafts: Sequence[StoredObligation]) -> Iterator[Batch]:
        """What is let go together: all at once, but for what only two people can release.

        The sum of the rest is judged as one, as if it had been shown together.
        """
        alone, together = [], []
        for stored in drafts:
            single = chosen_batch(self._office, month=self._month, waiting=(stored,))
            if single.needed.people > 1:
                alone.append(single)
            else:
                together.append(stored)
        if together:
            yield chosen_batch(self._office, month=self._month, waiting=tuple(together))
        yield from alone

    def _let_go(self, ticks: Sequence[Tick], batch: Batch) -> None:
        two = batch.needed.why if batch.needed.people > 1 else ""
        heard = all(tick.stage is Stage.BEGUN for tick in ticks)
        if self._result.dry_run or (two and heard):
            # Their yes is kept already, and counts for nothing towards two.
            self._waiting(ticks, f"{two}, so two people must agree" if two else "")
            return
        done = release(self._office, batch, by=_voice(ticks), why=_why(ticks), at=self._at)
        if done.needs:
            self._waiting(ticks, done.needs)
        else:
            for tick in ticks:
                record_obeyed(self._office, tick)
                self._result.ticks.append(Ticked(tick, released=True))
        self._ask(done)

    def _waiting(self, ticks: Sequence[Tick], needs: str) -> None:
        self._result.ticks += [Ticked(tick, why=needs) for tick in ticks]
        if needs:
            named = ", ".join(tick.row.key for tick in ticks)
            self._result.questions.append(f"{named}: Release is ticked. {needs}")


def _voice(ticks: Sequence[Tick]) -> Voice:
    """Whoever ticked, as one voice that nothing verifies, however many names there are."""
    names = dict.fromkeys(tick.row.editor for tick in ticks)
    return Voice(", ".join(names), Identity.LAST_EDITOR)


def _why(ticks: Sequence[Tick]) -> str:
    ledgers = dict.fromkeys(tick.row.ledger for tick in ticks)
    return f"Release ticked in {' and '.join(ledgers)}"
