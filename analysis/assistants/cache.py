"""Answers that were paid for once, found again by the hash of their question. One SQLite file.

Whole completions are kept, fit or not: what a model said is what it said, and asking again costs
again. Failures of the way are not. The file holds hashes of questions, and answers, never the key;
it can be deleted at any time.
"""

import os
import sqlite3
import threading
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from analysis.assistants.reply import Reply

PATIENCE_SECONDS = 20.0
TABLE = "CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, reply BLOB NOT NULL)"


class ReplyCache:
    """For many threads and processes. What cannot be read or kept is counted and asked anew: a
    broken cache costs money, but stops nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._n_faults = 0

    @property
    def n_faults(self) -> int:
        """How often the file could not be used."""
        return self._n_faults

    def find(self, key: str) -> Reply | None:
        try:
            with self._open() as connection:
                row = connection.execute("SELECT reply FROM replies WHERE key = ?", (key,))
                found = row.fetchone()
            return Reply.from_json(zlib.decompress(found[0]).decode()) if found else None
        except (OSError, sqlite3.Error, zlib.error, ValueError, LookupError, TypeError):
            self._count_fault()
            return None

    def keep(self, key: str, reply: Reply) -> None:
        packed = zlib.compress(reply.to_json().encode())
        try:
            with self._open() as connection, connection:
                connection.execute("INSERT OR REPLACE INTO replies VALUES (?, ?)", (key, packed))
        except (OSError, sqlite3.Error):
            self._count_fault()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One connection per use: it belongs to its thread, and asking takes a thousand times as
        long as opening."""
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(self.path, timeout=PATIENCE_SECONDS)) as connection:
            connection.execute(TABLE)
            yield connection

    def _count_fault(self) -> None:
        with self._lock:
            self._n_faults += 1
