"""Where the columns of a file are: by the names that we know, or by those that the source maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from models.findings import Finding, UnusableInputError

OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True, slots=True)
class Columns:
    """What a source needs of each file.

    Attributes:
        names: Our name of each column to its name in the file.
        optional: Those of ours that a file may lack.
    """

    names: Mapping[str, str]
    optional: frozenset[str]

    @classmethod
    def of(
        cls, ours: Sequence[str], *, optional: Sequence[str], mapped: Mapping[str, str], source: str
    ) -> Columns:
        """Our columns, some of them mapped; a mapped column is no longer optional.

        Raises:
            UnusableInputError: A column is mapped that is not one of ours.
        """
        strange = [name for name in mapped if name not in ours]
        if strange:
            raise UnusableInputError([_is_not_ours(name, ours, source) for name in strange])
        return cls({**{name: name for name in ours}, **mapped}, frozenset(optional) - set(mapped))

    def locate(self, header: Sequence[str], *, place: str) -> dict[str, int]:
        """The position of each of our columns that the file has.

        Raises:
            UnusableInputError: A needed column is missing, or one is there twice.
        """
        missing = [
            ours
            for ours, name in self.names.items()
            if name not in header and ours not in self.optional
        ]
        findings = [self._are_missing(missing, header, place)] if missing else []
        findings += [
            _is_there_twice(name, place) for name in self.names.values() if header.count(name) > 1
        ]
        if findings:
            raise UnusableInputError(findings)
        return {ours: header.index(name) for ours, name in self.names.items() if name in header}

    def _are_missing(self, missing: Sequence[str], header: Sequence[str], place: str) -> Finding:
        needed = [name for ours, name in self.names.items() if ours not in self.optional]
        absent = " and no column ".join(repr(self.names[ours]) for ours in missing)
        return Finding(
            place=place,
            fact=f"has no column {absent}; it has {', '.join(map(repr, header))}",
            expected=f"the columns {', '.join(needed)}",
            remedy=_remedy(missing, header),
        )


def _remedy(missing: Sequence[str], header: Sequence[str]) -> str:
    for sign, name in OTHER_SEPARATORS.items():
        if len(header) == 1 and sign in header[0]:
            return f"Separate the columns with commas instead of {name}."
    mapped = ", ".join(f"{ours}: its name in the file" for ours in missing)
    return f"Rename the column, or map it in the source: columns: {{{mapped}}}."


def _is_there_twice(name: str, place: str) -> Finding:
    return Finding(
        place=place,
        fact=f"has the column {name!r} more than once",
        expected="each column once",
        remedy="Rename the one that is not meant.",
    )


def _is_not_ours(name: str, ours: Sequence[str], source: str) -> Finding:
    near = get_close_matches(name, ours, n=1)
    return Finding(
        place=source,
        field=f"columns.{name}",
        fact="is no column that this kind of source reads",
        expected=f"one of {', '.join(ours)}",
        remedy=f"Did you mean {near[0]}?" if near else "Remove it.",
    )
