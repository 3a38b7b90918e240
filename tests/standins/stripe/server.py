"""`python -m tests.standins.stripe` starts it; it prints one line of JSON with its address."""

from tests.standins import listener
from tests.standins.listener import Later, Send
from tests.standins.stripe.control import answered
from tests.standins.stripe.office import Office
from tests.standins.stripe.visit import Visit
from tests.standins.wire import Request


def main(arguments: list[str]) -> None:
    """Start from a command line: `[--port N] [--until-stdin-closes]`."""
    office = Office()

    def serve(request: Request, send: Send, later: Later) -> None:
        if request.path.startswith("/control/"):
            send(answered(office, request))
        else:
            Visit(office, request, send, later).begin()

    listener.main(serve, arguments)
