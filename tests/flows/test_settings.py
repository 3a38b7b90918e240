"""Settings: the environment, then a Secret block inside a run of Prefect; nothing shows a value."""

import logging
import traceback

import pytest
from prefect import flow, task
from prefect.blocks.system import Secret
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from pydantic import SecretStr

from connectors.errors import Misconfigured, Retriable
from flows import settings
from flows.known_settings import Place, known_settings, place_of, strange_settings
from flows.office import open_office
from flows.settings import DATABASE_URL, STRIPE_KEY, Settings, as_flows_see_it, held, looked_for
from tests.prefect_session import NEEDS_PREFECT
from tests.workspaces import MAKEGOOD, Books, checks

TOKEN = "MAKEGOOD_SOURCE_EU_PROM_TOKEN"
HIDDEN = "rk_test_kept_to_itself"
READ = "It was looked for in the environment and in the Secret block makegood-stripe-key."


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch):
    for name in (STRIPE_KEY, TOKEN, DATABASE_URL):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def blocks(prefect_api, monkeypatch):
    """A function that saves Secret blocks on a real server; they are gone afterwards."""
    monkeypatch.setenv("PREFECT_API_URL", prefect_api)
    saved = []

    def _save(**values):
        for name, value in values.items():
            Secret(value=value).save(name.replace("_", "-"), overwrite=True)
            saved.append(name.replace("_", "-"))

    yield _save
    for name in saved:
        Secret.delete(name)


@task
def _in_a_task(name):
    return held(name)


@flow
def _in_a_flow(name):
    return held(name), _in_a_task.submit(name).result()


def test_the_environment_tells(monkeypatch):
    """By the exact name; an empty variable is none."""
    monkeypatch.setenv(STRIPE_KEY, HIDDEN)
    monkeypatch.setenv(TOKEN, "t0ken")
    monkeypatch.setenv("makegood_notion_token", "written small")
    assert (held(STRIPE_KEY), held(TOKEN), held(settings.NOTION_TOKEN)) == (HIDDEN, "t0ken", "")
    monkeypatch.setenv(STRIPE_KEY, "")
    assert held(STRIPE_KEY) == ""


def test_bytes_that_are_no_text_stay_as_they_are(monkeypatch):
    """Python's stand-in for a byte DF; the mail server judges it."""
    monkeypatch.setenv(settings.SMTP_PASSWORD, "geheim\udcdf")
    assert held(settings.SMTP_PASSWORD) == "geheim\udcdf"


def test_no_file_is_read(tmp_path, monkeypatch):
    """A .env lies beside files that people share."""
    (tmp_path / ".env").write_text(f"{STRIPE_KEY}={HIDDEN}\n")
    monkeypatch.chdir(tmp_path)
    assert held(STRIPE_KEY) == ""


@NEEDS_PREFECT
def test_a_run_looks_into_secret_blocks_for_what_the_environment_lacks(blocks, monkeypatch):
    """In the flow and its tasks; the environment comes first, and a terminal never looks."""
    blocks(makegood_stripe_key=HIDDEN, makegood_source_eu_prom_token="from a block")
    assert _in_a_flow(STRIPE_KEY) == (HIDDEN, HIDDEN)
    assert _in_a_flow(TOKEN) == ("from a block", "from a block")
    assert held(STRIPE_KEY) == ""
    monkeypatch.setenv(STRIPE_KEY, "of the environment")
    assert _in_a_flow(STRIPE_KEY) == ("of the environment", "of the environment")


@NEEDS_PREFECT
def test_where_decisions_are_recorded_is_no_block(blocks):
    """A command at a terminal would record elsewhere than the flows do."""
    blocks(makegood_database_url="postgresql://elsewhere/books")
    assert _in_a_flow(DATABASE_URL) == ("", "")


