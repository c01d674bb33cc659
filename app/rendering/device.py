"""A browser in few words, from what it calls itself."""

from typing import Final

BROWSERS: Final = {
    "Firefox/": "Firefox",
    "Edg/": "Edge",
    "OPR/": "Opera",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
    "curl/": "curl",
    "python": "Python",
}
"""By the first mark that is there: later ones are in the names of earlier ones too."""
SYSTEMS: Final = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def device(given: str) -> str:
    """`Firefox on Linux`; what is not recognised stands as it was given."""
    browser = next((name for mark, name in BROWSERS.items() if mark in given), None)
    system = next((name for mark, name in SYSTEMS.items() if mark in given), None)
    if browser is None:
        return given or "a program without a name"
    return browser if system is None else f"{browser} on {system}"
