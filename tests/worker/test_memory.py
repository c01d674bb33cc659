"""Whether memory that was freed is taken again, seen by the pages that the kernel must clear."""

import platform
import subprocess
import sys

PROGRAM = """
import resource, sys, threading
import numpy as np
from analysis.worker.memory import keep_freed_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def work():
    for _ in range(50):
        layer = [np.ones(9 << 20, np.uint8) for _ in range(4)]
        del layer

if sys.argv[1] == "kept":
    keep_freed_memory()
before = faults()
thread = threading.Thread(target=work)
thread.start()
thread.join()
print(faults() - before)
"""


def _faults(how: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_freed_memory_is_taken_again():
    kept = _faults("kept")
    assert kept < 30_000  # 200 times 9 MiB in pages of 4 KiB would be 460,000
    if platform.libc_ver()[0] == "glibc":
        assert kept < _faults("as it is") / 2
