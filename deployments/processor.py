"""Which of the processor's instructions NumPy may use; chosen before anything imports NumPy.

AMD's Zen 4 stores compressed AVX-512 vectors by microcode, so that sorting with them takes five
times as long as sorting without. NumPy can be told only through the environment.
"""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path

VARIABLE = "NPY_DISABLE_CPU_FEATURES"
SLOW = {("cpu family", "25")}
NAMES_SINCE_2_4 = "X86_V4 AVX512_ICL"
NAMES_BEFORE = "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL"


def choose_instructions(described: Path = Path("/proc/cpuinfo")) -> None:
    """Let NumPy sort without AVX-512 where that is faster; the environment's own word stands."""
    if VARIABLE in os.environ:
        return
    try:
        lines = described.read_text(encoding="utf-8").split("\n\n", 1)[0].splitlines()
    except (OSError, UnicodeDecodeError):
        return
    facts = {tuple(part.strip() for part in line.split(":", 1)) for line in lines}
    has_avx512 = any("avx512f" in fact[-1].split() for fact in facts)
    if has_avx512 and ("vendor_id", "AuthenticAMD") in facts and facts & SLOW:
        newer = tuple(int(part) for part in version("numpy").split(".")[:2]) >= (2, 4)
        os.environ[VARIABLE] = NAMES_SINCE_2_4 if newer else NAMES_BEFORE
