"""Stripe's own types, read from the `stripe` package: what a request may say, an answer must hold.

The package ships TypedDicts for requests, and for answers classes with annotations. Both are turned
into validators here, once per process and only when first needed. They are closed where the package
leaves them open (an enumeration accepts its listed words alone, no key is added), so that neither a
wrong request nor a wrong answer of the stand-in passes unseen. Must never repair a value.
"""

import ast
import importlib
import inspect
import re
import sys
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, NotRequired, TypeAlias, Union

import typing_extensions
from pydantic import BeforeValidator, ConfigDict, StringConstraints, TypeAdapter, ValidationError
from stripe._list_object import ListObject
from stripe._request_options import RequestOptions
from stripe._stripe_context import StripeContext
from stripe._stripe_object import StripeObject, UntypedStripeObject
from typing_extensions import TypedDict

Converter: TypeAlias = Callable[[Any], Any]

CLOSED = ConfigDict(extra="forbid", strict=True)
# They travel in headers; the stubs list them beside the parameters.
OPTIONS = frozenset(RequestOptions.__annotations__)
INTEGER = re.compile(r"-?\d+", re.ASCII)
# Always null here; their types draw in whole resources, or every way there is to pay.
LEFT_NULL = {
    "last_finalization_error",
    "last_payment_error",
    "next_action",
    "payment_method_details",
    "payment_method_options",
}
DECIMAL = re.compile(r"-?\d+(\.\d{1,12})?", re.ASCII)
ANSWERS = {
    "charge": "stripe._charge:Charge",
    "credit_note": "stripe._credit_note:CreditNote",
    "credit_note_line_item": "stripe._credit_note_line_item:CreditNoteLineItem",
    "customer": "stripe._customer:Customer",
    "customer_balance_transaction": (
        "stripe._customer_balance_transaction:CustomerBalanceTransaction"
    ),
    "event": "stripe._event:Event",
    "invoice": "stripe._invoice:Invoice",
    "invoice_payment": "stripe._invoice_payment:InvoicePayment",
    "line_item": "stripe._invoice_line_item:InvoiceLineItem",
    "payment_intent": "stripe._payment_intent:PaymentIntent",
    "refund": "stripe._refund:Refund",
    "subscription": "stripe._subscription:Subscription",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a request or an answer.

    Attributes:
        param: Where, as Stripe writes it: `lines[0][amount]`.
        kind: Pydantic's word for the fault; `extra_forbidden` and `missing` among them.
        message: What was expected.
    """

    param: str
    kind: str
    message: str


def read_request(
    name: str, decoded: Mapping[str, Any]
) -> tuple[dict[str, Any] | None, list[Finding]]:
    """The typed parameters of a request, or what is wrong with them.

    Args:
        name: Module and class under `stripe.params`, as `_refund_list_params:RefundListParams`.
        decoded: Nested texts, as `forms.decoded` gives them.
    """
    try:
        typed: dict[str, Any] = request_adapter(name).validate_python(decoded)
    except ValidationError as error:
        return None, list(_findings(error, decoded))
    return typed, []


def answer_findings(answer: Mapping[str, Any]) -> list[Finding]:
    """What is wrong with an object that would be sent; nothing when it is one of Stripe's.

    Raises:
        KeyError: For a kind of object that the stand-in does not know.
    """
    try:
        answer_adapter(answer["object"]).validate_python(answer)
    except ValidationError as error:
        return list(_findings(error, answer))
    return []


@cache
def request_adapter(name: str) -> TypeAdapter[Any]:
    """The validator of one request's decoded form."""
    module_name, class_name = name.split(":")
    module = importlib.import_module(f"stripe.params.{module_name}")
    return TypeAdapter(_form_type(getattr(module, class_name)))


@cache
def answer_adapter(kind: str) -> TypeAdapter[Any]:
    """The validator of one kind of object, by the word in its field `object`."""
    module_name, class_name = ANSWERS[kind].split(":")
    return TypeAdapter(_object_type(getattr(importlib.import_module(module_name), class_name)))


@cache
def nullable_fields(kind: str) -> tuple[str, ...]:
    """The fields of an object that Stripe may leave null."""
    module_name, class_name = ANSWERS[kind].split(":")
    hints = _hints(getattr(importlib.import_module(module_name), class_name))
    return tuple(name for name, hint in hints.items() if _is_nullable(hint))


def _findings(error: ValidationError, value: object) -> Iterator[Finding]:
    for found in error.errors(include_url=False, include_context=False):
        yield Finding(_param(found["loc"], found["type"], value), found["type"], found["msg"])


def _param(location: tuple[int | str, ...], kind: str, value: Any) -> str:
    """The location without the names of union members, which stand in no value."""
    named: list[int | str] = []
    for part in location:
        if _holds(value, part):
            value = value[part]
        elif kind != "missing" or part != location[-1]:
            continue  # the name of a union's member
        named.append(part)
    first, *others = named or [""]
    return f"{first}" + "".join(f"[{part}]" for part in others)


def _holds(value: object, part: int | str) -> bool:
    if isinstance(value, Mapping):
        return part in value
    return isinstance(value, list) and isinstance(part, int) and part < len(value)


# --- Requests -------------------------------------------------------------------------------------


def _integer(value: object) -> object:
    if not isinstance(value, str) or not INTEGER.fullmatch(value):
        raise ValueError("Invalid integer")
    return int(value)


def _decimal(value: object) -> object:
    if not isinstance(value, str) or not DECIMAL.fullmatch(value):
        raise ValueError("Invalid decimal")
    return Decimal(value)


def _boolean(value: object) -> object:
    if value not in {"true", "false"}:
        raise ValueError("Invalid boolean")
    return value == "true"


FORM_TYPES: dict[Any, Any] = {
    int: Annotated[int, BeforeValidator(_integer)],
    Decimal: Annotated[Decimal, BeforeValidator(_decimal)],
    bool: Annotated[bool, BeforeValidator(_boolean)],
    str: str,
}


@cache
def _form_type(source: Any) -> Any:
    """A closed TypedDict of what the decoded form must be, from one of the package's TypedDicts."""
    known = {
        **vars(sys.modules[RequestOptions.__module__]),
        **vars(sys.modules[source.__module__]),
        "StripeContext": StripeContext,
    }
    hints = typing_extensions.get_type_hints(source, globalns=known, include_extras=True)
    fields = {name: _field(hint, _form) for name, hint in hints.items() if name not in OPTIONS}
    return _closed(source.__qualname__, fields)


def _form(hint: Any) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if typing_extensions.is_typeddict(hint):
        return _form_type(hint)
    if origin in {Union, types.UnionType}:
        return _union(arguments, _form)
    if origin is list:
        return list[_form(arguments[0])]  # type: ignore[misc]  # built at run time
    if origin is dict:
        return dict[str, _form(arguments[1])]  # type: ignore[misc]  # built at run time
    return FORM_TYPES.get(hint, hint)


# --- Answers --------------------------------------------------------------------------------------


@cache
def _object_type(source: Any) -> Any:
    """A closed TypedDict of what an object must hold, from one of the package's classes."""
    return _closed(
        source.__qualname__,
        {name: _answer_field(name, hint) for name, hint in _hints(source).items()},
    )


def _answer_field(name: str, hint: Any) -> Any:
    if not _is_nullable(hint):
        return _answer(hint)
    if name in LEFT_NULL:
        return NotRequired[None]
    members = _unexpanded(typing.get_args(hint))
    # A whole resource that may be null is left null: its type would draw in half of the package.
    return NotRequired[_either(_answer(member) for member in members if not _is_foreign(member))]


def _is_foreign(hint: Any) -> bool:
    if typing.get_origin(hint) is ListObject:
        return any(_is_foreign(member) for member in _members(typing.get_args(hint)[0]))
    is_resource = (
        inspect.isclass(hint) and issubclass(hint, StripeObject) and "OBJECT_NAME" in vars(hint)
    )
    return is_resource and hint.OBJECT_NAME not in ANSWERS


def _members(hint: Any) -> tuple[Any, ...]:
    return typing.get_args(hint) if typing.get_origin(hint) is Union else (hint,)


@cache
def _hints(source: Any) -> dict[str, Any]:
    """The annotations that a class itself makes, resolved."""
    own = {
        name: hint
        for name, hint in vars(source).get("__annotations__", {}).items()
        if typing.get_origin(hint) is not typing.ClassVar and not name.startswith("_")
    }
    stand_in = type(source.__name__, (), {"__annotations__": own})
    return typing.get_type_hints(stand_in, globalns=_namespace(source.__module__))


@cache
def _namespace(module_name: str) -> dict[str, Any]:
    """What a module means by its names, those included that it imports for type checking alone."""
    module = importlib.import_module(module_name)
    known = dict(vars(module))
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("stripe"):
            imported = importlib.import_module(node.module)
            for alias in node.names:
                known[alias.asname or alias.name] = getattr(imported, alias.name)
    return known


def _answer(hint: Any) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {Union, types.UnionType}:
        return _union(_unexpanded(arguments), _answer)
    if origin is list:
        return list[_answer(arguments[0])]  # type: ignore[misc]  # built at run time
    if origin is dict:
        return dict[str, Any]
    if origin is ListObject:
        return _list_type(arguments[0])
    if origin is UntypedStripeObject:
        return dict[str, _answer(arguments[0])]  # type: ignore[misc]  # built at run time
    return _plain(hint)


def _plain(hint: Any) -> Any:
    if hint is Decimal:
        return Annotated[str, StringConstraints(pattern=rf"^{DECIMAL.pattern}$")]
    if inspect.isclass(hint) and issubclass(hint, StripeObject):
        return _object_type(typing.cast("Any", hint))
    return hint


@cache
def _list_type(item: Any) -> Any:
    fields = {"object": Literal["list"], "data": list[_answer(item)], "has_more": bool, "url": str}  # type: ignore[misc]  # built at run time
    return _closed("List", {**fields, "total_count": NotRequired[int]})


def _unexpanded(members: tuple[Any, ...]) -> tuple[Any, ...]:
    """An expandable field holds the id, because objects are judged before they are expanded."""
    if str not in members:
        return members
    return tuple(
        member
        for member in members
        if not (inspect.isclass(member) and issubclass(member, StripeObject))
    )


# --- Both -----------------------------------------------------------------------------------------


def _field(hint: Any, convert: Converter) -> Any:
    if typing_extensions.get_origin(hint) is NotRequired:
        return NotRequired[convert(typing.get_args(hint)[0])]
    return convert(hint)


def _union(members: tuple[Any, ...], convert: Converter) -> Any:
    """A union whose enumeration is closed: `Literal[...] | str` means the listed words alone."""
    kept = [
        member
        for member in members
        if not (member is str and any(_is_enumeration(other) for other in members))
        and typing.get_origin(member) is not UntypedStripeObject
    ] or list(members)
    return _either(convert(member) for member in kept)


def _either(members: Iterable[Any]) -> Any:
    return Union[tuple(members)]  # noqa: UP007 - the members are known at run time alone


def _is_enumeration(hint: Any) -> bool:
    return typing.get_origin(hint) is Literal and typing.get_args(hint) != ("",)


def _is_nullable(hint: Any) -> bool:
    return typing.get_origin(hint) in {Union, types.UnionType} and type(None) in typing.get_args(
        hint
    )


def _closed(name: str, fields: dict[str, Any]) -> Any:
    build: Any = TypedDict
    closed = build(name, fields)
    closed.__pydantic_config__ = CLOSED
    return closed
