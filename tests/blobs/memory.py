"""How much memory a piece of code takes at its peak, measured in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_PRELUDE = """
import re
def _peak_kib():
    # ru_maxrss would also count the parent's memory, which a child has until it executes its own program
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read())[1])
_start = 0
def baseline():
    global _start
    _start = _peak_kib()
"""
_END = """
print(_peak_kib() - _start)
"""


def growth_mib(code: str) -> float:
    """Run ``code`` and return by how many MiB its peak memory grew after its call of ``baseline()``."""
    done = subprocess.run(
        [sys.executable, "-c", _PRELUDE + code + _END],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout) / 1024
