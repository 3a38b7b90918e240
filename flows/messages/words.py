"""What templates call for words: sentences of one language with their values, labels and headings.

Every value goes the way of values outside of sentences: it is put on one line, on a page it is
escaped, and one that is missing stops the rendering.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

from flows.messages.language import Language
from flows.messages.plain import COLUMNS
from models.ledger import one_line

Show = Callable[[object], object]


def words_of(language: Language, *, shown: Show) -> Mapping[str, object]:
    """The functions by the names that templates and the i18n extension know.

    Args:
        language: The language of the message.
        shown: What becomes of a value before it is shown.
    """

    @pass_eval_context
    def gettext(context: EvalContext, sentence: str, /, **values: object) -> str:
        """A sentence with its values."""
        return _filled(context, language.said(sentence), values, shown)

    @pass_eval_context
    def ngettext(context: EvalContext, one: str, many: str, count: int, /, **values: object) -> str:
        """A sentence about a number of things, which it may name as `num`."""
        said = language.said_of(one, many, count)
        return _filled(context, said, {"num": language.number(str(count)), **values}, shown)

    return {"_": gettext, "gettext": gettext, "ngettext": ngettext, **_pieces(language)}


def _pieces(language: Language) -> Mapping[str, object]:
    def colon(name: str) -> str:
        """A label."""
        return language.gettext("%(name)s:", name=name)

    def labelled(name: str, value: str) -> str:
        """A label and what it names, on one line of text."""
        return language.gettext("%(name)s: %(value)s", name=name, value=value)

    def more_in_ledger(count: int) -> str:
        """How much of a list is left out of a mail."""
        return language.ngettext(
            "… and %(num)s more in the ledger.", "… and %(num)s more in the ledger.", count
        )

    def more_in_log(count: int) -> str:
        """How many changes are left out of a mail."""
        return language.ngettext(
            "… and %(num)s more in the decision log.",
            "… and %(num)s more in the decision log.",
            count,
        )

    functions = (colon, labelled, more_in_ledger, more_in_log, heading)
    return {function.__name__: function for function in functions}


def heading(text: str, line: str = "-") -> Markup:
    """A heading of plain text, underlined by its own length; marked, so that its lines stay two."""
    return Markup(f"{one_line(text)}\n{line * min(len(text), COLUMNS)}")  # noqa: S704  Plain text, no page.


def _filled(context: EvalContext, said: str, values: Mapping[str, object], shown: Show) -> str:
    filled = {name: shown(value) for name, value in values.items()}
    return (Markup(said) if context.autoescape else said) % filled  # noqa: S704  Our own sentence.
