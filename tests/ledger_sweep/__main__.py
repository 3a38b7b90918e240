"""The whole sweep: `python -m tests.ledger_sweep [--help]`."""

import sys

from tests.ledger_sweep.story import STORY
from tests.sweeping.command import command

if __name__ == "__main__":
    sys.exit(command(STORY))
