"""Secrets that are shown once: of each only a digest is kept, so that whoever reads the store can
use none. They are of 256 random bits, which nobody guesses: a fast digest is enough."""

import hashlib
import secrets
from typing import Final

SECRET_BYTES: Final = 32
LONGEST: Final = 200
"""Characters of what is looked up at all."""


def new_secret(prefix: str = "") -> str:
    return prefix + secrets.token_urlsafe(SECRET_BYTES)


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
