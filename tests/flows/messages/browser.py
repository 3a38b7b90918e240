"""Debian's Chromium, asked over its own protocol how a page looks; nothing is ever downloaded.

`python -m tests.flows.messages.browser DIR` draws every sample in both languages, both widths and
both colour schemes into a folder, to be looked at.
"""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import connect
from websockets.sync.connection import Connection

from tests.flows.messages.samples import LANGUAGES, pages

NAMES = ("chromium", "chromium-browser")
WIDTHS = (1000, 390)
SCHEMES = ("light", "dark")
STARTS_WITHIN_SECONDS = 20

SWITCHES = (
    "--headless=new",
    "--no-sandbox",  # Containers run as root, where Chromium refuses its sandbox.
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)

FAULTS = """
(() => {
  const luminance = ([r, g, b]) => [r, g, b]
    .map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const parts = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const clear = color => { const p = parts(color); return p.length === 4 && p[3] === 0; };
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if (!clear(color)) return parts(color).slice(0, 3);
    }
    return matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18] : [255, 255, 255];
  };
  const faint = [], wide = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; node = walk.nextNode();) {
    const element = node.parentElement, style = getComputedStyle(element);
    if (!node.data.trim() || !element.getClientRects().length) continue;
    if (style.visibility === "hidden" || style.opacity === "0") continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (box.right > WIDTH + 0.5 || box.left < -0.5) wide.push(node.data.trim());
    const size = parseFloat(style.fontSize), bold = parseInt(style.fontWeight) >= 700;
    const least = size >= 24 || (bold && size >= 18.66) ? 3 : 4.5;
    const [a, b] = [parts(style.color).slice(0, 3), behind(element)].map(luminance);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < least) faint.push(`${ratio.toFixed(2)}: ${node.data.trim()}`);
  }
  return JSON.stringify({
    scrolls: document.documentElement.scrollWidth - WIDTH,
    wide, faint,
    small: [...document.querySelectorAll("body *")]
      .filter(e => e.getClientRects().length && e.innerText && !e.children.length)
      .filter(e => parseFloat(getComputedStyle(e).fontSize) < 12)
      .filter(e => getComputedStyle(e).opacity !== "0")
      .map(e => e.innerText),
    words: document.body.innerText.length,
  });
})()
"""


def chromium() -> str | None:
    """The browser of this machine; None without one."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """One page of a running browser."""

    def __init__(self, socket: Connection) -> None:
        self._socket, self._numbers = socket, itertools.count(1)
        self._session, self._width = "", 0
        self.asked_for: list[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network"):
            self._call(f"{domain}.enable")
        self._frame = self._call("Page.getFrameTree")["frameTree"]["frame"]["id"]

    def _call(self, method: str, **parameters: object) -> Any:
        number = next(self._numbers)
        asked: dict[str, object] = {"id": number, "method": method, "params": parameters}
        if self._session:
            asked["sessionId"] = self._session
        self._socket.send(json.dumps(asked))
        while True:
            answer = json.loads(self._socket.recv(timeout=STARTS_WITHIN_SECONDS))
            if answer.get("method") == "Network.requestWillBeSent":
                self.asked_for.append(answer["params"]["request"]["url"])
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    def show(self, html: str, *, width: int, scheme: str) -> None:
        """Lay a page out on a screen of so many pixels, in a colour scheme."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=800,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self._call("Emulation.setEmulatedMedia", media="screen", features=[feature])
        self._call("Page.setDocumentContent", frameId=self._frame, html=html)
        self._width = width

    def faults(self) -> dict[str, Any]:
        """What is wrong with the page as it is shown."""
        # A phone widens what it calls its window to whatever a page asks for.
        expression = FAULTS.replace("WIDTH", str(self._width))
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        found: dict[str, Any] = json.loads(answer["result"]["value"])
        return found

    def picture(self) -> bytes:
        """The whole page as PNG."""
        answer = self._call("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(answer["data"])


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser of its own, until the block ends."""
    program = chromium()
    assert program is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        started = subprocess.Popen(
            [program, *SWITCHES, f"--user-data-dir={home}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            with connect(_address(Path(home)), max_size=None) as socket:
                yield Browser(socket)
        finally:
            started.terminate()
            started.wait(timeout=STARTS_WITHIN_SECONDS)


def _address(home: Path) -> str:
    written = home / "DevToolsActivePort"
    for _ in range(STARTS_WITHIN_SECONDS * 20):
        if written.exists() and len(lines := written.read_text().split()) == 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.05)
    message = f"Chromium did not start within {STARTS_WITHIN_SECONDS} s"
    raise AssertionError(message)


if __name__ == "__main__":
    with browser() as shown:
        for code, width, scheme in itertools.product(LANGUAGES, WIDTHS, SCHEMES):
            for name, rendered in pages(code).items():
                shown.show(rendered.html, width=width, scheme=scheme)
                picture = Path(sys.argv[1]) / f"{name}.{code}.{width}.{scheme}.png"
                picture.write_bytes(shown.picture())
