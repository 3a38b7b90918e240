"""What small stand-ins have in common: a clock of their own, and faults that befall requests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.standins.occasion import Occasion
from tests.standins.wire import Answer, Request

BROKEN_LINES = {"cut", "reset", "short_body", "silence"}


@dataclass(slots=True, kw_only=True)
class Fault(Occasion):
    """What befalls a request.

    Attributes:
        kind: `cut`, `reset`, `short_body`, `silence` (of the line); `status` (with `status`,
            `words`, `headers`); `broken_json`; `meanwhile` (`do` happens just before).
    """

    kind: str
    status: int = 500
    words: str = "Internal Server Error"
    headers: Mapping[str, str] = field(default_factory=dict)
    do: Callable[[], object] | None = None


@dataclass(slots=True, kw_only=True)
class Visited:
    """A vendor as requests find it.

    Attributes:
        url: Where it answers.
        now_s: What time it is there; only `advance` moves it.
        requests: How many requests came.
    """

    url: str = ""
    now_s: int = 1_782_864_000
    requests: int = 0
    _faults: list[Fault] = field(default_factory=list)
    _struck: set[int] = field(default_factory=set)

    def plan(self, *faults: Fault) -> None:
        """Have these befall requests; one that never happens fails the test."""
        self._faults.extend(faults)

    def advance(self, milliseconds: int) -> None:
        """Let time pass."""
        self.now_s += -(-milliseconds // 1000)

    def check(self) -> None:
        """Fail when a planned fault never struck."""
        unstruck = [f.kind for i, f in enumerate(self._faults) if i not in self._struck]
        assert unstruck == [], f"these faults never struck: {unstruck}"

    def struck(self, request: Request) -> Fault | None:
        """The fault that befalls this request; what it does has happened."""
        self.requests += 1
        for index, fault in enumerate(self._faults):
            if fault.strikes(self.requests, request.method, request.path):
                self._struck.add(index)
                if fault.do is not None:
                    fault.do()
                return fault
        return None


def spoiled(answer: Answer, fault: Fault | None) -> Answer:
    """The answer as it leaves, when a fault befalls the line or the text."""
    if fault and fault.kind == "broken_json":
        answer.body = answer.body[:-2]
    if fault and fault.kind in BROKEN_LINES:
        answer.wire = fault.kind
    return answer
