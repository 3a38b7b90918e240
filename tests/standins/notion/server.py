"""`python -m tests.standins.notion` starts it; it prints one line of JSON with its address."""

import json
from pathlib import Path

from tests.standins import listener
from tests.standins.listener import Later, Send
from tests.standins.notion.control import answered
from tests.standins.notion.office import Office
from tests.standins.notion.visit import Visit
from tests.standins.notion_types import schema_file, types_of
from tests.standins.wire import Request


def main(arguments: list[str]) -> None:
    """Start from a command line: `[--types FILE] [--port N] [--until-stdin-closes]`."""
    named = "--types" in arguments
    types = Path(arguments[arguments.index("--types") + 1]) if named else schema_file()
    office = Office(types_of(json.loads(types.read_bytes())))

    def serve(request: Request, send: Send, later: Later) -> None:
        if request.path.startswith("/control/"):
            send(answered(office, request))
        else:
            Visit(office, request, send, later).begin()

    listener.main(serve, arguments)
