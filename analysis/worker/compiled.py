"""Where compiled kernels are kept: in the data folder, which only its owner can write to.

Numba reads what it finds there as code. Beside the source, or in a folder that several people
share, somebody else could have put it.
"""

import os
from pathlib import Path
from typing import Final

from app.store.engine import make_private_folder

FOLDER: Final = Path("cache") / "numba"
VARIABLE: Final = "NUMBA_CACHE_DIR"


def keep_compiled(data: Path) -> Path:
    """The folder. Call this before numba is imported; a variable that is set already wins."""
    folder = Path(os.environ.setdefault(VARIABLE, str((data / FOLDER).absolute())))
    for part in (folder.parent, folder):
        make_private_folder(part)
    return folder
