"""Documents keep exact values and know the line of each of them."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.findings import UnusableInputError
from models.json_text import json_offsets, parse_json
from models.located import DEEPEST, LONGEST_LINE, MOST_BYTES, Document, decode, dotted, path_of
from models.terms import Exact, Terms
from models.yaml_text import parse_yaml

NAME = "terms.yaml"


class Fee(Terms):
    """A small document to validate."""

    amount: Exact


def only(text: str) -> Document:
    """The one document of a text."""
    (document,) = parse_yaml(text, name=NAME)
    return document


def faults(text: str) -> list[str]:
    """Everything that is wrong with the syntax of a text."""
    return [str(finding) for one in parse_yaml(text, name=NAME) for finding in one.findings]


def json_faults(text: str) -> list[str]:
    """Everything that is wrong with the syntax of a JSON text."""
    return [str(finding) for finding in parse_json(text, name="payload.json").findings]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("5", 5),
        ("-5", -5),
        ("010", 10),
        ("0x1F", 31),
        ("0o17", 15),
        ("99.90", Decimal("99.90")),
        ("1e3", Decimal("1E+3")),
        (".5", Decimal("0.5")),
        ("0.1", Decimal("0.1")),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2025-01-01", "2025-01-01"),
        (".nan", ".nan"),
        (".inf", ".inf"),
        ("-.inf", "-.inf"),
        ('"5"', "5"),
        ("'true'", "true"),
        ("NO", "NO"),
    ],
)
def test_plain_values_mean_what_yaml_1_2_says(written, value):
    """Norway stays Norway, a date stays text, and no number becomes a float."""
    found = only(f"a: {written}\nb: 1").value["a"]
    assert found == value
    assert type(found) is type(value)


def test_documents_are_told_apart_and_empty_ones_are_left_out():
    """A file may start and end with `---`."""
    found = parse_yaml("---\n---\na: 1\n---\n# nothing\n---\na: 2\n---\n", name=NAME)
    assert [one.value for one in found] == [{"a": 1}, {"a": 2}]
    assert [one.place() for one in found] == ["terms.yaml:3", "terms.yaml:7"]


def test_an_alias_stands_for_what_its_anchor_names():
    """Aliases save repetition, as anywhere in YAML."""
    assert only("a: &fee {amount: 5}\nb: *fee").value == {"a": {"amount": 5}, "b": {"amount": 5}}


def test_a_place_is_the_line_of_the_field_or_of_what_is_around_it():
    """A missing field is looked for where it belongs."""
    document = only("service: api\nversions:\n  - currency: EUR\n    cap:\n      percent: 5\n")
    assert document.place(("versions", 0, "cap", "percent")) == "terms.yaml:5"
    assert document.place(("versions", 0, "cap")) == "terms.yaml:4"
    assert document.place(("versions", 0, "cap", "amount")) == "terms.yaml:4"
    assert document.place(("client",)) == "terms.yaml:1"


def test_a_document_may_be_read_as_if_it_stood_under_a_field():
    """A bare list is validated in its place, and its findings keep the field as it was written."""
    document = only("amount: 5,0").under("fee")
    assert document.value == {"fee": {"amount": "5,0"}}
    assert document.place(("fee", "amount")) == "terms.yaml:1"


@given(
    st.lists(st.from_regex(r"[a-z_]{1,8}", fullmatch=True) | st.integers(0, 99), max_size=6).filter(
        lambda path: not path or isinstance(path[0], str)
    )
)
@settings(max_examples=50)
def test_a_path_survives_being_written(path):
    """`dotted` and `path_of` undo each other."""
    assert path_of(dotted(tuple(path))) == tuple(path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "name: Acme: GmbH\n",
            (
                'terms.yaml:1:11: is no YAML in "name: Acme: GmbH": mapping values are not '
                "allowed in "
                "this context; a value after one colon, fields of one level in one column. "
                "Quote a text that holds a colon, or line the field up with those beside it."
            ),
        ),
        (
            "cap:\n\tpercent: 5\n",
            (
                'terms.yaml:2:1: is no YAML in "percent: 5": found character that cannot start any '
                "token; indentation by spaces. Replace the tab at the start of the line by spaces."
            ),
        ),
        (
            "monitors: [a, b\ncurrency: EUR\n",
            (
                "terms.yaml:2:9: is no YAML in \"currency: EUR\": did not find expected ',' "
                "or ']'; a bracket that is closed where it ends. "
                "Close the bracket that was opened before, or put a comma between its items."
            ),
        ),
        (
            "name: 'Acme\n",
            (
                "terms.yaml:2:1: is no YAML at the end of the file: found unexpected end of "
                "stream; "
                "a quote that is closed where the text ends. Close the quote that was opened "
                "before."
            ),
        ),
        (
            "name: @acme\n",
            (
                'terms.yaml:1:7: is no YAML in "name: @acme": found character that cannot '
                "start any token; text that starts with a letter, a digit or a quote. "
                "Quote a text that starts with a special sign such as @, ` or %."
            ),
        ),
        (
            "name: é\x01\n",
            (
                'terms.yaml:1:8: is no YAML in "name: é\\x01": control characters are not allowed; '
                "text without control characters. "
                "Remove the character; an editor may have to show invisible signs first."
            ),
        ),
        (
            "cap: *usual\n",
            (
                'terms.yaml:1:6: is no YAML in "cap: *usual": found undefined alias; an anchor '
                "(`&name`) above each alias (`*name`). "
                "Quote a text that starts with an asterisk, or define the anchor above."
            ),
        ),
        (
            "- a\ncap: 1\n",
            (
                "terms.yaml:2:1: is no YAML in \"cap: 1\": did not find expected '-' "
                "indicator; items of a list that start with `- ` in one column. "
                "Start the line with `- `, or end the list by moving the field to the left."
            ),
        ),
        (
            "cap: 1\ncap: 2\n",
            (
                "terms.yaml:2: cap is given twice, first on line 1; each field once. "
                "Remove one of the two."
            ),
        ),
        (
            "fee: !!float 5\n",
            (
                'terms.yaml:1: fee has the tag "!!float"; values without tags. '
                "Remove the tag; quote a value that is to be text."
            ),
        ),
        (
            "{CLIENT}: 5\n",
            (
                "terms.yaml:1: has a field whose name is no plain text; one word as the name of a "
                "field. Quote the value if it starts with { or [; name the field if it has no name."
            ),
        ),
    ],
)
def test_broken_yaml_is_told_with_line_and_remedy(text, sentence):
    """The place, the line itself, what would have been right and what to do."""
    assert faults(text) == [sentence]


def test_what_stands_before_a_syntax_error_is_still_read():
    """One broken document at the end does not hide what is wrong with the others."""
    first, broken = parse_yaml("amount: 5,5\n---\na: b: c\n", name=NAME)
    assert str(first.validate(Fee).findings[0]).endswith("Write 5.5 with a decimal point.")
    assert broken.validate(Fee).findings[0].place == "terms.yaml:3:5"


def test_syntax_and_terms_are_reported_together():
    """A doubled field and a wrong number of one document are one report."""
    found = only("amount: 1\namount: 5,5\nextra: 1").validate(Fee)
    assert found.model is None
    assert [finding.field for finding in found.findings] == ["amount", "extra"]


def test_aliases_that_multiply_are_stopped():
    """Nine levels of nine would be 387 million values; they are counted, not written out."""
    lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    for before, now in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{now}: &{now} [{','.join([f'*{before}'] * 9)}]")
    (fault,) = faults("\n".join(lines))
    assert "brings the file to too many values; at most 1,000,000 values" in fault


def test_an_alias_that_holds_itself_is_stopped():
    """It would never end."""
    (fault,) = faults("&a [*a]")
    assert f"is nested too deeply; at most {DEEPEST} levels" in fault


@pytest.mark.parametrize("text", ["[" * 100_000 + "]" * 100_000, "- " * 100_000 + "x"])
def test_bottomless_nesting_is_refused_before_it_harms(text):
    """The YAML library would crash the whole program at this depth."""
    assert faults(text) == [
        (
            "terms.yaml:1: is nested too deeply; at most 64 levels. Check the brackets and the "
            "indentation."
        )
    ]


def test_a_text_that_is_too_long_is_refused_by_name():
    """Nobody writes four megabytes of terms."""
    assert faults("#" * 80 + ("\n" + "#" * 80) * 50_000) == [
        (
            "terms.yaml: is 4,050,080 bytes long; at most 4,000,000 bytes. "
            "Split it into several files, or check that it is the file that was meant."
        )
    ]


def test_a_line_that_is_too_long_is_refused_by_line():
    """The second line is one character too long."""
    assert faults("a: 1\n" + "#" * (LONGEST_LINE + 1)) == [
        (
            "terms.yaml:2: has a line of 1,000,001 characters; at most 1,000,000 in a line. "
            "Check that it is the file that was meant."
        )
    ]


def test_bytes_that_are_no_utf_8_are_named_with_their_position():
    """`Müller` in Latin-1: its second byte, at position 11 of the file, is 0xfc."""
    with pytest.raises(UnusableInputError) as refused:
        decode("a: 1\nname: Müller".encode("latin-1"), name=NAME)
    assert str(refused.value) == (
        "terms.yaml:2: holds the byte 0xfc at position 12; text in UTF-8. Save the file as UTF-8."
    )


def test_utf_16_is_recognised():
    """Some editors save it and call it Unicode."""
    with pytest.raises(UnusableInputError, match="looks like UTF-16"):
        decode("a: 1".encode("utf-16"), name=NAME)


def test_a_byte_order_mark_is_no_part_of_the_text():
    """Some editors put one in front."""
    assert decode(b"\xef\xbb\xbfa: 1", name=NAME) == "a: 1"


def test_too_many_bytes_are_not_even_decoded():
    """The limit holds for bytes as for characters."""
    with pytest.raises(UnusableInputError, match="at most 4,000,000 bytes"):
        decode(b"\xff" * (MOST_BYTES + 1), name=NAME)


def test_json_numbers_are_exact():
    """A tenth is a tenth."""
    document = parse_json('{"amount": 0.1, "n": 12345678901234567890}', name="payload.json")
    assert document.value == {"amount": Decimal("0.1"), "n": 12345678901234567890}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            '{"a": 1,\n "b": NaN}',
            (
                "payload.json:2: holds NaN; finite numbers, written in digits. "
                "Write the number, or null where there is none."
            ),
        ),
        (
            '{"a": -Infinity}',
            (
                "payload.json:1: holds -Infinity; finite numbers, written in digits. "
                "Write the number, or null where there is none."
            ),
        ),
        (
            '{"a": 1,\n "b": [{"c": 1,\n "c": 2}]}',
            (
                "payload.json:3: b[0].c is given twice, first on line 2; each field once. "
                "Remove one of the two."
            ),
        ),
        (
            '{"a": 1,}',
            (
                'payload.json:1:9: is no JSON in "{"a": 1,}": Expecting property name enclosed in '
                "double quotes; a JSON document. "
                "Put the field's name in double quotes; remove a comma after the last field."
            ),
        ),
        (
            '{"a": 1}\n{"a": 2}',
            (
                'payload.json:2:1: is no JSON in "{"a": 2}": Extra data; a JSON document. '
                "Write one document per file, or one per line in a .jsonl file."
            ),
        ),
        (
            "",
            (
                "payload.json:1:1: is no JSON at the end: Expecting value; a JSON document. "
                "Correct the place; text stands in double quotes, numbers have a decimal point."
            ),
        ),
        (
            "[" * 100_000,
            (
                "payload.json:1: is nested too deeply; at most 64 levels. Check the brackets "
                "and the indentation."
            ),
        ),
        (
            '{"a": ' + "9" * 5000 + "}",
            (
                "payload.json:1: holds a number of thousands of digits; finite numbers, written in "
                "digits. Write the number, or null where there is none."
            ),
        ),
    ],
)
def test_broken_json_is_told_with_line_and_remedy(text, sentence):
    """The same care for JSON."""
    assert json_faults(text) == [sentence]


def test_a_line_of_a_jsonl_file_knows_its_line():
    """The reader says where in its file a document starts."""
    document = parse_json('{"amount": "5,5"}', name="payloads.jsonl", first_line=7)
    assert document.validate(Fee).findings[0].place == "payloads.jsonl:7"


def paths_of(value, path=()):
    """Every field and item of a value, as a reader meets them."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for step, inner in items:
        yield (*path, step)
        if isinstance(inner, dict | list):
            yield from paths_of(inner, (*path, step))


NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(NESTED.filter(lambda value: isinstance(value, dict | list)))
@settings(max_examples=100)
def test_every_place_of_a_json_text_is_found(value):
    """Whatever a JSON text holds, each of its values is located, in order."""
    found = [path for path, _ in json_offsets(json.dumps(value, indent=1))]
    assert found == list(paths_of(value))
