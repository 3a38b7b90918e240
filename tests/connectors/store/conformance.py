"""The store's promise, as tests that every database passes."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import delete, text
from sqlalchemy.exc import DBAPIError

from connectors.errors import Permanent
from connectors.store import (
    ChainMovedError,
    EffectOutcome,
    EffectRefusedError,
    Evidence,
    GuardMovedError,
    HeldError,
    KeptGuard,
    MonthLockedError,
    Release,
    ReleaseRefusedError,
    ShardBatch,
    Start,
    TermsRecord,
    batch_digest,
    sql,
)
from models.contract import Role
from models.credit import ObligationState
from models.decision import GENESIS, EntryKind, chain_faults, digest_of
from models.effect import (
    MAY_BE_RESOLVED,
    MAY_BECOME,
    MAY_BEGIN,
    RESOLUTIONS,
    WORKSPACE,
    EffectState,
)
from models.incidents.signal import Condition
from models.intervals import instant
from models.tables import Row
from tests.connectors.store.children import (
    ACTS,
    CHILDREN,
    die_while,
    hold,
    hold_name,
    open_together,
    take_turns,
)
from tests.connectors.store.makers import (
    ACME,
    MAY,
    R0,
    R1,
    approval,
    arrival,
    change,
    draft,
    everything,
    kept_month,
    notice,
    owed,
    release_all,
    shard,
    summary,
    superseded,
    told,
    unreadable,
    vendor_event,
)
from tests.connectors.store.version_1 import brings_version_1_up_to_date


def head_of(store, contract=ACME, period=MAY):
    """The head that a caller reads before it records."""
    return store.history([contract], period)[contract].head


def bodies(store, kind, **narrowed):
    """The bodies of one kind of entry."""
    return [entry.body for entry in store.entries(**narrowed) if entry.kind is kind]


def execute(store, statement, **values):
    """Run raw SQL, past everything that the store would refuse."""
    with store.dialect.writing() as connection:
        connection.execute(text(statement), values)


def drop_trigger(store, table, event):
    """Take a guard away, as somebody who tampers with the database would."""
    on_table = f" ON {table}" if store.dialect.engine.dialect.name == "postgresql" else ""
    execute(store, f"DROP TRIGGER {table}_{event}{on_table}")


class StoreConformance:
    """Subclasses give a `store` fixture: an open, empty store."""

    # --- What is told ---------------------------------------------------------------------------

    def test_what_is_told_follows_what_was_decided(self, store):
        """One chain holds both; the body comes back with the id under which it was told."""
        store.record(shard(change()))
        (entry,) = store.observe([told("ticket-1", {"to": "filed"})])
        assert entry.body == {"id": "ticket-1", "to": "filed"}
        assert [e.kind for e in store.entries()][2:] == [EntryKind.CLAIM_MOVED]
        assert store.history([ACME], MAY)[ACME].head == (2, entry.digest)
        assert chain_faults(list(store.entries())) == []

    def test_what_is_told_twice_is_recorded_once(self, store):
        """Within one call, in a later one, and with other words: the first stays."""
        first, again = store.observe([told("n", {"to": "filed"}), told("n", {"to": "denied"})])
        assert first == again
        assert store.observe([told("n", {"to": "approved"})]) == (first,)
        assert list(store.entries()) == [first]

    def test_an_id_is_of_one_contract_month_and_kind(self, store):
        """The same word elsewhere names something else."""
        everywhere = [
            told("n"),
            told("n", contract="zeta/api"),
            told("n", period="2026-06"),
            told("n", kind=EntryKind.LEDGER_EDITED),
        ]
        assert len({entry.digest for entry in store.observe(everywhere)}) == 4

    def test_what_is_told_streams_by_kind_month_and_contract(self, store, monkeypatch):
        """Pages of two, rising by contract and sequence; other kinds and months are left out."""
        monkeypatch.setattr(sql, "PAGE", 2)
        store.record(shard(change()))
        store.observe([told(str(n), {"n": n}) for n in range(3)])
        store.observe([told("a", contract="zeta/api"), told("b", period="2026-06")])
        store.observe([told("c", kind=EntryKind.LEDGER_EDITED)])
        moved = EntryKind.CLAIM_MOVED
        ids = [entry.body["id"] for entry in store.observed(moved)]
        assert ids == ["0", "1", "2", "b", "a"]
        assert [e.body["id"] for e in store.observed(moved, periods=["2026-06"])] == ["b"]
        assert [e.body["id"] for e in store.observed(moved, contracts=["zeta/api"])] == ["a"]
        assert list(store.observed(moved, contracts=[])) == []
        assert [e.body["id"] for e in store.observed(EntryKind.LEDGER_EDITED)] == ["c"]

    @pytest.mark.parametrize(
        ("stranger", "fact"),
        [
            (told("n", kind=EntryKind.RELEASED), "released is decided or done, not observed"),
            (told(""), "an observation has an id"),
            (told("n", {"id": "m"}), "a body of facts without one"),
            (told("n", ["filed"]), "a body of facts without one"),
        ],
    )
    def test_what_cannot_be_told_is_refused(self, store, stranger, fact):
        """Nothing of the batch is kept, not even what could have been."""
        with pytest.raises(ValueError, match=fact):
            store.observe([told("fine"), stranger])
        assert list(store.entries()) == []

    # --- The log --------------------------------------------------------------------------------

    def test_an_unknown_contract_has_an_empty_history(self, store):
        """Every contract that is asked for has an answer, known or not."""
        history = store.history([ACME, "zeta/api"], MAY)
        assert list(history) == [ACME, "zeta/api"]
        assert history[ACME].head is None
        assert history[ACME].determined is None
        assert history[ACME].obligations == ()

    def test_what_was_recorded_is_the_history(self, store):
        """Head, determination and obligation come back as they were given."""
        store.record(shard(change(body={"steps": ["99.8978 % < 99.9 %"]})))
        known = store.history([ACME], MAY)[ACME]
        determined, drafted = store.entries()
        assert known.head == (1, drafted.digest)
        assert known.determined == determined
        assert determined.body == {"steps": ["99.8978 % < 99.9 %"]}
        assert [stored.obligation for stored in known.obligations] == [draft()]

    def test_a_draft_names_the_decision_behind_it(self, store):
        """The obligation, and the entry that drafts it, carry the digest of the determination."""
        store.record(shard(change()))
        determined, drafted = store.entries()
        assert store.obligations(MAY)[0].decision == determined.digest
        assert drafted.body == {
            "amount": "123.45",
            "currency": "EUR",
            "decision": determined.digest,
            "facts": digest_of({"uptime_percent": "99.8978"}),
            "kind": "credit",
            "obligation": R0,
            "reason": "first",
            "state": "draft",
        }

    def test_a_chain_runs_through_all_months_of_a_contract(self, store):
        """June's first entry follows May's last; each month finds its own determination."""
        store.record(shard(change(body={"month": 5})))
        store.record(shard(change(body={"month": 6}, after=head_of(store), period="2026-06")))
        entries = list(store.entries(contract=ACME))
        assert [entry.sequence for entry in entries] == [0, 1, 2, 3]
        assert entries[0].previous == GENESIS
        assert chain_faults(entries) == []
        assert store.history([ACME], MAY)[ACME].determined.body == {"month": 5}
        assert store.history([ACME], "2026-06")[ACME].determined.body == {"month": 6}

    def test_the_latest_determination_of_a_month_counts(self, store):
        """A month that was decided twice is known by its second decision."""
        store.record(shard(change(body={"try": 1})))
        again = change(body={"try": 2}, after=head_of(store), revision=1, superseded=superseded())
        store.record(shard(again))
        assert store.history([ACME], MAY)[ACME].determined.body == {"try": 2}

    def test_entries_carry_the_database_s_clock_in_whole_milliseconds(self, store):
        """The instant of recording is neither the caller's nor finer than evidence is."""
        before = time.time_ns() // 1_000_000
        store.record(shard(change()))
        after = time.time_ns() // 1_000_000
        (recorded_at,) = {entry.recorded_at for entry in store.entries()}
        assert before <= instant(recorded_at) <= after
        assert recorded_at.microsecond % 1000 == 0

    def test_a_stale_head_is_refused_and_nothing_is_written(self, store):
        """Two runs that read the same history cannot both append to it."""
        store.record(shard(change()))
        before = everything(store)
        late = shard(change("zeta/api"), change(minor=1), evidence=[Evidence.of("web", [])])
        with pytest.raises(ChainMovedError, match=r"^acme/api: the decision log has moved on"):
            store.record(late)
        assert everything(store) == before
        assert store.evidence([Evidence.of("web", []).digest]) == {}

    def test_a_contradictory_batch_changes_nothing(self, store):
        """One impossible change, found after others were written, takes them all back."""
        impossible = change("zeta/api", superseded=superseded(contract="zeta/api"), revision=1)
        with pytest.raises(ValueError, match="only an open obligation can be superseded"):
            store.record(shard(change(), impossible))
        assert everything(store) == ([], (), (), [], {}, {})

    @pytest.mark.parametrize(
        ("changes", "fact"),
        [
            ([change(), change(revision=1)], "more than one change"),
            ([change(superseded=draft())], "not superseded"),
            ([change(superseded=superseded(contract="zeta/api"))], "does not belong to acme/api"),
            ([change(superseded=superseded(period="2026-04"))], "does not belong to acme/api"),
            ([change(minor=2**63)], "larger than any amount"),
        ],
    )
    def test_a_batch_that_contradicts_itself_is_refused(self, store, changes, fact):
        """Each contradiction has its own sentence."""
        with pytest.raises(ValueError, match=fact):
            store.record(shard(*changes))
        assert everything(store) == ([], (), (), [], {}, {})

    def test_an_empty_batch_is_harmless(self, store):
        """A shard in which nothing changed may still be recorded."""
        store.record(ShardBatch(changes=()))
        assert list(store.entries()) == []

    def test_the_log_streams_in_the_order_of_code_points(self, store, monkeypatch):
        """Pages of three give the same order as Python's own sorting, whatever the locale."""
        monkeypatch.setattr(sql, "PAGE", 3)
        contracts = ["b/x", "a/x", "a-b/x", "a.b/x", "a0/x", "a_b/x"]
        store.record(shard(*(change(contract) for contract in contracts)))
        streamed = [(entry.contract, entry.sequence) for entry in store.entries()]
        assert streamed == sorted((contract, n) for contract in contracts for n in (0, 1))

    def test_the_log_narrows_to_a_contract_and_a_period(self, store):
        """What `explain` and `verify` ask for."""
        store.record(shard(change(), change("zeta/api")))
        store.record(shard(change(after=head_of(store), period="2026-06")))
        assert [e.sequence for e in store.entries(contract=ACME, period="2026-06")] == [2, 3]
        assert {e.contract for e in store.entries(period=MAY)} == {ACME, "zeta/api"}
        assert list(store.entries(contract="nobody/api")) == []
        drafts = list(store.entries(kinds=[EntryKind.DRAFTED]))
        assert drafts
        assert drafts == [e for e in store.entries() if e.kind is EntryKind.DRAFTED]

    def test_many_contracts_are_one_question(self, store):
        """More contracts than one statement names are found all the same."""
        contracts = [f"client-{n}/api" for n in range(501)]
        store.record(shard(*(change(contract) for contract in contracts)))
        history = store.history(contracts, MAY)
        assert all(known.head and len(known.obligations) == 1 for known in history.values())

    def test_text_of_any_script_keeps_its_digest(self, store):
        """Umlauts, CJK, emoji, quotes and control characters survive."""
        body = {"Überfall": "停電 🔌 \u0000 \x1f \\ \" ' é e\u0301", "": [None, True, 2**80]}
        store.record(shard(change(body=body, reason="Störung – „ganz“ 🔥")))
        entries = list(store.entries())
        assert entries[0].body == body
        assert chain_faults(entries) == []
        assert store.obligations(MAY)[0].obligation.reason == "Störung – „ganz“ 🔥"

    @pytest.mark.parametrize(
        ("minor", "currency"), [(2**63 - 1, "EUR"), (1 - 2**63, "JPY"), (0, "KWD")]
    )
    def test_amounts_of_sixty_four_bits_are_exact(self, store, minor, currency):
        """No database may take an amount for a float."""
        store.record(shard(change(minor=minor, currency=currency)))
        amount = store.obligations(MAY)[0].obligation.amount
        assert (amount.minor, amount.currency.code) == (minor, currency)

    @pytest.mark.parametrize("table", sorted(Row.metadata.tables))
    def test_no_row_is_ever_deleted(self, store, table):
        """The database itself refuses, whoever asks."""
        self._fill(store)
        with pytest.raises(DBAPIError, match=f"{table}: its rows are never deleted"):
            execute(store, str(delete(Row.metadata.tables[table])))

    @pytest.mark.parametrize(
        ("statement", "fact"),
        [
            ("UPDATE log_entry SET body = '{}'", "log_entry: its rows are never changed"),
            ("UPDATE evidence SET body = '{}'", "evidence: its rows are never changed"),
            ("UPDATE terms SET body = '{}'", "terms: its rows are never changed"),
            ("UPDATE obligation SET amount_minor = 1", "a released one is never changed"),
            ("UPDATE effect SET intent = '{}'", "what was planned is never changed"),
            ("UPDATE attempt SET answer = '{}'", "a settled one is never changed"),
            ("UPDATE approval SET amount = '1.00 EUR'", "approval: its rows are never changed"),
            ("UPDATE artifact SET month = '2026-06'", "artifact: its rows are never changed"),
            ("UPDATE kept_month SET runs = 'x'", "kept_month: its rows are never changed"),
            ("UPDATE kept_reading SET body = '{}'", "kept_reading: its rows are never changed"),
            ("UPDATE signal SET monitor = 'web'", "signal: its rows are never changed"),
            ("UPDATE vendor_event SET body = '{}'", "vendor_event: its rows are never changed"),
        ],
    )
    def test_what_was_recorded_is_never_changed(self, store, statement, fact):
        """The database itself refuses, whoever asks."""
        self._fill(store)
        with pytest.raises(DBAPIError, match=fact):
            execute(store, statement)

    @staticmethod
    def _fill(store):
        store.record(shard(change()))
        release_all(store, effects=[notice()])
        store.begin([notice().key])
        store.finish([EffectOutcome(notice().key, 1, EffectState.DONE, {"file": "1.eml"})])
        store.approve(approval())
        store.store_event(vendor_event())
        store.turns("notion", gap_us=1)
        store.keep(*kept_month())
        store.hear([arrival()])
        store.keep_guard(KeptGuard("api", 0, 1, {}))

    def test_what_webhooks_tell_is_stored_once_in_its_order(self, store):
        """A second delivery, later or in the same batch, is known; the first one stays."""
        first, second = arrival("a"), arrival("b", condition=Condition.UP)
        assert store.hear([first, second, first]) == (True, True, False)
        assert store.hear([arrival("c"), replace(second, body="{}")]) == (True, False)
        heard = list(store.heard(["robot"], after=0))
        assert [h.signal for h in heard] == [first.signal, second.signal, arrival("c").signal]
        assert [h.number for h in heard] == [1, 2, 3]
        assert [h.number for h in store.heard(["robot"], after=2)] == [3]

    def test_the_same_event_of_two_webhooks_is_two(self, store):
        """Each source names its own events, and is heard alone."""
        assert store.hear([arrival("a"), arrival("a", source="login")]) == (True, True)
        assert [h.number for h in store.heard(["login"], after=0)] == [2]

    def test_many_events_are_streamed_in_order(self, store):
        """More than one page of them."""
        names = [f"e{number:04}" for number in range(2001)]
        store.hear([arrival(name) for name in names])
        assert [h.signal.event for h in store.heard(["robot"], after=0)] == names

    def test_what_cannot_be_used_is_kept_apart_with_its_reason(self, store):
        """Nobody hears it, and nothing of it is lost."""
        assert store.hear([unreadable(), arrival("a"), unreadable()]) == (True, True, False)
        (kept,) = store.quarantined()
        assert (kept.source, kept.why, kept.body) == ("robot", "is no JSON", "<html>")
        assert [h.number for h in store.heard(["robot"], after=0)] == [2]

    def test_events_that_arrive_at_once_are_numbered_one_after_the_other(self, store):
        """Eight threads, forty events, some of them the same; no number is missing or doubled."""
        with ThreadPoolExecutor(8) as pool:
            new = list(pool.map(lambda n: store.hear([arrival(f"e{n % 20}")]), range(40)))
        assert sum(was_new for (was_new,) in new) == 20
        assert [h.number for h in store.heard(["robot"], after=0)] == list(range(1, 21))

    def test_a_guard_goes_on_from_where_it_was_kept(self, store):
        """What it decided is logged in the same transaction."""
        assert store.guard("api") is None
        decided = told("opened", {"incident": "api/x"}, kind=EntryKind.INCIDENT_MOVED)
        store.keep_guard(KeptGuard("api", 0, 7, {"at": 1}), [decided])
        assert store.guard("api") == KeptGuard("api", 1, 7, {"at": 1})
        store.keep_guard(KeptGuard("api", 1, 9, {"at": 2}))
        assert store.guard("api") == KeptGuard("api", 2, 9, {"at": 2})
        (entry,) = store.observed(EntryKind.INCIDENT_MOVED)
        assert entry.body == {"incident": "api/x", "id": "opened"}

    def test_two_guards_of_one_service_never_both_go_on(self, store):
        """The second one read what no longer stands; nothing of it is logged."""
        store.keep_guard(KeptGuard("api", 0, 7, {}))
        decided = told("opened", {}, kind=EntryKind.INCIDENT_MOVED)
        for version in (0, 2):
            with pytest.raises(GuardMovedError):
                store.keep_guard(KeptGuard("api", version, 8, {}), [decided])
        assert list(store.observed(EntryKind.INCIDENT_MOVED)) == []

    def test_a_kept_month_that_changes_is_another_version(self, store):
        """What is the same again is no version; what differs stands beside the older one."""
        assert [month.version for month in store.keep(*kept_month())] == [1]
        assert store.keep(*kept_month()) == ()
        (second,) = store.keep(*kept_month(runs="c" * 64, size=2))
        assert (second.version, second.runs) == (2, "c" * 64)
        assert store.kept_months("checks", "worse_wins") == (second,)
        assert store.kept_months("checks", "better_wins") == ()
        assert store.kept_reading("checks", "worse_wins").body == {"size": 2}
        assert store.kept_reading("other", "worse_wins") is None

    def test_artifacts_come_back_byte_for_byte(self, store):
        """Whatever bytes they hold; what was never kept is absent."""
        _, _, contents = kept_month()
        store.keep(*kept_month())
        assert store.artifacts(["a" * 64, "e" * 64]) == {"a" * 64: contents[0]}

    @pytest.mark.parametrize(
        "body", ['{"uptime_percent":"100"}', '{"uptime_percent":99.8978}', "not JSON", ""]
    )
    def test_a_body_that_was_tampered_with_shows(self, store, body):
        """Reading the log never fails over it, and its digest does not hold."""
        store.record(shard(change()))
        drop_trigger(store, "log_entry", "update")
        statement = "UPDATE log_entry SET body = :body WHERE sequence = 0"
        execute(store, statement, body=body)
        assert chain_faults(list(store.entries())) == [
            "acme/api entry 0 (2026-05, determined): its content is not what was recorded"
        ]

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE log_entry SET kind = 'guessed'",
            "UPDATE log_entry SET recorded_at = 9223372036854775807",
        ],
    )
    def test_an_entry_that_cannot_be_read_is_named(self, store, statement):
        """A kind that nobody knows is not passed over."""
        store.record(shard(change()))
        drop_trigger(store, "log_entry", "update")
        execute(store, statement)
        with pytest.raises(Permanent, match=r"^log of acme/api, entry 0: .*by hand"):
            list(store.entries())

    # --- Evidence and terms ---------------------------------------------------------------------

    def test_evidence_and_terms_are_found_by_their_digest(self, store):
        """What is not stored is absent from the answer."""
        timeline = Evidence.of("api", {"changes": [[0, 1], [60_000, 3]]})
        terms = TermsRecord.of({"commitment": "99.9"})
        store.record(shard(evidence=[timeline], terms=[terms]))
        assert timeline.digest == digest_of({"changes": [[0, 1], [60_000, 3]]})
        assert store.evidence([timeline.digest, "0" * 64]) == {timeline.digest: timeline}
        assert store.terms([terms.digest, "0" * 64]) == {terms.digest: {"commitment": "99.9"}}

    def test_known_evidence_may_come_again(self, store):
        """Every shard brings the timelines that it refers to, also twice in one shard."""
        again = Evidence.of("api", {"changes": [[0, 1]]})
        store.record(shard(evidence=[again]))
        store.record(shard(evidence=[again, Evidence.of("web", {})]))
        assert len(store.evidence([again.digest, Evidence.of("web", {}).digest])) == 2

    # --- Obligations ----------------------------------------------------------------------------

    def test_a_later_revision_supersedes_the_draft(self, store):
        """Both remain, with what they were and why the first no longer holds."""
        store.record(shard(change()))
        again = change(after=head_of(store), revision=1, minor=99, superseded=superseded())
        store.record(shard(again))
        first, second = (stored.obligation for stored in store.obligations(MAY))
        assert first == superseded()
        assert second == draft(revision=1, minor=99)
        assert bodies(store, EntryKind.SUPERSEDED) == [
            {
                "amount": "123.45",
                "by": R1,
                "currency": "EUR",
                "obligation": R0,
                "reason": "an incident was added",
            }
        ]
        assert [entry.kind.value for entry in store.entries()][2:] == [
            "determined",
            "superseded",
            "drafted",
        ]

    def test_a_withheld_month_has_no_amount(self, store):
        """It waits for a person, and can be superseded like a draft."""
        store.record(shard(change(minor=None, reason="no data")))
        stored = store.obligations(MAY, states=[ObligationState.WITHHELD])[0]
        assert stored.obligation == draft(minor=None, reason="no data")
        assert bodies(store, EntryKind.DRAFTED)[0]["amount"] is None

    def test_a_contract_has_at_most_one_open_obligation_per_month(self, store):
        """A second draft that supersedes nothing is refused by the database itself."""
        store.record(shard(change()))
        before = everything(store)
        with pytest.raises(Permanent, match=r"UNIQUE|one_open_obligation"):
            store.record(shard(change(after=head_of(store), revision=1)))
        assert everything(store) == before

    def test_obligations_narrow_to_clients_and_states(self, store):
        """Nothing asked for narrows nothing; an empty list finds nothing."""
        store.record(shard(change(), change("zeta/api"), change("zeta/web", minor=None)))
        store.record(shard(change("zeta/mail", period="2026-06")))
        assert [stored.key for stored in store.obligations(MAY)] == [
            R0,
            "zeta/api/2026-05/r0",
            "zeta/web/2026-05/r0",
        ]
        drafts = store.obligations(MAY, clients=["zeta"], states=[ObligationState.DRAFT])
        assert [stored.key for stored in drafts] == ["zeta/api/2026-05/r0"]
        assert store.obligations(MAY, clients=[]) == ()

    def test_the_facts_of_a_row_come_back(self, store):
        """Client, service, role and the ledger's facts."""
        customer = owed(draft(), role=Role.CUSTOMER)
        record = change()
        store.record(shard(type(record)(ACME, MAY, None, {}, created=customer)))
        stored = store.obligations(MAY)[0]
        assert store.obligations(None, role=Role.CUSTOMER) == (stored,)
        assert store.obligations(None, role=Role.PROVIDER) == ()
        assert (stored.client, stored.service, stored.role) == ("acme", "api", Role.CUSTOMER)
        assert stored.ledger == {"uptime_percent": "99.8978"}
        assert stored.release is None

    # --- Release --------------------------------------------------------------------------------

    def test_a_release_is_kept_with_who_when_and_why(self, store):
        """The row, the log and the planned notice appear together."""
        store.record(shard(change()))
        (released,) = release_all(store, effects=[notice()])
        assert released == store.obligations(MAY)[0]
        assert released.obligation.state is ObligationState.RELEASED
        why = "checked against the status page"
        assert released.release == Release(by="Kim", at=1_780_300_800_000, why=why)
        assert bodies(store, EntryKind.RELEASED) == [
            {
                "amount": "123.45",
                "at": "2026-06-01T08:00:00Z",
                "by": "Kim",
                "currency": "EUR",
                "decision": released.decision,
                "obligation": R0,
                "why": "checked against the status page",
            }
        ]
        assert [effect.state for effect in store.effects()] == [EffectState.PLANNED]
        assert chain_faults(list(store.entries())) == []

    def test_a_release_of_something_else_than_was_shown_is_refused(self, store):
        """Between looking and releasing the draft was replaced: nothing is released."""
        store.record(shard(change(), change("zeta/api")))
        shown = store.obligations(MAY)
        again = change(after=head_of(store), revision=1, minor=99, superseded=superseded())
        store.record(shard(again))
        before = everything(store)
        with pytest.raises(ReleaseRefusedError, match="r0: is superseded; only a draft"):
            self._release(store, [s.key for s in shown], shown)
        assert everything(store) == before

    def test_a_release_of_another_amount_than_was_shown_is_refused(self, store):
        """The keys are right and open, but what the person saw was not this."""
        store.record(shard(change()))
        with pytest.raises(ReleaseRefusedError, match="is not what was shown"):
            self._release(store, [R0], [])
        assert store.obligations(MAY)[0].obligation.state is ObligationState.DRAFT

    def test_a_release_lists_every_reason_against_it(self, store):
        """Unknown, withheld and released obligations, all at once."""
        store.record(shard(change()))
        release_all(store)
        store.record(shard(change("zeta/api", minor=None)))
        keys = [R0, "zeta/api/2026-05/r0", "nobody/api/2026-05/r0"]
        with pytest.raises(ReleaseRefusedError) as refused:
            self._release(store, keys, [])
        assert list(refused.value.differences) == [
            f"{R0}: is released by Kim; only a draft can be released",
            "zeta/api/2026-05/r0: is withheld; only a draft can be released",
            "nobody/api/2026-05/r0: there is no such obligation",
        ]

    def test_a_refused_release_plans_nothing(self, store):
        """No notice is left behind that a later run would send."""
        store.record(shard(change()))
        with pytest.raises(ReleaseRefusedError):
            self._release(store, [R0, R0], store.obligations(MAY), effects=[notice()])
        assert store.effects() == ()

    def test_the_next_revision_after_a_release_stands_beside_it(self, store):
        """A released obligation is never superseded; the adjustment is a new one."""
        store.record(shard(change()))
        release_all(store)
        store.record(shard(change(after=head_of(store), revision=1, minor=-100)))
        states = [stored.obligation.state.value for stored in store.obligations(MAY)]
        assert states == ["released", "draft"]
        with pytest.raises(ValueError, match="only an open obligation"):
            store.record(shard(change(after=head_of(store), revision=2, superseded=superseded())))

    @staticmethod
    def _release(store, keys, shown, effects=()):
        store.release(
            keys, shown=batch_digest(shown), by="Kim", why="checked", at=0, effects=effects
        )

    # --- Effects --------------------------------------------------------------------------------

    def test_a_planned_effect_is_there_before_anything_is_attempted(self, store):
        """With its frozen intent, no attempt, and the database's instant."""
        (effect,) = store.plan_effects([summary()])
        assert effect.plan == summary()
        assert effect.intent_digest == digest_of({"to": "ops@example.com"})
        assert (effect.state, effect.attempt) == (EffectState.PLANNED, 0)
        assert effect.planned_at > 0
        assert (effect.sent_at, effect.done_at, effect.outcome) == (None, None, None)

    def test_the_intent_that_was_stored_first_stays(self, store):
        """A rerun never recomputes it."""
        store.record(shard(change()))
        store.plan_effects([notice()])
        (effect,) = store.plan_effects([notice(to="somebody.else@acme.example")])
        assert effect.plan.intent == {"to": "kim@acme.example"}

    def test_what_belongs_together_is_stored_whole_or_not_at_all(self, store):
        """Two plans of one obligation, made apart: the first stands, the other adds nothing."""
        store.record(shard(change()))
        first, second = notice(), replace(notice(), key=f"{R0}/second")
        store.plan_effects([first], together=True)
        assert [e.key for e in store.plan_effects([first, second], together=True)] == [first.key]
        assert [e.key for e in store.effects(period=MAY)] == [first.key]
        assert [e.key for e in store.plan_effects([second], together=True)] == [second.key]
        assert len(store.plan_effects([first, second], together=True)) == 2

    def test_effects_may_be_planned_with_the_decision(self, store):
        """A shard's plans appear with its drafts, or not at all."""
        planned = change()
        planned = type(planned)(ACME, MAY, None, {}, created=owed(draft()), effects=(notice(),))
        store.record(shard(planned))
        assert [effect.key for effect in store.effects(period=MAY)] == [f"{R0}/notice"]

    def test_an_effect_on_an_unknown_obligation_is_refused(self, store):
        """The database holds the two together."""
        with pytest.raises(Permanent, match=r"(?i)foreign key"):
            store.plan_effects([notice()])
        assert store.effects() == ()

    def test_an_attempt_is_committed_before_the_act(self, store):
        """What a crash leaves behind says that something may have happened."""
        store.plan_effects([summary()])
        (attempt,) = store.begin([summary().key])
        assert not attempt.may_have_reached
        assert attempt.effect.attempt == 1
        assert attempt.effect.sent_at >= attempt.effect.planned_at
        assert store.effects(states=[EffectState.SENDING]) == (attempt.effect,)

    def test_the_attempt_after_a_crash_is_told_to_look_first(self, store):
        """The second attempt repeats the parameters of the first."""
        store.plan_effects([summary()])
        store.begin([summary().key])
        (attempt,) = store.begin([summary().key])
        assert attempt.may_have_reached
        assert (attempt.effect.attempt, attempt.effect.plan) == (2, summary())

    def test_the_attempt_after_nothing_happened_need_not_look(self, store):
        """A connection that was refused has changed nothing."""
        store.plan_effects([summary()])
        store.begin([summary().key])
        store.finish([EffectOutcome(summary().key, 1, EffectState.PLANNED, "connection refused")])
        (attempt,) = store.begin([summary().key])
        assert not attempt.may_have_reached

    def test_what_is_done_is_logged_in_its_contract_s_chain(self, store):
        """Outcome, attempt and intent, after the release that allowed it."""
        store.record(shard(change()))
        release_all(store, effects=[notice()])
        store.begin([notice().key])
        (done,) = store.finish(
            [EffectOutcome(notice().key, 1, EffectState.DONE, {"file": "1.eml"})]
        )
        assert done.outcome == {"file": "1.eml"}
        assert done.done_at >= done.sent_at
        assert bodies(store, EntryKind.EFFECT_DONE, contract=ACME) == [
            {
                "attempt": 1,
                "effect": f"{R0}/notice",
                "intent": done.intent_digest,
                "kind": "client_notice",
                "obligation": R0,
                "outcome": {"file": "1.eml"},
            }
        ]
        assert chain_faults(list(store.entries(contract=ACME))) == []

    def test_what_belongs_to_no_contract_has_a_chain_of_its_own(self, store):
        """The month's summary is logged beside the contracts."""
        store.plan_effects([summary()])
        store.begin([summary().key])
        store.finish([EffectOutcome(summary().key, 1, EffectState.DONE)])
        (entry,) = store.entries(contract=WORKSPACE)
        assert (entry.period, entry.kind) == (MAY, EntryKind.EFFECT_DONE)

    def test_an_effect_moves_only_as_the_rules_allow(self, store):
        """Every pair of states is tried; what is refused changes nothing."""
        for before in EffectState:
            for after in EffectState:
                key = self._effect_in(store, before, name=f"{before.value}-{after.value}")
                attempt = store.effects(keys=[key])[0].attempt
                outcome = EffectOutcome(key, attempt, after)
                if after in MAY_BECOME[before]:
                    assert store.finish([outcome])[0].state is after
                    continue
                with pytest.raises(EffectRefusedError, match=f"it cannot become {after.value}"):
                    store.finish([outcome])
                assert store.effects(keys=[key])[0].state is before

    def test_an_attempt_begins_only_as_the_rules_allow(self, store):
        """Unknown is never simply tried again."""
        for state in EffectState:
            key = self._effect_in(store, state, name=state.value)
            if state in MAY_BEGIN:
                assert store.begin([key])[0].effect.state is EffectState.SENDING
                continue
            with pytest.raises(EffectRefusedError, match=f"is {state.value}; an attempt begins"):
                store.begin([key])

    @staticmethod
    def _effect_in(store, state, *, name):
        plan = type(summary())(f"{MAY}/{name}", "summary", WORKSPACE, MAY, {})
        store.plan_effects([plan])
        if state is not EffectState.PLANNED:
            store.begin([plan.key])
        if state not in MAY_BEGIN:
            store.finish([EffectOutcome(plan.key, 1, state)])
        return plan.key

    def test_a_report_of_an_older_attempt_is_refused(self, store):
        """A run that was thought dead cannot overwrite what its successor knows."""
        store.plan_effects([summary()])
        store.begin([summary().key])
        store.begin([summary().key])
        with pytest.raises(EffectRefusedError, match="attempt 1 is over, 2 is the latest"):
            store.finish([EffectOutcome(summary().key, 1, EffectState.DONE)])
        assert store.effects()[0].state is EffectState.SENDING

    def test_one_refused_effect_holds_back_the_others(self, store):
        """Beginning and finishing are whole, or nothing."""
        store.plan_effects([summary()])
        with pytest.raises(EffectRefusedError, match="2026-05/other: was never planned"):
            store.begin([summary().key, "2026-05/other"])
        with pytest.raises(EffectRefusedError, match="2026-05/other: was never planned"):
            store.finish([EffectOutcome("2026-05/other", 1, EffectState.DONE)])
        assert store.effects()[0].state is EffectState.PLANNED

    def test_effects_narrow_to_period_state_and_key(self, store):
        """Nothing asked for narrows nothing; an empty list finds nothing."""
        store.plan_effects([summary()])
        key = self._effect_in(store, EffectState.UNKNOWN, name="a")
        assert [effect.key for effect in store.effects()] == [key, summary().key]
        assert [e.key for e in store.effects(states=[EffectState.UNKNOWN])] == [key]
        assert [e.key for e in store.effects(keys=[summary().key])] == [summary().key]
        assert store.effects(period="2026-06") == ()
        assert store.effects(keys=[]) == ()

    def test_keys_of_effects_stream_in_order(self, store, monkeypatch):
        """Pages of two give every key once, narrowed to kinds, states and a month."""
        monkeypatch.setattr(sql, "PAGE", 2)
        for name in "edcba":
            self._effect_in(store, EffectState.PLANNED, name=name)
        self._effect_in(store, EffectState.UNKNOWN, name="f")
        assert list(store.effect_keys()) == [f"{MAY}/{name}" for name in "abcdef"]
        assert list(store.effect_keys(states=[EffectState.UNKNOWN])) == [f"{MAY}/f"]
        assert len(list(store.effect_keys(period=MAY, kinds=["summary"]))) == 6
        assert list(store.effect_keys(kinds=["payment"])) == []
        assert list(store.effect_keys(period="2026-06")) == []

    # --- Attempts and the keys that they are sent under -----------------------------------------

    def test_every_attempt_is_kept_with_its_answer(self, store):
        """Refused for its rate, cut off, done: all three, in order."""
        key = summary().key
        store.plan_effects([summary()])
        store.begin([key])
        store.finish([EffectOutcome(key, 1, EffectState.PLANNED, {"status": 429})])
        store.begin([key])
        store.begin([key])
        store.finish([EffectOutcome(key, 3, EffectState.DONE, {"id": "cn_1"})])
        kept = store.attempts(key)
        assert [past.number for past in kept] == [1, 2, 3]
        assert [past.state for past in kept] == [EffectState.PLANNED, None, EffectState.DONE]
        assert [past.answer for past in kept] == [{"status": 429}, None, {"id": "cn_1"}]
        assert kept[2].begun_at <= kept[2].settled_at
        assert store.attempts("2026-05/other") == ()

    def test_how_an_attempt_began_is_never_changed(self, store):
        """Not even while it runs; the database itself refuses."""
        store.plan_effects([summary()])
        store.begin([summary().key])
        with pytest.raises(DBAPIError, match="attempt: how it began is never changed"):
            execute(store, "UPDATE attempt SET begun_at = 1")

    def test_what_surely_did_nothing_was_never_sent(self, store):
        """After a refusal for its rate alone the effect has no age; after a cut it keeps one."""
        key = summary().key
        store.plan_effects([summary()])
        assert store.effects()[0].generation_sent_at is None
        (first,) = store.begin([key])
        assert first.effect.generation_sent_at == first.effect.sent_at
        (undone,) = store.finish([EffectOutcome(key, 1, EffectState.PLANNED)])
        assert undone.generation_sent_at is None
        (cut,) = store.begin([key])
        (again,) = store.begin([key])
        assert again.may_have_reached
        (planned,) = store.finish([EffectOutcome(key, 3, EffectState.PLANNED)])
        assert planned.generation_sent_at == cut.effect.generation_sent_at
        (last,) = store.begin([key])
        assert last.may_have_reached

    def test_a_key_is_renewed_only_when_it_is_forgotten(self, store, monkeypatch):
        """By the database's clock, a millisecond makes the difference, both ways."""
        key, day = summary().key, 86_400_000
        store.plan_effects([summary()])
        at = store.now()
        monkeypatch.setattr(store.dialect, "now", lambda _connection: at)
        store.begin([key])
        same = Start(key, may_repeat=True, forgets_keys_after_ms=day)
        new = replace(same, new_key=True)
        at += day - 1
        with pytest.raises(EffectRefusedError, match="a new key is for what was looked for"):
            store.begin([new])
        assert store.begin([same])[0].effect.generation == 1
        at += 1
        with pytest.raises(EffectRefusedError, match="may have forgotten its key"):
            store.begin([same])
        with pytest.raises(EffectRefusedError, match="a new key is for what was looked for"):
            store.begin([replace(new, may_repeat=False)])
        (renewed,) = store.begin([new])
        assert (renewed.effect.generation, renewed.effect.generation_sent_at) == (2, at)
        with pytest.raises(EffectRefusedError, match="a new key is for what was looked for"):
            store.begin([new])
        assert [past.generation for past in store.attempts(key)] == [1, 1, 2]

    def test_what_was_never_sent_keeps_its_first_key(self, store):
        """There is nothing to be forgotten."""
        store.plan_effects([summary()])
        start = Start(summary().key, may_repeat=True, forgets_keys_after_ms=0)
        with pytest.raises(EffectRefusedError, match="a new key is for what was looked for"):
            store.begin([replace(start, new_key=True)])
        assert store.begin([start])[0].effect.generation == 1

    def test_an_unknown_effect_begins_again_only_after_a_look(self, store):
        """The caller says that it looked; without that it is refused."""
        key = self._effect_in(store, EffectState.UNKNOWN, name="a")
        with pytest.raises(EffectRefusedError, match="is unknown; an attempt begins from planned"):
            store.begin([Start(key)])
        assert store.begin([Start(key, may_repeat=True)])[0].may_have_reached

    def test_an_attempt_that_somebody_else_began_meanwhile_is_noticed(self, store):
        """Whoever decided on what it read must read again."""
        store.plan_effects([summary()])
        start = Start(summary().key, seen=0)
        store.begin([start])
        with pytest.raises(EffectRefusedError, match="1 attempts have begun, not 0; read it again"):
            store.begin([start])
        with pytest.raises(EffectRefusedError, match="a key is named twice"):
            store.begin([summary().key, summary().key])

    @pytest.mark.parametrize(
        ("state", "kind"),
        [
            (EffectState.REFUSED, EntryKind.EFFECT_REFUSED),
            (EffectState.UNKNOWN, EntryKind.EFFECT_UNKNOWN),
            (EffectState.PERSON, EntryKind.EFFECT_FOR_A_PERSON),
        ],
    )
    def test_what_did_not_go_well_is_logged_too(self, store, state, kind):
        """Refused, unknown, with a person: with the answer, in the contract's chain."""
        store.plan_effects([summary()])
        store.begin([summary().key])
        store.finish([EffectOutcome(summary().key, 1, state, {"why": "it differs"})])
        (body,) = bodies(store, kind, contract=WORKSPACE)
        assert (body["effect"], body["outcome"]) == (summary().key, {"why": "it differs"})

    @pytest.mark.parametrize("said", sorted(RESOLUTIONS))
    @pytest.mark.parametrize("before", sorted(MAY_BE_RESOLVED))
    def test_a_person_s_word_is_kept_with_name_and_reason(self, store, before, said):
        """It settles the effect; what the far side had answered stays readable."""
        key = self._effect_in(store, before, name="a")
        resolved = store.resolve(key, as_=said, by="Kim", why="seen in the dashboard")
        assert resolved == store.effects(keys=[key])[0]
        assert resolved.state is said
        assert (resolved.done_at is not None) == (said is EffectState.DONE)
        assert resolved.outcome["by"] == "Kim"
        (body,) = bodies(store, EntryKind.EFFECT_RESOLVED)
        assert (body["effect"], body["state"], body["by"], body["why"]) == (
            key,
            said.value,
            "Kim",
            "seen in the dashboard",
        )
        assert chain_faults(list(store.entries(contract=WORKSPACE))) == []

    def test_planned_anew_by_a_person_is_still_looked_at_first(self, store):
        """The attempt that nobody knows of may have arrived all the same."""
        key = self._effect_in(store, EffectState.UNKNOWN, name="a")
        store.resolve(key, as_=EffectState.PLANNED, by="Kim", why="not in the dashboard")
        assert store.effects(keys=[key])[0].generation_sent_at is not None
        assert store.begin([key])[0].may_have_reached

    def test_a_person_resolves_only_what_is_asked(self, store):
        """Not what is done, planned or under way, and never without a name and a reason."""
        for state in sorted(set(EffectState) - MAY_BE_RESOLVED):
            key = self._effect_in(store, state, name=state.value)
            with pytest.raises(EffectRefusedError, match=f"is {state.value}; a person resolves"):
                store.resolve(key, as_=EffectState.DONE, by="Kim", why="seen")
        with pytest.raises(EffectRefusedError, match="was never planned"):
            store.resolve("2026-05/other", as_=EffectState.DONE, by="Kim", why="seen")
        key = self._effect_in(store, EffectState.PERSON, name="a")
        for as_, by, why in (
            (EffectState.SENDING, "Kim", "seen"),
            (EffectState.DONE, " ", "seen"),
            (EffectState.DONE, "Kim", ""),
        ):
            with pytest.raises(ValueError, match="by somebody, for a reason"):
                store.resolve(key, as_=as_, by=by, why=why)

    # --- Approvals and vendors' events ----------------------------------------------------------

    def test_approvals_of_a_batch_are_counted_once_each(self, store):
        """One person twice is one; the same name on other grounds is another."""
        assert store.approve(approval()) == (approval(),)
        assert store.approve(approval(at=1_780_300_900_000)) == (approval(),)
        second = approval("kim", identity="free_text", at=1_780_300_800_001)
        assert store.approve(second) == (approval(), second)
        store.approve(approval(batch="c" * 64))
        assert store.approvals("b" * 64) == (approval(), second)
        assert store.approvals("d" * 64) == ()

    def test_a_release_logs_everybody_who_approved_what_was_shown(self, store):
        """Whose yes it rests on stands in the contract's chain."""
        store.record(shard(change()))
        shown = batch_digest(store.obligations(MAY))
        store.approve(approval("alex", batch=shown))
        store.approve(approval("kim", batch=shown, identity="token"))
        release_all(store)
        (body,) = bodies(store, EntryKind.RELEASED)
        assert body["approved_by"] == [
            {"at": "2026-06-01T08:00:00Z", "by": "alex", "identity": "os_user"},
            {"at": "2026-06-01T08:00:00Z", "by": "kim", "identity": "token"},
        ]

    def test_an_event_that_comes_twice_is_kept_once(self, store):
        """A vendor delivers again until it is answered; the first delivery stays."""
        before = store.now()
        assert store.store_event(vendor_event())
        assert not store.store_event(vendor_event(kind="another"))
        assert store.store_event(replace(vendor_event(), vendor="other"))
        (kept,) = store.events("stripe")
        assert kept == vendor_event(received_at=kept.received_at)
        assert kept.received_at >= before

    def test_events_stream_as_they_happened(self, store, monkeypatch):
        """Pages of two, by instant and id; narrowed to kinds and to what is new."""
        monkeypatch.setattr(sql, "PAGE", 2)
        for number, at in ((5, 30), (4, 20), (3, 20), (2, 20), (1, 10)):
            store.store_event(vendor_event(f"evt_{number}", created_at=at))
        store.store_event(vendor_event("evt_6", created_at=5, kind="refund.failed"))
        store.store_event(vendor_event("evt_7", created_at=40, quarantined="no credit note"))
        ids = [event.id for event in store.events("stripe")]
        assert ids == [f"evt_{n}" for n in (6, 1, 2, 3, 4, 5, 7)]
        assert [e.id for e in store.events("stripe", since=30)] == ["evt_5", "evt_7"]
        assert [e.id for e in store.events("stripe", kinds=["refund.failed"])] == ["evt_6"]
        assert [e.quarantined for e in store.events("stripe", since=40)] == ["no credit note"]
        assert list(store.events("other")) == []

    # --- One rate for all -----------------------------------------------------------------------

    def test_moments_follow_each_other_evenly(self, store, monkeypatch):
        """The first is now, the next three a third of a second later, then one behind those."""
        at = store.now()
        monkeypatch.setattr(store.dialect, "now", lambda _connection: at)
        third = 333_334
        assert store.turns("notion", gap_us=third) == 0
        assert store.turns("notion", gap_us=third, count=3) == third
        assert store.turns("notion", gap_us=third) == 4 * third
        at += 1000
        assert store.turns("notion", gap_us=third) == 5 * third - 1_000_000
        assert store.turns("another", gap_us=third) == 0

    def test_moments_that_passed_are_gone(self, store, monkeypatch):
        """Whoever did not ask for an hour may not make up for it."""
        at = store.now()
        monkeypatch.setattr(store.dialect, "now", lambda _connection: at)
        store.turns("notion", gap_us=1000)
        at += 3_600_000
        assert [store.turns("notion", gap_us=1000) for _ in range(3)] == [0, 1000, 2000]

    def test_what_a_vendor_asks_for_holds_for_everybody(self, store, monkeypatch):
        """A day is a day; a shorter time afterwards changes nothing, a longer one does."""
        at, day = store.now(), 86_400_000_000
        monkeypatch.setattr(store.dialect, "now", lambda _connection: at)
        store.hold_off("notion", us=day)
        store.hold_off("notion", us=1000)
        assert store.turns("notion", gap_us=5) == day
        assert store.turns("another", gap_us=5) == 0
        at += 1000
        store.hold_off("notion", us=2 * day)
        assert store.turns("notion", gap_us=5) == 2 * day

    def test_a_clock_that_is_set_back_stalls_nobody(self, store, monkeypatch):
        """An hour back: what was to be waited for before, two moments and a hold, and no more."""
        at = store.now()
        monkeypatch.setattr(store.dialect, "now", lambda _connection: at)
        store.turns("notion", gap_us=1000, count=2)
        store.hold_off("other", us=7000)
        at -= 3_600_000
        assert store.turns("notion", gap_us=1000) == 2000
        assert store.turns("notion", gap_us=1000) == 3000
        assert store.turns("other", gap_us=1000) == 7000

    def test_threads_never_share_a_moment(self, store, monkeypatch):
        """Eight threads take 80 moments two by two; the clock stands still, so each is known."""
        at = store.now()
        monkeypatch.setattr(store.dialect, "now", lambda _connection: at)
        with ThreadPoolExecutor(8) as pool:
            waits = pool.map(lambda _: store.turns("notion", gap_us=1000, count=2), range(40))
            assert sorted(waits) == [number * 2000 for number in range(40)]

    def test_a_rate_needs_a_moment_and_no_time_before_now(self, store):
        """What makes no sense is refused."""
        for count, gap in ((0, 1), (1, -1)):
            with pytest.raises(ValueError, match="at least one was expected"):
                store.turns("notion", gap_us=gap, count=count)
        with pytest.raises(ValueError, match="0 or more were expected"):
            store.hold_off("notion", us=-1)

    # --- Locks and threads ----------------------------------------------------------------------

    def test_a_month_is_held_by_one_run_at_a_time(self, store):
        """The message names the holder; another month is free."""
        with store.month_lock(MAY, holder="Kim"):
            with pytest.raises(MonthLockedError, match=r"^2026-05: locked by Kim.* since 20\d\d-"):
                self._lock(store, MAY)
            self._lock(store, "2026-06")
        self._lock(store, MAY)

    def test_a_failed_run_lets_go_of_its_month(self, store):
        """The failure itself is what the caller sees."""
        with pytest.raises(ZeroDivisionError), store.month_lock(MAY, holder="Kim"):
            raise ZeroDivisionError
        self._lock(store, MAY)

    def test_a_period_that_could_name_another_file_is_refused(self, store):
        """A period is letters, digits, points and hyphens."""
        with pytest.raises(ValueError, match="is not a period such as 2026-05"):
            self._lock(store, "../2026-05")

    @pytest.mark.parametrize("name", ["vendor/cus_1", "2026-05", "Überfall 🔥/../x", "x" * 500])
    def test_any_name_is_held_by_one_at_a_time(self, store, name):
        """The message names lock and holder; another name is free, and this one afterwards."""
        with store.hold(name, holder="Kim"):
            with pytest.raises(HeldError, match=r": held by Kim.* since 20\d\d-") as refused:
                self._hold(store, name)
            assert refused.value.name == name
            self._hold(store, f"{name}.")
        with pytest.raises(ZeroDivisionError), store.hold(name, holder="Kim"):
            raise ZeroDivisionError
        self._hold(store, name)

    def test_whoever_waits_for_a_name_gets_it_in_time_or_not_at_all(self, store):
        """Half a second is within the five that are waited; a second is not within none."""
        with ThreadPoolExecutor(1) as pool:
            with store.hold("cus_1", holder="Kim"):
                waiting = pool.submit(self._hold, store, "cus_1", wait_seconds=5)
                time.sleep(0.3)
                assert not waiting.done()
                with pytest.raises(HeldError):
                    self._hold(store, "cus_1")
            assert waiting.result(10) is None

    def test_many_threads_hold_one_name_in_turn(self, store):
        """Never two at once, and nobody starves."""
        inside, most = [], []

        def work(_):
            with store.hold("cus_1", holder="worker", wait_seconds=30):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(work, range(12)))
        assert most == [1] * 12

    @staticmethod
    def _hold(store, name, *, wait_seconds=0):
        with store.hold(name, holder="Alex", wait_seconds=wait_seconds):
            pass

    @staticmethod
    def _lock(store, period):
        with store.month_lock(period, holder="Alex"):
            pass

    def test_threads_may_share_a_store(self, store):
        """Shards that are recorded at once are all there, and every chain holds."""
        shards = [[f"client-{s}-{n}/api" for n in range(5)] for s in range(8)]
        with ThreadPoolExecutor(4) as pool:
            batches = [shard(*(change(contract) for contract in part)) for part in shards]
            list(pool.map(store.record, batches))
        assert len(list(store.entries())) == 8 * 5 * 2


