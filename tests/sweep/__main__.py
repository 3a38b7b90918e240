"""The whole sweep: `python -m tests.sweep [--help]`."""

import sys

from tests.sweep.story import STORY
from tests.sweeping.command import command

if __name__ == "__main__":
    sys.exit(command(STORY))
