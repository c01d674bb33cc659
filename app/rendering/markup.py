"""The one door through which strings become markup: what is foreign was escaped before."""

from markupsafe import Markup


def trusted(html: str) -> Markup:
    """Markup of a string whose parts are our own, numbers, or already escaped."""
    return Markup(html)  # noqa: S704 - the callers build it from escaped pieces
