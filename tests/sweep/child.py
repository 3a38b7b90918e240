"""A forked process that does one thing, tells what it has to tell, and ends."""

import gc
import json
import os
import signal
import traceback
from collections.abc import Callable
from typing import Any

LONGEST_S = 120
"""Seconds after which a process of a case is stuck."""


class Child:
    """The process, seen from its parent."""

    def __init__(self, act: Callable[[], Any]) -> None:
        """Start it; what `act` answers, as JSON values, is what it tells."""
        self._told, telling = os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(telling)
            return
        try:
            gc.disable()
            signal.alarm(LONGEST_S)
            os.write(telling, json.dumps(act()).encode())
        except BaseException:  # noqa: BLE001  Whatever it is, the child must not go on as its parent.
            os.write(telling, json.dumps(traceback.format_exc()[-3000:]).encode())
            os._exit(1)
        os._exit(0)

    def ended(self) -> tuple[int, Any]:
        """How it ended, as `subprocess` writes it, and what it told."""
        with os.fdopen(self._told, "rb") as told:
            text = told.read()
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return status, json.loads(text) if text else None

    def faults(self) -> list[str]:
        """What is wrong about its end: anything but a good one, or being killed."""
        status, told = self.ended()
        return [] if status in {0, -signal.SIGKILL} else [f"a run ended with {status}: {told}"]
