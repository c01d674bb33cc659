"""What makes two texts the same, and how names of domains and titles are written."""

import re
import unicodedata
from hashlib import sha256

MAX_LABEL = 500
MAX_SLUG = 48


def normalise(text: str) -> str:
    """The text as duplicates are judged: NFKC, case-folded, each white space one blank."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def slug(name: str) -> str:
    """The name in small ASCII letters, digits and single hyphens; never empty.

    A name without any such letter becomes `d-` and the start of its hash.
    """
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain)[:MAX_SLUG].strip("-")
    return words or f"d-{sha256(name.encode()).hexdigest()[:8]}"


def clean_label(label: str) -> str:
    """One line without control characters, at most MAX_LABEL characters: fit for any store."""
    printable = "".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in label)
    line = " ".join(printable.split())
    return line if len(line) <= MAX_LABEL else line[: MAX_LABEL - 1] + "…"
