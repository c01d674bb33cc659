"""The name under which compiled kernels are kept."""

import shutil
import subprocess
import sys
from pathlib import Path

import analysis.compiled
from analysis.compiled import kernels_version

ANALYSIS = Path(analysis.compiled.__file__).parent


def test_a_change_in_any_function_that_is_compiled_is_another_version(tmp_path):
    copy = shutil.copytree(ANALYSIS, tmp_path / "analysis")
    seen = {kernels_version()}
    for name in ("sweep/kernels/halves.py", "sweep/hashing.py", "sweep/histogram.py"):
        path = copy / name
        path.write_text(path.read_text() + "\n# changed\n")
        program = "from analysis.compiled import kernels_version; print(kernels_version())"
        told = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True,
            text=True, timeout=60, env={"PYTHONPATH": str(tmp_path)},
        )  # fmt: skip
        seen.add(told.stdout.strip())
    assert len(seen) == 4
