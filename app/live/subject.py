"""What the store adds to a request: the model, its units' statistics, reference windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from sqlalchemy.orm import Session

from analysis.protocol.arrays import digest_of
from analysis.protocol.edits import Edit
from analysis.protocol.experiments import Reference
from analysis.protocol.model import ModelSpec
from app.inference.connection import Supply
from app.store.queries.subject import SubjectRow, get_subject, read_moments, read_reference

REFERENCE_WINDOWS: Final = 32
REFERENCE_SEED: Final = 0
"""The same windows for every experiment of one sweep: their means are comparable."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A model as the inference service is told of it."""

    spec: ModelSpec
    n_layers: int
    facts: dict[str, object]
    run_id: int | None
    """The sweep that statistics and reference windows are of."""
    statistics: str | None
    """Digest of mean and standard deviation of every unit; None before a sweep."""
    reference: Reference | None
    moments: np.ndarray | None

    @property
    def known(self) -> dict[str, Any]:
        """The entries of `analysis.protocol.experiments.Known`."""
        return {
            "model": self.spec,
            "reference": self.reference,
            "statistics": self.statistics,
        }

    @property
    def supply(self) -> Supply:
        """Sends the statistics where the service does not have them."""

        async def read(digest: str) -> np.ndarray:
            if self.moments is None or digest != self.statistics:
                raise LookupError(digest)
            return self.moments

        return read


def find_subject(
    session: Session, data: Path, model: str, *, edits: Sequence[Edit] = ()
) -> Subject:
    """In a thread: it reads. Reference windows come only where the edits need any.

    Raises NotFoundError.
    """
    row = get_subject(session, model=model)
    run_id = row.current_run_id
    moments = None if run_id is None else read_moments(session, run_id=run_id, digest_of=digest_of)
    windows: tuple[tuple[int, ...], ...] = ()
    if run_id is not None and _needs_reference(edits, has_means=moments is not None):
        windows = read_reference(
            session, run_id=run_id, most=REFERENCE_WINDOWS, seed=REFERENCE_SEED
        )
    label = f"{len(windows)} random windows of the fit split of run {run_id}"
    return Subject(
        spec=spec_of(row, data),
        n_layers=row.n_layers,
        facts=row.facts,
        run_id=run_id,
        statistics=None if moments is None else moments.digest,
        reference=Reference(windows=windows, label=label) if windows else None,
        moments=None if moments is None else moments.table,
    )


def spec_of(row: SubjectRow, data: Path) -> ModelSpec:
    source = row.source if row.kind in ("hub", "gguf") else str(data / row.source)
    return ModelSpec(
        name=row.name,
        source=source,
        kind=row.kind,
        weights_sha256=row.weights_sha256,
        tokenizer_sha256=row.tokenizer_sha256,
    )


def _needs_reference(edits: Sequence[Edit], *, has_means: bool) -> bool:
    """Neurons' plain means are known; everything else that is averaged or drawn is not."""
    return any(
        (edit.operation == "mean" and (edit.kind == "attn" or edit.per_position or not has_means))
        or (edit.operation == "resample" and edit.source is None)
        for edit in edits
    )
