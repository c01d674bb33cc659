"""What an explanation of one unit is tried on: its pools with their tokens, as plain arrays."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.store.locating import Place, check_index, locate_site
from app.store.packing import TOP, unpack
from app.store.queries.model import vocabulary_of
from app.store.queries.pool import read_unit
from app.store.queries.token_space import get_token_space
from app.store.scored import CHOSEN_ON_FIT
from app.store.tables import (
    ArtifactTable,
    DocumentTable,
    ExemplarTable,
    ExplanationTable,
    RunTable,
    WindowTable,
)

WINDOWS = (
    select(WindowTable.number, WindowTable.document, WindowTable.tokens, DocumentTable.group)
    .join(DocumentTable, DocumentTable.number == WindowTable.document)
    .where(
        WindowTable.window_set_id == bindparam("window_set_id"),
        WindowTable.number.in_(bindparam("numbers", expanding=True)),
        DocumentTable.corpus_id == bindparam("corpus_id"),
    )
)
OTHERS = (
    select(ExplanationTable.unit_index, ExplanationTable.program)
    .where(
        ExplanationTable.site_id == bindparam("site_id"),
        ExplanationTable.unit_index.in_(bindparam("units", expanding=True)),
        ExplanationTable.sweep_id == bindparam("sweep_id"),
        ExplanationTable.method == "rules",
        ExplanationTable.status == "current",
        ExplanationTable.program.is_not(None),
    )
    .order_by(ExplanationTable.id.desc())
)


STATUS = select(RunTable.status).where(RunTable.id == bindparam("run_id"))


@dataclass(frozen=True)
class Text:
    """Windows: tokens [window, pos], 0 past the end of each."""

    numbers: NDArray[np.int64]
    tokens: NDArray[np.int64]
    lengths: NDArray[np.int64]
    documents: NDArray[np.int64]
    """What is drawn as one: the number of the document, or of the first of its group."""

    def part(self, chosen: slice) -> "Text":
        return Text(
            self.numbers[chosen], self.tokens[chosen], self.lengths[chosen], self.documents[chosen]
        )


@dataclass(frozen=True)
class TriedSplit:
    """One split: its pool, and the windows of it that make the unit fire most."""

    text: Text
    actual: NDArray[np.float16]
    """[window, pos]"""
    top: Text | None
    top_actual: NDArray[np.float16] | None

    def part(self, chosen: slice) -> "TriedSplit":
        """Some windows of the pool."""
        return replace(self, text=self.text.part(chosen), actual=self.actual[chosen])


@dataclass(frozen=True)
class Trial:
    """All that scoring needs to know of one unit."""

    place: Place
    vocabulary: list[str]
    space: NDArray[np.int8] | None
    counted_from: int
    splits: dict[str, TriedSplit]
    """There is always one of calibration where it was asked for: `standing_in` windows of fit,
    where the sweep kept too few of its own."""
    standing_in: int
    others: list[str]
    """Programs of other units of the site, in a random order: the shuffled baseline takes the
    first that can be run."""

    @property
    def details(self) -> dict[str, Any]:
        """What is kept with scores of this trial, so that whoever reads them knows."""
        return {CHOSEN_ON_FIT: self.standing_in} if self.standing_in else {}


def read_trial(
    session: Session,
    *,
    model: str,
    site: str,
    index: int,
    data: Path,
    run_id: int | None = None,
    only: Container[str] | None = None,
) -> Trial:
    """`only`: of no other split is any text or activation read; None: of all.

    Raises NotFoundError where the model's sweep kept no pool of the site or it was pruned, or pools
    of fewer windows than explaining takes.
    """
    # the store opens without the analysis
    from analysis.score.division import CALIBRATION, FEWEST_WINDOWS, FIT, divide

    place = locate_site(session, model=model, site=site, run_id=run_id)
    check_index(place, index)
    artifacts = {
        row.split: row
        for row in session.scalars(
            select(ArtifactTable).filter_by(run_id=place.run_id, kind="pool", site_id=place.site_id)
        )
    }
    n_windows = {split: len(row.window_numbers) for split, row in artifacts.items()}
    for split in (FIT, "test"):
        if (n := n_windows.get(split, 0)) < FEWEST_WINDOWS:
            if not n and session.scalar(STATUS, {"run_id": place.run_id}) == "running":
                raise NotFoundError(
                    f"The sweep (run {place.run_id}) still runs, and its pools come at its end.",
                    hint="Come back then; words alone can be saved now.",
                )
            kept = f"only {n} windows of {split}" if n else "no pools"
            raise NotFoundError(
                f"Run {place.run_id} kept {kept} of {place.site} to try a program on.",
                hint=f"Sweep again with a `pool` of {FEWEST_WINDOWS} or more for fit and test, or "
                "explain in words only.",
            )
    splits = {
        split: _split(session, place, index, artifacts[split], data)
        for split in place.splits
        if split in artifacts and (only is None or split in only)
    }
    division = divide(n_windows)
    source, calibrated_on = division.calibration
    space = get_token_space(
        session, model_id=place.model_id, tokenizer_sha256=place.tokenizer_sha256
    )
    return Trial(
        place=place,
        vocabulary=vocabulary_of(
            session, model_id=place.model_id, tokenizer_sha256=place.tokenizer_sha256
        ),
        space=None if space is None else space.vectors,
        counted_from=place.parameters.get("counted_from", 1),
        splits={
            **splits,
            FIT: splits[FIT].part(division.fit),
            **({CALIBRATION: splits[source].part(calibrated_on)} if source in splits else {}),
        },
        standing_in=division.standing_in,
        others=_others(session, place, index),
    )


def _split(
    session: Session, place: Place, index: int, artifact: ArtifactTable, data: Path
) -> TriedSplit:
    actual = read_unit(session, place, artifact, data, index, slice(None))
    text = _text(session, place, artifact.window_numbers, actual.shape[1])
    row = session.execute(
        select(ExemplarTable.groups, ExemplarTable.windows, ExemplarTable.activations).filter_by(
            run_id=place.run_id,
            site_id=place.site_id,
            unit_index=index,
            split=artifact.split,
        )
    ).one_or_none()
    if row is None:
        return TriedSplit(text, actual, None, None)
    chosen = unpack(row.groups, np.uint8) == TOP
    if not chosen.any():
        return TriedSplit(text, actual, None, None)
    activations = unpack(row.activations, np.float16, len(chosen), -1)[chosen]
    windows = unpack(row.windows, np.uint32)[chosen].tolist()
    top = _text(session, place, windows, activations.shape[1])
    return TriedSplit(text, actual, top, activations)


def _text(session: Session, place: Place, numbers: Sequence[int], length: int) -> Text:
    keys = {
        "window_set_id": place.window_set_id,
        "corpus_id": place.corpus_id,
        "numbers": sorted({*numbers}),
    }
    rows: dict[int, Any] = {row.number: row for row in session.execute(WINDOWS, keys)}
    first_of: dict[str, int] = {}
    for row in sorted(rows.values(), key=lambda row: row.document):
        if row.group:
            first_of.setdefault(row.group, row.document)
    tokens = np.zeros((len(numbers), length), np.int64)
    lengths, documents = [], []
    for at, number in enumerate(numbers):
        row = rows[number]
        ids = unpack(row.tokens, np.uint32)
        tokens[at, : len(ids)] = ids
        lengths.append(len(ids))
        documents.append(first_of.get(row.group, row.document))
    return Text(
        np.array(numbers, np.int64),
        tokens,
        np.array(lengths, np.int64),
        np.array(documents, np.int64),
    )


def _others(session: Session, place: Place, index: int) -> list[str]:
    drawn = np.random.default_rng((place.site_id, index)).permutation(place.n_units)[:64].tolist()
    units = [unit for unit in drawn if unit != index]
    keys = {"site_id": place.site_id, "units": units, "sweep_id": place.run_id}
    found: dict[int, str] = {}
    for unit, program in session.execute(OTHERS, keys):
        found.setdefault(unit, program or "")
    return [found[unit] for unit in units if unit in found]
