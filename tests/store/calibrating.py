"""A calibration pool for every site of a synthetic sweep, which keeps none itself."""

import hashlib
from pathlib import Path

import numpy as np
from sqlalchemy import Engine, select

from app.store.engine import open_session
from app.store.tables import ArtifactTable, DocumentTable, WindowTable


def keep_calibration(engine: Engine, data: Path) -> list[int]:
    """The numbers of its windows. Activations are those of the fit pool with noise, so that no
    two documents are alike."""
    generator = np.random.default_rng(0)
    with open_session(engine, commit=True) as session:
        windows = session.scalars(
            select(WindowTable.number)
            .join(DocumentTable, DocumentTable.number == WindowTable.document)
            .where(DocumentTable.split == "calibration")
            .order_by(WindowTable.number)
            .distinct()
        ).all()
        for fit in session.scalars(select(ArtifactTable).filter_by(kind="pool", split="fit")):
            values = np.fromfile(data / fit.path, "<f2").reshape(fit.shape)
            picked = np.arange(len(windows)) % fit.shape[1]
            noise = generator.normal(0, 0.3, (*values.shape[:1], len(windows), values.shape[2]))
            content = (values[:, picked] + noise).astype("<f2").tobytes()
            path = Path(fit.path.replace("-fit.f16", "-calibration.f16"))
            (data / path).write_bytes(content)
            session.add(
                ArtifactTable(
                    run_id=fit.run_id,
                    kind="pool",
                    site_id=fit.site_id,
                    split="calibration",
                    path=path.as_posix(),
                    shape=[fit.shape[0], len(windows), fit.shape[2]],
                    dtype="float16",
                    n_bytes=len(content),
                    sha256=hashlib.sha256(content).hexdigest(),
                    window_numbers=list(windows),
                )
            )
    return list(windows)
