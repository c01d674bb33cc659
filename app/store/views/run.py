"""Provenance as shown."""

from datetime import datetime
from typing import Any

from app.store.views.base import View


class ArtifactView(View):
    kind: str
    site: str
    split: str
    shape: list[int]
    dtype: str
    n_bytes: int
    sha256: str


class SweepLine(View):
    """What tells the sweeps of a model apart."""

    id: int
    status: str
    corpus: str | None
    n_windows: int
    window_length: int | None
    dtype: str
    started_at: datetime


class RunView(View):
    id: int
    kind: str
    method: str
    method_version: str
    status: str
    model: str
    weights_sha256: str
    tokenizer_sha256: str
    corpus: str | None
    documents_sha256: str | None
    window_counts: dict[str, int] | None
    of_run_id: int | None
    job_id: str | None
    parameters: dict[str, Any]
    seed: int
    dtype: str
    device: str
    code_version: str
    machine: dict[str, Any]
    """Of the first attempt; under `attempts` machine, code_version and started_at of each later one
    that ran on another machine or by other code."""
    measured: dict[str, Any]
    command: str
    started_at: datetime
    finished_at: datetime | None
    duration_seconds: float | None