class SharedStoreConformance(StoreConformance):
    """For databases that other processes can open: subclasses also give `url` and `empty_url`."""

    def test_a_month_is_held_against_other_processes_until_they_die(self, store, url):
        """SIGKILL leaves no lock behind that a person would have to remove."""
        here, there = CHILDREN.Pipe()
        other = CHILDREN.Process(target=hold, args=(url, MAY, there))
        other.start()
        assert here.poll(30)
        with pytest.raises(MonthLockedError, match=r"^2026-05: locked by the other run.* since 20"):
            self._lock(store, MAY)
        self._lock(store, "2026-06")
        other.kill()
        other.join()
        self._lock_within_seconds(store)

    def test_a_name_is_held_against_other_processes_until_they_die(self, store, url):
        """SIGKILL leaves no customer locked."""
        here, there = CHILDREN.Pipe()
        other = CHILDREN.Process(target=hold_name, args=(url, "vendor/cus_1", there))
        other.start()
        assert here.poll(30)
        with pytest.raises(HeldError, match=r"^vendor/cus_1: held by the other worker"):
            self._hold(store, "vendor/cus_1")
        other.kill()
        other.join()
        self._hold(store, "vendor/cus_1", wait_seconds=5)

    def test_processes_never_share_a_moment(self, url):
        """Four of them take 40 moments two by two, a minute apart from each other."""
        here, there = CHILDREN.Pipe()
        together = CHILDREN.Barrier(4)
        others = [
            CHILDREN.Process(target=take_turns, args=(url, 5, together, there)) for _ in range(4)
        ]
        for process in others:
            process.start()
        taken = sorted(at for _ in others for at in self._told(here))
        for process in others:
            process.join()
        # Two minutes for each pair; when it was asked for is known to well within one.
        assert [round((at - taken[0]) / 120_000_000) for at in taken] == [*range(20)]

    @staticmethod
    def _told(pipe):
        assert pipe.poll(30)
        return pipe.recv()

    def test_a_database_of_version_1_is_brought_up_to_date_with_what_it_holds(self, empty_url):
        """Nothing is lost; what was in doubt stays in doubt, under the first key."""
        brings_version_1_up_to_date(empty_url)

    def _lock_within_seconds(self, store):
        for _ in range(100):
            try:
                return self._lock(store, MAY)
            except MonthLockedError:
                time.sleep(0.05)
        return self._lock(store, MAY)

    @pytest.mark.parametrize("act", list(ACTS))
    def test_a_process_that_is_killed_leaves_nothing_or_everything(self, store, url, act):
        """Killed before each statement, and before the commit, in turn."""
        store.record(shard(change()))
        if act in {"begin", "finish"}:
            release_all(store, effects=[notice()])
        if act == "finish":
            store.begin([notice().key])
        before = everything(store)
        deaths = 0
        while self._dies(url, act, deaths + 1):
            deaths += 1
            assert everything(store) == before
        assert deaths >= 4
        assert everything(store) != before
        assert [
            e for c in (ACME, "zeta/api") for e in chain_faults(list(store.entries(contract=c)))
        ] == []

    @staticmethod
    def _dies(url, act, statement):
        process = CHILDREN.Process(target=die_while, args=(url, act, statement))
        process.start()
        process.join()
        assert process.exitcode in {-9, 0}
        return process.exitcode == -9

    def test_processes_may_open_a_new_database_at_once(self, empty_url):
        """One of them makes the tables, the others wait for it."""
        together = CHILDREN.Barrier(8)
        processes = [
            CHILDREN.Process(target=open_together, args=(empty_url, together)) for _ in range(8)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0] * 8
