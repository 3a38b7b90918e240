"""`makegood settings` and `migrate`: what is set and where, and a database's newest tables."""

from __future__ import annotations

from pathlib import Path

from deployments.cli.documents import MigrateDocument, SettingDocument, SettingsDocument
from deployments.cli.exits import Exit
from deployments.cli.options import Json, Workspace
from deployments.cli.printing import print_json, table, write

HERE = Path()
FILE = "makegood.yaml"


def settings(*, workspace: Workspace = HERE, json: Json = False) -> int:
    """List every setting: what it is for, and where it is found.

    A setting is looked for in the environment and then, by runs of Prefect, in a Secret block. With
    PREFECT_API_URL set, this list looks there as well. Values are never shown.
    """
    from flows.known_settings import Place, known_settings, place_of
    from flows.office import read_terms
    from flows.settings import as_flows_see_it

    known = known_settings(read_terms(workspace)[0] if (workspace / FILE).exists() else None)
    with as_flows_see_it():
        places = {one: place_of(one) for one in known}
    document = SettingsDocument(
        settings=[
            SettingDocument(
                name=one.name,
                says=one.words,
                secret=one.secret,
                secret_block=one.block or None,
                needed=one.needed,
                found=None if place is Place.NOWHERE else place.value,
            )
            for one, place in places.items()
        ]
    )
    print_json(document) if json else _print(document)
    missing = any(one["needed"] and not one["found"] for one in document["settings"])
    return Exit.NEEDS_A_PERSON if missing else Exit.DONE


def _print(document: SettingsDocument) -> None:
    rows = [
        (one["name"], _found(one), one["secret_block"] or "", one["says"])
        for one in document["settings"]
    ]
    table("Settings", ("Variable", "Found", "Secret block", "What for"), rows, whole=0)


def _found(one: SettingDocument) -> str:
    return one["found"] or ("MISSING" if one["needed"] else "")


def migrate(*, workspace: Workspace = HERE, json: Json = False) -> int:
    """Bring the database to the tables of this Makegood.

    Every command does so when it first writes. Several workers are upgraded with this, once, before
    they start; back the database up first. A database that a newer Makegood has opened is refused.
    """
    from flows.tables import bring_up_to_date

    brought = bring_up_to_date(workspace)
    if json:
        print_json(MigrateDocument(place=brought.place, before=brought.before, now=brought.now))
    else:
        before = f"was at {brought.before}" if brought.before else "was empty"
        was = "as before" if brought.before == brought.now else before
        write(f"{brought.place}: its tables are at {brought.now}, {was}.")
    return Exit.DONE
