"""How much memory a process took at most, apart from what it was forked from.

`ru_maxrss` of a child begins with what its parent had when it was forked, and a test session is
large. `VmHWM` begins anew with the program; a small process in between keeps the two apart.
"""

import sys
from pathlib import Path

WATCHED = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""

PEAK = """
def peak_kb():
    return next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith("VmHWM"))
"""
"""The same as `peak_kb`, for programs that are given as text."""


def peak_kb() -> int:
    """The most memory that this program has taken so far, in kB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def watched(*command: object) -> list[str]:
    """A command that prints, after the output of `command`, the kB that it took at most."""
    return [sys.executable, "-c", WATCHED, *map(str, command)]
