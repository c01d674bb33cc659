"""Passwords: checked for length, hashed by Argon2id, compared so that nobody learns who exists.

Hashing takes 64 MiB and some tenths of a second of a core on purpose: few at once, in threads.
"""

from functools import cache
from typing import Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.errors import BadRequestError
from app.places import Places

SHORTEST: Final = 12
LONGEST: Final = 1000
AT_ONCE: Final = 2
NOBODYS: Final = "a password that nobody has"


def password_places() -> Places:
    """The passwords that one application hashes at once."""
    return Places(
        AT_ONCE, told="people are signing in", hint="Wait a second, and sign in again.",
    )  # fmt: skip


def hashed(password: str) -> str:
    """Raises BadRequestError where it is too short to be hard to guess."""
    if len(password) < SHORTEST:
        raise BadRequestError(
            f"This password has fewer than {SHORTEST} characters.",
            hint="Take a few words that do not belong together.",
        )
    if len(password) > LONGEST:
        raise BadRequestError(
            f"This password has more than {LONGEST} characters.", hint="Take a shorter one."
        )
    return _hasher().hash(password)


def is_right(password: str, known: str | None) -> bool:
    """Against a hash; None: of nobody, which takes as long."""
    nobodys = _of_nobody()  # also where there is a hash: it is made at the first call
    right = _hasher().verify(password[:LONGEST], known or nobodys)
    return right and known is not None


@cache
def _hasher() -> PasswordHash:
    return PasswordHash((Argon2Hasher(),))


@cache
def _of_nobody() -> str:
    return _hasher().hash(NOBODYS)
