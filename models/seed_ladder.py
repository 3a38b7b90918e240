"""The copyable `credit_ladder` block of the SLA credit kit, read as credit terms.

The kit writes ladders in words of its own: `threshold_kind`, ranges such as "<99.9% and ≥99.0%",
and claim windows inside notes. Here they become the same terms that contracts use. When the block
was copied from a page that lost its indentation, `indented_form` shows how it was meant.

Source: the "SLA Credit Ladders (ready-to-copy examples)" section of the kit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from pydantic import TypeAdapter, ValidationError

from models.claims.terms import ClaimTerms
from models.contract import CreditTerms
from models.findings import Finding, Severity
from models.kinds.single_threshold import SingleThreshold
from models.kinds.uptime_brackets import Bracket, UptimeBrackets
from models.terms import JsonValue, Percent, sole

THRESHOLD, BRACKETS = "availability_threshold", "uptime_brackets"

FIELDS = (
    "vendor",
    "threshold_kind",
    "monthly_threshold_percent",
    "brackets",
    "as_published",
    "notes",
)
ROW_FIELDS = ("range", "when_actual_below_threshold", "credit_percent")

BOUND = re.compile(r"(<=|=<|≤|<|>=|=>|≥|>)\s*([0-9]{1,3}(?:\.[0-9]{1,20})?)\s*%?")
BOUND_FIELDS = {
    "<": "below",
    "<=": "at_most",
    "=<": "at_most",
    "≤": "at_most",
    ">": "above",
    ">=": "at_least",
    "=>": "at_least",
    "≥": "at_least",
}
AND = re.compile(r"\s+and\s+|\s*[,&]\s*")
RANGE_REMEDY = 'Write it as "<99.9% and ≥99.0%", or "<95.0%" for the last row.'

SLOT = re.compile(r"\[[^\[\]]+\]")
SLOT_WORDS = re.compile(r"[A-Z][^a-z]*|\S*\|\S*")

DAYS_AFTER = re.compile(r"\[?(\d{1,3})[ -]days?\]?\s+(?:after|of|from)\b.*?\bmonth", re.IGNORECASE)
CYCLE_AFTER = re.compile(r"\[?(first|second|third)\s+billing\s+cycle\]?", re.IGNORECASE)
CYCLES = {"first": 1, "second": 2, "third": 3}
LONGEST_WINDOW = 365

PERCENT = TypeAdapter[Decimal](Percent)


def is_seed_ladder(block: JsonValue) -> bool:
    """Whether a `credit_ladder` is written in the kit's words and not as one of our kinds."""
    return isinstance(block, Mapping) and "kind" not in block and "threshold_kind" in block


def seed_terms(block: JsonValue, *, place: str) -> tuple[CreditTerms | None, tuple[Finding, ...]]:
    """The credit terms that the kit's block means, or None, and every finding about it.

    Args:
        block: What stands under `credit_ladder`, as plain values.
        place: Where it stands, for the findings; their fields are relative to the block.
    """
    reading = _Reading(place)
    if not isinstance(block, Mapping):
        reading.wrong("", f"is {block!r}", "a block with vendor, threshold_kind and brackets")
        return None, tuple(reading.found)
    ladder = _ladder(block, reading)
    claim = _claim(block.get("notes"), reading)
    if ladder is None or reading.refused:
        return None, tuple(reading.found)
    return CreditTerms(ladder=ladder, claim=claim), tuple(reading.found)


