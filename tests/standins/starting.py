"""How a test starts a stand-in in a process of its own and speaks to its own side."""

import contextlib
import http.client
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]


class Refused(AssertionError):
    """The stand-in's own side refused a word; the test is wrong."""


@dataclass(slots=True)
class Started:
    """A running stand-in.

    Attributes:
        url: Where the vendor's side and the control side both are.
        pid: The server's own operating-system process.
    """

    url: str
    pid: int
    _lines: dict[tuple[int, int], http.client.HTTPConnection] = field(default_factory=dict)

    def tell(self, path: str, said: dict[str, Any]) -> Any:
        """Speak to the control side; safe in threads and after a fork.

        Raises:
            Refused: When it does not understand or agree.
        """
        line = self._line()
        line.request("POST", f"/control/{path}", json.dumps(said))
        response = line.getresponse()
        result = json.loads(response.read())
        if response.status != http.client.OK:
            raise Refused(f"{path} {said}: {result['error']}")
        return result

    def _line(self) -> http.client.HTTPConnection:
        who = (os.getpid(), threading.get_ident())
        if who not in self._lines:
            self._lines[who] = http.client.HTTPConnection(urlsplit(self.url).netloc)
        return self._lines[who]

    def hang_up(self) -> None:
        """Close the connections of this process to the control side."""
        for who, line in list(self._lines.items()):
            if who[0] == os.getpid():
                line.close()
                del self._lines[who]


S = TypeVar("S", bound=Started)


@contextlib.contextmanager
def started(
    module: str, kind: Callable[[str, int], S], *, extra: Sequence[str] = ()
) -> Iterator[S]:
    """A server in a process of its own, until the block ends or this process does.

    Raises:
        Refused: At the end, when an answer was none of the vendor's.
    """
    command = [sys.executable, "-m", module, "--until-stdin-closes", *extra]
    server = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with server:
        if server.stdout is None:
            raise RuntimeError("a server without output has no address")
        stand_in = kind(json.loads(server.stdout.readline())["url"], server.pid)
        try:
            yield stand_in
            defects = stand_in.tell("health", {})["defects"]
        finally:
            stand_in.hang_up()
            server.terminate()
    if defects:
        raise Refused(f"the stand-in is wrong itself: {defects[:3]}")
