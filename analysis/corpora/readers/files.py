"""The files that a path stands for."""

from collections.abc import Sequence
from pathlib import Path

from analysis.corpora.readers.base import Replaced
from analysis.errors import CorpusError


def list_files(source: str, suffixes: Sequence[str], replaced: Replaced) -> list[tuple[Path, str]]:
    """The file itself, or all files of a folder that end so, ordered by their name within it.

    Each comes with that name (for one file: its own). Hidden files and folders are left out, and
    links that lead out of the folder, which are counted: whoever packed it may have meant a file
    of the reader's own.
    """
    path = as_path(source)
    if path.is_file():
        return [(path, path.name)]
    if not path.is_dir():
        raise not_there(source)
    names = {file: file.relative_to(path) for file in path.rglob("*") if file.is_file()}
    wanted = [
        (file, name.as_posix())
        for file, name in names.items()
        if name.name.lower().endswith(tuple(suffixes))
        and not any(part.startswith(".") for part in name.parts)
    ]
    root = path.resolve()
    files = [(file, name) for file, name in wanted if file.resolve().is_relative_to(root)]
    n_links = len(wanted) - len(files)
    replaced.n_links += n_links
    if not files:
        aside = f" but {n_links} link(s) out of it" if n_links else ""
        raise CorpusError(
            f"The folder {source} holds no file that ends in {' or '.join(suffixes)}{aside}.",
            hint="Name the folder that holds the texts, or one file.",
        )
    return sorted(files, key=lambda found: found[1])


def as_path(source: str) -> Path:
    """The path as the system would take it; it need not exist."""
    try:
        path = Path(source).expanduser()
        path.exists()
    except (OSError, ValueError, RuntimeError) as error:
        raise not_there(source) from error
    return path


def not_there(source: str) -> CorpusError:
    shown = source if len(source) <= 200 else source[:200] + "…"
    return CorpusError(
        f"There is no file or folder {shown}.",
        hint="Check the path; a data set of a hub is written owner/name.",
    )


def read_failure(name: str, error: OSError) -> CorpusError:
    return CorpusError(
        f"{name} cannot be read: {error.strerror or error}.",
        hint="Check that the file is whole and that you may read it.",
    )
