"""The list of every setting: what it is for, whether it is needed, and where it was found.

For `makegood settings`, `makegood doctor` and the runbook's table. It never holds a value.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from flows.settings import (
    NOTION_TOKEN,
    OF_SOURCES,
    PREFECT_API,
    PREFECT_AUTH,
    PREFECT_HOME,
    PREFIX,
    SLACK_WEBHOOK,
    SMTP_PASSWORD,
    STRIPE_KEY,
    block_of,
    held,
    may_lie_in_block,
    variable,
    with_sources,
)
from models.sources.base import Identified
from models.terms import near_miss
from models.workspace_file import BillingKind, Workspace

OTHERS: Mapping[str, str] = {
    PREFECT_API: "the Prefect server to report to; without it `run`, `backfill` and `demo` start "
    "one for themselves on 127.0.0.1",
    PREFECT_HOME: "where such a server keeps its own database",
    PREFECT_AUTH: "name and password of that server, where it asks for them",
}
"""Settings of Prefect's own that people meet here; Prefect reads them."""

LINK = re.compile(r"\[([^]]+)\]\([^)]+\)")

FOR_TESTS = ("MAKEGOOD_BENCH_", "MAKEGOOD_MONTHS", "MAKEGOOD_REQUIRE_PEERS")
"""How names begin that only our tests look for."""


class Place(StrEnum):
    """Where a setting was found."""

    ENVIRONMENT = "environment"
    BLOCK = "secret block"
    NOWHERE = "not set"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting; never what it holds.

    Attributes:
        name: The variable.
        says: What it is for.
        secret: Whether its value is one.
        block: The Secret block that may hold it; "" for none.
        needed: Whether the workspace cannot do without it.
    """

    name: str
    says: str
    secret: bool
    block: str
    needed: bool = False

    @property
    def words(self) -> str:
        """What it is for, without the marks of a page."""
        return LINK.sub(r"\1", self.says).replace("`", "")


def known_settings(workspace: Workspace | None = None) -> tuple[Setting, ...]:
    """Every setting, those of a workspace's sources among them; nothing is looked for yet."""
    needed = needs(workspace) if workspace else frozenset()
    fields = with_sources(_of_sources(workspace)).model_fields.items()
    ours = (_known(variable(field), said, needed) for field, said in fields)
    others = (Setting(name, says, secret="AUTH" in name, block="") for name, says in OTHERS.items())
    return (*ours, *others)


def _known(name: str, said: FieldInfo, needed: frozenset[str]) -> Setting:
    return Setting(
        name=name,
        says=said.description or "",
        secret=said.annotation is SecretStr,
        block=block_of(name) if may_lie_in_block(said) else "",
        needed=name in needed,
    )


def _of_sources(workspace: Workspace | None) -> tuple[str, ...]:
    return tuple(name for source in _outside(workspace) for name in source.secret_names())


def _outside(workspace: Workspace | None) -> tuple[Identified, ...]:
    if workspace is None:
        return ()
    incidents = workspace.incidents
    told = (*incidents.webhooks, *incidents.pages) if incidents else ()
    return (*workspace.sources, *workspace.exclusion_sources, *told)


def needs(workspace: Workspace) -> frozenset[str]:
    """The settings that a workspace cannot do without, those of its sources apart.

    Which of its secrets a source needs, the source itself says when it is asked.
    """
    smtp = workspace.mail.smtp if workspace.mail else None
    wanted = {
        STRIPE_KEY: workspace.billing.kind is BillingKind.STRIPE,
        NOTION_TOKEN: workspace.ledger.notion is not None,
        SLACK_WEBHOOK: workspace.notices.slack,
        SMTP_PASSWORD: smtp is not None and smtp.user is not None,
    }
    return frozenset(name for name, is_wanted in wanted.items() if is_wanted)


def place_of(setting: Setting) -> Place:
    """Where a setting is found now.

    Raises:
        Retriable: Prefect's server cannot be asked for its block.
    """
    if os.environ.get(setting.name):
        return Place.ENVIRONMENT
    return Place.BLOCK if setting.block and held(setting.name) else Place.NOWHERE


def strange_settings() -> Iterator[tuple[str, str]]:
    """Variables that are named as if they were ours and are not, each with what may be meant."""
    known = [setting.name for setting in known_settings()]
    for name in sorted(os.environ):
        ours = name.startswith(PREFIX) and not name.startswith((OF_SOURCES, *FOR_TESTS))
        if ours and name not in known:
            yield name, near_miss(name, known)
