"""The columns of a data source: read from a request, changed, written as Notion writes them."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import Any, TypeAlias

from tests.standins.notion import cells, texts
from tests.standins.notion.refusals import invalid, unsupported, wrong_body
from tests.standins.notion.world import Column, Option, Page, Source, World, identity_of

Json: TypeAlias = Any
MOST_OPTIONS = 100
COLORS = ("default", "gray", "brown", "orange", "yellow", "green", "blue", "purple", "pink", "red")
KINDS = (
    cells.TEXTS | cells.WORDS.keys() | cells.CHOICES | cells.EMPTY_LISTS | set(cells.READ_ONLY)
    | {"number", "date", "checkbox"}
) - {"relation"}  # fmt: skip
# The types leave it open; the list is Notion's.
NUMBER_FORMATS = re.compile(
    "number|number_with_commas|percent|dollar|australian_dollar|canadian_dollar|singapore_dollar|"
    "euro|pound|yen|ruble|rupee|won|yuan|real|lira|rupiah|franc|hong_kong_dollar|"
    "new_zealand_dollar|krona|norwegian_krone|mexican_peso|rand|new_taiwan_dollar|danish_krone|"
    "zloty|baht|forint|koruna|shekel|chilean_peso|philippine_peso|dirham|colombian_peso|riyal|"
    "ringgit|leu|argentine_peso|uruguayan_peso|peruvian_sol"
)
USUAL_STATUS = (("Not started", "default"), ("In progress", "blue"), ("Done", "green"))
GROUPS = (("To-do", "gray"), ("In progress", "blue"), ("Complete", "green"))


def create(source: Source, asked: Json, place: str) -> None:
    """Give a new data source its columns; without any it has a title called Name.

    Raises:
        Refusal: A column is not possible, or there is not exactly one title.
    """
    for name, config in (asked or {"Name": {"title": {}}}).items():
        add(source, name, config, f"{place}.{name}")
    titles = [column.name for column in source.columns.values() if column.kind == "title"]
    if len(titles) != 1:
        raise invalid(f"{place} should have exactly one title, instead were {titles}.")


def update(source: Source, asked: Json, place: str) -> None:
    """Add, change, rename and remove columns, each by its name or id.

    Raises:
        Refusal: One of the changes is not possible.
    """
    for key, config in asked.items():
        column = source.column(key)
        if config is None:
            _remove(source, column, key)
        elif column is None:
            add(source, key, config, f"{place}.{key}")
        else:
            _change(source, column, config, f"{place}.{key}")


def add(source: Source, name: str, config: Json, place: str) -> Column:
    """Add a column.

    Raises:
        Refusal: It is not possible.
    """
    kind = _kind(config, place)
    if kind is None:
        raise invalid(f"{name} is not a property that exists.")
    if kind == "title" and any(c.kind == "title" for c in source.columns.values()):
        raise invalid("Cannot create a second title property.")
    _require_free(source, config.get("name", name), None)
    column = Column(
        _column_id(source, kind),
        config.get("name", name),
        kind,
        options(kind, config[kind], (), f"{place}.{kind}"),
        setting(kind, config[kind], "", place),
        config.get("description"),
    )
    source.put_column(column)
    return column


def _column_id(source: Source, kind: str) -> str:
    """A short id; some need escapes in an address, as at Notion."""
    if kind == "title":
        return "title"
    letters = identity_of(f"column {source.id} {source.shape}")[:7]
    return f"%3A{letters}" if source.shape % 2 else letters


def _kind(config: Json, place: str) -> str | None:
    kinds = [key for key in config if key not in {"name", "description", "type"}]
    if not kinds:
        return None
    if kinds[0] not in KINDS:
        raise unsupported(f"columns of type {kinds[0]} ({place})")
    return str(kinds[0])


def _require_free(source: Source, name: str, own: Column | None) -> None:
    if not name.strip():
        raise invalid("body failed validation: a property's name should be populated.")
    taken = source.column(name)
    if taken is not None and (own is None or taken.id != own.id):
        raise invalid(f"Property name {name} is used more than once.")


def _remove(source: Source, column: Column | None, key: str) -> None:
    if column is None:
        raise invalid(f"{key} is not a property that exists.")
    if column.kind == "title":
        raise invalid("Cannot delete the title property.")
    source.remove_column(column)


def _change(source: Source, column: Column, config: Json, place: str) -> None:
    kind = _kind(config, place) or column.kind
    if "title" in {kind, column.kind} and kind != column.kind:
        raise invalid("Cannot change the type of, or into, a title property.")
    name = config.get("name", column.name)
    _require_free(source, name, column)
    said = config.get(kind, {})
    same = kind == column.kind
    changed = Column(
        column.id,
        name,
        kind,
        options(kind, said, column.options if same else (), f"{place}.{kind}"),
        setting(kind, said, column.setting if same else "", place),
        config.get("description", column.description),
    )
    source.put_column(changed)
    if not same:
        _convert(source, column, changed)


def _convert(source: Source, before: Column, after: Column) -> None:
    """Let cells follow the type of their column: texts and numbers as far as they can be read."""

    def moved(page: Page) -> Page:
        value = _converted(after.kind, cells.plain(before, page))
        return replace(page, cells=page.cells | {after.id: value})

    source.pages = {identity: moved(page) for identity, page in source.pages.items()}
    source.seen = {identity: moved(page) for identity, page in source.seen.items()}
    source.pending = [(at, order, moved(page)) for at, order, page in source.pending]


def _converted(kind: str, plain: Any) -> Any:
    text = "" if plain is None or isinstance(plain, bool | list) else str(plain)
    if kind in cells.TEXTS:
        return texts.typed(text)
    if kind == "number":
        number = re.fullmatch(r"-?\d+(\.\d+)?", text)
        return cells.javascript_number(text) if number else None
    if kind in cells.WORDS:
        return text or None
    return () if kind == "multi_select" else None


def setting(kind: str, said: Json, before: str, place: str) -> str:
    """The format of a number, the expression of a formula; "" for others.

    Raises:
        Refusal: There is no such format.
    """
    if kind == "formula":
        return str(said.get("expression", before))
    if kind != "number":
        return ""
    form = str(said.get("format", before or "number"))
    if not NUMBER_FORMATS.fullmatch(form):
        raise wrong_body(f"{place}.number.format", "one of Notion's formats", form)
    return form


def options(kind: str, said: Json, before: Sequence[Option], place: str) -> tuple[Option, ...]:
    """The options that a request leaves a column with: those it lists, or those before.

    Raises:
        Refusal: Two have one name, a name is not possible, or a color would change.
    """
    if kind not in cells.CHOICES:
        return ()
    if "options" not in said:
        return tuple(before) or (_usual() if kind == "status" else ())
    if len(said["options"]) > MOST_OPTIONS:
        raise wrong_body(f"{place}.options.length", f"≤ `{MOST_OPTIONS}`", len(said["options"]))
    listed = tuple(
        _option(one, before, f"{place}.options[{i}]") for i, one in enumerate(said["options"])
    )
    _require_different(listed, place)
    return listed


def _usual() -> tuple[Option, ...]:
    return tuple(Option(identity_of(name)[:4], name, color) for name, color in USUAL_STATUS)


def _option(said: Json, before: Sequence[Option], place: str) -> Option:
    known = _known(said, before)
    if known is None and "id" in said and "name" not in said:
        raise invalid(f"{place}: there is no option with id {said['id']}.")
    name = said.get("name", known.name if known else "")
    cells.require_option_name(name, place)
    if known is None:
        color = said.get("color") or COLORS[sum(name.encode()) % len(COLORS)]
        return Option(_option_id(name, before), name, color, said.get("description"))
    if said.get("color", known.color) != known.color:
        raise invalid(f"Cannot update color of select with name: {known.name}.")
    return replace(known, name=name, description=said.get("description", known.description))


def _option_id(name: str, before: Sequence[Option]) -> str:
    taken = {option.id for option in before}
    tries = (identity_of(f"option {name} {number}")[:8] for number in count())
    return next(identity for identity in tries if identity not in taken)


def _known(said: Json, before: Sequence[Option]) -> Option | None:
    for option in before:
        if said.get("id") == option.id or said.get("name", "").casefold() == option.name.casefold():
            return option
    return None


def _require_different(listed: Sequence[Option], place: str) -> None:
    names = [option.name.casefold() for option in listed]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise invalid(f"{place}.options: names should be unique, {sorted(twice)} are not.")


def with_new_options(world: World, source: Source, column: Column, kept: Any) -> Any:
    """The value of a cell with ids for options that did not exist until now; they are created."""
    wanted = kept if isinstance(kept, tuple) else (kept,)
    for one in wanted:
        current = source.columns[column.id]
        if isinstance(one, cells.NewOption) and current.named(one.name) is None:
            added = _option({"name": one.name}, current.options, column.name)
            source.put_column(replace(current, options=(*current.options, added)))
    current = source.columns[column.id]
    found = tuple(
        _id_of(current, one.name) if isinstance(one, cells.NewOption) else one for one in wanted
    )
    return tuple(dict.fromkeys(found)) if isinstance(kept, tuple) else found[0]


def _id_of(column: Column, name: str) -> str:
    option = column.named(name)
    if option is None:
        raise RuntimeError("an option is created before it is used")
    return option.id


def answer(column: Column) -> dict[str, Any]:
    """A column as Notion writes it."""
    return {
        "id": column.id,
        "name": column.name,
        "description": column.description,
        "type": column.kind,
        column.kind: _config(column),
    }


def _config(column: Column) -> dict[str, Any]:
    if column.kind == "number":
        return {"format": column.setting}
    if column.kind == "formula":
        return {"expression": column.setting}
    if column.kind == "unique_id":
        return {"prefix": None}
    if column.kind not in cells.CHOICES:
        return {}
    listed = [
        {"id": o.id, "name": o.name, "color": o.color, "description": o.description}
        for o in column.options
    ]
    return {"options": listed, **({"groups": _groups(column)} if column.kind == "status" else {})}


def _groups(column: Column) -> list[dict[str, Any]]:
    """The first option is to do, the last is complete, the others are in progress."""
    ids = [option.id for option in column.options]
    parts = (ids[:1], ids[1:-1], ids[1:][-1:])
    return [
        {"id": identity_of(name)[:8], "name": name, "color": color, "option_ids": part}
        for (name, color), part in zip(GROUPS, parts, strict=True)
    ]
