"""Rows that tests need and do not care about."""

from datetime import UTC, datetime

from app.store.tables import CorpusTable, ModelTable, RunTable, SiteTable

MOMENT = datetime(2026, 11, 21, tzinfo=UTC)


def corpus(name: str = "starter") -> CorpusTable:
    return CorpusTable(
        name=name, title="T", source="s", source_kind="txt", folder="f", documents_sha256="0",
        n_documents=1, n_characters=1, reading={}, created_at=MOMENT,
    )  # fmt: skip


def model(name: str = "toy") -> ModelTable:
    return ModelTable(
        name=name, title="T", source="s", source_kind="plain", folder=None, architecture="plain",
        facts={"gated": False}, n_layers=1, n_parameters=8_030_261_248, weights_sha256="0",
        tokenizer_sha256="0", created_at=MOMENT,
    )  # fmt: skip


def site(model_id: int, name: str = "mlp.0", n_units: int = 8) -> SiteTable:
    kind, layer = name.split(".")
    return SiteTable(model_id=model_id, name=name, kind=kind, layer=int(layer), n_units=n_units)


def run(model_id: int, kind: str = "sweep") -> RunTable:
    return RunTable(
        kind=kind, method=kind, method_version="1", status="finished", model_id=model_id,
        parameters={}, seed=2**63 - 1, dtype="float32", device="cpu", code_version="0", machine={},
        measured={}, command=f"patchclamp {kind} toy starter", started_at=MOMENT,
    )  # fmt: skip
