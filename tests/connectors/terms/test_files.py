"""A workspace folder keeps the promise of the role, whatever lies in it."""

import os
from pathlib import Path

import pytest

from connectors.terms.files import WorkspaceFolder
from models.findings import UnusableInputError
from tests.connectors.terms.conformance import ACME, WHOLE, Make, TermsConformance


class TestWorkspaceFolder(TermsConformance):
    """Texts in files."""

    @pytest.fixture
    def make(self, tmp_path) -> Make:
        """Writes the texts and opens the folder."""

        def make(texts: dict[str, str]) -> WorkspaceFolder:
            for name, text in texts.items():
                path = tmp_path / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            return WorkspaceFolder(tmp_path)

        return make

    def test_findings_show_the_folder_as_it_was_given(self, make, tmp_path, monkeypatch):
        """A terminal can open `contracts/acme.yaml:4` from where it stands."""
        make(WHOLE | {"contracts/acme.yaml": ACME.replace("EUR", "EURO")})
        monkeypatch.chdir(tmp_path)
        (finding,) = WorkspaceFolder(Path()).findings()
        assert finding.place == "contracts/acme.yaml:4"

    def test_a_folder_in_a_file_s_place_is_told(self, make, tmp_path):
        """It is no file, whatever it is called."""
        source = make(WHOLE)
        (tmp_path / "contracts" / "globex.yaml").mkdir()
        said = self.refusal(source.contracts)
        assert "globex.yaml: is a folder; a file. Check the path, or create the file." in said

    def test_a_pipe_in_a_file_s_place_does_not_hang(self, make, tmp_path):
        """Reading it would wait for ever."""
        source = make(WHOLE)
        os.mkfifo(tmp_path / "contracts" / "globex.yaml")
        assert "globex.yaml: is no ordinary file; a file." in self.refusal(source.contracts)

    def test_a_link_to_nowhere_is_told(self, make, tmp_path):
        """Its target is missing."""
        source = make(WHOLE)
        (tmp_path / "contracts" / "globex.yaml").symlink_to("nowhere.yaml")
        assert "globex.yaml: is missing; a file." in self.refusal(source.contracts)

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_a_file_that_may_not_be_read_is_told(self, make, tmp_path):
        """The operating system's own words are kept."""
        source = make(WHOLE)
        (tmp_path / "contracts" / "acme.yaml").chmod(0)
        assert "cannot be read: Permission denied" in self.refusal(source.contracts)

    def test_a_file_that_is_no_utf_8_is_told_with_its_position(self, make, tmp_path):
        """And the others are still read."""
        source = make(WHOLE)
        (tmp_path / "contracts" / "latin.yaml").write_bytes(b"name: M\xfcller\n")
        said = self.refusal(source.contracts)
        assert "latin.yaml:1: holds the byte 0xfc at position 7; text in UTF-8." in said

    def test_a_gigantic_file_is_refused_without_being_read(self, make, tmp_path):
        """A sparse file of a terabyte takes no room, and no time to refuse."""
        source = make(WHOLE)
        with (tmp_path / "contracts" / "huge.yaml").open("wb") as file:
            file.truncate(10**12)
        said = self.refusal(source.contracts)
        assert "huge.yaml: is 1,000,000,000,000 bytes long; at most 4,000,000 bytes." in said

    def test_absolute_paths_are_read_where_they_point(self, make, tmp_path):
        """Exclusions may be kept outside of the workspace."""
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "all.yaml").write_text(WHOLE["exclusions/2025.yaml"])
        source = make(WHOLE | {"makegood.yaml": f"name: N\nexclusions: {elsewhere}/*.yaml\n"})
        assert [event.id for event in source.exclusions()] == ["patch-day"]

    def test_a_missing_folder_is_told(self, tmp_path):
        """Nothing of it is there."""
        with pytest.raises(UnusableInputError, match=r"nowhere/makegood.yaml: is missing"):
            WorkspaceFolder(tmp_path / "nowhere").workspace()
