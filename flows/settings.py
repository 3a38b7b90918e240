"""Every setting beside a workspace's files: what it is for, and where it is looked for.

The environment comes first. Inside a run of Prefect, a setting that may lie in a Secret block is
then looked for there, by its own name: `MAKEGOOD_STRIPE_KEY` in `makegood-stripe-key`. It stands
before everything else that a month does. No value is ever shown, logged or put into a message, and
no other module asks the environment for a setting of ours.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Annotated, Any, ClassVar

from pydantic import Field, PlainValidator, SecretStr, WrapValidator, create_model
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from connectors.errors import Misconfigured

PREFIX = "MAKEGOOD_"
OF_SOURCES = f"{PREFIX}SOURCE_"
"""How the secrets begin whose names come from a workspace's sources."""

DATABASE_URL = "MAKEGOOD_DATABASE_URL"
STRIPE_KEY = "MAKEGOOD_STRIPE_KEY"
STRIPE_URL = "MAKEGOOD_STRIPE_URL"
STRIPE_WEBHOOK_SECRETS = "MAKEGOOD_STRIPE_WEBHOOK_SECRETS"
NOTION_TOKEN = "MAKEGOOD_NOTION_TOKEN"  # noqa: S105  Its name, not the token.
NOTION_URL = "MAKEGOOD_NOTION_URL"
SLACK_WEBHOOK = "MAKEGOOD_SLACK_WEBHOOK"
SMTP_PASSWORD = "MAKEGOOD_SMTP_PASSWORD"  # noqa: S105  Its name, not the password.
SMTP_CA = "MAKEGOOD_SMTP_CA"
APPROVER_TOKEN = "MAKEGOOD_APPROVER_TOKEN"  # noqa: S105  Its name, not the token.
WORKSPACE = "MAKEGOOD_WORKSPACE"
CLUSTER = "MAKEGOOD_CLUSTER"
SIGNING_KEY_FILE = "MAKEGOOD_SIGNING_KEY_FILE"

PREFECT_API = "PREFECT_API_URL"
PREFECT_HOME = "PREFECT_HOME"
PREFECT_AUTH = "PREFECT_API_AUTH_STRING"


class Block:
    """Marks a setting that may lie in a Secret block of Prefect's."""


def _hidden(given: object, _usual: object) -> SecretStr:
    # Bytes that are no UTF-8 stay as they are, for the far side to judge.
    return given if isinstance(given, SecretStr) else SecretStr(str(given))


HereAlone = Annotated[SecretStr, WrapValidator(_hidden)]
"""A secret that is read from the environment and nowhere else."""

Secret = Annotated[SecretStr, WrapValidator(_hidden), Block()]
"""A secret of the environment or of a Secret block."""

Plain = Annotated[str, PlainValidator(str)]
"""No secret; whoever reads it judges it."""

NONE = SecretStr("")

A_SOURCE = "a secret of one source"


def variable(field: str) -> str:
    """The environment variable of a field.

    >>> variable("stripe_key")
    'MAKEGOOD_STRIPE_KEY'
    """
    return f"{PREFIX}{field.upper()}"


def block_of(name: str) -> str:
    """The Secret block of a variable: its name in small letters, with dashes.

    >>> block_of("MAKEGOOD_SOURCE_EU_PROM_TOKEN")
    'makegood-source-eu-prom-token'
    """
    return name.lower().replace("_", "-")


class SecretBlocks(PydanticBaseSettingsSource):
    """The Secret blocks of the server that runs the present flow, for what the environment lacks.

    Outside a run of Prefect nothing is asked.
    """

    def __init__(self, model: type[BaseSettings], wanted: str) -> None:
        """Ask for nothing but the wanted variable."""
        super().__init__(model)
        self._wanted = wanted

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The block's value, by the variable; None where there is no such block."""
        name = variable(field_name)
        asked = name == self._wanted and may_lie_in_block(field) and not os.environ.get(name)
        return _read_block(block_of(name)) if asked else None, name, False

    def __call__(self) -> dict[str, Any]:
        """The value, where a block has it."""
        if not blocks_are_read():
            return {}
        fields = self.settings_cls.model_fields.items()
        found = (self.get_field_value(field, name) for name, field in fields)
        return {name: value for value, name, _ in found if value is not None}


