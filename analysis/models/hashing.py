"""What a model is, as a number: SHA-256 over its files."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def hash_files(paths: Iterable[Path]) -> str:
    """SHA-256 of a file's content; of several, that of the lines which `sha256sum` would print."""
    ordered = sorted(paths, key=lambda path: path.name)
    digests = [(_digest(path), path.name) for path in ordered]
    if len(digests) == 1:
        return digests[0][0]
    lines = "".join(f"{digest}  {name}\n" for digest, name in digests)
    return hashlib.sha256(lines.encode()).hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