@NEEDS_PREFECT
def test_a_block_that_holds_no_text_is_refused_without_showing_it(blocks):
    """Somebody saved the whole JSON of a key."""
    blocks(makegood_stripe_key={"key": HIDDEN})
    with pytest.raises(Misconfigured, match="makegood-stripe-key: holds no text") as refused:
        _in_a_flow(STRIPE_KEY)
    assert HIDDEN not in "".join(traceback.format_exception(refused.value))


def test_a_server_that_does_not_tell_is_asked_again_later(monkeypatch):
    """The refusal names the block, and no address with a password."""
    nobody = "http://ops:s3cret@127.0.0.1:9/api"
    monkeypatch.setenv("PREFECT_API_URL", nobody)
    told = {PREFECT_API_URL: nobody, PREFECT_CLIENT_MAX_RETRIES: 0}
    away = pytest.raises(Retriable, match="Secret block makegood-stripe-key")
    with temporary_settings(told), as_flows_see_it(), away as said:
        held(STRIPE_KEY)
    assert "s3cret" not in "".join(traceback.format_exception(said.value))


@NEEDS_PREFECT
def test_a_check_looks_where_flows_would(blocks):
    """`makegood doctor` beside the server; what it found is a place and no value."""
    blocks(makegood_stripe_key=HIDDEN)
    with as_flows_see_it():
        places = {one.name: place_of(one) for one in known_settings()}
    assert places[STRIPE_KEY] is Place.BLOCK
    assert places[settings.NOTION_TOKEN] is Place.NOWHERE


@NEEDS_PREFECT
def test_a_missing_key_says_every_place_in_which_it_was_looked_for(blocks, tmp_path):
    """Inside a run both, at a terminal the environment alone."""
    blocks()
    books = Books.laid_out(tmp_path / "books", checks=checks(api=0))
    books.write("makegood.yaml", MAKEGOOD + "billing: {kind: stripe, mode: test}\n")

    @flow
    def _opened():
        with open_office(books.folder):
            pytest.fail("it has no key")

    with pytest.raises(Misconfigured, match=READ):
        _opened()
    with pytest.raises(Misconfigured, match="Secret blocks are read in Prefect's runs alone"):
        _opened.fn()


def test_no_value_is_ever_shown(monkeypatch, caplog):
    """In no repr, no text, no dump, no log and no traceback of a whole set of settings."""
    monkeypatch.setenv(STRIPE_KEY, HIDDEN)
    monkeypatch.setenv(DATABASE_URL, f"postgresql://ops:{HIDDEN}@host/books")
    shown = Settings()
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("makegood").debug("%s %r %s", shown, shown, shown.model_dump_json())
    told = "".join(traceback.format_exception(ValueError(shown)))
    rows = [(one, place_of(one)) for one in known_settings()]
    for text in (caplog.text, told, repr(rows), str(shown.model_dump())):
        assert HIDDEN not in text
    assert place_of(known_settings()[0]) is Place.ENVIRONMENT


def test_every_secret_is_one_to_pydantic_too():
    """Whoever adds a setting that sounds like a secret hides it."""
    for name, said in Settings.model_fields.items():
        sounds = any(word in name for word in ("key", "token", "secret", "password", "webhook"))
        sounds = sounds and not name.endswith("_file")  # Where a secret lies is none.
        assert (said.annotation is SecretStr) is (sounds or name == "database_url"), name


def test_a_name_that_is_nearly_ours_is_told(monkeypatch):
    """With the one that may be meant; what sources and tests name themselves is left alone."""
    monkeypatch.setenv("MAKEGOOD_STRIP_KEY", HIDDEN)
    monkeypatch.setenv("MAKEGOOD_SOURCE_EU_TOKEN", "t")
    found = dict(strange_settings())
    assert "MAKEGOOD_STRIPE_KEY" in found["MAKEGOOD_STRIP_KEY"]
    assert "MAKEGOOD_SOURCE_EU_TOKEN" not in found


def test_a_place_is_told_as_a_sentence():
    """Where nothing was found."""
    assert looked_for(STRIPE_KEY).startswith("It was looked for in the environment; ")