class Settings(BaseSettings):
    """The settings that have a name of their own; those of sources join by their ids."""

    model_config = SettingsConfigDict(
        alias_generator=variable,
        case_sensitive=True,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    WANTED: ClassVar[str] = ""
    """The one variable for which a Secret block is asked as well."""

    database_url: HereAlone = Field(
        default=NONE,
        description="where decisions are recorded, in place of `database` in `makegood.yaml`; the "
        "place for a password",
    )
    stripe_key: Secret = Field(
        default=NONE,
        description="Stripe's restricted key, of the side that `billing.mode` names; [its "
        "permissions](../connectors/billing/README.md#the-key)",
    )
    stripe_url: Plain = Field(
        default="",
        description="another address than Stripe's own, for tests: https, or http on this machine "
        "alone",
    )
    stripe_webhook_secrets: HereAlone = Field(
        default=NONE,
        description="the secrets of the webhook endpoint, for the receiver alone; two, separated "
        "by a comma, while one replaces the other",
    )
    notion_token: Secret = Field(
        default=NONE,
        description="the secret of Notion's integration, where `ledger.notion` is set; [how to "
        "make one](../connectors/ledger/README.md#notion-setting-it-up)",
    )
    notion_url: Plain = Field(
        default="",
        description="another address than Notion's own, for tests: https, or http on this machine "
        "alone",
    )
    slack_webhook: Secret = Field(
        default=NONE,
        description="the address of the operators' incoming webhook (Slack, Mattermost, "
        "Rocket.Chat), with `notices: {slack: true}`. Whoever knows it posts as us",
    )
    smtp_password: Secret = Field(
        default=NONE, description="the mail server's password, where `mail.smtp.user` is set"
    )
    smtp_ca: Plain = Field(
        default="",
        description="a file of certificates in PEM: whom to believe in place of those whom this "
        "machine believes",
    )
    approver_token: HereAlone = Field(
        default=NONE,
        description="the token of whoever is at the terminal; whose it is stands in "
        "`makegood.yaml` (`release.approvers`)",
    )
    workspace: Plain = Field(
        default="",
        description="the workspace's folder, for flows and for the receiver of webhooks; the "
        "current one without it",
    )
    cluster: Plain = Field(
        default="",
        description="processes that measure and reckon: `local:4`, or the address of a Dask "
        "scheduler, such as `tcp://scheduler.example:8786`; without it the run's own process does",
    )
    signing_key_file: Plain = Field(
        default="",
        description="the file of the private key that signs evidence packs, which `makegood "
        "sign-key` makes",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  Its library names it.
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  It names this one as well.
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment, then Secret blocks; no file, which others would read or commit."""
        wanted = getattr(settings_cls, "WANTED", "")
        return init_settings, env_settings, SecretBlocks(settings_cls, wanted)

    def of(self, name: str) -> str:  # type: ignore[pydantic-alias]  # Every field has a default.
        """What a variable's setting holds; "" where no place has it."""
        held = getattr(self, name.removeprefix(PREFIX).lower())
        return held.get_secret_value() if isinstance(held, SecretStr) else str(held)


def held(name: str) -> str:
    """What a setting holds, from the first place that has it; "" where none has.

    Args:
        name: The variable.

    Raises:
        Retriable: Prefect's server cannot be asked for its block.
        Misconfigured: The block holds no text.
    """
    return _asking_for(name)().of(name)


@cache
def _asking_for(name: str) -> type[Settings]:
    base = with_sources((name,) if name.startswith(OF_SOURCES) else ())
    return type("Settings", (base,), {"WANTED": name, "__module__": __name__})


@cache
def with_sources(names: tuple[str, ...]) -> type[Settings]:
    """The settings with these secrets of sources among them."""
    fields: dict[str, Any] = {
        name.removeprefix(PREFIX).lower(): (Secret, Field(default=NONE, description=A_SOURCE))
        for name in names
    }
    return create_model("Settings", __base__=Settings, **fields)


def may_lie_in_block(field: FieldInfo) -> bool:
    """Whether a setting may lie in a Secret block."""
    return any(isinstance(mark, Block) for mark in field.metadata)


def of_prefect(name: str) -> str:
    """What a setting of Prefect's own says; "" where it is not set."""
    return os.environ.get(name, "")


BLOCKS_TOO: ContextVar[bool] = ContextVar("blocks_too", default=False)


@contextmanager
def as_flows_see_it() -> Iterator[None]:
    """Look in Secret blocks as well until the block ends, where a Prefect server is named.

    For a check of what runs there would find; no command that acts does so.
    """
    before = BLOCKS_TOO.set(bool(os.environ.get(PREFECT_API)))
    try:
        yield
    finally:
        BLOCKS_TOO.reset(before)


def blocks_are_read() -> bool:
    """Whether Secret blocks are looked at: inside a run of Prefect, and where one is checked."""
    prefect = sys.modules.get("prefect.context")
    inside = prefect is not None and (
        prefect.FlowRunContext.get() is not None or prefect.TaskRunContext.get() is not None
    )
    return inside or BLOCKS_TOO.get()


def _read_block(name: str) -> str | None:
    # Prefect takes a second to import; inside a run it is there already.
    from flows.secret_blocks import secret_block  # noqa: PLC0415  As just said.

    return secret_block(name)


@contextmanager
def places_told(name: str) -> Iterator[None]:
    """Add where a setting was looked for to a refusal for want of it.

    Raises:
        Misconfigured: As it was raised inside the block.
    """
    try:
        yield
    except Misconfigured as error:
        if held(name):
            raise
        raise Misconfigured(f"{error} {looked_for(name)}") from None


def looked_for(name: str) -> str:
    """Where a setting that is nowhere was looked for, as a sentence."""
    if blocks_are_read():
        return f"It was looked for in the environment and in the Secret block {block_of(name)}."
    return "It was looked for in the environment; Secret blocks are read in Prefect's runs alone."
