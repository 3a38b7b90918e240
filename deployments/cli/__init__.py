"""The command line: `makegood`, for a person at a terminal and for scripts.

Commands only read options, call `flows` and print. Exit codes and JSON documents are a contract
with scripts: they are listed in `deployments/README.md` and published under `deployments/schemas/`.
"""

from deployments.cli.app import main

__all__ = ["main"]
