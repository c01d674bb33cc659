"""Where the files that are no Python code live: templates, static and migrations.

A wheel carries them inside the package; an editable install and the source tree have them beside
it. Nobody else needs to know the difference.
"""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def asset(name: str) -> Path:
    """The folder or file `name`, for instance `migrations` or `static/css/tokens.css`."""
    for root in (PACKAGE / "_assets", PACKAGE.parent):
        path = root / name
        if path.exists():
            return path
    raise FileNotFoundError(
        f"Patchclamp's own file {name!r} is missing: the installation is incomplete; "
        "install patchclamp again"
    )
