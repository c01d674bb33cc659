"""Which compiled kernels belong to this source.

Numba keeps what it compiled by the file of the outermost function alone: a change in a function
that it calls, in another file, would go unnoticed, and the old arithmetic would run.
"""

from hashlib import sha256
from pathlib import Path


def kernels_version() -> str:
    """A short hash of every file of ours that numba compiles."""
    folder = Path(__file__).parent
    digest = sha256()
    for path in sorted(folder.rglob("*.py")):
        source = path.read_bytes()
        if b"from numba import" in source or path.parent.name == "kernels":
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + source)
    # What they take from elsewhere: the bins of the histogram.
    digest.update((folder / "sweep" / "histogram.py").read_bytes())
    return digest.hexdigest()[:12]
