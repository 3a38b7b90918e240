"""Prefect's pages as a person sees and uses them: Debian's Chromium, driven by Playwright.

Playwright brings no browser here, and nothing is ever downloaded. It waits by itself until what is
to be clicked is there, which a page that draws itself needs.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, sync_playwright

from tests.deployments.pages import PATIENCE_SECONDS

NAMES = ("chromium", "chromium-browser")
HOW_TO_GET_IT = "chromium is not in PATH. On Debian: apt-get install chromium"
WIDTH, HEIGHT = 1280, 900


class Screen:
    """One window of a browser, on the pages of one server."""

    def __init__(self, page: Page, address: str) -> None:
        self._page, self._address = page, address
        page.set_default_timeout(PATIENCE_SECONDS * 1000)

    def open(self, path: str) -> None:
        """Go to a page, and wait until it asks for nothing more."""
        self._page.goto(f"{self._address}{path}")
        self._page.wait_for_load_state("networkidle")

    def says(self, words: str) -> None:
        """Wait until the page shows these words."""
        self._page.get_by_text(words, exact=False).first.wait_for()

    def links(self) -> dict[str, str]:
        """Where the page's links lead, by their words."""
        found = self._page.get_by_role("link").all()
        return {link.inner_text(): link.get_attribute("href") or "" for link in found}

    def question(self, run: str) -> str:
        """Open the form that a suspended run asks for; the words above its fields."""
        self.open(f"/runs/flow-run/{run}")
        self._page.get_by_role("button", name="Resume").first.click()
        self._field("Decision").wait_for()
        return self._form.inner_text()

    def choose(self, label: str, option: str) -> None:
        """Choose one of a field's options, by the keyboard: a click shuts the list again."""
        self._field(label).locator(".p-select-button__control").press("ArrowDown")
        self._page.get_by_role("option", name=option, exact=True).click()

    def type(self, label: str, text: str) -> None:
        """Fill a field."""
        self._field(label).locator("textarea, input").first.fill(text)

    def submit(self) -> None:
        """Send the form off; it closes when the server has taken it."""
        self._form.get_by_role("button", name="Submit").click()
        self._form.wait_for(state="hidden")

    def picture(self, file: Path) -> None:
        """Draw the whole page into a PNG file."""
        self._page.screenshot(path=file, full_page=True)

    @property
    def _form(self) -> Locator:
        return self._page.locator(".p-modal__card").first

    def _field(self, label: str) -> Locator:
        named = self._page.locator(".schema-form-property__label", has_text=label)
        return self._page.locator(".schema-form-property").filter(has=named).last


@contextmanager
def screen(address: str) -> Iterator[Screen]:
    """A browser of its own on the pages at an address, until the block ends."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        if os.environ.get("MAKEGOOD_REQUIRE_PEERS") == "1":
            pytest.fail(HOW_TO_GET_IT)
        pytest.skip(HOW_TO_GET_IT)
    with sync_playwright() as playwright:
        # Containers run as root, where Chromium refuses its sandbox.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            yield Screen(page, address)
        finally:
            browser.close()
