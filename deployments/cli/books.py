"""`makegood check`, `explain` and `verify`: the commands that only look."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from connectors.store import StoredObligation
from connectors.terms.files import WorkspaceFolder
from deployments.cli.claim_reports import told_text
from deployments.cli.documents import (
    CheckDocument,
    ExclusionEffectDocument,
    ExplainDocument,
    FindingDocument,
    ObligationDocument,
    StepDocument,
    VerifyDocument,
)
from deployments.cli.exits import Exit
from deployments.cli.options import Json, MonthArgument, Workspace, month_of
from deployments.cli.printing import counted, print_json, seconds, write
from flows.explain import Explanation
from flows.explain import explain as explain_month
from flows.office import open_office
from flows.verify import verify as verify_store
from flows.watched import watched_in
from models.announcements import proof_text
from models.case import bounds_text
from models.claims.life import Move
from models.decision import EntryKind, LogEntry
from models.findings import Severity, UnusableInputError
from models.intervals import instant, utc_text
from models.spared import effect_text
from models.terms import JsonValue

HERE = Path()


def check(*, workspace: Workspace = HERE, json: Json = False) -> int:
    """Find everything wrong or worth a look in a workspace.

    It reads makegood.yaml, every contract and every exclusion, and lists all findings at once,
    each with its file, line and field. Of files with checks it reads which monitors they name.
    Nothing is asked over the network, and nothing is written.
    """
    folder = WorkspaceFolder(workspace)
    findings = folder.findings(today=datetime.now(tz=UTC).date(), watched=watched_in(workspace))
    contracts = _contract_count(folder)
    if json:
        listed = [
            FindingDocument(
                place=finding.place,
                field=finding.field,
                fact=finding.fact,
                expected=finding.expected,
                remedy=finding.remedy,
                severity=finding.severity.value,
            )
            for finding in findings
        ]
        print_json(CheckDocument(contracts=contracts, findings=listed))
    else:
        for finding in findings:
            write(f"{finding.severity.value}: {finding}")
        write(f"{counted(contracts, 'contract')}, {counted(len(findings), 'finding')}.")
    errors = any(finding.severity is Severity.ERROR for finding in findings)
    return Exit.UNUSABLE_INPUT if errors else Exit.NEEDS_A_PERSON if findings else Exit.DONE


def explain(
    contract: Annotated[
        str, typer.Argument(metavar="CONTRACT", help="As client/service, such as acme/api.")
    ],
    month: MonthArgument,
    *,
    workspace: Workspace = HERE,
    json: Json = False,
) -> int:
    """Show one decision step by step, down to the cents.

    It is the latest decision of a contract's month: what was measured, what was excluded and why,
    which tier and cap applied, what came of it, and the log entries that prove it.
    """
    period = str(month_of(month, "MONTH"))
    with open_office(workspace, read_only=True) as office:
        found = explain_month(office.store, contract=contract, period=period)
    document = explain_document(found)
    print_json(document) if json else print_explanation(document)
    return Exit.DONE


def verify(
    month: Annotated[
        str | None, typer.Argument(metavar="MONTH", help="Replay this month alone, YYYY-MM.")
    ] = None,
    *,
    workspace: Workspace = HERE,
    json: Json = False,
) -> int:
    """Prove that the log is intact and every decision replays.

    Every entry of the log is chained to the one before by its hash, every recorded decision is
    made again from its recorded inputs, and every obligation is compared with the log.
    """
    period = str(month_of(month, "MONTH")) if month else None
    with open_office(workspace, read_only=True) as office:
        found = verify_store(office.store, period=period)
    if json:
        document = VerifyDocument(
            month=period,
            chains=found.chains,
            entries=found.entries,
            replayed=found.replayed,
            faults=list(found.faults),
        )
        print_json(document)
    else:
        for fault in found.faults:
            write(fault)
        read = f"{counted(found.chains, 'chain')} with {counted(found.entries, 'entry', 'entries')}"
        replayed = counted(found.replayed, "decision")
        faults = counted(len(found.faults), "fault")
        write(f"{read} read, {replayed} replayed: {faults}.")
    return Exit.NEEDS_A_PERSON if found.faults else Exit.DONE


def print_explanation(document: ExplainDocument) -> None:
    """Show a decision to a person."""
    write(f"{document['contract']}, {document['month']}", bold=True)
    write(f"decided {document['decided_at']}: {document['change']}")
    for title, lines in (
        ("Measured", document["measurement"]),
        ("Bounds", document["bounds"]),
        ("Exclusions", document["exclusions"]),
        ("What they come to", [effect["says"] for effect in document["exclusion_effects"]]),
        ("Calculated", [step["says"] for step in document["steps"]]),
        ("Came of it", [_obligation_line(line) for line in document["obligations"]]),
        ("Log", document["log"]),
    ):
        if lines:
            write()
            write(title, bold=True)
        for number, line in enumerate(lines, 1):
            write(f"  {number}. {line}")
    write()
    write(f"inputs   {document['inputs_digest']}")
    write(f"decision {document['digest']}")


def _contract_count(folder: WorkspaceFolder) -> int:
    try:
        return len(folder.contracts())
    except UnusableInputError:
        return 0


def explain_document(found: Explanation) -> ExplainDocument:
    """An explanation as the published document."""
    entry, body = found.decision, found.decision.body
    answer, uptime = body["determination"], body["uptime"]
    return ExplainDocument(
        contract=entry.contract,
        month=entry.period,
        decided_at=utc_text(instant(entry.recorded_at)),
        digest=entry.digest,
        inputs_digest=body["inputs_digest"],
        terms_digest=body["inputs"]["terms"],
        change=body["change"],
        uptime_percent=answer["uptime_percent"],
        credit_amount=answer["credit_amount"],
        currency=answer["currency"],
        measurement=uptime["reasons"]
        if uptime
        else ["a calculator's payload stands in place of checks and exclusions; see its figures"],
        bounds=list(bounds_text(body["bounds"], currency=body["determination"]["currency"])),
        exclusions=list(_exclusion_lines(body)),
        exclusion_effects=[_effect(record, answer) for record in body.get("exclusion_effects", ())],
        steps=[StepDocument(name=s["name"], says=s["says"]) for s in answer["steps"]],
        obligations=[_obligation(stored) for stored in found.obligations],
        log=[_log_line(entry) for entry in found.entries],
    )


def _exclusion_lines(body: JsonValue) -> Iterator[str]:
    """Each exclusion with why it counts or not, and what proves its announcement."""
    proofs = body.get("announcements", {})
    events = {event["id"]: event for event in body["inputs"]["exclusions"]}
    for exclusion in body["exclusions"]:
        name = exclusion["id"]
        proof = f"; {proof_text(proofs[name], events[name])}" if name in proofs else ""
        yield f"{exclusion['reason']}{proof}"


def _effect(record: JsonValue, answer: JsonValue) -> ExclusionEffectDocument:
    return ExclusionEffectDocument(
        exclusion=record["id"] or None,
        excluded_seconds=seconds(record["taken_ms"]),
        spared_seconds=seconds(record["spared_ms"]),
        credit_amount_without=record["credit_amount_without"],
        says=effect_text(record, credit=answer["credit_amount"], currency=answer["currency"]),
    )


def _obligation(stored: StoredObligation) -> ObligationDocument:
    obligation, release = stored.obligation, stored.release
    return ObligationDocument(
        obligation=stored.key,
        kind=obligation.kind.value,
        state=obligation.state.value,
        amount=obligation.amount.text if obligation.amount else None,
        currency=stored.ledger["currency"],
        reason=obligation.reason,
        released_by=release.by if release else None,
        released_at=utc_text(release.at) if release else None,
    )


def _obligation_line(obligation: ObligationDocument) -> str:
    amount = f"{obligation['amount'] or 'no amount'} {obligation['currency']}"
    return f"{obligation['obligation']}: {obligation['state']}, {amount}: {obligation['reason']}"


def _log_line(entry: LogEntry) -> str:
    of_effect = "effect" if entry.kind.value.startswith("effect") else "obligation"
    said = entry.body.get("change" if entry.kind is EntryKind.DETERMINED else of_effect, "")
    if entry.kind is EntryKind.CLAIM_MOVED:
        said = f"{said}: {told_text(Move.of_record(entry.body))}"
    at = utc_text(instant(entry.recorded_at))
    return f"{at} {entry.kind.value}: {said} ({entry.digest[:12]})"