@dataclass(slots=True)
class _Reading:
    """The findings while a block is read."""

    place: str
    found: list[Finding] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """Whether an error was found."""
        return any(finding.severity is Severity.ERROR for finding in self.found)

    def wrong(
        self,
        named: str,
        fact: str,
        expected: str,
        remedy: str = "Correct it.",
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Note one finding; `named` is its field in the block."""
        self.found.append(Finding(self.place, fact, expected, remedy, named, severity))

    def filled(self, named: str, value: JsonValue) -> bool:
        """Whether a value is a value; an unfilled slot of the template is a finding."""
        slot = unfilled(value)
        if slot:
            fact = f"still holds the placeholder {slot}"
            self.wrong(named, fact, "your own value", f"Replace {slot}, brackets included.")
        return not slot

    def percent(self, named: str, value: JsonValue) -> Decimal | None:
        """A percentage from 0 to 100; None, with its finding, when it is none."""
        if not self.filled(named, value):
            return None
        text = sole(value)
        if isinstance(text, str):
            text = text.strip().removesuffix("%").strip()
        try:
            return PERCENT.validate_python(text)
        except ValidationError:
            fact = "is missing" if value is None else f"is {value!r}"
            self.wrong(named, fact, "a percentage from 0 to 100, such as 99.9")
            return None


def unfilled(value: JsonValue) -> str:
    """The template's slot that a value still is, such as `[YOUR SLA NAME]`; "" when it is filled.

    YAML reads a bare slot as a list of one word.

    >>> unfilled(["YOUR SLA NAME"]), unfilled("[N]"), unfilled([5]), unfilled("<95%")
    ('[YOUR SLA NAME]', '[N]', '', '')
    """
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        return f"[{value[0]}]" if SLOT_WORDS.fullmatch(value[0]) else ""
    return value if isinstance(value, str) and SLOT.fullmatch(value.strip()) else ""


def _ladder(
    block: Mapping[str, JsonValue], reading: _Reading
) -> UptimeBrackets | SingleThreshold | None:
    for name in block.keys() - set(FIELDS):
        reading.wrong(name, "is no field of a credit_ladder", f"one of {', '.join(FIELDS)}")
    reading.filled("vendor", block.get("vendor"))
    threshold = _threshold(block, reading)
    rows = _rows(block, reading)
    if not reading.filled("threshold_kind", block.get("threshold_kind")):
        return None
    match sole(block.get("threshold_kind")):
        case "availability_threshold":
            return _single(rows, threshold, reading)
        case "uptime_brackets":
            return _brackets(block, rows, threshold, reading)
        case other:
            kinds = f"{THRESHOLD} or {BRACKETS}"
            reading.wrong("threshold_kind", f"is {other!r}", kinds)
            return None


def _threshold(block: Mapping[str, JsonValue], reading: _Reading) -> Decimal | None:
    written = block.get("monthly_threshold_percent")
    optional = sole(block.get("threshold_kind")) == BRACKETS
    if written is None and optional:
        return None
    return reading.percent("monthly_threshold_percent", written)


@dataclass(frozen=True, slots=True)
class _SeedRow:
    """One row: its bounds, or None for "below the threshold", and its credit."""

    bounds: Mapping[str, Decimal] | None
    credit: Decimal


def _rows(block: Mapping[str, JsonValue], reading: _Reading) -> list[_SeedRow | None]:
    written = block.get("brackets")
    listed = [written] if isinstance(written, Mapping) else written
    if not isinstance(listed, list) or not listed:
        reading.wrong("brackets", f"is {written!r}", "a list of rows, each with credit_percent")
        return []
    return [_row(f"brackets[{number}]", row, reading) for number, row in enumerate(listed)]


def _row(named: str, row: JsonValue, reading: _Reading) -> _SeedRow | None:
    if not isinstance(row, Mapping):
        reading.wrong(named, f"is {row!r}", f"a row with {', '.join(ROW_FIELDS)}")
        return None
    for name in row.keys() - set(ROW_FIELDS):
        reading.wrong(f"{named}.{name}", "is no field of a row", f"one of {', '.join(ROW_FIELDS)}")
    credit = reading.percent(f"{named}.credit_percent", row.get("credit_percent"))
    below_threshold = sole(row.get("when_actual_below_threshold")) is True
    if below_threshold == ("range" in row):
        expected = "either a range or when_actual_below_threshold: true"
        reading.wrong(named, "has both or neither", expected, RANGE_REMEDY)
        return None
    bounds = None if below_threshold else _bounds(f"{named}.range", row["range"], reading)
    if credit is None or (bounds is None and not below_threshold):
        return None
    return _SeedRow(bounds, credit)


def _bounds(named: str, written: JsonValue, reading: _Reading) -> Mapping[str, Decimal] | None:
    if not reading.filled(named, written):
        return None
    text = sole(written)
    parts = [BOUND.fullmatch(part) for part in AND.split(str(text).strip())]
    bounds = {BOUND_FIELDS[part[1]]: Decimal(part[2]) for part in parts if part}
    if None in parts or len(bounds) != len(parts):
        expected = "bounds of uptime joined by 'and', each with <, <=, > or >="
        reading.wrong(named, f"is {text!r}", expected, RANGE_REMEDY)
        return None
    try:
        Bracket.model_validate({**bounds, "credit_percent": 0})
    except ValidationError as error:
        for one in error.errors():
            reading.wrong(named, f"is {text!r}", one["msg"], RANGE_REMEDY)
        return None
    return bounds


def _single(
    rows: list[_SeedRow | None], threshold: Decimal | None, reading: _Reading
) -> SingleThreshold | None:
    row = rows[0] if len(rows) == 1 else None
    if len(rows) > 1 or (row is not None and row.bounds is not None):
        expected = f"one row with when_actual_below_threshold: true for {THRESHOLD}"
        remedy = f"Use threshold_kind: {BRACKETS} for a table of ranges."
        reading.wrong("brackets", "are ranges or several rows", expected, remedy)
        return None
    if row is None or threshold is None:
        return None
    return SingleThreshold(commitment_percent=threshold, credit_percent=row.credit)


def _brackets(
    block: Mapping[str, JsonValue],
    rows: list[_SeedRow | None],
    threshold: Decimal | None,
    reading: _Reading,
) -> UptimeBrackets | None:
    brackets = [_bracket(row, number, threshold, reading) for number, row in enumerate(rows)]
    whole = [bracket for bracket in brackets if bracket is not None]
    if len(whole) != len(rows) or not whole:
        return None
    highest = max(bracket.below or bracket.at_most or Decimal(0) for bracket in whole)
    ladder = UptimeBrackets(
        commitment_percent=highest if threshold is None else threshold,
        brackets=tuple(whole),
        as_published=block.get("as_published") is True,
    )
    for finding in ladder.findings(reading.place):
        named = re.sub(r"\.(below|at_most|at_least|above)$", ".range", finding.field)
        reading.wrong(named, finding.fact, finding.expected, finding.remedy, finding.severity)
    return ladder


def _bracket(
    row: _SeedRow | None, number: int, threshold: Decimal | None, reading: _Reading
) -> Bracket | None:
    if row is None:
        return None
    if row.bounds is not None:
        return Bracket.model_validate({**row.bounds, "credit_percent": row.credit})
    if threshold is None:
        named = f"brackets[{number}].when_actual_below_threshold"
        remedy = "Add the threshold, or write a range."
        reading.wrong(named, "is true", "monthly_threshold_percent beside it", remedy)
        return None
    return Bracket(below=threshold, credit_percent=row.credit)


def _claim(notes: JsonValue, reading: _Reading) -> ClaimTerms:
    """The claim window that the notes name in the template's words."""
    listed = notes if isinstance(notes, list) else [notes]
    about = [str(note) for note in listed if note is not None and "claim" in str(note).lower()]
    for note in about:
        days, cycle = DAYS_AFTER.search(note), CYCLE_AFTER.search(note)
        if cycle:
            return ClaimTerms(billing_cycles=CYCLES[cycle[1].lower()])
        if days:
            return ClaimTerms(within_days=min(int(days[1]), LONGEST_WINDOW))
    windows = [note for note in about if re.search(r"[0-9\[]", note)]
    if windows:
        reading.wrong(
            "notes",
            f"name a claim window that could not be read: {windows[0]!r}",
            "a window such as 30 days after end of month",
            "Write claim: {within_days: 30} beside the ladder.",
            Severity.WARNING,
        )
    return ClaimTerms()


def indented_form(text: str) -> str | None:
    r"""The text with its `credit_ladder` blocks indented; None when none of them is flattened.

    A block is flattened when its fields stand in the column of `credit_ladder:` itself. Everything
    else stays as it is.

    >>> print(indented_form("credit_ladder:\nbrackets:\n- range: '<95%'\ncredit_percent: 50"))
    credit_ladder:
      brackets:
        - range: '<95%'
          credit_percent: 50
    """
    lines = text.split("\n")
    flattened = False
    for start, line in enumerate(lines):
        if line.strip() == "credit_ladder:":
            column = len(line) - len(line.lstrip())
            block = list(_flat_block(lines[start + 1 :], column))
            lines[start + 1 : start + 1 + len(block)] = block
            flattened = flattened or bool(block)
    return "\n".join(lines) if flattened else None


def _flat_block(lines: list[str], column: int) -> Iterator[str]:
    """The lines of a flattened block, each with its indentation; ends where the block ends."""
    inside = ""
    for line in lines:
        content = line.strip()
        name = re.match(r"(?:- )?([a-z_]+):", content)
        field_name = name[1] if name else ""
        if not content or content.startswith("#"):
            yield line
        elif len(line) - len(line.lstrip()) > column or (not inside and field_name not in FIELDS):
            return
        elif field_name in FIELDS and not content.startswith("-"):
            inside = field_name
            yield " " * (column + 2) + content
        elif content.startswith("- ") and inside in {"brackets", "notes"}:
            yield " " * (column + 4) + content
        elif inside == "brackets" and field_name in ROW_FIELDS:
            yield " " * (column + 6) + content
        else:
            return
