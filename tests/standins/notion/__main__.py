"""`python -m tests.standins.notion`, or this file by its path."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # Started by path, Python looks beside this file only; our modules are found from the top.
    sys.path[0] = str(Path(__file__).resolve().parents[3])
    from tests.standins.notion.server import main

    main(sys.argv[1:])
