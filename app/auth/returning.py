"""Where somebody comes after signing in: to the page that they had asked for, if it is ours."""

import re
from typing import Final

HOME: Final = "/"
OURS: Final = re.compile(r"/(?![/\\])[!-\[\]-~]{0,2000}")
"""From the root, in printable ASCII without a backslash: what a browser reads as it stands. Two
slashes begin the name of a host, which browsers also find behind backslashes and line ends."""
ENTRANCES: Final = re.compile(r"/(?:login|logout)(?:[/?#]|$)")


def ours(path: str) -> str:
    """The path, or `/` where it leads elsewhere or back to signing in."""
    if not OURS.fullmatch(path) or ENTRANCES.match(path):
        return HOME
    return path
