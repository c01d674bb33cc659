"""The key that the audit log is sealed with: whoever can only write to the database cannot forge.

`PATCHCLAMP_AUDIT_KEY`, or else a file in the data folder, made at first use and readable for its
owner only. Servers and commands on one database need the same.
"""

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from app.errors import UnavailableError

FILE: Final = "audit.key"
OPTION: Final = "audit_keys"
"""Of an engine's execution options: where its connections find the key."""
SHORTEST: Final = 32
"""Characters."""
KEY_BYTES: Final = 32


class Keys:
    """The one key of an engine; read when it is first needed."""

    def __init__(self, given: SecretStr | None, folder: Path) -> None:
        self._given = given
        self._file = folder / FILE
        self._where = "PATCHCLAMP_AUDIT_KEY" if given else str(self._file)
        self._read: bytes | None = None

    @property
    def is_file(self) -> bool:
        """It lies beside the store, and may have been left behind where that was copied."""
        return self._given is None

    def known(self) -> bytes | None:
        """None where there is none yet. Raises UnavailableError."""
        if self._read is None:
            text = self._given.get_secret_value() if self._given else self._stored()
            self._read = None if text is None else self._checked(text)
        return self._read

    def key(self) -> bytes:
        """The same; made where it is missing. Raises UnavailableError."""
        if self.known() is None:
            self._make()
        key = self.known()
        if key is None:
            raise self._unusable("vanished while it was made")
        return key

    def _stored(self) -> str | None:
        try:
            return self._file.read_text("ascii").strip()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise self._unusable("cannot be read") from error

    def _checked(self, text: str) -> bytes:
        if len(text) < SHORTEST:
            raise self._unusable(f"has fewer than {SHORTEST} characters")
        return text.encode()

    def _make(self) -> None:
        """Whole or not at all, and never in the place of another's, also of two who do at once."""
        partial = self._file.with_name(f".{FILE}.{os.getpid()}.{secrets.token_hex(4)}")
        try:
            with open(partial, "x", opener=_private) as file:
                file.write(secrets.token_hex(KEY_BYTES) + "\n")
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(partial, self._file)
        except OSError as error:
            raise self._unusable("cannot be made") from error
        finally:
            partial.unlink(missing_ok=True)

    def _unusable(self, why: str) -> UnavailableError:
        return UnavailableError(
            f"The key of the audit log, {self._where}, {why}; so nothing can be written.",
            hint="Make the data folder writable for its owner, or set PATCHCLAMP_AUDIT_KEY to "
            f"{SHORTEST} characters or more that nobody can guess.",
            public="The audit log has no usable key, so nothing can be written.",
        )


def fingerprint(key: bytes) -> str:
    """Tells one key from another, and says nothing else of it."""
    return hmac.new(key, b"patchclamp audit key", hashlib.sha256).hexdigest()[:16]


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
