"""A configured Prefect server that is away is said in our words, without its password."""

from deployments.cli.exits import Exit
from tests.command import makegood_itself
from tests.workspaces import ACME, SEPTEMBER, Books, checks


def test_a_prefect_server_that_does_not_answer_is_named_and_a_rerun_is_advised(tmp_path):
    """Nobody listens on port 9; Prefect's own traceback tells an operator nothing."""
    books = Books.laid_out(tmp_path / "books", ACME, checks=checks(api=120))
    ended = makegood_itself(
        "run",
        "--month",
        SEPTEMBER,
        folder=books.folder,
        environment={
            "PREFECT_API_URL": "http://kim:secret@127.0.0.1:9/api",
            "PREFECT_HOME": str(tmp_path / "prefect"),
        },
    )
    assert (ended.code, ended.out) == (Exit.COULD_NOT_FINISH, "")
    assert "Prefect at 127.0.0.1:9: does not answer" in ended.err
    assert "secret" not in ended.err
    assert "Traceback" not in ended.err
    assert not (books.folder / "makegood.db").exists()
