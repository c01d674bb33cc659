"""Where compiled kernels are kept: in a folder that only the user of this process can write to,
and of this version alone.

Numba reads what it finds there as code. Beside the source, or in a folder that several people
share, somebody else could have put it.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path

from analysis.compiled import kernels_version
from app.errors import UnavailableError
from app.store.engine import make_private_folder

FOLDER: Final = Path("cache") / "numba"
VARIABLE: Final = "NUMBA_CACHE_DIR"
WRITABLE_BY_OTHERS: Final = 0o022


def keep_compiled(data: Path) -> Path | None:
    """The folder: in the data, or the user's own where others may write to the data; None where
    numba is left to choose. Call this before numba is imported; a variable already set wins.
    """
    if chosen := os.environ.get(VARIABLE):
        with suppress(UnavailableError):  # numba will tell
            make_private_folder(Path(chosen))
        return Path(chosen)
    data = data.absolute()
    own = user_cache_path("patchclamp", appauthor=False) / "numba"
    version = kernels_version()
    for folders in ((data, data / FOLDER.parent, data / FOLDER), (own.parent, own)):
        kept = folders[-1] / version
        if all(_is_ours(folder) for folder in (*folders, kept)):
            os.environ[VARIABLE] = str(kept)
            return kept
    return None


def _is_ours(folder: Path) -> bool:
    """Whether nobody else can put anything there; it is made where it is missing."""
    try:
        make_private_folder(folder)
        found = folder.stat()
    except (OSError, UnavailableError):
        return False
    return found.st_uid == os.geteuid() and not found.st_mode & WRITABLE_BY_OTHERS
