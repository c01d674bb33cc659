"""Subject models as the store knows them: from a row to a loaded network, and to its device."""

from dataclasses import fields

import torch
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.models.dtypes import DtypeChoice, LayerShape, choose_dtype
from analysis.models.loading import load_model
from analysis.models.subject import SourceKind, SubjectModel
from app.errors import BadRequestError, ConflictError, NotFoundError
from app.settings import Settings
from app.store.request_fields import Dtype
from app.store.tables import ModelTable, RunTable, SiteTable

CACHE = "converted"
"""Folder under PATCHCLAMP_DATA where converted models lie."""


def model_row(session: Session, name: str) -> ModelTable:
    row = session.scalar(select(ModelTable).where(ModelTable.name == name))
    if row is None:
        raise NotFoundError(
            f"There is no model named {name!r}.", hint="Add it: patchclamp models add SOURCE."
        )
    return row


def sweep_row(session: Session, run_id: int) -> RunTable:
    """The sweep that a later run reads."""
    row = session.get(RunTable, run_id)
    if row is None or row.kind != "sweep":
        raise NotFoundError(
            f"There is no sweep with the number {run_id}.", hint="Its page is /runs/NUMBER."
        )
    return row


def site_ids(session: Session, model_id: int) -> dict[str, int]:
    """Site name to the id of its row."""
    rows = session.execute(
        select(SiteTable.name, SiteTable.id).where(SiteTable.model_id == model_id)
    )
    return {row.name: row.id for row in rows}


def load_subject(
    row: ModelTable, *, dtype: torch.dtype, device: torch.device, settings: Settings
) -> SubjectModel:
    """The network of a row.

    Raises:
        ConflictError: its weights or tokenizer are not those that were added.
        ModelError: it cannot be loaded any more.
    """
    kind: SourceKind = "hub"
    source = row.source
    if row.folder is not None:
        source = str(settings.data / row.folder)
        kind = "plain" if row.source_kind == "plain" else "folder"
    model = load_model(source, kind=kind, dtype=dtype, device=device, cache=settings.data / CACHE)
    facts = model.facts
    if (facts.weights_sha256, facts.tokenizer_sha256) != (
        row.weights_sha256, row.tokenizer_sha256,
    ):  # fmt: skip
        raise ConflictError(
            f"The files of model {row.name!r} have changed since it was added.",
            hint="Add the changed model under a new name: patchclamp models add SOURCE --name NEW.",
        )
    return model


def chosen_device(wanted: str) -> torch.device:
    """The device asked for; for auto the first of CUDA, MPS and CPU that is there."""
    if wanted != "auto":
        try:
            device = torch.device(wanted)
            torch.empty(0, device=device)
        except (RuntimeError, AssertionError) as error:
            raise BadRequestError(
                f"The device {wanted!r} cannot be used here: {error}",
                hint="Set --device or PATCHCLAMP_DEVICE to auto, cpu, cuda or mps.",
            ) from error
        return device
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def chosen_dtype(row: ModelTable, wanted: Dtype, device: torch.device) -> DtypeChoice:
    """The dtype asked for; for auto whatever is worth it on this machine. Loads nothing."""
    names = (field.name for field in fields(LayerShape))
    return choose_dtype(wanted, device, LayerShape(**{name: row.facts[name] for name in names}))
