"""Writes the explanations of a model into a folder, piece by piece; goes on where it was cut."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Engine

from app.errors import BadRequestError, ConflictError
from app.exchange import manifest as manifests
from app.exchange.exported import Exported
from app.exchange.formats import format_named
from app.exchange.manifest import AGAIN, Done, Header, Manifest
from app.exchange.output import OutputFolder
from app.exchange.plan import Piece, pieces
from app.store.engine import open_session
from app.store.queries.exporting import Chosen, find_chosen


@dataclass(frozen=True)
class ExportReport:
    n_explanations: int
    n_files: int
    n_kept: int
    """Files that an earlier run had written and that are still whole."""


def export(
    engine: Engine,
    *,
    model: str,
    form: str,
    to: Path,
    site: str | None = None,
    method: str | None = None,
    overwrite: bool = False,
    tell: Callable[[int, int], None] | None = None,
) -> ExportReport:
    """`tell` is given the pieces done and all pieces.

    ConflictError: the folder holds another export. UnavailableError: the disk is full; what is
    complete stays, and the same call goes on with it.
    """
    kind = format_named(form)
    with open_session(engine) as session:
        chosen = find_chosen(session, model=model, site=site, method=method)
    folder = OutputFolder(to)
    header = Header(
        form, kind.version, chosen.model, chosen.weights_sha256, site, method, chosen.as_of,
        chosen.sweep_id,
    )  # fmt: skip
    manifest = _manifest(folder, header, overwrite=overwrite)
    # an export that goes on is of the state in which it began
    store = Exported(engine, _as_of(chosen, manifest.header.as_of))
    planned = list(pieces(store.chosen, units=kind.units, within_sites=kind.within_sites))
    n_kept = 0
    for number, piece in enumerate(planned):
        if tell is not None:
            tell(number, len(planned))
        key = _key(piece)
        done = manifest.complete.get(key)
        if done is not None and all(folder.holds(file) for file in done.files):
            n_kept += len(done.files)
            continue
        manifests.add(folder, manifest, key, Done(*kind.write(store, piece, folder)))
    if not manifest.finished:
        manifests.finish(folder, manifest)
    written = manifest.complete.values()
    return ExportReport(
        n_explanations=sum(done.n_explanations for done in written),
        n_files=sum(len(done.files) for done in written),
        n_kept=n_kept,
    )


def _manifest(folder: OutputFolder, header: Header, *, overwrite: bool) -> Manifest:
    if folder.path.exists() and not folder.path.is_dir():
        raise BadRequestError(f"{folder.path} is a file.", hint="Give a folder to write into.")
    found = None if overwrite else manifests.find(folder)
    if found is None:
        return manifests.begin(folder, header)
    if replace(found.header, as_of=header.as_of) != header:
        raise ConflictError(
            f"{folder.path} holds an export of something else: {_told(found.header)}.", hint=AGAIN
        )
    if found.finished and found.header.as_of != header.as_of:
        raise ConflictError(
            f"{folder.path} holds a complete export; explanations were made since then.", hint=AGAIN
        )
    return found


def _told(header: Header) -> str:
    parts = [
        header.format,
        header.model,
        header.site or "all sites",
        header.method or "all methods",
    ]
    return ", ".join(parts)


def _as_of(chosen: Chosen, as_of: int) -> Chosen:
    return replace(chosen, as_of=as_of)


def _key(piece: Piece) -> str:
    first, last = piece.spans[0], piece.spans[-1]
    return f"{first.site}:{first.first}-{last.site}:{last.end}"
