"""Notices by an incoming webhook, as Slack has them and Mattermost and Rocket.Chat take them.

Whoever knows the webhook's address may post as us, so it is a secret: no message, log or text form
of ours holds more of it than its host.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from contextvars import ContextVar
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx

from connectors.chat import Notice
from connectors.errors import ConnectorError, Misconfigured, OutcomeUnknown, Permanent, Retriable
from connectors.retry import pause
from models.ledger import one_line
from models.terms import JsonValue

VARIABLE = "MAKEGOOD_SLACK_WEBHOOK"

TIMEOUT_S = 10
LONGEST_PAUSE_MS = 30_000
"""What a run waits for a rate limit; a longer wait is left to the next run."""

LIMITED = 429
SERVER_FAILED = 500
ADDRESS_WRONG = frozenset({401, 403, 404, 410})
"""The webhook is gone, may not post, or its channel is archived."""

MOST_SHOWN = 80
"""Characters of an answer that a message repeats."""

ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "`": "'"})
TAKEN_APART = re.compile(r"@|\](?=\()|:(?=//)")
"""After which a mention or a link is taken apart."""

JOINER = "\u2060"
"""Takes no room and breaks no line."""

_POSTING: ContextVar[bool] = ContextVar("posting", default=False)


class _Unlogged(logging.Filter):
    """Keeps the lines back that httpx logs with the whole address."""

    def filter(self, _record: logging.LogRecord) -> bool:
        """Let a line pass unless it was written while we post."""
        return not _POSTING.get()


logging.getLogger("httpx").addFilter(_Unlogged())


class SlackChat:
    """One webhook, which posts to one channel."""

    name = "slack"

    def __init__(
        self,
        address: str,
        *,
        timeout_s: int = TIMEOUT_S,
        now_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000,
        sleep: Callable[[int], None] = pause,
    ) -> None:
        """Take the webhook's address; nothing is asked yet.

        Raises:
            Misconfigured: It is no address that a notice may be sent to.
        """
        self._address = _checked(address)
        self._host = urlsplit(address).hostname or ""
        self._timeout_s, self._now_ms, self._sleep = timeout_s, now_ms, sleep
        self._not_before_ms = 0

    def post(self, notice: Notice) -> JsonValue:
        """Post the notice; see `Chat.post`.

        Raises:
            Permanent: Slack refuses these words; nothing was posted.
            Misconfigured: The webhook is gone or may not post; nothing was posted.
            Retriable: Not connected, or the rate limit; nothing was posted.
            OutcomeUnknown: No answer, or a server's failure.
        """
        self._wait()
        response = self._answered({"text": rendered(notice)})
        if response.status_code == httpx.codes.OK and _is_posted(response):
            return {"chat": self.name, "host": self._host}
        raise self._refusal(response)

    def _wait(self) -> None:
        """Keep to what the last rate limit asked for."""
        left = self._not_before_ms - self._now_ms()
        if left > LONGEST_PAUSE_MS:
            raise Retriable(
                f"{self._place}: asks for a pause of {(left + 999) // 1000} more seconds. "
                "Run again later; nothing was posted.",
                status=LIMITED,
            )
        if left > 0:
            self._sleep(left)

    def _answered(self, body: JsonValue) -> httpx.Response:
        posting = _POSTING.set(True)
        try:
            with httpx.Client(timeout=self._timeout_s, follow_redirects=False) as client:
                return client.post(self._address, json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            raise Retriable(
                f"{self._place}: cannot be reached ({type(error).__name__}). "
                "Run again later; nothing was posted."
            ) from None
        except httpx.HTTPError as error:
            raise OutcomeUnknown(
                f"{self._place}: no answer ({type(error).__name__}), the notice may be there. "
                "Run again: a second one is harmless."
            ) from None
        finally:
            _POSTING.reset(posting)

    def _refusal(self, response: httpx.Response) -> ConnectorError:
        status, said = response.status_code, _words(response, secret=urlsplit(self._address).path)
        fact = f"{self._place}: answered {status}{f' {said!r}' if said else ''}"
        if status == LIMITED:
            self._not_before_ms = self._now_ms() + 1000 * _seconds(response)
            return Retriable(f"{fact}, too many. It is tried again later.", status=status)
        if status >= SERVER_FAILED:
            after = "the notice may be there. Run again: a second one is harmless."
            return OutcomeUnknown(f"{fact}; {after}", status=status)
        if status in ADDRESS_WRONG or response.has_redirect_location:
            remedy = f"Make a webhook anew and put its address into {VARIABLE}."
            return Misconfigured(f"{fact}; the webhook cannot be used. {remedy}", status=status)
        if status == httpx.codes.OK:
            after = f"expected ok. Does {VARIABLE} name a webhook? The notice may be there."
            return OutcomeUnknown(f"{fact}; {after}", status=status)
        return Permanent(f"{fact}; nothing was posted.", status=status)

    @property
    def _place(self) -> str:
        return f"slack webhook at {self._host}"


def rendered(notice: Notice) -> str:
    r"""The notice in Slack's markup: its title bold, its commands as code, all else as it is.

    >>> rendered(Notice("May is done", ("R&D <!channel>",), ("makegood release 2026-05",)))
    '*May is done*\nR&amp;D &lt;!channel&gt;\n`makegood release 2026-05`'
    """
    lines = [f"*{literal(notice.title)}*", *(literal(line) for line in notice.lines)]
    return "\n".join([*lines, *(f"`{command.translate(ENTITIES)}`" for command in notice.commands)])


def literal(text: str) -> str:
    """Text that shows as it is and does nothing: no mention, no link.

    Source: Slack, "Formatting text for app surfaces": `&`, `<` and `>` are escaped. Mattermost and
        Rocket.Chat read bare `@all` and Markdown as well, which an invisible sign takes apart.
    """
    return TAKEN_APART.sub(lambda found: f"{found[0]}{JOINER}", text).translate(ENTITIES)


def _checked(address: str) -> str:
    parts = _parts(address.strip())
    if parts is None or not parts[1]:
        raise Misconfigured(
            f"{VARIABLE} is {'not set' if not address.strip() else 'no web address'}; expected the "
            "address of an incoming webhook. Make one and set it; what it says stays secret."
        )
    scheme, host = parts
    if scheme != "https" and not (scheme == "http" and _is_here(host)):
        raise Misconfigured(
            f"{VARIABLE} does not begin with https://; notices name clients and amounts, and the "
            f"address is a secret. Use https for {host}."
        )
    return address.strip()


def _parts(address: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(address)
        _ = parts.port
        return parts.scheme, parts.hostname or ""
    except ValueError:
        return None


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_posted(response: httpx.Response) -> bool:
    """Slack and Mattermost say ok; Rocket.Chat says success in JSON."""
    if response.text.strip() == "ok":
        return True
    try:
        said = response.json()
    except ValueError:
        return False
    return isinstance(said, dict) and said.get("success") is True


def _words(response: httpx.Response, *, secret: str) -> str:
    """What was answered, unless it is a page, and without the address's secret part."""
    text = one_line(response.text)
    hidden = text.replace(secret.strip("/"), "...") if secret.strip("/") else text
    return "" if text.startswith("<") else hidden[:MOST_SHOWN]


def _seconds(response: httpx.Response) -> int:
    said = response.headers.get("Retry-After", "")
    return int(said) if said.isdecimal() else 1
